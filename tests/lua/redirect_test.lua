-- Redirects: which are followed and how, what each hop is sent, and what stays
-- with the origin it was given for (RFC 9110 section 15.4).  Every row reads
-- what the servers received.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local https = require "https"

local A, B = "good.test:443", "good.test:8443"      -- two origins of one host
local OTHER = "two-a.test:443"                      -- and another host
local PLAIN = "plain.test:80"
local START = "https://good.test/dir/page?q=1"
local FINAL = peer.answer "final"

local function redirect (status, location, body)
  return peer.answer(body or "moved",
    location and ("location: %s\r\n"):format(location), status .. " Moved")
end

-- A function body of these pieces.
local function pieces (...)
  local list, i = { ... }, 0
  return function ()
    i = i + 1
    return list[i]
  end
end

-- Raises unless fn fails so: after the request was sent, with the response
-- that could not be followed.
local function refused (fn, code, status)
  local err = t.raises(fn, "redirect", code)
  t.eq(err.sent, true, "sent")
  t.eq(err.phase, "receive", "phase")
  t.eq(err.response and err.response.status, status, "response.status")
  t.eq(err.host, "good.test", "host")
  t.eq(err.port, 443, "port")
  t.eq(tostring(err):find "%c", nil, "control byte in tostring")
  t.ok(#tostring(err) < 10000, "length of tostring")
  return err
end

---------------------------------------------------------------------------
-- Status and method: what the second request is.

-- status, method, method of the second request (false: it is not followed),
-- whether the body is sent again
local methods = {
  { 301, "GET", "GET" }, { 301, "HEAD", "HEAD" }, { 301, "POST", "GET" },
  { 301, "PUT", "PUT", true }, { 301, "PATCH", "PATCH", true },
  { 301, "DELETE", "DELETE" }, { 301, "OPTIONS", "OPTIONS" },
  { 302, "GET", "GET" }, { 302, "HEAD", "HEAD" }, { 302, "POST", "GET" },
  { 302, "PUT", "PUT", true }, { 302, "PATCH", "PATCH", true },
  { 302, "DELETE", "DELETE" },
  { 303, "GET", "GET" }, { 303, "HEAD", "HEAD" }, { 303, "POST", "GET" },
  { 303, "PUT", "GET" }, { 303, "PATCH", "GET" }, { 303, "DELETE", "GET" },
  { 307, "GET", "GET" }, { 307, "HEAD", "HEAD" },
  { 307, "POST", "POST", true }, { 307, "PUT", "PUT", true },
  { 307, "PATCH", "PATCH", true }, { 307, "DELETE", "DELETE" },
  { 308, "GET", "GET" }, { 308, "HEAD", "HEAD" },
  { 308, "POST", "POST", true }, { 308, "PUT", "PUT", true },
  { 308, "PATCH", "PATCH", true }, { 308, "DELETE", "DELETE" },
  -- No redirects, whatever they say of a place.
  { 200, "GET", false }, { 201, "POST", false }, { 300, "GET", false },
  { 304, "GET", false }, { 305, "GET", false }, { 306, "GET", false },
  { 404, "GET", false },
}

local with_body = { POST = true, PUT = true, PATCH = true }

for _, row in ipairs(methods) do
  local status, method, second, again = table.unpack(row, 1, 4)
  t.test(("%d of %s"):format(status, method), function ()
    local bodiless = method == "HEAD" or status == 304
    local first = redirect(status, "/x", bodiless and "" or nil)
    if status == 304 then first = first:gsub("content%-length: 0\r\n", "") end
    local final = method == "HEAD" and peer.answer "" or FINAL
    local steps = { cert = "good", "head", "send", first, "head", "send",
      final }
    if with_body[method] then
      table.insert(steps, 2, "body")
      table.insert(steps, 3, 5)
      if again then
        table.insert(steps, 7, "body")
        table.insert(steps, 8, 5)
      end
    end
    local w <close> = wire.open{ [A] = steps }
    local r = https.request(method, START, w:options{
      body = with_body[method] and "hello" or nil,
      headers = with_body[method] and { ["content-type"] = "text/x",
        ["content-language"] = "la" } })
    local got = w:requests(A)
    if not second then
      t.eq(r.status, status, "status")
      t.eq(r.history, {}, "history")
      t.eq(#got, 1, "requests")
      return
    end
    t.eq(r.status, 200, "status")
    t.eq(r.url, "https://good.test/x", "url")
    t.eq(#r.history, 1, "history")
    t.eq(r.history[1].status, status, "status of the first")
    t.eq(wire.methods(got), method .. " /dir/page?q=1, " .. second .. " /x",
      "requests")
    local h = got[2].headers
    t.eq(h["content-length"], again and "5" or nil, "content-length")
    t.eq(h["content-type"], again and "text/x" or nil, "content-type")
    t.eq(h["content-language"], again and "la" or nil, "content-language")
    t.eq(got[2].body, again and "hello" or nil, "body")
  end)
end

---------------------------------------------------------------------------
-- Location: where it leads from START.

-- Location, target of the second request, URL
local places = {
  { "/x", "/x" },
  { "x", "/dir/x" },
  { "./x", "/dir/x" },
  { "../x", "/x" },
  { "../../../x", "/x" },
  { "/a/./b/../c", "/a/c" },
  { "?a=b", "/dir/page?a=b" },
  { "?", "/dir/page?" },
  { "#part", "/dir/page?q=1" },
  { "/x#part", "/x" },
  { "/x?y=z&a=b", "/x?y=z&a=b" },
  { "//good.test/x", "/x" },
  { "https://good.test/x", "/x" },
  { "https://good.test", "/" },
  { "https://good.test:443/x", "/x" },
  { "HTTPS://GOOD.TEST/X", "/X" },
  { "https://good.test?a", "/?a" },
  { "  /x \t", "/x" },
  { "/a b", "/a%20b" },
  { "/\195\164", "/%C3%A4" },
  { "/%c3%a4%2F", "/%c3%a4%2F" },
  { "/x:y", "/x:y" },
  { "./x:y", "/dir/x:y" },
}

for _, row in ipairs(places) do
  t.test(("Location %q"):format(row[1]), function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      redirect(302, row[1]), "head", "send", FINAL } }
    local r = https.get(START, w:options())
    t.eq(r.body, "final", "body")
    t.eq(r.url, "https://good.test" .. row[2], "url")
    local got = w:requests(A)
    t.eq(#got, 2, "requests")
    t.eq(got[2].target, row[2], "target")
    t.eq(got[2].headers.host, "good.test", "host")
    t.eq(got[2].conn, 0, "connection")
  end)
end

-- Location: none of them is a place to go to, and none is asked for
local no_places = {
  "ftp://good.test/x", "file:///etc/passwd", "javascript:alert(1)",
  "data:text/plain,x", "mailto:joe@good.test", "x:y", "https:", "https:x",
  "https:///x", "https://", "https://:443/x", "//", "https://good.test:0/",
  "https://good.test:99999/", "https://good.test:x/", "https://[::1/",
  "https://good .test/", "https://good.test\\@two-a.test/",
  "https://good..test/", "https://256.0.0.1/", "https://127.1/",
  "https://good%00.test/", "/x\ty", "/" .. ("x"):rep(70000),
}

for _, location in ipairs(no_places) do
  t.test(("bad Location %q"):format(location:sub(1, 40)), function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      redirect(302, location), "head", "send", FINAL } }
    refused(function () https.get(START, w:options()) end, "location", 302)
    t.eq(#w:requests(A), 1, "requests")
  end)
end

t.test("a bad Location is told without its password", function ()
  for _, place in ipairs{ "ftp://joe:s3cret@good.test/",
      "https://joe:s3cret@good.test:99999/", "https://joe:s3cret@a b/" } do
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      redirect(302, place) } }
    local err = refused(function () https.get(START, w:options()) end,
      "location", 302)
    t.eq(tostring(err):find "s3cret", nil, "password")
    t.eq(tostring(err.hint):find "s3cret", nil, "password in the hint")
  end
end)

-- label, lines of the answer; the 3xx comes back
local nowhere = {
  { "no Location", "" },
  { "an empty Location", "location:\r\n" },
  { "a Location of spaces", "location:   \r\n" },
}

for _, row in ipairs(nowhere) do
  t.test(row[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      peer.answer("moved", row[2], "302 Found"), "head", "send", FINAL } }
    local r = https.get(START, w:options())
    t.eq(r.status, 302, "status")
    t.eq(r.body, "moved", "body")
    t.eq(r.history, {}, "history")
    t.eq(#w:requests(A), 1, "requests")
  end)
end

t.test("two Locations that are one", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    redirect(302, "/x\r\nLocation: /x"), "head", "send", FINAL } }
  t.eq(https.get(START, w:options()).url, "https://good.test/x", "url")
end)

t.test("two Locations", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    redirect(302, "/x\r\nlocation: /y"), "head", "send", FINAL } }
  refused(function () https.get(START, w:options()) end, "location", 302)
  t.eq(#w:requests(A), 1, "requests")
end)

---------------------------------------------------------------------------
-- How many.

-- A server that leads on n times, then answers.
local function chain_of (n)
  local steps = { cert = "good" }
  for i = 1, n do
    table.move({ "head", "send", redirect(302, "/" .. i, "to " .. i) }, 1, 3,
      #steps + 1, steps)
  end
  table.move({ "head", "send", FINAL }, 1, 3, #steps + 1, steps)
  return wire.open{ [A] = steps }
end

-- option redirects, how many there are, how many requests were made, the
-- status that comes out or the error
local counts = {
  { nil, 0, 1, 200 }, { nil, 1, 2, 200 }, { nil, 10, 11, 200 },
  { nil, 11, 11, "too-many" },
  { 1, 1, 2, 200 }, { 1, 2, 2, "too-many" },
  { 20, 20, 21, 200 }, { 2, 3, 3, "too-many" },
  { 0, 1, 1, 302 }, { false, 1, 1, 302 }, { 0, 0, 1, 200 },
  { { max = 1 }, 1, 2, 200 }, { { max = 1 }, 2, 2, "too-many" },
  { { max = 0 }, 1, 1, 302 }, { {}, 10, 11, 200 }, { {}, 11, 11, "too-many" },
  { { keep = { "x-a" } }, 11, 11, "too-many" },
}

for i, row in ipairs(counts) do
  local option, n, requests, want = row[1], row[2], row[3], row[4]
  t.test(("redirects=%s, %d of them, row %d"):format(tostring(option), n, i),
    function ()
      local w <close> = chain_of(n)
      local function get () return https.get(START,
        w:options{ redirects = option }) end
      if want == "too-many" then
        local err = refused(get, want, 302)
        t.match(err.message, tostring(requests - 1), "message")
      else
        local r = get()
        t.eq(r.status, want, "status")
        t.eq(#r.history, want == 200 and n or 0, "history")
        if want == 302 then t.eq(r.body, "to 1", "body") end
      end
      t.eq(#w:requests(A), requests, "requests")
    end)
end

t.test("a loop", function ()
  local steps = { cert = "good" }
  for _ = 1, 12 do
    table.move({ "head", "send", redirect(302, START) }, 1, 3, #steps + 1,
      steps)
  end
  local w <close> = wire.open{ [A] = steps }
  refused(function () https.get(START, w:options()) end, "too-many", 302)
  t.eq(#w:requests(A), 11, "requests")
end)

t.test("a loop of two origins", function ()
  local a, b = { cert = "good" }, { cert = "good" }
  for _ = 1, 6 do
    table.move({ "head", "send", redirect(302, "https://good.test:8443/") },
      1, 3, #a + 1, a)
    table.move({ "head", "send", redirect(307, "https://good.test/") }, 1, 3,
      #b + 1, b)
  end
  local w <close> = wire.open{ [A] = a, [B] = b }
  refused(function ()
    https.get(START, w:options{ redirects = 4 })
  end, "too-many", 302)
  t.eq(#w:requests(A), 3, "requests to the one")
  t.eq(#w:requests(B), 2, "requests to the other")
end)

---------------------------------------------------------------------------
-- History.

t.test("history", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send", redirect(301, "/b", "first"),
      "head", "send", redirect(307, "https://two-a.test/c", "second") },
    [OTHER] = { cert = "two", "head", "send",
      peer.answer("final", nil, "404 Gone") } }
  local r = https.get(START, w:options())
  t.eq(r.status, 404, "status")
  t.eq(#r.history, 2, "history")
  local one, two = table.unpack(r.history)
  t.eq({ one.status, one.url, one.body }, { 301, START, "first" }, "first")
  t.eq({ two.status, two.url, two.body },
    { 307, "https://good.test/b", "second" }, "second")
  t.eq(r.url, "https://two-a.test/c", "url")
  t.eq({ one.history, #two.history }, { {}, 1 }, "history of the history")
  -- Each hop has its own.
  t.eq(one.timings.reused, false, "reused, first")
  t.eq(two.timings.reused, true, "reused, second")
  t.eq(r.timings.reused, false, "reused, last")
  t.ok(one.timings.tls > 0 and r.timings.tls > 0, "timings.tls")
  t.eq(two.timings.tls, 0.0, "timings.tls of a kept connection")
  t.eq(one.tls.subject, "/CN=good", "subject, first")
  t.eq(two.tls.subject, "/CN=good", "subject, second")
  t.eq(r.tls.subject, "/CN=two", "subject, last")
  t.eq(one.headers.location, "/b", "headers")
  t.eq(one.ok, true, "ok")
end)

t.test("the error of a later hop", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send",
      redirect(302, "https://two-a.test/") },
    [OTHER] = { cert = "good", "head", "send", FINAL } }
  local err = t.raises(function () https.get(START, w:options()) end,
    "verify", "name-mismatch")
  t.eq(err.host, "two-a.test", "host")
  t.eq(err.url, "https://two-a.test/", "url")
  t.eq(err.sent, false, "sent")
  t.eq(w:requests(OTHER), {}, "requests")
end)

-- label, a step outside the redirects and one inside, the error, whether the
-- first hop has been sent by then
local function times_up () https.sleep(0.3) end

local sents = {
  { "no time for the next hop", function (request, next)
    local r = next(request)
    times_up()
    return r
  end, "timeout", "total", true },
  { "no time for the first", function (request, next)
    times_up()
    return next(request)
  end, "timeout", "total", false },
  { "the next hop is refused", function (request, next)
    return next(request)
  end, "connect", "refused", true },
  { "the first is no URL", function (request, next)
    request.url = "nowhere"
    return next(request)
  end, "usage", "url", false },
  { "the next is no URL", function (request, next)
    if request.url ~= START then request.url = "nowhere" end
    return next(request)
  end, "usage", "url", true },
  { "a mistake after the first", function (request, next)
    next(request)
    return nil
  end, "usage", "type", true },
}

for _, row in ipairs(sents) do
  t.test("sent: " .. row[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      redirect(302, "https://nobody.test/"), "wait" } }
    w.resolve["nobody.test:443"] = "127.0.0.1:1"
    local s <close> = https.session(w:options{ timeout = 0.3 })
    s:use(row[2], { after = "redirects" })
    local err = t.raises(function () s:get(START) end, row[3], row[4])
    t.eq(err.sent, row[5], "sent")
    -- It is of the call, not of the session.
    err = t.raises(function ()
      s:get("https://nobody.test/", { timeout = 20, redirects = 0 })
    end)
    t.eq(err.sent, false, "sent, of the next call")
  end)
end

-- label, the first answer, what its connection does then; the second request
-- needs another connection
local broken = {
  { "a redirect's body that breaks off",
    "HTTP/1.1 302 X\r\nlocation: /x\r\ncontent-length: 10\r\n\r\nshort",
    "notify" },
  { "a redirect's body that is no chunk",
    "HTTP/1.1 302 X\r\nlocation: /x\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
    "wait" },
  { "a redirect's body that is large",
    "HTTP/1.1 302 X\r\nlocation: /x\r\ncontent-length: 5000000\r\n\r\n" ..
    ("x"):rep(1000), "wait" },
  { "a redirect with connection: close", "HTTP/1.1 302 X\r\nlocation: /x\r\n" ..
    "connection: close\r\ncontent-length: 0\r\n\r\n", "wait" },
}

for _, row in ipairs(broken) do
  t.test(row[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good",
      { "head", "send", row[2], row[3] }, { "head", "send", FINAL } } }
    local r = https.get(START, w:options())
    t.eq(r.body, "final", "body")
    t.eq(r.timings.reused, false, "reused")
    t.eq(#r.history, 1, "history")
    t.eq(w:requests(A)[2].conn, 1, "connection")
  end)
end

---------------------------------------------------------------------------
-- From https to http.

t.test("https to http is refused", function ()
  for _, place in ipairs{ "http://plain.test/x", "http://good.test/x",
      "HTTP://plain.test/x" } do
    local w <close> = wire.open{
      [A] = { cert = "good", "head", "send", redirect(302, place) },
      [PLAIN] = { "head", "send", FINAL } }
    local err = refused(function () https.get(START, w:options()) end,
      "downgrade", 302)
    t.match(err.message, "http://", "message")
    w:untouched(PLAIN)
  end
end)

t.test("https to http and back is refused at once", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send",
      redirect(307, "http://plain.test/") },
    [PLAIN] = { "head", "send", redirect(307, "https://good.test/") } }
  refused(function ()
    https.post(START, w:options{ body = "s3cret" })
  end, "downgrade", 307)
  w:untouched(PLAIN)
end)

t.test("https to http with allow_http", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send",
      redirect(302, "http://plain.test/x") },
    [PLAIN] = { "head", "send", FINAL } }
  local r = https.get(START, w:options{ allow_http = true,
    auth = { "joe", "s3cret" }, headers = { ["x-key"] = "s3cret" } })
  t.eq(r.url, "http://plain.test/x", "url")
  t.eq(r.tls, nil, "tls")
  t.eq(r.history[1].tls.subject, "/CN=good", "tls of the first")
  t.match(w:requests(A)[1].text, "s3cret", "to the first")
  w:without(PLAIN, "s3cret", "authorization", "am9l")
end)

t.test("http to https", function ()
  local w <close> = wire.open{
    [PLAIN] = { "head", "send", redirect(301, "https://good.test/x") },
    [A] = { cert = "good", "head", "send", FINAL } }
  local r = https.get("http://plain.test/", w:options{ allow_http = true,
    headers = { ["x-key"] = "s3cret" } })
  t.eq(r.url, "https://good.test/x", "url")
  t.eq(r.tls.verified, true, "verified")
  w:without(A, "s3cret")
end)

---------------------------------------------------------------------------
-- Another origin: what goes along, and what stays behind.

-- header, whether it goes along
local headers = {
  { "accept", true }, { "accept-language", true }, { "accept-charset", true },
  { "accept-encoding", true }, { "accept-datetime", true },
  { "user-agent", true }, { "range", true }, { "if-range", true },
  { "if-match", true }, { "if-none-match", true },
  { "if-modified-since", true }, { "if-unmodified-since", true },
  { "content-type", true }, { "content-encoding", true },
  { "content-language", true }, { "Accept", true }, { "USER-AGENT", true },
  { "authorization", false }, { "Authorization", false },
  { "cookie", false }, { "Cookie", false },
  { "x-api-key", false }, { "x-auth-token", false }, { "x-csrf-token", false },
  { "api-key", false }, { "referer", false }, { "origin", false },
  { "from", false }, { "forwarded", false }, { "x-forwarded-for", false },
  { "private-token", false }, { "dpop", false }, { "date", false },
  { "x-accept", false }, { "acceptance", false }, { "if-secret", false },
  { "content-secret", false }, { "x-user-agent", false },
}

-- The places that a redirect leads to: what is the same in all of these is
-- only what is written in a row.
local origins = {
  { "another port", "https://good.test:8443/x", B, "good" },
  { "another host", "https://two-a.test/x", OTHER, "two" },
}

for _, place in ipairs(origins) do
  local where, location, name, cert = table.unpack(place)
  for _, row in ipairs(headers) do
    t.test(("header %s to %s"):format(row[1], where), function ()
      local w <close> = wire.open{
        [A] = { cert = "good", "head", "send", redirect(307, location) },
        [name] = { cert = cert, "head", "send", FINAL } }
      https.get(START, w:options{ headers = { [row[1]] = "s3cret" } })
      local lower = row[1]:lower()
      t.eq(w:requests(A)[1].headers[lower], "s3cret", "to the first")
      local second = w:requests(name)[1]
      if row[2] then
        t.eq(second.headers[lower], "s3cret", "to the second")
      else
        w:without(name, "s3cret")
        t.eq(second.headers[lower], nil, "to the second")
      end
      t.eq(second.headers.host, name:gsub(":443$", ""), "host")
    end)
  end

  -- label, options that carry a secret
  local secrets = {
    { "basic auth", { auth = { "joe", "s3cret" } }, "am9lOnMzY3JldA==" },
    { "bearer auth", { auth = { bearer = "s3cret" } } },
    { "auth by a function", { auth = function (request)
      request.headers["x-signed"] = "s3cret"
    end } },
    { "cookies", { cookies = { sid = "s3cret" } } },
    { "several headers", { headers = { ["x-a"] = { "s3cret", "s3cret" },
      ["authorization"] = "Bearer s3cret" } } },
  }
  for _, row in ipairs(secrets) do
    t.test(("%s to %s"):format(row[1], where), function ()
      local w <close> = wire.open{
        [A] = { cert = "good", "head", "send", redirect(308, location) },
        [name] = { cert = cert, "head", "send", FINAL } }
      https.post(START, w:options(row[2]))
      t.match(w:requests(A)[1].text, row[3] or "s3cret", "to the first")
      w:without(name, "s3cret", "am9l", "authorization", "cookie")
    end)
  end

  t.test("auth of a session to " .. where, function ()
    local w <close> = wire.open{
      [A] = { cert = "good", "head", "send", redirect(302, location) },
      [name] = { cert = cert, "head", "send", FINAL } }
    local s <close> = https.session(w:options{ auth = { "joe", "s3cret" },
      base = "https://good.test/", headers = { ["x-key"] = "s3cret" } })
    s:get("dir")
    t.match(w:requests(A)[1].headers.authorization, "^Basic ", "to the first")
    w:without(name, "s3cret", "am9l", "authorization")
  end)

  t.test("password in the URL, to " .. where, function ()
    local w <close> = wire.open{
      [A] = { cert = "good", "head", "send", redirect(302, location) },
      [name] = { cert = cert, "head", "send", FINAL } }
    local r = https.get("https://joe:s3cret@good.test/", w:options())
    t.eq(r.history[1].url, "https://good.test/", "url")
    t.match(w:requests(A)[1].headers.authorization, "^Basic ", "to the first")
    w:without(name, "s3cret", "am9l", "authorization")
  end)

  t.test("back from " .. where, function ()
    local w <close> = wire.open{
      [A] = { cert = "good", "head", "send", redirect(302, location),
        "head", "send", FINAL },
      [name] = { cert = cert, "head", "send",
        redirect(302, "https://good.test/back") } }
    https.get(START, w:options{ auth = { "joe", "s3cret" },
      headers = { ["x-key"] = "s3cret", accept = "a/b" } })
    w:without(name, "s3cret", "am9l", "authorization")
    local back = w:requests(A)[2]
    t.match(back.headers.authorization, "^Basic ", "authorization")
    -- Who came from elsewhere may have been sent here by somebody else.
    t.eq(back.headers["x-key"], nil, "x-key")
    t.eq(back.headers.accept, "a/b", "accept")
  end)
end

-- redirects, headers, which of them arrive
local kept = {
  { { keep = { "x-a" } }, { ["x-a"] = "1", ["x-b"] = "2" }, { "x-a" } },
  { { keep = { "X-A" } }, { ["x-a"] = "1", ["x-b"] = "2" }, { "x-a" } },
  { { keep = { "x-a" } }, { ["X-A"] = { "1", "2" } }, { "x-a" } },
  { { keep = { "x-a", "x-b" } }, { ["x-a"] = "1", ["x-b"] = "2" },
    { "x-a", "x-b" } },
  { { keep = {} }, { ["x-a"] = "1" }, {} },
  { { keep = { "x" } }, { ["x-a"] = "1" }, {} },
  { { keep = { "x-*" } }, { ["x-a"] = "1" }, {} },
  { { keep = { "authorization" } }, { authorization = "Bearer x" },
    { "authorization" } },
}

for i, row in ipairs(kept) do
  t.test("keep, row " .. i, function ()
    local w <close> = wire.open{
      [A] = { cert = "good", "head", "send",
        redirect(302, "https://good.test:8443/") },
      [B] = { cert = "good", "head", "send", FINAL } }
    https.get(START, w:options{ redirects = row[1], headers = row[2] })
    local got, wanted = w:requests(B)[1].headers, {}
    for _, name in ipairs(row[3]) do wanted[name] = true end
    for name, value in pairs(row[2]) do
      if type(value) == "table" then value = table.concat(value, "|") end
      name = name:lower()
      t.eq(got[name], wanted[name] and value or nil, name)
    end
  end)
end

t.test("keep does not keep auth", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send",
      redirect(302, "https://good.test:8443/") },
    [B] = { cert = "good", "head", "send", FINAL } }
  https.get(START, w:options{ auth = { bearer = "s3cret" },
    redirects = { keep = { "x-a" } } })
  w:without(B, "s3cret", "authorization")
end)

t.test("the same origin gets everything again", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    redirect(302, "https://GOOD.test:443/x"), "head", "send", FINAL } }
  https.get(START, w:options{ auth = { "joe", "s3cret" },
    cookies = { sid = "1" }, headers = { ["x-key"] = "2", host = "alias" } })
  local one, two = table.unpack(w:requests(A))
  t.eq(one.headers.cookie, "sid=1", "cookie")
  for _, name in ipairs{ "authorization", "cookie", "x-key", "host",
      "user-agent", "accept", "accept-encoding" } do
    t.eq(two.headers[name], one.headers[name], name)
  end
end)

t.test("a password in Location is not sent", function ()
  for _, place in ipairs{ "https://joe:s3cret@good.test/x",
      "https://joe:s3cret@good.test:8443/x", "//joe:s3cret@good.test/x" } do
    local w <close> = wire.open{
      [A] = { cert = "good", "head", "send", redirect(302, place), "head",
        "send", FINAL },
      [B] = { cert = "good", "head", "send", FINAL } }
    local r = https.get(START, w:options())
    t.eq(r.body, "final", "body")
    t.eq(r.url:find("s3cret", 1, true), nil, "url")
    w:without(A, "s3cret", "joe", "am9l", "authorization")
    w:without(B, "s3cret", "joe", "am9l", "authorization")
  end
end)

-- Nor does it take the place of the script's own.
t.test("a password in Location does not replace the script's", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    redirect(302, "https://eve:evil@good.test/x"), "head", "send", FINAL } }
  https.get(START, w:options{ auth = { "joe", "s3cret" } })
  local one, two = table.unpack(w:requests(A))
  t.eq(two.headers.authorization, one.headers.authorization, "authorization")
end)

-- The name to verify belongs to the URL it was given for.
t.test("servername stays behind", function ()
  local w <close> = wire.open{
    ["alias.test:443"] = { cert = "good", "head", "send",
      redirect(302, "/again"), "head", "send",
      redirect(302, "https://two-a.test/") },
    [OTHER] = { cert = "two", "head", "send", FINAL } }
  local r = https.get("https://alias.test/",
    w:options{ servername = "good.test" })
  t.eq(r.body, "final", "body")
  local first = table.concat(w:lines "alias.test:443", "\n")
  t.match(first, "tls 0 %S+ good%.test", "name of the first")
  t.match(table.concat(w:lines(OTHER), "\n"), "tls 0 %S+ two%-a%.test",
    "name of the second")
end)

t.test("servername of the first is not that of the second", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send",
      redirect(302, "https://two-a.test/") },
    [OTHER] = { cert = "good", "head", "send", FINAL } }
  local err = t.raises(function ()
    https.get(START, w:options{ servername = "good.test" })
  end, "verify", "name-mismatch")
  t.eq(err.sent, false, "sent")
  t.eq(w:requests(OTHER), {}, "requests")
end)

---------------------------------------------------------------------------
-- Cookies on the way.

t.test("a cookie that a redirect sets goes to the next", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send",
      redirect(302, "/x\r\nset-cookie: sid=2; path=/"), "head", "send",
      redirect(302, "https://two-a.test/") },
    [OTHER] = { cert = "two", "head", "send", FINAL } }
  local s <close> = https.session(w:options())
  s:get(START, { cookies = { own = "3" } })
  local one, two = table.unpack(w:requests(A))
  t.eq(one.headers.cookie, "own=3", "first")
  t.match(two.headers.cookie, "sid=2", "second")
  t.match(two.headers.cookie, "own=3", "second")
  w:without(OTHER, "sid", "own", "cookie")
end)

t.test("a cookie that a redirect replaces is sent once", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send",
      peer.answer("", "set-cookie: sid=1; path=/\r\n"), "head", "send",
      redirect(302, "/x\r\nset-cookie: sid=2; path=/"), "head", "send",
      redirect(302, "/y\r\nset-cookie: sid=; max-age=0; path=/"), "head",
      "send", FINAL } }
  local s <close> = https.session(w:options())
  s:get(START)
  s:get(START)
  local got = w:requests(A)
  t.eq(got[1].headers.cookie, nil, "first")
  t.eq(got[2].headers.cookie, "sid=1", "second")
  t.eq(got[3].headers.cookie, "sid=2", "third")
  t.eq(got[4].headers.cookie, nil, "fourth")
end)

---------------------------------------------------------------------------
-- Bodies.

local dir = t.tmpdir()
t.write(dir .. "/body", "0123456789")

-- A handle in the middle of that file.
local function handle (at)
  local f = assert(io.open(dir .. "/body", "rb"))
  f:seek("set", at)
  return f
end

-- label, a function that makes options, what arrives, both times
local replayed = {
  { "a string", function () return { body = "hello" } end, "^hello$" },
  { "an empty string", function () return { body = "" } end, "^$" },
  { "json", function () return { json = { 1, 2 } } end, "^%[1, ?2%]$" },
  { "form", function () return { form = { a = "b" } } end, "^a=b$" },
  { "a file", function () return { body = handle(0) } end, "^0123456789$" },
  { "a file from the middle", function () return { body = handle(4) } end,
    "^456789$" },
  { "multipart", function ()
    return { multipart = { { name = "a", value = "b" } } }
  end, 'name="a"\r\n\r\nb\r\n' },
  { "multipart of a path", function ()
    return { multipart = { { name = "a", file = dir .. "/body" } } }
  end, "\r\n\r\n0123456789\r\n" },
  { "multipart of a handle", function ()
    return { multipart = { { name = "a", file = handle(7) } } }
  end, "\r\n\r\n789\r\n" },
}

-- How long such a body is, for rawd to read it.
local function length_of (options)
  local server <close> = peer.httpsd{ "good" }
  return tonumber(https.post(server:url "/echo", server:options(options)).body
    :lower():match "content%-length: (%d+)")
end

for _, row in ipairs(replayed) do
  for _, to in ipairs{ "/x", "https://good.test:8443/x" } do
    t.test(("%s again at %s"):format(row[1], to), function ()
      local n = length_of(row[2]())
      local own = { "head", "body", n, "send", redirect(307, to), "head",
        "body", n, "send", FINAL, cert = "good" }
      local other = { "head", "body", n, "send", FINAL, cert = "good" }
      local w <close> = wire.open{ [A] = own, [B] = other }
      t.eq(https.post(START, w:options(row[2]())).body, "final", "body")
      local got = w:requests(A)
      local second = to == "/x" and got[2] or w:requests(B)[1]
      for i, request in ipairs{ got[1], second } do
        t.match(request.body, row[3], "body " .. i)
        t.eq(request.headers["content-length"], tostring(n), "length " .. i)
      end
      t.eq(second.headers["content-type"], got[1].headers["content-type"],
        "content-type")
    end)
  end
end

-- label, a body that can be sent once
local function pipe () return assert(io.popen("printf hello", "r")) end
local once = {
  { "a function", function () return { body = pieces("he", "llo") } end },
  { "a function with a length", function ()
    return { body = pieces("he", "llo"),
      headers = { ["content-length"] = 5 } }
  end },
  { "a pipe", function () return { body = pipe() } end },
  { "a function in multipart", function ()
    return { multipart = { { name = "a", body = pieces("hello") } } }
  end },
}

for _, row in ipairs(once) do
  for _, status in ipairs{ 301, 307, 308 } do
    t.test(("%s is not sent twice, %d"):format(row[1], status), function ()
      local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
        redirect(status, "/x"), "wait" } }
      refused(function ()
        https.put(START, w:options(row[2]()))
      end, "body", status)
      t.eq(#w:requests(A), 1, "requests")
    end)
  end
  t.test(row[1] .. " is not needed for a GET", function ()
    local w <close> = wire.open{ [A] = { cert = "good", { "head", "send",
      redirect(303, "/x\r\nconnection: close"), "stall" },
      { "head", "send", FINAL } } }
    local r = https.post(START, w:options(row[2]()))
    t.eq(r.body, "final", "body")
    local h = w:requests(A)[2].headers
    t.eq(h["transfer-encoding"], nil, "transfer-encoding")
    t.eq(h["content-length"], nil, "content-length")
    t.eq(h["content-type"], nil, "content-type")
  end)
end

---------------------------------------------------------------------------
-- With other options.

t.test("stream: the last body is the stream", function ()
  local w <close> = chain_of(2)
  local r <close> = https.get(START, w:options{ stream = true })
  t.eq(r.history[1].body, "to 1", "body of the first")
  t.eq(r.history[2].body, "to 2", "body of the second")
  t.eq(r.body, nil, "body")
  t.eq(r:read "a", "final", "read")
end)

t.test("params go to the first alone", function ()
  local w <close> = chain_of(1)
  https.get("https://good.test/", w:options{ params = { a = "s3cret" } })
  local got = w:requests(A)
  t.eq(got[1].target, "/?a=s3cret", "first")
  t.eq(got[2].target, "/1", "second")
end)

t.test("without the step nothing is followed", function ()
  local w <close> = chain_of(1)
  local s <close> = https.session(w:options())
  s:remove "redirects"
  t.eq(s:get(START).status, 302, "status")
  t.eq(#w:requests(A), 1, "requests")
end)

t.test("verify=false is followed with its warning alone", function ()
  local w <close> = wire.open{
    [A] = { cert = "good", "head", "send",
      redirect(302, "https://two-a.test/") },
    [OTHER] = { cert = "self", "head", "send", FINAL } }
  warn "@off"
  t.eq(https.get(START, w:options{ verify = false }).body, "final", "body")
end)

t.finish()
