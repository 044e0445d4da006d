-- What connections do for requests: when one is used again, when never; what
-- happens when it breaks; how long anything may take.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

warn "@off"     -- verify=false would be told

local HELLO = peer.answer "hello"
local DATE = "date: x\r\n"      -- any header

---------------------------------------------------------------------------
-- Used again: httpsd says at the end how many requests a connection had.

-- The requests of each connection, in the order in which they were opened.
local function requests_of (server)
  local counts = {}
  for _, line in ipairs(server:stop()) do
    local k, n = line:match "^conn (%d+) .* requests=(%d+)"
    if k then counts[tonumber(k)] = tonumber(n) end
  end
  return counts
end

t.test("one connection for many requests", function ()
  local s <close> = peer.httpsd{ "good" }
  for i = 1, 200 do
    local r = https.get(s:url("/bytes/" .. i), s:options())
    t.eq(#r.body, i, "bytes")
    t.eq(r.timings.reused, i > 1, "reused")
    if i > 1 then
      t.eq(r.timings.connect, 0.0, "connect")
      t.eq(r.timings.tls, 0.0, "tls")
    end
    t.eq(r.tls.subject, "/CN=good", "subject")
  end
  t.eq(requests_of(s), { 200 }, "requests of each connection")
end)

-- label, what is asked for twice: the connection is good for both
local kept = {
  { "GET with a length", "GET", "/bytes/5" },
  { "GET of nothing", "GET", "/bytes/0" },
  { "GET, chunked", "GET", "/chunked/5000" },
  { "HEAD", "HEAD", "/bytes/5" },
  { "HEAD, chunked", "HEAD", "/chunked/5" },
  { "204", "GET", "/status/204" },
  { "304", "GET", "/status/304" },
  { "404", "GET", "/status/404" },
  { "POST", "POST", "/echo", "body" },
  { "long POST", "POST", "/echo", ("x"):rep(100000) },
  { "DELETE", "DELETE", "/status/200" },
}

for _, row in ipairs(kept) do
  t.test("kept after " .. row[1], function ()
    local s <close> = peer.httpsd{ "good" }
    for i = 1, 2 do
      local r = https.request(row[2], s:url(row[3]),
        s:options{ body = row[4] })
      t.eq(r.timings.reused, i > 1, "reused")
    end
    t.eq(requests_of(s), { 2 }, "requests of each connection")
  end)
end

t.test("closed by connection: close of the server", function ()
  local s <close> = peer.httpsd{ "good" }
  for _ = 1, 2 do
    local r = https.get(s:url "/close", s:options())
    t.eq(r.headers.connection, "close", "connection")
    t.eq(r.timings.reused, false, "reused")
  end
  t.eq(requests_of(s), { 1, 1 }, "requests of each connection")
end)

t.test("closed by connection: close of the client", function ()
  local s <close> = peer.httpsd{ "good" }
  for _ = 1, 2 do
    local r = https.get(s:url(), s:options{
      headers = { connection = "close" } })
    t.eq(r.timings.reused, false, "reused")
  end
  t.eq(requests_of(s), { 1, 1 }, "requests of each connection")
end)

-- label, the answer: after which the connection is not used again, though the
-- server leaves it open
local dropped = {
  { "connection: close", peer.answer("x", "connection: close\r\n") },
  { "Connection: Close among others",
    peer.answer("x", "Connection: a, Close\r\n") },
  { "two connection headers",
    peer.answer("x", "connection: keep-alive\r\nconnection: close\r\n") },
  { "HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx" },
  { "204 with a length", "HTTP/1.1 204 X\r\ncontent-length: 1\r\n\r\n" },
}

for _, row in ipairs(dropped) do
  for _, cert in ipairs{ false, "good" } do
    t.test(("not kept after %s, %s"):format(row[1], cert or "plain"),
      function ()
        local p <close> = peer.rawd{ cert = cert or nil,
          { "head", "send", row[2], "wait" }, { "head", "send", HELLO } }
        https.get(p:url(), p:options())
        p:expect "^request 0 "
        if cert then p:expect "^notify 0$" end
        p:expect "^eof 0$"
        t.eq(https.get(p:url(), p:options()).timings.reused, false, "reused")
        p:expect "^request 1 "
      end)
  end
end

t.test("kept with HTTP/1.0 and connection: keep-alive", function ()
  local p <close> = peer.rawd{ { "head", "send", "HTTP/1.0 200 OK\r\n" ..
    "connection: Keep-Alive\r\ncontent-length: 1\r\n\r\nx",
    "head", "send", HELLO } }
  https.get(p:url(), p:options())
  t.eq(https.get(p:url(), p:options()).body, "hello", "body")
  p:expect "^request 0 "
  p:expect "^request 0 "
end)

t.test("not kept after an error", function ()
  local p <close> = peer.rawd{ { "head", "send", "HTTP/1.1 20\r\n", "wait" },
    { "head", "send", HELLO } }
  t.raises(function () https.get(p:url(), p:options()) end, "protocol")
  p:expect "^eof 0$"
  t.eq(https.get(p:url(), p:options()).timings.reused, false, "reused")
end)

---------------------------------------------------------------------------
-- Not for others: a connection serves its origin, name and trust alone.

-- One server for several names and trusts.  Each row asks twice: the second
-- request must not go over the first one's connection.
local root = peer.pem "root"
local all = { verify = false }
local others = {
  { "verify=false, then verified", all, { ca = root } },
  { "verified, then verify=false", { ca = root }, all },
  { "verify=false, then untrusted", all, { ca = peer.pem "others" },
    "verify", "unknown-issuer" },
  { "verified, then untrusted", { ca = root }, { ca = peer.pem "others" },
    "verify", "unknown-issuer" },
  { "verified, then by the system's store", { ca = root }, {}, "verify" },
  { "verified by one ca, then by another that has it", { ca = root },
    { ca = { root, peer.pem "others" } } },
  { "without the name, then with it", { ca = root, verify = { name = false } },
    { ca = root } },
  { "without the time, then with it", { ca = root, verify = { time = false } },
    { ca = root } },
  { "with another servername", { ca = root, servername = "two-a.test" },
    { ca = root } },
  { "and then with another servername", { ca = root },
    { ca = root, servername = "two-a.test" } },
  { "with a servername it has not, unchecked",
    { verify = false, servername = "nobody.test" },
    { ca = root, servername = "nobody.test" }, "verify", "name-mismatch" },
}

for _, row in ipairs(others) do
  t.test("not shared: " .. row[1], function ()
    local s <close> = peer.httpsd{ "good", "two" }
    local function get (own)
      local o = s:options{ verify = own.verify or own.ca == nil }
      o.verify, o.ca, o.servername = own.verify, own.ca, own.servername
      return https.get(s:url(), o)
    end
    get(row[2])
    if row[4] then
      local err = t.raises(function () get(row[3]) end, row[4], row[5])
      t.eq(err.sent, false, "sent")
    else
      t.eq(get(row[3]).timings.reused, false, "reused")
    end
    t.eq(get(row[2]).timings.reused, true, "first one again")
    local counts = requests_of(s)
    local want = { 2, row[4] and 0 or 1 }
    -- And one more, which finds out what was refused, without a request.
    if row[4] and row[5] ~= "name-mismatch" then want[3] = 0 end
    t.eq(counts, want, "requests of each connection")
  end)
end

t.test("not shared: another host at the same address", function ()
  local s <close> = peer.httpsd{ "two" }
  for _, host in ipairs{ "two-a.test", "two-b.test" } do
    local r = https.get(s:url("/", host), s:options({}, host))
    t.eq(r.timings.reused, false, host)
  end
  t.eq(requests_of(s), { 1, 1 }, "requests of each connection")
end)

t.test("not shared: the same host at another address", function ()
  local a <close> = peer.rawd{ { "head", "send", HELLO, "stall" } }
  local b <close> = peer.rawd{ { "head", "send", peer.answer "other" } }
  for _, server in ipairs{ a, b } do
    local o = a:options{ resolve = {
      ["plain.test:" .. a.port] = "127.0.0.1:" .. server.port } }
    t.eq(https.get(a:url(), o).body, server == a and "hello" or "other",
      "body")
  end
end)

t.test("not shared: plain and TLS", function ()
  local p <close> = peer.rawd{ { "head", "send", HELLO, "stall" },
    { "wait" } }
  https.get(p:url(), p:options())
  t.raises(function ()
    https.get(p:url():gsub("^http", "https"), p:options{ timeout = 1 })
  end, { "tls", "timeout" })
  p:expect "^open 1$"
end)

t.test("a ca that changed on disk asks anew", function ()
  local s <close> = peer.httpsd{ "good" }
  local path = t.tmpdir() .. "/ca.pem"
  t.write(path, t.read(root))
  https.get(s:url(), s:options{ ca = path })
  t.write(path .. ".new", t.read(peer.pem "others"))
  assert(os.rename(path .. ".new", path))
  local err = t.raises(function ()
    https.get(s:url(), s:options{ ca = path })
  end, "verify", "unknown-issuer")
  t.eq(err.sent, false, "sent")
end)

---------------------------------------------------------------------------
-- Broken while idle, or upon the next request.

-- label, what the server does after its first answer; the second request then
-- needs a second connection, whatever its method, since the end was there
-- before it
local idle_ends = { "fin", "notify", "rst", "close" }

-- rawd has done it when it says so; the client's kernel has it then too.
for _, ending in ipairs(idle_ends) do
  for _, cert in ipairs{ false, "good" } do
    for _, method in ipairs{ "GET", "POST" } do
      t.test(("closed while idle by %s, %s: %s"):format(ending,
        cert or "plain", method), function ()
        local p <close> = peer.rawd{ cert = cert or nil,
          { "head", "send", HELLO, ending }, { "head", "send", HELLO } }
        https.get(p:url(), p:options())
        p:expect "^done 0$"
        local r = https.request(method, p:url(), p:options())
        t.eq(r.timings.reused, false, "reused")
        p:expect("^request 1 " .. method)
      end)
    end
  end
end

-- method, whether it goes again: RFC 9110 section 9.2.2
local methods = {
  { "GET", true }, { "HEAD", true }, { "OPTIONS", true }, { "PUT", true },
  { "DELETE", true }, { "TRACE", true },
  { "POST", false }, { "PATCH", false }, { "PROPFIND", false },
}

-- The server reads the second request's head, and then ends.
for _, row in ipairs(methods) do
  local method, again = row[1], row[2]
  for _, ending in ipairs{ "fin", "notify", "rst" } do
    for _, cert in ipairs{ false, "good" } do
      t.test(("closed upon %s by %s, %s"):format(method, ending,
        cert or "plain"), function ()
        local p <close> = peer.rawd{ cert = cert or nil,
          { "head", "send", HELLO, "head", ending },
          { "head", "send", "HTTP/1.1 204 X\r\n\r\n" } }
        https.get(p:url(), p:options())
        if again then
          local r = https.request(method, p:url(), p:options())
          t.eq(r.status, 204, "status")
          t.eq(r.timings.reused, false, "reused")
          p:expect("^request 0 GET")
          p:expect("^request 0 " .. method)
          p:expect("^request 1 " .. method)
          return
        end
        local err = t.raises(function ()
          https.request(method, p:url(), p:options())
        end, ending == "rst" and "connect" or "protocol",
          ending == "rst" and "reset" or "closed")
        t.eq(err.sent, true, "sent")
        t.eq(err.phase, "receive", "phase")
        p:expect("^request 0 " .. method)
        -- The next connection is that of another call.
        https.get(p:url(), p:options())
        p:expect "^request 1 GET"
      end)
    end
  end
end

t.test("a new connection that is closed is not tried again", function ()
  for _, ending in ipairs{ "fin", "notify", "rst" } do
    local p <close> = peer.rawd{ cert = "good", { "head", ending },
      { "head", "send", HELLO } }
    local err = t.raises(function () https.get(p:url(), p:options()) end,
      ending == "rst" and "connect" or "protocol")
    t.eq(err.sent, true, "sent")
    p:expect "^request 0 "
    t.eq(https.get(p:url(), p:options()).body, "hello", "body")
    p:expect "^request 1 "
  end
end)

t.test("it goes again once", function ()
  local p <close> = peer.rawd{ { "head", "send", HELLO, "head", "rst" },
    { "head", "rst" }, { "head", "send", HELLO } }
  https.get(p:url(), p:options())
  local err = t.raises(function () https.get(p:url(), p:options()) end,
    "connect", "reset")
  t.eq(err.sent, true, "sent")
  p:expect "^request 1 "
end)

-- What the first try sent has been sent, however the second fails.
t.test("sent, when the second try does not get so far", function ()
  local p <close> = peer.rawd{ cert = "good",
    { "head", "send", HELLO, "head", "rst" }, { "plain", "garbage" } }
  https.get(p:url(), p:options())
  local err = t.raises(function () https.get(p:url(), p:options()) end, "tls")
  t.eq(err.sent, true, "sent")
end)

t.test("a broken answer on a kept connection is not tried again", function ()
  local p <close> = peer.rawd{
    { "head", "send", HELLO, "head", "send", "HTTP/1.1 20", "fin" },
    { "head", "send", HELLO } }
  https.get(p:url(), p:options())
  t.raises(function () https.get(p:url(), p:options()) end, "protocol",
    "truncated")
end)

---------------------------------------------------------------------------
-- Bytes after the end of an answer belong to nobody.

local SMUGGLED = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"

-- label, the first answer, further bytes in its segment
local surplus = {
  { "after a body", HELLO, SMUGGLED },
  { "after no body", peer.answer "", SMUGGLED },
  { "after 204", "HTTP/1.1 204 X\r\n\r\n", SMUGGLED },
  { "after 304", "HTTP/1.1 304 X\r\ncontent-length: 4\r\n\r\n", "evil" },
  { "after a chunked body", "HTTP/1.1 200 OK\r\n" ..
    "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", SMUGGLED },
  { "a single byte", HELLO, "\n" },
  { "CRLF", HELLO, "\r\n" },
  { "the body of HEAD", peer.answer("hello"):gsub("hello$", ""), "hello",
    "HEAD" },
}

-- Plays those steps after the head; the client must have their bytes when
-- it asks again, over another connection.
local function check_surplus (row, cert, steps, said)
  local p <close> = peer.rawd{ cert = cert or nil,
    table.move(steps, 1, #steps, 2, { "head" }),
    { "head", "send", peer.answer "mine" } }
  https.request(row[4] or "GET", p:url(), p:options())
  p:expect(said)
  local r = https.get(p:url(), p:options())
  t.eq(r.body, "mine", "body")
  t.eq(r.timings.reused, false, "reused")
end

for _, row in ipairs(surplus) do
  for _, cert in ipairs{ false, "good" } do
    t.test(("surplus %s, %s"):format(row[1], cert or "plain"), function ()
      -- Together with the end of the answer: then it is closed at once.
      check_surplus(row, cert, { "send", row[2] .. row[3], "wait" },
        "^%l+ 0$")
      -- While it is idle; "body 0" says that it was written.
      check_surplus(row, cert, { "send", row[2], "send", row[3], "body", 0,
        "stall" }, "^body 0 ")
    end)
  end
end

---------------------------------------------------------------------------
-- Bodies sent: large ones, and answers that come before they have gone.

local MIB = 1024 * 1024

t.test("16 MiB up and down", function ()
  local s <close> = peer.httpsd{ "good" }
  local pieces = {}
  for i = 1, 256 do pieces[i] = string.char(i - 1):rep(65536) end
  local body = table.concat(pieces)
  local r = https.post(s:url "/echo", s:options{ body = body })
  t.eq(#r.body, 16 * MIB + #r.body:match "^.-\r\n\r\n", "bytes")
  t.ok(r.body:sub(-16 * MIB) == body, "body")
  r = https.get(s:url("/bytes/" .. 16 * MIB), s:options())
  t.eq(#r.body, 16 * MIB, "bytes")
  t.eq(r.timings.reused, true, "reused")
end)

t.test("16 MiB in small pieces", function ()
  local p <close> = peer.rawd{ { "head", "send",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    "repeat", MIB // 4, "10\r\n0123456789abcdef\r\n", "send", "0\r\n\r\n" } }
  local r = https.get(p:url(), p:options())
  t.eq(#r.body, 4 * MIB, "bytes")
  t.ok(r.body == ("0123456789abcdef"):rep(MIB // 4), "body")
end)

local TOO_LARGE = peer.answer("too much", DATE, "413 Content Too Large")

-- label, steps after the head of a request of 16 MiB, and what comes of it:
-- an answer after which the connection is closed or may be kept, an error, or
-- either of the two.  A "drip" of a minute is a server that reads nothing.
local early = {
  { "answer, nothing read", { "send", TOO_LARGE, "drip", 60000, "x" },
    "closed" },
  { "answer with connection: close", { "send", peer.answer("too much",
    "connection: close\r\n", "413 Content Too Large"), "stall" }, "closed" },
  { "answer, then FIN", { "send", TOO_LARGE, "notify" }, "closed" },
  { "answer after a part, nothing more read",
    { "body", 100000, "send", TOO_LARGE, "drip", 60000, "x" }, "closed" },
  { "answer, the rest is read", { "send", TOO_LARGE, "stall" }, "kept" },
  { "100, the rest is read", { "send", "HTTP/1.1 100 Continue\r\n\r\n",
    "body", 16 * MIB, "send", TOO_LARGE, "stall" }, "kept" },
  { "reset without an answer", { "rst" }, "connect", "reset" },
  { "closed without an answer", { "notify" }, "protocol", "closed" },
  -- The reset may destroy the answer on its way.
  { "answer, then reset", { "send", TOO_LARGE, "close" }, "either" },
  { "answer after a part, then reset",
    { "body", 100000, "send", TOO_LARGE, "close" }, "either" },
}

local function post (p, body)
  return https.post(p:url(), p:options{ body = body })
end

local BODY = ("x"):rep(16 * MIB)

local function check_early (p, want, code)
  if want == "closed" or want == "kept" then
    local r = post(p, BODY)
    t.eq(r.status, 413, "status")
    t.eq(r.body, "too much", "body")
  elseif want == "either" then
    local ok, r = pcall(post, p, BODY)
    if ok then t.eq(r.status, 413, "status")
    else t.eq({ r.kind, r.sent }, { "connect", true }, "error") end
  else
    local err = t.raises(function () post(p, BODY) end, want, code)
    t.eq(err.sent, true, "sent")
  end
end

for _, row in ipairs(early) do
  for _, cert in ipairs{ false, "good" } do
    t.test(("16 MiB, %s, %s"):format(row[1], cert or "plain"), function ()
      local p <close> = peer.rawd{ cert = cert or nil,
        table.move(row[2], 1, #row[2], 2, { "head" }),
        { "head", "send", HELLO } }
      check_early(p, row[3], row[4])
      if row[3] == "kept" then return end
      -- Half a request must not be followed by another.
      t.eq(https.get(p:url(), p:options()).timings.reused, false, "reused")
      p:expect "^request 1 GET"
    end)
  end
end

---------------------------------------------------------------------------
-- Time.

-- Raises unless fn fails so and after that time, give or take a busy machine.
local function times_out (fn, part, seconds)
  local began = https.now()
  local err = t.raises(fn, "timeout", part)
  local took = https.now() - began
  t.ok(took >= seconds - 0.005, ("took %.3f s, too short"):format(took))
  t.ok(took < seconds + 5, ("took %.3f s"):format(took))
  local told = tonumber(err.message:match "([%d.]+) s")
  t.ok(told and math.abs(told - took) < 0.5, "the time that is told: " ..
    err.message)
  return err
end

-- label, steps, cert, timeout, the part that runs out, phase, sent
local slow = {
  { "silence, plain", { "head", "stall" }, nil, { read = 0.2 }, "read",
    "receive", true },
  { "silence, TLS", { "head", "stall" }, "good", { read = 0.2 }, "read",
    "receive", true },
  { "silence in the head", { "head", "send", "HTTP/1.1 200 OK\r\n", "stall" },
    "good", { read = 0.2 }, "read", "receive", true },
  { "silence in the body", { "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", "stall" },
    "good", { read = 0.2 }, "read", "receive", true },
  { "silence before the end of the stream", { "head", "send",
    "HTTP/1.1 200 OK\r\n\r\nhello", "stall" }, "good", { read = 0.2 }, "read",
    "receive", true },
  { "silence in the handshake", { "tlsread", "stall" }, "good",
    { connect = 0.2 }, "tls", "tls", false },
  { "silence in the handshake, nothing read", { "stall" }, "good",
    { connect = 0.2 }, "tls", "tls", false },
  { "silence in the handshake, total", { "tlsread", "stall" }, "good", 0.2,
    "total", "tls", false },
  -- Plain, since a slow machine may need so long for a handshake alone.
  { "silence, total", { "head", "stall" }, nil, 0.2, "total", "receive",
    true },
  { "silence, total in the table", { "head", "stall" }, nil,
    { total = 0.2 }, "total", "receive", true },
  { "total before read", { "head", "stall" }, nil,
    { total = 0.2, read = 10 }, "total", "receive", true },
  { "read before total", { "head", "stall" }, "good",
    { total = 10, read = 0.2 }, "read", "receive", true },
  -- Never silent for long, and never done.
  { "drip in the body, total", { "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", "drip", 20,
    ("x"):rep(400) }, "good", { total = 0.3, read = 0.2 }, "total", "receive",
    true },
  { "drip in the head, total", { "head", "send", "HTTP/1.1 200 OK\r\n",
    "drip", 20, "a: " .. ("x"):rep(400) }, "good",
    { total = 0.3, read = 0.2 }, "total", "receive", true },
  { "drip in 1xx, total", { "head", "drip", 20,
    ("HTTP/1.1 102 X\r\n\r\n"):rep(20) }, nil, { total = 0.3, read = 0.2 },
    "total", "receive", true },
}

for _, row in ipairs(slow) do
  t.test("timeout: " .. row[1], function ()
    local p <close> = peer.rawd{ cert = row[3], row[2] }
    local limits = row[4]
    local seconds = type(limits) == "number" and limits
    if not seconds then
      seconds = math.huge
      for _, limit in pairs(limits) do seconds = math.min(seconds, limit) end
      if row[5] == "total" then seconds = limits.total end
    end
    local err = times_out(function ()
      https.get(p:url(), p:options{ timeout = limits })
    end, row[5], seconds)
    t.eq(err.phase, row[6], "phase")
    t.eq(err.sent, row[7], "sent")
    t.eq(err.host, p.host, "host")
    if err.phase ~= "receive" or row[2][2] ~= "drip" then
      p:expect "^open 0$"
    end
  end)
end

t.test("timeout: nobody takes the body", function ()
  local p <close> = peer.rawd{ { "head", "drip", 60000, "x" } }
  for _, part in ipairs{ "total", "read" } do
    local err = times_out(function ()
      https.post(p:url(), p:options{ body = BODY, timeout = { [part] = 0.2 } })
    end, part, 0.2)
    t.eq(err.sent, true, "sent")
    t.eq(err.phase, "send", "phase")
  end
end)

-- A stopped server's kernel takes connections until its queue is full, and
-- then leaves the next one without an answer.
local function fill_queue (s)
  for _ = 1, 200 do
    local err = t.raises(function ()
      https.get(s:url(), s:options{ timeout = { connect = 0.01 } })
    end, "timeout", { "tls", "connect" })
    if err.code == "connect" then return end
  end
  error "the queue is never full"
end

local function check_connect (s)
  fill_queue(s)
  for part, want in pairs{ connect = "connect", total = "total" } do
    local err = times_out(function ()
      https.get(s:url(), s:options{ timeout = { [part] = 0.2 } })
    end, want, 0.2)
    t.eq(err.phase, "connect", "phase")
    t.eq(err.sent, false, "sent")
  end
end

t.test("timeout: connecting", function ()
  local s <close> = peer.httpsd{ "good" }
  os.execute("kill -STOP " .. s.process.captures[2])
  local ok, why = pcall(check_connect, s)
  os.execute("kill -CONT " .. s.process.captures[2])
  if not ok then error(why, 0) end
end)

t.test("a slow answer within the limits comes out", function ()
  local p <close> = peer.rawd{ cert = "good", { "head", "drip", 10,
    peer.answer "hello" } }
  local r = https.get(p:url(), p:options{ timeout = { read = 2 } })
  t.eq(r.body, "hello", "body")
  t.ok(r.elapsed > 0.3, "elapsed")
end)

t.test("a connection that timed out is not used again", function ()
  local p <close> = peer.rawd{ { "head", "wait" }, { "head", "send", HELLO } }
  t.raises(function ()
    https.get(p:url(), p:options{ timeout = 0.1 })
  end, "timeout", "total")
  p:expect "^eof 0$"
  t.eq(https.get(p:url(), p:options()).timings.reused, false, "reused")
end)

-- The limit for connecting is one of connecting: what went before on a kept
-- connection does not count.  The server is stopped while the kept connection
-- is waited on for longer than that.
t.test("the second connection has its own time", function ()
  local p <close> = peer.rawd{ cert = "good",
    { "head", "send", HELLO, "head", "rst" },
    { "head", "send", HELLO } }
  local pid = p.process.captures[2]
  https.get(p:url(), p:options())
  p:expect "^request 0"
  os.execute("kill -STOP " .. pid)
  os.execute("(sleep 0.4; kill -CONT " .. pid .. ") >/dev/null 2>&1 &")
  local r = https.get(p:url(), p:options{
    timeout = { connect = 0.2, read = 10 } })
  t.eq(r.body, "hello", "body")
end)

-- Nothing listens where a socket has just been closed.
t.test("refused", function ()
  local p = peer.rawd{ "wait" }
  p:stop()
  local err = t.raises(function () https.get(p:url(), p:options()) end,
    "connect", "refused")
  t.eq(err.sent, false, "sent")
  t.eq(err.phase, "connect", "phase")
  t.match(err.message, "127%.0%.0%.1:" .. p.port, "message")
  t.ok(err.hint, "hint")
end)

t.test("not found", function ()
  -- Or not answered: there may be no name server.
  local err = t.raises(function ()
    https.get("https://nowhere.invalid/", { timeout = { resolve = 2 } })
  end, { "resolve", "timeout" }, { "not-found", "temporary", "resolve" })
  t.eq(err.sent, false, "sent")
  t.eq(err.phase, "resolve", "phase")
  t.eq(err.host, "nowhere.invalid", "host")
  t.ok(err.hint, "hint")
end)

t.test("localhost is looked up", function ()
  local p <close> = peer.rawd{ { "head", "send", HELLO } }
  local r = https.get(p:url("/", "localhost"), p:options{ resolve = {} })
  t.eq(r.body, "hello", "body")
  t.ok(r.timings.resolve > 0, "resolve")
end)

t.finish()
