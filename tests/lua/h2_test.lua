-- HTTP/2: chosen by the handshake, one connection for many requests, and what
-- a server may do wrong to one of them or to all.
local t = require "tests.harness"
local h2 = require "tests.lua.h2"
local peer = require "tests.lua.peer"
local proxies = require "tests.lua.proxies"
local https = require "https"

local REFUSED, CANCEL = 7, 8    -- error codes (RFC 9113 section 7)


---------------------------------------------------------------------------
-- Which protocol it is: option http, the handshake, and what was asked for.

local WHO = 'location / { return 200 "$connection $server_protocol"; }'

-- server has it, option http, want
local chosen = {
  { true, nil, "2" }, { true, "1.1", "1.1" }, { true, "2", "2" },
  { false, nil, "1.1" }, { false, "1.1", "1.1" },
}

do
  local new <close> = h2.nginx(WHO)
  local old <close> = h2.nginx(WHO, true)
  for _, row in ipairs(chosen) do
    local has, http, want = row[1], row[2], row[3]
    local label = has and "with" or "without"
    t.test(("http=%s, a server %s it"):format(http, label), function ()
      local server = has and new or old
      local r = https.get(server.url, server.options{ http = http })
      t.eq(r.status, 200)
      t.eq(r.http, want)
      t.match(r.body, want == "2" and "HTTP/2.0" or "HTTP/1.1")
      t.eq(r.tls.alpn, want == "2" and "h2" or
        (http == nil and "http/1.1" or nil), "alpn")
    end)
  end

  t.test("http=2, a server that knows none", function ()
    t.raises(function () https.get(old.url, old.options{ http = "2" }) end,
      { "tls", "protocol" })
  end)

  t.test("a session's word, and a call's against it", function ()
    local s <close> = https.session{ http = "1.1" }
    t.eq(s:get(new.url, new.options()).http, "1.1")
    t.eq(s:get(new.url, new.options{ http = "2" }).http, "2")
    t.eq(s:get(new.url, new.options()).http, "1.1")
  end)

  t.test("connections of either kind are kept apart", function ()
    local s <close> = https.session()
    local a = s:get(new.url, new.options()).body
    local b = s:get(new.url, new.options{ http = "1.1" }).body
    t.eq(s:get(new.url, new.options()).body, a)
    t.eq(s:get(new.url, new.options{ http = "1.1" }).body, b)
    t.ok(a:match "%d+" ~= b:match "%d+", "two connections")
  end)
end

-- A server that ignores what it is asked for.
t.test("http=2, no word on it in the handshake", function ()
  local p <close> = peer.rawd{ cert = "good", "head", "wait" }
  local err = t.raises(function ()
    https.get(p:url "/", p:options{ http = "2" })
  end, "protocol", "h2")
  t.match(err.message, "does not speak HTTP/2")
  t.eq(err.sent, false)
end)

for _, value in ipairs { "1.0", "3", "h2", "", 2, 1.1, true } do
  t.test("http=" .. tostring(value), function ()
    t.raises(function ()
      https.get("https://x.test/", { http = value })
    end, "usage", type(value) == "string" and "value" or "type")
  end)
end

---------------------------------------------------------------------------
-- One connection for many.

do
  local server <close> = h2.nginx [[
    keepalive_requests 10000;
    location /who { return 200 $connection; }
    location /echo { return 200 "$request_method $http_a"; }
    location /gone { return 410; }
  ]]
  t.write(server.dir .. "/big", ("0123456789abcdef"):rep(200000))
  t.write(server.dir .. "/small", "small")

  local function connections (n, o)
    local s <close> = https.session()
    local seen, count = {}, 0
    local urls = {}
    for i = 1, n do urls[i] = server.url .. "who?" .. i end
    https.map(urls, function (url)
      local r = s:get(url, server.options{ http = o.http })
      t.eq(r.status, 200)
      if not seen[r.body] then seen[r.body], count = true, count + 1 end
    end, { concurrency = o.at_once })
    return count
  end

  t.test("one after the other", function ()
    t.eq(connections(10, { at_once = 1 }), 1)
  end)

  t.test("fifty at once, from the first on", function ()
    t.eq(connections(200, { at_once = 50 }), 1)
  end)

  t.test("more at once than the server lets (128)", function ()
    t.ok(connections(400, { at_once = 300 }) <= 3)
  end)

  t.test("HTTP/1.1 still has one for each", function ()
    t.eq(connections(100, { at_once = 10, http = "1.1" }), 10)
  end)

  t.test("many large ones at once", function ()
    local s <close> = https.session()
    local want = ("0123456789abcdef"):rep(200000)
    local list = {}
    for i = 1, 10 do list[i] = i end
    https.map(list, function ()
      t.ok(s:get(server.url .. "big", server.options()).body == want)
    end, { concurrency = 10 })
  end)

  t.test("who does not read holds up nobody", function ()
    local s <close> = https.session()
    local slow = s:get(server.url .. "big", server.options{ stream = true })
    for _ = 1, 3 do
      t.eq(#s:get(server.url .. "big", server.options()).body, 3200000)
    end
    local n = 0
    for piece in slow:chunks() do n = n + #piece end
    t.eq(n, 3200000)
    t.eq(slow.http, "2")
  end)

  t.test("who gives up leaves the connection to others", function ()
    local s <close> = https.session()
    local before = s:get(server.url .. "who", server.options()).body
    for _ = 1, 20 do
      s:get(server.url .. "big", server.options{ stream = true }):close()
    end
    t.eq(s:get(server.url .. "who", server.options()).body, before)
  end)

  t.test("a task that is cancelled does, too", function ()
    local s <close> = https.session()
    local before = s:get(server.url .. "who", server.options()).body
    local r
    local task = https.spawn(function ()
      r = s:get(server.url .. "big", server.options{ stream = true })
      https.sleep(60)
    end)
    while not r do https.sleep(0) end
    task:cancel()
    t.eq(s:get(server.url .. "who", server.options()).body, before)
  end)

  t.test("fifty that are cancelled disturb no other", function ()
    local s <close> = https.session()
    local before = s:get(server.url .. "who", server.options()).body
    local tasks, begun = {}, 0
    for i = 1, 50 do
      tasks[i] = https.spawn(function ()
        local r <close> = s:get(server.url .. "big",
          server.options{ stream = true })
        begun = begun + 1
        https.sleep(60)
      end)
    end
    local other = https.spawn(function ()
      return #s:get(server.url .. "big", server.options()).body
    end)
    while begun < 50 do https.sleep(0) end
    for i = 1, 50 do tasks[i]:cancel() end
    t.eq(other:wait(), 3200000)
    t.eq(s:get(server.url .. "who", server.options()).body, before)
  end)

  t.test("into a file", function ()
    local path = t.tmpdir() .. "/out"
    https.get(server.url .. "big", server.options{ output = path })
    t.eq(#t.read(path), 3200000)
  end)

  t.test("HEAD, statuses, headers", function ()
    local s <close> = https.session()
    local r = s:head(server.url .. "big", server.options())
    t.eq({ r.status, r.http, r.headers["content-length"], r.body },
      { 200, "2", "3200000", "" })
    r = s:get(server.url .. "gone", server.options())
    t.eq({ r.status, r.reason }, { 410, "" })
    r = s:get(server.url .. "echo", server.options{
      headers = { A = "b", Connection = "keep-alive" } })
    t.eq(r.body, "GET b")
    t.ok(r.headers.server)
  end)

  -- nginx refuses a POST to a file, without reading it.
  t.test("an answer before the body has gone", function ()
    local s <close> = https.session()
    local before = s:get(server.url .. "who", server.options()).body
    for _ = 1, 3 do
      local r = s:post(server.url .. "small", server.options{
        body = ("x"):rep(900000) })
      t.eq(r.status, 405)
    end
    t.eq(s:get(server.url .. "who", server.options()).body, before)
  end)
end

---------------------------------------------------------------------------
-- Through proxies: one tunnel for all, and the proxy itself is spoken to in
-- HTTP/1.1.

do
  local server <close> = h2.nginx 'location /who { return 200 $connection; }'
  t.write(server.dir .. "/big", ("0123456789abcdef"):rep(200000))
  local squid <close> = proxies.squid{ tls = "good", hosts = { "good.test" } }
  local socks <close> = proxies.microsocks()

  local function options (url)
    local o = server.options{ proxy = url, proxy_ca = peer.pem "root" }
    local port = url:match ":(%d+)$"
    o.resolve["good.test:" .. port] = "127.0.0.1"
    return o
  end

  for label, url in pairs{
    ["an http proxy"] = squid:url "http",
    ["an https proxy"] = squid:url "https",
    ["a SOCKS proxy"] = socks:url "socks5",
  } do
    t.test("twenty at once by way of " .. label, function ()
      local s <close> = https.session()
      local seen, list = nil, {}
      for i = 1, 20 do list[i] = i % 3 == 0 and "big" or "who" end
      https.map(list, function (path)
        local r = s:get(server.url .. path, options(url))
        t.eq(r.http, "2")
        if path == "big" then return t.eq(#r.body, 3200000) end
        seen = seen or r.body
        t.eq(r.body, seen, "connection")
      end, { concurrency = 20 })
    end)
  end
end

---------------------------------------------------------------------------
-- Bodies out: against windows of a server's.

local LARGE = ("0123456789abcdef"):rep(40000)

-- In pieces of that size, from a function.
local function in_pieces (text, size)
  local at = 1
  return function ()
    if at > #text then return nil end
    local piece = text:sub(at, at + size - 1)
    at = at + size
    return piece
  end
end

for _, args in ipairs { {}, { "-w", "20" }, { "-W", "16" }, { "-W", "20" },
                        { "-b", "200" } } do
  local label = table.concat(args, " ")
  t.test("uploads, nghttpd " .. label, function ()
    table.move({ "--echo-upload", "--trailer", "x-t: y" }, 1, 3, #args + 1,
      args)
    local server <close> = h2.nghttpd(args)
    local s <close> = https.session()
    for _, body in ipairs { LARGE, "x", "" } do
      local r = s:post(server.url, server.options{ body = body })
      t.eq({ r.status, r.http }, { 200, "2" })
      t.ok(r.body == body, "body came back")
    end
    for _, size in ipairs { 1000, 70000, #LARGE } do
      local r = s:put(server.url, server.options{
        body = in_pieces(LARGE, size) })
      t.ok(r.body == LARGE, "pieces of " .. size)
    end
  end)
end

-- By then the piece that was on its way is nobody's.
t.test("a refusal first, and room for the rest later", function ()
  local room = (">I4"):pack(1 << 20)
  local p <close> = h2.rawd{ { h2.accept, "frame", 0,
    h2.headers(1, 0, ":status", "413"), "drip", 2, h2.frame(8, 0, 1, room)
      .. h2.frame(8, 0, 0, room) .. h2.data(1, h2.END, "no"), "wait" } }
  local pieces = 0
  local r = https.post(p:url "/", p:options{ stream = true,
    body = function ()
      collectgarbage()
      pieces = pieces + 1
      return ("x"):rep(100000 + pieces)
    end })
  collectgarbage()
  t.eq({ r.status, r:read "a", pieces }, { 413, "no", 1 })
end)

t.test("uploads at once, of a server that lets two", function ()
  local server <close> = h2.nghttpd{ "--echo-upload", "-m", "2" }
  local s <close> = https.session{ pool = { per_host = 1 } }
  local list = {}
  for i = 1, 12 do list[i] = ("%02d"):format(i):rep(50000) end
  local got = https.map(list, function (body)
    return s:post(server.url, server.options{ body = body }).body
  end, { concurrency = 12 })
  for i = 1, 12 do t.ok(got[i] == list[i], "body " .. i) end
end)

---------------------------------------------------------------------------
-- What frames of a server's make of a request.

local GET, POST = "GET", "POST"

-- label, method, connections, want: a body, or {code, sent}
local served = {
  { "an answer", GET, { { h2.accept, h2.answer(1, "one"), "wait" } }, "one" },
  { "byte by byte", GET, { { h2.accept, "bytes", h2.answer(1, "one"),
    "wait" } }, "one" },
  { "trailers", GET, { { h2.accept, h2.headers(1, 0, ":status", "200"),
    h2.data(1, 0, "x"), h2.headers(1, h2.END, "t", "u"), "wait" } }, "x" },
  { "interim answers", GET, { { h2.accept, h2.headers(1, 0, ":status", "103"),
    h2.answer(1, "x"), "wait" } }, "x" },
  { "refused, and taken then", GET, { { h2.accept, h2.rst(1, REFUSED),
    "frame", 1, h2.answer(3, "two"), "wait" } }, "two" },
  { "refused, though it is no GET", POST, { { h2.accept, h2.rst(1, REFUSED),
    "frame", 1, h2.answer(3, "two"), "wait" } }, "two" },
  { "refused twice", GET, { { h2.accept, h2.rst(1, REFUSED), "frame", 1,
    h2.rst(3, REFUSED), "wait" } }, { "h2", false } },
  { "refused, and taken by another", GET, {
    { h2.accept, h2.goaway(1, 0) .. h2.rst(1, REFUSED), "wait" },
    { h2.accept, h2.answer(1, "two"), "wait" } }, "two" },
  { "goaway, and taken by another", POST, {
    { h2.accept, h2.goaway(0, 0), "wait" },
    { h2.accept, h2.answer(1, "two"), "wait" } }, "two" },
  { "goaway for a reason", POST, {
    { h2.accept, h2.goaway(0, 11, "calm"), "fin" },
    { h2.accept, h2.answer(1, "two"), "wait" } }, "two" },
  { "goaway twice", GET, {
    { h2.accept, h2.goaway(0, 0), "wait" },
    { h2.accept, h2.goaway(0, 0), "wait" } }, { "h2", false } },
  { "goaway, and answered", GET, { { h2.accept, h2.goaway(1, 0),
    h2.answer(1, "one"), "fin" } }, "one" },
  { "goaway, and not answered", GET, { { h2.accept, h2.goaway(1, 0),
    "notify" } }, { "closed", true } },
  { "reset", GET, { { h2.accept, h2.rst(1, CANCEL), "wait" } },
    { "h2", true } },
  { "reset in the body", GET, { { h2.accept,
    h2.headers(1, 0, ":status", "200"), h2.data(1, 0, "abc"), h2.rst(1, 2),
    "wait" } }, { "h2", true } },
  { "cut off in the body", GET, { { h2.accept,
    h2.headers(1, 0, ":status", "200"), h2.data(1, 0, "abc"), "notify" } },
    { "truncated", true } },
  { "cut off without close_notify", GET, { { h2.accept,
    h2.headers(1, 0, ":status", "200"), h2.data(1, 0, "abc"), "fin" } },
    { "truncated", true } },
  { "shorter than it said", GET, { { h2.accept,
    h2.headers(1, 0, ":status", "200", "content-length", "5"),
    h2.data(1, h2.END, "abc"), "wait" } }, { "truncated", true } },
  { "longer than it said", GET, { { h2.accept,
    h2.headers(1, 0, ":status", "200", "content-length", "2"),
    h2.data(1, h2.END, "abc"), "wait" } }, { "h2", true } },
  { "a control byte in a header", GET, { { h2.accept,
    h2.headers(1, h2.END, ":status", "200", "a", "b\nc"), "wait" } },
    { "h2", true } },
  { "a frame that is none", GET, { { h2.accept, h2.frame(8, 0, 0, "x"),
    "wait" } }, { "h2", true } },
  { "a push", GET, { { h2.accept,
    h2.frame(5, 4, 1, "\0\0\0\2\x82\x84\x87"), "wait" } }, { "h2", true } },
  { "HTTP/1.1 after all", GET, { { "skip", 24, peer.answer "x", "wait" } },
    { "h2", true } },
  { "nothing, and the end", GET, { { h2.accept, "notify" } },
    { "closed", true } },
}

for _, row in ipairs(served) do
  local label, method, connections, want = table.unpack(row)
  t.test(label, function ()
    local p <close> = h2.rawd(connections)
    local s <close> = https.session{ retries = 0 }
    local function go ()
      return s:request(method, p:url "/", p:options{
        body = method == POST and "body" or nil }).body
    end
    if type(want) == "string" then return t.eq(go(), want) end
    local err = t.raises(go, "protocol", want[1])
    t.eq(err.sent, want[2], "sent")
  end)
end

t.test("the reason of a reset is told", function ()
  local p <close> = h2.rawd{ { h2.accept, h2.rst(1, 13), "wait" } }
  local err = t.raises(function () https.get(p:url "/", p:options()) end,
    "protocol", "h2")
  t.match(err.message, "HTTP_1_1_REQUIRED")
  t.match(err.hint, 'http="1%.1"')
end)

t.test("what is larger than max_header", function ()
  local p <close> = h2.rawd{ { h2.accept, h2.headers(1, h2.END, ":status",
    "200", "a", ("x"):rep(120)), "wait" } }
  t.raises(function ()
    https.get(p:url "/", p:options{ max_header = 100 })
  end, "protocol", "too-large")
end)

t.test("max_body", function ()
  local p <close> = h2.rawd{ { h2.accept, h2.answer(1, "too much"), "wait" } }
  t.raises(function ()
    https.get(p:url "/", p:options{ max_body = 5 })
  end, "protocol", "too-large")
end)

---------------------------------------------------------------------------
-- Kept connections: what happens to them between two requests.

-- label, what comes after the first answer, whether it serves the second
local between = {
  { "nothing", { "frame", 1, h2.answer(3, "two") }, true },
  { "a ping", { h2.frame(6, 0, 0, "12345678"), "frame", 1,
    h2.answer(3, "two") }, true },
  { "settings", { h2.frame(4, 0, 0, ""), "frame", 1, h2.answer(3, "two") },
    true },
  { "goaway", { h2.goaway(1, 0), "wait" }, false },
  { "the end", { "notify" }, false },
  { "a reset", { "rst" }, false },
}

for _, row in ipairs(between) do
  t.test("between two requests: " .. row[1], function ()
    local first = { h2.accept, h2.answer(1, "one"),
      table.unpack(row[2]) }
    local p <close> = h2.rawd{ first,
      { h2.accept, h2.answer(1, "fresh"), "wait" } }
    local s <close> = https.session()
    t.eq(s:get(p:url "/", p:options()).body, "one")
    local r = s:get(p:url "/", p:options())
    t.eq(r.body, row[3] and "two" or "fresh")
    t.eq(r.timings.reused, row[3], "reused")
  end)
end

t.test("what breaks the connection with an answer leaves the answer",
  function ()
    local p <close> = h2.rawd{
      { h2.accept, h2.answer(1, "one") .. h2.frame(8, 0, 0, "x"), "wait" },
      { h2.accept, h2.answer(1, "fresh"), "wait" } }
    local s <close> = https.session()
    t.eq(s:get(p:url "/", p:options()).body, "one")
    t.eq(s:get(p:url "/", p:options()).body, "fresh")
  end)

t.test("a server that falls silent is asked no more", function ()
  local p <close> = h2.rawd{ { h2.accept, "wait" },
    { h2.accept, h2.answer(1, "fresh"), "wait" } }
  local s <close> = https.session{ retries = 0 }
  t.raises(function ()
    s:get(p:url "/", p:options{ timeout = { read = 0.05 } })
  end, "timeout", "read")
  t.eq(s:get(p:url "/", p:options()).body, "fresh")
end)

t.test("pings are no sign of an answer", function ()
  local p <close> = h2.rawd{ { h2.accept, "drip", 20,
    h2.frame(6, 0, 0, "12345678"):rep(100), "wait" } }
  t.raises(function ()
    https.get(p:url "/", p:options{ timeout = { read = 0.2 } })
  end, "timeout", "read")
end)

---------------------------------------------------------------------------
-- Several at once, of which the server takes some.

t.test("goaway in the middle: each goes where it can", function ()
  local first = { "skip", 24, "frame", 1, "frame", 1, "frame", 1, "frame", 1,
    h2.hello, h2.goaway(3, 0), h2.answer(1, "a"), h2.answer(3, "a"), "wait" }
  local p <close> = h2.rawd{ first, { "skip", 24, "frame", 1, h2.hello,
    "frame", 1, h2.answer(1, "b"), h2.answer(3, "b"), "wait" } }
  local s <close> = https.session()
  local got = https.map({ 1, 2, 3, 4 }, function ()
    return s:post(p:url "/", p:options{ body = "x" }).body
  end, { concurrency = 4 })
  table.sort(got)
  t.eq(table.concat(got), "aabb")
end)

t.test("a broken connection fails all, each for itself", function ()
  local p <close> = h2.rawd{ { "skip", 24, "frame", 1, "frame", 1, h2.hello,
    h2.headers(1, 0, ":status", "200"), h2.data(1, 0, "x"), "rst" } }
  local s <close> = https.session{ retries = 0 }
  local codes = https.map({ 1, 2 }, function ()
    local ok, err = pcall(s.post, s, p:url "/", p:options{ body = "x" })
    return ok and "fine" or err.kind .. "/" .. err.code
  end, { concurrency = 2 })
  for i = 1, 2 do t.match(codes[i], "^connect/reset$") end
end)

t.test("a handshake that hangs is not everybody's", function ()
  local p <close> = h2.rawd{ { "stall" },
    { h2.accept, h2.answer(1, "fresh"), "wait" } }
  local s <close> = https.session{ retries = 0 }
  local first = https.spawn(s.get, s, p:url "/", p:options())
  local second = https.spawn(s.get, s, p:url "/", p:options())
  t.eq(second:wait().body, "fresh")
  first:cancel()
end)

t.test("those that wait for a connection that fails", function ()
  local p <close> = peer.rawd{ cert = "good", { "plain", "no TLS", "wait" } }
  local s <close> = https.session{ retries = 0 }
  local codes = https.map({ 1, 2, 3 }, function ()
    local ok, err = pcall(s.get, s, p:url "/", p:options())
    return ok and "fine" or err.kind
  end, { concurrency = 3 })
  t.eq(codes, { "tls", "tls", "tls" })
end)

t.finish()
