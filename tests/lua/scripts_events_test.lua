-- scripts/events.lua: what is printed, and how it goes on.
local t = require "tests.harness"
local s = require "tests.lua.scripts"
local https = require "https"

local serve, at, run_ca, check_status, answer = s.serve, s.at, s.run_ca,
  s.check_status, s.answer

local STREAM = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
local NO_MORE = "HTTP/1.1 204 No Content\r\n\r\n"

-- A stream on a connection of its own, which ends with it.
local function stream (text)
  return { "head", "send", STREAM .. "connection: close\r\n\r\n" .. text,
           "notify" }
end

-- Connection by connection what the server says, and what comes of it.
local event_rows = {
  { label = "one stream, then no more",
    { stream("retry: 1\ndata: one\nid: 1\n\n"
        .. "event: e\ndata: two\ndata: lines\n\n"),
      { "head", "send", NO_MORE } },
    stdout = "event: message\nid: 1\ndata: one\n\n"
      .. "event: e\nid: 1\ndata: two\ndata: lines\n\n",
    last = { false, "1" } },
  { label = "goes on where it ended",
    { stream "retry: 1\nid: a\ndata: 1\n\n", stream "id: b\ndata: 2\n\n",
      stream "data: 3\n\n", { "head", "send", NO_MORE } },
    stdout = "event: message\nid: a\ndata: 1\n\nevent: message\nid: b\n"
      .. "data: 2\n\nevent: message\nid: b\ndata: 3\n\n",
    last = { false, "a", "b", "b" } },
  { label = "from where we were told", words = { "--last-id", "x" },
    { { "head", "send", NO_MORE } }, stdout = "", last = { "x" } },
  { label = "cut off in an event",
    { { "head", "send", STREAM .. "content-length: 100\r\n\r\n"
      .. "retry: 1\nid: 1\ndata: 1\n\ndata: lo", "notify" },
      { "head", "send", NO_MORE } },
    stdout = "event: message\nid: 1\ndata: 1\n\n", last = { false, "1" } },
  { label = "ended by nobody knows whom",
    { { "head", "send", STREAM .. "connection: close\r\n\r\n"
      .. "retry: 1\nid: 1\ndata: 1\n\n", "fin" },
      { "head", "send", NO_MORE } },
    stdout = "event: message\nid: 1\ndata: 1\n\n", last = { false, "1" } },
  { label = "reset",
    { { "head", "send", STREAM .. "content-length: 100\r\n\r\n"
      .. "retry: 1\nid: 1\ndata: 1\n\n", "rst" },
      { "head", "rst" }, { "head", "send", NO_MORE } },
    stdout = "event: message\nid: 1\ndata: 1\n\n", last = { false, "1", "1" } },
  { label = "enough", words = { "--max", "1" },
    { { "head", "send", STREAM .. "content-length: 100\r\n\r\n"
      .. "data: 1\n\ndata: 2\n\n", "stall" } },
    stdout = "event: message\ndata: 1\n\n" },
  { label = "with a charset",
    { { "head", "send", "HTTP/1.1 200 OK\r\ncontent-type: Text/Event-Stream; "
      .. "charset=utf-8\r\ncontent-length: 9\r\n\r\ndata: 1\n\n", "stall" } },
    words = { "--max", "1" }, stdout = "event: message\ndata: 1\n\n" },
  { label = "no stream of events", { { "head", "send", answer("hello",
    "content-type: text/html\r\n") } }, status = 1, says = "text/html" },
  { label = "no type", { { "head", "send", answer "hello" } }, status = 1,
    says = "no event stream" },
  { label = "404", { { "head", "send", answer("", nil, "404 Not Found") } },
    status = 8, says = "status/404" },
  { label = "401 when it goes on",
    { stream "retry: 1\ndata: 1\n\n", { "head", "send", answer("", nil,
      "401 Unauthorized") } },
    stdout = "event: message\ndata: 1\n\n", status = 6, says = "status/401" },
  { label = "never there", { { "head", "rst" } }, status = { 4, 5, 7 } },
}

for _, row in ipairs(event_rows) do
  t.test("events/" .. row.label, function ()
    local server <close> = serve(row[1])
    local words = { table.unpack(row.words or {}) }
    words[#words + 1] = at(server)
    local got = run_ca("events", words)
    if type(row.status) == "table" then
      t.match(table.concat(row.status, ","), tostring(got.status))
    else
      check_status(got, row.status or 0, row.label)
    end
    t.eq(got.stdout, row.stdout or "", "stdout")
    if row.says then t.match(got.stderr, row.says) end
    for k, id in ipairs(row.last or {}) do
      local request = server:expect("^request " .. k - 1 .. " (.*)")
      t.match(request, "\\naccept: text/event%-stream\\r")
      t.eq(request:match "\\nlast%-event%-id: (.-)\\r" or false, id,
        "last-event-id of connection " .. k - 1)
    end
  end)
end

t.test("events/lets go of its connection", function ()
  local events = require "scripts.events"
  local server <close> = serve { "head", "send", STREAM
    .. "content-length: 1000000\r\n\r\ndata: 1\n\n", "stall" }
  local session <close> = https.session { ca = s.ca }
  for event in events(session, at(server)) do
    t.eq(event.data, "1")
    break
  end
  server:expect "^gone 0"
end)

-- How long it waits.
t.test("events/pauses", function ()
  local events = require "scripts.events"
  local session <close> = https.session {}
  local slept, tries = {}, 0
  local lost = setmetatable({ kind = "connect", code = "refused",
    message = "refused" }, https.error)
  session.transport = function ()
    tries = tries + 1
    if tries > 1 and tries < 8 then error(lost, 0) end
    return https.response {
      headers = { ["content-type"] = "text/event-stream" },
      body = tries == 1 and "retry: 2000\ndata: 1\n\n" or "data: 2\n\n",
    }
  end
  local got = {}
  for event in events(session, "https://example.org/",
                      { sleep = function (s) slept[#slept + 1] = s end }) do
    got[#got + 1] = event.data
    if #got == 2 then break end
  end
  t.eq(got, { "1", "2" })
  t.eq(slept, { 2.0, 4.0, 8.0, 16.0, 32.0, 60, 60 })
end)

t.finish()
