-- Revocation: lists (crl) and stapled OCSP answers (ocsp), against nginx.
local t = require "tests.harness"
local servers = require "tests.tls.servers"
local rows = require "tests.tls.rows"
local https = require "https"

warn "@off"

local pem, dir = rows.pem, t.tmpdir()

local answers = { "good", "revoked", "unknown", "expired", "future", "another",
  "wrong-signer", "leaf-signer", "try-later" }

local hosts = { ["good.test"] = "good", ["direct.test"] = "direct",
  ["revoked.test"] = "revoked", ["by-ca-revoked.test"] = "by-ca-revoked",
  ["none.stapled.test"] = "stapled", ["expired.test"] = "expired",
  ["noturl.test"] = { cert = "direct", conf =
    "ssl_stapling on; ssl_stapling_file PKI/no-url.ocsp;" },
}
for _, name in ipairs(answers) do
  hosts[name .. ".stapled.test"] = { cert = "stapled", conf =
    "ssl_stapling on; ssl_stapling_file PKI/" .. name .. ".ocsp;" }
end
local nginx = servers.nginx(hosts)

local function certificate (host)
  local o = hosts[host]
  return type(o) == "table" and o.cert or o
end

---------------------------------------------------------------------------
-- Lists.

local function crl (name) return pem(name, ".crl") end

local both = dir .. "/both.crl"
t.write(both, t.read(crl "root") .. "text between\n" .. t.read(crl "inter"))
t.write(dir .. "/with-cert.pem", t.read(pem "root") .. t.read(crl "root"))

local listed = {
  { "not revoked", "good.test", both, "ok" },
  { "list of files", "good.test", { crl "root", crl "inter" }, "ok" },
  { "text", "good.test", t.read(both), "ok" },
  { "file and text", "good.test", { crl "root", t.read(crl "inter") }, "ok" },
  { "more than are needed", "good.test", { both, crl "unknown-ca" }, "ok" },
  { "issued by the root", "direct.test", crl "root", "ok" },
  { "certificates in the file, too", "direct.test", dir .. "/with-cert.pem",
    "ok" },
  { "revoked", "revoked.test", both, "verify/revoked" },
  { "revoked, in a list of files", "revoked.test",
    { crl "inter", crl "root" }, "verify/revoked" },
  { "revoked, in a text", "revoked.test", t.read(both), "verify/revoked" },
  { "revoked, name unchecked", "revoked.test", both, "verify/revoked",
    verify = { name = false } },
  { "revoked, time unchecked", "revoked.test", both, "verify/revoked",
    verify = { time = false } },
  { "no list asked for", "revoked.test", nil, "ok" },
  { "issuer revoked", "by-ca-revoked.test",
    { crl "root", crl "ca-revoked" }, "verify/revoked" },
  { "root's missing", "good.test", crl "inter", "verify/crl-missing",
    hints = "lacks the current list of CN=lurl test root:" },
  { "issuer's missing", "good.test", crl "root", "verify/crl-missing",
    hints = "lacks the current list of CN=inter:" },
  { "a stranger's", "good.test", crl "unknown-ca", "verify/crl-missing",
    hints = "of CN=inter and of CN=lurl test root:" },
  { "revoked, root's missing", "revoked.test", crl "inter",
    { "verify/revoked", "verify/crl-missing" } },
  { "out of date", "good.test", { crl "root", crl "inter-expired" },
    "verify/crl-missing", hints = "CN=inter is out of date" },
  { "out of date, time unchecked", "good.test",
    { crl "root", crl "inter-expired" }, "ok", verify = { time = false } },
  { "of tomorrow", "good.test", { crl "root", crl "inter-future" },
    "verify/crl-missing" },
  { "forged", "good.test", { crl "root", crl "inter-forged" },
    "verify/crl-missing" },
  { "expired certificate", "expired.test", both, "verify/expired" },
  { "145 authorities", "good.test", both, "ok", ca = pem "bundle145" },
  { "revoked, 145 authorities", "revoked.test", both, "verify/revoked",
    ca = pem "bundle145" },
  { "root's missing, 145 authorities", "good.test", crl "inter",
    "verify/crl-missing", ca = pem "bundle145" },
  { "authorities in a directory", "good.test", both, "ok",
    ca = servers.pki .. "/hashed" },
  { "revoked, authorities in a directory", "revoked.test", both,
    "verify/revoked", ca = servers.pki .. "/hashed" },
}

for _, row in ipairs(listed) do
  t.test("crl: " .. row[1], function ()
    rows.run({ host = row[2], want = row[4], hints = row.hints,
      options = { crl = row[3], verify = row.verify, ca = row.ca } }, nginx,
      certificate(row[2]))
  end)
end

t.test("crl that changes on disk", function ()
  local path = dir .. "/changing.crl"
  local row = { host = "revoked.test", options = { crl = { path,
    crl "root" } }, want = "verify/crl-missing" }
  t.write(path, t.read(crl "unknown-ca"))
  rows.run(row, nginx)
  t.write(path .. ".new", t.read(crl "inter"))
  assert(os.rename(path .. ".new", path))
  row.want = "verify/revoked"
  rows.run(row, nginx)
end)

-- The connection of the one is open and idle when the other comes.
t.test("a connection without lists serves no request with them", function ()
  for _ = 1, 2 do
    rows.run({ host = "revoked.test", want = "ok" }, nginx, "revoked")
    rows.run({ host = "revoked.test", options = { crl = both },
      want = "verify/revoked" }, nginx)
  end
end)

t.test("lists of a session", function ()
  local s <close> = https.session{ ca = pem "root", crl = both }
  local function get (options, want)
    rows.run({ host = "revoked.test", session = s, options = options,
      want = want }, nginx, "revoked")
  end
  get({ ca = pem "root" }, "verify/revoked")
  get({ ca = pem "root", verify = { name = false } }, "verify/revoked")
  get({ ca = pem "root", crl = false }, "ok")
  get({ verify = false }, "ok")
  get({ ca = pem "root", crl = crl "root" }, "verify/crl-missing")
end)

t.test("who asks for revocation wants the chain verified", function ()
  local s <close> = https.session{ verify = false }
  for _, o in ipairs{ { crl = both }, { ocsp = "require" } } do
    o.resolve = { ["good.test:" .. nginx.port] = "127.0.0.1:" .. nginx.port }
    local err = t.raises(function ()
      s:get("https://good.test:" .. nginx.port .. "/", o)
    end, "verify", { "unknown-issuer", "self-signed" })
    nginx:untouched(rows.looks(err))
  end
end)

t.write(dir .. "/empty.crl", "")
t.write(dir .. "/garbage.crl", ("\0\255garbage\n"):rep(100))
t.write(dir .. "/text.crl", "no list here\n")
t.write(dir .. "/cut.crl", t.read(crl "root"):sub(1, 200))
t.write(dir .. "/damaged.crl", (t.read(crl "root"):gsub("\n....", "\nAAAA", 3)))
t.write(dir .. "/second.crl", t.read(crl "root") .. t.read(dir ..
  "/damaged.crl"))
assert(os.execute("openssl crl -in " .. crl "root" .. " -outform der -out " ..
  dir .. "/der.crl"))

local unlisted = {
  { "missing", dir .. "/missing.crl", "missing%.crl': No such file" },
  { "empty", dir .. "/empty.crl", "empty%.crl' is empty" },
  { "garbage", dir .. "/garbage.crl", "garbage%.crl' is binary" },
  { "text", dir .. "/text.crl", "text%.crl' holds no revocation list" },
  { "certificate", pem "root", "root%.pem' holds no revocation list" },
  { "key", pem("root", ".key"), "root%.key' holds no revocation list" },
  { "DER", dir .. "/der.crl", "der%.crl' is binary data %(DER" },
  { "cut off", dir .. "/cut.crl", "cut%.crl' is damaged: its END" },
  { "damaged", dir .. "/damaged.crl", "list 1 in .*damaged%.crl' is damaged" },
  { "second one damaged", dir .. "/second.crl",
    "list 2 in .*second%.crl' is damaged" },
  { "directory", dir, "is no regular file" },
  { "device", "/dev/null", "/dev/null' is no regular file" },
  { "empty string", "", "is empty" },
  { "certificate as text", t.read(pem "root"), "crl text holds no" },
  { "list with a missing one", { crl "root", dir .. "/missing.crl" },
    "missing%.crl" },
  { "empty list", {}, "empty list" },
  { "list with a key", { file = crl "root" }, "must be a list", "type" },
  { "number", 5, "must be a path", "type" },
  { "true", true, "must be a path", "type" },
}
for _, row in ipairs(unlisted) do
  t.test("crl refused: " .. row[1], function ()
    rows.unsent{ options = { crl = row[2] }, says = row[3], code = row[4] }
  end)
end

for _, verify in ipairs{ false, { chain = false } } do
  t.test("crl contradicts verify=" .. tostring(verify), function ()
    rows.unsent{ options = { crl = both, verify = verify },
      says = "'crl' and 'verify' contradict" }
  end)
end

---------------------------------------------------------------------------
-- Stapled answers: without the option, and with ocsp="require".

local stapled = {
  { "none", "ok", "verify/ocsp" },
  { "good", "ok", "ok", says = "good" },
  { "revoked", "verify/revoked", "verify/revoked" },
  { "unknown", "ok", "verify/ocsp" },
  { "expired", "verify/ocsp", "verify/ocsp" },
  { "future", "verify/ocsp", "verify/ocsp" },
  { "another", "verify/ocsp", "verify/ocsp" },
  { "wrong-signer", "verify/ocsp", "verify/ocsp" },
  { "leaf-signer", "verify/ocsp", "verify/ocsp" },
  { "try-later", "verify/ocsp", "verify/ocsp" },
  -- libtls ends such a handshake, whatever it is told.
  { "no URL", "verify/ocsp", "verify/ocsp", lax = "verify/ocsp",
    host = "noturl.test", hints = "stop stapling" },
}

for _, row in ipairs(stapled) do
  local host = row.host or row[1] .. ".stapled.test"
  for _, version in ipairs{ "1.2", "1.3" } do
    for i, option in ipairs{ false, "require" } do
      t.test(("ocsp: %s, %s, TLS %s"):format(row[1], option, version),
        function ()
          local response = rows.run({ host = host, want = row[i + 1],
            options = { ocsp = option, tls = { max = version } },
            hints = row.hints }, nginx, certificate(host))
          if row.says then t.eq(response.tls.ocsp, row.says, "tls.ocsp") end
        end)
    end
  end
  t.test("ocsp: " .. row[1] .. ", verify=false", function ()
    rows.run({ host = host, want = row.lax or "ok",
      options = { verify = false } }, nginx, certificate(host))
  end)
end

for _, row in ipairs{ { "good", "ok" }, { "revoked", "verify/revoked" },
    { "wrong-signer", "verify/ocsp" }, { "unknown", "verify/ocsp" } } do
  for _, ca in ipairs{ pem "bundle145", servers.pki .. "/hashed" } do
    t.test("ocsp: " .. row[1] .. ", " .. ca:match "[^/]*$", function ()
      for _ = 1, 2 do
        rows.run({ host = row[1] .. ".stapled.test", want = row[2],
          options = { ocsp = "require", ca = ca } }, nginx, "stapled")
      end
    end)
  end
end

-- Other servers than nginx.
local function alone (row, start)
  for i, option in ipairs{ false, "require" } do
    local path = pem(row[1], ".ocsp")
    local s = start(path, row[i + 1] == "ok")
    local ok, err = pcall(rows.run, { host = "any.stapled.test",
      want = row[i + 1], options = { ocsp = option } }, s)
    s:stop()
    if not ok then error(err, 0) end
  end
end

for _, row in ipairs(stapled) do
  if io.open(pem(row[1], ".ocsp")) then
    t.test("ocsp: " .. row[1] .. ", libtls's server", function ()
      alone(row, function (path)
        return servers.httpsd{ cert = "stapled", args = { "-s", path } }
      end)
    end)
    t.test("ocsp: " .. row[1] .. ", s_server", function ()
      alone(row, function (path, answer)
        return servers.s_server{ cert = "stapled", answer = answer,
          args = { "-status_file", path } }
      end)
    end)
  end
end

t.test("a connection made without ocsp serves no request with it", function ()
  for _ = 1, 2 do
    rows.run({ host = "unknown.stapled.test", want = "ok" }, nginx, "stapled")
    rows.run({ host = "unknown.stapled.test", options = { ocsp = "require" },
      want = "verify/ocsp", says = "unknown" }, nginx)
  end
end)

t.test("ocsp of a session", function ()
  local s <close> = https.session{ ca = pem "root", ocsp = "require" }
  local function get (options, want)
    rows.run({ host = "none.stapled.test", session = s, options = options,
      want = want }, nginx, "stapled")
  end
  get({ ca = pem "root" }, "verify/ocsp")
  get({ ca = pem "root", ocsp = false }, "ok")
  get({ verify = false }, "ok")
  t.raises(function ()
    s:get("https://no-such-host.invalid/", { verify = { time = false } })
  end, "usage", "value")
end)

for _, row in ipairs{
  { "true", { ocsp = true }, "type" },
  { "another word", { ocsp = "maybe" }, "value" },
  { "number", { ocsp = 1 }, "type" },
  { "with verify=false", { ocsp = "require", verify = false }, "value" },
  { "without the chain", { ocsp = "require", verify = { chain = false } },
    "value" },
  { "without time", { ocsp = "require", verify = { time = false } }, "value" },
} do
  t.test("ocsp misuse: " .. row[1], function ()
    rows.unsent{ options = row[2], code = row[3], says = "'ocsp'" }
  end)
end

t.test("nginx saw no other request", function ()
  for _, line in ipairs(nginx:stop()) do
    if line:find "^request from" then error(line) end
  end
end)

t.finish()
