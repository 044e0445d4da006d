-- Retries: what is tried again, how often, after how long, and what comes out
-- when all is spent.  First the step alone with a clock of the test's own, then
-- over the wire.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local https = require "https"
local core = require "https.core"
local errors = require "https.errors"
local retries = require "https.retries"

local FINAL = peer.answer "final"
local BUSY = peer.answer("busy", nil, "503 Busy")

---------------------------------------------------------------------------
-- The step alone.

-- 1994-11-06 08:49:37, the date of RFC 9110 section 5.6.7.
local THEN = 784111777

local function response_of (outcome)
  local status, after = outcome, nil
  if type(outcome) == "table" then status, after = outcome[1], outcome.after end
  local headers = core.headers()
  if after then headers["retry-after"] = after end
  return { status = status, headers = headers, body = "", closed = 0,
           close = function (self) self.closed = self.closed + 1 end }
end

-- Plays outcomes: a status, {status, after=}, {kind=, code=} which is raised,
-- or {raise=value}.  Returns what came out, how often it was tried, the pauses.
local function play (o)
  local tries, pauses, made, clock = 0, {}, {}, 1000
  local step = retries.step {
    sleep = function (s)
      pauses[#pauses + 1] = s + 0.0
      clock = clock + s
    end,
    random = function () return o.random or 1 end,
    time = function () return THEN end,
    now = function () return clock end,
  }
  local request = {
    method = o.method or "GET", headers = core.headers(), body = o.body,
    options = { retries = o.retries, stream = o.stream },
    deadline = o.total and clock + o.total,
  }
  local ok, result = pcall(step, request, function ()
    tries = tries + 1
    local outcome = o[math.min(tries, #o)]
    if type(outcome) == "table" and outcome.kind then
      error(errors.new { kind = outcome.kind, code = outcome.code,
                         message = "x", try = tries }, 0)
    elseif type(outcome) == "table" and outcome.raise ~= nil then
      error(outcome.raise, 0)
    end
    made[tries] = response_of(outcome)
    return made[tries]
  end)
  return { ok = ok, result = result, tries = tries, pauses = pauses,
           made = made }
end

-- label; what to play; tries, pauses, and the status or code that comes out
local plays = {
  { "all is well", { 200, retries = 3 }, 1, {}, 200 },
  { "once", { 503, 200, retries = 1 }, 2, { 0.5 }, 200 },
  { "twice", { 503, 503, 200, retries = 2 }, 3, { 0.5, 1 }, 200 },
  { "not enough", { 503, 503, 200, retries = 1 }, 2, { 0.5 }, 503 },
  { "never better", { 503, retries = 3 }, 4, { 0.5, 1, 2 }, 503 },
  { "max", { 503, retries = { max = 2 } }, 3, { 0.5, 1 }, 503 },
  { "max 0", { 503, retries = { max = 0 } }, 1, {}, 503 },
  { "no max", { 503, retries = { backoff = 1 } }, 1, {}, 503 },
  { "different ones", { 503, { kind = "connect", code = "reset" }, 429, 200,
    retries = 3 }, 4, { 0.5, 1, 2 }, 200 },
  { "the last is an error", { 503, { kind = "connect", code = "reset" },
    retries = 1 }, 2, { 0.5 }, "reset" },
  { "the last is a response", { { kind = "connect", code = "reset" }, 503,
    retries = 1 }, 2, { 0.5 }, 503 },
  { "ends at what is no bad luck", { 503, 404, 200, retries = 3 }, 2, { 0.5 },
    404 },
  { "ends at an error that is none", { 503, { kind = "verify",
    code = "expired" }, retries = 3 }, 2, { 0.5 }, "expired" },

  -- Pauses: full jitter under the exponential step.
  { "backoff", { 503, retries = { max = 4, backoff = 2 } }, 5, { 2, 4, 8, 16 },
    503 },
  { "backoff 0", { 503, retries = { max = 2, backoff = 0 } }, 3, { 0, 0 },
    503 },
  { "cap", { 503, retries = { max = 4, backoff = 1, cap = 3 } }, 5,
    { 1, 2, 3, 3 }, 503 },
  { "cap of 60", { 503, retries = { max = 9 } }, 10,
    { 0.5, 1, 2, 4, 8, 16, 32, 60, 60 }, 503 },
  { "the least jitter", { 503, retries = { max = 2 }, random = 0 }, 3, { 0, 0 },
    503 },
  { "half", { 503, retries = { max = 2 }, random = 0.5 }, 3, { 0.25, 0.5 },
    503 },

  -- RFC 9110 section 10.2.3.  What the server asks for is kept to.
  { "retry-after", { { 503, after = "7" }, 200, retries = 1 }, 2, { 7 }, 200 },
  { "retry-after 0", { { 429, after = "0" }, 200, retries = 1 }, 2, { 0 },
    200 },
  { "retry-after has no jitter", { { 503, after = "7" }, 200, retries = 1,
    random = 0.1 }, 2, { 7 }, 200 },
  { "retry-after of the cap", { { 503, after = "60" }, 200, retries = 1 }, 2,
    { 60 }, 200 },
  { "retry-after beyond the cap", { { 503, after = "61" }, 200, retries = 1 },
    1, {}, 503 },
  { "retry-after beyond one's own cap", { { 503, after = "6" }, 200,
    retries = { max = 1, cap = 5 } }, 1, {}, 503 },
  { "retry-after for ever", { { 503, after = ("9"):rep(400) }, 200,
    retries = 1 }, 1, {}, 503 },
  { "retry-after each time", { { 503, after = "1" }, { 503, after = "2" }, 503,
    200, retries = 3 }, 4, { 1, 2, 2 }, 200 },
  { "retry-after as a date", { { 503, after = "Sun, 06 Nov 1994 08:49:47 GMT" },
    200, retries = 1 }, 2, { 10 }, 200 },
  { "a date of RFC 850", { { 503, after = "Sunday, 06-Nov-94 08:49:47 GMT" },
    200, retries = 1 }, 2, { 10 }, 200 },
  { "a date of asctime", { { 503, after = "Sun Nov  6 08:49:47 1994" },
    200, retries = 1 }, 2, { 10 }, 200 },
  { "a date in the past", { { 503, after = "Sun, 06 Nov 1994 08:49:27 GMT" },
    200, retries = 1 }, 2, { 0 }, 200 },
  { "a date beyond the cap", { { 503, after =
    "Sun, 06 Nov 1994 08:51:47 GMT" }, 200, retries = 1 }, 1, {}, 503 },
  { "a date of next year", { { 503, after = "Mon, 06 Nov 1995 08:49:37 GMT" },
    200, retries = 1 }, 1, {}, 503 },
  { "no number", { { 503, after = "soon" }, 200, retries = 1 }, 2, { 0.5 },
    200 },
  { "negative", { { 503, after = "-5" }, 200, retries = 1 }, 2, { 0.5 }, 200 },
  { "a fraction", { { 503, after = "1.5" }, 200, retries = 1 }, 2, { 0.5 },
    200 },
  { "nothing", { { 503, after = "" }, 200, retries = 1 }, 2, { 0.5 }, 200 },
  { "two numbers", { { 503, after = { "5", "6" } }, 200, retries = 1 }, 2,
    { 0.5 }, 200 },
  { "no date", { { 503, after = "Sun, 06 Foo 1994 08:49:47 GMT" }, 200,
    retries = 1 }, 2, { 0.5 }, 200 },
  { "retry-after of a success", { { 200, after = "7" }, retries = 1 }, 1, {},
    200 },
  { "retry-after of 404", { { 404, after = "7" }, retries = 1 }, 1, {}, 404 },

  -- The whole call's time.
  { "within the total", { 503, 200, retries = 1, total = 0.6 }, 2, { 0.5 },
    200 },
  { "beyond the total", { 503, 200, retries = 1, total = 0.4 }, 1, {}, 503 },
  { "just the total", { 503, 200, retries = 1, total = 0.5 }, 1, {}, 503 },
  { "beyond the total, the second time", { 503, 503, 200, retries = 2,
    total = 1.2 }, 2, { 0.5 }, 503 },
  { "retry-after beyond the total", { { 503, after = "7" }, 200, retries = 1,
    total = 6 }, 1, {}, 503 },
  { "an error beyond the total", { { kind = "connect", code = "refused" }, 200,
    retries = 1, total = 0.1 }, 1, {}, "refused" },

  -- Which statuses.
  { "500", { 500, 200, retries = 1 }, 1, {}, 500 },
  { "501", { 501, 200, retries = 1 }, 1, {}, 501 },
  { "502", { 502, 200, retries = 1 }, 2, { 0.5 }, 200 },
  { "504", { 504, 200, retries = 1 }, 2, { 0.5 }, 200 },
  { "429", { 429, 200, retries = 1 }, 2, { 0.5 }, 200 },
  { "400", { 400, 200, retries = 1 }, 1, {}, 400 },
  { "401", { 401, 200, retries = 1 }, 1, {}, 401 },
  { "408", { 408, 200, retries = 1 }, 1, {}, 408 },
  { "302", { 302, 200, retries = 1 }, 1, {}, 302 },
  { "one's own statuses", { 500, 200, retries = { max = 1,
    statuses = { 500 } } }, 2, { 0.5 }, 200 },
  { "not among one's own", { 503, 200, retries = { max = 1,
    statuses = { 500 } } }, 1, {}, 503 },
  { "no statuses", { 503, 200, retries = { max = 1, statuses = {} } }, 1, {},
    503 },
  { "no statuses, but errors", { { kind = "connect", code = "reset" }, 200,
    retries = { max = 1, statuses = {} } }, 2, { 0.5 }, 200 },
  { "even 200", { 200, retries = { max = 1, statuses = { 200 } } }, 2, { 0.5 },
    200 },

  -- Which bodies.
  { "a string", { 503, 200, retries = 1, method = "PUT", body = "x" }, 2,
    { 0.5 }, 200 },
  { "a body that can be sent again", { 503, 200, retries = 1, method = "PUT",
    body = { replayable = true } }, 2, { 0.5 }, 200 },
  { "one that cannot", { 503, 200, retries = 1, method = "PUT",
    body = { replayable = false } }, 1, {}, 503 },
  { "one that cannot, lost", { { kind = "connect", code = "reset" }, 200,
    retries = 1, method = "PUT", body = { replayable = false } }, 1, {},
    "reset" },
}

-- Which methods: RFC 9110 section 9.2.2, unless the script knows better.
for _, method in ipairs{ "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE" } do
  plays[#plays + 1] = { method, { 503, 200, retries = 1, method = method }, 2,
    { 0.5 }, 200 }
end
for _, method in ipairs{ "POST", "PATCH", "PROPFIND", "LINK" } do
  plays[#plays + 1] = { method, { 503, 200, retries = 1, method = method }, 1,
    {}, 503 }
  plays[#plays + 1] = { method .. ", lost", { { kind = "protocol",
    code = "closed" }, 200, retries = 1, method = method }, 1, {}, "closed" }
  plays[#plays + 1] = { method .. " because it says so", { 503, 200,
    retries = { max = 1, methods = { method } }, method = method }, 2, { 0.5 },
    200 }
end
plays[#plays + 1] = { "POST in lower case", { 503, 200, retries = { max = 1,
  methods = { "post" } }, method = "POST" }, 2, { 0.5 }, 200 }
plays[#plays + 1] = { "GET, which is not said", { 503, 200, retries = {
  max = 1, methods = { "POST" } } }, 1, {}, 503 }

-- Which errors: those of a connection, and no others.
local lost = {
  connect = { "refused", "reset", "unreachable", "other" },
  protocol = { "closed", "truncated" }, tls = { "closed", "truncated" },
  timeout = { "connect", "tls", "read" }, resolve = { "temporary" },
  proxy = { "other" },
}
local final = {
  verify = { "expired", "not-yet-valid", "self-signed", "unknown-issuer",
    "incomplete-chain", "name-mismatch", "revoked", "crl-missing",
    "pin-mismatch", "ocsp", "bad-purpose", "bad-ca", "weak", "other" },
  tls = { "not-tls", "version", "cipher", "alert", "client-cert", "config",
    "other" },
  protocol = { "status-line", "header", "framing", "too-large", "h2", "other" },
  timeout = { "total" }, redirect = { "too-many" }, decode = { "corrupt" },
  json = { "syntax" }, io = { "ENOSPC" }, cancelled = { "interrupt" },
  usage = { "value" }, status = { "503" },
  proxy = { "refused", "auth", "protocol" },
}
for kind, codes in pairs(lost) do
  for _, code in ipairs(codes) do
    plays[#plays + 1] = { kind .. "/" .. code, { { kind = kind, code = code },
      200, retries = 1 }, 2, { 0.5 }, 200 }
  end
end
for kind, codes in pairs(final) do
  for _, code in ipairs(codes) do
    plays[#plays + 1] = { kind .. "/" .. code, { { kind = kind, code = code },
      200, retries = 5 }, 1, {}, code }
  end
end

for _, row in ipairs(plays) do
  t.test("step: " .. row[1], function ()
    local played, pauses = play(row[2]), {}
    for i, s in ipairs(row[4]) do pauses[i] = s + 0.0 end
    t.eq(played.tries, row[3], "tries")
    t.eq(played.pauses, pauses, "pauses")
    if type(row[5]) == "number" then
      t.eq(played.ok, true, "ok")
      t.eq(played.result.status, row[5], "status")
    else
      t.eq(played.ok, false, "ok")
      t.eq(played.result.code, row[5], "code")
      t.eq(played.result.try, played.tries, "it is the last one")
    end
    -- What is not given to the caller is closed, what is given is not.
    for i, response in pairs(played.made) do
      t.eq(response.closed, response == played.result and 0 or 1,
        "closed, response " .. i)
    end
  end)
end

-- Errors of other makes come out as they are.
for i, value in ipairs{ "a string", 5, { kind = "connect", code = "reset" },
    false } do
  t.test("step: an error that is " .. type(value) .. ", row " .. i, function ()
    local played = play{ { raise = value }, 200, retries = 3 }
    t.eq(played.tries, 1, "tries")
    t.ok(rawequal(played.result, value), "the value itself")
  end)
end

t.test("jitter is anything between nothing and the step", function ()
  local pauses = {}
  local step = retries.step { sleep = function (s)
    pauses[#pauses + 1] = s
  end }
  for _ = 1, 200 do
    step({ method = "GET", headers = core.headers(),
      options = { retries = { max = 2, backoff = 1 } } },
      function () return response_of(503) end)
  end
  local least, most, sum = math.huge, 0, 0
  for i = 1, #pauses, 2 do
    t.ok(pauses[i] >= 0 and pauses[i] < 1, "first pause")
    t.ok(pauses[i + 1] >= 0 and pauses[i + 1] < 2, "second pause")
    least, most = math.min(least, pauses[i]), math.max(most, pauses[i])
    sum = sum + pauses[i]
  end
  t.eq(#pauses, 400, "pauses")
  -- Of 200 the odds against these are below 1 in 10^8.
  t.ok(least < 0.1, "the least")
  t.ok(most > 0.9, "the most")
  t.ok(sum > 70 and sum < 130, "the mean")
end)

---------------------------------------------------------------------------
-- Dates.

local dates = {
  { "Sun, 06 Nov 1994 08:49:37 GMT", THEN },
  { "Sunday, 06-Nov-94 08:49:37 GMT", THEN },
  { "Sun Nov  6 08:49:37 1994", THEN },
  { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
  { "Tue, 29 Feb 2000 12:00:00 GMT", 951825600 },
  { "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200 },
  { "Tue, 19 Jan 2038 03:14:08 GMT", 2147483648 },
  { "Saturday, 01-Jan-00 00:00:00 GMT", 946684800 },
  { "", nil }, { "now", nil }, { "784111777", nil },
  { "Sun, 06 Nov 1994", nil }, { "Sun, 06 Nov 1994 08:49:37", nil },
  { "Sun, 06 Nov 1994 08:49:37 CET", nil },
  { "Sun, 06 XYZ 1994 08:49:37 GMT", nil },
  { "Sun, 31 Feb 1994 08:49:37 GMT", nil },
  { "Sun, 06 Nov 1994 24:49:37 GMT", nil },
  { "06 Nov 1994 08:49:37 GMT", nil },
  { "Sun, 06 Nov 1994 08:49:37 GMT and more", nil },
  { "1994-11-06T08:49:37Z", nil },
}

for _, row in ipairs(dates) do
  t.test(("date %q"):format(row[1]), function ()
    t.eq(retries.date(row[1]), row[2], "seconds")
  end)
end

---------------------------------------------------------------------------
-- Over the wire.

local A = "good.test:443"
local URL = "https://good.test/x"

-- A session whose retries do not wait; their pauses are in its list.
local function session_of (w, o)
  local pauses = {}
  local s = https.session(w:options(o))
  s:remove "retries"
  s:use(retries.step { sleep = function (seconds)
    pauses[#pauses + 1] = seconds
  end, random = function () return 1 end }, { after = "redirects",
    name = "retries" })
  return s, pauses
end

t.test("nothing is tried again by default", function ()
  for _, steps in ipairs{ { "head", "send", BUSY }, { "head", "notify" } } do
    local w <close> = wire.open{ [A] = { cert = "good", steps,
      { "head", "send", FINAL } } }
    local ok, r = pcall(https.get, URL, w:options())
    t.eq(ok and r.status or r.code, ok and 503 or "closed", "result")
    t.eq(#w:requests(A), 1, "requests")
  end
end)

t.test("over one connection", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", BUSY,
    "head", "send", BUSY, "head", "send", FINAL } }
  local s <close>, pauses = session_of(w)
  local r = s:get(URL, { retries = 2 })
  t.eq(r.body, "final", "body")
  t.eq(r.history, {}, "history")
  t.eq(pauses, { 0.5, 1.0 }, "pauses")
  local got = w:requests(A)
  t.eq(#got, 3, "requests")
  for i = 2, 3 do
    t.eq(got[i].text, got[1].text, "request " .. i)
    t.eq(got[i].conn, 0, "connection")
  end
end)

t.test("the last response comes out, with its body", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", BUSY,
    "head", "send", peer.answer("still", nil, "502 X") } }
  local s <close> = session_of(w)
  local r = s:get(URL, { retries = 1 })
  t.eq(r.status, 502, "status")
  t.eq(r.body, "still", "body")
end)

-- label, steps after the head; kind, code of the error without a retry
local PART = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart"
local losses = {
  { "closed", { "notify" }, "protocol", "closed" },
  { "closed without notice", { "fin" }, { "protocol", "tls" } },
  { "reset", { "rst" }, "connect", "reset" },
  { "closed in the head", { "send", "HTTP/1.1 20", "notify" }, "protocol",
    "truncated" },
  { "closed after the head", { "send", PART:sub(1, -5), "notify" }, "protocol",
    "truncated" },
  { "closed in the body", { "send", PART, "notify" }, "protocol",
    "truncated" },
  { "closed in the body without notice", { "send", PART, "fin" },
    { "protocol", "tls" }, "truncated" },
  { "closed in the chunks", { "send", "HTTP/1.1 200 OK\r\n" ..
    "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "notify" }, "protocol",
    "truncated" },
  { "no end of the stream", { "send", "HTTP/1.1 200 OK\r\n\r\nhello", "fin" },
    "tls", "truncated" },
}

for _, row in ipairs(losses) do
  local label, steps, kind, code = table.unpack(row, 1, 4)
  local script = table.move(steps, 1, #steps, 2, { "head" })

  t.test("lost: " .. label, function ()
    local w <close> = wire.open{ [A] = { cert = "good", script,
      { "head", "send", FINAL } } }
    local s <close>, pauses = session_of(w)
    t.eq(s:get(URL, { retries = 1 }).body, "final", "body")
    t.eq(#pauses, 1, "pauses")
    local got = w:requests(A)
    t.eq({ #got, got[2].conn }, { 2, 1 }, "requests, connection")
  end)

  t.test("lost: " .. label .. ", and again", function ()
    local w <close> = wire.open{ [A] = { cert = "good", script } }
    local s <close>, pauses = session_of(w)
    local err = t.raises(function () s:get(URL, { retries = 2 }) end, kind,
      code)
    t.eq(err.sent, true, "sent")
    t.eq(err.host, "good.test", "host")
    t.eq(#pauses, 2, "pauses")
    t.eq(#w:requests(A), 3, "requests")
  end)

  t.test("lost: " .. label .. ", POST", function ()
    local w <close> = wire.open{ [A] = { cert = "good", script,
      { "head", "send", FINAL } } }
    local s <close>, pauses = session_of(w)
    local err = t.raises(function () s:post(URL, { retries = 2 }) end, kind,
      code)
    t.eq(err.sent, true, "sent")
    t.eq(pauses, {}, "pauses")
    t.eq(#w:requests(A), 1, "requests")
  end)

  t.test("lost: " .. label .. ", streamed", function ()
    -- The head is there: what comes later is the reader's.
    local w <close> = wire.open{ [A] = { cert = "good", script,
      { "head", "send", FINAL } } }
    local s <close> = session_of(w)
    local r = s:get(URL, { retries = 1, stream = true })
    if not (steps[2] or ""):find "\r\n\r\n" then
      t.eq(r:read "a", "final", "the second answer")
    else
      local err = t.raises(function () r:read "a" end, kind, code)
      t.eq(err.sent, true, "sent")
      t.eq(#w:requests(A), 1, "requests")
    end
  end)
end

---------------------------------------------------------------------------
-- Lost on the way into a file.

local out = t.tmpdir() .. "/out"

local function content (path)
  local f <close> = io.open(path, "rb")
  return f and f:read "a"
end

-- Raises unless these are in the file and its part; and begins anew.
local function holds (whole, part)
  t.eq(content(out), whole, "PATH")
  t.eq(content(out .. ".part"), part, "PATH.part")
  for _, suffix in ipairs{ "", ".part", ".part.meta" } do
    os.remove(out .. suffix)
  end
end

local ETAG = 'etag: "a"\r\n'

local function part_of (range, body, more)
  return peer.answer(body, "content-range: bytes " .. range .. "\r\n" ..
    (more or ETAG), "206 X")
end

for _, row in ipairs(losses) do
  local label, steps, kind, code = table.unpack(row, 1, 4)
  local script = table.move(steps, 1, #steps, 2, { "head" })

  t.test("lost to a file: " .. label, function ()
    local w <close> = wire.open{ [A] = { cert = "good", script,
      { "head", "send", FINAL } } }
    local s <close>, pauses = session_of(w)
    local r = s:get(URL, { retries = 1, output = out })
    t.eq(r.body, nil, "body")
    t.eq(#pauses, 1, "pauses")
    local got = w:requests(A)
    t.eq({ #got, got[2].text }, { 2, got[1].text }, "requests")
    holds("final")
  end)

  t.test("lost to a file: " .. label .. ", and again", function ()
    t.write(out, "old")
    local w <close> = wire.open{ [A] = { cert = "good", script } }
    local s <close>, pauses = session_of(w)
    local err = t.raises(function ()
      s:get(URL, { retries = 2, output = out })
    end, kind, code)
    t.eq({ err.sent, err.host }, { true, "good.test" }, "sent, host")
    t.eq({ #pauses, #w:requests(A) }, { 2, 3 }, "pauses, requests")
    holds("old")
  end)

  -- What is in a file of the script's cannot be taken back.
  t.test("lost to a handle: " .. label, function ()
    local w <close> = wire.open{ [A] = { cert = "good", script,
      { "head", "send", FINAL } } }
    local s <close> = session_of(w)
    local f <close> = assert(io.open(out, "wb"))
    local o = { retries = 1, output = f }
    if not (steps[2] or ""):find "\r\n\r\n" then
      s:get(URL, o)
      holds("final")
    else
      t.raises(function () s:get(URL, o) end, kind, code)
      t.eq(#w:requests(A), 1, "requests")
    end
  end)
end

-- label, what the first answer, cut after "01234", has for a header; the
-- answers to the tries that follow; the ranges that these ask for ("" for
-- none); what is in the file, or kind and code; what is in the part
local HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n"
local continued = {
  { "the rest", ETAG, { part_of("5-9/10", "56789") }, { "bytes=5-" },
    "0123456789" },
  { "the rest, cut again", ETAG, { part_of("5-9/10", "56789"):sub(1, -3),
    part_of("8-9/10", "89") }, { "bytes=5-", "bytes=8-" }, "0123456789" },
  { "busy, then the rest", ETAG, { BUSY, part_of("5-9/10", "56789") },
    { "bytes=5-", "bytes=5-" }, "0123456789" },
  { "another version", ETAG, { HEAD .. 'etag: "b"\r\n\r\nabcdefghij' },
    { "bytes=5-" }, "abcdefghij" },
  { "another version, cut, and its rest", ETAG,
    { HEAD .. 'etag: "b"\r\n\r\nabc', part_of("3-9/10", "defghij",
      'etag: "b"\r\n') }, { "bytes=5-", "bytes=3-" }, "abcdefghij" },
  { "another version without a tag, cut", ETAG,
    { HEAD .. "\r\nabc", HEAD .. "\r\nABCDEFGHIJ" }, { "bytes=5-", "" },
    "ABCDEFGHIJ" },
  { "no tag", "", { HEAD .. "\r\nabcdefghij" }, { "" }, "abcdefghij" },
  { "that was all", ETAG, { peer.answer("", "content-range: bytes */5\r\n",
    "416 X") }, { "bytes=5-" }, "01234" },
  { "no such rest any more", ETAG, { peer.answer("",
    "content-range: bytes */3\r\n", "416 X"), peer.answer "new" },
    { "bytes=5-", "" }, "new" },
  { "the wrong rest", ETAG, { part_of("4-9/10", "456789") }, { "bytes=5-" },
    { "protocol", "header" }, "01234" },
  { "another's rest", ETAG, { part_of("5-9/10", "56789", 'etag: "b"\r\n') },
    { "bytes=5-" }, { "protocol", "header" }, "01234" },
  { "gone", ETAG, { peer.answer("gone", nil, "404 X") }, { "bytes=5-" }, nil,
    "01234" },
  { "always cut", ETAG, { part_of("5-9/10", "56789"):sub(1, -4),
    part_of("7-9/10", "789"):sub(1, -3),
    part_of("8-9/10", "89"):sub(1, -2) },
    { "bytes=5-", "bytes=7-", "bytes=8-" }, { "protocol", "truncated" },
    "012345678" },
}

for _, row in ipairs(continued) do
  t.test("lost to a file, resume: " .. row[1], function ()
    local scripts = { cert = "good", { "head", "send",
      HEAD .. row[2] .. "\r\n01234", "notify" } }
    for _, answer in ipairs(row[3]) do
      scripts[#scripts + 1] = { "head", "send", answer, "notify" }
    end
    local w <close> = wire.open{ [A] = scripts }
    local s <close> = session_of(w)
    local function get ()
      return s:get(URL, { retries = 3, output = out, resume = true })
    end
    if type(row[5]) == "table" then
      t.raises(get, row[5][1], row[5][2])
    else
      t.eq(get().ok, row[5] ~= nil, "ok")
    end
    local got = w:requests(A)
    t.eq(#got, 1 + #row[4], "requests")
    for i, range in ipairs(row[4]) do
      t.eq(got[i + 1].headers.range or "", range, "range " .. i)
      t.eq(got[i + 1].headers["if-range"] ~= nil, range ~= "", "if-range")
    end
    holds(type(row[5]) == "string" and row[5] or nil, row[6])
  end)
end

-- label, what wraps the answer of the inner steps, what comes to the file
local outside = {
  { "another table around it", function (r)
    return setmetatable({}, { __index = r, __newindex = r })
  end, "final" },
  { "an answer of its own", function ()
    return https.response { status = 200, body = "stub" }
  end, "stub" },
  { "an error of its own", function () error("mine", 0) end },
}

for _, row in ipairs(outside) do
  t.test("lost to a file: a step outside gives " .. row[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good",
      { "head", "send", PART, "notify" }, { "head", "send", FINAL } } }
    local s <close> = session_of(w)
    s:use(function (request, next) return row[2](next(request)) end)
    local ok = pcall(s.get, s, URL, { retries = 1, output = out })
    t.eq(ok, row[3] ~= nil, "ok")
    holds(row[3])
  end)
end

t.test("lost to a file: the digest is the last try's", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", PART, "notify" }, { "head", "send", FINAL } } }
  local s <close> = session_of(w)
  local o = { retries = 1, output = out, sha256 = https.hash("sha256",
    "final") }
  s:get(URL, o)
  holds("final")
end)

t.test("lost to a file: behind a redirect", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", peer.answer("", "location: /y\r\n", "302 X"), "head",
      "send", HEAD .. ETAG .. "\r\n01234", "notify" },
    { "head", "send", part_of("5-9/10", "56789") } } }
  local s <close> = session_of(w)
  local r = s:get(URL, { retries = 1, output = out, resume = true })
  t.eq(#r.history, 1, "history")
  t.eq(wire.methods(w:requests(A)), "GET /x, GET /y, GET /y", "requests")
  holds("0123456789")
end)

t.test("lost to a file: HEAD and redirects that are not followed", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", HEAD .. "\r\n", "head", "send",
      peer.answer("moved", "location: /y\r\n", "302 X") } } }
  local s <close> = session_of(w)
  t.eq(s:head(URL, { retries = 1, output = out }).status, 200, "status")
  holds(nil)
  s:get(URL, { retries = 1, output = out, redirects = false })
  holds("moved")
end)

t.test("sent: by an earlier try", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "notify" } }
  local s <close> = session_of(w)
  local tries = 0
  s:use(function (request, next)
    tries = tries + 1
    if tries == 2 then request.url = "https://nobody.test/" end
    return next(request)
  end, { after = "retries" })
  w.resolve["nobody.test:443"] = "127.0.0.1:1"
  local err = t.raises(function () s:get(URL, { retries = 1 }) end, "connect",
    "refused")
  t.eq({ tries, err.sent }, { 2, true }, "tries, sent")
end)

t.test("POST that may be sent again", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "body", 5, "rst" }, { "head", "body", 5, "send", FINAL } } }
  local s <close> = session_of(w)
  local r = s:post(URL, { body = "hello",
    retries = { max = 1, methods = { "POST" } } })
  t.eq(r.body, "final", "body")
  for i, request in ipairs(w:requests(A)) do
    t.eq(request.body, "hello", "body " .. i)
  end
end)

t.test("refused", function ()
  local w = wire.open{ [A] = { cert = "good", "wait" } }
  w:stop()
  local s <close>, pauses = session_of(w)
  local err = t.raises(function () s:get(URL, { retries = 3 }) end, "connect",
    "refused")
  t.eq(err.sent, false, "sent")
  t.eq(#pauses, 3, "pauses")
end)

t.test("silence", function ()
  local w <close> = wire.open{ [A] = { cert = "good", { "head", "stall" },
    { "head", "send", FINAL } } }
  local s <close> = session_of(w)
  local r = s:get(URL, { retries = 1, timeout = { read = 0.1, total = 20 } })
  t.eq(r.body, "final", "body")
  t.eq(#w:requests(A), 2, "requests")
end)

-- certificate, code, further options: never tried again, nothing was sent
local verifications = {
  { "self", { "self-signed", "unknown-issuer" } },
  { "expired", "expired" },
  { "two", "name-mismatch" },
  { "good", { "unknown-issuer", "incomplete-chain" },
    { ca = peer.pem "others" } },
}

for _, row in ipairs(verifications) do
  t.test("verification is not tried again: " .. row[1], function ()
    local o = { retries = { max = 3, methods = { "GET" } } }
    for k, v in pairs(row[3] or {}) do o[k] = v end
    local w <close> = wire.open{
      [row[1] == "two" and A or row[1] .. ".test:443"] = { cert = row[1],
        "head", "send", FINAL } }
    local name = next(w.servers)
    local s <close>, pauses = session_of(w)
    local err = t.raises(function ()
      s:get("https://" .. name:gsub(":443", "/"), o)
    end, "verify", row[2])
    t.eq(err.sent, false, "sent")
    t.eq(pauses, {}, "pauses")
    w:expect(name, "^received 0 0$")
    -- The look that finds out what was refused, and sends nothing either.
    local looks = row[2] ~= "name-mismatch" and 1 or 0
    if looks == 1 then w:expect(name, "^received 1 0$") end
    t.eq(table.concat(w:lines(name), "\n"):find("open " .. looks + 1), nil,
      "another connection")
  end)
end

-- label, body of PUT, how often it is sent
local dir = t.tmpdir()
t.write(dir .. "/body", "hello")
local bodies = {
  { "a string", function () return "hello" end, 2 },
  { "a file", function () return assert(io.open(dir .. "/body", "rb")) end,
    2 },
  { "a file from the middle", function ()
    t.write(dir .. "/long", "1234hello")
    local f = assert(io.open(dir .. "/long", "rb"))
    f:seek("set", 4)
    return f
  end, 2 },
  { "a pipe", function () return io.popen("printf hello", "r") end, 1 },
  { "a function", function ()
    local done
    return function ()
      if done then return nil end
      done = true
      return "hello"
    end
  end, 1 },
}

for _, row in ipairs(bodies) do
  local body = { "body", row[3] == 1 and 15 or 5 }  -- bytes, or their chunks
  t.test("PUT of " .. row[1] .. ", 503", function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", body[1],
      body[2], "send", BUSY, "head", body[1], body[2], "send", FINAL } }
    local s <close> = session_of(w)
    local r = s:put(URL, { body = row[2](), retries = 1 })
    t.eq(r.status, row[3] == 2 and 200 or 503, "status")
    local got = w:requests(A)
    t.eq(#got, row[3], "requests")
    for i, request in ipairs(got) do
      t.match(request.body, "hello", "body " .. i)
    end
  end)
  t.test("PUT of " .. row[1] .. ", lost", function ()
    local w <close> = wire.open{ [A] = { cert = "good",
      { "head", body[1], body[2], "notify" },
      { "head", body[1], body[2], "send", FINAL } } }
    local s <close> = session_of(w)
    local function put ()
      return s:put(URL, { body = row[2](), retries = 1 })
    end
    if row[3] == 2 then
      t.eq(put().body, "final", "body")
    else
      local err = t.raises(put, "protocol", "closed")
      t.eq(err.sent, true, "sent")
      t.match(err.hint, "sent only once", "hint")
    end
    t.eq(#w:requests(A), row[3], "requests")
  end)
end

---------------------------------------------------------------------------
-- With the other steps.

t.test("each hop of a redirect has its own", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    "head", "send", BUSY, "head", "send",
    peer.answer("", "location: /y\r\n", "302 X"), "head", "send", BUSY,
    "head", "send", FINAL } }
  local s <close> = session_of(w)
  t.eq(s:get(URL, { retries = 1 }).body, "final", "body")
  t.eq(wire.methods(w:requests(A)), "GET /x, GET /x, GET /y, GET /y",
    "requests")
end)

t.test("cookies and auth are sent again, once each", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("", "set-cookie: sid=1; path=/\r\n", "503 X"), "head", "send",
    FINAL } }
  local s <close> = session_of(w)
  s:get(URL, { retries = 1, auth = { "joe", "s3cret" },
    headers = { ["x-a"] = "b" } })
  local one, two = table.unpack(w:requests(A))
  t.eq(one.headers.cookie, nil, "cookie of the first")
  t.eq(two.headers.cookie, "sid=1", "cookie of the second")
  for _, name in ipairs{ "authorization", "x-a", "accept-encoding", "host" } do
    t.ok(one.headers[name], name)
    t.eq(two.headers[name], one.headers[name], name)
  end
end)

t.test("a session's own, and the call's word against it", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", BUSY,
    "head", "send", FINAL, "head", "send", BUSY, "head", "send", BUSY } }
  local s <close> = https.session(w:options{
    retries = { max = 1, backoff = 0 } })
  t.eq(s:get(URL).status, 200, "the session's")
  t.eq(s:get(URL, { retries = 0 }).status, 503, "0")
  t.eq(s:get(URL, { retries = false }).status, 503, "false")
  t.eq(#w:requests(A), 4, "requests")
end)

t.test("without the step", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", BUSY } }
  local s <close> = https.session(w:options{ retries = 3 })
  s:remove "retries"
  t.eq(s:get(URL).status, 503, "status")
  t.eq(#w:requests(A), 1, "requests")
end)

t.test("an unread body does not keep its connection", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", "HTTP/1.1 503 X\r\ncontent-length: 5000000\r\n\r\n",
      "wait" }, { "head", "send", FINAL } } }
  local s <close> = session_of(w, { pool = { per_host = 1 } })
  local r <close> = s:get(URL, { retries = 1, stream = true })
  t.eq(r:read "a", "final", "body")
  w:expect(A, "^eof 0$")
end)

t.test("a bad answer is not tried again", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", "HTTP/1.1 20\r\n\r\n", "wait" },
    { "head", "send", FINAL } } }
  local s <close> = session_of(w)
  t.raises(function () s:get(URL, { retries = 3 }) end, "protocol",
    "status-line")
  t.eq(#w:requests(A), 1, "requests")
end)

t.test("too large a body is not asked for again", function ()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", FINAL }, { "head", "send", FINAL } } }
  local s <close> = session_of(w)
  t.raises(function () s:get(URL, { retries = 3, max_body = 3 }) end,
    "protocol", "too-large")
  t.eq(#w:requests(A), 1, "requests")
end)

t.test("it waits by the loop's clock", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("", "retry-after: 1\r\n", "503 X"), "head", "send", FINAL } }
  local began = https.now()
  t.eq(https.get(URL, w:options{ retries = 1 }).body, "final", "body")
  local took = https.now() - began
  t.ok(took >= 1 and took < 10, "took " .. took)
end)

t.test("nothing is waited for that the total would not allow", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("busy", "retry-after: 20\r\n", "503 X") } }
  local began = https.now()
  local r = https.get(URL, w:options{ retries = 5, timeout = 10 })
  t.eq(r.status, 503, "status")
  t.eq(r.body, "busy", "body")
  t.ok(https.now() - began < 8, "took " .. https.now() - began)
end)

t.finish()
