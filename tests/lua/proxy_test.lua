-- Proxies that are ours, so that what they get is seen byte for byte and what
-- they answer may be wrong: refusals, credentials, forwarding, options and
-- environment.  Those of others are in proxies_test.lua.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local core = require "https.core"
local https = require "https"

local URL = "https://good.test/"
local ok_tunnel = "HTTP/1.1 200 OK\r\n\r\n"

local function refusal (status, headers)
  return ("HTTP/1.1 %s\r\n%scontent-length: 0\r\n\r\n"):format(status,
    headers or "")
end

-- The steps of a connection that answers one head and ends.
local function answers (bytes)
  return { "head", "send", bytes, "fin" }
end

local function url_of (p, scheme, credentials)
  return ("%s://%s127.0.0.1:%s"):format(scheme or "http",
    credentials and credentials .. "@" or "", p.port)
end

local function options (o, proxy)
  o = o or {}
  o.proxy = o.proxy == nil and proxy or o.proxy
  o.ca = o.ca or peer.pem "root"
  if o.timeout == nil then o.timeout = 20 end
  return o
end

-- The requests that a rawd got; it has stopped then.
local function requests (p) return wire.requests(p:stop()) end

-- What every error of a proxy's has.
local function check_error (err, p, scheme)
  t.eq(err.phase, "proxy", "phase")
  t.eq(err.sent, false, "sent")
  t.eq(err.host, "good.test", "host")
  t.eq(err.proxy, url_of(p, scheme), "proxy")
  t.match(err.message, "^proxy 127%.0%.0%.1:" .. p.port .. ": ", "message")
end

local function without (text, ...)
  for _, secret in ipairs{ ... } do
    t.eq(text:find(secret, 1, true), nil, secret .. " in " .. text)
  end
end

---------------------------------------------------------------------------
-- CONNECT refused, or not answered as it should be.

local refusals = {
  { "403", answers(refusal "403 Forbidden"), "refused", "403 'Forbidden'",
    403 },
  { "404", answers(refusal "404 X"), "refused", "404", 404 },
  { "407 to nobody", answers(refusal("407 Who",
    'proxy-authenticate: Basic realm="x"\r\n')), "auth", "407 'Who'", 407 },
  { "502", answers(refusal "502 Bad Gateway"), "other", "502", 502 },
  { "302", answers(refusal("302 X", "location: https://evil.test/\r\n")),
    "other", "302", 302 },
  { "a page that goes on", answers "HTTP/1.1 403 X\r\n\r\n<html>", "refused",
    "403", 403 },
  { "no HTTP", answers "SSH-2.0-x\r\n\r\n", "protocol", "SSH" },
  { "SOCKS5", answers "\5\255\r\n", "protocol", "" },
  { "nothing", { "head", "fin" }, "protocol", "closed" },
  { "half a status line", answers "HTTP/1.1 20", "protocol", "closed" },
  { "a head without end", answers "HTTP/1.1 200 OK\r\nvia: x\r\n",
    "protocol", "closed" },
  { "a tunnel with something in it", { "head", "send", ok_tunnel .. "x",
    "wait" }, "protocol", "1 bytes" },
  { "101", answers "HTTP/1.1 101 X\r\n\r\n", "protocol", "101" },
}

for _, row in ipairs(refusals) do
  local label, steps, code, says, status = table.unpack(row)
  t.test("CONNECT: " .. label, function ()
    local p <close> = peer.rawd(steps)
    local err = t.raises(function ()
      https.get(URL, options({}, url_of(p)))
    end, "proxy", code)
    check_error(err, p)
    t.match(err.message, says, "message")
    t.eq(err.response and err.response.status, status, "response")
    t.eq(err.refusal, nil, "refusal")
    local got = requests(p)
    t.eq(#got, 1, "requests")
    t.eq(got[1].text, "CONNECT good.test:443 HTTP/1.1\r\n"
      .. "host: good.test:443\r\n\r\n", "request")
  end)
end

t.test("CONNECT: reset", function ()
  local p <close> = peer.rawd{ "head", "rst" }
  local err = t.raises(function ()
    https.get(URL, options({}, url_of(p)))
  end, "connect", "reset")
  check_error(err, p)
end)

t.test("CONNECT: no answer", function ()
  local p <close> = peer.rawd{ "head", "stall" }
  local err = t.raises(function ()
    https.get(URL, options({ timeout = { connect = 1 } }, url_of(p)))
  end, "timeout", "connect")
  t.eq(err.phase, "proxy", "phase")
  t.eq(err.sent, false, "sent")
  t.match(err.message, "waiting for the proxy", "message")
end)

t.test("CONNECT: an answer byte by byte", function ()
  local p <close> = peer.rawd{ "head", "bytes", refusal "403 X", "fin" }
  t.raises(function () https.get(URL, options({}, url_of(p))) end, "proxy",
    "refused")
end)

t.test("CONNECT: TLS where there is none", function ()
  local p <close> = peer.rawd{ "head", "send", ok_tunnel, "skip", 5, "send",
    "HTTP/1.1 400 X\r\n\r\n", "fin" }
  local err = t.raises(function ()
    https.get(URL, options({}, url_of(p)))
  end, "tls", "not-tls")
  t.eq(err.phase, "tls", "phase")
  t.eq(err.sent, false, "sent")
  t.eq(err.proxy, url_of(p), "proxy")
end)

t.test("CONNECT: IPv6", function ()
  local p <close> = peer.rawd(answers(refusal "403 X"))
  t.raises(function ()
    https.get("https://[2001:db8::1]:8443/", options({}, url_of(p)))
  end, "proxy", "refused")
  t.eq(requests(p)[1].target, "[2001:db8::1]:8443", "target")
end)

-- Under TLS with the proxy: {label, steps, kind, code, phase}
local under_tls = {
  { "refused", answers(refusal "403 X"), "proxy", "refused", "proxy" },
  { "answer byte by byte", { "head", "bytes", refusal "403 X", "notify" },
    "proxy", "refused", "proxy" },
  { "closed", { "head", "notify" }, "proxy", "protocol", "proxy" },
  { "closed without notice", { "head", "fin" }, "tls", "truncated", "proxy" },
  { "reset", { "head", "rst" }, "connect", "reset", "proxy" },
  { "no answer", { "head", "stall" }, "timeout", "connect", "proxy" },
  { "no TLS", { "plain", "HTTP/1.1 400 X\r\n\r\n", "fin" }, "tls", "not-tls",
    "proxy" },
  { "no handshake", { "tlsread", "stall" }, "timeout", "connect", "proxy" },
  { "closed in the handshake", { "tlsread", "fin" }, "tls", "closed",
    "proxy" },
  { "a tunnel with something in it", { "head", "send", ok_tunnel .. "x",
    "wait" }, "proxy", "protocol", "proxy" },
  { "a tunnel to no TLS", { "head", "send", ok_tunnel, "skip", 5, "send",
    "HTTP/1.1 400 X\r\n\r\n", "notify" }, "tls", "not-tls", "tls" },
  { "a tunnel that is closed", { "head", "send", ok_tunnel, "skip", 5,
    "notify" }, "tls", "closed", "tls" },
  { "a tunnel that is closed without notice", { "head", "send", ok_tunnel,
    "skip", 5, "fin" }, "tls", { "closed", "truncated" }, "tls" },
  { "a tunnel that is reset", { "head", "send", ok_tunnel, "skip", 5, "rst" },
    "connect", "reset", "tls" },
  { "a silent tunnel", { "head", "send", ok_tunnel, "skip", 5, "stall" },
    "timeout", "tls", "tls" },
}

for _, row in ipairs(under_tls) do
  local label, steps, kind, code, phase = table.unpack(row)
  t.test("CONNECT under TLS: " .. label, function ()
    local p <close> = peer.rawd{ cert = "ip", table.unpack(steps) }
    local err = t.raises(function ()
      https.get(URL, options({ proxy_ca = peer.pem "root",
        timeout = { connect = kind == "timeout" and 1.5 or 20 } },
        url_of(p, "https")))
    end, kind, code)
    t.eq(err.phase, phase, "phase")
    t.eq(err.sent, false, "sent")
    t.eq(err.proxy, url_of(p, "https"), "proxy")
  end)
end

t.test("nobody there", function ()
  local p = peer.rawd{ "head" }
  p:stop()
  local err = t.raises(function ()
    https.get(URL, options({}, url_of(p)))
  end, "connect", "refused")
  t.match(err.message, "^proxy 127%.0%.0%.1:", "message")
  t.eq(err.proxy, url_of(p), "proxy")
end)

t.test("no such proxy", function ()
  local err = t.raises(function ()
    https.get(URL, options({}, "http://joe:secret@nobody.invalid:3128"))
  end, "resolve")
  t.match(err.message, "^proxy nobody%.invalid:3128: ", "message")
  without(tostring(err) .. err.proxy .. (err.hint or ""), "secret", "joe")
end)

---------------------------------------------------------------------------
-- SOCKS5 refused, or not answered as it should be.

local GREETED = { "skip", 3, "send", "\5\0" }

-- What follows the greeting of a client without credentials.
local function greeted (...)
  local steps = { table.unpack(GREETED) }
  return table.move({ ... }, 1, select("#", ...), #steps + 1, steps)
end

local REQUEST = 4 + 1 + #"good.test" + 2  -- bytes

local socks_refusals = {
  { "not allowed", greeted("skip", REQUEST, "send",
    "\5\2\0\1\0\0\0\0\0\0", "fin"), "refused", "rules" },
  { "host unreachable", greeted("skip", REQUEST, "send", "\5\4\0\1", "fin"),
    "other", "host unreachable" },
  { "connection refused, and no more said",
    greeted("skip", REQUEST, "send", "\5\5", "fin"), "other",
    "connection refused" },
  { "wants authentication", { "skip", 3, "send", "\5\255", "fin" }, "auth",
    "wants authentication" },
  { "closes", { "skip", 3, "fin" }, "protocol", "closed" },
  { "closes at the request", greeted("skip", REQUEST, "fin"), "protocol",
    "closed" },
  { "HTTP", { "skip", 3, "send", refusal "400 X", "fin" }, "protocol",
    "not of SOCKS5" },
  { "speaks on", greeted("skip", REQUEST, "send",
    "\5\0\0\1\0\0\0\0\0\0xyz", "wait"), "protocol", "3 bytes" },
}

for _, row in ipairs(socks_refusals) do
  local label, steps, code, says = table.unpack(row)
  t.test("SOCKS5: " .. label, function ()
    local p <close> = peer.rawd(steps)
    local err = t.raises(function ()
      https.get(URL, options({}, url_of(p, "socks5h")))
    end, "proxy", code)
    check_error(err, p, "socks5h")
    t.match(err.message, says, "message")
    t.eq(err.response, nil, "response")
  end)
end

t.test("SOCKS5: no answer", function ()
  local p <close> = peer.rawd{ "skip", 3, "stall" }
  local err = t.raises(function ()
    https.get(URL, options({ timeout = { connect = 1 } },
      url_of(p, "socks5h")))
  end, "timeout", "connect")
  t.eq(err.phase, "proxy", "phase")
end)

-- What stands behind "body k " of rawd's lines, in order.
local function bodies (p)
  local list = {}
  for _, line in ipairs(p:stop()) do
    local bytes = line:match "^body %d+ (.*)$"
    list[#list + 1] = bytes and wire.unescape(bytes)
  end
  return list
end

-- Who looks the name up: {scheme, option resolve, the request}
local GRANTED = "\5\0\0\1\0\0\0\0\0\0"
local BY_NAME = "\5\1\0\3\9good.test\0P"
local lookups = {
  { "socks5h", nil, BY_NAME },
  { "socks5h", "192.0.2.1", BY_NAME },
  { "socks5", "192.0.2.1", "\5\1\0\1\192\0\2\1\0P" },
  { "socks5", "192.0.2.1:81", "\5\1\0\1\192\0\2\1\0Q" },
  { "socks5", "[2001:db8::1]:80",
    "\5\1\0\4\x20\1\x0d\xb8" .. ("\0"):rep(11) .. "\1\0P" },
  { "socks5", nil, "\5\1\0\1\127\0\0\1\0P", "127.0.0.1" },
}

for _, row in ipairs(lookups) do
  local scheme, resolve, want, host = table.unpack(row, 1, 4)
  host = host or "good.test"
  t.test(("%s with resolve %s"):format(scheme, resolve), function ()
    local p <close> = peer.rawd{ "body", 3, "send", "\5\0",
      "body", #want, "send", GRANTED, "head", "send",
      peer.answer "through" }
    local r = https.get("http://" .. host .. "/x", options({
      allow_http = true, resolve = resolve and { [host .. ":80"] = resolve },
    }, url_of(p, scheme)))
    t.eq(r.body, "through", "body")
    t.eq(bodies(p), { "\5\1\0", want }, "bytes")
  end)
end

t.test("SOCKS5: user and password", function ()
  local p <close> = peer.rawd{ "body", 4, "send", "\5\2", "body", 11, "send",
    "\1\0", "skip", REQUEST, "send", GRANTED, "head", "send",
    peer.answer "through" }
  local r = https.get("http://good.test/", options({ allow_http = true },
    url_of(p, "socks5h", "joe:s%40c%20r")))
  t.eq(r.body, "through", "body")
  local lines = p:stop()
  local text = table.concat(lines, "\n")
  t.match(text, "\nbody 0 \\x05\\x02\\x00\\x02\n", "greeting")
  t.match(text, "\nbody 0 \\x01\\x03joe\\x05s@c r\n", "login")
  local got = wire.requests(lines)
  t.eq(got[1].target, "/", "target")
  without(got[1].text, "joe", "s@c")
end)

t.test("SOCKS5: wrong password", function ()
  local p <close> = peer.rawd{ "skip", 4, "send", "\5\2", "skip", 12, "send",
    "\1\1", "wait" }
  local err = t.raises(function ()
    https.get(URL, options({}, url_of(p, "socks5h", "joe:secret")))
  end, "proxy", "auth")
  check_error(err, p, "socks5h")
  without(tostring(err) .. (err.hint or ""), "secret", "joe")
end)

---------------------------------------------------------------------------
-- Credentials for a tunnel.  The last connection of each is refused, so that no
-- server is needed behind it.

local BASIC = 'proxy-authenticate: Basic realm="r"\r\n'
local DIGEST = 'proxy-authenticate: Digest realm="r", nonce="n1", '
  .. 'qop="auth", algorithm=SHA-256\r\n'
local ENDED = answers(refusal "403 Enough")

-- Connects with joe:secret; the requests that came.
local function connect_to (connections, code, o)
  local p <close> = peer.rawd(connections)
  local session <close> = https.session()
  local errs = {}
  for i = 1, o and o.times or 1 do
    local err = t.raises(function ()
      session:get(URL, options({}, url_of(p, nil, o and o.credentials
        or "joe:secret")))
    end, "proxy", code)
    check_error(err, p)
    without(tostring(err) .. (err.hint or "") .. err.proxy, "secret", "joe")
    errs[i] = err
  end
  return requests(p), errs
end

local JOE = "Basic " .. https.base64.encode "joe:secret"

t.test("basic: nothing is said before it is asked for", function ()
  local got = connect_to({ answers(refusal("407 X", BASIC)), ENDED }, "refused")
  t.eq(#got, 2, "requests")
  t.eq(got[1].headers["proxy-authorization"], nil, "first")
  t.eq(got[2].headers["proxy-authorization"], JOE, "second")
  t.eq(got[2].headers["authorization"], nil, "authorization")
end)

t.test("basic: known from then on", function ()
  local got = connect_to({ answers(refusal("407 X", BASIC)), ENDED }, "refused",
    { times = 2 })
  t.eq(#got, 3, "requests")
  t.eq(got[3].headers["proxy-authorization"], JOE, "third")
end)

t.test("basic: refused", function ()
  local got = connect_to({ answers(refusal("407 X", BASIC)) }, "auth")
  t.eq(#got, 2, "requests")
end)

t.test("basic: 407 that asks for nothing", function ()
  local got = connect_to({ answers(refusal "407 X"), ENDED }, "refused")
  t.eq(got[2].headers["proxy-authorization"], JOE, "second")
end)

t.test("basic: escaped in the URL", function ()
  local got = connect_to({ answers(refusal("407 X", BASIC)), ENDED }, "refused",
    { credentials = "jo%40e:s%3Acret" })
  t.eq(got[2].headers["proxy-authorization"],
    "Basic " .. https.base64.encode "jo@e:s:cret", "second")
end)

t.test("basic: no password", function ()
  local got = connect_to({ answers(refusal("407 X", BASIC)), ENDED }, "refused",
    { credentials = "token" })
  t.eq(got[2].headers["proxy-authorization"],
    "Basic " .. https.base64.encode "token:", "second")
end)

t.test("basic: a user that it cannot say", function ()
  local got = connect_to({ answers(refusal("407 X", BASIC)) }, "auth",
    { credentials = "a%3Ab:secret" })
  t.eq(#got, 1, "requests")
end)

local function parse_digest (value)
  t.match(value, "^Digest ", "scheme")
  local params = {}
  for name, text in value:gmatch '([%w*]+)="?([^",]*)"?' do
    params[name] = text
  end
  return params
end

local function sha256 (...)
  return https.hash("sha256", table.concat({ ... }, ":"))
end

local function check_digest (value, nonce, nc)
  local d = parse_digest(value)
  t.eq(d.nonce, nonce, "nonce")
  t.eq(d.nc, nc, "nc")
  t.eq(d.uri, "good.test:443", "uri")
  t.eq(d.response, sha256(sha256("joe", "r", "secret"), nonce, nc, d.cnonce,
    "auth", sha256("CONNECT", "good.test:443")), "response")
end

t.test("digest, rather than basic", function ()
  local got = connect_to({ answers(refusal("407 X", BASIC .. DIGEST)), ENDED },
    "refused", { times = 2 })
  t.eq(#got, 3, "requests")
  check_digest(got[2].headers["proxy-authorization"], "n1", "00000001")
  check_digest(got[3].headers["proxy-authorization"], "n1", "00000002")
  for _, request in ipairs(got) do without(request.text, "secret", JOE) end
end)

t.test("digest: a stale nonce", function ()
  local stale = DIGEST:gsub("n1", "n2"):gsub("auth\"", "%0, stale=true")
  local got = connect_to({ answers(refusal("407 X", DIGEST)),
    answers(refusal("407 X", stale)), ENDED }, "refused")
  t.eq(#got, 3, "requests")
  check_digest(got[3].headers["proxy-authorization"], "n2", "00000001")
end)

t.test("digest: a nonce that is stale for ever", function ()
  local stale = DIGEST:gsub("auth\"", "%0, stale=true")
  local got = connect_to({ answers(refusal("407 X", stale)) }, "auth")
  t.eq(#got, 4, "requests")
end)

t.test("digest: refused", function ()
  local got = connect_to({ answers(refusal("407 X", DIGEST)) }, "auth")
  t.eq(#got, 2, "requests")
end)

t.test("digest: no way back to basic", function ()
  local got = connect_to({ answers(refusal("407 X", DIGEST)),
    answers(refusal("407 X", BASIC)) }, "auth")
  t.eq(#got, 2, "requests")
  for _, request in ipairs(got) do without(request.text, JOE) end
end)

t.test("a challenge that nobody can meet", function ()
  local got = connect_to({ answers(refusal("407 X",
    "proxy-authenticate: Negotiate\r\n")), ENDED }, "auth")
  t.eq(#got, 1, "requests")
end)

---------------------------------------------------------------------------
-- Plain http is forwarded.

local function forward (p, url, o, credentials, session)
  o = options(o, url_of(p, nil, credentials))
  o.allow_http = true
  local method = o.method or "GET"
  o.method = nil
  return (session or https.session()):request(method, url, o)
end

t.test("forward: absolute-form", function ()
  local p <close> = peer.rawd{ "head", "send", peer.answer "there" }
  local r = forward(p, "http://a.test/x?y=1#z", { timeout = 20 })
  t.eq(r.body, "there", "body")
  t.eq(r.url, "http://a.test/x?y=1", "url")
  t.eq(r.tls, nil, "tls")
  local got = requests(p)
  t.eq(got[1].target, "http://a.test/x?y=1", "target")
  t.eq(got[1].headers.host, "a.test", "host")
  t.eq(got[1].headers["proxy-connection"], nil, "proxy-connection")
end)

t.test("forward: port and IPv6", function ()
  local p <close> = peer.rawd{ "head", "send", peer.answer "there" }
  forward(p, "http://[::1]:8080")
  local got = requests(p)
  t.eq(got[1].target, "http://[::1]:8080/", "target")
  t.eq(got[1].headers.host, "[::1]:8080", "host")
end)

t.test("forward: only with allow_http", function ()
  local p <close> = peer.rawd{ "head", "send", peer.answer "there" }
  t.raises(function ()
    https.get("http://a.test/", options({}, url_of(p)))
  end, "usage", "url")
  t.eq(table.concat(p:stop(), "\n"):find "open", nil, "connections")
end)

t.test("forward: the user of the URL is the server's", function ()
  local p <close> = peer.rawd{ "head", "send", peer.answer "there" }
  forward(p, "http://ann:pw@a.test/")
  local got = requests(p)
  t.eq(got[1].target, "http://a.test/", "target")
  t.eq(got[1].headers.authorization,
    "Basic " .. https.base64.encode "ann:pw", "authorization")
  t.eq(got[1].headers["proxy-authorization"], nil, "proxy-authorization")
end)

t.test("forward: one connection for several servers", function ()
  local there = peer.answer "there"
  local p <close> = peer.rawd{ "head", "send", there, "head", "send", there }
  local session <close> = https.session()
  forward(p, "http://a.test/", nil, nil, session)
  local r = forward(p, "http://b.test:81/", nil, nil, session)
  t.eq(r.timings.reused, true, "reused")
  t.eq(wire.methods(requests(p)), "GET http://a.test/, GET http://b.test:81/",
    "requests")
end)

t.test("forward: other credentials, another connection", function ()
  local there = peer.answer "there"
  local p <close> = peer.rawd{ "head", "send", there, "wait" }
  local session <close> = https.session()
  forward(p, "http://a.test/", nil, "joe:secret", session)
  local r = forward(p, "http://a.test/", nil, "ann:secret", session)
  t.eq(r.timings.reused, false, "other credentials")
  r = forward(p, "http://a.test/", nil, nil, session)
  t.eq(r.timings.reused, false, "none")
end)

t.test("forward: statuses are the server's", function ()
  for _, status in ipairs{ 401, 403, 502 } do
    local p <close> = peer.rawd(answers(refusal(status .. " X")))
    t.eq(forward(p, "http://a.test/").status, status, "status")
  end
end)

t.test("forward: 407 is the proxy's", function ()
  local p <close> = peer.rawd(answers(refusal("407 Who", BASIC)))
  local err = t.raises(function () forward(p, "http://a.test/") end, "proxy",
    "auth")
  t.eq(err.phase, "proxy", "phase")
  t.eq(err.sent, false, "sent")
  t.eq(err.proxy, url_of(p), "proxy")
  t.eq(err.message, "proxy 127.0.0.1:" .. p.port
    .. ": it did not forward the request: status 407 'Who'", "message")
  t.match(err.hint, "user:password@", "hint")
  t.eq(err.response.status, 407, "response")
  t.eq(err.response.headers["proxy-authenticate"], 'Basic realm="r"',
    "headers")
  t.eq(err.refusal, nil, "refusal")
end)

t.test("forward: basic", function ()
  local again = peer.answer "there"
  local p <close> = peer.rawd{ "head", "send", refusal("407 X", BASIC), "head",
    "body", 5, "send", again, "head", "body", 5, "send", again }
  local session <close> = https.session()
  for _ = 1, 2 do
    local r = forward(p, "http://a.test/", { method = "PUT", body = "hello" },
      "joe:secret", session)
    t.eq(r.body, "there", "body")
  end
  local got = requests(p)
  t.eq(got[1].headers["proxy-authorization"], nil, "first")
  t.eq(got[2].headers["proxy-authorization"], JOE, "second")
  t.eq(got[3].headers["proxy-authorization"], JOE, "third")
  t.eq(got[2].body, "hello", "body")
end)

t.test("forward: digest", function ()
  local p <close> = peer.rawd{ { "head", "send", refusal("407 X", DIGEST),
    "fin" }, { "head", "send", peer.answer "there" } }
  forward(p, "http://a.test/x", nil, "joe:secret")
  local d = parse_digest(requests(p)[2].headers["proxy-authorization"])
  t.eq(d.uri, "http://a.test/x", "uri")
  t.eq(d.response, sha256(sha256("joe", "r", "secret"), "n1", "00000001",
    d.cnonce, "auth", sha256("GET", "http://a.test/x")), "response")
end)

t.test("forward: a body that goes once", function ()
  local p <close> = peer.rawd{ "head", "skip", 15, "send",
    refusal("407 X", BASIC), "wait" }
  local pieces = { "hello" }
  local err = t.raises(function ()
    forward(p, "http://a.test/", { method = "POST",
      body = function () return table.remove(pieces) end }, "joe:secret")
  end, "proxy", "auth")
  t.match(err.hint, "only once", "hint")
  t.eq(#requests(p), 1, "requests")
end)

t.test("forward: a redirect takes no credentials to the server", function ()
  local w <close> = wire.open{ ["good.test:443"] = { cert = "good", "head",
    "send", peer.answer "final" } }
  local p <close> = peer.rawd{ { "head", "send", refusal("407 X", BASIC),
    "fin" }, { "head", "send", refusal("302 X",
    "location: https://good.test/x\r\n") } }
  local session <close> = https.session()
  session:use(function (request, next)
    -- Past the proxy, as NO_PROXY would have it.
    if request.url:find "^https:" then request.options.proxy = false end
    return next(request)
  end, { after = "redirects" })
  local r = forward(p, "http://a.test/", w:options{}, "joe:secret", session)
  t.eq(r.body, "final", "body")
  t.eq(r.url, "https://good.test/x", "url")
  w:without("good.test:443", "roxy-", "secret", JOE)
end)

t.test("tunnel: what a server says of proxies is its own", function ()
  -- Through SOCKS, so that rawd may play the server.
  local p <close> = peer.rawd{ "skip", 3, "send", "\5\0", "skip",
    4 + 1 + #"a.test" + 2, "send", GRANTED, "head", "send",
    refusal("407 X", BASIC) }
  local r = https.get("http://a.test/", options({ allow_http = true },
    url_of(p, "socks5h")))
  t.eq(r.status, 407, "status")
end)

---------------------------------------------------------------------------
-- Options.

local bad_options = {
  { { proxy = true }, "type", "not a boolean" },
  { { proxy = 8080 }, "type", "not a number" },
  { { proxy = {} }, "type", "not a table" },
  { { proxy = "" }, "value", "no good" },
  { { proxy = "ftp://a.test" }, "value", "must begin with" },
  { { proxy = "socks4://a.test" }, "value", "must begin with" },
  { { proxy = "http://" }, "value", "no good" },
  { { proxy = "http://joe:secret@a.test:x" }, "value", "no good" },
  { { proxy = "http://joe:secret@a.test:99999" }, "value", "no good" },
  { { proxy = "http://joe:sec ret@a b.test" }, "value", "no good" },
  { { proxy = "http://joe:secret%0d%0ax@a.test" }, "value", "no good" },
  { { proxy = "joe:secret@:80" }, "value", "no good" },
  { { proxy = "socks5://" .. ("x"):rep(256) .. ":secret@a.test" }, "value",
    "255 bytes" },
  { { proxy = "socks5://joe:" .. ("x"):rep(256) .. "@a.test" }, "value",
    "255 bytes" },
  { { unix = true }, "type", "path" },
  { { unix = "" }, "value", "empty" },
  { { unix = "a\0b" }, "value", "NUL" },
  { { unix = ("x"):rep(200) }, "value", "at most 107 bytes" },
  { { unix = "/x", proxy = "a.test" }, "value", "contradict" },
  { { proxy = "https://a.test", proxy_verify = "" }, "value",
    "'proxy_verify' is empty" },
  { { proxy = "https://a.test", proxy_verify = 0 }, "type",
    "'proxy_verify' must" },
  { { proxy = "https://a.test", proxy_verify = { nme = false } }, "option",
    "'proxy_verify'" },
  { { proxy = "https://a.test", proxy_ca = "/missing.pem" }, "value",
    "^proxy_ca '/missing" },
  { { proxy = "https://a.test", proxy_ca = {} }, "value", "'proxy_ca'" },
  { { proxy = "https://a.test", proxy_verify = false, proxy_ca = "x" },
    "value", "'proxy_verify' and 'proxy_ca' contradict" },
  { { proxy = "http://a.test", headers = { ["Proxy-Authorization"] = "x" } },
    "value", "'proxy%-authorization'" },
  { { headers = { ["proxy-authorization"] = "x" } }, "value",
    "'proxy%-authorization'" },
}

for i, row in ipairs(bad_options) do
  local o, code, says = table.unpack(row)
  t.test(("bad option %d: %s"):format(i, says), function ()
    o.resolve = { ["good.test:443"] = "127.0.0.1:1" }
    o.ca = peer.pem "root"
    local err = t.raises(function () https.get(URL, o) end, "usage", code)
    t.match(err.message, says, "message")
    without(tostring(err), "secret", "joe")
  end)
end

-- How a proxy may be written: {option, scheme, host, port, user, password}
local proxies = require "https.proxy"
local written = {
  { "a.test", "http", "a.test", 80 },
  { "a.test:3128", "http", "a.test", 3128 },
  { "http://a.test", "http", "a.test", 80 },
  { "http://a.test:80", "http", "a.test", 80 },
  { "HTTP://A.Test:3128/", "http", "a.test", 3128 },
  { "http://a.test:3128/ignored?x#y", "http", "a.test", 3128 },
  { "https://a.test", "https", "a.test", 443 },
  { "https://a.test:80", "https", "a.test", 80 },
  { "socks5://a.test", "socks5", "a.test", 1080 },
  { "socks5h://a.test", "socks5h", "a.test", 1080 },
  { "socks5h://a.test:80", "socks5h", "a.test", 80 },
  { "socks5h://a.test:080", "socks5h", "a.test", 80 },
  { "SOCKS5H://a.test", "socks5h", "a.test", 1080 },
  { "http://[::1]:3128", "http", "::1", 3128 },
  { "socks5://[::1]", "socks5", "::1", 1080 },
  { "http://a.test.:3128", "http", "a.test", 3128 },
  { "joe:secret@a.test:3128", "http", "a.test", 3128, "joe", "secret" },
  { "http://joe@a.test", "http", "a.test", 80, "joe", "" },
  { "http://joe:80@a.test", "http", "a.test", 80, "joe", "80" },
  { "socks5://joe:80@a.test", "socks5", "a.test", 1080, "joe", "80" },
  { "http://j%40e:s%3a%2f@a.test", "http", "a.test", 80, "j@e", "s:/" },
}

for _, row in ipairs(written) do
  local text, scheme, host, port, user, password = table.unpack(row)
  t.test("written " .. text, function ()
    local p = proxies.parse(text, "option 'proxy'")
    local shown = host:find ":" and "[" .. host .. "]" or host
    t.match(p.name, "^" .. scheme .. "://", "scheme")
    t.eq(p.name:gsub("%.:", ":"), ("%s://%s:%d"):format(scheme, shown, port),
      "name")
    t.eq({ p.host, p.port, p.user, p.password }, { host, port, user, password },
      "parts")
  end)
end

-- The nearest word wins: {session's options, the call's, who is asked}
local ways = {
  { { proxy = "one" }, {}, "one" },
  { { proxy = "one" }, { proxy = "two" }, "two" },
  { { proxy = "one" }, { proxy = false }, "server" },
  { { proxy = "one" }, { unix = "unix" }, "unix" },
  { { unix = "unix" }, { proxy = "one" }, "one" },
  { { unix = "unix" }, { proxy = false }, "unix" },
  { { unix = "unix" }, {}, "unix" },
  { { proxy = false }, {}, "server" },
}

for i, row in ipairs(ways) do
  local defaults, own, want = table.unpack(row)
  t.test(("way %d: %s"):format(i, want), function ()
    local dir = t.tmpdir()
    local asked = {
      one = peer.rawd(answers(refusal "403 X")),
      two = peer.rawd(answers(refusal "403 X")),
      server = peer.rawd(answers(refusal "403 X")),
      unix = peer.rawd{ unix = dir .. "/socket", "head", "send",
        refusal "403 X", "fin" },
    }
    local function with (o)
      local copy = {}
      for name, value in pairs(o) do
        copy[name] = name == "unix" and dir .. "/socket"
          or value and url_of(asked[value])
      end
      return copy
    end
    local session <close> = https.session(with(defaults))
    local o = with(own)
    o.allow_http, o.timeout = true, 20
    o.resolve = { ["a.test:80"] = "127.0.0.1:" .. asked.server.port }
    session:get("http://a.test/", o)
    for name, server in pairs(asked) do
      t.eq(#requests(server), name == want and 1 or 0, name)
    end
  end)
end

---------------------------------------------------------------------------
-- Environment.

-- {variables, URL, the proxy's name or nil}
local environments = {
  { {}, "https://a.test/", nil },
  { { https_proxy = "p.test:1" }, "https://a.test/", "http://p.test:1" },
  { { HTTPS_PROXY = "p.test:1" }, "https://a.test/", "http://p.test:1" },
  { { https_proxy = "p.test:1", HTTPS_PROXY = "q.test:2" }, "https://a.test/",
    "http://p.test:1" },
  { { https_proxy = "", HTTPS_PROXY = "q.test:2" }, "https://a.test/",
    "http://q.test:2" },
  { { https_proxy = "" }, "https://a.test/", nil },
  { { all_proxy = "socks5h://p.test" }, "https://a.test/",
    "socks5h://p.test:1080" },
  { { ALL_PROXY = "p.test:1" }, "https://a.test/", "http://p.test:1" },
  { { all_proxy = "p.test:1", ALL_PROXY = "q.test:2" }, "https://a.test/",
    "http://p.test:1" },
  { { all_proxy = "p.test:1", HTTPS_PROXY = "q.test:2" }, "https://a.test/",
    "http://q.test:2" },
  { { http_proxy = "p.test:1" }, "https://a.test/", nil },
  { { http_proxy = "p.test:1" }, "http://a.test/", "http://p.test:1" },
  { { HTTP_PROXY = "p.test:1" }, "http://a.test/", nil },
  { { HTTP_PROXY = "p.test:1" }, "https://a.test/", nil },
  { { HTTP_PROXY = "p.test:1", all_proxy = "q.test:2" }, "http://a.test/",
    "http://q.test:2" },
  { { https_proxy = "p.test:1" }, "http://a.test/", nil },
  { { ALL_PROXY = "p.test:1" }, "http://a.test/", "http://p.test:1" },
  { { https_proxy = "p.test:1", no_proxy = "a.test" }, "https://a.test/", nil },
  { { https_proxy = "p.test:1", NO_PROXY = "a.test" }, "https://a.test/", nil },
  { { https_proxy = "p.test:1", no_proxy = "b.test", NO_PROXY = "a.test" },
    "https://a.test/", "http://p.test:1" },
  { { https_proxy = "p.test:1", no_proxy = "", NO_PROXY = "a.test" },
    "https://a.test/", nil },
  { { all_proxy = "p.test:1", no_proxy = "*" }, "http://a.test/", nil },
  { { https_proxy = "p.test:1", no_proxy = "a.test:8443" }, "https://a.test/",
    "http://p.test:1" },
}

local getenv = os.getenv

local function choose_in (env, url)
  os.getenv = function (name) return env[name] end
  local ok, p = pcall(proxies.choose, {}, {}, core.url(url))
  os.getenv = getenv
  if not ok then error(p, 0) end
  return p
end

for i, row in ipairs(environments) do
  local env, url, want = table.unpack(row)
  t.test(("environment %d"):format(i), function ()
    local p = choose_in(env, url)
    t.eq(p and p.name, want, "proxy")
  end)
end

t.test("environment: a word that is no good names its variable", function ()
  local err = t.raises(function ()
    choose_in({ HTTPS_PROXY = "gopher://joe:secret@p.test" }, URL)
  end, "usage", "value")
  t.match(err.message, "^the environment variable HTTPS_PROXY must", "message")
  without(tostring(err), "secret")
end)

t.test("environment: a proxy that is not there names its variable", function ()
  local got = t.run{ cmd = { t.lurl, "-e", ([[
    local ok, err = pcall(https.get, "https://a.test/", { ca = %q })
    print(err.kind, err.hint)]]):format(peer.pem "root") },
    env = { https_proxy = "nobody.invalid:3128" } }
  t.match(got.stdout, "^resolve\tthe environment variable https_proxy names",
    "hint")
end)

-- In processes of their own: {label, environment, code, what comes of it}.
-- The proxy is one that refuses, the server one that answers.
local processes = {
  { "used", { https_proxy = "PROXY" }, "{}", "proxy/refused" },
  { "in capitals", { HTTPS_PROXY = "PROXY" }, "{}", "proxy/refused" },
  { "proxy=false", { https_proxy = "PROXY" }, "{proxy=false}", "200" },
  { "NO_PROXY", { https_proxy = "PROXY", NO_PROXY = ".test" }, "{}", "200" },
  { "NO_PROXY and an option", { NO_PROXY = "*" }, "{proxy='PROXY'}",
    "proxy/refused" },
  { "an option beats it", { https_proxy = "127.0.0.1:1" }, "{proxy='PROXY'}",
    "proxy/refused" },
  { "HTTP_PROXY", { HTTP_PROXY = "PROXY" }, "{}", "200" },
}

for _, row in ipairs(processes) do
  local label, env, o, want = table.unpack(row)
  t.test("process: " .. label, function ()
    local p <close> = peer.rawd(answers(refusal "403 X"))
    local server <close> = peer.httpsd{ "good" }
    local function fill (text)
      return (text:gsub("PROXY", "127.0.0.1:" .. p.port))
    end
    local filled = { LUA_PATH = "./?.lua;;" }
    for name, value in pairs(env) do filled[name] = fill(value) end
    local code = ([[
      local o = %s
      o.ca = %q
      o.resolve = { ["good.test:%s"] = "127.0.0.1" }
      local ok, r = pcall(https.get, "https://good.test:%s/", o)
      print(ok and r.status or r.kind .. "/" .. r.code)
    ]]):format(fill(o), peer.pem "root", server.port, server.port)
    local got = t.run{ cmd = { t.lurl, "-e", code }, env = filled }
    t.eq(got.stdout, want .. "\n", "result, with " .. got.stderr)
  end)
end

---------------------------------------------------------------------------
-- Unix sockets.

t.test("unix: plain", function ()
  local path = t.tmpdir() .. "/socket"
  local p <close> = peer.rawd{ unix = path, "head", "send",
    peer.answer "there", "head", "send", peer.answer "again" }
  local session <close> = https.session{ unix = path, allow_http = true }
  local r = session:get("http://any.test:8080/x")
  t.eq(r.body, "there", "body")
  t.eq(r.url, "http://any.test:8080/x", "url")
  r = session:get("http://any.test:8080/y")
  t.eq(r.timings.reused, true, "reused")
  local got = requests(p)
  t.eq(got[1].target, "/x", "target")
  t.eq(got[1].headers.host, "any.test:8080", "host")
end)

t.test("unix: TLS, and the name is checked", function ()
  local path = t.tmpdir() .. "/socket"
  local p <close> = peer.rawd{ unix = path, cert = "good",
    { "head", "send", peer.answer "there" }, { "handshake", "wait" } }
  local o = { unix = path, ca = peer.pem "root", timeout = 20 }
  t.eq(https.get(URL, o).body, "there", "body")
  t.raises(function () https.get("https://other.test/", o) end, "verify",
    "name-mismatch")
end)

t.test("unix: environment has no say", function ()
  local path = t.tmpdir() .. "/socket"
  local p <close> = peer.rawd{ unix = path, "head", "send",
    peer.answer "there" }
  local got = t.run{ cmd = { t.lurl, "-e", ([[print(https.get(
    "http://a.test/", { unix = %q, allow_http = true }).body)]]):format(path) },
    env = { all_proxy = "127.0.0.1:1" } }
  t.eq(got.stdout, "there\n", got.stderr)
end)

t.test("unix: another socket, another connection", function ()
  local dir = t.tmpdir()
  local one <close> = peer.rawd{ unix = dir .. "/1", "head", "send",
    peer.answer "one", "wait" }
  local two <close> = peer.rawd{ unix = dir .. "/2", "head", "send",
    peer.answer "two", "wait" }
  local session <close> = https.session{ allow_http = true }
  t.eq(session:get("http://a.test/", { unix = dir .. "/1" }).body, "one")
  t.eq(session:get("http://a.test/", { unix = dir .. "/2" }).body, "two")
end)

local bad_sockets = {
  { "nobody there", function (dir)
      peer.rawd{ unix = dir .. "/socket", "head" }:stop()
      return dir .. "/socket"
    end, "refused", "Connection refused" },
  { "no such file", function (dir) return dir .. "/none" end, "other",
    "No such file" },
  { "no socket", function (dir)
      t.write(dir .. "/file", "")
      return dir .. "/file"
    end, "refused", "Connection refused" },
}

for _, row in ipairs(bad_sockets) do
  local label, make, code, says = table.unpack(row)
  t.test("unix: " .. label, function ()
    local path = make(t.tmpdir())
    local err = t.raises(function () https.get(URL, { unix = path }) end,
      "connect", code)
    t.eq(err.phase, "connect", "phase")
    t.match(err.message, says, "message")
    t.ok(err.message:find(path, 1, true), "path in " .. err.message)
  end)
end

t.finish()
