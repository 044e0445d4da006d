-- The client's own certificate: what servers say of it, whom it is shown to,
-- and what is wrong with it before anything is looked up.
local t = require "tests.harness"
local servers = require "tests.tls.servers"
local rows = require "tests.tls.rows"
local https = require "https"

warn "@off"

local pem, dir = rows.pem, t.tmpdir()
local root = pem "root"

-- PASSWORD opens the encrypted forms of the client's key.
local PASSWORD = "correct horse battery"

local function openssl (...)
  local words = { "openssl", ... }
  for i, word in ipairs(words) do words[i] = t.quote(word) end
  assert(os.execute(table.concat(words, " ") .. " 2>/dev/null"))
end

local function path (name) return dir .. "/" .. name end

local function put (name, ...)
  t.write(path(name), table.concat({ ... }))
  return path(name)
end

local chain, key = pem "client-chain", pem("client", ".key")
local both = put("both.pem", t.read(chain), t.read(key))
local key_first = put("key-first.pem", t.read(key), t.read(chain))
local leaf = t.read(pem "client")
local pkcs8, traditional = path "pkcs8.key", path "traditional.key"
openssl("pkcs8", "-topk8", "-passout", "pass:" .. PASSWORD, "-in", key, "-out",
  pkcs8)
openssl("pkey", "-traditional", "-aes128", "-passout", "pass:" .. PASSWORD,
  "-in", key, "-out", traditional)
local plain = path "plain.key"
openssl("pkey", "-traditional", "-in", key, "-out", plain)

---------------------------------------------------------------------------
-- nginx, as people configure it.

local asks = "ssl_client_certificate PKI/root.pem; ssl_verify_depth 3; " ..
  "add_header x-client \"$ssl_client_verify $ssl_client_s_dn\" always; "

local lists = put("lists.pem", t.read(pem("root", ".crl")),
  t.read(pem("inter", ".crl")))

local nginx = servers.nginx{
  ["on.wild.test"] = { cert = "wild", conf = asks .. "ssl_verify_client on;" },
  ["optional.wild.test"] = { cert = "wild",
    conf = asks .. "ssl_verify_client optional;" },
  ["crl.wild.test"] = { cert = "wild", conf = asks ..
    "ssl_verify_client on; ssl_crl " .. lists .. ";" },
  ["off.wild.test"] = { cert = "wild",
    conf = "add_header x-client \"$ssl_client_verify\";" },
  ["unknown.test"] = { cert = "unknown",
    conf = asks .. "ssl_verify_client on;" },
  -- To another origin, which sends back.
  ["there.wild.test"] = { cert = "wild", conf = asks ..
    "ssl_verify_client on;",
    returns = "302 https://back.wild.test:$server_port/" },
  ["back.wild.test"] = { cert = "wild", conf = asks ..
    "ssl_verify_client optional;",
    returns = "307 https://on.wild.test:$server_port/" },
}
nginx.hosts = { "there.wild.test", "back.wild.test", "on.wild.test" }

local GOOD = "SUCCESS CN=client"

-- label, options, host, status, what nginx saw of the certificate
local shown = {
  { "file and file", { cert = chain, key = key }, "on", 200, GOOD },
  { "one file", { cert = both }, "on", 200, GOOD },
  { "one file, named twice", { cert = both, key = both }, "on", 200, GOOD },
  { "one file, the key first", { cert = key_first }, "on", 200, GOOD },
  { "text and text", { cert = t.read(chain), key = t.read(key) }, "on", 200,
    GOOD },
  { "one text", { cert = t.read(both) }, "on", 200, GOOD },
  { "text and file", { cert = t.read(chain), key = key }, "on", 200, GOOD },
  { "file and text", { cert = chain, key = t.read(key) }, "on", 200, GOOD },
  { "traditional key", { cert = chain, key = plain }, "on", 200, GOOD },
  { "encrypted PKCS #8", { cert = chain, key = pkcs8,
    key_password = PASSWORD }, "on", 200, GOOD },
  { "encrypted traditional key", { cert = chain, key = traditional,
    key_password = PASSWORD }, "on", 200, GOOD },
  { "encrypted text", { cert = chain, key = t.read(pkcs8),
    key_password = PASSWORD }, "on", 200, GOOD },
  { "CR LF", { cert = t.read(chain):gsub("\n", "\r\n"),
    key = t.read(key):gsub("\n", "\r\n") }, "on", 200, GOOD },
  { "text around", { cert = "subject=CN = client\n" .. t.read(both) ..
    "\nand more\n" }, "on", 200, GOOD },
  { "RSA key, a server's certificate", { cert = pem "rsa-chain",
    key = pem("rsa", ".key") }, "optional", 400, "FAILED:unsuitable" },
  { "with verify=false", { cert = chain, key = key, verify = false }, "on",
    200, GOOD },
  { "with a pin of the wrong key and off", { cert = both, pin = false }, "on",
    200, GOOD },
  { "where it is optional", { cert = both }, "optional", 200, GOOD },
  { "where nobody asks", { cert = both }, "off", 200, "NONE" },
  { "none where it is optional", {}, "optional", 200, "NONE" },
  { "none", {}, "on", 400, "NONE" },
  { "expired", { cert = pem "client-expired-chain",
    key = pem("client-expired", ".key") }, "on", 400, "FAILED:.*expired" },
  { "of a stranger", { cert = pem "client-unknown-chain",
    key = pem("client-unknown", ".key") }, "on", 400, "FAILED:" },
  { "without its intermediate", { cert = pem "client", key = key }, "on", 400,
    "FAILED:" },
  { "not revoked", { cert = both }, "crl", 200, GOOD },
  { "revoked", { cert = pem "client-revoked-chain",
    key = pem("client-revoked", ".key") }, "crl", 400, "FAILED:.*revoked" },
}

for _, row in ipairs(shown) do
  for _, version in ipairs{ "1.2", "1.3" } do
    t.test(row[1] .. ", nginx, TLS " .. version, function ()
      local options = { tls = { max = version, min = version } }
      for name, value in pairs(row[2]) do options[name] = value end
      local r = rows.run({ host = row[3] .. ".wild.test", options = options,
        status = row[4], want = "ok" }, nginx, false)
      t.match(r.headers["x-client"], "^" .. row[5], "x-client")
      nginx.process:expect "^request from"
    end)
  end
end

-- Nothing of ours is shown to a server that is not verified.
t.test("none to a server that is not trusted", function ()
  rows.run({ host = "unknown.test", options = { cert = both },
    want = "verify/unknown-issuer" }, nginx)
end)

---------------------------------------------------------------------------
-- Servers that refuse: in TLS 1.2 in the handshake, in 1.3 only when the
-- request has gone.

local wanting = { "-Verify", "3", "-verify_return_error", "-CAfile", root }

local refusals = {
  { "none", {}, hints = "give one with cert and key" },
  { "of a stranger", { cert = pem "client-unknown-chain",
    key = pem("client-unknown", ".key") }, hints = "authority" },
  { "expired", { cert = pem "client-expired-chain",
    key = pem("client-expired", ".key") },
    hints = "it has expired on %d%d%d%d%-%d%d%-%d%d" },
  { "for servers only", { cert = pem "good-chain", key = pem("good", ".key") },
    hints = "it was not issued for clients" },
  { "without its intermediate", { cert = pem "client", key = key },
    hints = "intermediate" },
}

for _, row in ipairs(refusals) do
  for version, flag in pairs{ ["1.2"] = "-tls1_2", ["1.3"] = "-tls1_3" } do
    t.test("refused: " .. row[1] .. ", TLS " .. version, function ()
      local args = table.move(wanting, 1, #wanting, 2, { flag })
      local s = servers.s_server{ cert = "good", args = args }
      local ok, err = pcall(rows.refused, { host = "good.test",
        options = row[2], want = "tls/client-cert", hints = row.hints,
        late = version == "1.3" }, s)
      s:stop()
      if not ok then error(err, 0) end
      t.eq(err.phase == "tls", version == "1.2", "phase " .. err.phase)
    end)
  end
end

-- libtls's own server.
for _, row in ipairs{ { "good", { cert = both }, "ok" },
    { "encrypted", { cert = chain, key = pkcs8, key_password = PASSWORD },
      "ok" }, table.unpack(refusals, 1, 3) } do
  for _, version in ipairs{ "1.2", "1.3" } do
    t.test("libtls's server: " .. row[1] .. ", TLS " .. version, function ()
      local s <close> = servers.httpsd{ cert = "good", args = { "-C", root } }
      local options = { tls = { min = version, max = version } }
      for name, value in pairs(row[2]) do options[name] = value end
      rows.run({ host = "good.test", options = options, hints = row.hints,
        want = row[3] or "tls/client-cert", late = version == "1.3" }, s)
    end)
  end
end

-- The alert comes while we still write, or has to be read after a failed one.
t.test("refused while a long body is sent", function ()
  local s = servers.s_server{ cert = "good", args = table.move(wanting, 1,
    #wanting, 2, { "-tls1_3" }) }
  local at = "good.test:" .. s.port
  local err = t.raises(function ()
    https.post("https://" .. at .. "/", { ca = root, timeout = 20,
      body = ("x"):rep(8 << 20), resolve = { [at] = "127.0.0.1:" .. s.port } })
  end, "tls", "client-cert")
  t.eq(err.sent, true, "sent")
  s:stop()
end)

---------------------------------------------------------------------------
-- Whom it is shown to.

local function client_of (response)
  return response.headers["x-client"]:match "^%u+"
end

local function follow (session, options, host)
  local r = rows.get({ host = (host or "there") .. ".wild.test",
    session = session, options = options }, nginx)
  local seen = {}
  for i, hop in ipairs(r.history) do seen[i] = client_of(hop) end
  seen[#seen + 1] = client_of(r)
  for _ = 1, #seen do nginx.process:expect "^request from" end
  return table.concat(seen, " "), r.status
end

t.test("a redirect to another origin goes without it", function ()
  local seen, status = follow(nil, { cert = both })
  t.eq(seen, "SUCCESS NONE NONE", "seen")
  t.eq(status, 400, "status")
end)

t.test("a server behind a redirect that insists on one", function ()
  local last = servers.s_server{ cert = "good", args = table.move(wanting, 1,
    #wanting, 2, { "-tls1_2" }) }
  local there = "good.test:" .. last.port
  local s <close> = https.session{ ca = root, cert = both }
  -- As a redirect would: on to another origin.
  s:use(function (request, next)
    request.url = "https://" .. there .. "/"
    return next(request)
  end)
  local err = t.raises(function ()
    s:get("https://two-a.test:1/", { timeout = 20,
      resolve = { [there] = "127.0.0.1:" .. last.port } })
  end, "tls", "client-cert")
  t.match(err.hint, "is for https://two%-a%.test:1, and is shown to no other",
    "hint")
  last:stop()
end)

t.test("a session's goes where the script goes, not where it is sent",
  function ()
    local s <close> = https.session{ ca = root, cert = both }
    t.eq(follow(s, { ca = root }), "SUCCESS NONE NONE", "seen")
    local r = rows.get({ host = "on.wild.test", session = s }, nginx)
    t.eq(client_of(r), "SUCCESS", "at its own call")
    nginx.process:expect "^request from"
  end)

t.test("a session's belongs to its base", function ()
  local base = "https://on.wild.test:" .. nginx.port
  local s <close> = https.session{ ca = root, cert = both, base = base }
  for host, want in pairs{ on = "SUCCESS", optional = "NONE" } do
    local r = rows.get({ host = host .. ".wild.test", session = s }, nginx)
    t.eq(client_of(r), want, host)
    nginx.process:expect "^request from"
  end
  t.eq(follow(s, { ca = root }, "back"), "NONE SUCCESS", "back at its base")
  local r = rows.get({ host = "optional.wild.test", session = s,
    options = { cert = both } }, nginx)
  t.eq(client_of(r), "SUCCESS", "the call's own")
  nginx.process:expect "^request from"
end)

t.test("a step that changes the URL does not take it along", function ()
  local s <close> = https.session{ ca = root }
  s:use(function (request, next)
    request.url = request.url:gsub("on%.", "optional.", 1)
    return next(request)
  end)
  nginx.hosts[4] = "optional.wild.test"
  local r = rows.get({ host = "on.wild.test", session = s,
    options = { cert = both } }, nginx)
  t.eq(client_of(r), "NONE", "seen")
  nginx.process:expect "^request from"
end)

t.test("connections with and without one are not each other's", function ()
  local s <close> = https.session{ ca = root }
  local without, with = {}, { cert = both }
  for _, o in ipairs{ with, without, with, without } do
    local r = rows.get({ host = "optional.wild.test", session = s,
      options = o }, nginx)
    t.eq(client_of(r), o == with and "SUCCESS" or "NONE", "seen")
    nginx.process:expect "^request from"
  end
  local r = rows.get({ host = "optional.wild.test", session = s,
    options = with }, nginx)
  t.eq(r.timings.reused, true, "reused")
  nginx.process:expect "^request from"
end)

t.test("cert=false is to have none of the session's", function ()
  local s <close> = https.session{ ca = root, cert = both }
  for _, row in ipairs{ { {}, "SUCCESS" }, { { cert = false }, "NONE" },
      { { cert = chain, key = key }, "SUCCESS" } } do
    local r = rows.get({ host = "optional.wild.test", session = s,
      options = row[1] }, nginx)
    t.eq(client_of(r), row[2], "seen")
    nginx.process:expect "^request from"
  end
end)

t.test("a call's certificate is not matched with a session's key", function ()
  local s <close> = https.session{ cert = chain, key = key }
  t.raises(function ()
    s:get("https://no-such-host.invalid/", { cert = pem "client" })
  end, "usage", "value")
  t.raises(function ()
    s:get("https://no-such-host.invalid/", { key = plain })
  end, "usage", "value")
end)

t.test("a certificate that changes on disk is noticed", function ()
  local file = path "changing.pem"
  local function get (name)
    t.write(file .. ".new", t.read(pem(name .. "-chain")) ..
      t.read(pem(name, ".key")))
    assert(os.rename(file .. ".new", file))
    local r = rows.get({ host = "optional.wild.test",
      options = { cert = file } }, nginx)
    nginx.process:expect "^request from"
    return r.headers["x-client"]
  end
  t.match(get "client", "^SUCCESS CN=client$", "first")
  t.match(get "client-revoked", "^SUCCESS CN=client%-revoked$", "second")
end)

---------------------------------------------------------------------------
-- What is wrong is said by name and before anything is looked up; and never
-- with a password, or a piece of a key, in it.

local secret = t.read(key):match "\n(%w+)"    -- of its first line
local body = t.read(key):match "KEY%-%-%-%-%-\n(.-)\n%-%-%-%-%-END"

put("empty.pem", "")
put("blank.pem", "\n \n")
put("text.pem", "no certificate here\n")
put("garbage.pem", ("\0\255garbage\n"):rep(100))
put("cut.pem", t.read(chain):sub(1, 300))
put("cut.key", t.read(key):sub(1, 90))
put("damaged.pem", (t.read(pem "client"):gsub("\n....", "\nAAAA", 3)))
put("damaged.key", (t.read(key):gsub("\n....", "\nAAAA", 2)))
put("second.pem", leaf, t.read(path "damaged.pem"))
put("disorder.pem", t.read(pem "inter"), leaf)
put("openssh.key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n" ..
  "-----END OPENSSH PRIVATE KEY-----\n")
openssl("x509", "-in", pem "client", "-outform", "der", "-out", path "der.pem")
openssl("pkcs12", "-export", "-in", chain, "-inkey", key, "-passout",
  "pass:x", "-out", path "client.p12")

local wrong = {
  { "cert missing", { cert = path "missing.pem" }, "missing%.pem': No such" },
  { "cert a directory", { cert = dir }, "is no regular file" },
  { "cert a device", { cert = "/dev/null" }, "is no regular file" },
  { "cert empty", { cert = path "empty.pem" }, "empty%.pem' is empty" },
  { "cert blank", { cert = path "blank.pem" }, "blank%.pem' is empty" },
  { "cert text", { cert = path "text.pem" }, "text%.pem' holds no cert" },
  { "cert garbage", { cert = path "garbage.pem" }, "garbage%.pem' is binary" },
  { "cert DER", { cert = path "der.pem" }, "der%.pem' is binary data %(DER" },
  { "cert PKCS #12", { cert = path "client.p12" }, "PKCS #12" },
  { "cert a key", { cert = key, key = key },
    "client%.key' holds no certificate but a PEM block '.*PRIVATE KEY'" },
  { "cert a list", { cert = pem("root", ".crl"), key = key },
    "root%.crl' holds no certificate but a PEM block 'X509 CRL'" },
  { "cert cut off", { cert = path "cut.pem", key = key },
    "cut%.pem' is damaged: its END" },
  { "cert damaged", { cert = path "damaged.pem", key = key },
    "certificate 1 in .*damaged%.pem' is damaged" },
  { "second cert damaged", { cert = path "second.pem", key = key },
    "certificate 2 in .*second%.pem' is damaged" },
  { "cert without a key", { cert = chain },
    "client%-chain%.pem' holds no private key", hints = "give it as key" },
  { "cert text without a key", { cert = leaf }, "cert text holds no private" },
  { "key missing", { cert = chain, key = path "missing.key" },
    "missing%.key': No such" },
  { "key empty", { cert = chain, key = path "empty.pem" }, "is empty" },
  { "key text", { cert = chain, key = path "text.pem" },
    "key file '.*text%.pem' holds no private key" },
  { "key a certificate", { cert = chain, key = chain },
    "key file '.*' holds no private key but a PEM block 'CERTIFICATE'" },
  { "key a public key", { cert = chain, key = "-----BEGIN PUBLIC KEY-----\n" ..
    "AAAA\n-----END PUBLIC KEY-----\n" }, "key text holds no private key" },
  { "key cut off", { cert = chain, key = path "cut.key" },
    "cut%.key' is damaged: its END" },
  { "key damaged", { cert = chain, key = path "damaged.key" },
    "damaged%.key' is damaged, or of a kind" },
  { "key of OpenSSH", { cert = chain, key = path "openssh.key" },
    "OpenSSH", hints = "ssh%-keygen" },
  { "key of another", { cert = chain, key = pem("good", ".key") },
    "good%.key' does not belong to the certificate in .*client%-chain%.pem'" },
  { "key of the second certificate", { cert = path "disorder.pem",
    key = key }, "does not belong to the first", hints = "must come first" },
  { "key encrypted, no password", { cert = chain, key = pkcs8 },
    "pkcs8%.key' is encrypted", hints = "key_password" },
  { "traditional key encrypted, no password", { cert = chain,
    key = traditional }, "traditional%.key' is encrypted" },
  { "wrong password", { cert = chain, key = pkcs8,
    key_password = "tr0ub4dor" }, "pkcs8%.key' does not open with" },
  { "wrong password, traditional", { cert = chain, key = traditional,
    key_password = "tr0ub4dor" }, "traditional%.key' does not open with" },
  { "password for a plain key", { cert = chain, key = key,
    key_password = PASSWORD }, "is not encrypted, but there is a" },
  { "password longer than any", { cert = chain, key = pkcs8,
    key_password = ("long"):rep(5000) }, "does not open with" },
  { "password empty", { cert = chain, key = pkcs8, key_password = "" },
    "'key_password' is empty" },
  { "password with NUL", { cert = chain, key = pkcs8,
    key_password = PASSWORD .. "\0" }, "NUL" },
  { "password a number", { cert = chain, key = pkcs8, key_password = 12345 },
    "'key_password' must be a string", code = "type" },
  { "key without cert", { key = key }, "'key' is there, but no option 'cert'" },
  { "password without cert", { key_password = PASSWORD },
    "'key_password' is there, but no option 'cert'" },
  { "cert empty string", { cert = "" }, "'cert' is empty" },
  { "cert a number", { cert = 5 }, "'cert' must be a path", code = "type" },
  { "cert a list", { cert = { chain } }, "'cert' must be", code = "type" },
  { "cert true", { cert = true }, "'cert' must be", code = "type" },
  { "key a table", { cert = chain, key = {} }, "'key' must be", code = "type" },
  { "key a NUL", { cert = chain, key = "a\0b" }, "NUL" },
  -- Somebody has lost the first and last line of a key.
  { "key without its lines", { cert = chain, key = body },
    "'key' is neither a path nor PEM" },
  { "key without lines", { cert = chain, key = body:gsub("\n", "") },
    "'key' is neither a path nor PEM" },
}

for _, row in ipairs(wrong) do
  t.test("wrong: " .. row[1], function ()
    rows.unsent{ options = row[2], says = row[3], hints = row.hints,
      code = row.code, not_in = { secret, PASSWORD, "tr0ub4dor", "longlong" } }
  end)
end

-- LibreSSL takes it.
t.test("a weak key", function ()
  local err = t.raises(function ()
    https.get("https://no-such-host.invalid/",
      { cert = pem "rsa1024", key = pem("rsa1024", ".key") })
  end, { "usage", "resolve" })
  if err.kind == "resolve" then return end
  t.match(err.message, "rsa1024%.pem': failed to load certificate", "message")
  t.match(err.hint, "too weak", "hint")
end)

t.test("an unreadable key", function ()
  local file = put("unreadable.key", t.read(key))
  assert(os.execute("chmod 0 " .. file))
  local code = ([[print(select(2, pcall(https.get,
    "https://no-such-host.invalid/", { cert = %q, key = %q })).message)
    ]]):format(chain, file)
  if t.run{ cmd = "id -u" }.stdout ~= "0\n" then
    t.match(t.run{ cmd = { t.lurl, "-e", code } }.stdout,
      "unreadable%.key': Permission denied", "message")
  end
end)

---------------------------------------------------------------------------
-- Secrets: no copy of them is seen, and no core dump is written.

t.test("a password is never asked for", function ()
  local code = ([[
    local ok, err = pcall(https.get, "https://no-such-host.invalid/",
      { cert = %q, key = %q })
    print(err.message)
  ]]):format(chain, pkcs8)
  local r = t.run{ cmd = { t.lurl, "-e", code }, stdin = PASSWORD .. "\n" }
  t.match(r.stdout, "is encrypted", "stdout")
  t.eq(r.stderr, "", "stderr")
end)

-- What a child of the process sees as its limit.
local limits = [[
local options = { cert = %q, key = %q, timeout = 5, ca = %q,
  resolve = { ["good.test:1"] = "127.0.0.1" } }
local function limit ()
  local p <close> = io.popen "ulimit -S -c"
  return p:read "l"
end
local function try (s) pcall(s.get, s, "https://good.test:1/", options) end
print(limit())
do
  local one <close> = https.session{}
  local two <close> = https.session{}
  try(one)
  print(limit())
  try(two)
  print(limit())
end
collectgarbage()
collectgarbage()
print(limit())
]]

t.test("no core dumps while a key is in memory", function ()
  local script = put("limits.lua", limits:format(chain, key, root))
  -- Where the hard limit is less there is nothing to turn off.
  local r = t.run{ cmd = "ulimit -S -c 7 2>/dev/null; exec " ..
    t.quote(t.lurl) .. " " .. script,
    env = { ASAN_OPTIONS = "disable_coredump=0" } }
  t.eq(r.stderr, "", "stderr")
  local seen = {}
  for line in r.stdout:gmatch "[^\n]+" do seen[#seen + 1] = line end
  t.eq(seen[4], seen[1], "after and before")
  for i = 2, 3 do t.ok(tonumber(seen[i]) <= 1, "limit " .. seen[i]) end
end)

-- Strings that can be reached from a value, by tables and by what functions
-- hold on to.
local function strings_in (value, seen, found)
  if type(value) == "string" then
    found[#found + 1] = value
  elseif not seen[value] and (type(value) == "table"
         or type(value) == "function") then
    seen[value] = true
    strings_in(debug.getmetatable(value), seen, found)
    if type(value) == "table" then
      for k, v in next, value do
        strings_in(k, seen, found)
        strings_in(v, seen, found)
      end
      return found
    end
    for i = 1, math.huge do
      local name, held = debug.getupvalue(value, i)
      if not name then break end
      strings_in(held, seen, found)
    end
  end
  return found
end

-- Of what only the call says; what is a session's has to stay.
t.test("no key and no password is left in a session", function ()
  local server <close> = servers.httpsd{ cert = "ip" }
  local s <close> = https.session{ ca = root }
  local text = t.read(pkcs8)
  for _ = 1, 2 do
    local r = s:get("https://127.0.0.1:" .. server.port .. "/", {
      cert = chain, key = text, key_password = PASSWORD, timeout = 20 })
    t.eq(r.status, 200, "status")
  end
  local needles = { PASSWORD, text:match "\n(%S+)\n" }
  local all = strings_in(s, {}, {})
  t.ok(#all > 500, "strings: " .. #all)
  for _, one in ipairs(all) do
    for i, needle in ipairs(needles) do
      t.ok(not one:find(needle, 1, true), "needle " .. i .. " in #" .. #one)
    end
  end
end)

t.test("a password that was right once does not open it for another", function ()
  local s <close> = https.session{ ca = root }
  for _, word in ipairs{ PASSWORD, "tr0ub4dor", PASSWORD } do
    local ok, r = pcall(rows.get, { host = "on.wild.test", session = s,
      options = { cert = chain, key = pkcs8, key_password = word } }, nginx)
    t.eq(ok and r.status or r.kind, word == PASSWORD and 200 or "usage", word)
    if ok then nginx.process:expect "^request from" end
  end
  local ok, r = pcall(rows.get, { host = "on.wild.test", session = s,
    options = { cert = chain, key = pkcs8 } }, nginx)
  t.eq(ok or r.kind, "usage", "none")
end)

t.test("nginx saw no other request", function ()
  for _, line in ipairs(nginx:stop()) do
    if line:find "^request from" then error(line) end
  end
end)

t.finish()
