-- Decoders as Lua sees them, and the middleware "decoding" with a stub in
-- place of the network.
local t = require "tests.harness"
local core = require "https.core"
local decoding = require "https.decoding"

local function bytes (hex)
  return (hex:gsub("%s", ""):gsub("%x%x", function (digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- "hello" in every coding.
local hello = {
  gzip = bytes [[1f8b0800000000000403 010500faff68656c6c6f
                 86a61036 05000000]],
  zlib = bytes "7801 010500faff68656c6c6f 062c0215",
  raw = bytes "010500faff68656c6c6f",
  br = bytes "0b028068656c6c6f03",
  zstd = bytes "28b52ffd2005 290000 68656c6c6f",
}

-- "hello", of gzip, of gzip and br, as the server has it.
local gzip_br = bytes [[8b0d80 1f8b0800000000000403
  010500faff68656c6c6f 86a61036 05000000 03]]

-- The decoded body, or raises; size bytes are pushed at a time.
local function decode (name, body, size)
  local decoder <close> = core.decoder(name)
  local out = {}
  for from = 1, #body, size do
    decoder:push(body:sub(from, from + size - 1))
    for piece in decoder.pull, decoder do out[#out + 1] = piece end
  end
  decoder:finish()
  return table.concat(out)
end

---------------------------------------------------------------------------
-- core.decoder

for _, row in ipairs {
  { "gzip", hello.gzip }, { "x-gzip", hello.gzip }, { "GZIP", hello.gzip },
  { "deflate", hello.zlib }, { "deflate", hello.raw }, { "br", hello.br },
  { "zstd", hello.zstd },
} do
  local name, body = table.unpack(row)
  t.test("decodes " .. name, function ()
    for size = 1, #body do
      t.eq(decode(name, body, size), "hello", size .. " at a time")
    end
    t.eq(decode(name, "", 1), "", "nothing")
  end)
  t.test(name .. " that breaks off", function ()
    for len = 1, #body - 1 do
      t.raises(function () decode(name, body:sub(1, len), 4) end,
               "decode", "truncated", len .. " bytes")
    end
  end)
  t.test(name .. " that is none", function ()
    t.raises(function () decode(name, "<html>", 4) end, "decode", "corrupt")
    t.raises(function () decode(name, body .. "x", 4) end,
             "decode", "corrupt")
  end)
end

t.test("codings", function ()
  t.eq(core.codings, "gzip, deflate, br, zstd",
       "tests/install installs all of their libraries")
end)

t.test("codings that are not known", function ()
  for _, name in ipairs { "", "identity", "compress", "gzip ", "gzip\0", "*" }
  do
    t.eq(core.decoder(name), nil, name)
  end
end)

local function message_of (fn, ...)
  local ok, message = pcall(fn, ...)
  t.eq(ok, false, "no error")
  return message
end

t.test("misuse", function ()
  t.match(message_of(core.decoder), "string expected")
  t.match(message_of(core.decoder, {}), "string expected")
  local decoder = core.decoder("gzip")
  t.match(message_of(decoder.push, decoder), "string expected")
  t.match(message_of(decoder.push, decoder, {}), "string expected")
  t.match(message_of(decoder.pull, io.stdout), "lurl.decoder expected")
  t.match(message_of(decoder.pull), "lurl.decoder expected")
  decoder:push(hello.gzip)
  t.match(message_of(decoder.push, decoder, "x"), "pull until")
  t.match(message_of(decoder.finish, decoder), "pull until")
  t.eq(decoder:pull(), "hello", "and goes on")
  t.eq(decoder:pull(), nil)
  t.eq(decoder:pull(), nil)
  decoder:finish()
end)

t.test("a closed decoder", function ()
  local decoder = core.decoder("gzip")
  decoder:push(hello.gzip)
  decoder:close()
  decoder:close()
  t.match(message_of(decoder.pull, decoder), "decoder is closed")
  t.match(message_of(decoder.push, decoder, ""), "decoder is closed")
  t.match(message_of(decoder.finish, decoder), "decoder is closed")
end)

t.test("damage closes it", function ()
  local decoder = core.decoder("gzip")
  decoder:push("<html>")
  t.raises(function () decoder:pull() end, "decode", "corrupt")
  t.match(message_of(decoder.pull, decoder), "decoder is closed")
end)

-- A body of more than one piece.
local long = hello.gzip:rep(20000)

-- Pushes a string that nobody else keeps.
local function push_own (decoder, make)
  decoder:push(make())
end

t.test("keeps what was pushed, until it is used up", function ()
  local decoder = core.decoder("gzip")
  push_own(decoder, function () return long .. hello.gzip end)
  local before = collectgarbage("count")
  local len, pieces = 0, 0
  for piece in decoder.pull, decoder do
    t.ok(#piece <= 65536, "a piece of 64 KiB at most")
    len, pieces = len + #piece, pieces + 1
    collectgarbage()
  end
  decoder:finish()
  t.eq(len, 5 * 20001)
  t.eq(pieces, 2)
  collectgarbage()
  t.ok(collectgarbage("count") < before - #long // 1024 / 2, "and no longer")
end)

---------------------------------------------------------------------------
-- The middleware.

-- A source of these pieces; one that is a function is called.
local function source_of (pieces)
  local i = 0
  return function ()
    i = i + 1
    local piece = pieces[i]
    if type(piece) == "function" then return piece() end
    return piece
  end
end

local function headers_of (fields)
  local headers = core.headers()
  for name, value in pairs(fields or {}) do headers[name] = value end
  return headers
end

-- Sends a request with these fields through the step; the answer has those.
local function send (answer, request)
  request = request or {}
  request.method = request.method or "GET"
  request.url = "https://example.org:8443/x"
  request.headers = headers_of(request.headers)
  request.options = request.options or {}
  local response = {
    status = answer.status or 200, headers = headers_of(answer.headers),
    source = answer.pieces and source_of(answer.pieces),
    closers = answer.closers,
  }
  return decoding.make(function (sent)
    t.eq(sent, request, "the request")
    return response
  end)(request), request
end

local function read (response)
  local out = {}
  for piece in response.source do out[#out + 1] = piece end
  return table.concat(out)
end

for _, row in ipairs {
  { "asks", {}, {}, core.codings },
  { "leaves the script's own", { ["accept-encoding"] = "br" }, {}, "br" },
  { "leaves the script's identity", { ["accept-encoding"] = "identity" }, {},
    "identity" },
  { "leaves the script's, with a range",
    { ["accept-encoding"] = "gzip", range = "bytes=5-" }, {}, "gzip" },
  { "asks for none of a part", { range = "bytes=5-" }, {}, "identity" },
  { "asks for none of a part, the second time",
    { ["accept-encoding"] = core.codings, range = "bytes=5-" }, {},
    "identity" },
  { "compress=true", {}, { compress = true }, core.codings },
  { "compress=false", {}, { compress = false }, nil },
  { "compress=false, the script's own", { ["accept-encoding"] = "br" },
    { compress = false }, "br" },
} do
  local label, headers, options, want = table.unpack(row, 1, 4)
  t.test(label, function ()
    local _, request = send({ pieces = {} },
                            { headers = headers, options = options })
    t.eq(request.headers["accept-encoding"], want)
  end)
end

local twice = { "gzip", "br" }

for _, row in ipairs {
  { "gzip", "gzip", { hello.gzip }, "hello" },
  { "x-gzip in capitals", "X-GZIP", { hello.gzip }, "hello" },
  { "deflate", "deflate", { hello.zlib }, "hello" },
  { "br", "br", { hello.br }, "hello" },
  { "zstd", "zstd", { hello.zstd }, "hello" },
  { "in pieces", "gzip", { hello.gzip:sub(1, 3), "", hello.gzip:sub(4, 17),
                           hello.gzip:sub(18) }, "hello" },
  { "many pieces out of one", "gzip", { long }, ("hello"):rep(20000) },
  { "two codings", "gzip, br", { gzip_br }, "hello" },
  { "two lines", twice, { gzip_br }, "hello" },
  { "identity", "identity", { "hello" }, "hello" },
  { "identity among others", "gzip,identity , br,,", { gzip_br }, "hello" },
  { "an empty list", " , ", { "hello" }, "hello" },
  { "no coding", nil, { "hel", "lo" }, "hello" },
  { "a coding that is not known", "sdch", { "hello" }, "hello" },
  { "one that is not known, inside", "sdch, gzip", { hello.gzip }, "hello" },
  { "one that is not known, outside", "gzip, sdch", { hello.gzip },
    hello.gzip },
  { "one that is not known, between", "gzip, sdch, br", { gzip_br },
    hello.gzip },
  { "no body", "gzip", {}, "" },
  { "empty pieces", "br, gzip", { "", "" }, "" },
} do
  local label, coding, pieces, want = table.unpack(row, 1, 4)
  t.test("undoes " .. label, function ()
    local response = send { headers = { ["content-encoding"] = coding },
                            pieces = pieces }
    t.eq(read(response), want)
    t.eq(response.source(), nil, "after the end")
    local said = coding and headers_of { ["content-encoding"] = coding }
    t.eq(response.headers["content-encoding"],
         said and said["content-encoding"], "the field stays")
  end)
end

for _, row in ipairs {
  { "the answer to HEAD", { method = "HEAD" }, 200 },
  { "204", {}, 204 },
  { "206, a part", { headers = { range = "bytes=5-" } }, 206 },
  { "304", {}, 304 },
  { "compress=false", { options = { compress = false } }, 200 },
} do
  local label, request, status = table.unpack(row)
  t.test("leaves " .. label, function ()
    local response = send({
      headers = { ["content-encoding"] = "gzip" }, pieces = { hello.gzip },
      status = status,
    }, request)
    t.eq(response.closers, nil)
    t.eq(read(response), hello.gzip)
  end)
end

t.test("leaves a response without a source", function ()
  local response = send { headers = { ["content-encoding"] = "gzip" } }
  t.eq(response.source, nil)
  t.eq(response.closers, nil)
end)

t.test("undoes what came with an error status", function ()
  t.eq(read(send { headers = { ["content-encoding"] = "gzip" },
                   pieces = { hello.gzip }, status = 503 }), "hello")
end)

-- The decoders that were made while fn ran.
local function spy (fn)
  local real, made = core.decoder, {}
  core.decoder = function (name)
    local decoder = real(name)
    made[#made + 1] = decoder
    return decoder
  end
  local ok, err = xpcall(fn, debug.traceback, made)
  core.decoder = real
  if not ok then error(err, 0) end
  return made
end

local function want_closed (made, count)
  t.eq(#made, count, "decoders")
  for _, decoder in ipairs(made) do
    t.match(message_of(decoder.pull, decoder), "decoder is closed")
  end
end

local function coded (pieces, closers)
  return send { headers = { ["content-encoding"] = "gzip, br" },
                pieces = pieces, closers = closers }
end

t.test("closes at the end", function ()
  want_closed(spy(function () read(coded { gzip_br }) end), 2)
end)

t.test("closes with the response", function ()
  local closed = 0
  want_closed(spy(function ()
    local response = coded({ gzip_br },
                           { function () closed = closed + 1 end })
    t.eq(#response.closers, 2, "closers")
    t.eq(response.source(), "hello")
    for _, close in ipairs(response.closers) do close() end
    t.eq(response.source(), nil)
    for _, close in ipairs(response.closers) do close() end
  end), 2)
  t.eq(closed, 2, "the closer that was there")
end)

t.test("a body that nobody reads costs nothing", function ()
  want_closed(spy(function ()
    for _, close in ipairs(coded({ gzip_br }).closers) do close() end
  end), 0)
end)

for _, row in ipairs {
  { "damage", { "<html>" }, "corrupt", "not valid br" },
  { "damage inside", { bytes "0b0280" .. "hello" .. "\3" }, "corrupt",
    "not valid gzip" },
  { "bytes after the end", { gzip_br, "x" }, "corrupt", "bytes after" },
  { "the end missing", { gzip_br:sub(1, -2) }, "truncated", "br coding" },
  { "the end missing inside",
    { bytes "8b0180" .. hello.gzip:sub(1, 4) .. "\3" }, "truncated",
    "gzip coding" },
} do
  local label, pieces, code, message = table.unpack(row)
  t.test("raises for " .. label, function ()
    want_closed(spy(function ()
      local response = coded(pieces)
      local err = t.raises(function () read(response) end, "decode", code)
      t.match(err.message, message)
      t.eq(err.url, "https://example.org:8443/x")
      t.eq(err.host .. ":" .. err.port, "example.org:8443")
      t.eq(err.phase, "receive")
      t.eq(err.sent, true)
      t.match(err.hint, "%a")
      t.eq(t.raises(response.source, "decode", code, "read again"), err)
    end), 2)
  end)
end

t.test("raises for too many codings", function ()
  local response = send {
    headers = { ["content-encoding"] = ("gzip,"):rep(6) },
    pieces = { hello.gzip },
  }
  local err = t.raises(response.source, "decode", "corrupt")
  t.match(err.message, "6 content codings, more than 5")
end)

t.test("the source's own error comes through", function ()
  local failure = setmetatable({ kind = "protocol", code = "truncated" },
                               core.error)
  want_closed(spy(function ()
    local response = coded { gzip_br:sub(1, 9), function ()
      error(failure, 0)
    end }
    local err = t.raises(response.source, "protocol", "truncated")
    t.eq(err, failure)
    t.eq(err.phase, nil)
  end), 2)
end)

t.test("a source may wait", function ()
  local response = coded { gzip_br:sub(1, 9), coroutine.yield,
                           gzip_br:sub(10) }
  local task = coroutine.wrap(function () return read(response) end)
  t.eq(task(), nil)
  t.eq(task(""), "hello")
end)

t.finish()
