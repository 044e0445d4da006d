-- Pins: of the certificate and of its public key, besides all other checks and
-- with none of them; checked before a byte of a request is sent.
local t = require "tests.harness"
local servers = require "tests.tls.servers"
local rows = require "tests.tls.rows"
local https = require "https"

warn "@off"

local pem = rows.pem
local root = pem "root"

local function output (command)
  local p <close> = assert(io.popen(command))
  return (p:read "a":gsub("%s", ""))
end

-- As people make them.
local function of_cert (name)
  return "sha256:" .. output("openssl x509 -outform der -in " .. pem(name) ..
    " | openssl dgst -sha256 -r | cut -c1-64")
end

local function of_key (name)
  return "sha256//" .. output("openssl x509 -pubkey -noout -in " .. pem(name) ..
    " | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary" ..
    " | openssl base64")
end

local good, good_key = of_cert "good", of_key "good"
local rsa_key, direct_key = of_key "rsa", of_key "direct"
local hex = good:match ":(.*)"
local colons = hex:gsub("%x%x", "%0:"):sub(1, -2)

local hosts = {
  ["good.test"] = "good", ["rsa.test"] = "rsa", ["p384.test"] = "p384",
  ["ed25519.test"] = "ed25519", ["self.test"] = "self",
  ["unknown.test"] = "unknown", ["expired.test"] = "expired",
  ["wrong.test"] = "wrong", ["direct.test"] = "direct",
  ["there.wild.test"] = { cert = "wild",
    returns = "302 https://direct.test:$server_port/" },
}
local nginx = servers.nginx(hosts)
nginx.hosts = { "there.wild.test", "direct.test" }

local function certificate (host)
  return type(hosts[host]) == "table" and hosts[host].cert or hosts[host]
end

local off, no_chain = { verify = false }, { verify = { chain = false } }

-- label, host, pin, want; options besides
local pinned = {
  { "certificate", "good.test", good, "ok" },
  { "certificate, capitals", "good.test", "sha256:" .. hex:upper(), "ok" },
  { "certificate, all capitals", "good.test", good:upper(), "ok" },
  { "certificate, colons", "good.test", "sha256:" .. colons, "ok" },
  { "public key", "good.test", good_key, "ok" },
  { "public key, RSA", "rsa.test", rsa_key, "ok" },
  { "public key, P-384", "p384.test", of_key "p384", "ok" },
  { "public key, Ed25519", "ed25519.test", of_key "ed25519", "ok" },
  { "list of one", "good.test", { good }, "ok" },
  { "first of a list", "good.test", { good_key, rsa_key }, "ok" },
  { "last of a list", "good.test", { rsa_key, direct_key, good }, "ok" },
  { "another certificate", "good.test", of_cert "direct",
    "verify/pin-mismatch" },
  { "another key", "good.test", rsa_key, "verify/pin-mismatch" },
  { "a list of others", "good.test", { rsa_key, of_cert "rsa" },
    "verify/pin-mismatch" },
  { "the issuer's certificate", "good.test", of_cert "inter",
    "verify/pin-mismatch" },
  { "the issuer's key", "good.test", of_key "inter", "verify/pin-mismatch" },
  { "the root's key", "good.test", of_key "root", "verify/pin-mismatch" },
  { "the key's digest as a certificate's", "good.test", "sha256:" ..
    https.base64.decode(good_key:sub(9)):gsub(".", function (c)
      return ("%02x"):format(c:byte())
    end), "verify/pin-mismatch" },

  -- Besides all other checks: it lifts none.
  { "expired", "expired.test", of_cert "expired", "verify/expired" },
  { "unknown root", "unknown.test", of_key "unknown",
    "verify/unknown-issuer" },
  { "another name", "wrong.test", of_key "wrong", "verify/name-mismatch" },
  { "self-signed", "self.test", of_key "self",
    { "verify/self-signed", "verify/unknown-issuer" } },

  -- With no other check it decides.
  { "self-signed, off", "self.test", of_key "self", "ok", off },
  { "expired, off", "expired.test", of_cert "expired", "ok", off },
  { "another name, off", "wrong.test", of_key "wrong", "ok", off },
  { "self-signed, no chain", "self.test", of_key "self", "ok", no_chain },
  { "another key, off", "good.test", rsa_key, "verify/pin-mismatch", off },
  { "another certificate, off", "self.test", good, "verify/pin-mismatch", off },
  { "another key, no chain", "self.test", rsa_key, "verify/pin-mismatch",
    no_chain },
  { "another key, nothing", "self.test", rsa_key, "verify/pin-mismatch",
    { verify = { chain = false, name = false, time = false } } },
  { "no pin, off", "self.test", false, "ok", off },
}

for _, row in ipairs(pinned) do
  for _, version in ipairs{ "1.2", "1.3" } do
    t.test(row[1] .. ", TLS " .. version, function ()
      local options = { pin = row[3], tls = { max = version } }
      for name, value in pairs(row[5] or {}) do options[name] = value end
      rows.run({ host = row[2], options = options, want = row[4] }, nginx,
        certificate(row[2]))
    end)
  end
end

t.test("the hash of a response is a pin", function ()
  local r = rows.run({ host = "good.test", want = "ok" }, nginx, "good")
  t.eq(r.tls.hash:lower(), good, "hash")
  rows.run({ host = "good.test", options = { pin = r.tls.hash }, want = "ok" },
    nginx, "good")
end)

t.test("a mismatch tells the server's pin, and when to be wary", function ()
  local err = rows.refused({ host = "good.test", options = { pin = rsa_key },
    want = "verify/pin-mismatch" }, nginx)
  t.ok(err.message:find(good_key, 1, true), err.message)
  t.match(err.hint, "whoever has answered", "hint")
end)

t.test("tls tells that a pin alone is trusted", function ()
  rows.run({ host = "self.test", options = { pin = of_key "self",
    verify = false }, want = "ok", tls = { verified = false, trust = "pin" } },
    nginx, "self")
end)

-- Nobody on the way can do what the warning tells of.
t.test("verify=false with a pin is not warned of", function ()
  local code = ([[
    local at = "self.test:" .. %q
    local function get (pin)
      return https.get("https://" .. at .. "/", { verify = false, pin = pin,
        timeout = 20, resolve = { [at] = "127.0.0.1:" .. %q } }).status
    end
    print(get(%q))
    io.stderr:write "now without\n"
    print(get())
  ]]):format(nginx.port, nginx.port, of_key "self")
  local r = t.run{ cmd = { t.lurl, "-W", "-e", code } }
  t.eq(r.stdout, "200\n200\n", "stdout")
  t.match(r.stderr, "^now without\n[^\n]*self%.test[^\n]*\n$", "stderr")
  for _ = 1, 2 do nginx.process:expect "^request from" end
end)

---------------------------------------------------------------------------
-- Whose pins count, and for whom.

t.test("a connection without a pin serves no request with one", function ()
  for _ = 1, 2 do
    rows.run({ host = "good.test", want = "ok" }, nginx, "good")
    rows.run({ host = "good.test", options = { pin = rsa_key },
      want = "verify/pin-mismatch" }, nginx)
    rows.run({ host = "good.test", options = { pin = good }, want = "ok" },
      nginx, "good")
  end
end)

t.test("pins of a list that is written to", function ()
  local list = { good }
  local row = { host = "good.test", options = { pin = list }, want = "ok" }
  rows.run(row, nginx, "good")
  list[1], row.want = rsa_key, "verify/pin-mismatch"
  rows.run(row, nginx)
end)

t.test("pins of a session", function ()
  local s <close> = https.session{ ca = root, pin = rsa_key }
  local function get (host, options, want)
    rows.run({ host = host, session = s, options = options, want = want },
      nginx, certificate(host))
  end
  get("rsa.test", nil, "ok")
  get("good.test", nil, "verify/pin-mismatch")
  get("good.test", { verify = false }, "verify/pin-mismatch")
  get("good.test", { verify = { chain = false } }, "verify/pin-mismatch")
  get("good.test", { ca = root }, "verify/pin-mismatch")
  get("good.test", { pin = good }, "ok")
  get("good.test", { pin = false }, "ok")
  get("rsa.test", { pin = good }, "verify/pin-mismatch")
end)

local function follow (options, session)
  options.timeout = 20
  return rows.get({ host = "there.wild.test", options = options,
    session = session }, nginx)
end

t.test("a redirect leads to no server that is not pinned", function ()
  local err = t.raises(function () follow{ pin = of_key "wild" } end, "verify",
    "pin-mismatch")
  t.match(err.url, "direct%.test", "url")
  t.eq(err.sent, false, "sent")
  nginx.process:expect "^request from"
  nginx:untouched(rows.looks(err))
end)

t.test("a redirect to another server that is pinned", function ()
  for _, options in ipairs{ { pin = { of_key "wild", direct_key } },
      { pin = { of_cert "wild", of_cert "direct" }, verify = false } } do
    local r = follow(options)
    t.eq({ r.status, #r.history }, { 200, 1 }, "status and history")
    for _ = 1, 2 do nginx.process:expect "^request from" end
  end
end)

t.test("a failed pin is never tried again", function ()
  local s <close> = servers.httpsd{ cert = "good" }
  rows.refused({ host = "good.test", options = { pin = rsa_key,
    retries = { max = 3, backoff = 0 } }, want = "verify/pin-mismatch" }, s)
  local more = 0
  for _, line in ipairs(s:stop()) do
    if line:find "^conn " then more = more + 1 end
  end
  t.eq(more, 0, "more connections")
end)

---------------------------------------------------------------------------
-- What is no pin is said before anything is looked up.

local zeros = ("0"):rep(64)
local key = good_key:sub(9)

local wrong = {
  { "empty", "", "no pin: ''" },
  { "no digits", "sha256:", "no pin" },
  { "63 digits", "sha256:" .. zeros:sub(2), "no pin" },
  { "65 digits", "sha256:0" .. zeros, "no pin" },
  { "no digit", "sha256:" .. zeros:sub(2) .. "g", "no pin" },
  { "digits alone", zeros, "no pin" },
  { "colons in the wrong places", "sha256:0:" .. zeros:sub(2), "no pin" },
  { "colon at the end", "sha256:" .. zeros .. ":", "no pin" },
  { "two colons", "sha256::" .. zeros, "no pin" },
  { "space", "sha256: " .. zeros, "no pin" },
  { "line end", "sha256:" .. zeros .. "\n", "no pin" },
  { "SHA-1", "sha1:" .. zeros:sub(1, 40), "no pin" },
  { "base64 as a certificate's", "sha256:" .. key, "no pin" },
  { "hexadecimal as a key's", "sha256//" .. zeros, "no pin" },
  { "no base64", "sha256//", "no pin" },
  { "short base64", "sha256//" .. key:sub(5), "no pin" },
  { "no padding", "sha256//" .. key:sub(1, 43), "no pin" },
  { "one slash", "sha256/" .. key, "no pin" },
  { "curl's list", "sha256//" .. key .. ";sha256//" .. key, "no pin" },
  { "base64 with a stray bit", "sha256//" .. ("A"):rep(42) .. "B=", "no pin" },
  { "a good one and a bad one", { good, "sha256:" }, "no pin" },
  { "empty list", {}, "empty list" },
  { "a table that is no list", { cert = good }, "must be a list", "type" },
  { "list of numbers", { 5 }, "must be a string", "type" },
  { "number", 5, "must be a string", "type" },
  { "true", true, "must be a string", "type" },
  { "NUL", good .. "\0", "NUL" },
}

for _, row in ipairs(wrong) do
  t.test("no pin: " .. row[1], function ()
    rows.unsent{ options = { pin = row[2] }, says = row[3], code = row[4] }
    rows.unsent{ options = { pin = row[2], verify = false }, says = row[3],
      code = row[4] }
  end)
end

t.test("nginx saw no other request", function ()
  for _, line in ipairs(nginx:stop()) do
    if line:find "^request from" then error(line) end
  end
end)

t.finish()
