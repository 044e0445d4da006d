-- scripts/cache.lua: what is kept, for how long and for whom (RFC 9111).
local t = require "tests.harness"
local s = require "tests.lua.scripts"
local https = require "https"

local at, answering, run_ca, check_status, answer = s.at, s.answering,
  s.run_ca, s.check_status, s.answer
local quote = t.quote

local cache = require "scripts.cache"

-- Each step: at a time, a request (method, headers, options, auth); what the
-- server would answer; from is where the answer comes from: "server" (the
-- default), "cache", or "confirmed" by a 304; and sent, what the server is
-- asked besides.  body is what the caller gets.
local FRESH = { ["cache-control"] = "max-age=60" }
local TAGGED = { etag = '"1"' }

local cache_rows = {
  { label = "fresh, then stale",
    { answer = { headers = FRESH, body = "a" }, body = "a" },
    { at = 59, from = "cache", body = "a", age = "59" },
    { at = 60, answer = { body = "b" }, body = "b" },
    { at = 61, answer = { body = "c" }, body = "c" } },
  { label = "etag",
    { answer = { headers = TAGGED, body = "a" }, body = "a" },
    { at = 1, answer = { status = 304 }, from = "confirmed", body = "a",
      sent = { ["if-none-match"] = '"1"' } },
    { at = 2, answer = { headers = { etag = '"2"' }, body = "b" }, body = "b",
      sent = { ["if-none-match"] = '"1"' } },
    { at = 3, answer = { status = 304 }, from = "confirmed", body = "b",
      sent = { ["if-none-match"] = '"2"' } } },
  { label = "last-modified",
    { answer = { headers = { ["last-modified"] = "Fri, 24 May 2013 00:00:00 GMT"
      }, body = "a" }, body = "a" },
    { answer = { status = 304 }, from = "confirmed", body = "a",
      sent = { ["if-modified-since"] = "Fri, 24 May 2013 00:00:00 GMT" } } },
  { label = "a 304 renews",
    { answer = { headers = { etag = '"1"', ["cache-control"] = "max-age=1",
      age = "5" }, body = "a" }, body = "a" },
    { at = 2, answer = { status = 304, headers = FRESH }, from = "confirmed",
      body = "a", age = "0" },
    { at = 61, from = "cache", body = "a", age = "59" } },
  { label = "a 304 does not say what the body is",
    { answer = { headers = { etag = '"1"', ["content-type"] = "text/plain" },
      body = "a" }, body = "a" },
    { answer = { status = 304, headers = { ["content-type"] = "text/html" } },
      from = "confirmed", body = "a", type = "text/plain" } },
  { label = "the server's age counts",
    { answer = { headers = { ["cache-control"] = "max-age=60", age = "50" },
      body = "a" }, body = "a" },
    { at = 9, from = "cache", body = "a", age = "59" },
    { at = 10, answer = { body = "b" }, body = "b" } },
  { label = "no-cache is asked for each time",
    { answer = { headers = { etag = '"1"', ["cache-control"] =
      "max-age=60, no-cache" }, body = "a" }, body = "a" },
    { answer = { status = 304 }, from = "confirmed", body = "a",
      sent = { ["if-none-match"] = '"1"' } } },
  { label = "no-store",
    { answer = { headers = { etag = '"1"', ["cache-control"] =
      "max-age=60,NO-STORE" }, body = "a" }, body = "a" },
    { answer = { body = "b" }, body = "b", sent = {} } },
  { label = "private is for us",
    { answer = { headers = { ["cache-control"] = "private, max-age=60" },
      body = "a" }, body = "a" },
    { from = "cache", body = "a" } },
  { label = "nothing is said",
    { answer = { body = "a" }, body = "a" },
    { answer = { body = "b" }, body = "b" } },
  { label = "not an answer to keep",
    { answer = { status = 404, headers = FRESH, body = "a" }, body = "a" },
    { answer = { status = 206, headers = FRESH, body = "b" }, body = "b" },
    { answer = { body = "c" }, body = "c" } },
  { label = "a later answer that may not be kept ends the kept one",
    { answer = { headers = TAGGED, body = "a" }, body = "a" },
    { answer = { headers = { ["cache-control"] = "no-store" }, body = "b" },
      body = "b" },
    { answer = { body = "c" }, body = "c", sent = {} } },
  { label = "an error leaves it",
    { answer = { headers = TAGGED, body = "a" }, body = "a" },
    { answer = { status = 503, body = "b" }, body = "b" },
    { answer = { status = 304 }, from = "confirmed", body = "a" } },
  { label = "vary",
    { headers = { ["accept-language"] = "en" }, answer = { headers = {
      ["cache-control"] = "max-age=60", vary = "Accept-Language, X-Y, all" },
      body = "a" }, body = "a" },
    { headers = { ["accept-language"] = "en" }, from = "cache", body = "a" },
    { headers = { ["accept-language"] = "de" }, answer = { body = "b" },
      body = "b" } },
  { label = "vary: a header that is there or not",
    { answer = { headers = { ["cache-control"] = "max-age=60", vary = "x-y" },
      body = "a" }, body = "a" },
    { headers = { ["x-y"] = "1" }, answer = { body = "b" }, body = "b" } },
  { label = "vary: a header that lurl itself adds",
    { answer = { headers = { ["cache-control"] = "max-age=60",
      vary = "accept-encoding" }, body = "a" }, body = "a" },
    { from = "cache", body = "a" } },
  { label = "vary: *",
    { answer = { headers = { ["cache-control"] = "max-age=60", vary = "*" },
      body = "a" }, body = "a" },
    { answer = { body = "b" }, body = "b" } },
  { label = "who asks, by auth",
    { auth = { bearer = "one" }, answer = { headers = FRESH, body = "a" },
      body = "a" },
    { auth = { bearer = "one" }, from = "cache", body = "a" },
    { auth = { bearer = "two" }, answer = { headers = FRESH, body = "b" },
      body = "b" },
    { answer = { body = "c" }, body = "c" } },
  { label = "who asks, by cookie",
    { headers = { cookie = "a=1" }, answer = { headers = FRESH, body = "a" },
      body = "a" },
    { headers = { cookie = "a=2" }, answer = { body = "b" }, body = "b" } },
  { label = "who asks is no reason to be confirmed",
    { auth = { bearer = "one" }, answer = { headers = TAGGED, body = "a" },
      body = "a" },
    { auth = { bearer = "two" }, answer = { status = 304 }, status = 304,
      body = "", sent = {} } },
  { label = "a request that wants it anew",
    { answer = { headers = FRESH, body = "a" }, body = "a" },
    { headers = { ["cache-control"] = "no-cache" }, answer = { headers = FRESH,
      body = "b" }, body = "b" },
    { at = 10, from = "cache", body = "b" },
    { at = 10, headers = { ["cache-control"] = "max-age=5" },
      answer = { headers = FRESH, body = "c" }, body = "c" } },
  { label = "a request that wants nothing kept",
    { headers = { ["cache-control"] = "no-store" }, answer = { headers = FRESH,
      body = "a" }, body = "a" },
    { answer = { body = "b" }, body = "b" } },
  { label = "a part is not the whole",
    { answer = { headers = FRESH, body = "abc" }, body = "abc" },
    { headers = { range = "bytes=0-0" }, answer = { status = 206, body = "a" },
      status = 206, body = "a" },
    { from = "cache", body = "abc" } },
  { label = "who compares himself",
    { answer = { headers = TAGGED, body = "a" }, body = "a" },
    { headers = { ["if-none-match"] = '"9"' }, answer = { status = 304 },
      status = 304, body = "", sent = { ["if-none-match"] = '"9"' } } },
  { label = "POST ends it",
    { answer = { headers = FRESH, body = "a" }, body = "a" },
    { method = "POST", answer = { body = "done" }, body = "done" },
    { answer = { body = "b" }, body = "b" } },
  { label = "a POST that failed does not",
    { answer = { headers = FRESH, body = "a" }, body = "a" },
    { method = "POST", answer = { status = 500 }, body = "" },
    { from = "cache", body = "a" } },
  { label = "HEAD is not GET",
    { answer = { headers = FRESH, body = "a" }, body = "a" },
    { method = "HEAD", answer = {}, body = "" },
    { from = "cache", body = "a" } },
  { label = "several lines, and any bytes",
    { answer = { headers = { ["cache-control"] = { "max-age=60", "private" },
      link = { "<a>", "<b>" } }, body = "\0\n\255" }, body = "\0\n\255" },
    { from = "cache", body = "\0\n\255", link = { "<a>", "<b>" } } },
}

local ASKED = { "if-none-match", "if-modified-since" }

local function cache_step (step, label, session, clock)
  local sent
  clock.now = 1000 + (step.at or 0)
  session.transport = function (request)
    sent = {}
    for _, name in ipairs(ASKED) do sent[name] = request.headers[name] end
    step.answer.url = request.url
    return https.response(step.answer)
  end
  local response = session:request(step.method or "GET",
    "https://example.org/", { headers = step.headers, auth = step.auth })
  local status = response.headers["cache-status"]
  local from = status == "lurl; hit" and "cache"
    or status == "lurl; fwd=stale; fwd-status=304" and "confirmed" or "server"
  t.eq(from, step.from or "server", label .. "from")
  t.eq(sent ~= nil, from ~= "cache", label .. "the server was asked")
  t.eq(response.body, step.body, label .. "body")
  t.eq(response.status, step.status or step.answer and step.answer.status ~= 304
    and step.answer.status or 200, label .. "status")
  if step.sent then t.eq(sent, step.sent, label .. "sent") end
  if step.age then t.eq(response.headers["age"], step.age, label .. "age") end
  if step.type then
    t.eq(response.headers["content-type"], step.type, label .. "type")
  end
  if step.link then
    t.eq(response.headers:all "link", step.link, label .. "link")
  end
end

for _, row in ipairs(cache_rows) do
  for _, dir in ipairs { false, t.tmpdir() } do
    t.test("cache/" .. row.label .. (dir and ", in files" or ""), function ()
      local clock, session = {}, nil
      local function time () return clock.now end
      for i, step in ipairs(row) do
        if dir or i == 1 then  -- files are for the next process, too
          session = https.session { cookies = false }
          session:use(cache { dir = dir or nil, time = time },
            { after = "auth" })
        end
        cache_step(step, ("step %d: "):format(i), session, clock)
      end
    end)
  end
end

t.test("cache/no secret in a file", function ()
  local dir = t.tmpdir()
  local session <close> = https.session {}
  session:use(cache { dir = dir }, { after = "auth" })
  session.transport = function ()
    return https.response { headers = FRESH, body = "body" }
  end
  session:get("https://example.org/", { auth = { bearer = "s3cret" } })
  local list <close> = assert(io.popen("cat " .. quote(dir) .. "/*"))
  local text = list:read("a")
  t.match(text, "body$")
  t.eq(text:find "s3cret", nil, text)
end)

t.test("cache/a header that no file can hold", function ()
  local dir = t.tmpdir()
  local session <close> = https.session {}
  session:use(cache { dir = dir }, { after = "auth" })
  session.transport = function ()
    return https.response { headers = { ["cache-control"] = "max-age=60",
      ["content-disposition"] = "filename=\xe4" }, body = "body" }
  end
  for _ = 1, 2 do
    local response = session:get("https://example.org/")
    t.eq({ response.body, response.headers["cache-status"] }, { "body" })
  end
end)

t.test("cache/a file that is none of ours", function ()
  local dir = t.tmpdir()
  t.write(dir .. "/" .. https.hash("sha256", "https://example.org/"), "{\n")
  local session <close> = https.session {}
  session:use(cache { dir = dir }, { after = "auth" })
  session.transport = function () return https.response { body = "new" } end
  t.eq(session:get("https://example.org/").body, "new")
end)

t.test("cache/run twice", function ()
  local dir = t.tmpdir()
  local server <close> = answering { answer("hello", 'etag: "1"\r\n'),
    answer("", 'etag: "1"\r\n', "304 Not Modified") }
  local url = at(server)
  local got = run_ca("cache", { "--dir", dir, url, url })
  check_status(got, 0, "cache")
  t.eq(got.stdout, "200\tfrom the server\t" .. url .. "\n"
    .. "200\tlurl; fwd=stale; fwd-status=304\t" .. url .. "\n")
  t.eq((server:expect "^request 0 (.*)"):find "if%-none%-match", nil)
  t.match(server:expect "^request 0 (.*)", '\\nif%-none%-match: "1"\\r')
end)

t.test("cache/asks nobody", function ()
  local dir, url = t.tmpdir(), nil
  do
    local server <close> = answering { answer("x", "cache-control: max-age=9999"
      .. "\r\n") }
    url = at(server)
    check_status(run_ca("cache", { "--dir", dir, url }), 0, "cache")
  end
  local got = run_ca("cache", { "--dir", dir, url })
  check_status(got, 0, "the server is gone")
  t.eq(got.stdout, "200\tlurl; hit\t" .. url .. "\n")
end)

t.finish()
