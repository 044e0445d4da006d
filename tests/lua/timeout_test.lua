-- Time limits over more than one exchange: total over redirects, retries,
-- middlewares and the reading of a stream; and each part where it is not yet
-- tested by connection_test.lua.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local https = require "https"
local option = require "https.options"

local A, B = "good.test:443", "good.test:8443"
local URL = "https://good.test/x"
local FINAL = peer.answer "final"

-- Raises unless fn fails so, and after that time, give or take a busy machine.
local function times_out (fn, part, seconds)
  local began = https.now()
  local err = t.raises(fn, "timeout", part)
  local took = https.now() - began
  t.ok(took >= seconds - 0.005, ("took %.3f s, too short"):format(took))
  t.ok(took < seconds + 5, ("took %.3f s"):format(took))
  t.ok(err.hint, "hint")
  t.eq(tostring(err):find "%c", nil, "control byte in tostring")
  return err
end

-- Steps that take about that long to answer a request, without a silence of
-- more than 20 ms.
local function slow (seconds, answer)
  local n = math.ceil(seconds / 0.02)
  return "head", "drip", 20, answer:sub(1, n), "send", answer:sub(n + 1)
end

local function redirect (to)
  return peer.answer("moved", "location: " .. to .. "\r\n", "302 X")
end

---------------------------------------------------------------------------
-- What the option comes to.

-- value; resolve, connect, read, total, pool
local limits = {
  { nil, { nil, 10, 60, nil, 300 } }, { 5, { nil, nil, nil, 5, nil } },
  { {}, { nil, 10, 60, nil, 300 } }, { { read = 5 }, { nil, 10, 5, nil, 300 } },
  { { connect = 5 }, { nil, 5, 60, nil, 300 } },
  { { resolve = 5 }, { 5, 10, 60, nil, 300 } },
  { { total = 5 }, { nil, 10, 60, 5, 300 } },
  { { pool = 5 }, { nil, 10, 60, nil, 5 } },
  { { resolve = 1, connect = 2, read = 3, total = 4, pool = 5 },
    { 1, 2, 3, 4, 5 } },
}

for i = 1, #limits do
  t.test("limits, row " .. i, function ()
    local got = table.pack(option.limits(limits[i][1]))
    for k, name in ipairs{ "resolve", "connect", "read", "total", "pool" } do
      t.eq(got[k], limits[i][2][k], name)
    end
  end)
end

---------------------------------------------------------------------------
-- total.

t.test("total over redirects", function ()
  local steps = { cert = "good" }
  for i = 1, 6 do
    local more = table.pack(slow(0.2, redirect("/" .. i)))
    table.move(more, 1, more.n, #steps + 1, steps)
  end
  local w <close> = wire.open{ [A] = steps }
  local err = times_out(function ()
    https.get(URL, w:options{ timeout = { total = 0.5, read = 0.3 } })
  end, "total", 0.5)
  t.eq(err.sent, true, "sent")
  t.eq(err.host, "good.test", "host")
  -- Each hop alone takes less than that.
  local n = #w:requests(A)
  t.ok(n <= 4, n .. " requests")
end)

t.test("total over redirects to another origin", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", slow(0.3, redirect "https://good.test:8443/") },
    [B] = { cert = "good", "head", "stall" } }
  local err = times_out(function ()
    https.get(URL, w:options{ timeout = 0.5 })
  end, "total", 0.5)
  t.eq(err.port, 8443, "port")
  t.eq(err.sent, true, "sent")
end)

t.test("total spent by a redirect's body", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    "HTTP/1.1 302 X\r\nlocation: /y\r\ncontent-length: 5\r\n\r\nmo",
    "wait" } }
  times_out(function ()
    https.get(URL, w:options{ timeout = 0.2 })
  end, "total", 0.2)
  t.eq(#w:requests(A), 1, "requests")
end)

t.test("a redirect's body that falls silent is let go", function ()
  local w <close> = wire.open{ [A] = { cert = "good", { "head", "send",
    "HTTP/1.1 302 X\r\nlocation: /y\r\ncontent-length: 5\r\n\r\nmo",
    "wait" }, { "head", "send", FINAL } } }
  local r = https.get(URL, w:options{ timeout = { read = 0.1 } })
  t.eq(r.body, "final", "body")
end)

t.test("total over retries", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { slow(0.2, peer.answer("", "connection: close\r\n", "503 X")) } } }
  local err = times_out(function ()
    https.get(URL, w:options{ timeout = 0.5,
      retries = { max = 100, backoff = 0 } })
  end, "total", 0.5)
  t.eq(err.sent, true, "sent")
  local n = #w:requests(A)
  t.ok(n <= 4, n .. " requests")
end)

t.test("total over lost connections", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "drip", 20, "HTTP/1.1 2", "notify" } } }
  times_out(function ()
    https.get(URL, w:options{ timeout = 0.5,
      retries = { max = 100, backoff = 0 } })
  end, "total", 0.5)
end)

t.test("total is not tried again", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "stall" } }
  times_out(function ()
    https.get(URL, w:options{ timeout = 0.2, retries = 5 })
  end, "total", 0.2)
  t.eq(#w:requests(A), 1, "requests")
end)

t.test("total over a middleware's own time", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "wait" } }
  local s <close> = https.session(w:options{ timeout = 0.1 })
  s:use(function (request, next)
    https.sleep(0.15)
    return next(request)
  end)
  local err = times_out(function () s:get(URL) end, "total", 0.15)
  t.eq(err.sent, false, "sent")
  t.eq(err.host, "good.test", "host")
  w:untouched(A)
end)

t.test("total over every next of a middleware", function ()
  local steps = { cert = "good" }
  for _ = 1, 6 do
    local more = table.pack(slow(0.2, peer.answer ""))
    table.move(more, 1, more.n, #steps + 1, steps)
  end
  local w <close> = wire.open{ [A] = steps }
  local s <close> = https.session(w:options{ timeout = 0.5 })
  s:use(function (request, next)
    while true do
      local _ = next(request).body
    end
  end)
  times_out(function () s:get(URL) end, "total", 0.5)
end)

t.test("each call has its own total", function ()
  local steps = { cert = "good" }
  for _ = 1, 4 do
    local more = table.pack(slow(0.2, FINAL))
    table.move(more, 1, more.n, #steps + 1, steps)
  end
  local w <close> = wire.open{ [A] = steps }
  local s <close> = https.session(w:options{ timeout = 0.5 })
  for _ = 1, 4 do t.eq(s:get(URL).body, "final", "body") end
end)

t.test("total over a body that is sent slowly", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "stall" } }
  local err = times_out(function ()
    https.post(URL, w:options{ timeout = 0.3, body = function ()
      https.sleep(0.05)
      return "x"
    end })
  end, "total", 0.3)
  t.eq(err.sent, true, "sent")
  w:expect(A, "^gone 0$")
end)

-- Nobody ever waits, so that nothing but the clock says when to stop.
for _, size in ipairs{ 10000, 1, 0 } do
  local label = ("total over a body that is sent fast, for ever, by %d"):format(
    size)
  t.test(label, function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "stall" } }
    local piece = ("x"):rep(size)
    local err = times_out(function ()
      https.post(URL, w:options{ timeout = 0.3, body = function ()
        return piece
      end })
    end, "total", 0.3)
    t.eq(err.sent, true, "sent")
    w:expect(A, "^gone 0$")
  end)
end

for _, way in ipairs{ "buffered", "chunks", "output", "digest" } do
  t.test("total over an answer that comes fast, for ever, " .. way, function ()
    local server <close> = peer.httpsd{ "good" }
    local path = t.tmpdir() .. "/x"
    local err = times_out(function ()
      local r = https.get(server:url("/bytes/" .. (1 << 40)),
        server:options{ timeout = 0.3, max_body = 1 << 41,
          stream = way == "chunks" or nil,
          output = (way == "output" or way == "digest") and path or nil,
          sha256 = way == "digest" and ("0"):rep(64) or nil })
      for _ in r:chunks() do end
    end, "total", 0.3)
    t.eq(err.sent, true, "sent")
    t.eq(err.phase, "receive", "phase")
    t.eq(io.open(path .. ".part"), nil, "PATH.part")
  end)
end

---------------------------------------------------------------------------
-- A streamed body.

local HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"

-- label, how the body is read
local ways = {
  { "read", function (r) while r:read(1) do end end },
  { "lines", function (r) for _ in r:lines() do end end },
  { "chunks", function (r) for _ in r:chunks() do end end },
  { "events", function (r) for _ in r:events() do end end },
  { "text", function (r) r:text() end },
  { "save", function (r) r:save(t.tmpdir() .. "/x") end },
}

for _, way in ipairs(ways) do
  t.test("total over a stream, by " .. way[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send", HEAD,
      "drip", 20, ("x\n"):rep(200) } }
    local began = https.now()
    local r = https.get(URL, w:options{ stream = true,
      timeout = { total = 0.4, read = 0.3 } })
    t.ok(https.now() - began < 0.4, "the head came in time")
    local err = times_out(function () way[2](r) end, "total", 0.2)
    t.ok(https.now() - began >= 0.395, "counted from the call")
    t.eq(err.sent, true, "sent")
    t.eq(err.phase, "receive", "phase")
    local again = t.raises(function () way[2](r) end, "timeout", "total")
    t.ok(rawequal(again, err), "the same error again")
  end)

  t.test("silence in a stream, by " .. way[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      HEAD .. "x\n", "wait" } }
    local r = https.get(URL, w:options{ stream = true,
      timeout = { read = 0.2 } })
    times_out(function () way[2](r) end, "read", 0.2)
    w:expect(A, "^%l+ 0$")
  end)
end

t.test("total over a stream that is read slowly", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    HEAD .. "x", "wait" } }
  local r = https.get(URL, w:options{ stream = true, timeout = 0.2 })
  t.eq(r:read(1), "x", "what is there")
  https.sleep(0.25)
  local began = https.now()
  t.raises(function () r:read(1) end, "timeout", "total")
  t.ok(https.now() - began < 5, "at once")
end)

t.test("drips are no silence", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "drip", 20,
    peer.answer(("x"):rep(20)) } }
  local r = https.get(URL, w:options{ timeout = { read = 1 } })
  t.eq(r.body, ("x"):rep(20), "body")
  t.ok(r.elapsed > 1, "elapsed")
end)

t.test("a stream of events outlives read, when it is not silent", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    "HTTP/1.1 200 OK\r\n\r\n", "drip", 30, ("data: x\n\n"):rep(4) .. ":",
    "notify" } }
  local count = 0
  local r = https.get(URL, w:options{ stream = true,
    timeout = { read = 0.5 } })
  for _ in r:events() do count = count + 1 end
  t.eq(count, 4, "events")
end)

t.test("total leaves no part of a file", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", HEAD,
    "drip", 20, ("x"):rep(400) } }
  local path = t.tmpdir() .. "/x"
  times_out(function ()
    https.get(URL, w:options{ output = path, timeout = 0.3 })
  end, "total", 0.3)
  t.eq(io.open(path), nil, "PATH")
  t.eq(io.open(path .. ".part"), nil, "PATH.part")
end)

---------------------------------------------------------------------------
-- connect: a listener that takes nobody any more does not answer.

local full = [[
import socket, sys, time
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(0)
clients = []
for i in range(8):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(server.getsockname())
    clients.append(c)
print("ready", server.getsockname()[1], flush=True)
sys.stdin.read()
]]

local function full_listener ()
  local dir = t.tmpdir()
  t.write(dir .. "/full.py", full)
  assert(os.execute("mkfifo " .. dir .. "/open"))
  return t.spawn{ cmd = { "/usr/bin/python3", dir .. "/full.py" },
    stdin = { both = dir .. "/open" }, ready = "^ready (%d+)$" }
end

-- label, timeout, part
local connects = {
  { "connect", { connect = 0.3 }, "connect" },
  { "connect before total", { connect = 0.3, total = 20 }, "connect" },
  { "total", 0.3, "total" },
  { "total before connect", { connect = 20, total = 0.3 }, "total" },
}

local listener = full_listener()
local nobody = { ["good.test:443"] = "127.0.0.1:" .. listener.captures[1] }

for _, row in ipairs(connects) do
  t.test("nobody takes the connection: " .. row[1], function ()
    local err = times_out(function ()
      https.get(URL, { resolve = nobody, timeout = row[2],
        ca = peer.pem "root" })
    end, row[3], 0.3)
    t.eq(err.phase, "connect", "phase")
    t.eq(err.sent, false, "sent")
    t.eq(err.host, "good.test", "host")
  end)
end

t.test("nobody takes the connection of the second hop", function ()
  local w <close> = wire.open{ [B] = { cert = "good", "head", "send",
    redirect "https://good.test/" } }
  w.resolve["good.test:443"] = nobody["good.test:443"]
  local err = times_out(function ()
    https.get("https://good.test:8443/",
      w:options{ timeout = { connect = 0.3 } })
  end, "connect", 0.3)
  t.eq(err.port, 443, "port")
end)

t.test("each try to connect has its own time", function ()
  local began = https.now()
  t.raises(function ()
    https.get(URL, { resolve = nobody, ca = peer.pem "root",
      timeout = { connect = 0.2 }, retries = { max = 2, backoff = 0 } })
  end, "timeout", "connect")
  t.ok(https.now() - began >= 0.59, "three times")
end)

listener:stop()

t.finish()
