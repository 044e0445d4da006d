-- A whole client against a whole server that is not ours: httpbin, under
-- gunicorn with TLS.  It tells in JSON what it received.
local t = require "tests.harness"
local httpbin = require "tests.lua.httpbin"
local https = require "https"

local bin = httpbin.start()
local dir = t.tmpdir()
t.write(dir .. "/file.txt", "from a file\r\n")

local function session (o)
  return https.session(bin:options(o))
end

-- method, path, options, what httpbin received
local requests = {
  { "GET", "/get", {}, { args = {} } },
  { "GET", "/get?a=1", { params = { { "b", 2 }, { "a", 3 } } },
    { args = { a = { "1", "3" }, b = "2" } } },
  { "GET", "/get", { params = { ["\195\164 &="] = "\226\130\172 +" } },
    { args = { ["\195\164 &="] = "\226\130\172 +" } } },
  { "POST", "/post", { body = "hello" }, { data = "hello" } },
  { "POST", "/post", { body = "" }, { data = "" } },
  { "POST", "/post", { json = { a = { 1, 2.5, true, https.json.null } } },
    { json = { a = { 1, 2.5, true, https.json.null } } } },
  { "POST", "/post", { json = { big = 9007199254740993 } },
    { json = { big = 9007199254740993 } } },
  { "POST", "/post", { form = { a = "b c+&=", u = "\195\164" } },
    { form = { a = "b c+&=", u = "\195\164" } } },
  { "POST", "/post", { form = { { "a", 1 }, { "a", 2 } } },
    { form = { a = { "1", "2" } } } },
  { "POST", "/post", { multipart = { { name = "a", value = "b" },
    { name = "f", file = dir .. "/file.txt" } } },
    { form = { a = "b" }, files = { f = "from a file\r\n" } } },
  { "POST", "/post", { multipart = { { name = "a", value = "1" },
    { name = "a", value = "2" }, { name = "n", value = "" } } },
    { form = { a = { "1", "2" }, n = "" } } },
  { "POST", "/post", { multipart = { { name = "\195\164;=", value = "x",
    filename = "\195\182;.txt" } } }, { files = { ["\195\164;="] = "x" } } },
  { "PUT", "/put", { body = "hello" }, { data = "hello" } },
  { "PATCH", "/patch", { body = "hello" }, { data = "hello" } },
  { "DELETE", "/delete", { body = "hello" }, { data = "hello" } },
  { "DELETE", "/delete", {}, { data = "" } },
  { "POST", "/anything/a%20b", { json = "x" }, { method = "POST",
    json = "x" } },
}

-- Everything that want has is in got.
local function has (got, want, what)
  if type(want) ~= "table" or want == https.json.null then
    return t.eq(got, want, what)
  end
  t.eq(type(got), "table", what)
  for name, value in pairs(want) do
    has(got[name], value, what .. "." .. tostring(name))
  end
  t.eq(next(want) == nil and next(got) or nil, nil, what)
end

for i, row in ipairs(requests) do
  t.test(("%s %s, row %d"):format(row[1], row[2], i), function ()
    local r = https.request(row[1], bin:url(row[2]), bin:options(row[3]))
    t.eq(r.status, 200, "status")
    has(r:json(), row[4], "it")
  end)
end

t.test("headers", function ()
  local r = https.get(bin:url "/headers", bin:options{ headers = {
    ["X-Some"] = "value", ["x-list"] = { "a", "b" }, accept = false } })
  local got = r:json().headers
  t.eq(got["X-Some"], "value", "X-Some")
  t.eq(got["X-List"], "a,b", "X-List")
  t.eq(got.Accept, nil, "Accept")
  t.eq(got.Host, "good.test:" .. bin.port, "Host")
  t.eq(got["User-Agent"], "lurl/" .. https.version, "User-Agent")
end)

for _, status in ipairs{ 200, 201, 204, 304, 400, 401, 404, 418, 429, 500,
    503 } do
  t.test("status " .. status, function ()
    local r = https.get(bin:url("/status/" .. status), bin:options())
    t.eq(r.status, status, "status")
    t.eq(r.ok, status < 400, "ok")
    if status >= 400 then
      t.raises(function () r:raise() end, "status", tostring(status))
    end
  end)
end

---------------------------------------------------------------------------
-- Codings and sizes.

for _, path in ipairs{ "/gzip", "/deflate", "/brotli" } do
  t.test(path, function ()
    local value = https.get(bin:url(path), bin:options()):json()
    t.eq(value[path == "/gzip" and "gzipped" or path == "/deflate" and
      "deflated" or "brotli"], true, "value")
  end)
end

t.test("base64", function ()
  t.eq(https.get(bin:url "/base64/aGVsbG8gd29ybGQ=", bin:options()).body,
    "hello world", "body")
end)

t.test("an image", function ()
  local r = https.get(bin:url "/image/png", bin:options())
  t.eq(r.body:sub(1, 8), "\137PNG\r\n\26\n", "body")
  t.eq(r.headers["content-type"], "image/png", "type")
end)

for _, n in ipairs{ 0, 1, 1024, 100000 } do
  t.test(n .. " bytes", function ()
    t.eq(#https.get(bin:url("/bytes/" .. n), bin:options()).body, n, "length")
    local r = https.get(bin:url(("/stream-bytes/%d?chunk_size=777"):format(n)),
      bin:options())
    t.eq(#r.body, n, "in chunks")
  end)
end

t.test("stream of lines", function ()
  local r <close> = https.get(bin:url "/stream/20", bin:options{
    stream = true })
  local count = 0
  for line in r:lines() do
    t.eq(https.json.decode(line).id, count, "id")
    count = count + 1
  end
  t.eq(count, 20, "lines")
end)

t.test("drip", function ()
  local r = https.get(bin:url "/drip?numbytes=5&duration=1&delay=0",
    bin:options{ timeout = { read = 5 } })
  t.eq(r.body, "*****", "body")
end)

t.test("delay", function ()
  t.raises(function ()
    https.get(bin:url "/delay/5", bin:options{ timeout = { read = 0.3 } })
  end, "timeout", "read")
end)

---------------------------------------------------------------------------
-- Redirects.

-- path, options, number of hops, last path (or kind and code)
local redirects = {
  { "/redirect/1", {}, 1, "/get" },
  { "/redirect/5", {}, 5, "/get" },
  { "/relative-redirect/3", {}, 3, "/get" },
  { "/absolute-redirect/3", {}, 3, "/get" },
  { "/redirect/11", {}, "redirect", "too-many" },
  { "/redirect/3", { redirects = 2 }, "redirect", "too-many" },
  { "/redirect/3", { redirects = false }, 0, "/redirect/3" },
  { "/redirect-to?url=/ip", {}, 1, "/ip" },
  { "/redirect-to?url=http://good.test/", {}, "redirect", "downgrade" },
  { "/redirect-to?url=ftp://good.test/", {}, "redirect", "location" },
}

for i, row in ipairs(redirects) do
  t.test(("%s, row %d"):format(row[1], i), function ()
    local function get ()
      return https.get(bin:url(row[1]), bin:options(row[2]))
    end
    if row[3] == "redirect" then
      t.eq(t.raises(get, row[3], row[4]).sent, true, "sent")
      return
    end
    local r = get()
    t.eq(#r.history, row[3], "history")
    t.eq(r.url, bin:url(row[4]), "url")
  end)
end

-- status, method, method at the end, whether the body is there
for _, row in ipairs{ { 301, "POST", "GET", "" }, { 302, "POST", "GET", "" },
    { 303, "PUT", "GET", "" }, { 307, "POST", "POST", "hello" },
    { 308, "PUT", "PUT", "hello" } } do
  t.test(("redirect %d of %s"):format(row[1], row[2]), function ()
    local r = https.request(row[2], bin:url(
      "/redirect-to?url=/anything&status_code=" .. row[1]),
      bin:options{ body = "hello" })
    local it = r:json()
    t.eq({ it.method, it.data }, { row[3], row[4] }, "what arrived")
  end)
end

---------------------------------------------------------------------------
-- Cookies.

t.test("cookies of a session", function ()
  local s <close> = session{ base = bin:url "/" }
  t.eq(s:get("cookies/set?a=1&b=2"):json().cookies, { a = "1", b = "2" },
    "set, over a redirect")
  t.eq(s:get("cookies"):json().cookies, { a = "1", b = "2" }, "kept")
  t.eq(s:get("cookies", { cookies = { c = "3" } }):json().cookies,
    { a = "1", b = "2", c = "3" }, "and the call's own")
  t.eq(s:get("cookies/delete?a"):json().cookies, { b = "2" }, "deleted")
  s:get("response-headers?Set-Cookie=d%3D4%3B%20Path%3D/none")
  t.eq(s:get("cookies"):json().cookies, { b = "2" }, "of another path")
end)

t.test("cookies of a file", function ()
  local path = dir .. "/cookies"
  do
    local s <close> = session{ base = bin:url "/", cookies = path }
    s:get("response-headers?Set-Cookie=" .. https.url.encode(
      "a=1; Path=/; Max-Age=1000; Secure"))
    s:get("response-headers?Set-Cookie=" .. https.url.encode("b=2; Path=/"))
  end
  local s <close> = session{ base = bin:url "/", cookies = path }
  t.eq(s:get("cookies"):json().cookies, { a = "1" }, "read again")
end)

---------------------------------------------------------------------------
-- Auth.

-- path, auth, status
local auths = {
  { "/basic-auth/joe/pass", { "joe", "pass" }, 200 },
  { "/basic-auth/joe/pass", { "joe", "wrong" }, 401 },
  { "/basic-auth/joe/pass", nil, 401 },
  { "/hidden-basic-auth/joe/pass", { "joe", "pass" }, 200 },
  { "/hidden-basic-auth/joe/pass", nil, 404 },
  { "/bearer", { bearer = "token" }, 200 },
  { "/bearer", nil, 401 },
}
for _, algorithm in ipairs{ "MD5", "SHA-256", "SHA-512" } do
  for _, qop in ipairs{ "auth", "auth-int" } do
    local path = ("/digest-auth/%s/joe/pass/%s"):format(qop, algorithm)
    -- "SHA-512" is not that of RFC 7616, which has SHA-512-256 alone.
    local want = algorithm == "SHA-512" and 401 or 200
    auths[#auths + 1] = { path, { digest = { "joe", "pass" } }, want }
    auths[#auths + 1] = { path, { digest = { "joe", "wrong" } }, 401 }
  end
end

for i, row in ipairs(auths) do
  t.test(("%s, row %d"):format(row[1], i), function ()
    local s <close> = session{ redirects = 0 }
    local r = s:get(bin:url(row[1]), { auth = row[2] })
    t.eq(r.status, row[3], "status")
    if row[3] == 200 then
      t.eq(r:json().authenticated, true, "authenticated")
    end
  end)
end

t.test("a password in the URL", function ()
  local url = bin:url("/basic-auth/joe/p%40ss"):gsub("//", "//joe:p%%40ss@")
  local r = https.get(url, bin:options())
  t.eq(r:json().user, "joe", "user")
  t.eq(r.url:find "joe:", nil, "userinfo in url")
end)

---------------------------------------------------------------------------
-- Conditions, ranges, links.

t.test("etags", function ()
  local function get (headers)
    return https.get(bin:url "/etag/abc", bin:options{ headers = headers })
  end
  local etag = get().headers.etag
  t.match(etag, "abc", "etag")
  t.eq(get{ ["if-none-match"] = etag }.status, 304, "if-none-match")
  t.eq(get{ ["if-match"] = '"other"' }.status, 412, "if-match")
  t.eq(https.get(bin:url "/cache", bin:options{ headers = {
    ["if-modified-since"] = "Sun, 06 Nov 1994 08:49:37 GMT" } }).status, 304,
    "if-modified-since")
end)

t.test("a range", function ()
  local r = https.get(bin:url "/range/26", bin:options{ headers = {
    range = "bytes=3-5" } })
  t.eq({ r.status, r.body }, { 206, "def" }, "part")
  t.eq(r.headers["content-range"], "bytes 3-5/26", "content-range")
end)

t.test("going on with a file", function ()
  local path, url = dir .. "/range", bin:url "/range/26"
  local etag = https.head(url, bin:options()).headers.etag
  t.write(path .. ".part", "abcdefghij")
  t.write(path .. ".part.meta", ("url: %s\nvalidator: %s\n"):format(
    https.hash("sha256", url), etag))
  local r = https.get(url, bin:options{ output = path, resume = true })
  t.eq(r.status, 206, "status")
  t.eq(t.read(path), "abcdefghijklmnopqrstuvwxyz", "content")
end)

t.test("links", function ()
  local s <close> = session()
  local url, seen = bin:url "/response-headers?Link=" .. https.url.encode(
    '</get?page=2>; rel="next", </get?page=9>; rel="last"'), {}
  local r = s:get(url)
  for rel, link in pairs(r.links) do seen[rel] = link.url end
  t.eq(seen, { next = bin:url "/get?page=2", last = bin:url "/get?page=9" },
    "links")
  t.eq(s:get(r.links.next.url):json().args.page, "2", "the next")
end)

---------------------------------------------------------------------------
-- Many at once over one connection.

t.test("one connection for hundred requests", function ()
  local s <close> = session{ base = bin:url "/" }
  local reused = 0
  for i = 1, 100 do
    local r = s:get("get", { params = { i = i } })
    t.eq(r:json().args.i, tostring(i), "its own answer")
    if r.timings.reused then reused = reused + 1 end
  end
  t.eq(reused, 99, "reused")
end)

bin:stop()

t.finish()
