-- Middlewares: their order, what they may do to a request and to its answer,
-- and what becomes of connections when they fail.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local https = require "https"

local A = "good.test:443"
local URL = "https://good.test/x"
local FINAL = peer.answer "final"

-- A session without a network: its transport answers with what fn makes, and
-- keeps the requests it got.
local function stubbed (fn, o)
  local s = https.session(o or {})
  s.seen = {}
  s.transport = function (request)
    s.seen[#s.seen + 1] = request
    return fn and fn(request, #s.seen) or https.response{ status = 200,
      body = "stub", url = request.url }
  end
  return s
end

-- A middleware that leaves its name in a list, on the way in and out.
local function tracer (trace, name)
  return function (request, next)
    trace[#trace + 1] = name
    local response = next(request)
    trace[#trace + 1] = "/" .. name
    return response
  end
end

local function names_of (s)
  local names = {}
  for i, step in ipairs(s.chain) do names[i] = step.name end
  return table.concat(names, " ")
end

local BUILT_IN = "redirects retries cookies auth decoding"
local is_built_in = {}
for name in BUILT_IN:gmatch "%S+" do is_built_in[name] = true end

---------------------------------------------------------------------------
-- Order.

t.test("the built-in steps", function ()
  local s <close> = https.session()
  t.eq(names_of(s), BUILT_IN, "names")
  for _, step in ipairs(s.chain) do
    t.eq(type(step.fn), "function", step.name)
  end
end)

-- label, what is done to a session by its methods and f(name), names after it
local orders = {
  { "use", function (s, f) s:use(f "a", { name = "a" }) end,
    "a " .. BUILT_IN },
  { "the first that is added is outermost", function (s, f)
    s:use(f "a", { name = "a" }):use(f "b", { name = "b" })
  end, "a b " .. BUILT_IN },
  { "before the first", function (s, f)
    s:use(f "a", { name = "a" })
    s:use(f "b", { name = "b", before = "a" })
  end, "b a " .. BUILT_IN },
  { "after one's own", function (s, f)
    s:use(f "a", { name = "a" }):use(f "b", { name = "b" })
    s:use(f "c", { name = "c", after = "a" })
  end, "a c b " .. BUILT_IN },
  { "before redirects", function (s, f)
    s:use(f "a", { name = "a", before = "redirects" })
  end, "a " .. BUILT_IN },
  { "after redirects", function (s, f)
    s:use(f "a", { name = "a", after = "redirects" })
  end, "redirects a retries cookies auth decoding" },
  { "before retries", function (s, f)
    s:use(f "a", { name = "a", before = "retries" })
  end, "redirects a retries cookies auth decoding" },
  { "before auth", function (s, f)
    s:use(f "a", { name = "a", before = "auth" })
  end, "redirects retries cookies a auth decoding" },
  { "after decoding", function (s, f)
    s:use(f "a", { name = "a", after = "decoding" })
  end, BUILT_IN .. " a" },
  { "outside although one is inside", function (s, f)
    s:use(f "a", { name = "a", after = "decoding" })
    s:use(f "b", { name = "b" })
  end, "b " .. BUILT_IN .. " a" },
  { "remove", function (s) s:remove "cookies" end,
    "redirects retries auth decoding" },
  { "remove one's own", function (s, f)
    s:use(f "a", { name = "a" }):use(f "b", { name = "b" }):remove "a"
  end, "b " .. BUILT_IN },
  { "remove all", function (s)
    for _, name in ipairs{ "redirects", "retries", "cookies", "auth",
        "decoding" } do
      s:remove(name)
    end
  end, "" },
  { "a table that brings its place along", function (s, f)
    s:use{ fn = f "a", name = "a", after = "redirects" }
  end, "redirects a retries cookies auth decoding" },
  { "replace", function (s, f)
    s:use(f "mine", { name = "mine", before = "auth" }):remove "auth"
  end, "redirects retries cookies mine decoding" },
  { "by hand, in front", function (s, f)
    table.insert(s.chain, 1, { name = "a", fn = f "a" })
  end, "a " .. BUILT_IN },
  { "by hand, behind", function (s, f)
    table.insert(s.chain, { name = "a", fn = f "a" })
  end, BUILT_IN .. " a" },
  { "by hand, another list", function (s, f)
    s.chain = { { name = "a", fn = f "a" }, { name = "b", fn = f "b" } }
  end, "a b" },
  { "by hand, the last out", function (s) table.remove(s.chain) end,
    "redirects retries cookies auth" },
  { "by hand, swapped", function (s, f)
    s:use(f "a", { name = "a" }):use(f "b", { name = "b" })
    s.chain[1], s.chain[2] = s.chain[2], s.chain[1]
  end, "b a " .. BUILT_IN },
}

for _, row in ipairs(orders) do
  for _, when in ipairs{ "before", "after" } do
    t.test(("%s, %s the first request"):format(row[1], when), function ()
      local trace = {}
      local s <close> = stubbed()
      if when == "after" then s:get(URL) end
      row[2](s, function (name) return tracer(trace, name) end)
      t.eq(names_of(s), row[3], "names")
      local r = s:get(URL)
      t.eq(r.body, "stub", "body")
      -- Those that trace are run in the order of their names, and back.
      local want = {}
      for name in row[3]:gmatch "%S+" do
        if not is_built_in[name] then want[#want + 1] = name end
      end
      for i = #want, 1, -1 do want[#want + 1] = "/" .. want[i] end
      t.eq(trace, want, "order")
    end)
  end
end

t.test("a step of the list that gets another function", function ()
  local trace = {}
  local s <close> = stubbed()
  s:use(tracer(trace, "a"), { name = "a" })
  s:get(URL)
  s.chain[1].fn = tracer(trace, "b")
  s:get(URL)
  t.eq(trace, { "a", "/a", "b", "/b" }, "order")
end)

t.test("a step that is added while a request is under way", function ()
  local trace = {}
  local s <close> = stubbed()
  s:use(function (request, next)
    s:use(tracer(trace, "late"), { name = "late" })
    return next(request)
  end)
  s:get(URL)
  t.eq(trace, {}, "this request")
  s.chain[1].fn = tracer(trace, "a")
  s:get(URL)
  t.eq(trace, { "a", "late", "/late", "/a" }, "the next")
end)

-- Calls that say the same share their options, but not with a script's own.
-- label, what is put in the way of a call; it writes to the options
local writers = {
  { "a step", function (s, write)
    s:use(function (request, next)
      write(request.options)
      return next(request)
    end)
  end },
  { "a transport", function (s, write)
    local inner = s.transport
    s.transport = function (request)
      write(request.options)
      return inner(request)
    end
  end },
  { "a function that signs", function (s, write)
    s.defaults.auth = function (request) write(request.options) end
  end },
}

for _, row in ipairs(writers) do
  t.test(row[1] .. " that writes to options reaches no other call", function ()
    local s <close> = stubbed()
    local seen = {}
    row[2](s, function (options)
      seen[#seen + 1] = options.max_body
      options.max_body = 7
    end)
    local own = { max_body = 1000 }
    for _ = 1, 3 do s:get(URL, own) end
    t.eq(seen, { 1000, 1000, 1000 }, "max_body")
    t.eq(own, { max_body = 1000 }, "the script's own")
  end)
end

t.test("a request of its own, made by a middleware", function ()
  local s <close> = stubbed()
  s:use(function (request, next)
    if not request.url:find "token" then
      request.headers["x-token"] = s:get("https://good.test/token").body
    end
    return next(request)
  end)
  s:get(URL)
  t.eq(#s.seen, 2, "requests")
  t.eq(s.seen[1].url, "https://good.test/token", "first")
  t.eq(s.seen[2].headers["x-token"], "stub", "second")
end)

t.test("the same in two sessions", function ()
  local trace = {}
  local a <close> = stubbed()
  local b <close> = stubbed()
  a:use(tracer(trace, "a"))
  b:get(URL)
  t.eq(trace, {}, "the other")
  a:get(URL)
  t.eq(trace, { "a", "/a" }, "the one")
end)

-- label, what is done, code, part of the message
local refusals = {
  { "no function", function (s) s:use("x") end, "type", "string" },
  { "nothing", function (s) s:use() end, "type" },
  { "an empty table", function (s) s:use{} end, "type" },
  { "a table without a function", function (s) s:use{ fn = "x" } end,
    "type" },
  { "before nobody", function (s) s:use(print, { before = "nobody" }) end,
    "value", "'nobody'.*redirects.*decoding" },
  { "after nobody", function (s) s:use(print, { after = "Retries" }) end,
    "value", "'Retries'" },
  { "before and after", function (s)
    s:use(print, { before = "auth", after = "redirects" })
  end, "value" },
  { "an unknown option", function (s) s:use(print, { befor = "auth" }) end,
    "option", "'befor'" },
  { "options that are none", function (s) s:use(print, "auth") end, "type" },
  { "a name that is none", function (s) s:use(print, { name = 5 }) end,
    "type" },
  { "before what is no name", function (s) s:use(print, { before = 1 }) end,
    { "type", "value" } },
  { "remove nobody", function (s) s:remove "nobody" end, "value",
    "'nobody'.*redirects" },
  { "remove twice", function (s)
    s:remove "auth"
    s:remove "auth"
  end, "value", "'auth'" },
  { "remove nothing", function (s) s:remove() end, { "type", "value" } },
}

for _, row in ipairs(refusals) do
  t.test("refused: " .. row[1], function ()
    local s <close> = stubbed()
    local err = t.raises(function () row[2](s) end, "usage", row[3])
    t.match(err.where, "^tests/lua/chain_test%.lua:%d+$", "where")
    if row[4] then t.match(err.message, row[4], "message") end
    t.eq(s:get(URL).body, "stub", "and the chain works")
  end)
end

---------------------------------------------------------------------------
-- What a middleware sees.

t.test("the request", function ()
  local s <close> = stubbed(nil, { headers = { ["x-s"] = "1" } })
  local seen
  s:use(function (request, next)
    seen = { method = request.method, url = request.url, body = request.body,
      a = request.headers["X-A"], s = request.headers["x-s"],
      type = request.headers["content-type"],
      agent = request.headers["user-agent"],
      timeout = request.options.timeout, own = request.options.max_body }
    return next(request)
  end)
  s:request("post", "https://joe:s3cret@GOOD.test:443/a/../x#part", {
    body = "hello", timeout = 5, max_body = 100,
    headers = { ["x-a"] = "b", ["content-type"] = "text/x" } })
  t.eq(seen, { method = "POST", url = "https://good.test/x", body = "hello",
    a = "b", s = "1", type = "text/x", agent = "lurl/" .. https.version,
    timeout = 5, own = 100 }, "request")
end)

t.test("the body of each form", function ()
  local s <close> = stubbed()
  local body
  s:use(function (request, next)
    body = request.body
    return next(request)
  end)
  s:post(URL, { json = { a = 1 } })
  t.eq(body, '{"a":1}', "json")
  s:post(URL, { form = { a = 1 } })
  t.eq(body, "a=1", "form")
  s:get(URL)
  t.eq(body, nil, "none")
  s:post(URL, { body = function () end })
  t.eq({ type(body.open), body.length, body.replayable },
    { "function", nil, false }, "function")
  s:post(URL, { multipart = { { name = "a", value = "b" } } })
  t.eq({ type(body.open), math.type(body.length), body.replayable },
    { "function", "integer", true }, "multipart")
end)

---------------------------------------------------------------------------
-- What it may change.  The server's record says what was sent.

-- label, middleware, pattern of the request that arrives, its body
local changes = {
  { "method", function (request, next)
    request.method = "OPTIONS"
    return next(request)
  end, "^OPTIONS /x " },
  { "url", function (request, next)
    request.url = "https://good.test/other?q"
    return next(request)
  end, "^GET /other%?q " },
  { "a url with a part to leave out", function (request, next)
    request.url = "https://GOOD.test:443/y#part"
    return next(request)
  end, "^GET /y HTTP.*\r\nhost: good%.test\r\n" },
  { "a header", function (request, next)
    request.headers["x-a"] = "b"
    return next(request)
  end, "\r\nx%-a: b\r\n" },
  { "all headers", function (request, next)
    request.headers = { ["x-b"] = { "1", "2" }, ["x-a"] = 3 }
    return next(request)
  end, "\r\nx%-a: 3\r\nx%-b: 1\r\nx%-b: 2\r\n" },
  { "headers, while it looks at them", function (request, next)
    request.headers["x-a"], request.headers["x-b"] = { "1", "2" }, "3"
    for name in pairs(request.headers) do
      request.headers[name] = nil
      if name == "x-b" then request.headers:add("x-c", "4") end
    end
    return next(request)
  end, "^GET /x HTTP/1.1\r\nhost: good.test\r\nx%-c: 4\r\n"
    .. "accept%-encoding: [^\r]*\r\n\r\n$" },
  { "a list of headers", function (request, next)
    request.headers["x-a"] = { "b", "c" }
    return next(request)
  end, "\r\nx%-a: b\r\nx%-a: c\r\n" },
  { "a default header", function (request, next)
    request.headers["user-agent"] = "me"
    request.headers.accept = nil
    return next(request)
  end, "^GET /x HTTP/1.1\r\nhost: good.test\r\nuser%-agent: me\r\n" ..
    "accept%-encoding: [^\r]*\r\n\r\n$" },
  { "body", function (request, next)
    request.method, request.body = "POST", "hello"
    return next(request)
  end, "^POST .*\r\ncontent%-length: 5\r\n", "hello" },
  { "a body object", function (request, next)
    request.method = "POST"
    request.body = { length = 5, replayable = true, open = function ()
      local left = { "he", "llo" }
      return function () return table.remove(left, 1) end
    end }
    return next(request)
  end, "\r\ncontent%-length: 5\r\n", "hello" },
  { "options", function (request, next)
    request.options.compress = false
    return next(request)
  end, "^GET /x HTTP/1.1\r\nhost: good.test\r\nuser%-agent: [^\r]*\r\n" ..
    "accept: [^\r]*\r\n\r\n$" },
  { "a body from a function", function (request, next)
    local left = { "he", "llo" }
    request.method = "POST"
    request.body = function () return table.remove(left, 1) end
    request.headers["content-length"] = 5
    return next(request)
  end, "\r\ncontent%-length: 5\r\n", "hello" },
  { "another request altogether", function (request, next)
    local other = require "https.request".copy(request)
    other.url = "https://good.test/copy"
    other.headers["x-a"] = "b"
    t.eq(request.headers["x-a"], nil, "header of the first")
    return next(other)
  end, "^GET /copy .*\r\nx%-a: b\r\n" },
}

for _, row in ipairs(changes) do
  t.test("changes " .. row[1], function ()
    local steps = { cert = "good", "head", "send", FINAL }
    if row[4] then steps = { cert = "good", "head", "body", #row[4], "send",
      FINAL } end
    local w <close> = wire.open{ [A] = steps }
    local s <close> = https.session(w:options())
    s:use(row[2])
    t.eq(s:get(URL).body, "final", "body")
    local got = w:requests(A)
    t.eq(#got, 1, "requests")
    t.match(got[1].text, row[3], "request")
    t.eq(got[1].body, row[4], "body that was sent")
  end)
end

-- Requests that say nothing of their own share their headers: whatever one of
-- them adds, and however, the next one does not say it.
-- label, session, options of the one call, the header that it adds
local additions = {
  { "option headers", {}, { headers = { ["x-secret"] = "s" } }, "x-secret" },
  { "auth", {}, { auth = { "u", "p" } }, "authorization" },
  { "a signature", {}, { auth = function (request)
    request.headers["x-secret"] = "s"
  end }, "x-secret" },
  { "cookies", {}, { cookies = { a = "s" } }, "cookie" },
  { "a step", { use = function (request, next)
    if request.options.max_body then request.headers["x-secret"] = "s" end
    return next(request)
  end }, { max_body = 1000 }, "x-secret" },
  { "a request that is changed by its auth", {}, { auth = function (request)
    local other = request:copy()
    other.headers["x-secret"] = "s"
    return other
  end }, "x-secret" },
}

-- Nothing that has a say in the request itself, as a time-out has; and what
-- makes the way to a server, as option resolve does, would be worked out anew.
local function plainly (o)
  o.ca, o.servername = peer.pem "root", "good.test"
  return o
end

local function answers (count)
  local steps = { cert = "good" }
  for _ = 1, count do
    table.move({ "head", "send", FINAL }, 1, 3, #steps + 1, steps)
  end
  return peer.rawd(steps)
end

local function three_gets (row, get)
  local p <close> = answers(3)
  get("https://127.0.0.1:" .. p.port .. "/x")
  local got = wire.requests(p:stop())
  t.eq(#got, 3, "requests")
  t.ok(got[2].headers[row[4]], "the one says it")
  t.eq(got[1].headers[row[4]], nil, "the one before")
  t.eq(got[3].text, got[1].text, "the one after")
end

for _, row in ipairs(additions) do
  t.test("nothing is left of " .. row[1], function ()
    three_gets(row, function (url)
      local s <close> = https.session(plainly {})
      if row[2].use then s:use(row[2].use) end
      s:get(url)
      s:get(url, row[3])
      s:get(url)
    end)
  end)
  if not row[2].use then
    t.test("nor among https's own of " .. row[1], function ()
      local with = plainly {}
      for name, value in pairs(row[3]) do with[name] = value end
      three_gets(row, function (url)
        https.get(url, plainly {})
        https.get(url, with)
        https.get(url, plainly {})
      end)
    end)
  end
end

t.test("a transport of the script's own may write to headers", function ()
  local s <close> = https.session(plainly {})
  s.transport = function (request)
    t.eq(request.headers["x-own"], nil, "nothing of the one before")
    request.headers["x-own"] = "1"
    return https.response{ status = 200, url = request.url }
  end
  for _ = 1, 2 do s:get "https://127.0.0.1:1/" end
end)

t.test("methods that begin alike, to the same place", function ()
  local p <close> = answers(6)
  local url = "https://127.0.0.1:" .. p.port .. "/x"
  local s <close> = https.session(plainly {})
  for _, method in ipairs{ "GET", "GET", "GEX", "GETX", "GET" } do
    s:request(method, url)
  end
  for _, method in ipairs{ "GET /x", "GET /x HTTP/1.1\r\nhost:", "GET ", "" } do
    t.raises(function () s:request(method, url) end, "usage", "value")
  end
  s:get(url)
  t.eq(wire.methods(wire.requests(p:stop())),
    "GET /x, GET /x, GEX /x, GETX /x, GET /x, GET /x", "methods")
end)

t.test("headers that are frozen", function ()
  local core = require "https.core"
  local h = core.headers()
  h["a"] = "1"
  t.eq(core.freeze(h), h, "itself")
  for label, write in pairs{
    assignment = function () h["a"] = "2" end,
    ["taking out"] = function () h["a"] = nil end,
    add = function () h:add("b", "2") end,
    extend = function () h:extend(h:copy()) end,
    ["a default"] = function () h:add_default("2", "b") end,
  } do
    local ok, err = pcall(write)
    t.ok(not ok and https.is(err, "usage", "value"), label)
    t.match(err.message, "frozen", label)
  end
  t.eq({ h["a"], #h }, { "1", 1 }, "unchanged")
  local copy = h:copy()
  copy["a"] = "2"
  t.eq({ h["a"], copy["a"] }, { "1", "2" }, "a copy is not")
end)

-- label, middleware, code: nothing is sent
local bad_changes = {
  { "a url that is none", function (r) r.url = "good.test/x" end, "url" },
  { "a url of another kind", function (r) r.url = "ftp://good.test/" end,
    "url" },
  { "plain http", function (r) r.url = "http://good.test/" end, "url" },
  { "a url with a line end", function (r)
    r.url = "https://good.test/\r\nx-evil: 1"
  end, "url" },
  { "no url", function (r) r.url = nil end, { "type", "url" } },
  { "a method with a space", function (r) r.method = "GET /evil" end,
    "value" },
  { "no headers", function (r) r.headers = nil end, "type" },
  { "headers that are a string", function (r) r.headers = "a: b" end, "type" },
  { "all headers, one with a line end", function (r)
    r.headers = { ["x-a"] = "b\r\nx-evil: 1" }
  end, "value" },
  { "no options", function (r) r.options = nil end, "type" },
  { "no method", function (r) r.method = nil end, { "type", "value" } },
  { "a header with a line end", function (r)
    r.headers["x-a"] = "b\r\nx-evil: 1"
  end, "value" },
  { "a header's name with a line end", function (r)
    r.headers["x-a: b\r\nx-evil"] = "1"
  end, "value" },
  { "a header that is a function", function (r)
    r.headers["x-a"] = print
  end, "type" },
  { "a body that is a number", function (r) r.body = 5 end, "type" },
  { "a body that is a table", function (r) r.body = {} end, "type" },
  { "transfer-encoding", function (r)
    r.headers["transfer-encoding"] = "chunked"
  end, "value" },
  { "a content-length that is not the body's", function (r)
    r.body, r.headers["content-length"] = "hello", 4
  end, "value" },
  { "a servername that is none", function (r)
    r.options.servername = "a b"
  end, "value" },
}

for _, row in ipairs(bad_changes) do
  t.test("may not set " .. row[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      FINAL } }
    local s <close> = https.session(w:options())
    s:use(function (request, next)
      row[2](request)
      return next(request)
    end)
    local err = t.raises(function () s:post(URL) end, "usage", row[3])
    t.match(err.where, "^tests/lua/chain_test%.lua:%d+$", "where")
    t.eq(err.sent, false, "sent")
    t.eq(w:requests(A), {}, "requests")
    t.eq(tostring(err):find "%c", nil, "control byte in tostring")
  end)
end

-- label, what is handed on
local no_requests = {
  { "nothing", nil }, { "a URL", URL }, { "a plain table", { url = URL } },
  { "a response", https.response{} },
}

for _, row in ipairs(no_requests) do
  t.test("hands on " .. row[1], function ()
    local s <close> = stubbed()
    s:use(function (_, next) return next(row[2]) end, { name = "hand" })
    local err = t.raises(function () s:get(URL) end, "usage", "type")
    t.match(err.message, "'hand' must hand on a request", "message")
    t.match(err.where, "^tests/lua/chain_test%.lua:%d+$", "where")
  end)
end

-- What was given for one origin does not go to the place that a middleware
-- writes into the URL.
t.test("auth stays with its origin", function ()
  local w <close> = wire.open{ ["good.test:8443"] = { cert = "good", "head",
    "send", FINAL } }
  local s <close> = https.session(w:options{ auth = { "joe", "s3cret" } })
  s:use(function (request, next)
    request.url = "https://good.test:8443/"
    return next(request)
  end)
  s:get(URL, { cookies = { sid = "s3cret" } })
  w:without("good.test:8443", "authorization", "s3cret", "am9l")
end)

t.test("a password in the URL is not sent", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL } }
  local s <close> = https.session(w:options())
  s:use(function (request, next)
    request.url = "https://joe:s3cret@good.test/x"
    return next(request)
  end)
  local r = s:get(URL)
  t.eq(r.url, URL, "url")
  w:without(A, "s3cret", "joe", "am9l")
end)

t.test("options of one call do not become the session's", function ()
  local s <close> = stubbed(nil, { headers = { ["x-a"] = "1" } })
  s:use(function (request, next)
    request.options.max_body = 5
    request.options.verify = false
    request.headers["x-a"] = "2"
    return next(request)
  end)
  s:get(URL)
  s:remove(s.chain[1].name)
  s:get(URL)
  t.eq(s.seen[2].options.max_body, nil, "max_body")
  t.eq(s.seen[2].options.verify, nil, "verify")
  t.eq(s.seen[2].headers["x-a"], "1", "header")
end)

---------------------------------------------------------------------------
-- next: not at all, once, again.

t.test("next is not called", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "wait" } }
  local s <close> = https.session(w:options())
  s:use(function (request)
    return https.response{ status = 404, body = "cached", url = request.url }
  end)
  local r = s:get(URL)
  t.eq({ r.status, r.ok, r.body, r.url }, { 404, false, "cached", URL },
    "response")
  w:untouched(A)
end)

t.test("a step copies the response field by field", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL } }
  local s <close> = https.session(w:options())
  local copy = {}
  s:use(function (request, next)
    local response = next(request)
    for name, value in pairs(response) do copy[name] = value end
    return response
  end)
  local r = s:get(URL)
  for _, name in ipairs{ "status", "ok", "reason", "http", "headers", "url" } do
    t.eq(copy[name], r[name], name)
  end
  t.eq({ copy.reason, copy.http, copy.headers["content-length"] },
    { "OK", "1.1", "5" }, "what was not asked for")
end)

t.test("next is called again after reading", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer "one", "head", "send", peer.answer "two" } }
  local s <close> = https.session(w:options{ pool = { per_host = 1 } })
  local first
  s:use(function (request, next)
    first = next(request)
    local _ = first.body
    return next(request)
  end)
  local r = s:get(URL)
  t.eq({ first.body, r.body }, { "one", "two" }, "bodies")
  t.eq(r.timings.reused, true, "reused")
end)

t.test("next is called again after closing", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", "HTTP/1.1 200 OK\r\ncontent-length: 90000\r\n\r\n",
      "wait" }, { "head", "send", peer.answer "two" } } }
  local s <close> = https.session(w:options{ pool = { per_host = 1 } })
  s:use(function (request, next)
    next(request):close()
    return next(request)
  end)
  t.eq(s:get(URL).body, "two", "body")
  w:expect(A, "^eof 0$")
end)

t.test("next is called again, and the first is forgotten", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", "HTTP/1.1 503 X\r\ncontent-length: 90000\r\n\r\n",
      "wait" }, { "head", "send", peer.answer "two" } } }
  local s <close> = https.session(w:options())
  collectgarbage "stop"
  s:use(function (request, next)
    local first = next(request)
    if first.status == 503 then return next(request) end
    return first
  end)
  local r = s:get(URL)
  t.eq(r.body, "two", "body")
  w:expect(A, "^eof 0$")    -- and not when the collector comes round
  collectgarbage "restart"
end)

t.test("several at once, one of them returned", function ()
  local s <close> = stubbed(function (_, n)
    return https.response{ status = 200 + n }
  end)
  s:use(function (request, next)
    local all = { next(request), next(request), next(request) }
    return all[2]
  end)
  t.eq(s:get(URL).status, 202, "status")
  t.eq(#s.seen, 3, "requests")
end)

t.test("each next goes through all inner steps", function ()
  local trace = {}
  local s <close> = stubbed()
  s:use(function (request, next)
    next(request)
    return next(request)
  end)
  s:use(tracer(trace, "b"))
  s:get(URL)
  t.eq(trace, { "b", "/b", "b", "/b" }, "order")
end)

---------------------------------------------------------------------------
-- A middleware that fails.

local object = setmetatable({}, { __tostring = function () return "mine" end })

-- label, value that is raised
local values = {
  { "a string", "my own words" }, { "a table", { code = 5 } },
  { "an object", object }, { "a number", 5 }, { "false", false },
}

-- When it raises, and what the server says of the connection then: "none", or
-- it "ends", or is "kept" for the next request.
local moments = {
  { "before next", function (raise) return function () raise() end end,
    "none" },
  { "after next", function (raise) return function (request, next)
    next(request)
    raise()
  end end, "ends" },
  { "after reading", function (raise) return function (request, next)
    local _ = next(request).body
    raise()
  end end, "kept" },
  { "after a line", function (raise) return function (request, next)
    next(request):read(3)
    raise()
  end end, "ends" },
}

for _, moment in ipairs(moments) do
  for _, row in ipairs(values) do
    t.test(("raises %s %s"):format(row[1], moment[1]), function ()
      local first = { "head", "send", "HTTP/1.1 200 OK\r\ncontent-length: " ..
        "80000\r\n\r\n" .. ("x"):rep(1000) }
      if moment[3] == "ends" then
        first[4] = "wait"
      else
        table.move({ "repeat", 79000, "x", "head", "send", FINAL }, 1, 6, 4,
          first)
      end
      local w <close> = wire.open{ [A] = { cert = "good", first,
        { "head", "send", FINAL } } }
      local s <close> = https.session(w:options{ pool = { per_host = 1 } })
      local fails = true
      local fn = moment[2](function () error(row[2], 0) end)
      s:use(function (request, next)
        if not fails then return next(request) end
        return fn(request, next)
      end)
      collectgarbage "stop"
      local ok, err = pcall(s.get, s, URL)
      t.eq(ok, false, "ok")
      t.ok(rawequal(err, row[2]), "the value itself")
      if moment[3] == "none" then w:untouched(A) end
      if moment[3] == "ends" then w:expect(A, "^eof 0$") end
      collectgarbage "restart"
      if moment[3] == "none" then return end
      fails = false
      t.eq(s:get(URL).body, "final", "body of the next")
      t.eq(w:requests(A)[2].conn, moment[3] == "kept" and 0 or 1,
        "connection of the next")
    end)
  end
end

t.test("an error has its traceback's place", function ()
  local s <close> = stubbed()
  s:use(function () error "my own words" end)
  local _, err = pcall(s.get, s, URL)
  t.match(err, "^tests/lua/chain_test%.lua:%d+: my own words$", "message")
end)

t.test("an outer one may catch", function ()
  local w = wire.open{ [A] = { cert = "good", "wait" } }
  w:stop()
  local s <close> = https.session(w:options())
  s:use(function (request, next)
    local ok, r = pcall(next, request)
    if ok then return r end
    return https.response{ status = 599, body = r.kind .. "/" .. r.code }
  end)
  t.eq(s:get(URL).body, "connect/refused", "body")
end)

t.test("errors of the network come out as they are", function ()
  local w = wire.open{ [A] = { cert = "good", "wait" } }
  w:stop()
  local s <close> = https.session(w:options())
  local caught
  s:use(function (request, next)
    local ok, err = pcall(next, request)
    caught = err
    error(err, 0)
  end)
  local err = t.raises(function () s:get(URL) end, "connect", "refused")
  t.ok(rawequal(err, caught), "the value itself")
  t.eq(err.host, "good.test", "host")
end)

-- label, what it returns instead of a response
local no_responses = {
  { "nothing", function () end }, { "nil", function () return nil end },
  { "true", function () return true end },
  { "a string", function () return "body" end },
  { "a number", function () return 200 end },
  { "a plain table", function () return { status = 200 } end },
  { "the request", function (request) return request end },
}

for _, row in ipairs(no_responses) do
  for _, place in ipairs{ "redirects", "decoding" } do
    t.test(("returns %s, before %s"):format(row[1], place), function ()
      local s <close> = stubbed()
      s:use(row[2], { name = "careless", before = place })
      local err = t.raises(function () s:get(URL) end, "usage", "type")
      t.match(err.message, "'careless'", "message")
    end)
  end
  t.test(("a transport that returns %s"):format(row[1]), function ()
    local s <close> = https.session()
    s.transport = row[2]
    local err = t.raises(function () s:get(URL) end, "usage", "type")
    t.match(err.message, "transport", "message")
  end)
end

---------------------------------------------------------------------------
-- The transport, and responses that no server gave.

t.test("the transport gets what would be sent", function ()
  local s <close> = stubbed()
  s:put(URL, { json = { 1 }, auth = { "joe", "x" }, cookies = { a = "b" },
    params = { q = 1 }, headers = { ["x-a"] = "b" } })
  local request = s.seen[1]
  t.eq({ request.method, request.url, request.body },
    { "PUT", URL .. "?q=1", "[1]" }, "request")
  for name, want in pairs{ authorization = "^Basic am9lOng=$", cookie = "^a=b$",
      ["x-a"] = "^b$", ["content-type"] = "^application/json$",
      ["accept-encoding"] = "gzip" } do
    t.match(request.headers[name], want, name)
  end
end)

t.test("a transport around the transport", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL } }
  local s <close> = https.session(w:options())
  local inner, count = s.transport, 0
  s.transport = function (request)
    count = count + 1
    return inner(request)
  end
  t.eq(s:get(URL).body, "final", "body")
  t.eq(count, 1, "count")
end)

t.test("a stub passes through the steps", function ()
  local s <close> = stubbed(function (request, n)
    if n == 1 then
      return https.response{ status = 302, url = request.url,
        headers = { location = "/y", ["set-cookie"] = "sid=1; path=/" } }
    elseif n == 2 then
      return https.response{ status = 503, url = request.url }
    end
    return https.response{ body = "done", url = request.url }
  end)
  local r = s:get(URL, { retries = { max = 1, backoff = 0 } })
  t.eq(r.body, "done", "body")
  t.eq(r.url, "https://good.test/y", "url")
  t.eq(r.history[1].status, 302, "history")
  t.eq(#s.seen, 3, "requests")
  t.eq(s.seen[2].headers.cookie, "sid=1", "cookie")
end)

-- label, fields, what the response has
local stubs = {
  { "empty", {}, { status = 200, ok = true, body = "", reason = "", url = "",
    http = "1.1" } },
  { "status", { status = 404 }, { status = 404, ok = false } },
  { "399", { status = 399 }, { ok = true } },
  { "400", { status = 400 }, { ok = false } },
  { "body", { body = "hello" }, { body = "hello" } },
  { "reason, url, http", { reason = "X", url = "https://x.test/",
    http = "2" }, { reason = "X", url = "https://x.test/", http = "2" } },
}

for _, row in ipairs(stubs) do
  t.test("stub: " .. row[1], function ()
    local r = https.response(row[2])
    for name, want in pairs(row[3]) do t.eq(r[name], want, name) end
    t.eq(r.history, {}, "history")
    t.eq(r.tls, nil, "tls")
    t.eq(r.elapsed, 0, "elapsed")
    t.eq(r.timings, {}, "timings")
    t.eq(r.links, {}, "links")
    t.eq(r.cookies, {}, "cookies")
    t.match(tostring(r), tostring(r.status), "tostring")
    r:close()
    r:close()
  end)
end

t.test("stub: headers", function ()
  local r = https.response{ headers = { ["Content-Type"] = "text/x",
    ["x-a"] = { "b", "c" }, ["x-n"] = 5 } }
  t.eq(r.headers["content-type"], "text/x", "any case")
  t.eq(r.headers:all "X-A", { "b", "c" }, "all")
  t.eq(r.headers["x-n"], "5", "a number")
  local again = https.response{ headers = r.headers }
  t.eq(again.headers["x-a"], "b, c", "of another response")
end)

t.test("stub: the methods of a response", function ()
  local r = https.response{ body = '{"a":1}\nx\n', status = 418 }
  t.eq(r:text(), '{"a":1}\nx\n', "text")
  t.raises(function () r:json() end, "json", "syntax")
  local err = t.raises(function () r:raise() end, "status", "418")
  t.eq(tostring(err), "the server answered 418 (status/418)", "tostring")
  t.eq(r:read(), '{"a":1}', "read")
  t.eq(r:read "a", "x\n", "the rest")
  t.eq(https.response{ body = "[1]" }:json(), { 1 }, "json")
  local lines = {}
  for line in https.response{ body = "a\r\nb" }:lines() do
    lines[#lines + 1] = line
  end
  t.eq(lines, { "a", "b" }, "lines")
  local path = t.tmpdir() .. "/x"
  https.response{ body = "saved" }:save(path)
  t.eq(t.read(path), "saved", "save")
end)

t.test("stub: a body that is not what its coding says", function ()
  local s <close> = stubbed(function (request)
    return https.response{ url = request.url, body = "hello",
      headers = { ["content-encoding"] = "gzip" } }
  end)
  local err = t.raises(function () s:get(URL) end, "decode", "corrupt")
  t.eq(err.url, URL, "url")
  local r = s:get(URL, { stream = true })
  for _ = 1, 2 do
    t.raises(function () r:read "a" end, "decode", "corrupt")
  end
end)

t.test("stub: links and cookies of its headers", function ()
  local r = https.response{ url = "https://x.test/a/", headers = {
    link = '<b>; rel="next"', ["set-cookie"] = "sid=1" } }
  t.eq(r.links.next.url, "https://x.test/a/b", "link")
  t.eq(r.cookies, { sid = "1" }, "cookies")
end)

-- label, fields, code
local bad_stubs = {
  { "a string", "x", "type" }, { "nothing", nil, "type" },
  { "an unknown field", { stauts = 200 }, "option" },
  { "a status that is a string", { status = "200" }, "type" },
  { "a status that is none", { status = 2.5 }, { "type", "value" } },
  { "a status of 99", { status = 99 }, "value" },
  { "a status of 1000", { status = 1000 }, "value" },
  { "a body that is a table", { body = {} }, "type" },
  { "headers that are a string", { headers = "a: b" }, "type" },
  { "a header that is a function", { headers = { a = print } }, "type" },
  { "a header with a line end", { headers = { a = "b\r\nc: d" } }, "value" },
  { "a url that is a table", { url = {} }, "type" },
}

for _, row in ipairs(bad_stubs) do
  t.test("stub refused: " .. row[1], function ()
    t.raises(function () https.response(row[2]) end, "usage", row[3])
  end)
end

t.finish()
