-- Where trust comes from: the forms of `ca`, the environment, changes on
-- disk; and what is refused before anything is looked up.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local servers = require "tests.tls.servers"
local https = require "https"

warn "@off"

local pki = servers.pki
local dir = t.tmpdir()
local function pem (name) return pki .. "/" .. name .. ".pem" end

local server = servers.nginx{
  ["direct.test"] = "direct", ["unknown.test"] = "unknown",
  ["self-ca.test"] = "self-ca",
}

local function get (cert, options)
  local at = cert .. ".test:" .. server.port
  options.resolve = { [at] = "127.0.0.1:" .. server.port }
  options.timeout = 20
  return https.get("https://" .. at .. "/", options)
end

local function accepted (cert, options)
  local response = get(cert, options)
  t.eq(response.body, cert .. "\n", "body")
  t.eq(response.tls.verified, true, "verified")
  server:answered(cert, response)
  return response
end

local function refused (cert, options, code)
  local err = t.raises(function() get(cert, options) end, "verify", code)
  t.eq(err.sent, false, "sent")
  server:untouched()
end

---------------------------------------------------------------------------
-- The forms of `ca`, as themselves and as `verify`'s string.

t.write(dir .. "/commented.pem", "Issuer: root\n" .. t.read(pem "root") ..
  "and what follows\n")
t.write(dir .. "/twice.pem", t.read(pem "root") .. t.read(pem "root"))
t.write(dir .. "/crlf.pem", (t.read(pem "root"):gsub("\n", "\r\n")))

local forms = {
  { label = "file", ca = pem "root", ok = "direct", no = "unknown" },
  { label = "file of 145", ca = pem "bundle145", ok = "direct",
    no = "unknown" },
  { label = "file with text around", ca = dir .. "/commented.pem",
    ok = "direct", no = "unknown" },
  { label = "file with a certificate twice", ca = dir .. "/twice.pem",
    ok = "direct", no = "unknown" },
  { label = "file with CR LF", ca = dir .. "/crlf.pem", ok = "direct",
    no = "unknown" },
  { label = "hashed directory", ca = pki .. "/hashed", ok = "direct",
    no = "unknown" },
  { label = "hashed directory, slash", ca = pki .. "/hashed-root/",
    ok = "direct", no = "unknown" },
  { label = "PEM text", ca = t.read(pem "root"), ok = "direct",
    no = "unknown" },
  { label = "long PEM text", ca = t.read(pem "bundle145"), ok = "direct",
    no = "unknown" },
  { label = "list of one", ca = { pem "root" }, ok = "direct",
    no = "unknown" },
  { label = "list of files", ca = { pem "unknown-root", pem "root" },
    ok = "direct", also = "unknown", no = "self-ca" },
  { label = "list of file and text",
    ca = { pem "root", t.read(pem "unknown-root") }, ok = "direct",
    also = "unknown", no = "self-ca" },
  { label = "list of directory and file",
    ca = { pki .. "/hashed", pem "self-ca" }, ok = "direct",
    also = "self-ca", no = "unknown" },
  { label = "list with the system's", ca = { "system", pem "root" },
    ok = "direct", no = "unknown" },
  { label = "system's last", ca = { pem "root", "system" }, ok = "direct",
    no = "unknown" },
  { label = "system alone", ca = "system", no = "direct" },
  { label = "others", ca = pem "others", no = "direct" },
  { label = "default", ca = nil, no = "direct" },
}

for _, row in ipairs(forms) do
  t.test("ca: " .. row.label, function()
    for _, cert in ipairs{ row.ok, row.also } do
      accepted(cert, { ca = row.ca })
    end
    local codes = { "unknown-issuer", "self-signed" }
    refused(row.no, { ca = row.ca }, codes)
  end)
end

t.test("verify as a path is ca", function()
  local by_verify = accepted("direct", { verify = pem "root" })
  local by_ca = accepted("direct", { ca = pem "root" })
  t.eq(by_verify.tls.trust, by_ca.tls.trust, "trust")
  t.match(by_ca.tls.trust, "^ca: .*root%.pem$", "trust")
  refused("direct", { verify = pem "others" }, "unknown-issuer")
end)

t.test("verify=true with ca", function()
  accepted("direct", { verify = true, ca = pem "root" })
end)

t.test("trust of one request is not the next one's", function()
  accepted("direct", { ca = pem "root" })
  refused("direct", { ca = pem "others" }, "unknown-issuer")
  refused("direct", {}, "unknown-issuer")
  t.eq(get("direct", { verify = false }).tls.verified, false, "verified")
  server.process:expect "^request from"
  refused("direct", { ca = pem "others" }, "unknown-issuer")
end)

-- The first connection is kept for the next request of the same servername.
t.test("servername of one request is not the next one's", function()
  local s <close> = servers.httpsd{ cert = "good" }
  local url = "https://127.0.0.1:" .. s.port .. "/"
  local options = { ca = pem "root", timeout = 20, servername = "good.test" }
  t.eq(https.get(url, options).timings.reused, false, "reused")
  t.eq(https.get(url, options).timings.reused, true, "reused")
  for _, name in ipairs{ false, "other.test" } do
    options.servername = name or nil
    t.raises(function() https.get(url, options) end, "verify",
      "name-mismatch", tostring(name))
    s:untouched()
  end
end)

---------------------------------------------------------------------------
-- A store that changes on disk is seen by the next connection.

-- In place of the file, as an update would; its mtime may be the same second.
local function replace (path, name)
  t.write(path .. ".new", t.read(pem(name)))
  assert(os.rename(path .. ".new", path))
end

t.test("ca file that changes", function()
  local path = dir .. "/changing.pem"
  replace(path, "others")
  refused("direct", { ca = path }, "unknown-issuer")
  replace(path, "root")
  accepted("direct", { ca = path })
  replace(path, "others")
  refused("direct", { ca = path }, "unknown-issuer")
  os.remove(path)
  t.raises(function() get("direct", { ca = path }) end, "usage", "value")
end)

t.test("ca file that changes under a kept connection", function()
  local path = dir .. "/kept.pem"
  local s <close> = servers.httpsd{ cert = "good" }
  local options = { ca = path, resolve = { ["good.test:" .. s.port] =
    "127.0.0.1" } }
  local url = "https://good.test:" .. s.port .. "/"
  replace(path, "root")
  t.eq(https.get(url, options).timings.reused, false, "reused")
  t.eq(https.get(url, options).timings.reused, true, "reused")
  replace(path, "others")
  local began, err = https.now(), nil
  repeat
    local ok, result = pcall(https.get, url, options)
    if ok then t.eq(result.timings.reused, true, "reused") else err = result end
  until err or https.now() - began > 10
  t.ok(https.is(err, "verify", "unknown-issuer"), tostring(err))
end)

-- The last look was a moment ago, and the kept connection is gone: the new one
-- goes by what is on disk now, also for what can be sent only once.
for _, label in ipairs{ "nothing", "a body that can be sent once" } do
  t.test("ca file that changes, then a new connection for " .. label, function ()
    local path, pieces = dir .. "/again.pem", { "b", "a" }
    replace(path, "root")
    local p <close> = peer.rawd{ cert = "good",
      { "head", "send", peer.answer "1", "head", "send", peer.answer "2",
        "notify" },
      { "head", "send", peer.answer "3", "stall" } }
    local s <close> = https.session{ ca = path, servername = "good.test" }
    local url = "https://127.0.0.1:" .. p.port .. "/"
    t.eq(s:get(url).body .. s:get(url).body, "12", "kept")
    p:expect "^done 0"
    t.write(path .. ".new", t.read(pem "root") .. "\n# the same\n")
    assert(os.rename(path .. ".new", path))
    local body = label ~= "nothing" and function ()
      return table.remove(pieces)
    end or nil
    t.eq(s:put(url, { body = body }).body, "3", "answer")
  end)
end

t.test("an entry of a directory that changes, then a new connection", function ()
  local path = dir .. "/entries"
  assert(os.execute("cp -rL " .. pki .. "/hashed-root " .. path))
  local p <close> = peer.rawd{ cert = "good",
    { "head", "send", peer.answer "1", "notify" },
    { "head", "send", peer.answer "2", "stall" } }
  local s <close> = https.session{ ca = { path, pem "others" },
    servername = "good.test" }
  local url = "https://127.0.0.1:" .. p.port .. "/"
  t.eq(s:get(url).body, "1", "kept")
  p:expect "^done 0"
  -- In place: the directory does not show it.
  assert(os.execute(("for f in %s/*.0; do cat %s > $f; done"):format(path,
    pem "others")))
  t.raises(function () s:get(url) end, "verify", "unknown-issuer")
end)

t.test("hashed directory that changes", function()
  local path = dir .. "/changing"
  assert(os.execute("cp -r " .. pki .. "/hashed-root " .. path))
  accepted("direct", { ca = path })
  -- Another takes its place, since one without entries would be an error.
  assert(os.execute("rm " .. path .. "/*.0 && cp " .. pki ..
    "/hashed/other-000.pem " .. path .. "/00000000.0"))
  refused("direct", { ca = path }, "unknown-issuer")
end)

---------------------------------------------------------------------------
-- The environment: the first variable that is set names the store.

local names = { "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE" }

local root, others, hashed = pem "root", pem "others", pki .. "/hashed-root"
local nowhere = dir .. "/nowhere"

-- want: the variable that trust comes from, or the error's kind/code
local environment = {
  { { SSL_CERT_FILE = root }, want = "env: SSL_CERT_FILE" },
  { { SSL_CERT_DIR = hashed }, want = "env: SSL_CERT_DIR" },
  { { REQUESTS_CA_BUNDLE = root }, want = "env: REQUESTS_CA_BUNDLE" },
  { { REQUESTS_CA_BUNDLE = hashed }, want = "env: REQUESTS_CA_BUNDLE" },
  { { CURL_CA_BUNDLE = root }, want = "env: CURL_CA_BUNDLE" },
  { { SSL_CERT_FILE = root, SSL_CERT_DIR = nowhere,
      REQUESTS_CA_BUNDLE = others }, want = "env: SSL_CERT_FILE" },
  { { SSL_CERT_DIR = hashed, REQUESTS_CA_BUNDLE = others,
      CURL_CA_BUNDLE = nowhere }, want = "env: SSL_CERT_DIR" },
  { { REQUESTS_CA_BUNDLE = root, CURL_CA_BUNDLE = others },
    want = "env: REQUESTS_CA_BUNDLE" },
  { { SSL_CERT_FILE = others, ca = root }, want = "ca: root" },
  { { SSL_CERT_FILE = nowhere, ca = root }, want = "ca: root" },

  { {}, want = "verify/unknown%-issuer" },
  { { SSL_CERT_FILE = others }, want = "verify/unknown%-issuer" },
  { { SSL_CERT_FILE = others, SSL_CERT_DIR = hashed },
    want = "verify/unknown%-issuer" },
  { { REQUESTS_CA_BUNDLE = others, CURL_CA_BUNDLE = root },
    want = "verify/unknown%-issuer" },
  { { SSL_CERT_FILE = root, ca = others }, want = "verify/unknown%-issuer" },
  { { SSL_CERT_FILE = nowhere }, want = "usage/value .*nowhere" },
  { { SSL_CERT_DIR = nowhere }, want = "usage/value .*nowhere" },
  { { SSL_CERT_DIR = dir }, want = "usage/value " },
  { { CURL_CA_BUNDLE = nowhere }, want = "usage/value .*nowhere" },
}

local script = [[
local at = "direct.test:" .. PORT
local ok, r = pcall(https.get, "https://" .. at .. "/", {
  ca = CA, resolve = { [at] = "127.0.0.1:" .. PORT }, timeout = 20 })
print(ok and "trust " .. tostring(r.tls.trust):gsub("ca: .*/", "ca: ") or
  r.kind .. "/" .. r.code .. " " .. r.message)
]]

local function describe (env)
  local list = {}
  for _, name in ipairs{ "ca", table.unpack(names) } do
    if env[name] then
      list[#list + 1] = name .. "=" .. env[name]:match "[^/]*$"
    end
  end
  return table.concat(list, " ")
end

for _, row in ipairs(environment) do
  t.test("env: " .. describe(row[1]), function()
    local env = {}
    for _, name in ipairs(names) do env[name] = row[1][name] or false end
    local code = "local PORT, CA = " .. string.format("%q, %q",
      server.port, row[1].ca) .. "\n" .. script
    local r = t.run{ cmd = { t.lurl, "-e", code }, env = env }
    t.eq(r.stderr, "", "stderr")
    t.match(r.stdout, row.want, "stdout")
    if row.want:find "^verify" then server:untouched() end
    if row.want:find ": " then server.process:expect "^request from" end
  end)
end

t.test("verify=false is told once a host", function()
  local r = t.run{ cmd = { t.lurl, "-W", "-e", string.format([[
    local at = "direct.test:" .. %q
    local options = { verify = false,
      resolve = { [at] = "127.0.0.1:" .. %q }, timeout = 20 }
    for _ = 1, 3 do print(https.get("https://" .. at, options).status) end
  ]], server.port, server.port) } }
  t.eq(r.stdout, "200\n200\n200\n", "stdout")
  local _, count = r.stderr:gsub("direct%.test", "")
  t.eq(count, 1, "warnings in " .. r.stderr)
  for _ = 1, 3 do server.process:expect "^request from" end
end)

---------------------------------------------------------------------------
-- What is no store is refused before the name is looked up: it does not exist.

t.write(dir .. "/empty.pem", "")
t.write(dir .. "/garbage.pem", ("\0\255garbage\n"):rep(100))
t.write(dir .. "/text.pem", "no certificate here\n")
t.write(dir .. "/key.pem", t.read(pki .. "/root.key"))
t.write(dir .. "/damaged.pem", (t.read(pem "root"):gsub("\n....", "\nAAAA", 3)))
t.write(dir .. "/second.pem",
  t.read(pem "root") .. t.read(dir .. "/damaged.pem"))
t.write(dir .. "/cut.pem", t.read(pem "root"):sub(1, 200))
t.write(dir .. "/tail.pem",
  t.read(pem "root") .. t.read(pem "root"):sub(1, 200))
assert(os.execute("mkdir " .. dir .. "/none " .. dir .. "/unhashed && cp " ..
  pem "root" .. " " .. dir .. "/unhashed && openssl x509 -in " .. pem "root" ..
  " -outform der -out " .. dir .. "/der.pem"))

-- names: what the message must mention
local bad = {
  { "missing", dir .. "/missing.pem", names = "missing%.pem" },
  { "empty", dir .. "/empty.pem", names = "empty%.pem" },
  { "garbage", dir .. "/garbage.pem", names = "garbage%.pem" },
  { "text", dir .. "/text.pem", names = "text%.pem" },
  { "key only", dir .. "/key.pem", names = "key%.pem.*key" },
  { "DER", dir .. "/der.pem", names = "der%.pem.*DER" },
  { "damaged", dir .. "/damaged.pem", names = "damaged%.pem" },
  { "second one damaged", dir .. "/second.pem", names = "second%.pem" },
  { "cut off", dir .. "/cut.pem", names = "cut%.pem" },
  { "second one cut off", dir .. "/tail.pem", names = "tail%.pem" },
  { "empty directory", dir .. "/none", names = "none" },
  { "directory that is not hashed", dir .. "/unhashed", names = "unhashed" },
  { "empty string", "", names = "" },
  { "device", "/dev/null", names = "/dev/null" },
  { "damaged text", "-----BEGIN CERTIFICATE-----\nAAAA\n" ..
    "-----END CERTIFICATE-----\n", names = "" },
  { "list with a missing one", { pem "root", dir .. "/missing.pem" },
    names = "missing%.pem" },
  { "list with an empty one", { dir .. "/empty.pem", pem "root" },
    names = "empty%.pem" },
}

local function refused_unsent (options, code, names_what)
  local err = t.raises(function()
    https.get("https://no-such-host.invalid/", options)
  end, "usage", code)
  t.eq(err.sent, false, "sent")
  t.match(err.message, names_what, "message")
end

for _, row in ipairs(bad) do
  t.test("ca refused: " .. row[1], function()
    refused_unsent({ ca = row[2] }, "value", row.names)
  end)
  if type(row[2]) == "string" then
    t.test("verify refused: " .. row[1], function()
      refused_unsent({ verify = row[2] }, "value", row.names)
    end)
  end
end

-- No value but false turns verification off.
local misuse = {
  { "number", { verify = 0 } },
  { "function", { verify = print } },
  { "unknown key", { verify = { nam = false } } },
  { "list", { verify = { "chain" } } },
  { "word in the table", { verify = { name = "false" } } },
  { "number in the table", { verify = { chain = 0 } } },
  { "ca with verify=false", { verify = false, ca = root } },
  { "ca a number", { ca = 1 } },
  { "ca false", { ca = false } },
  { "ca an empty list", { ca = {} } },
  { "ca a list of numbers", { ca = { 1 } } },
  { "ca a table of words", { ca = { file = root } } },
  { "ca and verify's path", { verify = root, ca = root } },
}

for _, row in ipairs(misuse) do
  t.test("misuse: " .. row[1], function()
    refused_unsent(row[2], { "option", "type", "value" }, "%w")
  end)
end

t.test("nginx saw no other request", function()
  for _, line in ipairs(server:stop()) do
    if line:find "^request from" then error(line) end
  end
end)

t.finish()
