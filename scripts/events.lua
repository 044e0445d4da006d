-- Server-sent events, for as long as the server has any: when the connection
-- ends or is lost it is made anew, after the pause that the server asked for,
-- and the server is told the last event that came.  To copy: it is a module,
-- too, whose function makes an iterator:
--
--   local events = require "events"
--   for event in events(session, "https://example.org/stream") do
--     print(event.event, event.id, event.data)
--   end

local https = require "https"

local PAUSE, PAUSE_MAX = 3, 60  -- seconds

-- What may be different next time; a certificate, say, is not.
local function is_lost (err)
  return https.is(err, "resolve") or https.is(err, "connect")
    or https.is(err, "timeout") or https.is(err, "protocol", "closed")
    or https.is(err, "protocol", "truncated") or https.is(err, "tls", "closed")
    or https.is(err, "tls", "truncated")
end

-- events(session, url [, {last_id=, sleep=}]) -> iterator, which ends where the
-- server says 204 (No Content)
local function events (session, url, o)
  o = o or {}
  local sleep = o.sleep or https.sleep
  local last_id, pause = o.last_id, PAUSE
  local failures, connected = 0, false
  local response, next_event

  local function connect ()
    response = session:get(url, { stream = true, headers = {
      accept = "text/event-stream", ["cache-control"] = "no-cache",
      ["last-event-id"] = last_id ~= "" and last_id or nil } }):raise()
    local kind = response.headers["content-type"] or "nothing"
    if response.status ~= 204
       and not kind:lower():find("^%s*text/event%-stream") then
      error(url .. ": no event stream, but " .. kind, 0)
    end
    next_event, connected, failures = response:events(), true, 0
  end

  local function close ()
    if response then response:close() end
    response = nil
  end

  -- The next event of one connection, or nil at its end.
  local function take ()
    if not response then connect() end
    return next_event()
  end

  local function step ()
    while true do
      local ok, event = pcall(take)
      if ok and event then
        last_id = event.id or last_id
        event.id = last_id
        pause = event.retry and event.retry / 1000 or pause
        return event
      elseif ok and response.status == 204 then
        return nil
      elseif not ok and not (connected and is_lost(event)) then
        error(event, 0)
      end
      close()
      sleep(math.max(pause, math.min(pause * 2 ^ failures, PAUSE_MAX)))
      failures = failures + 1
    end
  end
  return step, nil, nil, setmetatable({}, { __close = close })
end

if debug.getinfo(2, "f").func == require then return events end

---------------------------------------------------------------------------

local usage = [[
usage: lurl events [options] URL

Prints each event, its fields on lines of their own and an empty line after it,
and connects again when the stream ends or is lost.

  --last-id ID     the last event that is known already
  --max N          end after so many
  --header LINE    "Name: value"; @FILE: the lines of a file, which keeps
                   secrets out of the list of processes
  --ca FILE        trust these certificates instead of the system's
]]

local function fail (message)
  io.stderr:write("events: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local headers, max = {}, math.huge
local ca, last_id, url

local function add_header (line)
  if line:find("^@") then
    local file <close> = io.open(line:sub(2)) or fail("cannot read " .. line)
    for each in file:lines() do add_header(each) end
    return
  end
  local name, value = line:match("^([^:]+):%s*(.*)$")
  if not name then fail("a header is \"Name: value\"") end
  headers[name] = value
end

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--last-id" then last_id = value_of(word)
  elseif word == "--max" then
    max = math.tointeger(value_of(word)) or fail("--max takes a number")
  elseif word == "--header" then add_header(value_of(word))
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif url then fail("one URL only")
  else url = word
  end
end
if not url then fail("which URL?") end

io.stdout:setvbuf("line")
local session <close> = https.session { ca = ca, headers = headers }
local count = 0
for event in events(session, url, { last_id = last_id }) do
  print("event: " .. event.event)
  if event.id then print("id: " .. event.id) end
  print("data: " .. event.data:gsub("\n", "\ndata: ") .. "\n")
  count = count + 1
  if count >= max then break end
end
