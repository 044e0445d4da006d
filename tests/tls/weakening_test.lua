-- No weakening by accident: whatever the environment, a spelling, a server, a
-- connection that is there already or an error does, a request is verified as
-- it asked to be.
local t = require "tests.harness"
local servers = require "tests.tls.servers"
local rows = require "tests.tls.rows"
local https = require "https"

warn "@off"

local pem, dir = rows.pem, t.tmpdir()
local root = pem "root"

local nginx = servers.nginx{
  ["good.test"] = "good", ["self.test"] = "self", ["expired.test"] = "expired",
  ["rsa1024.test"] = "rsa1024", ["wrong.test"] = "wrong",
  ["revoked.test"] = "revoked",
  ["two-a.test"] = { cert = "two", returns = "302 https://self.test:" ..
    "$server_port/" },
  ["two-b.test"] = { cert = "two", returns = "307 https://expired.test:" ..
    "$server_port/" },
  ["a.wild.test"] = { cert = "wild", returns = "302 https://wrong.test:" ..
    "$server_port/" },
  ["b.wild.test"] = { cert = "wild", returns = "302 https://revoked.test:" ..
    "$server_port/" },
}
nginx.hosts = { "good.test", "self.test", "expired.test", "rsa1024.test",
  "wrong.test", "revoked.test", "two-a.test", "two-b.test", "a.wild.test",
  "b.wild.test" }

local UNTRUSTED = { "verify/self-signed", "verify/unknown-issuer" }

---------------------------------------------------------------------------
-- The environment, and files that it names.

t.write(dir .. "/openssl.cnf", [[
openssl_conf = default
[default]
ssl_conf = ssl
[ssl]
system_default = weak
[weak]
CipherString = ALL:@SECLEVEL=0
MinProtocol = TLSv1
VerifyMode = None
]])

local environment = {
  { "OPENSSL_CONF", dir .. "/openssl.cnf" },
  { "CURL_INSECURE", "1" }, { "SSL_VERIFY", "0" }, { "SSL_NO_VERIFY", "1" },
  { "PYTHONHTTPSVERIFY", "0" }, { "NODE_TLS_REJECT_UNAUTHORIZED", "0" },
  { "GIT_SSL_NO_VERIFY", "true" }, { "LURL_INSECURE", "1" },
  { "SSL_CERT_FILE", pem "self-ca" }, { "SSL_CERT_DIR", dir },
  { "REQUESTS_CA_BUNDLE", pem "others" }, { "CURL_CA_BUNDLE", "" },
}

local script = [[
local host, port, ca = ...
local at = host .. ":" .. port
local ok, err = pcall(https.get, "https://" .. at .. "/", { ca = ca,
  timeout = 20, resolve = { [at] = "127.0.0.1:" .. port } })
print(ok and "ok" or err.kind .. "/" .. err.code, err.chain and 2 or 1)
]]
t.write(dir .. "/script.lua", script)

for _, row in ipairs(environment) do
  for host, want in pairs{ ["rsa1024.test"] = "verify/weak",
      ["self.test"] = "verify/", ["expired.test"] = "verify/expired" } do
    t.test(row[1] .. ", " .. host, function ()
      local r = t.run{ cmd = { t.lurl, dir .. "/script.lua", host, nginx.port,
        root }, env = { [row[1]] = row[2] } }
      t.eq(r.stderr, "", "stderr")
      t.match(r.stdout, "^" .. want, "stdout")
      nginx:untouched(tonumber(r.stdout:match "\t(%d)"))
    end)
  end
end

t.test("keys of a connection are written nowhere", function ()
  local log = dir .. "/keys.log"
  local r = t.run{ cmd = { t.lurl, dir .. "/script.lua", "good.test",
    nginx.port, root }, env = { SSLKEYLOGFILE = log } }
  t.match(r.stdout, "^ok\t", "stdout")
  t.eq(io.open(log), nil, "log")
  nginx.process:expect "^request from"
end)

---------------------------------------------------------------------------
-- Spellings that look like "off", each refused before anything is sent.

local spellings = {
  { "verify a word", { verify = "false" } },
  { "verify no", { verify = "no" } },
  { "verify 0", { verify = 0 } },
  { "verify empty", { verify = "" } },
  { "verify none", { verify = "none" } },
  { "verify a function", { verify = function () return true end } },
  { "verify with a typing mistake", { verfy = false } },
  { "insecure", { insecure = true } },
  { "name a word", { verify = { name = "no" } } },
  { "chain 0", { verify = { chain = 0 } } },
  { "ca false", { ca = false } },
  { "ca none", { ca = "none" } },
  { "ca empty", { ca = "" } },
  { "pin a word", { pin = "none" } },
  { "pin an empty list", { pin = {} } },
  { "pin true", { pin = true } },
  { "crl a word", { crl = "none" } },
  { "crl an empty list", { crl = {} } },
  { "ocsp a word", { ocsp = "none" } },
  { "ocsp true", { ocsp = true } },
  { "tls a word", { tls = "1.0" } },
  { "tls of an old version", { tls = { min = "1.0" } } },
  { "tls of a low level", { tls = { ciphers = "DEFAULT@SECLEVEL=0" } } },
  { "servername with a wildcard", { servername = "*" } },
  { "servername empty", { servername = "" } },
}

for _, row in ipairs(spellings) do
  t.test("no way to say off: " .. row[1], function ()
    local err = t.raises(function ()
      https.get("https://no-such-host.invalid/", row[2])
    end, { "usage", "resolve" })
    t.eq(err.sent, false, "sent")
    -- A servername may have a star: it is looked up, and matches nothing.
    t.ok(err.kind == "usage" or row[2].servername, tostring(err))
  end)
end

-- What a step of the script's own writes to the options of a request is read as
-- closely as what a call says: it would else ask for nothing.
local by_steps = {
  { "tls a word", "tls", "1.3" },
  { "tls true", "tls", true },
  { "tls of a number", "tls", { min = 1.3 } },
  { "tls of no version", "tls", { min = "1.4" } },
  { "tls of an old version", "tls", { max = "1.0" } },
  { "tls with a typing mistake", "tls", { mim = "1.3" } },
  { "tls of a low level", "tls", { ciphers = "DEFAULT@SECLEVEL=0" } },
  { "pins", "pins", "sha256:" .. ("0"):rep(64) },
  { "pin an empty list", "pin", {} },
  { "crls", "crls", "none" },
  { "oscp", "oscp", "require" },
  { "ocsp true", "ocsp", true },
  { "verify 0", "verify", 0 },
  { "verify a word", "verify", "no" },
  { "servername a number", "servername", 5 },
  { "servername empty", "servername", "" },
  { "resolve a word", "resolve", "127.0.0.1" },
}

for _, row in ipairs(by_steps) do
  for _, before in ipairs{ false, "decoding" } do
    t.test("written by a step: " .. row[1] .. ", before " .. tostring(before),
      function ()
        local s <close> = https.session{ timeout = 20 }
        s:use(function (request, next)
          request.options[row[2]] = row[3]
          return next(request)
        end, before and { before = before } or nil)
        local err = t.raises(function ()
          s:get("https://no-such-host.invalid/")
        end, "usage")
        t.eq(err.sent, false, "sent")
      end)
  end
end

-- Some would find what a table inherits, others would not.
local inherited = {
  { "a call's pin", { pin = "sha256:" .. ("0"):rep(64) } },
  { "a call's verify", { verify = false } },
  { "a call's __pairs", {}, { __pairs = function () return next, {} end } },
  { "a hidden metatable", {}, { __metatable = "hidden" } },
}

for _, row in ipairs(inherited) do
  t.test("inherited: " .. row[1], function ()
    local s <close> = https.session{ timeout = 20 }
    local function child ()
      return setmetatable({}, row[3] or { __index = row[2] })
    end
    local nowhere = "https://no-such-host.invalid/"
    for label, call in pairs{
      module = function () https.get(nowhere, child()) end,
      session = function () s:get(nowhere, child()) end,
      default = function () https.session(child()):get(nowhere) end,
      tls = function () https.get(nowhere, { tls = child() }) end,
      inspect = function () https.inspect(nowhere, child()) end,
    } do
      -- One that is empty by itself is not the empty one of the last call.
      pcall(s.get, s, nowhere, {})
      t.eq(t.raises(call, "usage", "type", label).sent, false, label)
    end
  end)
end

-- A metatable that adds nothing does not matter, as that of a list of JSON's.
t.test("a metatable without a word", function ()
  rows.run({ host = "good.test", want = "ok",
    options = setmetatable({}, { __name = "mine" }) }, nginx, "good")
end)

-- Who turns the chain off is told, once for each host.
local warnings = {
  { "false", "verify = false", "verify=false" },
  { "no chain", "verify = { chain = false }", "verify={chain=false}" },
  { "neither", "verify = { chain = false, name = false, time = false }",
    "verify=false" },
  { "no name", "verify = { name = false }, ca = 'build/pki/root.pem'" },
  { "a pin", "verify = false, pin = 'sha256:" .. ("0"):rep(64) .. "'" },
}

t.write(dir .. "/warn.lua", [[
local at = arg[1]
for _ = 1, 2 do
  pcall(https.get, "https://" .. at .. "/", { timeout = 20, OPTIONS,
    resolve = { [at] = "127.0.0.1:" .. at:match("%d+$") } })
end
]])

for i, row in ipairs(warnings) do
  t.test("a warning: " .. row[1], function ()
    local path = dir .. "/warn" .. i .. ".lua"
    t.write(path, (t.read(dir .. "/warn.lua"):gsub("OPTIONS", row[2])))
    local r = t.run{ cmd = { t.lurl, "-W", path, "good.test:" .. nginx.port } }
    t.eq(r.stderr, row[3] and "Lua warning: lurl: verification of good.test "
      .. "is off (" .. row[3] .. "): anyone on the way can read and change "
      .. "what is sent\n" or "", "stderr")
    for _ = 1, row[1] == "a pin" and 0 or 2 do
      nginx.process:expect "^request from"
    end
    if row[1] == "a pin" then nginx:untouched(2) end
  end)
end

---------------------------------------------------------------------------
-- Redirects: each hop is verified as the first.

local hops = {
  { "self-signed", "two-a.test", {}, UNTRUSTED },
  { "expired", "two-b.test", {}, "verify/expired" },
  { "another name", "a.wild.test", {}, "verify/name-mismatch" },
  { "revoked", "b.wild.test", { crl = { pem("root", ".crl"),
    pem("inter", ".crl") } }, "verify/revoked" },
  { "no OCSP answer at the first", "b.wild.test", { ocsp = "require" },
    "verify/ocsp", first = true },
  -- The name of one is not the name of the next.
  { "servername", "a.wild.test", { servername = "b.wild.test" },
    "verify/name-mismatch" },
}

for _, row in ipairs(hops) do
  t.test("behind a redirect: " .. row[1], function ()
    local options = {}
    for name, value in pairs(row[3]) do options[name] = value end
    local ok, err = pcall(rows.get, { host = row[2], options = options }, nginx)
    t.ok(not ok, "refused")
    local want = type(row[4]) == "table" and row[4] or { row[4] }
    local got, found = err.kind .. "/" .. err.code, false
    for _, one in ipairs(want) do found = found or one == got end
    t.ok(found, got)
    if not row.first then nginx.process:expect "^request from" end
    nginx:untouched(rows.looks(err))
  end)
end

---------------------------------------------------------------------------
-- Connections and trusts that are there already.

t.test("off for one request, and for no other", function ()
  local s <close> = https.session{ ca = root }
  for _ = 1, 3 do
    rows.run({ host = "self.test", session = s, options = { verify = false },
      want = "ok" }, nginx, "self")
    rows.run({ host = "self.test", session = s, want = UNTRUSTED }, nginx)
    rows.run({ host = "self.test", session = s, want = UNTRUSTED,
      options = { verify = { name = false } } }, nginx)
  end
end)

t.test("one check off, and no other", function ()
  local s <close> = https.session{ ca = root }
  for _ = 1, 2 do
    rows.run({ host = "wrong.test", session = s,
      options = { verify = { name = false } }, want = "ok" }, nginx, "wrong")
    rows.run({ host = "wrong.test", session = s,
      want = "verify/name-mismatch" }, nginx)
    rows.run({ host = "wrong.test", session = s,
      options = { verify = { time = false } },
      want = "verify/name-mismatch" }, nginx)
  end
end)

t.test("a table that is written to after a call", function ()
  local verify = { name = false }
  local options = { verify = verify }
  rows.run({ host = "wrong.test", options = options, want = "ok" }, nginx,
    "wrong")
  verify.name = true
  rows.run({ host = "wrong.test", options = options,
    want = "verify/name-mismatch" }, nginx)
end)

t.test("a refusal is not forgotten", function ()
  for _ = 1, 3 do
    rows.run({ host = "expired.test", want = "verify/expired" }, nginx)
  end
end)

t.test("a refusal is never tried again", function ()
  rows.run({ host = "expired.test", want = "verify/expired",
    options = { retries = { max = 5, backoff = 0 } } }, nginx)
  rows.run({ host = "good.test", want = "ok" }, nginx, "good")
end)

t.test("a step that catches an error changes nothing for its next try",
  function ()
    local s <close> = https.session{ ca = root }
    local tries, looks = 0, 0
    s:use(function (request, next)
      for _ = 1, 2 do
        tries = tries + 1
        local ok, r = pcall(next, request)
        if ok then return r end
        looks = looks + rows.looks(r)
      end
      return next(request)
    end)
    rows.run({ host = "expired.test", session = s, want = "verify/expired" },
      nginx)
    t.eq(tries, 2, "tries")
    nginx:untouched(looks)
  end)

-- Without option resolve, so that nothing stands against using a route again.
-- certificate, what a step writes to the options for its first try, and then
local rewritten = {
  { "self", { verify = false }, { verify = true } },
  { "self", { verify = false }, {} },
  { "self", { verify = { chain = false, name = false } }, { verify = {} } },
  { "wrong", { verify = { name = false } }, {} },
  { "ip", {}, { ca = pem "self-ca" } },
  { "ip", {}, { servername = "other.test" } },
  { "ip", {}, { pin = "sha256:" .. ("0"):rep(64) } },
  { "ip", {}, { crl = pem("root", ".crl") } },
  { "ip", {}, { ocsp = "require" } },
}

for i, row in ipairs(rewritten) do
  t.test("a step that asks for more at its second try, " .. i, function ()
    local server <close> = servers.httpsd{ cert = row[1] }
    local s <close> = https.session{}
    s:use(function (request, next)
      local options = request.options
      for try = 2, 3 do
        for name in pairs(row[5 - try]) do options[name] = nil end
        if row[try].verify ~= false then options.ca = root end
        for name, value in pairs(row[try]) do options[name] = value end
        if type(options.verify) == "table" and options.verify.chain == false
        then
          options.ca = nil
        end
        if try == 3 then return next(request) end
        t.eq(next(request).body, "hello from lurl's test server\n", "body")
      end
    end)
    t.raises(function ()
      s:get("https://127.0.0.1:" .. server.port .. "/", { timeout = 20 })
    end, "verify")
    server:untouched()
  end)
end

t.test("a session's list of authorities that is written to", function ()
  local list = { root }
  local s <close> = https.session{ ca = list, timeout = 20 }
  local server <close> = servers.httpsd{ cert = "ip" }
  local url = "https://127.0.0.1:" .. server.port .. "/"
  for _ = 1, 2 do t.eq(s:get(url).status, 200, "status") end
  list[1] = pem "self-ca"
  t.raises(function () s:get(url) end, "verify", "unknown-issuer")
  server:untouched()
end)

local none = "sha256:" .. ("0"):rep(64)

-- Two calls of a session, one after the other, without option resolve, so that
-- nothing stands against using what there is of the first.
local function has_version (version)
  return function (r) t.eq(r.tls.version, version, "version") end
end
local in_turn = {
  { "verify", "ip", {}, { verify = false }, {}, "verify" },
  { "verify, chain", "ip", {}, { verify = { chain = false } }, {}, "verify" },
  { "verify of a session", "ip", { verify = false }, {}, { verify = true },
    "verify" },
  { "name", "good", { ca = root }, { verify = { name = false } }, {},
    "verify" },
  { "servername", "good", { ca = root }, { servername = "good.test" }, {},
    "verify" },
  { "ca", "ip", {}, { ca = root }, {}, "verify" },
  { "another ca", "ip", {}, { ca = root }, { ca = pem "self-ca" }, "verify" },
  { "pin", "ip", { ca = root }, {}, { pin = none }, "verify" },
  { "no tls", "ip", { ca = root }, { tls = { max = "1.2" } }, {},
    has_version "TLSv1.3" },
  { "tls", "ip", { ca = root }, {}, { tls = { max = "1.2" } },
    has_version "TLSv1.2" },
}

for _, row in ipairs(in_turn) do
  t.test("in turn: " .. row[1], function ()
    local server <close> = servers.httpsd{ cert = row[2] }
    local defaults = { timeout = 20 }
    for name, value in pairs(row[3]) do defaults[name] = value end
    local s <close> = https.session(defaults)
    local url = "https://127.0.0.1:" .. server.port .. "/"
    for _ = 1, 2 do t.eq(s:get(url, row[4]).status, 200, "status") end
    local ok, r = pcall(s.get, s, url, row[5])
    if row[6] ~= "verify" then
      t.ok(ok, tostring(r))
      return row[6](r)
    end
    t.ok(not ok and r.kind == "verify", tostring(r))
    t.eq(r.sent, false, "sent")
  end)
end

-- What a session or a call has as a table may be written to later, and then
-- holds from the next request on, whatever connections there are.
local in_place = {
  { "verify", { name = false }, function (v) v.name = nil end, cert = "wrong",
    want = "verify/name-mismatch" },
  { "pin", { none, "GOOD" }, function (v) v[2] = nil end,
    want = "verify/pin-mismatch" },
  { "pin", { "GOOD" }, function (v) v[1] = "none" end, want = "usage/value" },
  { "pin", { "GOOD" }, function (v) v[1] = nil end, want = "usage/value" },
  { "crl", { pem("root", ".crl"), pem("inter", ".crl") },
    function (v) v[2] = nil end, want = "verify/crl-missing" },
  { "tls", { max = "1.3" }, function (v) v.max = "1.4" end,
    want = "usage/value" },
  { "tls", { max = "1.3" }, function (v) v.max = "1.2" end, want = "ok",
    version = "TLSv1.2" },
  { "tls", { max = "1.2" }, function (v) v.max, v.min = nil, "1.3" end,
    want = "ok", version = "TLSv1.3" },
}

for i, row in ipairs(in_place) do
  for _, whose in ipairs{ "session", "call" } do
    t.test(("a %s's %s that is written to, %d"):format(whose, row[1], i),
      function ()
        local cert = row.cert or "good"
        local value = {}
        for k, v in pairs(row[2]) do
          value[k] = v == "GOOD" and https.inspect("127.0.0.1:" .. nginx.port,
            { verify = false, servername = cert .. ".test" }).chain[1].pin or v
        end
        local at = cert .. ".test:" .. nginx.port
        local defaults = { ca = root, timeout = 20,
                           resolve = { [at] = "127.0.0.1:" .. nginx.port } }
        local own = {}
        local to = whose == "session" and defaults or own
        to[row[1]] = value
        local s <close> = https.session(defaults)
        local url = "https://" .. at .. "/"
        for _ = 1, 2 do
          t.eq(s:get(url, own).status, 200, "status")
          nginx.process:expect "^request from"
        end
        row[3](value)
        local ok, r = pcall(s.get, s, url, own)
        t.eq(ok and "ok" or r.kind .. "/" .. r.code, row.want, "afterwards")
        if ok then
          nginx.process:expect "^request from"
          t.eq(r.tls.version, row.version, "version")
        else
          t.eq(r.sent, false, "sent")
          if r.kind == "verify" then nginx:untouched(rows.looks(r)) end
        end
      end)
  end
end

-- What looks without verifying leaves nothing for who verifies, nor is it left
-- anything.
t.test("a look is no connection for a request", function ()
  local at = "self.test:" .. nginx.port
  local with = { resolve = { [at] = "127.0.0.1:" .. nginx.port }, timeout = 20 }
  for _ = 1, 2 do
    local report = https.inspect(at, { resolve = with.resolve, verify = false })
    t.eq(report.verified, false, "verified")
    nginx:untouched()
    rows.run({ host = "self.test", want = UNTRUSTED }, nginx)
    local err = t.raises(function ()
      https.get("https://" .. at .. "/", { ca = root, timeout = 20,
        resolve = with.resolve })
    end, "verify")
    nginx:untouched(rows.looks(err))
    t.eq(https.inspect(err, { verify = false }).verified, false, "of an error")
    nginx:untouched()
    rows.run({ host = "self.test", want = UNTRUSTED }, nginx)
  end
end)

-- Requests that overlap, on one connection for each host, for which they have
-- to wait: each is verified as it asked itself.
local kinds = {
  { "self", { verify = false }, "ok" },
  { "self", {}, "verify" },
  { "self", { verify = { name = false } }, "verify" },
  { "self", { verify = { chain = false }, pin = none }, "verify" },
  { "wrong", { verify = { name = false } }, "ok" },
  { "wrong", {}, "verify" },
  { "good", {}, "ok" },
  { "good", { ca = pem "self-ca" }, "verify" },
  { "good", { pin = none }, "verify" },
  { "good", { crl = pem("root", ".crl") }, "verify" },
  { "good", { ocsp = "require" }, "verify" },
  { "good", { verify = false, pin = none }, "verify" },
}

for _, row in ipairs{ { 1 }, { 3 }, { 1, http2 = true },
    { 64, http2 = true } } do
  t.test(("side by side, connections for each host: %d%s"):format(row[1],
    row.http2 and ", HTTP/2" or ""), function ()
    local server, resolve = nginx, {}
    if row.http2 then
      server = servers.nginx({ ["good.test"] = "good", ["self.test"] = "self",
        ["wrong.test"] = "wrong" }, true)
    end
    for _, host in ipairs{ "good", "self", "wrong" } do
      resolve[host .. ".test:" .. server.port] = "127.0.0.1:" .. server.port
    end
    local s <close> = https.session{ ca = root, timeout = 60,
      resolve = resolve, pool = { per_host = row[1] } }
    local list = {}
    for i = 1, 5 * #kinds do list[i] = kinds[i * 5 % #kinds + 1] end
    local answered = 0
    https.map(list, function (kind)
      local ok, r = pcall(s.get, s, ("https://%s.test:%s/"):format(kind[1],
        server.port), kind[2])
      t.eq(ok and "ok" or r.kind, kind[3], kind[1] .. ": " .. tostring(r))
      t.eq(not ok and r.sent, false, "sent")
      answered = answered + (ok and 1 or 0)
    end, { concurrency = 12 })
    for _ = 1, answered do server.process:expect "^request from" end
    t.eq(answered, 15, "answered")
    if row.http2 then
      for _, line in ipairs(server:stop()) do
        if line:find "^request from" then error(line) end
      end
    end
  end)
end

t.test("two sessions share nothing", function ()
  local off <close> = https.session{ verify = false }
  local on <close> = https.session{ ca = root }
  for _ = 1, 2 do
    rows.run({ host = "self.test", session = off, want = "ok",
      options = { verify = false } }, nginx, "self")
    rows.run({ host = "self.test", session = on, want = UNTRUSTED }, nginx)
  end
end)

-- A resumed session would skip the chain, lists and OCSP.
t.test("sessions of TLS are not resumed", function ()
  for _, version in ipairs{ "1.2", "1.3" } do
    for _ = 1, 3 do
      local s <close> = https.session{ ca = root }
      rows.run({ host = "good.test", session = s, want = "ok",
        options = { tls = { max = version } },
        tls = { resumed = false, verified = true } }, nginx, "good")
    end
  end
end)

-- By way of others everything is checked as it is directly.
local others_way <close> = require "tests.lua.proxies".microsocks()

for _, row in ipairs{
  { "good.test", {}, "ok" },
  { "good.test", { pin = "sha256:" .. ("0"):rep(64) }, "verify/pin-mismatch" },
  { "good.test", { pin = "sha256:" .. ("0"):rep(64), verify = false },
    "verify/pin-mismatch" },
  { "good.test", { ocsp = "require" }, "verify/ocsp" },
  { "good.test", { crl = pem("root", ".crl") }, "verify/crl-missing" },
  { "revoked.test", { crl = { pem("root", ".crl"), pem("inter", ".crl") } },
    "verify/revoked" },
  { "good.test", { tls = { max = "1.2" } }, "ok", tls = {
    version = "TLSv1.2" } },
} do
  t.test("through a proxy: " .. row[1] .. ", " .. (next(row[2]) or "nothing"),
    function ()
      -- A connection that was made directly is not for this one.
      rows.run({ host = row[1], want = "ok" }, nginx, row[1]:match "%w+")
      row[2].proxy = others_way:url()
      rows.run({ host = row[1], options = row[2], want = row[3],
        tls = row.tls }, nginx, row[1]:match "%w+")
    end)
end

-- Where the name leads does not matter, nor how it is spelt.
t.test("resolve does not change who is wanted", function ()
  local at = "other.test:" .. nginx.port
  local err = t.raises(function ()
    https.get("https://" .. at .. "/", { ca = root, timeout = 20,
      resolve = { [at] = "127.0.0.1:" .. nginx.port } })
  end, "verify")
  nginx:untouched(rows.looks(err))
end)

t.test("nginx saw no other request", function ()
  for _, line in ipairs(nginx:stop()) do
    if line:find "^request from" then error(line) end
  end
end)

t.finish()
