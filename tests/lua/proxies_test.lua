-- The proxies of others, as Debian has them: squid, tinyproxy, microsocks.
-- What a server of ours gets through them, that its certificate and name are
-- checked as ever, and that credentials go no further than the proxy.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local proxies = require "tests.lua.proxies"
local wire = require "tests.lua.wire"
local https = require "https"

warn "@off"     -- verify=false would be told once for each host

local MEGA = 4 << 20
local users = { "joe", "secret" }

-- What is asked of every proxy.  name: of the server as the proxy knows it;
-- options() -> the way through, fresh for each call.
local function common (label, name, options)
  local function with (o)
    local way = options()
    for key, value in pairs(o or {}) do way[key] = value end
    way.ca = way.ca == nil and way.verify == nil and peer.pem "root" or way.ca
    way.timeout = way.timeout or 60
    return way
  end

  t.test(label .. ": TLS", function ()
    local server <close> = peer.httpsd{ "good" }
    local r = https.get(server:url("/", name), with())
    t.eq(r.status, 200, "status")
    t.eq(r.tls.verified, true, "verified")
    t.match(r.tls.subject, "good", "subject")
    t.eq(r.url, server:url("/", name), "url")
  end)

  t.test(label .. ": one tunnel for many requests", function ()
    local server <close> = peer.httpsd{ "good" }
    local session <close> = https.session(with())
    for i = 1, 5 do
      local r = session:get(server:url("/", name))
      t.eq(r.timings.reused, i > 1, "reused")
    end
    local direct = with()
    direct.proxy = false
    direct.resolve = { [name .. ":" .. server.port] = "127.0.0.1" }
    local r = session:get(server:url("/", name), direct)
    t.eq(r.timings.reused, false, "without the proxy")
  end)

  -- The second is not good any more when the third request wants it.
  t.test(label .. ": another tunnel where one was closed", function ()
    local answer = peer.answer "x"
    local server <close> = peer.rawd{ cert = "good",
      { "head", "send", answer, "notify" },
      { "head", "send", answer, "head", "notify" },
      { "head", "send", answer, "notify" } }
    local session <close> = https.session(with{ retries = 0 })
    for i = 1, 3 do
      t.eq(session:get(server:url("/", name)).body, "x", "request " .. i)
    end
  end)

  t.test(label .. ": large bodies both ways", function ()
    local server <close> = peer.httpsd{ "good" }
    local session <close> = https.session(with())
    local r = session:get(server:url("/bytes/" .. MEGA, name))
    t.eq(#r.body, MEGA, "received")
    local body = ("0123456789abcdef"):rep(MEGA // 16)
    r = session:post(server:url("/echo", name), { body = body })
    t.ok(r.body:find(body, 1, true), "echo")
    local n = 0
    r = session:get(server:url("/chunked/1000000", name), { stream = true })
    for piece in r:chunks() do n = n + #piece end
    t.eq(n, 1000000, "chunked")
  end)

  t.test(label .. ": many at once", function ()
    local server <close> = peer.httpsd{ "good" }
    local session <close> = https.session(with())
    local list = {}
    for i = 1, 20 do list[i] = i * 1000 end
    local lengths = https.map(list, function (n)
      return #session:get(server:url("/bytes/" .. n, name)).body
    end, { concurrency = 10 })
    t.eq(lengths, list, "lengths")
  end)

  t.test(label .. ": slow bytes", function ()
    local server <close> = peer.rawd{ cert = "good", "head", "drip", 5,
      peer.answer "slowly" }
    t.eq(https.get(server:url("/", name), with()).body, "slowly", "body")
  end)

  t.test(label .. ": another name", function ()
    local server <close> = peer.httpsd{ "wrong" }
    local err = t.raises(function ()
      https.get(server:url("/", name), with())
    end, "verify", "name-mismatch")
    t.eq(err.phase, "tls", "phase")
    t.eq(err.sent, false, "sent")
    t.eq(server:expect "^conn .* bytes=(%d+)$", "0", "bytes for the server")
  end)

  t.test(label .. ": an unknown issuer", function ()
    local server <close> = peer.httpsd{ "unknown" }
    local err = t.raises(function ()
      https.get(server:url("/", name), with())
    end, "verify", "unknown-issuer")
    t.eq(server:expect "^conn .* bytes=(%d+)$", "0", "bytes for the server")
    -- The look at what was refused goes the same way.
    t.eq(#err.chain, 2, "chain")
    local report = https.inspect(err, { timeout = 60 })
    t.eq(report.problems[1].code, "unknown-issuer", "problem")
  end)

  t.test(label .. ": a look without a request", function ()
    local server <close> = peer.httpsd{ "good" }
    local o = with()
    local report = https.inspect(server:url("/", name), o)
    t.eq(report.verified, true, "verified")
    t.eq(server:expect "^conn .* bytes=(%d+)$", "0", "bytes for the server")
  end)

  t.test(label .. ": verify=false is for the server", function ()
    local server <close> = peer.httpsd{ "unknown" }
    local r = https.get(server:url("/", name), with{ verify = false })
    t.eq(r.tls.verified, false, "verified")
  end)

  t.test(label .. ": nothing listens there", function ()
    local server = peer.rawd{ "head" }
    server:stop()
    local err = t.raises(function ()
      https.get("https://" .. name .. ":" .. server.port .. "/", with())
    end, "proxy", { "other", "refused" })
    t.eq(err.phase, "proxy", "phase")
    t.eq(err.sent, false, "sent")
  end)

  t.test(label .. ": the server closes in the handshake", function ()
    local server <close> = peer.rawd{ cert = "good", "tlsread", "fin" }
    local err = t.raises(function ()
      https.get(server:url("/", name), with())
    end, "tls", "closed")
    t.eq(err.phase, "tls", "phase")
  end)

  t.test(label .. ": the server closes in the body", function ()
    local server <close> = peer.rawd{ cert = "good", "head", "send",
      "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello", "notify" }
    t.raises(function () https.get(server:url("/", name), with()) end,
      "protocol", "truncated")
  end)

  t.test(label .. ": a body that ends with the connection", function ()
    local server <close> = peer.rawd{ cert = "good", "head", "send",
      "HTTP/1.1 200 OK\r\n\r\nhello", "notify" }
    t.eq(https.get(server:url("/", name), with()).body, "hello", "body")
  end)

  t.test(label .. ": an end that nobody vouches for", function ()
    local server <close> = peer.rawd{ cert = "good", "head", "send",
      "HTTP/1.1 200 OK\r\n\r\nhello", "fin" }
    t.raises(function () https.get(server:url("/", name), with()) end,
      "tls", "truncated")
  end)

  t.test(label .. ": a silent server", function ()
    local server <close> = peer.rawd{ cert = "good", "head", "stall" }
    t.raises(function ()
      https.get(server:url("/", name), with{ timeout = { read = 0.3 } })
    end, "timeout", "read")
  end)

  t.test(label .. ": plain http", function ()
    local server <close> = peer.rawd{ "head", "send", peer.answer "plain" }
    local r = https.get(server:url("/x", name), with{ allow_http = true })
    t.eq(r.body, "plain", "body")
    t.eq(r.tls, nil, "tls")
    local got = wire.requests(server:stop())
    t.eq(got[1].target, "/x", "target")
    t.eq(got[1].headers.host, name .. ":" .. server.port, "host")
    for _, word in ipairs{ "proxy%-auth", table.unpack(users) } do
      t.eq(got[1].text:lower():find(word), nil, word)
    end
  end)

  t.test(label .. ": what the server gets has no credentials", function ()
    local server <close> = peer.rawd{ cert = "good", "head", "send",
      peer.answer "there" }
    https.get(server:url("/", name), with())
    local got = wire.requests(server:stop())
    t.eq(#got, 1, "requests")
    for _, word in ipairs{ "proxy", table.unpack(users) } do
      t.eq(got[1].text:lower():find(word), nil, word)
    end
  end)

  -- A session of its own is closed with its connections.
  t.test(label .. ": no descriptor stays open", function ()
    local server <close> = peer.httpsd{ "good", "wrong" }
    local function count ()
      local n = 0
      for _ in io.popen("ls /proc/self/fd"):lines() do n = n + 1 end
      return n
    end
    collectgarbage()
    local before = count()
    for _ = 1, 3 do
      local session <close> = https.session(with())
      session:get(server:url("/", name))
      pcall(session.get, session, server:url("/", "127.0.0.1"))
    end
    collectgarbage()
    t.eq(count(), before, "descriptors")
  end)
end

-- Wrong and missing credentials, for a proxy that wants joe's.
local function refuses (label, p, scheme, name)
  t.test(label .. ": a look", function ()
    local err = t.raises(function ()
      https.inspect(name, { timeout = 60, proxy = p:url(scheme, "joe:wrong") })
    end, "proxy", "auth")
    t.eq(err.phase, "proxy", "phase")
  end)

  for _, credentials in ipairs{ "none", "joe:wrong", "ann:secret" } do
    t.test(label .. ": " .. credentials, function ()
      local err = t.raises(function ()
        https.get("https://" .. name .. "/", { timeout = 60,
          ca = peer.pem "root",
          proxy = p:url(scheme, credentials ~= "none" and credentials or nil) })
      end, "proxy", "auth")
      t.eq(err.phase, "proxy", "phase")
      t.eq(err.sent, false, "sent")
      local text = tostring(err) .. err.proxy .. (err.hint or "")
      for _, word in ipairs{ "wrong", "secret", "joe", "ann" } do
        t.eq(text:find(word, 1, true), nil, word)
      end
    end)
  end
end

---------------------------------------------------------------------------

do
  local p <close> = proxies.squid{ tls = "two", hosts = { "good.test" },
    rules = [[
acl forbidden dstdomain forbidden.test
http_access deny forbidden
http_access allow all]] }
  local at = { ["two.test:" .. p.ports.https] = "127.0.0.1",
    ["two-a.test:" .. p.ports.https] = "127.0.0.1" }
  p.host = "two-a.test"

  common("squid", "good.test", function () return { proxy = p:url() } end)
  common("squid under TLS", "good.test", function ()
    return { proxy = p:url "https", proxy_ca = peer.pem "root", resolve = at }
  end)

  t.test("squid: a forbidden server", function ()
    local err = t.raises(function ()
      https.get("https://forbidden.test/", { proxy = p:url(),
        ca = peer.pem "root" })
    end, "proxy", "refused")
    t.eq(err.response.status, 403, "status")
    t.match(err.response.headers["x-squid-error"], "ACCESS_DENIED", "said")
  end)

  t.test("squid: a name that it does not know", function ()
    t.raises(function ()
      https.get("https://nobody.invalid/", { proxy = p:url(),
        ca = peer.pem "root" })
    end, "proxy", "other")
  end)

  -- Each layer has its own trust: {label, options, kind or nil, code, phase}
  local layers = {
    { "both", { proxy_ca = peer.pem "root", ca = peer.pem "root" } },
    { "the proxy's name", { proxy = "https://two.test:" .. p.ports.https,
      proxy_ca = peer.pem "root", ca = peer.pem "root" }, "verify",
      "name-mismatch", "proxy" },
    { "the proxy's issuer", { ca = peer.pem "root",
      proxy_ca = peer.pem "self-ca" }, "verify", "unknown-issuer", "proxy" },
    { "ca is not for the proxy", { ca = peer.pem "root" }, "verify",
      "unknown-issuer", "proxy" },
    { "proxy_ca is not for the server", { ca = peer.pem "self-ca",
      proxy_ca = peer.pem "root" }, "verify", "unknown-issuer", "tls" },
    { "proxy_verify=false", { ca = peer.pem "root", proxy_verify = false } },
    { "proxy_verify=false is for the proxy", { ca = peer.pem "self-ca",
      proxy_verify = false }, "verify", "unknown-issuer", "tls" },
    { "verify=false is for the server", { verify = false,
      proxy_ca = peer.pem "self-ca" }, "verify", "unknown-issuer", "proxy" },
    { "proxy_verify={name=false}", { ca = peer.pem "root",
      proxy = "https://two.test:" .. p.ports.https,
      proxy_ca = peer.pem "root", proxy_verify = { name = false } } },
    { "proxy_verify as a path", { ca = peer.pem "root",
      proxy_verify = peer.pem "root" } },
  }
  for _, row in ipairs(layers) do
    local label, o, kind, code, phase = table.unpack(row, 1, 5)
    t.test("squid under TLS: " .. label, function ()
      local server <close> = peer.httpsd{ "good" }
      o.proxy, o.resolve, o.timeout = o.proxy or p:url "https", at, 60
      if not kind then
        t.eq(https.get(server:url(), o).status, 200, "status")
        return
      end
      local err = t.raises(function () https.get(server:url(), o) end, kind,
        code)
      t.eq(err.phase, phase, "phase")
      t.eq(err.sent, false, "sent")
      t.eq(err.message:find "^proxy " ~= nil, phase == "proxy", err.message)
      t.eq(err.chain ~= nil, phase == "tls" and code ~= "name-mismatch",
        "chain of the server")
    end)
  end

  t.test("squid under TLS: a look past a proxy that is not trusted", function ()
    local server <close> = peer.httpsd{ "good" }
    local err = t.raises(function ()
      https.inspect(server:url(), { ca = peer.pem "root", resolve = at,
        proxy = p:url "https", proxy_ca = peer.pem "self-ca" })
    end, "verify", "unknown-issuer")
    t.eq(err.phase, "proxy", "phase")
    server:stop()
  end)

  t.test("squid under TLS: as if it had none", function ()
    local err = t.raises(function ()
      https.get("https://good.test/", { ca = peer.pem "root", resolve = at,
        proxy = "https://127.0.0.1:" .. p.ports.http })
    end, "tls")
    t.eq(err.phase, "proxy", "phase")
  end)

  t.test("squid: TLS that is not expected", function ()
    local err = t.raises(function ()
      https.get("https://good.test/", { ca = peer.pem "root",
        proxy = "http://127.0.0.1:" .. p.ports.https, timeout = 60 })
    end, { "proxy", "connect" }, { "protocol", "reset" })
    t.eq(err.phase, "proxy", "phase")
  end)
end

for _, scheme in ipairs{ "basic", "digest" } do
  local p <close> = proxies.squid{ hosts = { "good.test" }, tls = "good",
    rules = proxies.users(scheme) }
  local label = "squid, " .. scheme
  common(label, "good.test", function ()
    return { proxy = p:url("http", "joe:secret") }
  end)
  refuses(label, p, "http", "good.test")
  t.test(label .. ": under TLS", function ()
    local server <close> = peer.httpsd{ "good" }
    local r = https.get(server:url(), { ca = peer.pem "root", timeout = 60,
      proxy = p:url("https", "joe:secret"), proxy_ca = peer.pem "root",
      resolve = { ["good.test:" .. p.ports.https] = "127.0.0.1" } })
    t.eq(r.status, 200, "status")
  end)
end

do
  -- It asks the system for names, and the system knows this one.
  local p <close> = proxies.tinyproxy{}
  t.test("tinyproxy: plain http", function ()
    local server <close> = peer.rawd{ "head", "send", peer.answer "plain" }
    local r = https.get(server:url("/x", "127.0.0.1"), { allow_http = true,
      proxy = p:url(), timeout = 60 })
    t.eq(r.body, "plain", "body")
  end)
  t.test("tinyproxy: a tunnel", function ()
    local server <close> = peer.httpsd{ "ip" }
    local r = https.get(server:url("/", "127.0.0.1"), { proxy = p:url(),
      ca = peer.pem "root", timeout = 60 })
    t.eq(r.status, 200, "status")
  end)
  t.test("tinyproxy: another name", function ()
    local server <close> = peer.httpsd{ "good" }
    t.raises(function ()
      https.get(server:url("/", "127.0.0.1"), { proxy = p:url(),
        ca = peer.pem "root", timeout = 60 })
    end, "verify", "name-mismatch")
    t.eq(server:expect "^conn .* bytes=(%d+)$", "0", "bytes for the server")
  end)
  t.test("tinyproxy: nothing listens there", function ()
    local server = peer.rawd{ "head" }
    server:stop()
    t.raises(function ()
      https.get(server:url("/", "127.0.0.1"):gsub("^http:", "https:"),
        { proxy = p:url(), ca = peer.pem "root", timeout = 60 })
    end, "proxy", "other")
  end)
end

do
  local p <close> = proxies.tinyproxy{ conf = [[
BasicAuth joe secret
ConnectPort 1
]] }
  refuses("tinyproxy", p, "http", "127.0.0.1")
  t.test("tinyproxy: a port that it does not connect to", function ()
    t.raises(function ()
      https.get("https://127.0.0.1:2/", { ca = peer.pem "root", timeout = 60,
        proxy = p:url("http", "joe:secret") })
    end, "proxy", "refused")
  end)
  t.test("tinyproxy: plain http with credentials", function ()
    local server <close> = peer.rawd{ "head", "send", peer.answer "plain" }
    local r = https.get(server:url("/x", "127.0.0.1"), { allow_http = true,
      proxy = p:url("http", "joe:secret"), timeout = 60 })
    t.eq(r.body, "plain", "body")
    local got = wire.requests(server:stop())
    t.eq(got[1].text:lower():find "proxy%-auth", nil, "proxy-authorization")
  end)
end

do
  local p <close> = proxies.microsocks()
  local function way (server)
    return { resolve = { ["good.test:" .. server.port] = "127.0.0.1" } }
  end
  -- It asks the system for names: an address stands for what it does not know.
  common("microsocks", "good.test", function ()
    return { proxy = p:url(), resolve = setmetatable({}, {
      __index = function () return "127.0.0.1" end,
    }) }
  end)
  t.test("microsocks looks names up", function ()
    local server <close> = peer.httpsd{ "good" }
    local o = way(server)
    o.proxy, o.servername, o.ca = p:url "socks5h", "good.test",
      peer.pem "root"
    local r = https.get(server:url("/", "localhost"), o)
    t.eq(r.status, 200, "status")
    t.raises(function () https.get(server:url("/", "nobody.invalid"), o) end,
      "proxy", "other")
  end)
  t.test("microsocks does not have to", function ()
    local server <close> = peer.httpsd{ "good" }
    local o = { proxy = p:url(), servername = "good.test",
      ca = peer.pem "root", timeout = 60 }
    t.eq(https.get(server:url("/", "localhost"), o).status, 200, "status")
    local err = t.raises(function ()
      https.get(server:url("/", "nobody.invalid"), o)
    end, "resolve")
    t.eq(err.phase, "resolve", "phase")
    t.match(err.message, "^looking up nobody%.invalid", "message")
    t.match(err.hint, "socks5h", "hint")
  end)
end

do
  local p <close> = proxies.microsocks{ user = "joe", password = "secret" }
  refuses("microsocks", p, "socks5h", "127.0.0.1")
  t.test("microsocks: user and password", function ()
    local server <close> = peer.httpsd{ "ip" }
    local r = https.get(server:url("/", "127.0.0.1"), { ca = peer.pem "root",
      proxy = p:url("socks5h", "joe:secret"), timeout = 60 })
    t.eq(r.status, 200, "status")
  end)
end

t.finish()
