-- Option tls: versions, ciphers, groups and ALPN, by what servers get of them;
-- and that nothing in it makes a connection weaker.
local t = require "tests.harness"
local servers = require "tests.tls.servers"
local rows = require "tests.tls.rows"
local https = require "https"

local root = rows.pem "root"

-- One row against an s_server of its own.
local function alone (args, row)
  local s = servers.s_server{ cert = row.cert or "good", args = args,
    answer = row.want == "ok" }
  row.host = (row.cert or "good") .. ".test"
  local ok, result = pcall(rows.run, row, s)
  s:stop()
  if not ok then error(result, 0) end
  return result
end

local ECDHE = "ECDHE-ECDSA-AES128-GCM-SHA256"
local CHACHA = "ECDHE-ECDSA-CHACHA20-POLY1305"
local NEITHER = "nothing in common with what option tls allows"

-- label, s_server's arguments, tls, want; fields of response.tls, or the hint
local limits = {
  { "default", {}, nil, "ok", { version = "TLSv1.3" } },
  { "max 1.2", {}, { max = "1.2" }, "ok", { version = "TLSv1.2" } },
  { "min 1.3", {}, { min = "1.3" }, "ok", { version = "TLSv1.3" } },
  { "min and max 1.2", {}, { min = "1.2", max = "1.2" }, "ok",
    { version = "TLSv1.2" } },
  { "min 1.2", { "-tls1_2" }, { min = "1.2" }, "ok", { version = "TLSv1.2" } },
  { "max 1.3", { "-tls1_3" }, { max = "1.3" }, "ok", { version = "TLSv1.3" } },
  { "min above the server's", { "-tls1_2" }, { min = "1.3" }, "tls/version",
    hints = NEITHER },
  { "max below the server's", { "-tls1_3" }, { max = "1.2" }, "tls/version",
    hints = NEITHER },
  { "empty table", {}, {}, "ok", { version = "TLSv1.3" } },

  { "a cipher", {}, { max = "1.2", ciphers = ECDHE }, "ok",
    { cipher = ECDHE } },
  { "another cipher", {}, { max = "1.2", ciphers = CHACHA }, "ok",
    { cipher = CHACHA } },
  { "two ciphers", { "-cipher", CHACHA }, { max = "1.2",
    ciphers = ECDHE .. ":" .. CHACHA }, "ok", { cipher = CHACHA } },
  { "a cipher that the server has not", { "-cipher", CHACHA },
    { max = "1.2", ciphers = ECDHE }, "tls/cipher", hints = NEITHER },
  { "a level above", {}, { max = "1.2", ciphers = ECDHE .. ":@SECLEVEL=3" },
    "ok", { cipher = ECDHE } },
  -- No forward secrecy is not offered by default, but may be asked for.
  { "static RSA by default", { "-tls1_2", "-cipher", "AES128-GCM-SHA256" },
    nil, "tls/cipher", cert = "rsa" },
  { "static RSA asked for", { "-tls1_2", "-cipher", "AES128-GCM-SHA256" },
    { ciphers = "AES128-GCM-SHA256" }, "ok",
    { cipher = "AES128-GCM-SHA256" }, cert = "rsa" },

  { "a group", { "-groups", "P-384" }, { curves = "P-384" }, "ok" },
  { "a list of groups", { "-groups", "P-384" },
    { curves = { "X25519", "P-384" } }, "ok" },
  { "groups with commas", { "-groups", "P-256" },
    { curves = "X25519,P-256" }, "ok" },
  { "a group that the server has not", { "-groups", "P-521" },
    { curves = "X25519" }, "tls/cipher", hints = NEITHER },

  { "ALPN", { "-alpn", "foo,http/1.1" }, { alpn = "http/1.1" }, "ok",
    { alpn = "http/1.1" } },
  { "a list of ALPN", { "-alpn", "http/1.1" },
    { alpn = { "http/1.0", "http/1.1" } }, "ok", { alpn = "http/1.1" } },
  { "ALPN that the server does not look at", {}, { alpn = "http/1.1" }, "ok" },
  { "ALPN that the server has not", { "-alpn", "foo" },
    { alpn = "http/1.1" }, "tls/alert", hints = "tls%.alpn" },
}

for _, row in ipairs(limits) do
  t.test(row[1], function ()
    alone(row[2], { options = { tls = row[3] }, want = row[4], tls = row[5],
      hints = row.hints, cert = row.cert })
  end)
end

t.test("no ALPN where only HTTP/1.1 is wanted", function ()
  t.eq(alone({ "-alpn", "foo" }, { want = "ok",
    options = { http = "1.1" } }).tls.alpn, nil, "alpn")
end)

-- A certificate that is weak stays so, whatever the ciphers.
for _, cert in ipairs{ "rsa1024", "sha1" } do
  t.test("weak with ciphers of one's own: " .. cert, function ()
    alone({ "-cipher", "ALL:@SECLEVEL=0" }, { cert = cert,
      options = { tls = { ciphers = "ALL:!aNULL" } }, want = "verify/weak" })
  end)
end

-- Without a certificate there is nobody to verify.
t.test("anonymous ciphers", function ()
  local o = { tls = { max = "1.2", ciphers = "aNULL:ECDHE+AESGCM" } }
  alone({ "-tls1_2", "-cipher", "aNULL:@SECLEVEL=0" }, { options = o,
    want = { "tls/cipher", "verify/other" } })
end)

---------------------------------------------------------------------------
-- A session's and a call's.

local nginx = servers.nginx{ ["good.test"] = "good" }

local function version (session, options)
  local r = rows.run({ host = "good.test", session = session, want = "ok",
    options = options }, nginx, "good")
  return r.tls.version, r.tls.alpn, r.timings.reused
end

t.test("connections of other limits are not each other's", function ()
  local low = { tls = { max = "1.2" }, http = "1.1" }
  local high = { tls = { min = "1.3" }, http = "1.1" }
  for _ = 1, 2 do
    t.eq(version(nil, low), "TLSv1.2", "low")
    t.eq(version(nil, high), "TLSv1.3", "high")
    t.eq(version(nil, { http = "1.1" }), "TLSv1.3", "none")
  end
  t.eq({ version(nil, { tls = { max = "1.2" }, http = "1.1" }) }, { "TLSv1.2", nil, true },
    "another table of the same")
end)

t.test("parts of a session and of a call go together", function ()
  local s <close> = https.session{ ca = root, http = "1.1",
    tls = { max = "1.2", alpn = "http/1.1" } }
  local function is (options, want, alpn)
    local got, protocol = version(s, options)
    t.eq({ got, protocol }, { want, alpn }, "version and ALPN")
  end
  is({}, "TLSv1.2", "http/1.1")
  is({ tls = {} }, "TLSv1.2", "http/1.1")
  is({ tls = { curves = "P-256" } }, "TLSv1.2", "http/1.1")
  is({ tls = { max = "1.3" } }, "TLSv1.3", "http/1.1")
  is({ tls = false }, "TLSv1.3", nil)
  is({ ca = root, verify = true }, "TLSv1.2", "http/1.1")
  is({ verify = false }, "TLSv1.2", "http/1.1")
  t.raises(function ()
    s:get("https://no-such-host.invalid/", { tls = { min = "1.3" } })
  end, "usage", "value")
end)

---------------------------------------------------------------------------
-- What makes no sense.

local LEVEL = "level below 2"

local wrong = {
  { "not a table", "1.3", "'tls' must be a table", "type" },
  { "number", 1.3, "'tls' must be a table", "type" },
  { "true", true, "'tls' must be a table", "type" },
  { "unknown part", { mim = "1.2" }, "did you mean 'min'", "option" },
  { "another unknown part", { cipher = "ALL" }, "did you mean 'ciphers'",
    "option" },
  { "list", { "1.2" }, "unknown part '1'", "option" },
  { "TLS 1.1", { min = "1.1" }, "broken %(RFC 8996%)" },
  { "TLS 1.0", { min = "1.0" }, "broken" },
  { "TLS 1.1 as a number", { max = 1.1 }, "broken" },
  { "SSL 3", { min = "3.0" }, "must be \"1.2\" or \"1.3\"" },
  { "TLS 1.4", { max = "1.4" }, "must be" },
  { "libtls's word", { min = "tlsv1.2" }, "must be" },
  { "number", { min = 1.2 }, "must be", "type" },
  { "version true", { min = true }, "must be", "type" },
  { "min above max", { min = "1.3", max = "1.2" }, "above its max" },
  { "no such cipher", { ciphers = "NOSUCH" }, "no ciphers for 'NOSUCH'" },
  { "no cipher", { ciphers = "" }, "is empty" },
  { "ciphers a table", { ciphers = { ECDHE } }, "must be a string", "type" },
  { "ciphers with NUL", { ciphers = ECDHE .. "\0" }, "NUL" },
  { "level 0", { ciphers = "ALL:@SECLEVEL=0" }, LEVEL },
  { "level 1", { ciphers = "@SECLEVEL=1:ALL" }, LEVEL },
  { "level 2, then 0", { ciphers = "ALL:@SECLEVEL=2:@SECLEVEL=0" }, LEVEL },
  { "level 20", { ciphers = "ALL:@SECLEVEL=20" }, LEVEL },
  { "no level", { ciphers = "ALL:@SECLEVEL=" }, LEVEL },
  { "a suite that is none", { ciphers = ECDHE .. ":TLS_NO_SUCH" },
    "there is no TLS_NO_SUCH" },
  { "no such curve", { curves = "NOSUCH" }, "invalid ecdhe curve 'NOSUCH'" },
  { "a curve and none", { curves = { "X25519", "NOSUCH" } }, "NOSUCH" },
  { "curves empty", { curves = "" }, "has a name that is none: ''" },
  { "curves an empty list", { curves = {} }, "empty list" },
  { "curves a number", { curves = 5 }, "a string or a list", "type" },
  { "curves a list of numbers", { curves = { 25519 } }, "list of strings",
    "type" },
  { "ALPN empty", { alpn = "" }, "none: ''" },
  { "ALPN with an empty name", { alpn = "http/1.1,,foo" }, "none: ''" },
  { "ALPN with a comma in a name", { alpn = { "a,b" } }, "none: 'a,b'" },
  { "ALPN too long", { alpn = ("x"):rep(256) }, "none" },
  { "ALPN with NUL", { alpn = "a\0b" }, "none" },
  { "ALPN h2", { alpn = { "h2", "http/1.1" } }, "h2" },
  { "ALPN h2 in a string", { alpn = "http/1.1,h2" }, "h2" },
}

for _, row in ipairs(wrong) do
  t.test("wrong: " .. row[1], function ()
    rows.unsent{ options = { tls = row[2] }, says = row[3], code = row[4] }
  end)
end

-- LibreTLS would say nothing and offer all of them.
t.test("a suite of TLS 1.3 is chosen or refused", function ()
  local suite = "TLS_CHACHA20_POLY1305_SHA256"
  local options = { tls = { ciphers = ECDHE .. ":" .. suite } }
  local ok, r = pcall(rows.get, { host = "good.test", options = options },
    nginx)
  if ok then
    t.eq(r.tls.cipher, "AEAD-CHACHA20-POLY1305-SHA256", "cipher")
    nginx.process:expect "^request from"
  else
    t.eq({ r.kind, r.code, r.sent }, { "usage", "value", false }, "error")
    t.ok(r.message:find(suite, 1, true), r.message)
  end
end)

t.test("nginx saw no other request", function ()
  for _, line in ipairs(nginx:stop()) do
    if line:find "^request from" then error(line) end
  end
end)

t.finish()
