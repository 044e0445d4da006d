-- The options of a request: what is refused is refused before anything is
-- looked up or sent, by an error that says where the call was; what is taken
-- arrives at the server as it should.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

-- Nothing listens for a refused call, and its host does not exist: an error of
-- another kind than usage would mean that the network was asked.
local NOWHERE = "https://nowhere.invalid/"

local function here ()
  return "^tests/lua/options_test%.lua:" ..
    debug.getinfo(2, "l").currentline .. "$"
end

-- Raises unless fn's error is of this kind and says where in this file.
local function refused (fn, code, says)
  local err = t.raises(fn, "usage", code)
  t.eq(err.sent, false, "sent")
  t.eq(err.phase, nil, "phase")
  t.match(err.where, "^tests/lua/options_test%.lua:%d+$", "where")
  t.eq(tostring(err):sub(1, #err.where + 2), err.where .. ": ", "tostring")
  t.eq(tostring(err):find("\n"), nil, "line end in tostring")
  if says then t.match(err.message, says, "message") end
  t.ok(https.is(err, "usage", code), "https.is")
  return err
end

---------------------------------------------------------------------------
-- Each option with what it cannot be.

local function f () end

-- option, value, code, part of the message
local wrong = {
  { "allow_http", "yes", "type", "'allow_http'.*boolean.*string" },
  { "allow_http", 1, "type" },
  { "body", 5, "type", "'body'.*string.*number" },
  { "body", true, "type" },
  { "body", {}, "type" },
  { "ca", 5, "type", "'ca'" },
  { "ca", true, "type" },
  { "ca", f, "type" },
  { "ca", "", "value", "'ca'" },
  { "ca", {}, "value", "'ca'" },
  { "ca", { 5 }, "type", "'ca'" },
  { "ca", { file = "x" }, "type", "'ca'" },
  { "headers", "a: b", "type", "'headers'.*table.*string" },
  { "headers", 5, "type" },
  { "headers", { "a: b" }, "type", "name.*number" },
  { "headers", { [true] = "x" }, "type", "name.*boolean" },
  { "headers", { ["x-a"] = true }, "type", "'x%-a'.*boolean" },
  { "headers", { ["x-a"] = f }, "type", "'x%-a'.*function" },
  { "headers", { ["x-a"] = { true } }, "type", "'x%-a'.*boolean" },
  { "headers", { ["x-a"] = { {} } }, "type", "'x%-a'.*table" },
  { "headers", { [""] = "x" }, "value", "name" },
  { "headers", { ["a b"] = "x" }, "value", "'a b'" },
  { "headers", { ["a:"] = "x" }, "value", "'a:'" },
  { "headers", { ["\233"] = "x" }, "value" },
  { "headers", { ["a\rb"] = "x" }, "value" },
  { "headers", { ["a\nb"] = "x" }, "value" },
  { "headers", { ["a\0b"] = "x" }, "value" },
  { "headers", { ["x-a\r\nx-b"] = "x" }, "value" },
  { "headers", { ["x-a"] = "secret\rx" }, "value", "'x%-a'" },
  { "headers", { ["x-a"] = "secret\nx" }, "value", "'x%-a'" },
  { "headers", { ["x-a"] = "secret\0x" }, "value", "'x%-a'" },
  { "headers", { ["x-a"] = "secret\r\nx-b: y" }, "value", "'x%-a'" },
  { "headers", { ["x-a"] = { "b", "secret\r\n" } }, "value", "'x%-a'" },
  { "headers", { ["x-a"] = "secret\127" }, "value", "'x%-a'" },
  { "headers", { ["content-length"] = 5 }, "value", "content%-length" },
  { "headers", { ["content-length"] = "0x0" }, "value" },
  { "headers", { ["content-length"] = { 0, 0 } }, "value" },
  { "headers", { ["Content-Length"] = "-1" }, "value" },
  { "headers", { ["transfer-encoding"] = "chunked" }, "value" },
  { "headers", { ["Transfer-Encoding"] = "identity" }, "value" },
  { "max_body", "1", "type", "'max_body'.*integer.*string" },
  { "max_body", 1.5, "type" },
  { "max_body", true, "type" },
  { "max_body", -1, "value", "'max_body'" },
  { "max_header", "1", "type", "'max_header'.*integer.*string" },
  { "max_header", 0.5, "type" },
  { "max_header", -1, "value", "'max_header'" },
  { "resolve", "127.0.0.1", "type", "'resolve'.*table.*string" },
  { "resolve", { "127.0.0.1" }, "value", "host:port" },
  { "resolve", { ["a.test"] = "127.0.0.1" }, "value", "'a%.test'" },
  { "resolve", { ["a.test:"] = "127.0.0.1" }, "value" },
  { "resolve", { ["a.test:x"] = "127.0.0.1" }, "value" },
  { "resolve", { ["a.test:1"] = "localhost" }, "value", "IP address" },
  { "resolve", { ["a.test:1"] = "" }, "value" },
  { "resolve", { ["a.test:1"] = 5 }, "value" },
  { "resolve", { ["a.test:1"] = "127.0.0.1:0" }, "value" },
  { "resolve", { ["a.test:1"] = "127.0.0.1:65536" }, "value" },
  { "resolve", { ["a.test:1"] = "127.0.0.1:x" }, "value" },
  { "headers", { ["x-a"] = { b = "c" } }, "type", "'x%-a'" },
  { "headers", { ["x-a"] = { "b", nil, "c" } }, "type", "'x%-a'" },
  { "redirects", { keep = { a = "b" } }, "type", "'redirects%.keep'" },
  { "retries", { max = 1, statuses = { [2] = 500 } }, "type",
    "'retries%.statuses'" },
  { "retries", { statuses = { 500 } }, "value", "'retries'.*'max'" },
  { "resolve", { ["a.test:1"] = "127.1" }, "value" },
  { "resolve", { ["a.test:1"] = "[::1" }, "value" },
  { "resolve", { ["a.test:1"] = "[::1]x" }, "value" },
  { "resolve", { ["a.test:1"] = "[::1]:99999" }, "value" },
  { "servername", 5, "type", "'servername'.*string.*number" },
  { "servername", false, "type" },
  { "servername", "", "value", "'servername'" },
  { "servername", "a b", "value", "'a b'" },
  { "servername", "a/b", "value" },
  { "servername", "joe@a.test", "value" },
  { "servername", "a.test:444", "value" },
  { "servername", "a.test:443", "value" },
  { "servername", "a.test#b", "value" },
  { "servername", "a.test?b", "value" },
  { "servername", "a..test", "value" },
  { "servername", "a\0.test", "value" },
  { "timeout", "5", "type", "'timeout'.*string" },
  { "timeout", true, "type" },
  { "timeout", 0, "value", "'timeout'" },
  { "timeout", -1, "value" },
  { "timeout", 0 / 0, "value" },
  { "timeout", math.huge, "value" },
  { "timeout", { read = "5" }, "type", "'timeout%.read'" },
  { "timeout", { read = 0 }, "value", "'timeout%.read'" },
  { "timeout", { connect = -1 }, "value" },
  { "timeout", { resolve = math.huge }, "value" },
  { "timeout", { total = {} }, "type" },
  { "timeout", { conect = 5 }, "option", "'conect'.*'connect'" },
  { "timeout", { 5 }, "option",
    "'1'.*it has connect, pool, read, resolve, total" },
  { "verify", 0, "type", "'verify'" },
  { "verify", f, "type" },
  { "verify", "", "value" },
  { "verify", { chains = false }, "option", "'chains'" },
  { "verify", { chain = 0 }, "type" },
  -- A name that is none, and perhaps what was meant.
  { "verfy", false, "option", "unknown option 'verfy'.*mean 'verify'" },
  { "Verify", false, "option", "'Verify'.*mean 'verify'" },
  { "verify_peer", false, "option", "'verify_peer'" },
  { "insecure", true, "option", "unknown option 'insecure'" },
  { "header", {}, "option", "mean 'headers'" },
  { "timeuot", 5, "option", "mean 'timeout'" },
  { "time_out", 5, "option", "mean 'timeout'" },
  { "maxbody", 5, "option", "mean 'max_body'" },
  { "max_heder", 5, "option", "mean 'max_header'" },
  { "allow-http", true, "option", "mean 'allow_http'" },
  { "server_name", "x", "option", "mean 'servername'" },
  { "xyzzy", 1, "option", "^unknown option 'xyzzy'$" },
  { 1, "verify", "option", "'1'" },
  { true, 1, "option", "'true'" },
  { "a\nb", 1, "option" },
}

for i, row in ipairs(wrong) do
  local option, value, code, says = table.unpack(row, 1, 4)
  t.test(("%q, row %d"):format(tostring(option), i), function ()
    local err = refused(function ()
      https.get(NOWHERE, { [option] = value })
    end, code, says)
    t.eq(tostring(err):find("secret"), nil, "a header's value")
  end)
end

local not_options = { { "a string", "x" }, { "a number", 5 },
  { "a function", f }, { "true", true }, { "false", false } }

for _, row in ipairs(not_options) do
  t.test("options that are " .. row[1], function ()
    refused(function () https.get(NOWHERE, row[2]) end, "type", "table")
  end)
end

---------------------------------------------------------------------------
-- URLs and methods.

local urls = {
  { nil, "type", "nil" },
  { 5, "type", "number" },
  { {}, "type", "table" },
  { "", "url" },
  { "/path", "url" },
  { "nowhere.invalid", "url" },
  { "//nowhere.invalid/", "url" },
  { "https:", "url" },
  { "https://", "url" },
  { "https:///path", "url" },
  { "https:nowhere.invalid", "url" },
  { "ftp://nowhere.invalid/", "url", "ftp" },
  { "file:///etc/passwd", "url", "file" },
  { " https://nowhere.invalid/", "url" },
  { "https://nowhere.invalid/\r\nx: y", "url", "control" },
  { "https://nowhere.invalid/\n", "url" },
  { "https://nowhere.invalid/\t", "url" },
  { "https://nowhere.invalid/a\0b", "url", "control" },
  { "https://nowhere\0.invalid/", "url" },
  { "https://nowhere invalid/", "url" },
  { "https://nowhere%00.invalid/", "url" },
  { "https://nowhere%2f.invalid/", "url" },
  { "https://nowhere.invalid\\@x/", "url" },
  { "https://nowhere.invalid:0/", "url", "port" },
  { "https://nowhere.invalid:65536/", "url", "port" },
  { "https://nowhere.invalid:x/", "url", "port" },
  { "https://nowhere.invalid:-1/", "url" },
  { "https://[::1/", "url" },
  { "https://[::1]x/", "url" },
  { "https://[nowhere]/", "url" },
  { "https://127.1/", "url" },
  { "https://0x7f000001/", "url" },
  { "https://256.0.0.1/", "url" },
  { "https://.invalid/", "url" },
  { "https://nowhere..invalid/", "url" },
  { "https://" .. ("x"):rep(64) .. ".invalid/", "url" },
  { "https://nowhere.invalid/" .. ("x"):rep(65536), "url" },
  -- Plain http is for those who ask for it.
  { "http://nowhere.invalid/", "url", "allow_http" },
  { "HTTP://nowhere.invalid/", "url", "allow_http" },
}

for i = 1, #urls do
  local url, code, says = table.unpack(urls[i], 1, 3)
  t.test(("url, row %d"):format(i), function ()
    local err = refused(function () https.get(url) end, code, says)
    t.ok(#err.message < 300, "length of the message")
  end)
end

-- RFC 9110 section 4.2.4.  No part of it may be told, least of all in logs.
local userinfo = {
  "https://joe:s3cret@nowhere.invalid/",
  "https://joe@nowhere.invalid/",
  "https://:s3cret@nowhere.invalid/",
  "https://joe:s3c%72et@nowhere.invalid/",
  "http://joe:s3cret@nowhere.invalid/",
  "https://joe:s3cret@nowhere.invalid:99999/",
  "https://joe:s3cret@/",
  "https://joe:s3cret@no where/",
  "https://joe:s3cret\r\n@nowhere.invalid/",
  "https://joe:s3cret@nowhere.invalid/\n",
  "https://joe:s3/cret@nowhere.invalid/",
  "joe:s3cret@nowhere.invalid",
  "ftp://joe:s3cret@nowhere.invalid/",
}

for i, url in ipairs(userinfo) do
  t.test(("userinfo, row %d"):format(i), function ()
    local err = t.raises(function () https.get(url, { timeout = 1 }) end,
      { "usage", "resolve", "timeout" },
      { "url", "not-found", "temporary", "total" })
    t.eq(err.sent, false, "sent")
    for _, secret in ipairs{ "joe", "s3c", "cret" } do
      t.eq(tostring(err):find(secret), nil, secret .. " in tostring")
      t.eq(tostring(err.hint):find(secret), nil, secret .. " in hint")
      t.eq(tostring(err.url):find(secret), nil, secret .. " in url")
    end
  end)
end

local methods = {
  { nil, "type" }, { 5, "type" }, { {}, "type" }, { "", "value" },
  { "GE T", "value" }, { "GET ", "value" }, { "GET\r\n", "value" },
  { "GET /x HTTP/1.1\r\nhost: y\r\n\r\n", "value" }, { "G\0T", "value" },
  { "G\n", "value" }, { "G\233T", "value" }, { "G:T", "value" },
}

for _, row in ipairs(methods) do
  t.test(("method %q"):format(tostring(row[1])), function ()
    refused(function () https.request(row[1], NOWHERE) end, row[2], "method")
  end)
end

---------------------------------------------------------------------------
-- Where the call was.

t.test("position of a call", function ()
  local want
  local err = t.raises(function ()
    want = here() https.get(NOWHERE, { verfy = 1 })
  end)
  t.match(err.where, want)
end)

t.test("position through pcall", function ()
  local _, err = pcall(https.get, NOWHERE, { verfy = 1 }) local want = here()
  t.match(err.where, want)
  _, err = pcall(https.request, "GE T", NOWHERE) want = here()
  t.match(err.where, want)
  _, err = pcall(https.get, "ftp://x/") want = here()
  t.match(err.where, want)
end)

t.test("position in a coroutine", function ()
  local want
  local get = coroutine.wrap(function ()
    want = here() local _, err = pcall(https.get, NOWHERE, { verfy = 1 })
    coroutine.yield(err)
    want = here() https.get(NOWHERE, { body = 5 })
  end)
  t.match(get().where, want)
  t.match(t.raises(get).where, want)
end)

t.test("position of each verb", function ()
  for _, verb in ipairs{ "get", "head", "post", "put", "patch", "delete",
    "options" } do
    local _, err = pcall(https[verb], NOWHERE, { x = 1 }) local want = here()
    t.match(err.where, want, verb)
  end
end)

t.test("position in a chunk of another name", function ()
  local chunk = assert(load("\n\nreturn (https.get('x:'))", "=elsewhere"))
  t.eq(t.raises(chunk).where, "elsewhere:3", "where")
end)

t.test("other errors have no position, but a URL", function ()
  local p = peer.rawd{ "wait" }
  p:stop()
  local err = t.raises(function () https.get(p:url(), p:options()) end,
    "connect", "refused")
  t.eq(err.where, nil, "where")
  t.eq(tostring(err):find(p:url() .. ": ", 1, true), 1, "tostring")
end)

t.test("a long URL is not all of the line", function ()
  local p = peer.rawd{ "wait" }
  p:stop()
  local url = p:url("/" .. ("x"):rep(5000))
  local err = t.raises(function () https.get(url, p:options()) end, "connect")
  t.eq(err.url, url, "url")
  t.match(tostring(err), "^http://[^/]+/x+%.%.%.: .*refused%)$", "tostring")
  t.ok(#tostring(err) < 400, "length of tostring")
end)

---------------------------------------------------------------------------
-- What arrives.  httpsd's /echo answers with the request.

local server = peer.httpsd{ "good", "idn" }

local function echo (method, o, path)
  local r = https.request(method, server:url("/echo" .. (path or "")),
    server:options(o))
  local head, body = r.body:match "^(.-\r\n)\r\n(.*)$"
  local line, rest = head:match "^(.-)\r\n(.*)$"
  local lines = {}
  for name, value in rest:gmatch "(.-): (.-)\r\n" do
    lines[#lines + 1] = { name, value }
  end
  return line, lines, body
end

-- The values of the lines of that name, in order.
local function all (lines, name)
  local values = {}
  for _, line in ipairs(lines) do
    if line[1]:lower() == name then values[#values + 1] = line[2] end
  end
  return values
end

t.test("what is sent by itself", function ()
  local line, lines, body = echo("GET")
  t.eq(line, "GET /echo HTTP/1.1", "request line")
  t.eq(lines, { { "host", "good.test:" .. server.port },
    { "user-agent", "lurl/" .. https.version }, { "accept", "*/*" },
    { "accept-encoding", "gzip, deflate, br, zstd" } }, "lines")
  t.eq(body, "", "body")
end)

-- label, headers, name, the values that arrive
local headers = {
  { "a string", { ["X-A"] = "b" }, "x-a", { "b" } },
  { "an integer", { ["X-A"] = 5 }, "x-a", { "5" } },
  { "a float", { ["X-A"] = 1.5 }, "x-a", { "1.5" } },
  { "nothing", { ["X-A"] = "" }, "x-a", { "" } },
  { "a list", { ["X-A"] = { "b", "c", 5 } }, "x-a", { "b", "c", "5" } },
  { "an empty list", { ["X-A"] = {} }, "x-a", {} },
  { "false", { ["X-A"] = false }, "x-a", {} },
  { "false for a default", { accept = false }, "accept", {} },
  { "false for a default, capitals", { ["User-AGENT"] = false },
    "user-agent", {} },
  { "another default", { ["User-Agent"] = "me" }, "user-agent", { "me" } },
  { "a list for a default", { accept = { "a/b", "c/d" } }, "accept",
    { "a/b", "c/d" } },
  { "another host", { Host = "other.test" }, "host", { "other.test" } },
  { "bytes above ASCII", { ["X-A"] = "\233" }, "x-a", { "\233" } },
  { "a tab", { ["X-A"] = "b\tc" }, "x-a", { "b\tc" } },
  { "every token character", { ["!#$%&'*+-.^_`|~09azAZ"] = "b" },
    "!#$%&'*+-.^_`|~09azaz", { "b" } },
}

for _, row in ipairs(headers) do
  t.test("header: " .. row[1], function ()
    local _, lines = echo("GET", { headers = row[2] })
    t.eq(all(lines, row[3]), row[4], row[3])
  end)
end

t.test("headers are sent in the same order each time", function ()
  local own = {}
  for c in ("zyxabc"):gmatch "." do own["x-" .. c] = c end
  local _, first = echo("GET", { headers = own })
  local _, second = echo("GET", { headers = own })
  t.eq(first, second, "lines")
end)

t.test("the caller's tables stay as they were", function ()
  local o = server:options{ headers = { Accept = "a/b", ["x-a"] = false } }
  https.get(server:url(), o)
  t.eq(o.headers, { Accept = "a/b", ["x-a"] = false }, "headers")
  local names = {}
  for name in pairs(o) do names[#names + 1] = name end
  table.sort(names)
  t.eq(names, { "ca", "headers", "resolve", "timeout" }, "options")
end)

-- method, body, content-length: RFC 9110 section 8.6.
local bodies = {
  { "GET", nil, {} },
  { "DELETE", nil, {} },
  { "POST", nil, { "0" } },
  { "PUT", nil, { "0" } },
  { "PATCH", nil, { "0" } },
  { "POST", "", { "0" } },
  { "POST", "a=b", { "3" } },
  { "POST", "\0\r\n\255", { "4" } },
  { "GET", "a=b", { "3" } },
  { "POST", ("x"):rep(8192), { "8192" } },
  { "POST", ("x"):rep(8193), { "8193" } },
  { "POST", ("x"):rep(100000), { "100000" } },
}

for _, row in ipairs(bodies) do
  t.test(("body: %s of %s"):format(row[1], row[2] and #row[2]), function ()
    local line, lines, body = echo(row[1], { body = row[2] })
    t.eq(line, row[1] .. " /echo HTTP/1.1", "request line")
    t.eq(all(lines, "content-length"), row[3], "content-length")
    t.eq(#body, #(row[2] or ""), "bytes")
    t.ok(body == (row[2] or ""), "body")
  end)
end

t.test("content-length of the caller's own", function ()
  local _, lines = echo("POST", { body = "abc",
    headers = { ["Content-Length"] = 3 } })
  t.eq(all(lines, "content-length"), { "3" }, "content-length")
end)

-- What is called, and what arrives.
local verbs = {
  { "get", "GET" }, { "post", "POST" }, { "put", "PUT" },
  { "patch", "PATCH" }, { "delete", "DELETE" }, { "options", "OPTIONS" },
}

for _, row in ipairs(verbs) do
  t.test("https." .. row[1], function ()
    local r = https[row[1]](server:url "/echo", server:options())
    t.match(r.body, "^" .. row[2] .. " /echo ", "request line")
  end)
end

t.test("https.head", function ()
  local r = https.head(server:url "/bytes/100", server:options())
  t.eq(r.headers["content-length"], "100", "content-length")
  t.eq(r.body, "", "body")
end)

-- RFC 9110 section 9.1: methods are case-sensitive; ours may be lower case.
local tokens = { { "get", "GET" }, { "delete", "DELETE" },
  { "PROPFIND", "PROPFIND" }, { "propfind", "propfind" }, { "M-X", "M-X" } }

for _, row in ipairs(tokens) do
  t.test("method " .. row[1], function ()
    t.eq((echo(row[1])), row[2] .. " /echo HTTP/1.1", "request line")
  end)
end

-- The path and query as they arrive.
local targets = {
  { "?a=b", "/echo?a=b" },
  { "?a=b#c", "/echo?a=b" },
  { "#c", "/echo" },
  { "?", "/echo?" },
  { "?a b", "/echo?a%20b" },
  { "?\195\164", "/echo?%C3%A4" },
  { "?%41", "/echo?%41" },
  { "?a=http://x/", "/echo?a=http://x/" },
}

for _, row in ipairs(targets) do
  t.test("target " .. row[1], function ()
    t.eq((echo("GET", {}, row[1])), "GET " .. row[2] .. " HTTP/1.1")
  end)
end

---------------------------------------------------------------------------
-- Names and addresses.

-- label, host of the URL, key of resolve, further options
local idn = "xn--bcher-kva.test"
local at = ":" .. server.port
local reached = {
  { "name", "good.test", "good.test" },
  { "name in capitals", "GOOD.Test", "good.test" },
  { "key in capitals", "good.test", "GOOD.Test" },
  { "trailing dot", "good.test.", "good.test." },
  { "international name", "b\195\188cher.test", idn },
  { "international name in capitals", "B\195\156CHER.test", idn },
  { "international name, percent-encoded", "b%C3%BCcher.test", idn },
  { "punycode", idn, idn },
  { "international key", idn, "b\195\188cher.test" },
  { "servername", "other.test", "other.test", { servername = "good.test" } },
  { "servername in capitals", "other.test", "other.test",
    { servername = "GOOD.test" } },
  { "servername with a trailing dot", "other.test", "other.test",
    { servername = "good.test." } },
  { "international servername", "other.test", "other.test",
    { servername = "b\195\188cher.test" } },
}

for _, row in ipairs(reached) do
  t.test("host: " .. row[1], function ()
    local o = server:options(row[4] or {})
    o.resolve = { [row[3] .. at] = "127.0.0.1" }
    local r = https.get(("https://%s%s/"):format(row[2], at), o)
    t.eq(r.status, 200, "status")
  end)
end

-- What resolve may give for good.test: the port in the key is the URL's.
local addresses = { "127.0.0.1" .. at, "127.0.0.1", "[127.0.0.1]" .. at }

for _, address in ipairs(addresses) do
  t.test("resolve: " .. address, function ()
    local port = address:find(at, 1, true) and ":1" or at
    local r = https.get(("https://good.test%s/echo"):format(port),
      server:options{ resolve = { ["good.test" .. port] = address } })
    t.match(r.body, "\r\nhost: good%.test" .. port .. "\r\n", "host")
  end)
end

t.test("resolve: the default port", function ()
  local r = https.get("https://good.test/echo", server:options{
    resolve = { ["good.test:443"] = "127.0.0.1" .. at } })
  t.match(r.body, "\r\nhost: good%.test\r\n", "host")
end)

t.test("resolve: another port's entry does not count", function ()
  local err = t.raises(function ()
    https.get("https://nowhere.invalid" .. at .. "/", server:options{
      resolve = { ["nowhere.invalid:443"] = "127.0.0.1" }, timeout = 2 })
  end, { "resolve", "timeout" })
  t.eq(err.phase, "resolve", "phase")
end)

t.test("servername goes with the certificate, host with the URL", function ()
  local r = https.get("https://other.test" .. at .. "/echo", server:options{
    servername = idn, resolve = { ["other.test" .. at] = "127.0.0.1" } })
  t.match(r.body, "\r\nhost: other%.test" .. at .. "\r\n", "host")
  t.match(r.tls.subject, "idn", "subject")
end)

t.test("servername that the certificate has not", function ()
  local err = t.raises(function ()
    https.get(server:url(), server:options{ servername = "other.test" })
  end, "verify", "name-mismatch")
  t.eq(err.sent, false, "sent")
end)

t.test("IPv4 literal", function ()
  local p <close> = peer.httpsd{ "ip" }
  local r = https.get("https://127.0.0.1:" .. p.port .. "/echo",
    p:options{ resolve = {} })
  t.match(r.body, "\r\nhost: 127%.0%.0%.1:" .. p.port .. "\r\n", "host")
end)

-- A system without IPv6 refuses to listen; that is said.
local function has_ipv6 ()
  local p = t.spawn{ cmd = { "build/servers/rawd", "-6", "wait" } }
  local line = p:line()
  p:stop()
  return line and line:find "^ready" ~= nil
end

if has_ipv6() then
  t.test("IPv6 literal", function ()
    local p <close> = peer.httpsd{ "ip", v6 = true }
    local r = https.get("https://[::1]:" .. p.port .. "/echo",
      p:options{ resolve = {} })
    t.match(r.body, "\r\nhost: %[::1%]:" .. p.port .. "\r\n", "host")
    r = https.get("https://[0:0:0:0:0:0:0:1]:" .. p.port .. "/",
      p:options{ resolve = {} })
    t.eq(r.status, 200, "status")
  end)

  t.test("resolve: IPv6", function ()
    local p <close> = peer.httpsd{ "good", v6 = true }
    local own = ":" .. p.port
    for _, address in ipairs{ "::1", "[::1]", "[::1]" .. own } do
      local r = https.get(p:url(), p:options{
        resolve = { ["good.test" .. own] = address } })
      t.eq(r.status, 200, address)
    end
  end)

  t.test("resolve: key of an IPv6 literal", function ()
    local p <close> = peer.httpsd{ "ip" }
    local key = "[::1]:" .. p.port
    local r = https.get("https://" .. key .. "/",
      p:options{ resolve = { [key] = "127.0.0.1" } })
    t.eq(r.status, 200, "status")
  end)
else
  print "skipped: IPv6, which this system does not have"
end

---------------------------------------------------------------------------
-- The options of a call that follows one with others, which were kept.

-- label, options of the first call, of the second, what is wrong with those
local followers = {
  { "no table", { max_body = 9 }, "max_body", "type" },
  { "one more, unknown", { max_body = 9 }, { max_body = 9, xyzzy = 1 },
    "option" },
  { "another value", { max_body = 9 }, { max_body = -1 }, "value" },
  { "none", { max_body = 1 }, {} },
  { "one less", { max_body = 1, stream = false }, { stream = false } },
}

for _, row in ipairs(followers) do
  t.test("after other options: " .. row[1], function ()
    local s <close> = https.session()
    local seen
    s.transport = function (request)
      seen = request.options.max_body
      return https.response{ body = "stub" }
    end
    s:get("https://good.test/", row[2])
    t.eq(seen, row[2].max_body, "the first")
    local function follow () s:get("https://good.test/", row[3]) end
    if row[4] then
      t.raises(follow, "usage", row[4])
    else
      follow()
      t.eq(seen, row[3].max_body, "the second")
    end
  end)
end

t.test("a list of authorities that has changed since", function ()
  local p <close> = peer.httpsd{ "ip" }
  local s <close> = https.session()
  local url, ca = "https://127.0.0.1:" .. p.port .. "/", { peer.pem "root" }
  t.eq(s:get(url, { ca = ca }).status, 200, "status")
  t.eq(s:get(url, { ca = ca }).status, 200, "status again")
  ca[1] = 5
  t.raises(function () s:get(url, { ca = ca }) end, "usage", "type")
end)

---------------------------------------------------------------------------
-- Nothing of what was refused reached a server that was there for it.

t.test("a refused call opens no connection", function ()
  local p <close> = peer.rawd{ "head", "send", peer.answer "hello" }
  local bad = { { body = 5 }, { headers = { a = "b\r\nc: d" } },
    { headers = { ["content-length"] = 7 } }, { timeout = 0 }, { xyzzy = 1 },
    { max_body = -1 } }
  for _, o in ipairs(bad) do
    t.raises(function () https.post(p:url(), p:options(o)) end, "usage")
  end
  t.raises(function () https.request("A B", p:url(), p:options()) end, "usage")
  t.eq(https.post(p:url(), p:options{ body = "x" }).body, "hello", "body")
  p:expect "^open 0"
  p:expect "^request 0 POST"
  t.eq(p:line(), "done 0", "next event")
end)

t.test("plain http with allow_http", function ()
  local p <close> = peer.rawd{ "head", "send", peer.answer "hello" }
  local r = https.get(p:url(), p:options())
  t.eq(r.body, "hello", "body")
  t.eq(r.tls, nil, "tls")
end)

t.finish()
