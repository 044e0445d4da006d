-- Bodies of requests, in every form: what arrives, byte for byte, what is
-- refused before anything is sent, and what is left of a connection whose body
-- broke off.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local https = require "https"

local A = "good.test:443"
local URL = "https://good.test/x"
local FINAL = peer.answer "final"
local MIB = 1024 * 1024

local dir = t.tmpdir()
t.write(dir .. "/digits", "0123456789")
t.write(dir .. "/empty", "")

-- A function body of these pieces.
local function pieces (...)
  local list, i = { ... }, 0
  return function ()
    i = i + 1
    return list[i]
  end
end

local function handle (name, at, mode)
  local f = assert(io.open(dir .. "/" .. name, mode or "rb"))
  if at then f:seek("set", at) end
  return f
end

---------------------------------------------------------------------------
-- What arrives: httpsd's /echo answers with the request.

local server = peer.httpsd{ "good" }

local function echo (method, o, path)
  local r = https.request(method, server:url(path or "/echo"),
    server:options(o))
  local head, body = r.body:match "^(.-\r\n)\r\n(.*)$"
  local headers = {}
  for name, value in head:gmatch "\r\n([^:\r\n]+): ([^\r\n]*)" do
    headers[name:lower()] = value
  end
  return headers, body, head:match "^%S+ (%S+)"
end

-- A chunk as it goes over the wire.
local function chunk (text)
  return ("%x\r\n%s\r\n"):format(#text, text)
end
local LAST = "0\r\n\r\n"

-- label, method, options by a function, content-length (false: chunked, nil:
-- neither), content-type, body
local arrivals = {
  { "GET of nothing", "GET", function () return {} end, nil, nil, "" },
  { "DELETE of nothing", "DELETE", function () return {} end, nil, nil, "" },
  { "POST of nothing", "POST", function () return {} end, "0", nil, "" },
  { "PUT of nothing", "PUT", function () return {} end, "0", nil, "" },
  { "PATCH of nothing", "PATCH", function () return {} end, "0", nil, "" },
  { "an empty string", "POST", function () return { body = "" } end, "0", nil,
    "" },
  { "a string", "POST", function () return { body = "hello" } end, "5", nil,
    "hello" },
  { "a string by GET", "GET", function () return { body = "hello" } end, "5",
    nil, "hello" },
  { "a string by DELETE", "DELETE", function () return { body = "hello" } end,
    "5", nil, "hello" },
  { "every byte", "POST", function () return { body = "\0\r\n\r\n\255" } end,
    "6", nil, "\0\r\n\r\n\255" },
  { "a string with its length", "POST", function ()
    return { body = "hello", headers = { ["content-length"] = 5 } }
  end, "5", nil, "hello" },
  { "one's own type", "POST", function ()
    return { body = "hello", headers = { ["content-type"] = "text/x" } }
  end, "5", "text/x", "hello" },

  { "a file", "POST", function () return { body = handle "digits" } end, "10",
    nil, "0123456789" },
  { "a file from the middle", "POST", function ()
    return { body = handle("digits", 7) }
  end, "3", nil, "789" },
  { "a file at its end", "POST", function ()
    return { body = handle("digits", 10) }
  end, "0", nil, "" },
  { "a file behind its end", "POST", function ()
    return { body = handle("digits", 90) }
  end, "0", nil, "" },
  { "an empty file", "POST", function () return { body = handle "empty" } end,
    "0", nil, "" },
  { "a pipe", "POST", function ()
    return { body = io.popen("printf hello", "r") }
  end, false, nil, chunk "hello" .. LAST },
  { "an empty pipe", "POST", function ()
    return { body = io.popen("true", "r") }
  end, false, nil, LAST },
  { "a temporary file", "POST", function ()
    local f = io.tmpfile()
    f:write("hello"):seek("set", 1)
    return { body = f }
  end, "4", nil, "ello" },

  { "a function", "POST", function ()
    return { body = pieces("he", "llo") }
  end, false, nil, chunk "he" .. chunk "llo" .. LAST },
  { "a function of one piece", "POST", function ()
    return { body = pieces "hello" }
  end, false, nil, chunk "hello" .. LAST },
  { "a function of nothing", "POST", function () return { body = pieces() } end,
    false, nil, LAST },
  { "a function of empty pieces", "POST", function ()
    return { body = pieces("", "he", "", "", "llo", "") }
  end, false, nil, chunk "he" .. chunk "llo" .. LAST },
  { "a function by GET", "GET", function () return { body = pieces "x" } end,
    false, nil, chunk "x" .. LAST },
  { "a function with a length", "POST", function ()
    return { body = pieces("he", "llo"), headers = { ["content-length"] = 5 } }
  end, "5", nil, "hello" },
  { "a function with length 0", "POST", function ()
    return { body = pieces(), headers = { ["content-length"] = "0" } }
  end, "0", nil, "" },
  { "a function of large pieces", "POST", function ()
    return { body = pieces(("x"):rep(300000), "y", ("z"):rep(70000)) }
  end, false, nil, chunk(("x"):rep(300000)) .. chunk "y" ..
    chunk(("z"):rep(70000)) .. LAST },
  { "a coroutine", "POST", function ()
    return { body = coroutine.wrap(function ()
      coroutine.yield "he"
      coroutine.yield "llo"
    end) }
  end, false, nil, chunk "he" .. chunk "llo" .. LAST },

  { "json of an object", "POST", function ()
    return { json = { b = { 1, 2.5, true }, a = https.json.null } }
  end, "26", "application/json", '{"a":null,"b":[1,2.5,true]}' },
  { "json of a string", "POST", function () return { json = "x" } end, "3",
    "application/json", '"x"' },
  { "json of false", "POST", function () return { json = false } end, "5",
    "application/json", "false" },
  { "json of null", "POST", function () return { json = https.json.null } end,
    "4", "application/json", "null" },
  { "json of a big integer", "POST", function ()
    return { json = { 9007199254740993 } }
  end, "18", "application/json", "[9007199254740993]" },
  { "json of nothing", "POST", function () return { json = {} } end, "2",
    "application/json", "{}" },
  { "json of its own type", "POST", function ()
    return { json = { 1 }, headers = { ["Content-Type"] = "application/x" } }
  end, "3", "application/x", "[1]" },

  { "a form, sorted", "POST", function ()
    return { form = { c = 3, a = 1, b = 2 } }
  end, "11", "application/x-www-form-urlencoded", "a=1&b=2&c=3" },
  { "a form, in order", "POST", function ()
    return { form = { { "c", 3 }, { "a", 1 }, { "c", 2 } } }
  end, "11", "application/x-www-form-urlencoded", "c=3&a=1&c=2" },
  { "a form with lists", "POST", function ()
    return { form = { a = { 1, 2 }, b = true } }
  end, "14", "application/x-www-form-urlencoded", "a=1&a=2&b=true" },
  { "a form with spaces and more", "POST", function ()
    return { form = { { "a b", "c&d=e+f" }, { "\195\164", "\r\n%" } } }
  end, "42", "application/x-www-form-urlencoded",
    "a+b=c%26d%3De%2Bf&%C3%A4=%0D%0A%25" },
  { "an empty form", "POST", function () return { form = {} } end, "0",
    "application/x-www-form-urlencoded", "" },
}

for _, row in ipairs(arrivals) do
  t.test("arrives: " .. row[1], function ()
    local headers, body = echo(row[2], row[3]())
    t.ok(body == row[6], ("body: got %q"):format(body:sub(1, 200)))
    if row[4] == false then
      t.eq(headers["transfer-encoding"], "chunked", "transfer-encoding")
      t.eq(headers["content-length"], nil, "content-length")
    else
      t.eq(headers["transfer-encoding"], nil, "transfer-encoding")
      t.eq(headers["content-length"], row[4] and tostring(#row[6]) or nil,
        "content-length")
    end
    t.eq(headers["content-type"], row[5], "content-type")
  end)
end

t.test("json asks for json", function ()
  t.eq(echo("POST", { json = {} }).accept, "application/json, */*", "accept")
  t.eq(echo("POST", { json = {}, headers = { accept = "a/b" } }).accept,
    "a/b", "one's own")
end)

t.test("a file of 3 MiB", function ()
  local text = ("0123456789abcdef"):rep(3 * MIB // 16)
  t.write(dir .. "/large", text)
  local headers, body = echo("POST", { body = handle "large" })
  t.eq(headers["content-length"], tostring(3 * MIB), "content-length")
  t.ok(body == text, "body")
end)

t.test("a file that grows is sent as long as it was", function ()
  t.write(dir .. "/grows", "01234")
  local s <close> = https.session(server:options())
  s:use(function (request, next)
    local f <close> = io.open(dir .. "/grows", "ab")
    f:write "56789"
    f:close()
    return next(request)
  end)
  local r = s:post(server:url "/echo", { body = handle "grows" })
  t.match(r.body, "\r\n\r\n01234$", "body")
end)

t.test("a body function may make a request of its own", function ()
  local done
  local _, body = echo("POST", { body = function ()
    if done then return nil end
    done = true
    return https.get(server:url "/json", server:options()).headers
      ["content-type"]
  end })
  t.eq(body, chunk "text/plain" .. LAST, "body")
end)

---------------------------------------------------------------------------
-- params.

-- URL's query, params, the target's query
local params = {
  { "", { b = 2, a = 1 }, "?a=1&b=2" },
  { "", { { "b", 2 }, { "a", 1 }, { "b", 3 } }, "?b=2&a=1&b=3" },
  { "", { a = { 1, 2, "x" } }, "?a=1&a=2&a=x" },
  { "", { a = true, b = 1.5 }, "?a=true&b=1.5" },
  { "", { a = "" }, "?a=" },
  { "", { a = {} }, "" },
  { "", {}, "" },
  { "", "", "" },
  { "", "?", "" },
  { "", { ["a b"] = "c d" }, "?a%20b=c%20d" },
  { "", { a = "&=+#?/%" }, "?a=%26%3D%2B%23%3F%2F%25" },
  { "", { ["\195\164"] = "\r\n" }, "?%C3%A4=%0D%0A" },
  { "", { a = "~-._" }, "?a=~-._" },
  { "", "a=1&b=2", "?a=1&b=2" },
  { "", "?a=1", "?a=1" },
  { "", "a=b c", "?a=b%20c" },
  { "", "a=b#c", "?a=b%23c" },
  { "?x=y", { a = 1 }, "?x=y&a=1" },
  { "?x=y", "a=1", "?x=y&a=1" },
  { "?x=y", {}, "?x=y" },
  { "?", { a = 1 }, "?a=1" },
  { "?x=y&", { a = 1 }, "?x=y&&a=1" },
  { "?a=1", { a = 2 }, "?a=1&a=2" },
  { "#part", { a = 1 }, "?a=1" },
  { "?x=y#part", { a = 1 }, "?x=y&a=1" },
}

for i, row in ipairs(params) do
  t.test("params, row " .. i, function ()
    local _, _, target = echo("GET", { params = row[2] }, "/echo" .. row[1])
    t.eq(target, "/echo" .. row[3], "target")
  end)
end

t.test("params are the same each time", function ()
  local names = {}
  for i = 1, 50 do names["n" .. i] = i end
  local _, _, first = echo("GET", { params = names })
  for _ = 1, 5 do
    local again = {}
    for name, value in pairs(names) do again[name] = value end
    local _, _, target = echo("GET", { params = again })
    t.eq(target, first, "target")
  end
end)

---------------------------------------------------------------------------
-- What is refused: nothing is asked of the network.

local function f () end
local closed = handle "digits"
closed:close()

-- label, options, kind, code, part of the message
local refused = {
  { "a number", { body = 5 }, "usage", "type", "'body'" },
  { "a table", { body = {} }, "usage", "type", "'body'" },
  { "a boolean", { body = true }, "usage", "type" },
  { "false", { body = false }, "usage", "type" },
  { "a closed file", { body = closed }, "usage", "value", "closed" },
  { "a length that is not the string's", { body = "hello",
    headers = { ["content-length"] = 4 } }, "usage", "value", "4.*5" },
  { "a length that is not the file's", { body = handle "digits",
    headers = { ["content-length"] = 11 } }, "usage", "value", "11.*10" },
  { "a length for no body", { headers = { ["content-length"] = 5 } }, "usage",
    "value" },
  { "a length that is none", { body = f, headers = {
    ["content-length"] = "5x" } }, "usage", "value" },
  { "two lengths", { body = f, headers = { ["content-length"] = { 5, 5 } } },
    "usage", "value" },
  { "transfer-encoding", { body = f, headers = {
    ["Transfer-Encoding"] = "gzip, chunked" } }, "usage", "value" },
  { "json of a function", { json = f }, { "json", "usage" }, "value" },
  { "json of a function inside", { json = { a = { f } } }, { "json", "usage" },
    "value" },
  { "json of NaN", { json = { 0 / 0 } }, { "json", "usage" },
    { "value", "number" } },
  { "json of infinity", { json = math.huge }, { "json", "usage" },
    { "value", "number" } },
  { "json of no UTF-8", { json = "\255" }, { "json", "usage" }, "utf-8" },
  { "json of mixed keys", { json = { 1, a = 2 } }, { "json", "usage" },
    "value" },
  { "form of a string", { form = "a=b" }, "usage", "type", "'form'" },
  { "form with a table inside", { form = { a = { { 1 } } } }, "usage",
    "type" },
  { "form with a function", { form = { a = f } }, "usage", "type" },
  { "form with a number as a name", { form = { [5] = "x" } }, "usage",
    "type" },
  { "params of a number", { params = 5 }, "usage", "type", "'params'" },
  { "params with a function", { params = { a = f } }, "usage", "type" },
  { "params with a line end", { params = "a=b\r\nx: y" }, "usage", "value" },
  { "params with NUL", { params = "a=\0" }, "usage", "value" },
  { "multipart of a string", { multipart = "x" }, "usage", "type" },
  { "multipart of nothing", { multipart = {} }, "usage", "value" },
  { "multipart by name", { multipart = { a = "b" } }, "usage", "type" },
  { "multipart with a hole", { multipart = { { name = "a", value = "b" }, nil,
    { name = "c", value = "d" } } }, "usage", "type" },
  { "a part that is no table", { multipart = { "x" } }, "usage", "type" },
  { "a part without a name", { multipart = { { value = "x" } } }, "usage",
    "value", "name" },
  { "a part without a value", { multipart = { { name = "a" } } }, "usage",
    "value" },
  { "a part with two values", { multipart = { { name = "a", value = "b",
    file = dir .. "/digits" } } }, "usage", "value" },
  { "a part with a file and a body", { multipart = { { name = "a", body = "b",
    file = dir .. "/digits" } } }, "usage", "value" },
  { "a part with another field", { multipart = { { name = "a", vlaue = "b" } }
    }, "usage", "option", "'vlaue'" },
  { "a part's name that is a number", { multipart = { { name = 5,
    value = "x" } } }, "usage", "type" },
  { "a part's value that is a table", { multipart = { { name = "a",
    value = {} } } }, "usage", "type" },
  { "a part's body that is a table", { multipart = { { name = "a",
    body = {} } } }, "usage", "type" },
  { "a part's file that is a number", { multipart = { { name = "a",
    file = 5 } } }, "usage", "type" },
  { "a part's file that is not there", { multipart = { { name = "a",
    file = dir .. "/none" } } }, "usage", "value", "none.*No such file" },
  { "a part's file that is a directory", { multipart = { { name = "a",
    file = dir } } }, "usage", "value", "directory" },
  { "a part's file that is closed", { multipart = { { name = "a",
    file = closed } } }, "usage", "value", "closed" },
  { "a part's type with a line end", { multipart = { { name = "a",
    value = "b", type = "text/x\r\nx: y" } } }, "usage", "value" },
  { "a part's type that is a table", { multipart = { { name = "a",
    value = "b", type = {} } } }, "usage", "type" },
  { "a part's filename that is a number", { multipart = { { name = "a",
    value = "b", filename = 5 } } }, "usage", "type" },
  { "the second part of two", { multipart = { { name = "a", value = "b" },
    { name = "c" } } }, "usage", "value", "part 2" },
}

-- One request has one body.
local kinds = { body = "x", json = { 1 }, form = { a = 1 },
  multipart = { { name = "a", value = "b" } } }
for one in pairs(kinds) do
  for two in pairs(kinds) do
    if one < two then
      refused[#refused + 1] = { one .. " and " .. two,
        { [one] = kinds[one], [two] = kinds[two] }, "usage", "value",
        "contradict" }
    end
  end
end

for _, row in ipairs(refused) do
  t.test("refused: " .. row[1], function ()
    local err = t.raises(function ()
      https.post("https://nowhere.invalid/", row[2])
    end, row[3], row[4])
    t.eq(err.sent, false, "sent")
    if row[5] then t.match(err.message, row[5], "message") end
    t.match(err.where, "^tests/lua/body_test%.lua:%d+$", "where")
  end)
end

---------------------------------------------------------------------------
-- Bodies that break off: nothing is left that the next request could follow.

-- label, options by a function; the error: kind and code, or the value; what
-- was sent of the body before ("none": no connection)
local object = { "mine" }
local breaks = {
  { "a function that raises a string", function ()
    return { body = function () error("mine", 0) end }
  end, "mine", "none" },
  { "a function that raises a table", function ()
    return { body = function () error(object) end }
  end, object, "none" },
  { "a function that raises later", function ()
    local next_piece = pieces "hello"
    return { body = function ()
      return next_piece() or error("mine", 0)
    end }
  end, "mine", "5\r\nhello" },
  { "a function that raises a table later", function ()
    local next_piece = pieces "hello"
    return { body = function () return next_piece() or error(object) end }
  end, object, "5\r\nhello" },
  { "a function with a length that raises later", function ()
    local next_piece = pieces "hello"
    return { headers = { ["content-length"] = 9 }, body = function ()
      return next_piece() or error("mine", 0)
    end }
  end, "mine", "hello" },
  { "a function that gives a number", function ()
    return { body = pieces(5) }
  end, { "usage", "type" }, "none" },
  { "a function that gives a table", function ()
    return { body = pieces("hello", {}) }
  end, { "usage", "type" }, "5\r\nhello" },
  { "a function that gives false", function ()
    return { body = pieces("hello", false) }
  end, { "usage", "type" }, "5\r\nhello" },
  { "a function that is too short", function ()
    return { body = pieces("he", "llo"),
      headers = { ["content-length"] = 6 } }
  end, { "usage", "value" }, "hello" },
  { "a function that gives nothing", function ()
    return { body = pieces(), headers = { ["content-length"] = 6 } }
  end, { "usage", "value" }, "none" },
  { "a function that is too long", function ()
    return { body = pieces("he", "llo"),
      headers = { ["content-length"] = 4 } }
  end, { "usage", "value" }, "he" },
  { "a function that is too long at once", function ()
    return { body = pieces "hello", headers = { ["content-length"] = 4 } }
  end, { "usage", "value" }, "none" },
  { "a file that is not for reading", function ()
    t.write(dir .. "/out", "0123456789")
    return { body = handle("out", 0, "ab") }
  end, { "io", "EBADF" }, "none" },
  { "a file that shrinks", function ()
    t.write(dir .. "/shrinks", ("x"):rep(70000))
    local file, s = handle "shrinks", nil
    return { body = file, shrink = true }
  end, { "usage", "value" }, "none" },
  { "multipart with a function that raises", function ()
    return { multipart = { { name = "a", value = "hello" },
      { name = "b", body = function () error("mine", 0) end } } }
  end, "mine", "hello" },
  { "multipart with a path that is gone", function ()
    t.write(dir .. "/gone", "x")
    return { multipart = { { name = "a", file = dir .. "/gone" } },
      remove = dir .. "/gone" }
  end, { "io", "ENOENT" }, "name=\"a\"" },
}

for _, row in ipairs(breaks) do
  t.test("breaks off: " .. row[1], function ()
    local first = { "head", "body", 5000000 }
    local rest = { "head", "send", FINAL }
    local w <close> = wire.open{ [A] = { cert = "good",
      row[4] == "none" and rest or first, rest } }
    local s <close> = https.session(w:options{ pool = { per_host = 1 } })
    local o = row[2]()
    -- What happens to a file between the call and its sending.
    local shrink, remove = o.shrink, o.remove
    o.shrink, o.remove = nil, nil
    s:use(function (request, next)
      if shrink then t.write(dir .. "/shrinks", "") end
      if remove then os.remove(remove) end
      return next(request)
    end)
    local ok, err = pcall(s.post, s, URL, o)
    t.eq(ok, false, "ok")
    if type(row[3]) == "table" and row[3] ~= object then
      t.eq({ err.kind, err.code }, row[3], tostring(err))
      t.eq(err.sent, row[4] ~= "none", "sent")
    else
      t.ok(rawequal(err, row[3]), ("the value itself, not %s"):format(err))
    end
    if row[4] ~= "none" then
      -- It ends before the request does.
      local part = w:expect(A, "^short 0 (.*)$")
      t.ok(part:gsub("\\r\\n", "\r\n"):gsub('\\"', '"')
        :find(row[4], 1, true), ("part: got %q"):format(part))
      t.eq(part:find "0\\r\\n\\r\\n$", nil, "an end of the chunks")
    end
    t.eq(s:get(URL).body, "final", "the next request")
    local got = w:requests(A)
    t.eq(got[#got].conn, row[4] == "none" and 0 or 1, "its connection")
  end)
end

t.test("an early answer ends a body without end", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    -- While it drips it does not read.
    { "head", "body", 10000, "send", peer.answer("too much", nil,
      "413 Content Too Large"), "drip", 50, ("x"):rep(100) },
    { "head", "send", FINAL } } }
  local s <close> = https.session(w:options())
  local calls = 0
  local r = s:post(URL, { body = function ()
    calls = calls + 1
    return ("x"):rep(10000)
  end })
  t.eq(r.status, 413, "status")
  t.eq(r.body, "too much", "body")
  t.ok(calls > 0, "calls")
  -- What it was in the middle of is not followed by another request.
  t.eq(s:get(URL).timings.reused, false, "reused")
end)

-- label, what the server does after the head of a body without end, each piece
-- of it, status (or kind and code)
local unending = {
  { "a refusal, and the rest is read", { "send", peer.answer("too much", nil,
    "413 Content Too Large"), "stall" }, "x", 413 },
  { "a refusal after a part", { "body", 100000, "send", peer.answer("who?",
    nil, "401 Unauthorized"), "stall" }, ("x"):rep(1000), 401 },
  { "pieces of nothing", { "send", peer.answer("too much", nil,
    "413 Content Too Large"), "stall" }, "", 413 },
  { "100, then a refusal", { "send", "HTTP/1.1 100 Continue\r\n\r\n",
    "body", 1000, "send", peer.answer("too much", nil,
    "413 Content Too Large"), "stall" }, "x", 413 },
  { "no HTTP", { "send", "what?\r\n\r\n", "stall" }, "x",
    { "protocol", "status-line" } },
  { "the end", { "notify" }, "x", { "protocol", "closed" } },
}

for _, row in ipairs(unending) do
  for _, cert in ipairs{ false, "good" } do
    t.test(("a body without end: %s, %s"):format(row[1], cert or "plain"),
      function ()
        local p <close> = peer.rawd{ cert = cert or nil,
          table.move(row[2], 1, #row[2], 2, { "head" }),
          { "head", "send", peer.answer "final" } }
        local s <close> = https.session(p:options{ retries = 0 })
        local function post ()
          return s:post(p:url(), { body = function () return row[3] end })
        end
        if type(row[4]) == "table" then
          local err = t.raises(post, row[4][1], row[4][2])
          t.eq(err.sent, true, "sent")
        else
          t.eq(post().status, row[4], "status")
        end
        t.eq(s:get(p:url()).timings.reused, false, "reused")
      end)
  end
end

-- An answer to all of the body is not early, also if it comes before the end
-- of the body is known: the connection serves again.
t.test("an answer as quick as can be", function ()
  local p <close> = peer.rawd{ "head", "body", 5, "send", peer.answer "done",
    "body", 0, "head", "send", FINAL }
  local s <close> = https.session(p:options())
  local give = pieces("01", "234")
  local r = s:post(p:url(), { headers = { ["content-length"] = 5 },
    body = function ()
      local piece = give()
      if not piece then p:expect "^body 0 $" end
      return piece
    end })
  t.eq(r.body, "done", "body")
  t.eq(s:get(p:url()).timings.reused, true, "reused")
end)

---------------------------------------------------------------------------
-- multipart/form-data: the bytes, and what httpbin makes of them.

-- A part's head and body; the rest of the body is the boundary's.
local function parts_of (body, content_type)
  local boundary = content_type:match "^multipart/form%-data; boundary=(%S+)$"
  t.ok(boundary and #boundary <= 70, "boundary: " .. content_type)
  local list, at = {}, 1
  while true do
    local head = "--" .. boundary .. "\r\n"
    if body:sub(at, at + #head - 1) ~= head then break end
    local from, to = body:find("\r\n--" .. boundary, at + #head, true)
    list[#list + 1] = body:sub(at + #head, from - 1)
    at = to - #boundary - 1
  end
  t.eq(body:sub(at), "--" .. boundary .. "--\r\n", "the end")
  return list
end

local D = "content-disposition: form-data; "
local OCTETS = "\r\ncontent-type: application/octet-stream\r\n\r\n"

-- label, parts by a function, the parts that arrive
local multiparts = {
  { "a value", { { name = "a", value = "b" } },
    { D .. 'name="a"\r\n\r\nb' } },
  { "two of a name", { { name = "a", value = "b" }, { name = "a",
    value = "c" } }, { D .. 'name="a"\r\n\r\nb', D .. 'name="a"\r\n\r\nc' } },
  { "an empty value", { { name = "a", value = "" } },
    { D .. 'name="a"\r\n\r\n' } },
  { "a number, a boolean", { { name = "a", value = 5 }, { name = "b",
    value = false } }, { D .. 'name="a"\r\n\r\n5',
    D .. 'name="b"\r\n\r\nfalse' } },
  { "line ends and dashes", { { name = "a", value = "--\r\n--x\r\n" } },
    { D .. 'name="a"\r\n\r\n--\r\n--x\r\n' } },
  -- WHATWG HTML, multipart/form-data encoding algorithm.
  { "quotes in a name", { { name = 'a"b', value = "c" } },
    { D .. 'name="a%22b"\r\n\r\nc' } },
  { "a line end in a name", { { name = "a\r\nx: y", value = "c" } },
    { D .. 'name="a%0D%0Ax: y"\r\n\r\nc' } },
  { "a backslash and a percent", { { name = "a\\b%22", value = "c" } },
    { D .. 'name="a\\b%22"\r\n\r\nc' } },
  { "UTF-8 in a name", { { name = "\195\164", value = "c" } },
    { D .. 'name="\195\164"\r\n\r\nc' } },
  { "a filename", { { name = "a", value = "c", filename = "x.txt" } },
    { D .. 'name="a"; filename="x.txt"' .. OCTETS .. "c" } },
  { "quotes in a filename", { { name = "a", value = "c",
    filename = '"; evil="\r\n' } },
    { D .. 'name="a"; filename="%22; evil=%22%0D%0A"' .. OCTETS .. "c" } },
  { "a type", { { name = "a", value = "{}", type = "application/json" } },
    { D .. 'name="a"\r\ncontent-type: application/json\r\n\r\n{}' } },
  { "a path", { { name = "a", file = dir .. "/digits" } },
    { D .. 'name="a"; filename="digits"' .. OCTETS .. "0123456789" } },
  { "a path with a name and a type", { { name = "a", file = dir .. "/digits",
    filename = "other", type = "text/plain" } },
    { D .. 'name="a"; filename="other"\r\ncontent-type: text/plain' ..
      "\r\n\r\n0123456789" } },
  { "an empty file", { { name = "a", file = dir .. "/empty" } },
    { D .. 'name="a"; filename="empty"' .. OCTETS } },
  { "a handle from the middle", function ()
    return { { name = "a", file = handle("digits", 8), filename = "x" } }
  end, { D .. 'name="a"; filename="x"' .. OCTETS .. "89" } },
  { "a body that is a string", { { name = "a", body = "b" } },
    { D .. 'name="a"\r\n\r\nb' } },
  { "a body that is a handle", function ()
    return { { name = "a", body = handle("digits", 8) } }
  end, { D .. 'name="a"\r\n\r\n89' } },
}

for _, row in ipairs(multiparts) do
  t.test("multipart: " .. row[1], function ()
    local parts = type(row[2]) == "function" and row[2]() or row[2]
    local headers, body = echo("POST", { multipart = parts })
    t.eq(parts_of(body, headers["content-type"]), row[3], "parts")
    t.eq(headers["content-length"], tostring(#body), "content-length")
  end)
end

t.test("multipart: a body that is a function is sent in chunks", function ()
  local headers, body = echo("POST", { multipart = {
    { name = "a", body = pieces("he", "llo") }, { name = "b", value = "c" } } })
  t.eq(headers["transfer-encoding"], "chunked", "transfer-encoding")
  t.eq(headers["content-length"], nil, "content-length")
  local out = {}
  for size, rest in body:gmatch "()%x+\r\n()" do
    local n = tonumber(body:match("^%x+", size), 16)
    if n == 0 then break end
    out[#out + 1] = { rest, n }
  end
  t.match(body, "2\r\nhe\r\n3\r\nllo\r\n", "chunks")
  t.ok(#out > 2, "chunks")
end)

t.test("multipart: a file that grows is sent as long as it was", function ()
  local grows = t.tmpdir() .. "/grows"
  t.write(grows, "hello")
  local _, body = echo("POST", { multipart = {
    { name = "a", body = function () t.write(grows, "hello, world") end },
    { name = "f", file = grows } } })
  t.match(body, "\r\n5\r\nhello\r\n2\r\n\r\n\r\n")
end)

t.test("multipart: boundaries differ", function ()
  local seen = {}
  for _ = 1, 20 do
    local headers = echo("POST", {
      multipart = { { name = "a", value = "b" } } })
    t.eq(seen[headers["content-type"]], nil, headers["content-type"])
    seen[headers["content-type"]] = true
  end
end)

---------------------------------------------------------------------------
-- Memory: what is large is not held.

local child = [[
local path, port, size, pem = table.unpack(arg)
local r = https.post("https://good.test:" .. port .. "/", { ca = pem,
  resolve = { ["good.test:" .. port] = "127.0.0.1:" .. port },
  multipart = { { name = "a", value = "b" }, { name = "f", file = path } } })
for line in io.lines "/proc/self/status" do
  local peak = line:match "^VmHWM:%s*(%d+) kB"
  if peak then print(r.body, peak) end
end
]]

t.test("multipart: a large file in constant memory", function ()
  local is_san = t.lurl:find "san" ~= nil
  if not io.open "/proc/self/status" then
    print "skipped: no /proc/self/status to read the memory from"
    return
  end
  local size = (is_san and 32 or 1024) * MIB
  assert(os.execute(("truncate -s %d %s/sparse"):format(size, dir)))
  t.write(dir .. "/child.lua", child)
  -- Some 300 bytes are the parts' heads.
  local p <close> = peer.rawd{ cert = "good", limit = 100, "head", "skip",
    size, "send", FINAL, "wait" }
  local r = t.run{ cmd = { t.lurl, dir .. "/child.lua", dir .. "/sparse",
    p.port, tostring(size), peer.pem "root" } }
  t.eq(r.status, 0, "status; stderr: " .. r.stderr)
  local peak = r.stdout:match "^final\t(%d+)\n$"
  t.ok(peak, "stdout: " .. r.stdout)
  if is_san then return end     -- its shadow is memory, too
  t.ok(tonumber(peak) < 16 * 1024, "peak: " .. peak .. " KiB")
end)

t.finish()
