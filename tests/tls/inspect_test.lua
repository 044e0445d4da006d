-- https.inspect: what is found in every certificate that matrix_test.lua has a
-- request refuse or accept, that both agree, and that nothing was sent.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local servers = require "tests.tls.servers"
local https = require "https"

warn "@off"     -- verify=false would be told once for each host

local pki = servers.pki
local function pem (name) return pki .. "/" .. name .. ".pem" end
local root = pem "root"

local function at (server, host)
  local authority = host .. ":" .. server.port
  return authority, { [authority] = "127.0.0.1:" .. server.port }
end

local function codes_of (list)
  local codes = {}
  for i, problem in ipairs(list) do
    codes[i] = problem.code .. (problem.index or "*")
  end
  table.sort(codes)
  return table.concat(codes, " ")
end

---------------------------------------------------------------------------
-- Each fault.  host: default CERT.test; ca: default the root; want: the codes
-- of all problems, each with the place of its certificate in what was sent,
-- "*" for one that was not; "" for none.

local faults = {
  -- Good.
  { "good", "" }, { "rsa", "" }, { "p384", "" }, { "ed25519", "" },
  { "direct", "" }, { "rootsent", "" }, { "disorder", "" }, { "noeku", "" },
  { "two", "", host = "two-a.test" }, { "many", "" }, { "upper", "" },
  { "wild", "", host = "a.wild.test" }, { "wild", "", host = "B.wild.test" },
  { "idn", "", host = "xn--bcher-kva.test" },
  { "underscore", "", host = "under_score.test" },
  { "permitted", "", host = "a.permitted.test" }, { "not-excluded", "" },
  { "self-ca", "", ca = pem "self-ca" },
  { "direct", "", ca = pem "bundle145" },
  { "good", "", ca = pki .. "/hashed" },

  -- Names.
  { "wrong", "name-mismatch1" }, { "two", "name-mismatch1" },
  { "cn-only", "name-mismatch1" }, { "cn-other", "name-mismatch1" },
  { "wild", "name-mismatch1", host = "a.b.wild.test" },
  { "wild-top", "name-mismatch1" }, { "ip", "name-mismatch1" },
  { "wild-part", "name-mismatch1", host = "www.part.test" },
  { "wild-middle", "name-mismatch1", host = "www.x.middle.test" },
  { "wild-twice", "name-mismatch1", host = "a.b.twice.test" },
  { "cn-email", "name-mismatch1" }, { "idn", "name-mismatch1" },
  { "ip-as-dns", "name-mismatch1" }, { "ip-as-cn", "name-mismatch1" },

  -- Time.
  { "expired", "expired1" }, { "future", "not-yet-valid1" },
  { "by-ca-expired", "expired2" }, { "by-ca-future", "not-yet-valid2" },
  { "by-root-expired", "expired*", ca = pem "root-expired" },
  { "by-root-future", "not-yet-valid*", ca = pem "root-future" },

  -- Two at once.
  { "expired-wrong", "expired1 name-mismatch1" },
  { "expired-unknown", "expired1 unknown-issuer2" },
  { "unknown-wrong", "name-mismatch1 unknown-issuer2" },
  { "self-expired", "expired1 self-signed1" },
  { "expired", "expired1 name-mismatch1", host = "another.test" },
  { "expired", "expired1 name-mismatch1 unknown-issuer2",
    host = "another.test", ca = pem "others" },

  -- Whom to trust.
  { "self", "self-signed1" }, { "self-ca", "self-signed1" },
  { "unknown", "unknown-issuer2" }, { "unknown-sent", "unknown-issuer3" },
  { "missing", "incomplete-chain1" },
  { "direct", "incomplete-chain1", ca = pem "others" },
  { "good", "unknown-issuer2", ca = pem "others" },
  { "good", "unknown-issuer2", ca = pem "inter" },

  -- Who may issue what.
  { "by-ca-false", "bad-ca2" }, { "by-ca-silent", "bad-ca2" },
  { "by-ca-nosign", "bad-ca2" }, { "too-deep", "bad-ca3" },
  { "by-leaf", "bad-ca2 bad-ca3" },
  { "not-permitted", "bad-ca1" },
  { "excluded", "bad-ca1", host = "a.excluded.test" },
  { "client", "bad-purpose1" }, { "crl-signer", "bad-purpose1" },
  { "critical", "other1" },

  -- Weak.
  { "rsa1024", "weak1" }, { "by-rsa1024", "weak2" }, { "sha1", "weak1" },
  { "by-sha1", "weak2" },
}

local names = {}
for _, row in ipairs(faults) do
  names[(row.host or row[1] .. ".test"):lower()] = row[1]
end
names["another.test"] = "expired"
names["permitted.test"] = nil
local nginx = servers.nginx(names)

-- Whether a request with these options gets what the report says.
local function check_agreement (report, authority, options)
  local ok, result = pcall(https.get, "https://" .. authority .. "/", options)
  t.eq(report.verified, ok and result.tls.verified, "verified")
  t.eq(report.error and report.error.code, not ok and result.code or nil,
    "code of the refusal")
  t.eq(report.error and report.error.message,
    not ok and result.message or nil, "message of the refusal")
  if ok then
    t.eq(report.trust, result.tls.trust, "trust")
    t.eq(report.version, result.tls.version, "version")
    t.eq(report.cipher, result.tls.cipher, "cipher")
    t.eq("SHA256:" .. report.chain[1].sha256, result.tls.hash, "hash")
    t.eq(report.chain[1].not_after, result.tls.not_after, "not_after")
    t.eq(report.chain[1].not_before, result.tls.not_before, "not_before")
  end
end

for _, row in ipairs(faults) do
  local name, want = row[1], row[2]
  local host = (row.host or name .. ".test"):lower()
  t.test(("%s, as %s: %s"):format(name, host, want == "" and "good" or want),
  function ()
    local authority, resolve = at(nginx, host)
    local options = { ca = row.ca or root, resolve = resolve, timeout = 20 }
    local report = https.inspect(authority, options)
    t.eq(codes_of(report.problems), want, "problems")
    t.eq(report.verified, want == "", "verified")
    t.eq(report.warnings, {}, "warnings")
    t.eq({ report.host, report.port }, { host:lower(),
      math.tointeger(nginx.port) }, "whom it is about")
    for _, problem in ipairs(report.problems) do
      t.match(problem.message, "^[^\n]+$", "message")
      if problem.index then
        t.eq(problem.subject, report.chain[problem.index].subject, "subject")
      end
    end
    t.match(tostring(report), "^[\n -~]+\n$", "as text")
    check_agreement(report, authority, options)
  end)
end

t.test("what came was a request of nobody but https.get", function ()
  local requests, good = 0, 0
  for _, row in ipairs(faults) do good = good + (row[2] == "" and 1 or 0) end
  for _, line in ipairs(nginx:stop()) do
    if line:find "^request from" then requests = requests + 1 end
  end
  -- One of a kind is kept for the next, so count no connections.
  t.eq(requests, good, "requests")
end)

---------------------------------------------------------------------------
-- The facts.

local function inspect (server, host, options)
  local authority, resolve = at(server, host)
  options.resolve, options.timeout = resolve, 20
  return https.inspect(authority, options)
end

-- What openssl says of a certificate.
local function openssl (name, words)
  local p <close> = io.popen("openssl x509 -noout -in " .. pem(name) .. " "
    .. words)
  return p:read("a"):gsub("\n$", "")
end

t.test("facts are those that openssl tells", function ()
  local server <close> = servers.httpsd { cert = "good" }
  local report = inspect(server, "good.test", { ca = root })
  t.eq(#report.chain, 2, "certificates sent")
  t.eq(#report.path, 3, "certificates on the way")
  t.ok(report.path[1] == report.chain[1], "the way begins with the server's")
  t.eq(report.path[3].trusted, true, "the way ends in trust")
  for i, name in ipairs { "good", "inter", "root" } do
    local fact = report.path[i]
    t.eq(fact.pem, t.read(pem(name)), name .. ": pem")
    t.eq(fact.subject, openssl(name, "-subject -nameopt sep_comma_plus_space")
      :gsub("^subject=", ""), name .. ": subject")
    t.eq(fact.issuer, openssl(name, "-issuer -nameopt sep_comma_plus_space")
      :gsub("^issuer=", ""), name .. ": issuer")
    t.eq(fact.serial:upper(), openssl(name, "-serial"):match "=(.*)",
      name .. ": serial")
    t.eq(fact.sha256:upper(), openssl(name, "-fingerprint -sha256")
      :match "=(.*)":gsub(":", ""), name .. ": sha256")
    t.eq(fact.ca, name ~= "good", name .. ": ca")
    t.eq(fact.key, "EC 256", name .. ": key")
    t.eq(fact.signature, "ecdsa-with-SHA256", name .. ": signature")
    t.eq(fact.self_signed, name == "root", name .. ": self_signed")
  end
  local key = io.popen("openssl x509 -pubkey -noout -in " .. pem "good"
    .. " | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary"
    .. " | openssl base64")
  t.eq(report.chain[1].pin, "sha256//" .. key:read "l", "pin")
  key:close()
  t.eq(report.chain[1].names, { "good.test" }, "names")
  t.eq(report.chain[1].signer, 2, "signer")
  t.eq(report.chain[2].signer, nil, "signer that was not sent")
  server:untouched()
end)

local keys = { rsa = "RSA 2048", p384 = "EC 384", ed25519 = "Ed25519" }
for name, want in pairs(keys) do
  t.test("key of " .. name, function ()
    local server <close> = servers.httpsd { cert = name }
    local report = inspect(server, name .. ".test", { ca = root })
    t.eq(report.chain[1].key, want, "key")
  end)
end

t.test("signers, in disorder", function ()
  local server <close> = servers.httpsd { cert = "disorder" }
  local report = inspect(server, "disorder.test", { ca = root })
  local signers = {}
  for i, fact in ipairs(report.chain) do signers[i] = fact.signer or 0 end
  t.eq(signers, { 4, 2, 0, 2 }, "signers")
  t.match(tostring(report), "not needed: unknown%-ca", "the stranger")
end)

t.test("601 names", function ()
  local server <close> = servers.httpsd { cert = "many" }
  local report = inspect(server, "many.test", { ca = root })
  t.eq(#report.chain[1].names, 601, "names")
  t.match(tostring(report), "and 595 more", "as text")
end)

---------------------------------------------------------------------------
-- Trust: the options of a request.

local trusts = {
  { "verify=path", { verify = root }, true },
  { "system", {}, false },
  { "list", { ca = { pem "others", root } }, true },
  { "PEM text", { ca = t.read(root) }, true },
  { "verify=false", { verify = false }, false },
  { "name unchecked", { ca = root, verify = { name = false } }, false },
}

for _, row in ipairs(trusts) do
  t.test("trust: " .. row[1], function ()
    local server <close> = servers.httpsd { cert = "good" }
    local report = inspect(server, "good.test", row[2])
    t.eq(report.verified, row[3], "verified")
    server:untouched()
    local authority = at(server, "good.test")
    check_agreement(report, authority, row[2])
  end)
end

t.test("verify=false: no refusal, and still all that is wrong", function ()
  local server <close> = servers.httpsd { cert = "expired-wrong" }
  local report = inspect(server, "good.test", { verify = false })
  t.eq({ report.error, report.verified, report.trust }, { nil, false, "none" })
  t.eq(codes_of(report.problems), "expired1 name-mismatch1 unknown-issuer2")
  server:untouched()
end)

t.test("servername", function ()
  local server <close> = servers.httpsd { cert = "good" }
  t.eq(inspect(server, "other.test", { ca = root,
    servername = "good.test" }).verified, true, "verified")
end)

t.test("the environment names the trust", function ()
  local server <close> = servers.httpsd { cert = "good" }
  local code = ("print(https.inspect('good.test:%s', {resolve={['good.test:%s']"
    .. "='127.0.0.1'}}).trust)"):format(server.port, server.port)
  local got = t.run { cmd = { t.lurl, "-e", code },
                      env = { SSL_CERT_FILE = root } }
  t.eq(got.stdout, "env: SSL_CERT_FILE\n", "trust; " .. got.stderr)
end)

---------------------------------------------------------------------------
-- Pins, revocation and limits: what only the handshake of a request tells is
-- among the problems, too.

local stapling = "ssl_stapling on; ssl_stapling_file PKI/%s.ocsp;"
local special = servers.nginx {
  ["good.test"] = "good", ["expired.test"] = "expired",
  ["revoked.test"] = "revoked",
  ["good.stapled.test"] = { cert = "stapled", conf = stapling:format "good" },
  ["revoked.stapled.test"] = { cert = "stapled",
    conf = stapling:format "revoked" },
  ["none.stapled.test"] = "stapled",
}
local function crl (name) return pki .. "/" .. name .. ".crl" end
local crls = { crl "root", crl "inter" }
local other_pin = "sha256:" .. ("0"):rep(64)

-- label, host, options, problems, ocsp
local more = {
  { "pin", "good.test", { pin = other_pin }, "pin-mismatch1" },
  { "pin, and expired", "expired.test", { pin = other_pin },
    "expired1 pin-mismatch1" },
  { "pin, and not verified", "good.test", { pin = other_pin, verify = false },
    "pin-mismatch1 unknown-issuer2" },
  { "no list", "good.test", { crl = crl "root" }, "crl-missing*" },
  { "lists", "good.test", { crl = crls }, "" },
  { "revoked", "revoked.test", { crl = crls }, "revoked*" },
  { "nobody asks for revocation", "revoked.test", {}, "" },
  { "stapled", "good.stapled.test", {}, "", "good" },
  { "stapled and asked for", "good.stapled.test", { ocsp = "require" }, "",
    "good" },
  { "stapled: revoked", "revoked.stapled.test", {}, "revoked*" },
  { "not stapled", "none.stapled.test", {}, "" },
  { "not stapled but asked for", "none.stapled.test", { ocsp = "require" },
    "ocsp*" },
  { "TLS 1.2", "good.test", { tls = { max = "1.2" } }, "" },
}

for _, row in ipairs(more) do
  local label, host, options, want, ocsp = table.unpack(row, 1, 5)
  t.test(label, function ()
    local authority, resolve = at(special, host)
    options.resolve, options.timeout = resolve, 20
    if options.verify == nil then options.ca = root end
    local report = https.inspect(authority, options)
    t.eq(codes_of(report.problems), want, "problems")
    t.eq(report.verified, want == "", "verified")
    t.eq(#report.chain, 2, "certificates seen")
    if want == "" then t.eq(report.ocsp ~= nil, ocsp ~= nil, "staple") end
    if ocsp then t.match(report.ocsp, ocsp, "ocsp") end
    if options.tls then t.eq(report.version, "TLSv1.2", "version") end
    check_agreement(report, authority, options)
  end)
end

t.test("TLS 1.3 refused", function ()
  local server <close> = servers.s_server { cert = "good",
    args = { "-tls1_2" } }
  t.raises(function ()
    inspect(server, "good.test", { ca = root, tls = { min = "1.3" } })
  end, "tls", "version")
end)

t.test("no client certificate without the trust that it is for", function ()
  local server <close> = servers.httpsd { cert = "expired" }
  local report = inspect(server, "expired.test", { ca = root,
    cert = pem "good", key = pki .. "/good.key" })
  t.eq(codes_of(report.problems), "expired1", "problems")
end)

---------------------------------------------------------------------------
-- Versions and ciphers.

local function many_times (args)
  local cmd = { "openssl", "s_server", "-accept", "127.0.0.1:0", "-www",
    "-cert", pem "good", "-key", pki .. "/good.key", "-cert_chain",
    pem "inter" }
  table.move(args, 1, #args, #cmd + 1, cmd)
  local p = t.spawn { cmd = cmd, ready = "^ACCEPT .*:(%d+)$" }
  return setmetatable({ port = p.captures[1] }, { __close = function ()
    p:stop()
  end })
end

-- "ECDHE-..." and so on of 1.2, in any order; old: 1.0 and 1.1
local offers = {
  { "everything but old", { "-no_tls1", "-no_tls1_1", "-cipher",
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384" },
    { "1.2", "1.3" },
    "ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384" },
  { "1.2 with a weak one", { "-tls1_2", "-cipher",
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA" }, { "1.2" },
    "ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-CHACHA20-POLY1305" },
  { "1.3 alone", { "-tls1_3" }, { "1.3" } },
  { "1.2 and older", { "-no_tls1_3", "-cipher",
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0" },
    { "1.2" }, "ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA",
    old = true },
}

for _, row in ipairs(offers) do
  t.test("offers: " .. row[1], function ()
    local server <close> = many_times(row[2])
    local report = inspect(server, "good.test", { ca = root, offers = true,
      tls = row.tls })
    local got, by_name = {}, {}
    for i = #report.offers, 1, -1 do
      local entry = report.offers[i]
      by_name[entry.version] = entry
      if entry.offered and entry.version > "1.1" then
        got[#got + 1] = entry.version
      end
      -- LibreSSL cannot try, and does not say that it has.
      if entry.version < "1.2" then
        t.ok(entry.offered == nil or entry.offered == (row.old or false),
          entry.version)
      end
    end
    t.eq(got, row[3], "versions")
    if row[4] then
      t.eq(by_name["1.2"].all, true, "all")
      table.sort(by_name["1.2"].ciphers)
      t.eq(table.concat(by_name["1.2"].ciphers, " "), row[4], "ciphers")
    end
    t.eq(report.verified, true, "verified, whatever else it speaks")
    t.match(tostring(report), "\n[ !] TLS 1%.3 ", "as text")
  end)
end

---------------------------------------------------------------------------
-- What raises, and what does not.

local function free_port ()
  local server = servers.httpsd { cert = "good" }
  server:stop()
  return server.port
end

t.test("nobody listens", function ()
  local port = free_port()
  local err = t.raises(function () https.inspect("127.0.0.1:" .. port) end,
    "connect", "refused")
  t.eq({ err.host, err.port }, { "127.0.0.1", math.tointeger(port) })
end)

t.test("not TLS", function ()
  local server <close> = servers.rawd { cert = "good",
    steps = { "plain", "SSH-2.0-x\\r\\n", "wait" } }
  t.raises(function ()
    https.inspect("127.0.0.1:" .. server.port, { timeout = 20 })
  end, "tls", "not-tls")
end)

t.test("silent", function ()
  local server <close> = servers.rawd { cert = "good", steps = { "stall" } }
  t.raises(function ()
    https.inspect("127.0.0.1:" .. server.port, { timeout = { connect = 0.2 } })
  end, "timeout", "tls")
  t.raises(function ()
    https.inspect("127.0.0.1:" .. server.port, { timeout = 0.2 })
  end, "timeout", "total")
end)

t.test("gone at the second look: a report without a chain", function ()
  local server <close> = servers.s_server { cert = "expired" }
  local report = inspect(server, "expired.test", { ca = root })
  t.eq(codes_of(report.problems), "expired*", "problems")
  t.eq({ report.verified, report.chain, report.path }, { false, {}, {} })
  t.match(tostring(report), "no certificate was seen", "as text")
end)

local wrong = {
  { "no target", nil, nil, "type" }, { "a number", 5, nil, "type" },
  { "a table", {}, nil, "type" }, { "empty", "", nil, "url" },
  { "a space", "a b", nil, "url" }, { "plain http", "http://a.test/", nil,
    "url" },
  { "another scheme", "ftp://a.test/", nil, "url" },
  { "port 0", "a.test:0", nil, "url" },
  { "no table", "a.test", 5, "type" },
  { "option of requests", "a.test", { json = {} }, "option" },
  { "misspelt", "a.test", { servernam = "b" }, "option" },
  { "days", "a.test", { days = "5" }, "type" },
  { "negative days", "a.test", { days = -1 }, "value" },
  { "offers", "a.test", { offers = 1 }, "type" },
  { "no such ca", "a.test", { ca = "/nowhere" }, "value" },
  { "contradiction", "a.test", { ca = root, verify = false }, "value" },
}

for _, row in ipairs(wrong) do
  t.test("usage: " .. row[1], function ()
    local err = t.raises(function () https.inspect(row[2], row[3]) end,
      "usage", row[4])
    t.match(err.where, "inspect_test%.lua:%d+$", "where")
  end)
end

t.test("forms of the target", function ()
  local server <close> = servers.httpsd { cert = "ip" }
  for _, form in ipairs { "127.0.0.1:%s", "https://127.0.0.1:%s/path?x",
                          "https://user:secret@127.0.0.1:%s" } do
    local report = https.inspect(form:format(server.port), { ca = root })
    t.eq({ report.host, report.verified }, { "127.0.0.1", true }, form)
  end
end)

---------------------------------------------------------------------------
-- Errors of requests.

t.test("a caught error", function ()
  local server <close> = servers.httpsd { cert = "expired" }
  local authority, resolve = at(server, "expired.test")
  local err = t.raises(function ()
    https.get("https://" .. authority, { ca = root, resolve = resolve,
      headers = { ["x-secret"] = "s3cret" } })
  end, "verify", "expired")
  t.eq(#err.chain, 2, "chain")
  t.match(err.hint, "expired on %d+%-%d%d%-%d%d, %d+ days ago: ", "hint")
  local report = https.inspect(err)
  t.eq(codes_of(report.problems), "expired1", "with its options")
  t.eq(codes_of(https.inspect(err, { ca = pem "others" }).problems),
    "expired1 unknown-issuer2", "with others")
  t.eq(codes_of(https.inspect(err, { servername = "x.test" }).problems),
    "expired1 name-mismatch1", "with another name")
  server:untouched()
end)

t.test("an error, and another word on trust", function ()
  local server <close> = servers.httpsd { cert = "good" }
  local authority, resolve = at(server, "good.test")
  local err = t.raises(function ()
    https.get("https://" .. authority, { verify = pem "others",
      resolve = resolve, crl = pki .. "/root.crl" })
  end, "verify", "unknown-issuer")
  t.eq(https.inspect(err).verified, false, "as it was asked")
  t.eq(https.inspect(err, { verify = false }).trust, "none", "nothing asked")
  local report = https.inspect(err, { ca = root })
  t.eq({ report.trust, report.error.code }, { "ca: " .. root, "crl-missing" },
    "another ca, and the list")
  t.eq(https.inspect(err, { ca = root, crl = false }).verified, true,
    "another ca alone")
  server:untouched()
end)

t.test("an error that only tells where", function ()
  local server <close> = servers.httpsd { cert = "ip" }
  local err = https.error { kind = "verify", host = "127.0.0.1",
    port = math.tointeger(server.port) }
  t.eq(https.inspect(err, { ca = root }).verified, true, "verified")
end)

for label, fields in pairs { nowhere = { kind = "verify" },
    ["a strange host"] = { kind = "verify", host = {}, port = 443 },
    ["a strange port"] = { kind = "verify", host = "a.test", port = "x" },
    ["of usage"] = { kind = "usage" } } do
  t.test("an error about no server: " .. label, function ()
    t.raises(function () https.inspect(https.error(fields)) end, "usage",
      "value")
  end)
end

-- certificate, options, what the hint says
local hints = {
  { "missing", {}, "not that of 'inter', which signed it: the server must "
    .. "send" },
  { "unknown", {}, "signed by 'unknown%-root', which is neither sent nor "
    .. "trusted here" },
  { "unknown-sent", {}, "ends in the root 'unknown%-root', which is not "
    .. "trusted" },
  { "self", {}, "its own key alone" },
  { "expired", {}, "10 days ago: the server's owner must renew" },
  { "by-ca-expired", {}, "'ca%-expired' expired .*must replace that" },
  { "future", {}, "not valid before .*, in 9 years: " },
  { "by-root-expired", { ca = pem "root-expired" }, "the root in the trust "
    .. "store" },
  { "by-ca-false", {}, "'ca%-false' may not sign .*an authority that is" },
  { "not-permitted", {}, "'not%-permitted' is not for its issuer to sign" },
  { "client", {}, "not issued for servers" },
  { "good", { servername = "other.test" }, "is for good%.test" },
  { "cn-only", {}, "no subjectAltName" },
}

for _, row in ipairs(hints) do
  local name, options, want = table.unpack(row)
  t.test("hint: " .. name, function ()
    local server <close> = servers.httpsd { cert = name }
    local authority, resolve = at(server, name .. ".test")
    options.resolve, options.ca = resolve, options.ca or root
    local err = t.raises(function ()
      https.get("https://" .. authority, options)
    end, "verify")
    t.match(err.hint, want, "hint")
    server:untouched()
  end)
end

t.test("a second look that fails changes nothing", function ()
  local server <close> = servers.s_server { cert = "expired" }
  local authority, resolve = at(server, "expired.test")
  local err = t.raises(function ()
    https.get("https://" .. authority, { ca = root, resolve = resolve })
  end, "verify", "expired")
  t.eq(err.chain, nil, "chain")
  t.match(err.hint, "^the server's owner must renew", "hint")
end)

t.test("the second look has what is left of the time", function ()
  -- The first connection is served, the second hangs.
  local server <close> = servers.rawd { cert = "expired",
    steps = { "handshake", "--", "stall" } }
  local authority, resolve = at(server, "expired.test")
  local began = https.now()
  local err = t.raises(function ()
    https.get("https://" .. authority, { ca = root, resolve = resolve,
      timeout = 1 })
  end, "verify", "expired")
  t.ok(https.now() - began < 4, "it took no longer than it was given")
  t.eq(err.chain, nil, "chain")
end)

-- label, steps of each connection, the one that hangs
local interrupted = {
  { "a look", { "tlsread", "wait" }, "^open 0",
    "https.inspect(%q, {verify=false, resolve={[%q]=%q}})" },
  { "the second look", { { "handshake" }, { "tlsread", "wait" } }, "^open 1",
    "https.get('https://' .. %q, {ca='" .. root .. "', resolve={[%q]=%q}})" },
}

for _, row in ipairs(interrupted) do
  t.test("SIGINT in " .. row[1], function ()
    row[2].cert = "expired"
    local server <close> = peer.rawd(row[2])
    local authority = "expired.test:" .. server.port
    local client <close> = t.spawn { cmd = { t.lurl, "-e",
      row[4]:format(authority, authority, "127.0.0.1:" .. server.port) } }
    server:expect(row[3])
    os.execute("kill -INT " .. client.pid)
    client:expect "cancelled/interrupted"
  end)
end

---------------------------------------------------------------------------
-- A certificate whose name would clear the screen, set its title, and more.

-- Neither control characters nor those of C1, in UTF-8 or alone.
local function is_harmless (text)
  return not text:gsub("\n", ""):find("[%c\127-\255]")
end

t.test("a name made for terminals", function ()
  local server <close> = servers.httpsd { cert = "evil" }
  local authority, resolve = at(server, "evil.test")
  local options = { ca = root, resolve = resolve }
  local err = t.raises(function ()
    https.get("https://" .. authority, options)
  end, "verify", "self-signed")
  local report = https.inspect(err)
  for what, text in pairs { tostring = tostring(err), hint = err.hint,
      message = err.message, subject = err.chain[1].subject,
      name = err.chain[1].common_name, report = tostring(report),
      problem = report.problems[1].message,
      picture = report:picture { utf8 = true } } do
    t.ok(is_harmless((text:gsub("└─ ", ""):gsub("[✓✗…]", ""))), what .. ": "
      .. ("%q"):format(text))
  end
  t.match(err.chain[1].common_name, "^\\x1b%[2J.*\\xc2\\x9b31m$", "name")
end)

-- label, words of the command; E is evil.test with its port, A its address
local shown = {
  { "uncaught", { "-e", "https.get('https://E/', {resolve={['E']='A'}, ca='"
    .. root .. "'})" } },
  { "lurl inspect", { "scripts/inspect.lua", "--no-offers", "--address", "A",
    "E" } },
  { "lurl inspect --json", { "scripts/inspect.lua", "--no-offers", "--json",
    "--address", "A", "E" } },
}

for _, row in ipairs(shown) do
  t.test("a name made for terminals: " .. row[1], function ()
    local server <close> = servers.httpsd { cert = "evil" }
    local cmd = { t.lurl }
    for i, word in ipairs(row[2]) do
      cmd[i + 1] = word:gsub("%f[%a]E%f[%A]", "evil.test:" .. server.port)
        :gsub("%f[%a]A%f[%A]", "127.0.0.1")
    end
    local got = t.run { cmd = cmd, env = { LC_ALL = "C", TERM = "xterm" } }
    t.eq(got.status, 5, "status; " .. got.stderr)
    t.match(got.stdout .. got.stderr, "x1b%[2J", "it was there")
    t.ok(is_harmless(got.stdout .. got.stderr), ("%q"):format(got.stdout
      .. got.stderr))
  end)
end

---------------------------------------------------------------------------
-- Warnings.

t.test("soon to expire", function ()
  local server <close> = servers.httpsd { cert = "good" }
  local report = inspect(server, "good.test", { ca = root, days = 8000 })
  t.eq(codes_of(report.warnings), "expires-soon* expires-soon1 expires-soon2",
    "warnings")
  t.eq(report.verified, true, "verified all the same")
  t.eq(codes_of(inspect(server, "good.test", { ca = root, days = 100 })
    .warnings), "", "not for years")
end)

t.finish()
