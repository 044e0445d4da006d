-- Every certificate and every server that a client must accept or refuse:
-- kind and code of the error, and that no byte of the request was sent.
-- Each row runs as it stands and again with verify=false, which must lift
-- every `verify` error and no other.
--
-- Where LibreSSL's libtls cannot say what LibreTLS says, want lists its code
-- second.
local t = require "tests.harness"
local proxies = require "tests.lua.proxies"
local servers = require "tests.tls.servers"
local https = require "https"

warn "@off"     -- verify=false would be told once for each host

local pki = servers.pki
local function pem (name) return pki .. "/" .. name .. ".pem" end

-- label: what the row is about
-- cert:  the certificate that the server sends
-- host:  the URL's; default CERT.test
-- want:  the code of the verify error, a list of them, or "ok"
-- ca:    what is trusted, default the root of them all
-- on:    "address": httpsd, which needs no SNI; default nginx and s_server
-- servername, v6
local certificates = {
  -- Good ones.
  { label = "EC P-256", cert = "good", want = "ok" },
  { label = "RSA 2048", cert = "rsa", want = "ok" },
  { label = "EC P-384", cert = "p384", want = "ok" },
  { label = "Ed25519", cert = "ed25519", want = "ok" }, -- LibreSSL: no
  { label = "no intermediate at all", cert = "direct", want = "ok" },
  { label = "root sent along", cert = "rootsent", want = "ok" },
  { label = "chain in disorder, with a stranger", cert = "disorder",
    want = "ok" },
  { label = "no extended key usage", cert = "noeku", want = "ok" },
  { label = "145 trusted certificates", cert = "direct", want = "ok",
    ca = pem "bundle145" },
  { label = "145 others", cert = "direct", want = "unknown-issuer",
    ca = pem "others" },

  -- Names: RFC 9525 section 6.3 and 6.4.
  { label = "first of two names", cert = "two", host = "two-a.test",
    want = "ok" },
  { label = "second of two names", cert = "two", host = "two-b.test",
    want = "ok" },
  { label = "none of two names", cert = "two", want = "name-mismatch" },
  { label = "last of 601 names", cert = "many", want = "ok" },
  { label = "capitals in the certificate", cert = "upper", want = "ok" },
  { label = "capitals in the URL", cert = "good", host = "GOOD.test",
    want = "ok" },
  { label = "trailing dot in the URL", cert = "good", host = "good.test.",
    want = "ok" },
  { label = "underscore", cert = "underscore", host = "under_score.test",
    want = "ok" },
  { label = "international name", cert = "idn",
    host = "xn--bcher-kva.test", want = "ok" },
  { label = "wildcard", cert = "wild", host = "a.wild.test", want = "ok" },
  { label = "wildcard for an international label", cert = "wild",
    host = "xn--bcher-kva.wild.test", want = "ok" },
  { label = "wildcard too deep", cert = "wild", host = "a.b.wild.test",
    want = "name-mismatch" },
  { label = "wildcard for no label", cert = "wild", want = "name-mismatch" },
  { label = "wildcard in part of a label", cert = "wild-part",
    host = "www.part.test", want = "name-mismatch" },
  { label = "wildcard in the second label", cert = "wild-middle",
    host = "www.x.middle.test", want = "name-mismatch" },
  { label = "two wildcards", cert = "wild-twice", host = "a.b.twice.test",
    want = "name-mismatch" },
  { label = "wildcard over a top domain", cert = "wild-top",
    want = "name-mismatch" },
  { label = "nothing but a wildcard", cert = "wild-all",
    want = { "name-mismatch", "other" } },
  { label = "other name", cert = "wrong", want = "name-mismatch" },
  { label = "trailing dot in the certificate", cert = "dot",
    want = { "name-mismatch", "other" } },
  { label = "trailing dot in both", cert = "dot", host = "dot.test.",
    want = { "name-mismatch", "other" } },
  { label = "NUL in the name", cert = "nul",
    want = { "name-mismatch", "other" } },
  { label = "common name alone", cert = "cn-only", want = "name-mismatch" },
  { label = "common name besides another name", cert = "cn-other",
    want = "name-mismatch" },
  { label = "common name besides a mail address", cert = "cn-email",
    want = "name-mismatch" },
  { label = "IPv4 address", cert = "ip", host = "127.0.0.1", on = "address",
    want = "ok" },
  { label = "IPv6 address", cert = "ip", host = "::1", on = "address",
    v6 = true, want = "ok" },
  { label = "other IPv4 address", cert = "ip", host = "127.0.0.2",
    on = "address", want = "name-mismatch" },
  { label = "other IPv6 address", cert = "ip", host = "::2",
    on = "address", v6 = true, want = "name-mismatch" },
  { label = "address, certificate for names", cert = "good",
    host = "127.0.0.1", on = "address", want = "name-mismatch" },
  { label = "name, certificate for addresses", cert = "ip",
    want = "name-mismatch" },
  { label = "address as a dNSName", cert = "ip-as-dns", host = "127.0.0.1",
    on = "address", want = "name-mismatch" },
  { label = "address as the common name", cert = "ip-as-cn",
    host = "127.0.0.1", on = "address", want = "name-mismatch" },
  { label = "servername for an address", cert = "good", host = "127.0.0.1",
    on = "address", servername = "good.test", want = "ok" },
  { label = "servername that is not the certificate's", cert = "ip",
    host = "127.0.0.1", on = "address", servername = "good.test",
    want = "name-mismatch" },

  -- Validity.
  { label = "expired", cert = "expired", want = "expired" },
  { label = "not yet valid", cert = "future", want = "not-yet-valid" },
  { label = "intermediate expired", cert = "by-ca-expired",
    want = "expired" },
  { label = "intermediate not yet valid", cert = "by-ca-future",
    want = "not-yet-valid" },
  { label = "root expired", cert = "by-root-expired", want = "expired",
    ca = pem "root-expired" },
  { label = "root not yet valid", cert = "by-root-future",
    want = "not-yet-valid", ca = pem "root-future" },
  { label = "expired and another name", cert = "expired-wrong",
    want = "expired" },

  -- Nobody that is trusted vouches for it.
  { label = "self-signed", cert = "self",
    want = { "self-signed", "unknown-issuer" } },
  { label = "self-signed, a CA", cert = "self-ca", want = "self-signed" },
  { label = "self-signed and trusted", cert = "self-ca", want = "ok",
    ca = pem "self-ca" },
  { label = "self-signed and expired", cert = "self-expired",
    want = { "self-signed", "unknown-issuer" } },
  { label = "unknown root", cert = "unknown", want = "unknown-issuer" },
  { label = "unknown root, sent along", cert = "unknown-sent",
    want = "unknown-issuer" },
  { label = "unknown root and another name", cert = "unknown-wrong",
    want = "unknown-issuer" },
  { label = "intermediate missing", cert = "missing",
    want = "unknown-issuer" },
  { label = "intermediate trusted, not its root", cert = "good",
    ca = pem "inter", want = "unknown-issuer" },
  { label = "another server's certificate trusted", cert = "good",
    ca = pem "self", want = "unknown-issuer" },

  -- The issuer had no right to issue it: RFC 5280 section 6.1.
  { label = "issuer is no CA", cert = "by-ca-false",
    want = { "bad-ca", "unknown-issuer" } },
  { label = "issuer does not say that it is a CA", cert = "by-ca-silent",
    want = "bad-ca" },
  { label = "issuer may not sign certificates", cert = "by-ca-nosign",
    want = { "bad-ca", "unknown-issuer" } },
  { label = "issuer is a server", cert = "by-leaf",
    want = { "bad-ca", "unknown-issuer" } },
  { label = "path length exceeded", cert = "too-deep", want = "bad-ca" },
  { label = "name constraint permits", cert = "permitted",
    host = "a.permitted.test", want = "ok" },
  { label = "name constraint does not permit", cert = "not-permitted",
    want = "bad-ca" },
  { label = "name constraint excludes", cert = "excluded",
    host = "a.excluded.test", want = "bad-ca" },
  { label = "name constraint excludes others", cert = "not-excluded",
    want = "ok" },

  -- Not for a server, or not understood.
  { label = "for clients only", cert = "client", want = "bad-purpose" },
  { label = "key for signing CRLs only", cert = "crl-signer",
    want = "bad-purpose" },
  { label = "critical extension that nobody knows", cert = "critical",
    want = "other" },

  -- Weak.
  { label = "RSA 1024", cert = "rsa1024", want = "weak" },
  { label = "intermediate with RSA 1024", cert = "by-rsa1024",
    want = "weak" },
  { label = "signed with SHA-1", cert = "sha1", want = "weak" },
  { label = "intermediate signed with SHA-1", cert = "by-sha1",
    want = "weak" },
}

local function host_of (row)
  return row.host or row.cert .. ".test"
end

-- The URL's form of a host.
local function authority (host, port)
  return (host:find ":" and "[" .. host .. "]" or host) .. ":" .. port
end

-- The request of a row to that server; verify as the option.
local function get (row, server, verify)
  local at = authority(host_of(row), server.port)
  local options = {
    ca = verify == nil and (row.ca or pem "root") or nil, verify = verify,
    servername = row.servername, timeout = row.timeout or 20,
    resolve = { [at:lower()] = (row.v6 and "[::1]:" or "127.0.0.1:") .. server.port },
  }
  if type(verify) == "table" and verify.chain ~= false then
    options.ca = row.ca or pem "root"
  end
  if row.via then row.via(options) end
  return https.get("https://" .. at .. "/", options)
end

-- Whether the error tells all that a script needs to know.
local function check_error (row, server, err)
  t.ok(https.is(err, err.kind, err.code), "https.is")
  t.eq(err.sent, false, "sent")
  t.eq(err.phase, "tls", "phase")
  t.eq(err.host, host_of(row):lower(), "host")
  t.eq(err.port, math.tointeger(server.port), "port")
  t.match(err.message, "^[^\n]+$", "message")
  t.match(tostring(err), "^https://[^\n]+$", "tostring")
end

local function accepted (row, server, verify)
  local response = get(row, server, verify)
  t.eq(response.status, 200, "status")
  t.eq(response.tls.verified, verify == nil, "verified")
  server:answered(row.cert, response)
end

local function refused (row, server, verify, kind, code)
  local err = t.raises(function() get(row, server, verify) end, kind, code)
  check_error(row, server, err)
  -- The second look, for the hint, has come to nginx, too.
  server:untouched(err.chain and 2 or 1)
end

-- One row against one server.  verify nil: as it stands.
local function run (row, server, verify, want)
  if want == "ok" then return accepted(row, server, verify) end
  return refused(row, server, verify, "verify", want)
end

-- A server for one request, stopped whatever comes of it.
local function run_alone (start, row, verify, want)
  local server = start{ cert = row.cert, v6 = row.v6,
    answer = want == "ok" }
  local ok, err = pcall(run, row, server, verify, want)
  server:stop()
  if not ok then error(err, 0) end
end

local function names_of (rows, names)
  for _, row in ipairs(rows) do
    local name = host_of(row):lower():gsub("%.$", "")
    if row.on ~= "address" then names[name] = row.cert end
  end
  return names
end

local nginx = servers.nginx(names_of(certificates, {}))

-- Runs a row everywhere, verified and not.
local function test_row (row)
  for _, variant in ipairs{ { want = row.want },
      { name = ", verify=false", verify = false, want = "ok" } } do
    local label = row.label .. (variant.name or "")
    if row.on == "address" then
      t.test(label .. " (httpsd)", function()
        run_alone(servers.httpsd, row, variant.verify, variant.want)
      end)
    else
      t.test(label .. " (nginx)", function()
        run(row, nginx, variant.verify, variant.want)
      end)
      t.test(label .. " (s_server)", function()
        run_alone(servers.s_server, row, variant.verify, variant.want)
      end)
    end
  end
end

for _, row in ipairs(certificates) do test_row(row) end

---------------------------------------------------------------------------
-- The same through proxies: what is checked does not depend on the way.

local function hosts_of (rows)
  local hosts = {}
  for name in pairs(names_of(rows, {})) do hosts[#hosts + 1] = name end
  return hosts
end

local squid = proxies.squid{ tls = "two", hosts = hosts_of(certificates) }
local microsocks = proxies.microsocks()

local function through_tunnel (options)
  options.proxy = squid:url()
end

local function through_tls (options)
  squid.host = "two-a.test"
  options.proxy, options.proxy_ca = squid:url "https", pem "root"
  options.resolve["two-a.test:" .. squid.ports.https] = "127.0.0.1"
end

local function through_socks (options)
  options.proxy = microsocks:url()
end

-- An address that only option resolve leads to is for us to look up.
local function is_reached (row, via)
  return via == through_socks or row.on ~= "address"
    or row.host == "127.0.0.1" or row.host == "::1"
end

local function test_through (label, row, via)
  if not is_reached(row, via) then return end
  local copy = { via = via }
  for name, value in pairs(row) do copy[name] = value end
  t.test(row.label .. " (" .. label .. ")", function ()
    if row.on == "address" then
      run_alone(servers.httpsd, copy, nil, row.want)
    else
      run(copy, nginx, nil, row.want)
    end
  end)
end

for _, row in ipairs(certificates) do
  test_through("tunnel", row, through_tunnel)
  test_through("tunnel under TLS", row, through_tls)
  test_through("SOCKS", row, through_socks)
end

---------------------------------------------------------------------------
-- verify as a table lifts the check it names and nothing else.

local partial = {
  { cert = "wrong", verify = { name = false }, want = "ok" },
  { cert = "cn-only", verify = { name = false }, want = "ok" },
  { cert = "wrong", verify = { name = true }, want = "name-mismatch" },
  { cert = "wrong", verify = { time = false }, want = "name-mismatch" },
  { cert = "wrong", verify = { chain = false }, want = "name-mismatch" },
  { cert = "expired", verify = { time = false }, want = "ok" },
  { cert = "future", verify = { time = false }, want = "ok" },
  { cert = "by-ca-expired", verify = { time = false }, want = "ok" },
  { cert = "expired", verify = { name = false }, want = "expired" },
  { cert = "expired", verify = { chain = false }, want = "expired" },
  { cert = "future", verify = { chain = false }, want = "not-yet-valid" },
  { cert = "unknown", verify = { chain = false }, want = "ok" },
  { cert = "self", verify = { chain = false }, want = "ok" },
  { cert = "missing", verify = { chain = false }, want = "ok" },
  { cert = "by-ca-false", verify = { chain = false }, want = "ok" },
  { cert = "unknown", verify = { name = false }, want = "unknown-issuer" },
  { cert = "unknown", verify = { time = false }, want = "unknown-issuer" },
  { cert = "self-ca", verify = { name = false, time = false },
    want = "self-signed" },
  { cert = "expired-wrong", verify = { time = false },
    want = "name-mismatch" },
  { cert = "expired-wrong", verify = { name = false }, want = "expired" },
  { cert = "expired-wrong", verify = { name = false, time = false },
    want = "ok" },
  { cert = "unknown-wrong", verify = { chain = false },
    want = "name-mismatch" },
  { cert = "unknown-wrong", verify = { chain = false, name = false },
    want = "ok" },
  { cert = "expired-unknown", verify = { chain = false }, want = "expired" },
  { cert = "expired-unknown", verify = { time = false },
    want = "unknown-issuer" },
  { cert = "expired-unknown", verify = { chain = false, time = false },
    want = "ok" },
  { cert = "wrong", verify = { chain = false, name = false, time = false },
    want = "ok" },
}

local function words (verify)
  local list = {}
  for k, v in pairs(verify) do list[#list + 1] = k .. "=" .. tostring(v) end
  table.sort(list)
  return table.concat(list, ",")
end

-- nginx is asked for by name, so hosts that no row above had are added.
local lenient = servers.nginx(names_of(partial, {}))
for _, row in ipairs(partial) do
  t.test(row.cert .. ", verify={" .. words(row.verify) .. "}", function()
    run(row, lenient, row.verify, row.want)
  end)
end

-- What came after the last event that a row has waited for.
for name, server in pairs{ nginx = nginx, lenient = lenient } do
  t.test(name .. " saw no other request", function()
    for _, line in ipairs(server:stop()) do
      if line:find "^request from" then error(line) end
    end
  end)
end

t.finish()
