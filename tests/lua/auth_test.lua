-- The auth step: what the option may be, and what each form sends, to whom.
local t = require "tests.harness"
local core = require "https.core"
local auth = require "https.auth"
local requests = require "https.request"

---------------------------------------------------------------------------
-- The option.  None of the messages may show what stands for a secret here.

local function fn () end

local valid = {
  { "basic", { "joe", "pw" } },
  { "basic, empty", { "", "" } },
  { "basic, colons in the password", { "joe", "p:w:" } },
  { "basic, UTF-8", { "jö", "пароль" } },
  { "bearer", { bearer = "abc.DEF-123_~+/=" } },
  { "digest", { digest = { "joe", "pw" } } },
  { "digest, colon in the user", { digest = { "jo:e", "pw" } } },
  { "netrc", { netrc = true } },
  { "netrc, path", { netrc = "path" } },
  { "function", fn },
  { "flow", { flow = fn } },
}

for _, row in ipairs(valid) do
  t.test("option/" .. row[1], function () auth.check(row[2]) end)
end

local invalid = {
  { "string", "joe:s3cret", "type" },
  { "number", 1, "type" },
  { "boolean", true, "type" },
  { "nothing in it", {}, "type" },
  { "only a user", { "s3cret" }, "type" },
  { "three", { "joe", "s3cret", "x" }, "value" },
  { "user no string", { 7, "s3cret" }, "type" },
  { "password no string", { "joe", 12345 }, "type" },
  { "password false", { "joe", false }, "type" },
  { "colon in the user", { "joe:s3cret", "x" }, "value" },
  { "line end in the user", { "joe\n", "s3cret" }, "value" },
  { "NUL in the password", { "joe", "s3cret\0" }, "value" },
  { "DEL in the password", { "joe", "s3cret\127" }, "value" },
  { "tab in the password", { "joe", "s3cret\t" }, "value" },
  { "unknown key", { user = "joe", password = "s3cret" }, "option" },
  { "unknown key that is near", { bearr = "s3cret" }, "option",
    "did you mean 'bearer'" },
  { "unknown key that is near, another", { digets = { "joe", "s3cret" } },
    "option", "did you mean 'digest'" },
  { "basic by its name", { basic = { "joe", "s3cret" } }, "option" },
  { "a key that is a table", { [{}] = "s3cret" }, "option" },
  { "two forms", { bearer = "s3cret", digest = { "joe", "s3cret" } },
    "value", "one way" },
  { "basic and another", { "joe", "s3cret", netrc = true }, "value",
    "one way" },
  { "bearer no string", { bearer = { "s3cret" } }, "type" },
  { "bearer empty", { bearer = "" }, "value" },
  { "bearer with a space", { bearer = "s3cret x" }, "value" },
  { "bearer with a line end", { bearer = "s3cret\n" }, "value" },
  { "bearer with CR LF", { bearer = "s3cret\r\nx: y" }, "value" },
  { "bearer not ASCII", { bearer = "s3crét" }, "value" },
  { "digest no table", { digest = "joe:s3cret" }, "type" },
  { "digest without a password", { digest = { "s3cret" } }, "type" },
  { "digest with names", { digest = { user = "joe", password = "s3cret" } },
    "value" },
  { "digest, control character", { digest = { "joe", "s3cret\1" } },
    "value" },
  { "netrc false", { netrc = false }, "type" },
  { "netrc number", { netrc = 1 }, "type" },
  { "flow no function", { flow = "s3cret" }, "type" },
}

for _, row in ipairs(invalid) do
  t.test("option/" .. row[1], function ()
    local err = t.raises(function () auth.check(row[2]) end, "usage", row[3])
    t.match(err.message, row[4] or "")
    t.ok(not err.message:find("s3c", 1, true), err.message)
  end)
end

---------------------------------------------------------------------------
-- What is sent: label, value, the field of each request that comes below, or
-- false where it has none.

local URL = "https://example.org/dir?x=1"
local dir = t.tmpdir()

local function request_of (o)
  local headers = core.headers()
  for name, value in pairs(o.headers or {}) do headers[name] = value end
  local request = { method = "GET", url = o.url or URL, headers = headers,
                    options = {} }
  if o.value then
    request.auth = { value = o.value,
                     origin = o.origin or "https://example.org:443" }
  end
  return request
end

local opened  -- responses that were given and not closed

local function response_of (status)
  opened = opened + 1
  local response = { status = status or 200, headers = core.headers() }
  function response.close ()
    if not response.closed then opened = opened - 1 end
    response.closed = true
  end
  return response
end

-- Runs the step; the fields that came, the response, the request.
local function pass (o)
  opened = 0
  local seen, request = {}, request_of(o)
  local response = auth.step({})(request, function (given)
    seen[#seen + 1] = given.headers["authorization"] or false
    return response_of(o.statuses and o.statuses[#seen])
  end)
  return seen, response, request
end

local netrc = dir .. "/netrc"
t.write(netrc, "machine example.org login joe password pw\n"
  .. "machine colon.example.org login a:b password pw\n"
  .. "machine EXAMPLE.com login ann")
os.execute("chmod 600 " .. netrc)

local sent = {
  -- RFC 7617, sections 2 and 2.1.
  { "RFC 7617", value = { "Aladdin", "open sesame" },
    want = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
  { "RFC 7617, UTF-8", value = { "test", "123£" },
    want = "Basic dGVzdDoxMjPCow==" },
  { "basic, empty password", value = { "joe", "" }, want = "Basic am9lOg==" },
  { "basic, empty user", value = { "", "pw" }, want = "Basic OnB3" },
  { "basic, colon in the password", value = { "joe", "p:w" },
    want = "Basic am9lOnA6dw==" },
  { "basic, 200 bytes on one line", value = { "joe", ("x"):rep(200) },
    want = "Basic am9lOnh4" .. ("eHh4"):rep(66) },
  { "bearer", value = { bearer = "abc.DEF" }, want = "Bearer abc.DEF" },
  { "netrc", value = { netrc = netrc }, want = "Basic am9lOnB3" },
  { "netrc, no password", value = { netrc = netrc },
    url = "https://example.com/", origin = "https://example.com:443",
    want = "Basic YW5uOg==" },
  { "netrc, another host", value = { netrc = netrc },
    url = "https://www.example.org/", origin = "https://www.example.org:443",
    want = false },
  { "function", value = function (request)
      request.headers["authorization"] = "Mine " .. request.url
    end, want = "Mine " .. URL },
  { "function that gives the request", value = function (request)
      request.headers["authorization"] = "Mine"
      return request
    end, want = "Mine" },
  { "function that gives another", value = function (request)
      request = requests.copy(request)
      request.headers["authorization"] = "Other"
      return request
    end, want = "Other" },
  { "function that does nothing", value = function () end, want = false },

  { "no auth", want = false },
  { "the caller's own header", value = { bearer = "abc" },
    headers = { Authorization = "Own" }, want = "Own" },
  { "the caller's own header, function", value = function () error "called" end,
    headers = { Authorization = "Own" }, want = "Own" },
  -- Where a redirect may have led.
  { "another host", value = { bearer = "abc" }, url = "https://example.com/",
    want = false },
  { "a host below", value = { bearer = "abc" },
    url = "https://www.example.org/", want = false },
  { "another port", value = { bearer = "abc" },
    url = "https://example.org:8443/", want = false },
  { "another scheme", value = { bearer = "abc" }, url = "http://example.org/",
    want = false },
  { "another scheme, same port", value = { bearer = "abc" },
    url = "http://example.org:443/", want = false },
  { "another host, function", value = function () error "called" end,
    url = "https://example.com/", want = false },
  { "another host, digest", value = { digest = { "joe", "pw" } },
    url = "https://example.com/", want = false },
  { "another host, netrc", value = { netrc = true },
    url = "https://example.com/", want = false },
  { "another host, flow", value = { flow = function () error "called" end },
    url = "https://example.com/", want = false },
  { "host in upper case", value = { bearer = "abc" },
    url = "https://EXAMPLE.org/", want = "Bearer abc" },
}

for _, row in ipairs(sent) do
  t.test("sent/" .. row[1], function ()
    local seen, response, request = pass(row)
    t.eq(seen, { row.want })
    t.eq(response.status, 200)
    t.eq(opened, 1, "open")
    t.eq(request.headers["authorization"],
      row.headers and row.headers.Authorization, "the request stays as it was")
  end)
end

t.test("sent/the same request twice", function ()
  local request = request_of { value = { bearer = "abc" } }
  local step, seen = auth.step({}), {}
  opened = 0
  for i = 1, 2 do
    step(request, function (given)
      seen[i] = given.headers:all("authorization")
      return response_of()
    end)
  end
  t.eq(seen, { { "Bearer abc" }, { "Bearer abc" } })
end)

-- label, value, kind, code, or a message of one's own
local failures = {
  { "netrc, colon in the user", { netrc = netrc }, "usage", "value",
    url = "https://colon.example.org/" },
  { "netrc missing", { netrc = dir .. "/none" }, "io", "ENOENT" },
  { "userinfo with a colon in the user", { "a:b", "s3cret" }, "usage",
    "value" },
  { "function gives no request", function () return "x" end, "usage", "type" },
  { "function gives a table", function () return {} end, "usage", "type" },
  { "function raises", function () error("mine", 0) end, says = "mine" },
  { "flow raises", { flow = function () error("mine", 0) end },
    says = "mine" },
  { "flow yields no request", { flow = function ()
      coroutine.yield(1)
    end }, "usage", "type" },
  { "flow yields nothing", { flow = function ()
      coroutine.yield()
    end }, "usage", "type" },
}

for _, row in ipairs(failures) do
  t.test("failures/" .. row[1], function ()
    local url = row.url or URL
    local request = request_of { value = row[2], url = url,
      origin = requests.parts { url = url }.origin }
    local called = 0
    local function run ()
      return auth.step({})(request, function () called = called + 1 end)
    end
    if row.says then
      t.eq({ pcall(run) }, { false, row.says })
    else
      local err = t.raises(run, row[3], row[4])
      t.ok(not tostring(err):find("s3cret", 1, true), "no secret in it")
    end
    t.eq(called, 0, "nothing is sent")
  end)
end

t.test("an error below passes", function ()
  for _, value in ipairs { { "a", "b" }, { bearer = "x" }, fn, { flow = fn },
                           { digest = { "a", "b" } }, { netrc = netrc } } do
    local ok, err = pcall(auth.step({}), request_of { value = value },
      function () error("mine", 0) end)
    t.eq({ ok, err }, { false, "mine" })
  end
end)

---------------------------------------------------------------------------
-- Flows.

local function with_field (request, value)
  request.headers["authorization"] = value
  return request
end

t.test("flow/several rounds", function ()
  local got = {}
  local seen, response = pass { statuses = { 401, 401, 200 }, value = {
    flow = function (request)
      for i = 1, 3 do
        local answer = coroutine.yield(with_field(request, "Round " .. i))
        got[i] = { answer.status, answer.closed }
      end
    end } }
  t.eq(seen, { "Round 1", "Round 2", "Round 3" })
  t.eq(got, { { 401 }, { 401 }, { 200 } }, "what it was given, unclosed")
  t.eq({ response.status, opened }, { 200, 1 })
end)

t.test("flow/ends without a round", function ()
  local seen, response = pass { value = { flow = function (request)
    with_field(request, "Once")
  end } }
  t.eq(seen, { "Once" })
  t.eq({ response.status, opened }, { 200, 1 })
end)

t.test("flow/one that stops at a refusal", function ()
  local seen, response = pass { statuses = { 401 }, value = {
    flow = function (request) coroutine.yield(request) end } }
  t.eq(seen, { false })
  t.eq({ response.status, opened }, { 401, 1 })
end)

t.test("flow/a request of its own", function ()
  local urls, request = {}, request_of { value = { flow = function (request)
    local token = requests.copy(request)
    token.url = "https://login.example.org/token"
    local answer = coroutine.yield(token)
    coroutine.yield(with_field(request, "Token " .. answer.status))
  end } }
  opened = 0
  auth.step({})(request, function (given)
    urls[#urls + 1] = given.url .. " "
      .. (given.headers["authorization"] or "-")
    return response_of(200)
  end)
  t.eq(urls, { "https://login.example.org/token -", URL .. " Token 200" })
  t.eq(opened, 1)
end)

-- One that was yielded may be written to afterwards.
t.test("flow/what was sent stays as it was", function ()
  local given = {}
  opened = 0
  auth.step({})(request_of { value = { flow = function (request)
    coroutine.yield(with_field(request, "1"))
    coroutine.yield(with_field(request, "2"))
  end } }, function (request)
    given[#given + 1] = request
    return response_of(401)
  end)
  t.eq(given[1].headers["authorization"], "1")
  t.eq(given[2].headers["authorization"], "2")
end)

t.test("flow/raises after a round", function ()
  local ok, err = pcall(pass, { statuses = { 401 }, value = {
    flow = function (request)
      coroutine.yield(request)
      error("mine", 0)
    end } })
  t.eq({ ok, err, opened }, { false, "mine", 0 })
end)

t.test("flow/yields nonsense after a round", function ()
  t.raises(function ()
    pass { value = { flow = function (request)
      coroutine.yield(request)
      coroutine.yield("x")
    end } }
  end, "usage", "type")
  t.eq(opened, 0)
end)

t.test("flow/is closed when the request fails", function ()
  local closed = 0
  local request = request_of { value = { flow = function (request)
    local guard <close> = setmetatable({}, { __close = function ()
      closed = closed + 1
    end })
    coroutine.yield(request)
  end } }
  local ok, err = pcall(auth.step({}), request, function ()
    error("mine", 0)
  end)
  t.eq({ ok, err, closed }, { false, "mine", 1 })
end)

-- The step below may wait: it does so in the caller's own coroutine.
t.test("flow/the request is sent from outside of it", function ()
  opened = 0
  local steps = {}
  local task = coroutine.create(function ()
    return auth.step({})(request_of { value = { flow = function (request)
      coroutine.yield(request)
      coroutine.yield(request)
    end } }, function ()
      steps[#steps + 1] = coroutine.yield "waiting"
      return response_of(401)
    end)
  end)
  t.eq({ coroutine.resume(task) }, { true, "waiting" })
  t.eq({ coroutine.resume(task, "first") }, { true, "waiting" })
  local ok, response = coroutine.resume(task, "second")
  t.eq({ ok, response.status }, { true, 401 })
  t.eq(steps, { "first", "second" })
end)

t.finish()
