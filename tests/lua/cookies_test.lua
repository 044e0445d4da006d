-- The cookies step: between the session's jar, the call's own cookies and what
-- goes over the wire.
local t = require "tests.harness"
local core = require "https.core"
local cookies = require "https.cookies"
local requests = require "https.request"

local FROM = "https://www.example.org/dir/page"

local function new_jar ()
  return cookies.jar {
    is_public_suffix = function (domain) return domain == "org" end,
  }
end

local function parts (url) return core.url(url) end

---------------------------------------------------------------------------
-- Requests and responses that are going nowhere.

local function request_of (o)
  local headers = core.headers()
  for name, value in pairs(o.headers or {}) do headers[name] = value end
  local request = { method = "GET", url = o.url or FROM, headers = headers,
                    options = { cookies = o.cookies } }
  request.origin = requests.parts { url = o.origin or FROM }.origin
  return request
end

local function response_of (set, url)
  local headers = core.headers()
  headers["set-cookie"] = set or nil
  return { status = 200, headers = headers, url = url }
end

-- Runs the step; what the next one was given, and the jar
local function pass (o)
  local session = { jar = o.jar ~= false and (o.jar or new_jar()) or nil }
  local seen
  local request = request_of(o)
  cookies.step(session)(request, function (given)
    seen = given
    return response_of(o.set, o.from or given.url)
  end)
  return seen, session.jar, request
end

local function jar_with (...)
  local jar = new_jar()
  for _, line in ipairs { ... } do jar:set(parts(FROM), line) end
  return jar
end

local steps = {
  { label = "nothing", want = nil },
  { label = "the jar's", jar = jar_with("a=1", "b=2"), want = "a=1; b=2" },
  { label = "the jar's, elsewhere", jar = jar_with("a=1"),
    url = "https://example.com/", want = nil },
  { label = "the call's, sorted", cookies = { b = "2", a = "1" },
    want = "a=1; b=2" },
  { label = "the call's without a jar", jar = false, cookies = { a = "1" },
    want = "a=1" },
  { label = "the call's, a number", cookies = { a = 7 }, want = "a=7" },
  { label = "the call's, odd but sendable", want = "a[b]=c d, \"e\"=ü",
    cookies = { ["a[b]"] = "c d, \"e\"=ü" } },
  { label = "the call's, empty value", cookies = { a = "" }, want = "a=" },
  { label = "the call's, none", cookies = {}, want = nil },
  { label = "the call's beats the jar's", jar = jar_with("a=1", "b=2"),
    cookies = { a = "9" }, want = "b=2; a=9" },
  { label = "the caller's header", headers = { cookie = "x=y" },
    want = "x=y" },
  { label = "the caller's header first", headers = { cookie = "x=y" },
    jar = jar_with("a=1"), cookies = { b = "2" }, want = "x=y; a=1; b=2" },
  { label = "the caller's headers", headers = { cookie = { "x=y", "z=0" } },
    jar = jar_with("a=1"), want = "x=y; z=0; a=1" },
  { label = "the call's, on another path", url = "https://www.example.org/",
    cookies = { a = "1" }, want = "a=1" },
  -- A redirect has led away from the origin of the call.
  { label = "the call's, on another host", url = "https://example.org/",
    cookies = { a = "1" }, want = nil },
  { label = "the call's, on another port", cookies = { a = "1" },
    url = "https://www.example.org:8443/", want = nil },
  { label = "the call's, over http", url = "http://www.example.org/",
    cookies = { a = "1" }, want = nil },
  { label = "the session's option is none of ours", cookies = true,
    want = nil },
}

for _, row in ipairs(steps) do
  t.test("step/" .. row.label, function ()
    local seen = pass(row)
    t.eq(#seen.headers:all("cookie"), row.want and 1 or 0)
    t.eq(seen.headers["cookie"], row.want)
  end)
end

local invalid = {
  { "not a table", "a=b", "type" },
  { "a number", 1, "type" },
  { "a list", { "a" }, "type" },
  { "an empty name", { [""] = "a" }, "value" },
  { "= in the name", { ["a=b"] = "c" }, "value" },
  { "; in the name", { ["a;b"] = "c" }, "value" },
  { "space in the name", { ["a b"] = "c" }, "value" },
  { "line end in the name", { ["a\n"] = "c" }, "value" },
  { "; in the value", { a = "s3cret; b=c" }, "value" },
  { "CR in the value", { a = "s3cret\r" }, "value" },
  { "line end in the value", { a = "s3cret\nx: y" }, "value" },
  { "NUL in the value", { a = "s3cret\0" }, "value" },
  { "DEL in the value", { a = "s3cret\127" }, "value" },
  { "a boolean", { a = true }, "type" },
  { "a table", { a = {} }, "type" },
}

for _, row in ipairs(invalid) do
  t.test("option/" .. row[1], function ()
    local err = t.raises(function () cookies.check(row[2]) end, "usage",
      row[3])
    t.ok(not tostring(err):find("s3cret"), "no secret in it")
    if type(row[2]) == "table" then
      t.raises(function () pass { cookies = row[2] } end, "usage", row[3])
    end
  end)
end

t.test("option/valid", function ()
  cookies.check {}
  cookies.check { a = "b", c = 1, ["__Host-x[1]"] = "" }
end)

t.test("step/the request stays as it was", function ()
  local seen, _, request = pass { jar = jar_with("a=1") }
  t.eq(seen.headers["cookie"], "a=1")
  t.eq(request.headers["cookie"], nil)
end)

-- As retries do.
t.test("step/the same request again", function ()
  local session = { jar = jar_with("a=1") }
  local request = request_of { headers = { cookie = "x=y" } }
  local step, seen = cookies.step(session), {}
  for i = 1, 3 do
    step(request, function (given)
      seen[i] = given.headers["cookie"]
      return response_of("a=" .. i + 1)
    end)
  end
  t.eq(seen, { "x=y; a=1", "x=y; a=2", "x=y; a=3" })
end)

t.test("step/what is set is kept", function ()
  local _, jar = pass { set = { "a=1", "b=2; domain=org", "c=3; path=/" } }
  t.eq(jar:header(parts(FROM)), "a=1; c=3")
end)

t.test("step/for the host that answered", function ()
  local _, jar = pass { set = { "a=1" }, from = "https://other.org/x" }
  t.eq(jar:header(parts(FROM)), nil)
  t.eq(jar:header(parts "https://other.org/"), "a=1")
end)

t.test("step/a response from nowhere", function ()
  local _, jar = pass { set = { "a=1" }, from = "" }
  t.eq(jar:all(), {})
end)

t.test("step/no jar, nothing is kept", function ()
  local seen = pass { jar = false, set = { "a=1" } }
  t.eq(seen.headers["cookie"], nil)
end)

t.test("step/errors pass", function ()
  local step = cookies.step { jar = new_jar() }
  local ok, err = pcall(step, request_of {}, function () error("mine", 0) end)
  t.eq({ ok, err }, { false, "mine" })
end)

-- What auth does between two rounds.
t.test("renew", function ()
  local session = { jar = jar_with("a=1") }
  local request = request_of { headers = { cookie = "x=y" },
                               cookies = { own = "o" } }
  cookies.step(session)(request, function (given)
    t.eq(given.headers["cookie"], "x=y; a=1; own=o")
    local again = cookies.renew(session, given, response_of("b=2"))
    t.eq(again.headers["cookie"], "x=y; a=1; b=2; own=o")
    t.eq(given.headers["cookie"], "x=y; a=1; own=o", "the one before")
    local away = requests.copy(given)
    away.url = "https://other.org/"
    away = cookies.renew(session, away, response_of())
    t.eq(away.headers["cookie"], "x=y", "another origin")
    return response_of()
  end)
  local untouched = request_of { headers = { cookie = "x=y" } }
  t.eq(cookies.renew(session, untouched, response_of("b=3")), untouched,
    "where there is no step")
  t.eq(session.jar:header(parts(FROM)), "a=1; b=2")
end)

t.test("of a response", function ()
  local set = { "a=1; path=/x", "b=2; max-age=0", "c=3", "c=4", "d=5",
                "d=; expires=Thu, 01 Jan 1970 00:00:00 GMT", "nameless",
                "=", "e=6; max-age=5; expires=1 Jan 1970 00:00:00",
                "f=7; expires=Fri, 31 Dec 2100 00:00:00 GMT" }
  t.eq(cookies.of(response_of(set)), { a = "1", c = "4", [""] = "nameless",
                                       e = "6", f = "7" })
  t.eq(cookies.of(response_of()), {})
end)

t.finish()
