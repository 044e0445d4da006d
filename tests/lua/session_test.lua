-- Sessions: base, defaults and what a call says against them, how many
-- connections there may be, and the end.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local https = require "https"

local A = "good.test:443"
local URL = "https://good.test/x"
local FINAL = peer.answer "final"

-- A session whose requests go nowhere; the last one is in .seen.
local function stubbed (o)
  local s = https.session(o)
  s.transport = function (request)
    s.seen = request
    return https.response{ status = 200, url = request.url }
  end
  return s
end

---------------------------------------------------------------------------
-- base: a directory, joined by RFC 3986.

local V1 = "https://api.test/v1"

-- base, path of the call, URL
local joined = {
  { V1, "users", V1 .. "/users" },
  { V1 .. "/", "users", V1 .. "/users" },
  { V1, "users/5", V1 .. "/users/5" },
  { V1, "./users", V1 .. "/users" },
  { V1, "", V1 .. "/" },
  { V1 .. "/", "", V1 .. "/" },
  { V1, "/users", "https://api.test/users" },
  { V1 .. "/", "/", "https://api.test/" },
  { V1, "../v2/users", "https://api.test/v2/users" },
  { V1, "../../../users", "https://api.test/users" },
  { V1, "?a=b", V1 .. "/?a=b" },
  { V1, "users?a=b", V1 .. "/users?a=b" },
  { V1, "#part", V1 .. "/" },
  { V1, "users?u=https://x.test/", V1 .. "/users?u=https://x.test/" },
  { V1, "a b", V1 .. "/a%20b" },
  { V1, "\195\164", V1 .. "/%C3%A4" },
  { V1, "./a:b", V1 .. "/a:b" },
  { V1, "//other.test/x", "https://other.test/x" },
  { V1, "https://other.test/x", "https://other.test/x" },
  { V1, "HTTPS://other.test", "https://other.test/" },
  { V1 .. "/a/b", "../c", V1 .. "/a/c" },
  { "https://api.test", "users", "https://api.test/users" },
  { "https://api.test/", "users", "https://api.test/users" },
  { "https://api.test", "", "https://api.test/" },
  { "https://API.test:443/v1", "x", V1 .. "/x" },
  { "https://api.test:8443", "x", "https://api.test:8443/x" },
  { "https://[::1]/v1", "x", "https://[::1]/v1/x" },
  { "https://api.test/v%201", "x", "https://api.test/v%201/x" },
  { "https://api.test/v1//", "x", "https://api.test/v1//x" },
}

for _, row in ipairs(joined) do
  t.test(("base %s and %q"):format(row[1], row[2]), function ()
    local s <close> = stubbed{ base = row[1] }
    for _ = 1, 2 do
      t.eq(s:get(row[2]).url, row[3], "url")
    end
  end)
end

-- base, code
local bad_bases = {
  { "", "url" }, { "api.test", "url" }, { "/v1", "url" },
  { "ftp://api.test/", "url" }, { "https://", "url" },
  { "https://api.test/?a=b", "value" }, { "https://api.test/v1?", "value" },
  { "https://api.test/#part", "value" }, { "https://api.test/\n", "url" },
  { "https://joe:s3cret@api.test:99999/", "url" },
  { 5, "type" }, { true, "type" }, { {}, "type" },
}

for i, row in ipairs(bad_bases) do
  t.test("bad base, row " .. i, function ()
    local err = t.raises(function () https.session{ base = row[1] } end,
      "usage", row[2])
    t.match(err.where, "^tests/lua/session_test%.lua:%d+$", "where")
    t.eq(tostring(err):find "s3cret", nil, "password")
  end)
end

-- path of the call, code
local bad_paths = {
  { "ftp://x.test/", "url" }, { "a:b", "url" }, { "/x\r\ny: z", "url" },
  { "//", "url" }, { "https:", "url" }, { "http://api.test/", "url" },
  { 5, "type" }, { nil, "type" },
}

for i = 1, #bad_paths do
  t.test("bad path, row " .. i, function ()
    local s <close> = https.session{ base = V1 }
    local err = t.raises(function () s:get(bad_paths[i][1]) end, "usage",
      bad_paths[i][2])
    t.eq(err.sent, false, "sent")
  end)
end

t.test("base with http", function ()
  local s <close> = https.session{ base = "http://api.test/" }
  t.raises(function () s:get "x" end, "usage", "url")
end)

t.test("base with a password", function ()
  local s <close> = stubbed{ base = "https://joe:s3cret@api.test/v1" }
  t.eq(s:get("x").url, V1 .. "/x", "url")
  t.eq(s.seen.headers.authorization, "Basic am9lOnMzY3JldA==", "base")
  s:get "https://other.test/"
  t.eq(s.seen.headers.authorization, nil, "elsewhere")
  s:get "//api.test:8443/"
  t.eq(s.seen.headers.authorization, nil, "at another port")
end)

t.test("without a base a path is no URL", function ()
  local s <close> = https.session()
  t.raises(function () s:get "/x" end, "usage", "url")
end)

---------------------------------------------------------------------------
-- Defaults, and what a call says against them.

-- headers of the session, of the call, what is sent
local AGENT = "lurl/" .. https.version
local merged = {
  { {}, {}, { ["user-agent"] = AGENT, accept = "*/*" } },
  { { ["x-a"] = "1" }, {}, { ["x-a"] = "1" } },
  { { ["x-a"] = "1" }, { ["x-b"] = "2" }, { ["x-a"] = "1", ["x-b"] = "2" } },
  { { ["x-a"] = "1" }, { ["x-a"] = "2" }, { ["x-a"] = "2" } },
  { { ["X-A"] = "1" }, { ["x-a"] = "2" }, { ["x-a"] = "2" } },
  { { ["x-a"] = "1" }, { ["X-A"] = false }, { ["x-a"] = false } },
  { { ["x-a"] = { "1", "2" } }, {}, { ["x-a"] = "1, 2" } },
  { { ["x-a"] = { "1", "2" } }, { ["x-a"] = "3" }, { ["x-a"] = "3" } },
  { { ["x-a"] = "1" }, { ["x-a"] = { "2", "3" } }, { ["x-a"] = "2, 3" } },
  { { ["x-a"] = "1" }, { ["x-a"] = "" }, { ["x-a"] = "" } },
  { { ["user-agent"] = "me" }, {}, { ["user-agent"] = "me" } },
  { { ["user-agent"] = false }, {}, { ["user-agent"] = false } },
  { { ["user-agent"] = false }, { ["user-agent"] = "me" },
    { ["user-agent"] = "me" } },
  { { accept = "a/b" }, { accept = false }, { accept = false } },
  { { host = "alias.test" }, {}, { host = "alias.test" } },
  { {}, { ["Accept-Encoding"] = false }, { ["accept-encoding"] = false } },
  { { ["accept-encoding"] = false }, {}, { ["accept-encoding"] = false } },
  { { ["accept-encoding"] = false }, { ["accept-encoding"] = "br" },
    { ["accept-encoding"] = "br" } },
  { { ["accept-encoding"] = "br" }, { ["accept-encoding"] = false },
    { ["accept-encoding"] = false } },
}

for i, row in ipairs(merged) do
  t.test("headers, row " .. i, function ()
    local s <close> = stubbed{ headers = row[1] }
    for _ = 1, 2 do
      s:get(URL, { headers = row[2] })
      for name, want in pairs(row[3]) do
        t.eq(s.seen.headers[name], want or nil, name)
      end
    end
    s:get(URL)
    for name, value in pairs(row[1]) do
      if type(value) == "string" then
        t.eq(s.seen.headers[name], value, name .. " of the next call")
      end
    end
  end)
end

-- option, the session's value, the call's, the one that counts
local overridden = {
  { "timeout", 5, 6, 6 }, { "timeout", 5, nil, 5 },
  { "redirects", 5, false, false }, { "redirects", false, nil, false },
  { "retries", 2, 0, 0 }, { "retries", 2, nil, 2 },
  { "allow_http", true, false, false }, { "allow_http", true, nil, true },
  { "compress", false, true, true }, { "compress", false, nil, false },
  { "max_body", 5, 6, 6 }, { "max_body", 5, nil, 5 },
  { "max_header", 500, 600, 600 }, { "max_header", 500, nil, 500 },
  { "servername", "a.test", "b.test", "b.test" },
  { "servername", "a.test", nil, "a.test" },
  { "stream", true, false, false }, { "stream", true, nil, true },
  { "progress", print, false, false }, { "progress", print, nil, print },
  { "verify", false, true, true }, { "verify", false, nil, false },
}

for i, row in ipairs(overridden) do
  local option, of_session, of_call, want = table.unpack(row, 1, 4)
  t.test(("%s, row %d"):format(option, i), function ()
    local s <close> = stubbed{ [option] = of_session }
    s:get(URL, { [option] = of_call })
    t.eq(s.seen.options[option], want, "value")
    s:get(URL)
    t.eq(s.seen.options[option], of_session, "of the next call")
  end)
end

-- params of the session and of the call, query
local queries = {
  { { a = 1 }, nil, "?a=1" }, { "a=1", nil, "?a=1" },
  { { a = 1 }, { b = 2 }, "?a=1&b=2" }, { { b = 1 }, { a = 2 }, "?b=1&a=2" },
  { { a = 1 }, { a = 2 }, "?a=2" }, { { a = 1, b = 2 }, { a = 3 }, "?b=2&a=3" },
  { { a = { 1, 2 } }, { a = 3 }, "?a=3" }, { { a = 1 }, { a = {} }, "?a=1" },
  { { a = 1 }, {}, "?a=1" }, { { a = 1 }, "", "?a=1" }, { "", "", "" },
  { {}, { a = 1 }, "?a=1" }, { "?a=1", "?b=2", "?a=1&b=2" },
  { "a=1&b=x+y", { a = 2 }, "?b=x%20y&a=2" }, { "a%20b=1", "a+b=2", "?a+b=2" },
  { { { "b", 1 }, { "a", 2 } }, { { "d", 3 }, { "c", 4 } },
    "?b=1&a=2&d=3&c=4" },
  { { a = "&=" }, { b = "#" }, "?a=%26%3D&b=%23" },
}

for i, row in ipairs(queries) do
  t.test("params, row " .. i, function ()
    local s <close> = stubbed{ params = row[1] }
    t.eq(s:get(URL, { params = row[2] }).url, URL .. row[3], "url")
  end)
end

local BASIC = "Basic am9lOng="      -- joe:x

-- label, auth of the session, options of the call, URL, authorization
local auths = {
  { "session", { "joe", "x" }, {}, URL, BASIC },
  { "session, any host", { "joe", "x" }, {}, "https://other.test/", BASIC },
  { "call", nil, { auth = { "joe", "x" } }, URL, BASIC },
  { "call over session", { bearer = "t" }, { auth = { "joe", "x" } }, URL,
    BASIC },
  { "URL", nil, {}, "https://joe:x@good.test/", BASIC },
  { "URL over session", { bearer = "t" }, {}, "https://joe:x@good.test/",
    BASIC },
  { "call over URL", nil, { auth = { bearer = "t" } },
    "https://joe:x@good.test/", "Bearer t" },
  { "header over session", { "joe", "x" },
    { headers = { Authorization = "Mine" } }, URL, "Mine" },
  { "header=false over session", { "joe", "x" },
    { headers = { authorization = false } }, URL, nil },
}

for _, row in ipairs(auths) do
  t.test("auth: " .. row[1], function ()
    local s <close> = stubbed{ auth = row[2] }
    local r = s:get(row[4], row[3])
    t.eq(s.seen.headers.authorization, row[5], "authorization")
    t.eq(r.url:find "@", nil, "userinfo in url")
  end)
end

t.test("auth and header of one call", function ()
  local s <close> = stubbed()
  for _, url in ipairs{ URL, "https://joe:x@good.test/" } do
    local auth = url == URL and { "joe", "x" } or nil
    local err = t.raises(function ()
      s:get(url, { auth = auth, headers = { Authorization = "s3cret" } })
    end, "usage", "value")
    t.eq(err.sent, false, "sent")
    t.eq(tostring(err):find "s3cret", nil, "value")
  end
end)

-- Each verb, and the method that goes out.
local verbs = { get = "GET", head = "HEAD", post = "POST", put = "PUT",
  patch = "PATCH", delete = "DELETE", options = "OPTIONS" }

for verb, method in pairs(verbs) do
  t.test("verb " .. verb, function ()
    local s <close> = stubbed()
    s[verb](s, URL)
    t.eq(s.seen.method, method, "method")
    s:request(verb, URL)
    t.eq(s.seen.method, method, "by request")
  end)
end

t.test("methods of one's own keep their case", function ()
  local s <close> = stubbed()
  for _, method in ipairs{ "Purge", "propfind", "M-SEARCH" } do
    s:request(method, URL)
    t.eq(s.seen.method, method, "method")
  end
end)

-- options of a session, code, part of the message
local bad_sessions = {
  { { bas = "x" }, "option", "'bas'.*'base'" },
  { { verfy = true }, "option", "'verify'" },
  { { body = "x" }, "option", "'body'" }, { { json = {} }, "option" },
  { { form = {} }, "option" }, { { multipart = {} }, "option" },
  { { output = "x" }, "option" }, { { resume = true }, "option" },
  { { sha256 = ("0"):rep(64) }, "option" },
  { { cookies = "" }, "value", "'cookies'" },
  { { cookies = {} }, "type", "'cookies'" },
  { { pool = 5 }, "type", "'pool'" },
  { { pool = { per_hos = 1 } }, "option", "'per_host'" },
  { { pool = { per_host = "1" } }, "type" },
  { { pool = { per_host = 1.5 } }, "type" },
  { { pool = { per_host = -1 } }, "value" },
  { { pool = { per_host = 0 } }, "value", "'pool.per_host'" },
  { { pool = { total = 0 } }, "value", "'pool.total'" },
  { { pool = { total = -1 } }, "value" },
  { { pool = { idle = -1 } }, "value" }, { { pool = { idle = "1" } }, "type" },
  { { pool = { idle = math.huge } }, "value" },
  { { cookies = 5 }, "type", "'cookies'" }, { { cookies = {} }, "type" },
  { { timeout = 0 }, "value" }, { { headers = "x" }, "type" },
  { { redirects = true }, "type" }, { { retries = "2" }, "type" },
  { { retries = { max = 1, statuses = 503 } }, "type" },
  { { retries = { maximum = 1 } }, "option", "'maximum'" },
  { { redirects = { keep = "x-a" } }, "type" },
  { { redirects = { max = -1 } }, "value" },
  { { progress = "yes" }, "type" }, { { compress = "gzip" }, "type" },
  { { params = 5 }, "type" },
}

for i, row in ipairs(bad_sessions) do
  t.test("session refused, row " .. i, function ()
    local err = t.raises(function () https.session(row[1]) end, "usage",
      row[2])
    t.match(err.where, "^tests/lua/session_test%.lua:%d+$", "where")
    if row[3] then t.match(err.message, row[3], "message") end
  end)
end

for i, value in ipairs{ "x", 5, true, false, print } do
  t.test("a session of " .. tostring(value):sub(1, 8) .. ", row " .. i,
    function ()
      t.raises(function () https.session(value) end, "usage", "type")
    end)
end

for _, verb in ipairs{ "get", "post", "request" } do
  t.test("a dot for a colon: " .. verb, function ()
    local s <close> = stubbed()
    local err = t.raises(function () s[verb](URL, {}) end, "usage", "type")
    t.match(err.message, "colon", "message")
    t.match(err.where, "^tests/lua/session_test%.lua:%d+$", "where")
  end)
end

---------------------------------------------------------------------------
-- Connections.

-- An answer that is never complete: it keeps its connection busy.
local ENDLESS = "HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\nx"

t.test("per_host: all are busy", function ()
  local w <close> = wire.open{ [A] = { cert = "good", { "head", "send",
    ENDLESS, "wait" }, { "head", "send", FINAL } } }
  local s <close> = https.session(w:options{ pool = { per_host = 1 } })
  local r = s:get(URL, { stream = true })
  local err = t.raises(function () s:get(URL) end, "timeout", "pool")
  t.eq(err.sent, false, "sent")
  t.eq(err.host, "good.test", "host")
  t.ok(err.hint, "hint")
  r:close()
  t.eq(s:get(URL).body, "final", "body")
  t.eq(#w:requests(A), 2, "requests")
end)

t.test("per_host: two of three", function ()
  local w <close> = wire.open{ [A] = { cert = "good", { "head", "send",
    ENDLESS, "wait" } } }
  local s <close> = https.session(w:options{ pool = { per_host = 2 } })
  local a <close> = s:get(URL, { stream = true })
  local b <close> = s:get(URL, { stream = true })
  t.ok(a.status == 200 and b.status == 200, "two")
  t.raises(function () s:get(URL, { stream = true }) end, "timeout", "pool")
end)

t.test("per_host is one host's", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send", ENDLESS, "wait" },
    ["good.test:8443"] = { cert = "good", "head", "send", ENDLESS, "wait" },
    ["two-a.test:443"] = { cert = "two", "head", "send", FINAL } }
  local s <close> = https.session(w:options{ pool = { per_host = 1 } })
  local a <close> = s:get(URL, { stream = true })
  local b <close> = s:get("https://good.test:8443/", { stream = true })
  t.eq(s:get("https://two-a.test/").body, "final", "body")
  t.ok(a.status == 200 and b.status == 200, "the others")
end)

t.test("total: an idle one makes room", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", { "head", "send", FINAL, "wait" } },
    ["two-a.test:443"] = { cert = "two", { "head", "send", FINAL, "wait" } } }
  local s <close> = https.session(w:options{ pool = { total = 1 } })
  s:get(URL)
  s:get "https://two-a.test/"
  w:expect(A, "^eof 0$")
  t.eq(s:get(URL).timings.reused, false, "reused")
  w:expect("two-a.test:443", "^eof 0$")
end)

t.test("total: all are busy", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send", ENDLESS, "wait" },
    ["two-a.test:443"] = { cert = "two", "head", "send", FINAL } }
  local s <close> = https.session(w:options{ pool = { total = 1 } })
  local r = s:get(URL, { stream = true })
  local err = t.raises(function () s:get "https://two-a.test/" end, "timeout",
    "pool")
  t.eq(err.sent, false, "sent")
  t.eq(err.host, "two-a.test", "host")
  r:close()
  t.eq(s:get("https://two-a.test/").body, "final", "body")
end)

t.test("another trust: an idle one makes room", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", { "head", "send", FINAL, "wait" } } }
  local s <close> = https.session(w:options{ pool = { per_host = 1 } })
  s:get(URL)
  t.eq(s:get(URL, { verify = { name = false } }).timings.reused, false,
    "reused")
  w:expect(A, "^eof 0$")
end)

t.test("idle: closed when its time is over", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", FINAL, "wait" } } }
  local s <close> = https.session(w:options{ pool = { idle = 0.05 } })
  s:get(URL)
  https.sleep(0.06)
  t.eq(s:get(URL).timings.reused, false, "reused")
  w:expect(A, "^eof 0$")
end)

t.test("idle: kept until then", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL,
    "head", "send", FINAL } }
  local s <close> = https.session(w:options{ pool = { idle = 60 } })
  s:get(URL)
  t.eq(s:get(URL).timings.reused, true, "reused")
end)

t.test("one connection for all", function ()
  local server <close> = peer.httpsd{ "good" }
  local s <close> = https.session(server:options{ base = server:url "/" })
  for i = 1, 50 do
    t.eq(s:get("bytes/" .. i).timings.reused, i > 1, "reused")
    t.eq(s:post("echo", { body = "x" }).timings.reused, true, "reused")
  end
  s:close()
  t.match(server:expect "^(conn .*)$", "requests=100 ", "connection")
end)

---------------------------------------------------------------------------
-- The end.

t.test("close closes what is idle", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL,
    "wait" } }
  local s = https.session(w:options())
  s:get(URL)
  s:close()
  w:expect(A, "^notify 0$")
  w:expect(A, "^eof 0$")
end)

t.test("so does <close>", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL,
    "wait" } }
  do
    local s <close> = https.session(w:options())
    s:get(URL)
  end
  w:expect(A, "^eof 0$")
end)

t.test("so does <close> when something fails", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL,
    "wait" } }
  local ok, err = pcall(function ()
    local s <close> = https.session(w:options())
    s:get(URL)
    error("mine", 0)
  end)
  t.eq({ ok, err }, { false, "mine" }, "error")
  w:expect(A, "^eof 0$")
end)

t.test("so does the collector", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL,
    "wait" } }
  do
    local s = https.session(w:options())
    s:get(URL)
  end
  collectgarbage()
  collectgarbage()
  w:expect(A, "^eof 0$")
end)

t.test("so does the end of the script", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL,
    "wait" } }
  local r = t.run{ cmd = { t.lurl, "-e", ([[
    s = https.session{ ca = "%s", resolve = { ["%s"] = "%s" } }
    print(s:get("%s").body)
  ]]):format(peer.pem "root", A, w.resolve[A], URL) } }
  t.eq(r.stdout, "final\n", "stdout; stderr: " .. r.stderr)
  w:expect(A, "^notify 0$")
  w:expect(A, "^eof 0$")
end)

for _, verb in ipairs{ "get", "post", "request" } do
  t.test("nothing after close: " .. verb, function ()
    local w <close> = wire.open{ [A] = { cert = "good", "wait" } }
    local s = https.session(w:options())
    s:close()
    s:close()
    local err = t.raises(function () s[verb](s, URL, URL) end, "usage",
      "value")
    t.match(err.message, "closed", "message")
    t.eq(err.sent, false, "sent")
    w:untouched(A)
  end)
end

t.test("a stream outlives its session", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello", "send", "world",
    "wait" } }
  local s = https.session(w:options())
  local r = s:get(URL, { stream = true })
  t.eq(r:read(5), "hello", "before")
  s:close()
  t.eq(r:read "a", "world", "after")
  -- Nobody will ask for its connection any more.
  w:expect(A, "^notify 0$")
  w:expect(A, "^eof 0$")
  t.eq(r.status, 200, "status")
end)

t.test("cookies that cannot be written", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("", "set-cookie: a=b; path=/; max-age=1000\r\n"), "wait" } }
  local dir = t.tmpdir() .. "/later"
  local s = https.session(w:options{ cookies = dir .. "/jar" })
  s:get(URL)
  for _ = 1, 2 do
    t.raises(function () s:close() end, "io", "ENOENT")
  end
  w:expect(A, "^eof 0$")
  t.raises(function () s:get(URL) end, "usage", "value")
  t.ok(os.execute("mkdir " .. dir), "mkdir")
  s:close()
  t.match(t.read(dir .. "/jar"), "\ta\tb", "the file")
end)

t.test("the module's verbs share a session without cookies", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("", "set-cookie: a=b; path=/\r\n"), "head", "send", FINAL } }
  t.eq(https.get(URL, w:options()).cookies, { a = "b" }, "cookies")
  t.eq(https.get(URL, w:options()).timings.reused, true, "reused")
  t.eq(w:requests(A)[2].headers.cookie, nil, "cookie")
end)

t.test("cookies=false", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("", "set-cookie: a=b; path=/\r\n"), "head", "send", FINAL,
    "head", "send", FINAL } }
  local s <close> = https.session(w:options{ cookies = false })
  s:get(URL)
  s:get(URL)
  s:get(URL, { cookies = { own = "1" } })
  local got = w:requests(A)
  t.eq(got[2].headers.cookie, nil, "second")
  t.eq(got[3].headers.cookie, "own=1", "third")
end)

t.test("a session's tostring tells no secret", function ()
  local s <close> = https.session{ auth = { "joe", "s3cret" },
    base = "https://eve:s3cret@x.test/" }
  t.eq(tostring(s):find "s3cret", nil, "tostring")
end)

t.finish()
