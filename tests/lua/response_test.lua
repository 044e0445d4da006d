-- A response as the script sees it: its fields, headers, raise, json, text.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

-- An answer's bytes come from rawd, so that they are what the row says.
local function fetch (bytes, o)
  local p <close> = peer.rawd{ "head", "send", bytes, cert = o and o.cert }
  local options = p:options()
  if o and o.ca then options.ca = o.ca end
  return https.request(o and o.method or "GET", p:url(o and o.path), options),
    p
end

local function answer (body, content_type)
  return fetch(peer.answer(body, content_type and "content-type: " ..
    content_type .. "\r\n"))
end

---------------------------------------------------------------------------
-- Fields.

t.test("fields", function ()
  local r, p = fetch(peer.answer("hello", "x-a: b\r\n", "201 Just Made"),
    { path = "/path?query#fragment" })
  t.eq(r.status, 201, "status")
  t.eq(math.type(r.status), "integer", "type of status")
  t.eq(r.reason, "Just Made", "reason")
  t.eq(r.ok, true, "ok")
  t.eq(r.url, p:url "/path?query", "url")
  t.eq(r.body, "hello", "body")
  t.eq(r.http, "1.1", "http")
  t.eq(r.history, {}, "history")
  t.eq(r.tls, nil, "tls")
  t.eq(r.nonsense, nil, "nonsense")
  t.match(tostring(r), "201 Just Made", "tostring")
end)

local oks = { { "200 OK", true }, { "204 No Content", true },
  { "304 Not Modified", true }, { "399 X", true }, { "400 X", false },
  { "404 Not Found", false }, { "500 X", false }, { "599 X", false },
  { "600 X", false }, { "999 Request denied", false } }

for _, row in ipairs(oks) do
  t.test("ok of " .. row[1], function ()
    t.eq(fetch(peer.answer("", nil, row[1])).ok, row[2], "ok")
  end)
end

t.test("elapsed and timings", function ()
  local r = fetch(peer.answer "hello", { cert = "good" })
  local sum = 0
  for _, part in ipairs{ "resolve", "connect", "tls", "send", "wait",
    "receive" } do
    t.eq(math.type(r.timings[part]), "float", part)
    t.ok(r.timings[part] >= 0, part .. " is not negative")
    sum = sum + r.timings[part]
  end
  t.eq(r.timings.reused, false, "reused")
  t.ok(r.timings.connect > 0, "connect")
  t.ok(r.timings.tls > 0, "tls")
  t.ok(r.timings.wait > 0, "wait")
  t.ok(sum <= r.elapsed + 1e-6, "the parts are not more than the whole")
  t.ok(sum > r.elapsed / 2, "nor much less")
end)

t.test("timings of a body that comes slowly", function ()
  local p <close> = peer.rawd{ "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "drip", 20, "hello" }
  local r = https.get(p:url(), p:options())
  t.ok(r.timings.receive >= 0.09, "receive")
  t.ok(r.elapsed >= r.timings.receive, "elapsed")
  t.ok(r.elapsed < 20, "elapsed")
end)

t.test("tls", function ()
  local r = fetch(peer.answer "hello", { cert = "good",
    ca = peer.pem "root" })
  local tls = r.tls
  t.eq(tls.version, "TLSv1.3", "version")
  t.match(tls.cipher, "^TLS_%w+", "cipher")
  t.eq(tls.verified, true, "verified")
  t.eq(tls.resumed, false, "resumed")
  t.match(tls.subject, "CN=good", "subject")
  t.match(tls.issuer, "CN=inter", "issuer")
  t.match(tls.hash, "^SHA256:%x+$", "hash")
  t.eq(math.type(tls.not_before), "integer", "not_before")
  t.ok(tls.not_before <= os.time(), "not_before")
  t.ok(tls.not_after > os.time(), "not_after")
  t.match(tls.trust, "^ca: .*root%.pem$", "trust")
  t.eq(tls.ocsp, nil, "ocsp")
end)

---------------------------------------------------------------------------
-- Headers.

local lines = "Content-Type: text/plain\r\nSet-Cookie: a=1, b\r\n" ..
  "X-Empty:\r\nset-cookie: c=2\r\nSET-COOKIE: d=3\r\nAll: x\r\n"

t.test("headers in any case", function ()
  local h = fetch(peer.answer("", lines)).headers
  for _, name in ipairs{ "content-type", "Content-Type", "CONTENT-TYPE" } do
    t.eq(h[name], "text/plain", name)
  end
  t.eq(h["x-empty"], "", "an empty one")
  t.eq(h["x-none"], nil, "one that is not there")
  t.eq(h[""], nil, "no name")
end)

t.test("several headers of a name", function ()
  local h = fetch(peer.answer("", lines)).headers
  t.eq(h["set-cookie"], "a=1, b, c=2, d=3", "joined")
  t.eq(h:all "set-cookie", { "a=1, b", "c=2", "d=3" }, "all")
  t.eq(h:all "Content-TYPE", { "text/plain" }, "all of one")
  t.eq(h:all "x-none", {}, "all of none")
  -- A server cannot take the method away.
  t.eq(h:all "all", { "x" }, "all of all")
end)

t.test("pairs is every line in order", function ()
  local h, got = fetch(peer.answer("", lines)).headers, {}
  for name, value in pairs(h) do got[#got + 1] = name .. ": " .. value end
  t.eq(got, { "content-length: 0", "Content-Type: text/plain",
    "Set-Cookie: a=1, b", "X-Empty: ", "set-cookie: c=2", "SET-COOKIE: d=3",
    "All: x" }, "lines")
  t.eq(#h, 7, "#")
end)

t.test("headers outlive their response", function ()
  local h = fetch(peer.answer("", lines)).headers
  collectgarbage()
  t.eq(h["content-type"], "text/plain", "content-type")
end)

t.test("a thousand headers", function ()
  local many = {}
  for i = 1, 1000 do many[i] = ("x-%d: %d\r\n"):format(i, i) end
  local h = fetch(peer.answer("", table.concat(many))).headers
  t.eq(#h, 1001, "#")
  t.eq(h["x-1"], "1", "first")
  t.eq(h["X-1000"], "1000", "last")
end)

---------------------------------------------------------------------------
-- raise.

-- status line, and the code of the error; false: the response comes back
local raises = {
  { "200 OK", false },
  { "304 Not Modified", false },
  { "399 X", false },
  { "400 Bad Request", "400", "400 Bad Request" },
  { "401 Unauthorized", "401", "401 Unauthorized" },
  { "404 Not Found", "404", "404 Not Found" },
  { "404 ", "404", "404" },
  { "404", "404", "404" },
  { "503 Service Unavailable", "503" },
  { "599 X", "599" }, { "999 Request denied", "999" },
}

for _, row in ipairs(raises) do
  t.test(("raise of %q"):format(row[1]), function ()
    local r, p = fetch(peer.answer("why", nil, row[1]))
    if not row[2] then
      t.ok(r:raise() == r, "the response itself")
      return
    end
    local err = t.raises(function () r:raise() end, "status", row[2])
    t.eq(err.response, r, "response")
    t.eq(err.response.body, "why", "body")
    t.eq(err.sent, true, "sent")
    t.eq(err.url, p:url(), "url")
    t.eq(err.host, p.host, "host")
    t.eq(err.port, math.tointeger(p.port), "port")
    if row[3] then t.match(tostring(err), row[3], "tostring") end
  end)
end

---------------------------------------------------------------------------
-- json.

-- body, value, its math.type
local values = {
  { "1", 1, "integer" },
  { "-0", 0, "integer" },
  { " \r\n\t1 ", 1, "integer" },
  { "9007199254740993", 9007199254740993, "integer" }, -- 2^53 + 1
  { "9223372036854775807", math.maxinteger, "integer" },
  { "-9223372036854775808", math.mininteger, "integer" },
  { "1.0", 1.0, "float" },
  { "1e2", 100.0, "float" },
  { "-0.1", -0.1, "float" },
  { "1.7976931348623157e308", 1.7976931348623157e308, "float" },
  { "true", true },
  { "false", false },
  { "null", https.json.null },
  { '""', "" },
  { '"a\\u0000b"', "a\0b" },
  { '"\\ud83d\\ude00 \\n\\/"', "\240\159\152\128 \n/" },
  { '"\195\164"', "\195\164" },
  { "[]", {} },
  { "{}", {} },
  { "[1,[2,[]],{}]", { 1, { 2, {} }, {} } },
  { "[null,1]", { https.json.null, 1 } },
  { '{"a":{"b":[true,null]},"":1}',
    { a = { b = { true, https.json.null } }, [""] = 1 } },
}

for i, row in ipairs(values) do
  t.test("json, row " .. i, function ()
    local value = answer(row[1], "application/json"):json()
    t.eq(value, row[2], "value")
    t.eq(math.type(value), row[3], "type")
  end)
end

t.test("json, null is one value and true", function ()
  local value = answer '{"a":null}':json()
  t.ok(value.a == https.json.null, "null")
  t.ok(value.a, "true")
  t.eq(value.b, nil, "what is not there")
end)

t.test("json, an object's keys stay strings", function ()
  local value = answer '{"1":"a"}':json()
  t.eq(value["1"], "a", "string")
  t.eq(value[1], nil, "integer")
end)

t.test("json, deep", function ()
  local depth, value = 0, answer(("["):rep(1000) .. ("]"):rep(1000)):json()
  while value do depth, value = depth + 1, value[1] end
  t.eq(depth, 1000, "depth")
end)

t.test("json, long", function ()
  local list = {}
  for i = 1, 20000 do list[i] = i end
  local value = answer("[" .. table.concat(list, ",") .. "]"):json()
  t.eq(#value, 20000, "#")
  t.eq(value[20000], 20000, "last")
end)

-- body, code, part of the message: where it is
local no_values = {
  { "", "syntax", "line 1, column 0" },
  { "  ", "syntax" },
  { "<html>", "syntax", "line 1, column 1" },
  { "{", "syntax" },
  { '{"a":1', "syntax" },
  { "[1,]", "syntax", "column 4" },
  { "[1,\n 2,\n  x]", "syntax", "line 3, column 3" },
  { "{'a':1}", "syntax" },
  { "{a:1}", "syntax" },
  { '{"a" 1}', "syntax" },
  { "01", "syntax" },
  { "+1", "syntax" },
  { "1.", "syntax" },
  { ".5", "syntax" },
  { "0x1", "syntax" },
  { "nan", "syntax" },
  { "Infinity", "syntax" },
  { "True", "syntax" },
  { "nul", "syntax" },
  { "1 2", "syntax", "column 3" },
  { "[1]x", "syntax" },
  { "[1]\0", "syntax" },
  { '"a', "syntax" },
  { '"a\nb"', "syntax" },
  { '"a\0b"', "syntax" },
  { '"\1"', "syntax" },
  { '"\\x"', "syntax" },
  { '"\\ud800"', "syntax" },
  { '"\\ude00\\ud83d"', "syntax" },
  { "[1] // one", "syntax" },
  { ("["):rep(100000), "syntax" },
  { ('{"a":'):rep(100000), "syntax" },
  { '"\255"', "utf-8" },
  { '"\233"', "utf-8" },
  { '"\192\128"', "utf-8" },        -- an overlong NUL
  { '"\237\160\128"', "utf-8" },    -- a surrogate
  { '"\244\144\128\128"', "utf-8" }, -- above U+10FFFF
  { '"\195"', "utf-8" },
  { '{"\255":1}', "utf-8" },
  { "9223372036854775808", "number" },
  { "-9223372036854775809", "number" },
  { "[1,123456789012345678901234567890]", "number" },
  { "1e400", "number" },
  { "-1e400", "number" },
}

for i, row in ipairs(no_values) do
  t.test("no json, row " .. i, function ()
    local r, p = answer(row[1], "application/json")
    local err = t.raises(function () r:json() end, "json", row[2])
    t.match(err.message, "line %d+, column %d+", "message")
    if row[3] then t.match(err.message, row[3], "message") end
    t.eq(tostring(err):find("%c"), nil, "control byte in tostring")
    t.eq(err.sent, true, "sent")
    t.eq(err.url, p:url(), "url")
    t.eq(err.host, p.host, "host")
    t.eq(err.response, r, "response")
  end)
end

t.test("no json, but a hint what came instead", function ()
  local r = fetch(peer.answer("<html>", "content-type: text/html\r\n",
    "502 Bad Gateway"))
  local err = t.raises(function () r:json() end, "json", "syntax")
  t.match(err.hint, "502", "hint")
  t.match(err.hint, "text/html", "hint")
end)

---------------------------------------------------------------------------
-- text.

-- content-type (false: none), body, text
local texts = {
  { false, "plain", "plain" },
  { false, "", "" },
  { false, "\195\164", "\195\164" },
  { false, "\228", "\195\164" },            -- no UTF-8: as browsers guess
  { false, "\129\228", "\194\129\195\164" },
  { "text/plain", "\228", "\195\164" },
  { "text/plain; charset=utf-8", "\195\164", "\195\164" },
  { "text/plain; charset=UTF-8", "\195\164", "\195\164" },
  { 'text/plain; charset="utf-8"', "\195\164", "\195\164" },
  { "text/plain;charset=utf8", "\195\164", "\195\164" },
  { "text/plain; charset=utf-8; x=y", "\195\164", "\195\164" },
  { "text/plain; x=y; charset=iso-8859-1", "\195\164",
    "\195\131\194\164" },
  { "text/plain; charset=iso-8859-1", "\228", "\195\164" },
  { "text/plain; CHARSET=ISO-8859-1", "\228", "\195\164" },
  { "text/plain; charset=latin1", "\228", "\195\164" },
  -- Everybody who says the former means the latter (WHATWG Encoding, 4.2).
  { "text/plain; charset=iso-8859-1", "\128", "\226\130\172" },
  { "text/plain; charset=us-ascii", "\128", "\226\130\172" },
  { "text/plain; charset=iso-8859-1", "\129", "\194\129" },
  { "text/plain; charset=windows-1252", "\128\228",
    "\226\130\172\195\164" },
  { "text/plain; charset=iso-8859-15", "\164", "\226\130\172" },
  { "text/plain; charset=koi8-r", "\208", "\208\191" },
  { "text/plain; charset=utf-16", "\255\254\228\0", "\195\164" },
  { "text/plain; charset=utf-16", "\254\255\0\228", "\195\164" },
  { "text/plain; charset=utf-16le", "\228\0", "\195\164" },
  { "text/plain; charset=utf-16be", "\0\228", "\195\164" },
  { "text/plain; charset=utf-16le", "\61\216\0\222",
    "\240\159\152\128" },
  { "text/plain; charset=shift_jis", "\130\160", "\227\129\130" },
  { "text/plain; charset=euc-jp", "\164\162", "\227\129\130" },
  { "text/plain; charset=iso-2022-jp", "\27$B$\"\27(B", "\227\129\130" },
  -- A parameter's text is not the next parameter.
  { 'text/plain; x=";charset=klingon"; charset=koi8-r', "\208", "\208\191" },
  { 'text/plain; x=";charset=klingon"', "plain", "plain" },
  { 'text/plain; x="\\"; charset=klingon"; charset=koi8-r', "\208",
    "\208\191" },
  { 'text/plain; charset="k\\oi8-r"', "\208", "\208\191" },
  { "text/plain; charset=koi8-r; charset=klingon", "\208", "\208\191" },
  { 'text/plain; charset="', "plain", "plain" },
  { "text/plain; charset=", "plain", "plain" },
  { "text/plain; xcharset=klingon", "plain", "plain" },
  { "charset=klingon", "plain", "plain" },
}

for i, row in ipairs(texts) do
  t.test("text, row " .. i, function ()
    t.eq(answer(row[2], row[1]):text(), row[3], "text")
  end)
end

t.test("text, long", function ()
  local body = ("\228"):rep(100001)
  local text = answer(body, "text/plain; charset=iso-8859-1"):text()
  t.eq(text, ("\195\164"):rep(100001), "text")
end)

-- content-type, body, code
local no_texts = {
  { "text/plain; charset=klingon", "plain", "charset" },
  { "text/plain; charset=utf-999", "plain", "charset" },
  { 'text/plain; charset="a b"', "plain", "charset" },
  { "text/plain; charset=" .. ("x"):rep(5000), "plain", "charset" },
  { "text/plain; charset=utf-8", "\255", "corrupt" },
  { "text/plain; charset=utf-8", "a\228b", "corrupt" },
  { "text/plain; charset=utf-8", "\195", "corrupt" },
  { "text/plain; charset=utf-8", "\237\160\128", "corrupt" },
  { "text/plain; charset=utf-8//IGNORE", "\255", { "corrupt", "charset" } },
  { "text/plain; charset=utf-16", "\255\254\228", "corrupt" },
  { "text/plain; charset=utf-16le", "\0\216\0\0", "corrupt" },
  { "text/plain; charset=shift_jis", "\130", "corrupt" },
  { "text/plain; charset=euc-jp", "\255", "corrupt" },
}

for i, row in ipairs(no_texts) do
  t.test("no text, row " .. i, function ()
    local r, p = answer(row[2], row[1])
    local err = t.raises(function () r:text() end, "decode", row[3])
    t.match(err.hint, "response%.body", "hint")
    t.eq(tostring(err):find("%c"), nil, "control byte in tostring")
    t.ok(#tostring(err) < 500, "length of tostring")
    t.eq(err.sent, true, "sent")
    t.eq(err.url, p:url(), "url")
    t.eq(err.host, p.host, "host")
    t.eq(err.response, r, "response")
    t.eq(r.body, row[2], "body")
  end)
end

t.finish()
