-- HTTP/1.1 from end to end, as RFC 9112 has it: what a server says, byte for
-- byte, and what the script gets of it.  Every row comes in one write and
-- again byte by byte, both plain and under TLS.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

local OK = "HTTP/1.1 200 OK\r\n"
local EMPTY = "content-length: 0\r\n\r\n"
local CHUNKED = OK .. "transfer-encoding: chunked\r\n\r\n"

-- label
-- say:     what the server sends after the request; then it is silent, so that
--          an answer must end by itself and an error must not need the end
-- ends:    or how it ends: fin, notify (as fin where there is no TLS), rst
-- steps:   instead of say, what to play after the request
-- method, and further options: max_body, max_header, body
-- status, reason, body, headers ({name, value} lines), http: what is wanted
-- kind, code: or the error, always of phase "receive" and sent
-- tls:     {kind, code} where TLS makes a difference; false: not under TLS
-- says:    a part of the error's message
local tables = {}

tables.status = {
  { label = "plain", say = OK .. EMPTY, status = 200, reason = "OK",
    body = "", headers = { { "content-length", "0" } } },
  { label = "reason of several words",
    say = "HTTP/1.1 404 Not Found\r\n" .. EMPTY, status = 404,
    reason = "Not Found" },
  { label = "no reason", say = "HTTP/1.1 200 \r\n" .. EMPTY, status = 200,
    reason = "" },
  { label = "no reason, no space", say = "HTTP/1.1 200\r\n" .. EMPTY,
    status = 200, reason = "" },
  { label = "HTTP/1.0", say = "HTTP/1.0 200 OK\r\n" .. EMPTY, status = 200,
    http = "1.0" },
  { label = "HTTP/1.7", say = "HTTP/1.7 200 OK\r\n" .. EMPTY, status = 200 },
  { label = "599", say = "HTTP/1.1 599 X\r\n" .. EMPTY, status = 599 },
  { label = "999", say = "HTTP/1.1 999 X\r\n" .. EMPTY, status = 999 },
  { label = "099", say = "HTTP/1.1 099 X\r\n" .. EMPTY, code = "status-line" },
  { label = "two digits", say = "HTTP/1.1 20 OK\r\n" .. EMPTY,
    code = "status-line" },
  { label = "four digits", say = "HTTP/1.1 2000 OK\r\n" .. EMPTY,
    code = "status-line" },
  { label = "letters", say = "HTTP/1.1 OK\r\n" .. EMPTY,
    code = "status-line", says = "HTTP/1.1 OK" },
  { label = "two spaces", say = "HTTP/1.1  200 OK\r\n" .. EMPTY,
    code = "status-line" },
  { label = "NUL in the reason", say = "HTTP/1.1 200 O\0K\r\n" .. EMPTY,
    code = "status-line" },
  { label = "bare LF after the status line",
    say = "HTTP/1.1 200 OK\n" .. EMPTY, code = "header", says = "bare LF" },
  { label = "bare CR in the status line",
    say = "HTTP/1.1 200 O\rK\r\n" .. EMPTY, code = "header",
    says = "bare CR" },
  { label = "lower case", say = "http/1.1 200 OK\r\n" .. EMPTY,
    code = "status-line" },
  { label = "HTTP/2.0 in words", say = "HTTP/2.0 200 OK\r\n" .. EMPTY,
    code = "status-line" },
  { label = "HTTP/0.9", say = "<html>hello</html>", code = "status-line",
    says = "<html>" },
  { label = "empty line first", say = "\r\n" .. OK .. EMPTY,
    code = "status-line" },
  { label = "another protocol", say = "SSH-2.0-OpenSSH_9.2p1\r\n",
    code = "status-line", says = "SSH%-2%.0" },
  { label = "garbage without a line end", say = "\1\2\3\4\255\254",
    code = "status-line" },
  { label = "HTTP/2's first frame", say = "\0\0\18\4\0\0\0\0\0",
    code = "status-line", says = "HTTP/2" },
  { label = "TLS alert where TLS is not expected", tls = false,
    say = "\21\3\1\0\2\2\70", code = "status-line", says = "TLS" },
  { label = "protocols switched unasked",
    say = "HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n",
    code = "status-line", says = "101" },
}

tables.header = {
  { label = "order, case and repetition are kept",
    say = OK .. "B: 1\r\na: 2\r\nb:3\r\ncontent-length:0\r\n\r\n",
    status = 200, headers = { { "B", "1" }, { "a", "2" }, { "b", "3" },
    { "content-length", "0" } } },
  { label = "whitespace around values", say = OK .. "a: \t x y\t \r\nb:\r\n" ..
    EMPTY, headers = { { "a", "x y" }, { "b", "" },
    { "content-length", "0" } } },
  { label = "bytes above ASCII in a value", say = OK .. "a: \233\255\r\n" ..
    EMPTY, headers = { { "a", "\233\255" }, { "content-length", "0" } } },
  -- RFC 9112 section 5.2.
  { label = "obs-fold", say = OK .. "a: x\r\n \t y\r\n" .. EMPTY,
    headers = { { "a", "x y" }, { "content-length", "0" } } },
  { label = "obs-fold of content-length",
    say = OK .. "content-length: 5\r\n 0\r\n\r\nhello", code = "header" },
  { label = "obs-fold of transfer-encoding",
    say = OK .. "transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    code = "header" },
  { label = "whitespace before the first header", say = OK .. " a: x\r\n" ..
    EMPTY, code = "header" },
  { label = "line of whitespace", say = OK .. "a: x\r\n \r\n" .. EMPTY,
    code = "header" },
  -- RFC 9112 section 5.1.
  { label = "space before the colon", say = OK .. "a : x\r\n" .. EMPTY,
    code = "header" },
  { label = "space before the colon of content-length",
    say = OK .. "content-length : 5\r\n\r\nhello", code = "header" },
  { label = "space in the name", say = OK .. "a b: x\r\n" .. EMPTY,
    code = "header" },
  { label = "no name", say = OK .. ": x\r\n" .. EMPTY, code = "header" },
  { label = "no colon", say = OK .. "abc\r\n" .. EMPTY, code = "header" },
  { label = "NUL in a name", say = OK .. "a\0: x\r\n" .. EMPTY,
    code = "header" },
  { label = "NUL in a value", say = OK .. "a: x\0y\r\n" .. EMPTY,
    code = "header" },
  { label = "control byte in a value", say = OK .. "a: x\1y\r\n" .. EMPTY,
    code = "header" },
  { label = "bare LF", say = OK .. "a: x\nb: y\r\n" .. EMPTY,
    code = "header", says = "bare LF" },
  { label = "bare LF as the empty line", say = OK .. "content-length: 0\r\n\n",
    code = "header", says = "bare LF" },
  { label = "bare CR", say = OK .. "a: x\rb: y\r\n" .. EMPTY,
    code = "header", says = "bare CR" },
  { label = "CR CR LF", say = OK .. "a: x\r\r\n" .. EMPTY, code = "header" },
  { label = "two status lines", say = OK .. OK .. EMPTY, code = "header" },
}

tables.length = {
  { label = "body", say = OK .. "content-length: 5\r\n\r\nhello",
    body = "hello" },
  { label = "leading zeros", say = OK .. "content-length: 0005\r\n\r\nhello",
    body = "hello" },
  { label = "every byte there is", say = OK .. "content-length: 256\r\n\r\n" ..
    string.char(table.unpack((function ()
      local all = {}
      for i = 0, 255 do all[#all + 1] = i end
      return all
    end)())), bytes = 256 },
  -- RFC 9112 section 6.3, case 5.
  { label = "list of equals", say = OK .. "content-length: 5, 5\r\n\r\nhello",
    body = "hello" },
  { label = "lines of equals", say = OK .. "content-length: 5\r\n" ..
    "content-length: 5\r\n\r\nhello", body = "hello" },
  { label = "list in conflict", say = OK .. "content-length: 5, 6\r\n\r\n" ..
    "hello!", code = "framing" },
  { label = "lines in conflict", say = OK .. "content-length: 5\r\n" ..
    "content-length: 6\r\n\r\nhello!", code = "framing" },
  { label = "conflict with zero", say = OK .. "content-length: 5\r\n" .. EMPTY,
    code = "framing" },
  { label = "negative", say = OK .. "content-length: -5\r\n\r\nhello",
    code = "framing" },
  { label = "plus sign", say = OK .. "content-length: +5\r\n\r\nhello",
    code = "framing" },
  { label = "hexadecimal", say = OK .. "content-length: 0x5\r\n\r\nhello",
    code = "framing" },
  { label = "fraction", say = OK .. "content-length: 5.0\r\n\r\nhello",
    code = "framing" },
  { label = "no number", say = OK .. "content-length: five\r\n\r\nhello",
    code = "framing" },
  { label = "empty", say = OK .. "content-length:\r\n\r\nhello",
    code = "framing" },
  { label = "empty member", say = OK .. "content-length: 5,\r\n\r\nhello",
    code = "framing" },
  { label = "2^63", say = OK .. "content-length: 9223372036854775808\r\n\r\n",
    code = "framing" },
  { label = "2^64 + 5",
    say = OK .. "content-length: 18446744073709551621\r\n\r\nhello",
    code = "framing" },
  { label = "both framings", say = OK .. "content-length: 5\r\n" ..
    "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    code = "framing" },
  { label = "both framings, the other order", say = OK ..
    "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n" ..
    "5\r\nhello\r\n0\r\n\r\n", code = "framing" },
}

tables.chunked = {
  { label = "one chunk", say = CHUNKED .. "5\r\nhello\r\n0\r\n\r\n",
    body = "hello" },
  { label = "several", say = CHUNKED .. "1\r\nh\r\n3\r\nell\r\n1\r\no\r\n" ..
    "0\r\n\r\n", body = "hello" },
  { label = "nothing", say = CHUNKED .. "0\r\n\r\n", body = "" },
  { label = "capitals", say = OK .. "Transfer-Encoding: Chunked\r\n\r\n" ..
    "A\r\n0123456789\r\n0\r\n\r\n", body = "0123456789" },
  { label = "CRLF and a zero in the data", say = CHUNKED ..
    "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", body = "\r\n0\r\n\r\n" },
  { label = "extensions", say = CHUNKED ..
    '5;a;b=c;d="e;f"\r\nhello\r\n0;last\r\n\r\n', body = "hello" },
  { label = "trailers", say = CHUNKED .. "5\r\nhello\r\n0\r\n" ..
    "x-sum: 1\r\nx-more: 2\r\n\r\n", body = "hello",
    headers = { { "transfer-encoding", "chunked" } } },
  -- RFC 9110 section 6.5.1: too late to change anything.
  { label = "framing in trailers", say = CHUNKED .. "5\r\nhello\r\n0\r\n" ..
    "content-length: 1\r\n\r\n", body = "hello",
    headers = { { "transfer-encoding", "chunked" } } },
  { label = "bad trailer", say = CHUNKED .. "0\r\na : x\r\n\r\n",
    code = "header" },
  { label = "bare LF in a trailer", say = CHUNKED .. "0\r\na: x\n\r\n",
    code = "header" },
  { label = "no hexadecimal", say = CHUNKED .. "xyz\r\nhello\r\n",
    code = "framing" },
  { label = "digits, then a letter", say = CHUNKED .. "5x\r\nhello\r\n",
    code = "framing" },
  { label = "empty size", say = CHUNKED .. "\r\nhello\r\n", code = "framing" },
  { label = "negative size", say = CHUNKED .. "-5\r\nhello\r\n",
    code = "framing" },
  { label = "0x", say = CHUNKED .. "0x5\r\nhello\r\n0\r\n\r\n",
    code = "framing" },
  { label = "space before the size", say = CHUNKED .. " 5\r\nhello\r\n",
    code = "framing" },
  { label = "2^63", say = CHUNKED .. "8000000000000000\r\nhello\r\n",
    code = "framing" },
  { label = "2^64 + 5", say = CHUNKED .. "10000000000000005\r\nhello\r\n",
    code = "framing" },
  { label = "bare LF after the size", say = CHUNKED .. "5\nhello\r\n",
    code = "framing" },
  { label = "more data than announced", say = CHUNKED .. "4\r\nhello\r\n",
    code = "framing" },
  { label = "LF alone after the data", say = CHUNKED .. "5\r\nhello\n",
    code = "framing" },
  { label = "NUL in an extension", say = CHUNKED .. "5;\0\r\nhello\r\n",
    code = "framing" },
  { label = "endless extension", steps = { "send", CHUNKED .. "5;",
    "repeat", 5000, "x", "stall" }, code = "too-large" },
  { label = "gzip, chunked", say = OK .. "transfer-encoding: gzip, chunked" ..
    "\r\n\r\n5\r\nhello\r\n0\r\n\r\n", code = "framing" },
  { label = "chunked, chunked", say = OK .. "transfer-encoding: chunked, " ..
    "chunked\r\n\r\n0\r\n\r\n", code = "framing" },
  { label = "chunked twice", say = OK .. "transfer-encoding: chunked\r\n" ..
    "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", code = "framing" },
  { label = "identity", say = OK .. "transfer-encoding: identity\r\n\r\nhello",
    ends = "notify", code = "framing" },
  { label = "HTTP/1.0", say = "HTTP/1.0 200 OK\r\n" ..
    "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", code = "framing" },
}

tables["no body"] = {
  { label = "HEAD", method = "HEAD", say = OK .. "content-length: 5\r\n\r\n",
    body = "" },
  { label = "HEAD, chunked", method = "HEAD", say = CHUNKED, body = "" },
  { label = "HEAD without framing", method = "HEAD", say = OK .. "\r\n",
    body = "" },
  { label = "HEAD of more than max_body", method = "HEAD", max_body = 10,
    say = OK .. "content-length: 5000\r\n\r\n", body = "" },
  { label = "HEAD with lengths in conflict", method = "HEAD",
    say = OK .. "content-length: 5, 6\r\n\r\n", code = "framing" },
  { label = "204", say = "HTTP/1.1 204 No Content\r\n\r\n", status = 204,
    body = "" },
  { label = "204 with a length", status = 204, body = "",
    say = "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n" },
  { label = "204, chunked", status = 204, body = "",
    say = "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n" },
  { label = "304 with a length", status = 304, body = "",
    say = "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n" },
}

tables.interim = {
  { label = "100", say = "HTTP/1.1 100 Continue\r\n\r\n" .. OK .. EMPTY,
    status = 200 },
  { label = "103 with headers of its own", say =
    "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\ncontent-length: 7\r\n\r\n" ..
    OK .. EMPTY, status = 200, headers = { { "content-length", "0" } } },
  { label = "several", say = ("HTTP/1.1 102 Processing\r\n\r\n"):rep(32) ..
    OK .. EMPTY, status = 200 },
  { label = "too many", say = ("HTTP/1.1 102 Processing\r\n\r\n"):rep(33),
    code = "too-large" },
  { label = "bad framing in one", say =
    "HTTP/1.1 103 Early Hints\r\ncontent-length: x\r\n\r\n", code = "framing" },
  { label = "and then the end", say = "HTTP/1.1 100 Continue\r\n\r\n",
    ends = "notify", code = "truncated" },
}

tables["until close"] = {
  { label = "body", say = OK .. "\r\nhello", ends = "notify",
    body = "hello" },
  { label = "nothing", say = OK .. "\r\n", ends = "notify", body = "" },
  { label = "HTTP/1.0", say = "HTTP/1.0 200 OK\r\n\r\nhello",
    ends = "notify", body = "hello", http = "1.0" },
  { label = "though told to keep alive", say = OK ..
    "connection: keep-alive\r\n\r\nhello", ends = "notify", body = "hello" },
  { label = "without close_notify", say = OK .. "\r\nhello", ends = "fin",
    body = "hello", tls = { "tls", "truncated" } },
  { label = "without close_notify, nothing", say = OK .. "\r\n",
    ends = "fin", body = "", tls = { "tls", "truncated" } },
  { label = "reset", say = OK .. "\r\nhello", ends = "rst",
    kind = "connect", code = "reset" },
}

tables.truncated = {
  { label = "no answer", say = "", ends = "notify", code = "closed" },
  { label = "no answer, no close_notify", say = "", ends = "fin",
    code = "closed" },
  { label = "no answer, reset", say = "", ends = "rst", kind = "connect",
    code = "reset" },
  { label = "in the status line", say = "HTTP/1.1 20", ends = "notify",
    code = "truncated" },
  { label = "in the status line, no close_notify", say = "HTTP/1.1 20",
    ends = "fin", code = "truncated" },
  { label = "in the head", say = OK .. "content-le", ends = "notify",
    code = "truncated" },
  { label = "before the empty line", say = OK .. "content-length: 0\r\n",
    ends = "notify", code = "truncated" },
  { label = "before the body", say = OK .. "content-length: 5\r\n\r\n",
    ends = "notify", code = "truncated" },
  { label = "in the body", say = OK .. "content-length: 5\r\n\r\nhell",
    ends = "notify", code = "truncated", says = "4 of 5" },
  { label = "in the body, no close_notify", ends = "fin",
    say = OK .. "content-length: 5\r\n\r\nhell", code = "truncated" },
  { label = "in the body, reset", ends = "rst",
    say = OK .. "content-length: 5\r\n\r\nhell", kind = "connect",
    code = "reset" },
  { label = "in a chunk's size", say = CHUNKED .. "5", ends = "notify",
    code = "truncated" },
  { label = "in a chunk", say = CHUNKED .. "5\r\nhell", ends = "notify",
    code = "truncated" },
  { label = "in a chunk, no close_notify", say = CHUNKED .. "5\r\nhell",
    ends = "fin", code = "truncated" },
  { label = "after a chunk", say = CHUNKED .. "5\r\nhello\r\n",
    ends = "notify", code = "truncated" },
  { label = "after the last chunk", say = CHUNKED .. "5\r\nhello\r\n0\r\n",
    ends = "notify", code = "truncated" },
  { label = "in a trailer", say = CHUNKED .. "0\r\na: x", ends = "notify",
    code = "truncated" },
}

tables["too large"] = {
  { label = "header, default limit", steps = { "send", OK .. "a: ",
    "repeat", 300000, "x", "stall" }, code = "too-large",
    says = "max_header" },
  { label = "header, own limit", max_header = 100, code = "too-large",
    say = OK .. "a: " .. ("x"):rep(100) .. "\r\n\r\n", says = "100 bytes" },
  { label = "many headers", max_header = 1000, steps = { "send", OK,
    "repeat", 1000, "a: x\r\n", "stall" }, code = "too-large" },
  { label = "endless status line", max_header = 100, code = "too-large",
    say = "HTTP/1.1 200 " .. ("x"):rep(200) },
  { label = "header just fits", max_header = #OK + #EMPTY, say = OK .. EMPTY,
    status = 200 },
  { label = "header by a byte", max_header = #OK + #EMPTY - 1,
    say = OK .. EMPTY, code = "too-large" },
  { label = "trailers", max_header = 100, code = "too-large",
    say = CHUNKED .. "0\r\na: " .. ("x"):rep(100) .. "\r\n\r\n" },
  { label = "announced length", max_body = 4, code = "too-large",
    say = OK .. "content-length: 5\r\n\r\n", says = "max_body" },
  { label = "announced length, default limit", code = "too-large",
    say = OK .. "content-length: 1073741825\r\n\r\n" },
  { label = "length just fits", max_body = 5, body = "hello",
    say = OK .. "content-length: 5\r\n\r\nhello" },
  { label = "chunks", max_body = 9, code = "too-large",
    say = CHUNKED .. "5\r\nhello\r\n5\r\nhello\r\n" },
  { label = "chunks just fit", max_body = 10, body = "hellohello",
    say = CHUNKED .. "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n" },
  { label = "one endless chunk", max_body = 100000, code = "too-large",
    steps = { "send", CHUNKED .. "7fffffffffffffff\r\n",
    "repeat", 200000, "x", "stall" } },
  { label = "until close", max_body = 100000, code = "too-large",
    steps = { "send", OK .. "\r\n", "repeat", 200000, "x", "stall" } },
  { label = "until close just fits", max_body = 5, body = "hello",
    say = OK .. "\r\nhello", ends = "notify" },
  { label = "nothing allowed, nothing sent", max_body = 0, body = "",
    say = OK .. EMPTY },
  { label = "nothing allowed", max_body = 0, code = "too-large",
    say = OK .. "content-length: 1\r\n\r\nx" },
}

---------------------------------------------------------------------------

local function lines_of (headers)
  local lines = {}
  for name, value in pairs(headers) do lines[#lines + 1] = { name, value } end
  return lines
end

local function check_answer (row, r)
  t.eq(r.status, row.status or 200, "status")
  t.eq(r.http, row.http or "1.1", "http")
  if row.reason then t.eq(r.reason, row.reason, "reason") end
  if row.body then t.eq(r.body, row.body, "body") end
  if row.bytes then t.eq(#r.body, row.bytes, "bytes of the body") end
  if row.headers then t.eq(lines_of(r.headers), row.headers, "headers") end
end

local function check_error (err, host, port)
  t.eq(err.sent, true, "sent")
  t.eq(err.phase, "receive", "phase")
  t.eq(err.host, host, "host")
  t.eq(err.port, math.tointeger(port), "port")
end

local function request (row, p, host)
  return https.request(row.method or "GET", p:url("/", host), p:options({
    max_body = row.max_body, max_header = row.max_header,
    servername = p.scheme == "https" and p.host or nil,
  }, host))
end

-- One row on connection k, of a host of its own: none is ever used again.
local function play (row, p, k, name)
  local host = name .. "." .. p.host
  local different = p.scheme == "https" and row.tls
  if not row.code and not different then
    check_answer(row, request(row, p, host))
    p:expect("^request " .. k .. " " .. (row.method or "GET") .. " / ")
    return
  end
  local kind = different and different[1] or row.kind or "protocol"
  local err = t.raises(function () request(row, p, host) end, kind,
    different and different[2] or row.code)
  check_error(err, host, p.port)
  -- What comes byte by byte may be refused before it can be quoted.
  if row.says and not different and name == "whole" then
    t.match(err.message, row.says, "message")
  end
  p:expect("^request " .. k .. " ")
  p:expect("^received " .. k .. " [1-9]")  -- it was closed
end

local function steps_of (row, how)
  local steps = { "head" }
  if row.steps then
    table.move(row.steps, 1, #row.steps, 2, steps)
  else
    table.move({ how, row.say, row.ends or "stall" }, 1, 3, 2, steps)
  end
  return steps
end

local function run (name, row, cert)
  local label = ("%s, %s: %s"):format(name, cert and "TLS" or "plain",
    row.label)
  t.test(label, function ()
    local p <close> = peer.rawd{ cert = cert, limit = 10,
      steps_of(row, "send"), steps_of(row, "bytes") }
    play(row, p, 0, "whole")
    play(row, p, 1, "bytes")
  end)
end

local names = {}
for name in pairs(tables) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  for _, row in ipairs(tables[name]) do
    run(name, row, nil)
    if row.tls ~= false then run(name, row, "good") end
  end
end

t.finish()
