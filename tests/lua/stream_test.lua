-- Bodies read piece by piece: as on a Lua file, by lines, by chunks, by
-- server-sent events; their end in the middle; and how much is held meanwhile.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local https = require "https"

local A = "good.test:443"
local URL = "https://good.test/x"
local FINAL = peer.answer "final"
local MIB = 1024 * 1024

---------------------------------------------------------------------------
-- Without a network: a body that comes in pieces of a size.

local function in_pieces (text, size)
  local r = https.response{}
  local at = 1
  r.body = nil
  r.next_piece = function ()
    if at > #text then return nil end
    local piece = text:sub(at, at + size - 1)
    at = at + size
    return piece
  end
  return r
end

-- Calls fn with text in pieces of every size up to the whole.
local function every_split (text, fn)
  for size = 1, math.max(#text, 1) do
    fn(in_pieces(text, size), ("pieces of %d"):format(size))
  end
end

-- Text, formats of each read, and what they give ("nil" for nil)
local N = "nil"
local reads = {
  { "hello", { { 2 }, { 2 }, { 2 }, { 2 } }, { "he", "ll", "o", N } },
  { "hello", { { 5 }, { 1 } }, { "hello", N } },
  { "hello", { { 2.0 }, { 0.0 }, { 1e3 } }, { "he", "", "llo" } },
  { "hello", { { 100 }, { 100 } }, { "hello", N } },
  { "hello", { { 0 }, { "a" }, { 0 }, { "a" } }, { "", "hello", N, "" } },
  { "", { { 1 } }, { N } }, { "", { { 0 } }, { N } },
  { "", { { "l" } }, { N } },
  { "", { { "L" } }, { N } }, { "", { { "a" }, { "a" } }, { "", "" } },
  { "a\nb\n", { {}, {}, {} }, { "a", "b", N } },
  { "a\nb\n", { { "l" }, { "l" }, { "l" } }, { "a", "b", N } },
  { "a\nb\n", { { "L" }, { "L" }, { "L" } }, { "a\n", "b\n", N } },
  { "a\nb", { { "l" }, { "l" }, { "l" } }, { "a", "b", N } },
  { "a\nb", { { "L" }, { "L" }, { "L" } }, { "a\n", "b", N } },
  { "\n\n", { { "l" }, { "l" }, { "l" } }, { "", "", N } },
  { "\n\n", { { "L" }, { "L" }, { "L" } }, { "\n", "\n", N } },
  -- Lines of the net end with CRLF.
  { "a\r\nb\r\n", { { "l" }, { "l" }, { "l" } }, { "a", "b", N } },
  { "a\r\nb\r\n", { { "L" }, { "L" } }, { "a\r\n", "b\r\n" } },
  { "\r\n\r\n", { { "l" }, { "l" }, { "l" } }, { "", "", N } },
  { "a\rb\r\n", { { "l" }, { "l" } }, { "a\rb", N } },
  { "a\r\r\nb", { { "l" }, { "l" } }, { "a\r", "b" } },
  { "a\r", { { "l" }, { "l" } }, { "a\r", N } },
  { "a\n\rb", { { "l" }, { "l" } }, { "a", "\rb" } },
  { "a\0b\nc", { { "l" }, { "l" } }, { "a\0b", "c" } },
  { "\255\n", { { "l" } }, { "\255" } },
  -- One after the other.
  { "12\nab\nrest\n", { { 2 }, { "l" }, { "L" }, { "a" }, { "l" } },
    { "12", "", "ab\n", "rest\n", N } },
  { "ab\ncd", { { 1 }, { "a" }, { "a" }, { 1 } }, { "a", "b\ncd", "", N } },
  { "1 line\r\nrest", { { "l" }, { 2 }, { "a" } }, { "1 line", "re", "st" } },
  -- Several at once: as io.read, they end at the first nil.
  { "ab\ncd\nef", { { 1, "l", "L", "a" } }, { "a", "b", "cd\n", "ef" } },
  { "ab", { { 1, 1, 1, 1 } }, { "a", "b", N } },
  { "", { { "a", "l", "a" } }, { "", N } },
  { "a\n", { { "l", "l", "l" } }, { "a", N } },
  { "ab", { { "*l" } }, { "ab" } }, { "ab", { { "*a" } }, { "ab" } },
  { "ab\n", { { "*L" } }, { "ab\n" } },
}

for i, row in ipairs(reads) do
  t.test("read, row " .. i, function ()
    every_split(row[1], function (r, what)
      local got = {}
      for _, formats in ipairs(row[2]) do
        local values = table.pack(r:read(table.unpack(formats)))
        for k = 1, values.n do
          got[#got + 1] = values[k] == nil and N or values[k]
        end
      end
      t.eq(got, row[3], what)
    end)
  end)
end

-- The same as Lua's own files, where lines end with LF alone.
local texts = { "", "\n", "a", "a\n", "a\nb", "\n\na\n\n", "one\ntwo\nthree\n",
  ("x"):rep(40) .. "\n" .. ("y"):rep(3) }
local mixes = { { "l" }, { "L" }, { 1 }, { 3 }, { 7 }, { 0, 1 }, { "l", 2 },
  { 2, "L" }, { 1, "l", 1, "L" }, { "L", "l", 5 } }

t.test("read is what file:read is", function ()
  local path = t.tmpdir() .. "/text"
  for _, text in ipairs(texts) do
    t.write(path, text)
    for _, formats in ipairs(mixes) do
      local want = {}
      local f <close> = io.open(path, "rb")
      for _ = 1, 60 do
        local values = table.pack(f:read(table.unpack(formats)))
        for k = 1, values.n do want[#want + 1] = tostring(values[k]) end
      end
      every_split(text, function (r, what)
        local got = {}
        for _ = 1, 60 do
          local values = table.pack(r:read(table.unpack(formats)))
          for k = 1, values.n do got[#got + 1] = tostring(values[k]) end
        end
        t.eq(got, want, ("%q in %s"):format(text, what))
      end)
    end
  end
end)

for i, format in ipairs{ "n", "x", "", "*", -1, 1.5, 0 / 0, true, print,
    {} } do
  t.test("no format, row " .. i, function ()
    local r = in_pieces("a\nb", 1)
    t.raises(function () r:read(format) end, "usage", "value")
    t.raises(function () r:read("l", format) end, "usage", "value")
    local next_line = https.response{ body = "a" }:lines(format)
    t.raises(next_line, "usage", "value")
  end)
end

-- text, format, lines
local lines = {
  { "", nil, {} }, { "\n", nil, { "" } }, { "a", nil, { "a" } },
  { "a\nb\n", nil, { "a", "b" } }, { "a\r\nb", nil, { "a", "b" } },
  { "a\n\nb", nil, { "a", "", "b" } }, { "a\nb\n", "L", { "a\n", "b\n" } },
  { "abcde", 2, { "ab", "cd", "e" } }, { "a\r\nb\r\n", "L", { "a\r\n",
    "b\r\n" } },
}

for i, row in ipairs(lines) do
  t.test("lines, row " .. i, function ()
    every_split(row[1], function (r, what)
      local got = {}
      for line in r:lines(row[2]) do got[#got + 1] = line end
      t.eq(got, row[3], what)
    end)
  end)
end

t.test("lines of several formats", function ()
  every_split("1a\n2b\n3", function (r, what)
    local got = {}
    for n, line in r:lines(1, "l") do
      got[#got + 1] = n .. "=" .. tostring(line)
    end
    t.eq(got, { "1=a", "2=b", "3=nil" }, what)
  end)
end)

t.test("chunks are what comes, and what is left", function ()
  every_split("one\ntwo\nthree", function (r, what)
    t.eq(r:read "l", "one", what)
    t.eq(r:read(1), "t", what)
    local got = {}
    for piece in r:chunks() do
      t.ok(#piece > 0, "an empty piece")
      got[#got + 1] = piece
    end
    t.eq(table.concat(got), "wo\nthree", what)
    t.eq(r:chunks()(), nil, "after the end")
    t.eq(r:read(1), nil, "read after the end")
  end)
end)

-- How the rest of a body is taken whole.
local wholes = {
  { "text", function (r) return r:text() end },
  { "read_all", function (r) return r:read_all() end },
  { "json", function (r) return r:json()[1] end, "[1, ", '["rest"]', "rest" },
}

for _, row in ipairs(wholes) do
  local label, take, first, second, want = table.unpack(row, 1, 5)
  t.test("the rest after a piece, by " .. label, function ()
    first, second = first or "a line", second or "and the rest"
    every_split(first .. "\n" .. second, function (r, what)
      t.eq(r:read "l", first, what)
      t.eq(take(r), want or second, what)
      t.eq(r:read "a", second, "once more")
      t.eq(r:read(1), nil, "after the end")
    end)
  end)
end

t.test("a body that has been read whole can be read again", function ()
  local r = https.response{ body = "one\ntwo" }
  t.eq(r:read "l", "one", "line")
  t.eq(r:read "a", "two", "rest")
  t.eq(r.body, "one\ntwo", "body")
end)

---------------------------------------------------------------------------
-- Server-sent events, by the rules of WHATWG HTML section 9.2.6.

local function event (data, o)
  o = o or {}
  o.data, o.event = data, o.event or "message"
  return o
end

-- stream, events
local streams = {
  { "", {} },
  { "data: a\n\n", { event "a" } },
  { "data:a\n\n", { event "a" } },
  { "data:  a\n\n", { event " a" } },
  { "data: a \n\n", { event "a " } },
  { "data: a\ndata: b\n\n", { event "a\nb" } },
  { "data:\n\n", { event "" } }, { "data\n\n", { event "" } },
  { "data\ndata\n\n", { event "\n" } },
  { "data:\ndata: a\n\n", { event "\na" } },
  { "data: a\n\ndata: b\n\n", { event "a", event "b" } },
  { "data: a\n\n\n\ndata: b\n\n", { event "a", event "b" } },
  -- Ends of lines.
  { "data: a\r\n\r\ndata: b\r\n\r\n", { event "a", event "b" } },
  { "data: a\r\rdata: b\r\r", { event "a", event "b" } },
  { "data: a\r\n\ndata: b\n\r\n", { event "a", event "b" } },
  { "data: a\rdata: b\r\ndata: c\n\n", { event "a\nb\nc" } },
  { "data: a\n\r", { event "a" } },
  { "\n\r\n\rdata: a\n\n", { event "a" } },
  -- A byte order mark, once.
  { "\xEF\xBB\xBFdata: a\n\n", { event "a" } },
  { "\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n", { event "b" } },
  { "data: a\n\n\xEF\xBB\xBFdata: b\n\n", { event "a" } },
  { "data: \xEF\xBB\xBFa\n\n", { event "\xEF\xBB\xBFa" } },
  -- Comments.
  { ": hello\n\ndata: a\n\n", { event "a" } },
  { ":\n:\n\n", {} }, { ":data: a\n\n", {} },
  { "data: a\n: between\ndata: b\n\n", { event "a\nb" } },
  -- Types.
  { "event: x\ndata: a\n\n", { event("a", { event = "x" }) } },
  { "data: a\nevent: x\n\n", { event("a", { event = "x" }) } },
  { "event: x\nevent: y\ndata: a\n\n", { event("a", { event = "y" }) } },
  { "event: x\n\ndata: a\n\n", { event "a" } },
  { "event:\ndata: a\n\n", { event "a" } },
  { "event: x\ndata: a\n\ndata: b\n\n", { event("a", { event = "x" }),
    event "b" } },
  -- The last id stays.
  { "id: 1\ndata: a\n\n", { event("a", { id = "1" }) } },
  { "id: 1\ndata: a\n\ndata: b\n\n", { event("a", { id = "1" }),
    event("b", { id = "1" }) } },
  { "id: 1\n\ndata: a\n\n", { event("a", { id = "1" }) } },
  { "id: 1\ndata: a\n\nid\ndata: b\n\n", { event("a", { id = "1" }),
    event("b", { id = "" }) } },
  { "id: 1\nid: 2\0\ndata: a\n\n", { event("a", { id = "1" }) } },
  { "id: a b\ndata: a\n\n", { event("a", { id = "a b" }) } },
  -- Retry: digits alone.
  { "retry: 50\ndata: a\n\n", { event("a", { retry = 50 }) } },
  { "retry: 5x\ndata: a\n\n", { event "a" } },
  { "retry: -5\ndata: a\n\n", { event "a" } },
  { "retry:\ndata: a\n\n", { event "a" } },
  { "retry: 1.5\ndata: a\n\n", { event "a" } },
  -- Fields that are none.
  { "dat: a\n\n", {} }, { "Data: a\n\n", {} }, { " data: a\n\n", {} },
  { "data : a\n\n", {} }, { "data: a\nx: y\n\n", { event "a" } },
  { "data: a: b\n\n", { event "a: b" } },
  { "data: a\0b\n\n", { event "a\0b" } },
  -- What is not finished is no event.
  { "data: a", {} }, { "data: a\n", {} }, { "data: a\ndata: b\n", {} },
  { "data: a\n\ndata: b", { event "a" } },
  { "data: a\n\ndata: b\n", { event "a" } },
  { "data: a\r", {} },
  { "data: a\r\n", {} },
  -- The examples of the standard.
  { "data: YHOO\ndata: +2\ndata: 10\n\n", { event "YHOO\n+2\n10" } },
  { ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n" ..
    "data:  third event\n\n", { event("first event", { id = "1" }),
    event("second event", { id = "" }), event(" third event", { id = "" }) } },
  { "data\n\ndata\ndata\n\ndata:", { event "", event "\n" } },
  { "data:test\n\ndata: test\n\n", { event "test", event "test" } },
}

for i, row in ipairs(streams) do
  t.test("events, row " .. i, function ()
    every_split(row[1], function (r, what)
      local got = {}
      for e in r:events() do got[#got + 1] = e end
      t.eq(got, row[2], what)
    end)
  end)
end

t.test("events leave word of id and retry", function ()
  local r = in_pieces("id: 7\nretry: 20\n\n", 3)
  t.eq(r:events()(), nil, "no event")
  t.eq(r.last_event_id, "7", "last_event_id")
  t.eq(r.retry, 20, "retry")
end)

t.test("events: an event as soon as it is complete", function ()
  -- After each empty line nothing more is waited for.
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", "send",
    "data: a\n\n", "send", "data: b\r\n\r\n", "send", "data: c\r\r",
    "wait" } }
  local r <close> = https.get(URL, w:options{ stream = true })
  local next_event = r:events()
  t.eq(next_event().data, "a", "LF")
  t.eq(next_event().data, "b", "CRLF")
  t.eq(next_event().data, "c", "CR")
  r:close()
  w:expect(A, "^eof 0$")
end)

t.test("events: a long line in many pieces", function ()
  local data = ("0123456789"):rep(200000)
  local r = in_pieces("data: " .. data .. "\n\ndata: b\n\n", 16384)
  local next_event = r:events()
  local began = os.clock()
  t.ok(next_event().data == data, "data")
  t.eq(next_event().data, "b", "the next")
  t.ok(os.clock() - began < 5, "took " .. os.clock() - began)
end)

t.test("events: many in one piece", function ()
  local r = in_pieces(("data: x\n\n"):rep(20000), MIB)
  local count, began = 0, os.clock()
  for _ in r:events() do count = count + 1 end
  t.eq(count, 20000, "events")
  t.ok(os.clock() - began < 5, "took " .. os.clock() - began)
end)

---------------------------------------------------------------------------
-- Over the wire.

local function head (length, more)
  return ("HTTP/1.1 200 OK\r\n%s\r\n"):format(
    length and ("content-length: %d\r\n"):format(length) or
    (more or "transfer-encoding: chunked\r\n"))
end

t.test("the response is there before its body", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", head(5),
    "wait" } }
  local r = https.get(URL, w:options{ stream = true })
  t.eq(r.status, 200, "status")
  t.eq(r.body, nil, "body")
  t.eq(r.headers["content-length"], "5", "headers")
  r:close()
  w:expect(A, "^eof 0$")
end)

-- label, steps after the head, the body
local bodies = {
  { "a length", { "send", head(10), "send", "hello", "send", "world" } },
  { "chunks", { "send", head(), "send", "5\r\nhello\r\n", "send",
    "5\r\nworld\r\n0\r\n\r\n" } },
  { "chunks, byte by byte", { "bytes", head() ..
    "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n" } },
  { "the end of the stream", { "send", head(nil, "x: y\r\n"), "send",
    "helloworld", "notify" } },
}

-- How each way of reading gives a whole body.
local ways = {
  { "read a", function (r) return r:read "a" end },
  { "read n", function (r)
    local out = {}
    for piece in function () return r:read(3) end do out[#out + 1] = piece end
    return table.concat(out)
  end },
  { "lines", function (r)
    local out = {}
    for line in r:lines() do out[#out + 1] = line end
    return table.concat(out)
  end },
  { "chunks", function (r)
    local out = {}
    for piece in r:chunks() do out[#out + 1] = piece end
    return table.concat(out)
  end },
  { "text", function (r) return r:text() end },
  { "read_all", function (r) return r:read_all() end },
  { "save", function (r)
    local path = t.tmpdir() .. "/saved"
    r:save(path)
    return t.read(path)
  end },
}

for _, body in ipairs(bodies) do
  for _, way in ipairs(ways) do
    t.test(("%s by %s"):format(body[1], way[1]), function ()
      local steps = table.move(body[2], 1, #body[2], 2, { "head" })
      local is_kept = steps[#steps] ~= "notify"
      local second = { "head", "send", FINAL }
      if is_kept then table.move(second, 1, 3, #steps + 1, steps) end
      local w <close> = wire.open{ [A] = { cert = "good", steps, second } }
      local s <close> = https.session(w:options())
      local r = s:get(URL, { stream = true })
      t.eq(way[2](r), "helloworld", "body")
      t.eq(s:get(URL).timings.reused, is_kept, "reused")
    end)
  end
end

-- label, the answer, method: there is nothing to be read
local nothing = {
  { "204", "HTTP/1.1 204 X\r\n\r\n", "GET" },
  { "304", "HTTP/1.1 304 X\r\ncontent-length: 5\r\n\r\n", "GET" },
  { "HEAD", head(5), "HEAD" },
  { "length 0", head(0), "GET" },
  { "no chunks", head() .. "0\r\n\r\n", "GET" },
}

for _, row in ipairs(nothing) do
  t.test("nothing to read: " .. row[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send", row[2],
      "head", "send", FINAL } }
    local s <close> = https.session(w:options())
    local r = s:request(row[3], URL, { stream = true })
    t.eq(r:read(1), nil, "read")
    t.eq(r:read "a", "", "the rest")
    t.eq(s:get(URL).timings.reused, true, "reused")
  end)
end

---------------------------------------------------------------------------
-- Given up in the middle.

-- label, what is read of a long body first
local befores = {
  { "nothing", function () end },
  { "a piece", function (r) t.eq(r:read(3), "xxx", "piece") end },
  { "a chunk", function (r) t.ok(r:chunks()(), "chunk") end },
}

-- label, how it is given up
local closings = {
  { "close", function (r) r:close() end },
  { "close twice", function (r)
    r:close()
    r:close()
  end },
  { "<close>", function (r) local _ <close> = r end },
  { "an error", function (r)
    pcall(function ()
      local own <close> = r
      error(own)
    end)
  end },
  { "the collector", function (r, forget)
    forget()
    r = nil     -- luacheck: ignore
    collectgarbage()
    collectgarbage()
  end },
}

for _, before in ipairs(befores) do
  for _, closing in ipairs(closings) do
    t.test(("%s after %s"):format(closing[1], before[1]), function ()
      local w <close> = wire.open{ [A] = { cert = "good",
        { "head", "send", head(5 * MIB) .. ("x"):rep(1000), "wait" },
        { "head", "send", FINAL } } }
      local s <close> = https.session(w:options{ pool = { per_host = 1 } })
      local r = s:get(URL, { stream = true })
      before[2](r)
      closing[2](r, function () r = nil end)
      w:expect(A, "^eof 0$")
      t.eq(s:get(URL).timings.reused, false, "reused")
    end)
  end
end

t.test("a body that is there already costs no connection", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer(("x"):rep(1000)), "head", "send", FINAL } }
  local s <close> = https.session(w:options())
  local r = s:get(URL, { stream = true })
  t.eq(r:read(3), "xxx", "piece")
  r:close()
  t.eq(s:get(URL).timings.reused, true, "reused")
end)

-- label, what is done after closing
local after = {
  { "read", function (r) r:read(1) end },
  { "read a", function (r) r:read "a" end },
  { "lines", function (r) r:lines()() end },
  { "chunks", function (r) r:chunks()() end },
  { "events", function (r) r:events()() end },
  { "text", function (r) r:text() end },
  { "json", function (r) r:json() end },
  { "save", function (r) r:save(t.tmpdir() .. "/x") end },
}

for _, row in ipairs(after) do
  t.test(row[1] .. " after close", function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      head(5 * MIB) .. "xxx", "wait" } }
    local r = https.get(URL, w:options{ stream = true })
    r:close()
    local err = t.raises(function () row[2](r) end, "usage", "value")
    t.match(err.message, "closed", "message")
  end)
  t.test(row[1] .. " after a piece and close", function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      head(5 * MIB) .. "xxx\nyyy\n", "wait" } }
    local r = https.get(URL, w:options{ stream = true })
    t.eq(r:read(2), "xx", "piece")
    r:close()
    t.raises(function () row[2](r) end, "usage", "value")
  end)
end

t.test("close after the end is no harm", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer "hello", "head", "send", FINAL } }
  local s <close> = https.session(w:options())
  local r = s:get(URL, { stream = true })
  t.eq(r:read "a", "hello", "body")
  r:close()
  t.eq(r:read "a", "", "after it")
  t.eq(s:get(URL).timings.reused, true, "reused")
end)

---------------------------------------------------------------------------
-- Errors in the middle: every way of reading meets them, again and again.

-- label, steps after the head, options; kind, code
local errors = {
  { "truncated", { "send", head(10) .. "hello", "notify" }, {}, "protocol",
    "truncated" },
  { "truncated without notice", { "send", head(10) .. "hello", "fin" }, {},
    "protocol", "truncated" },
  { "no last chunk", { "send", head() .. "5\r\nhello\r\n", "notify" }, {},
    "protocol", "truncated" },
  { "no end of the stream", { "send", head(nil, "x: y\r\n") .. "hello",
    "fin" }, {}, "tls", "truncated" },
  { "no chunk", { "send", head() .. "5\r\nhello\r\nx\r\n", "wait" }, {},
    "protocol", "framing" },
  { "silence", { "send", head(10) .. "hello", "wait" },
    { timeout = { read = 0.1 } }, "timeout", "read" },
  { "max_body", { "send", head(10) .. "hello", "send", "world", "wait" },
    { max_body = 7 }, "protocol", "too-large" },
  { "no gzip", { "send", peer.answer("hello",
    "content-encoding: gzip\r\n"), "wait" }, {}, "decode", "corrupt" },
}

for _, row in ipairs(errors) do
  for _, way in ipairs(ways) do
    t.test(("%s by %s"):format(row[1], way[1]), function ()
      local steps = table.move(row[2], 1, #row[2], 2, { "head" })
      local w <close> = wire.open{ [A] = { cert = "good", steps,
        { "head", "send", FINAL } } }
      local s <close> = https.session(w:options{ pool = { per_host = 1 } })
      local o = { stream = true }
      for name, value in pairs(row[3]) do o[name] = value end
      local r = s:get(URL, o)
      local first = t.raises(function () way[2](r) end, row[4], row[5])
      t.eq(first.sent, true, "sent")
      t.eq(first.phase, "receive", "phase")
      t.eq(first.host, "good.test", "host")
      t.eq(first.url, URL, "url")
      -- Whoever reads on must not take that for the end.
      for _, again in ipairs(ways) do
        local err = t.raises(function () again[2](r) end, row[4], row[5],
          again[1])
        t.ok(rawequal(err, first), "the same error by " .. again[1])
      end
      t.raises(function () r:events()() end, row[4], row[5], "events")
      r:close()
      t.raises(function () r:read(1) end, row[4], row[5], "after close")
      t.eq(s:get(URL).timings.reused, false, "reused")
    end)
  end
end

t.test("what came before the error can be read", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(20) .. "one\ntwo\nth", "notify" } }
  local r = https.get(URL, w:options{ stream = true })
  t.eq(r:read "l", "one", "first")
  t.eq(r:read "l", "two", "second")
  t.raises(function () r:read "l" end, "protocol", "truncated")
end)

t.test("by stream=false the same is an error of the call", function ()
  for _, row in ipairs(errors) do
    local steps = table.move(row[2], 1, #row[2], 2, { "head" })
    local w <close> = wire.open{ [A] = { cert = "good", steps } }
    local o = w:options()
    for name, value in pairs(row[3]) do o[name] = value end
    local err = t.raises(function () https.get(URL, o) end, row[4], row[5],
      row[1])
    t.eq(err.sent, true, "sent")
  end
end)

---------------------------------------------------------------------------
-- How much: max_body, and memory.

t.test("a stream has no max_body of its own, a call has", function ()
  local s <close> = peer.httpsd{ "good" }
  local r = https.get(s:url("/bytes/" .. 3 * MIB), s:options{ stream = true })
  t.eq(#r:read "a", 3 * MIB, "bytes")
  t.raises(function ()
    https.get(s:url("/bytes/" .. (1 << 30) + 1), s:options())
  end, "protocol", "too-large")
end)

t.test("max_body of just the size", function ()
  local s <close> = peer.httpsd{ "good" }
  local ways = {
    { false, function (r) return r.body end },
    { true, function (r) return r:text() end },
    { true, function (r) return r:read "a" end },
    { true, function (r) return r:read(1) .. r:read "a" end },
  }
  for _, path in ipairs{ "/bytes/5000", "/chunked/5000" } do
    for i, way in ipairs(ways) do
      local what = path .. ", way " .. i
      local function get (max)
        return #way[2](https.get(s:url(path), s:options{ stream = way[1],
          max_body = max }))
      end
      t.eq(get(5000), 5000, what)
      local err = t.raises(function () get(4999) end, "protocol", "too-large",
        what)
      t.match(err.message, "4999", "message")
    end
  end
end)

t.test("two streams at once", function ()
  local s <close> = peer.httpsd{ "good" }
  local session <close> = https.session(s:options())
  local a <close> = session:get(s:url "/bytes/100000", { stream = true })
  local b <close> = session:get(s:url "/bytes/200000", { stream = true })
  local n = 0
  while true do
    local one, two = a:read(1000), b:read(2000)
    if not one then
      t.eq(two, nil, "the other's end")
      break
    end
    n = n + #one + #two
  end
  t.eq(n, 300000, "bytes")
end)

-- What a child process held at most, while it read a large body that it let
-- wait first.
local child = [[
local port, size, pem, way = table.unpack(arg)
local r <close> = https.get("https://good.test:" .. port .. "/bytes/" .. size, {
  ca = pem, resolve = { ["good.test:" .. port] = "127.0.0.1:" .. port },
  stream = true })
https.sleep(0.2)
local n = 0
if way == "chunks" then
  for piece in r:chunks() do n = n + #piece end
else
  for piece in r:lines(100000) do n = n + #piece end
end
for line in io.lines "/proc/self/status" do
  local peak = line:match "^VmHWM:%s*(%d+) kB"
  if peak then print(n, peak) end
end
]]

for _, way in ipairs{ "chunks", "lines" } do
  t.test("a large body by " .. way .. " in constant memory", function ()
    if not io.open "/proc/self/status" then
      print "skipped: no /proc/self/status to read the memory from"
      return
    end
    local is_san = t.lurl:find "san" ~= nil
    local size = (is_san and 64 or way == "lines" and 256 or 2048) * MIB
    local s <close> = peer.httpsd{ "good" }
    local path = t.tmpdir() .. "/child.lua"
    t.write(path, child)
    local r = t.run{ cmd = { t.lurl, path, s.port, tostring(size),
      peer.pem "root", way } }
    t.eq(r.status, 0, "status; stderr: " .. r.stderr)
    local n, peak = r.stdout:match "^(%d+)\t(%d+)\n$"
    t.eq(n, tostring(size), "bytes; stdout: " .. r.stdout)
    if is_san then return end   -- its shadow is memory, too
    t.ok(tonumber(peak) < 16 * 1024, "peak: " .. peak .. " KiB")
  end)
end

t.finish()
