-- Puts load on a server, so many requests in flight all the time, and tells how
-- many it answered a second and how long they took.
--
--   lurl bench -n 10000 -c 50 https://127.0.0.1:8443/
--   lurl bench --duration 30 --script orders.lua
--
-- A script, for requests that differ, returns a function that is called for
-- each, with its number and the session, and returns what to send; or sends it
-- itself, several requests for one (a login, say), and returns the response:
--
--   return function (i, session)
--     return "POST", "https://127.0.0.1:8443/orders", { json = { order = i } }
--   end
--
-- A request is what it is told to be: redirects are not followed, nothing is
-- tried again and nothing is decompressed, unless the script's options say so.
-- Those that are in flight over HTTP/2 share a connection; http="1.1" is an
-- option, too.

local https = require "https"

local usage = [[
usage: lurl bench [options] URL

Sends GET requests and prints how many were answered a second, the times that
they took, and what came of them.

  -n, --requests N     end after so many (default 1000; no end if there is a
                       --duration)
  -c, --concurrency N  so many at once (default 10)
  --duration S         begin no request after so many seconds
  --script FILE        what to send, instead of URL: a Lua file that returns a
                       function (number, session) -> method, URL, options
  --fresh              a new connection for each request
  --timeout S          the most that each may take (default 60)
  --json               for programs: one line, times in seconds
  --ca FILE            trust these certificates instead of the system's

An error is counted and does not end it; where nothing else came of it, the
exit status is that of the first.  An interrupt (SIGINT) prints what there is
so far.
]]

local function fail (message)
  io.stderr:write("bench: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local function number_of (option)
  local number = tonumber(value_of(option))
  return number and number > 0 and number
    or fail(option .. " takes a number above 0")
end

local function count_of (option)
  return math.tointeger(number_of(option))
    or fail(option .. " takes a whole number")
end

-- What the script makes of a request's number; see above.
local function step_of (path)
  local chunk, message = loadfile(path)
  if not chunk then fail(message) end
  local step = chunk()
  if type(step) ~= "function" then fail(path .. " returns no function") end
  return step
end

local concurrency, timeout = 10, 60
local requests, duration, step, is_fresh, is_json, ca, url

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "-n" or word == "--requests" then requests = count_of(word)
  elseif word == "-c" or word == "--concurrency" then
    concurrency = count_of(word)
  elseif word == "--duration" then duration = number_of(word)
  elseif word == "--script" then step = step_of(value_of(word))
  elseif word == "--fresh" then is_fresh = true
  elseif word == "--timeout" then timeout = number_of(word)
  elseif word == "--json" then is_json = true
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif url then fail("one URL only")
  else url = word
  end
end
if not url and not step then fail("which URL?") end
if url and step then fail("the script says the URL") end
step = step or function () return "GET", url end
requests = requests or duration and math.huge or 1000

---------------------------------------------------------------------------

local defaults = {
  ca = ca, cookies = false, redirects = false, compress = false,
  timeout = timeout, pool = { per_host = concurrency,
                              total = math.max(concurrency, 256) },
}
local shared <close> = https.session(defaults)

local totals, waits = {}, {}       -- seconds, of each answer
local statuses, errors = {}, {}    -- how often, by status or "kind/code"
local bytes, failed = 0, 0
local first_error

local function count (list, name)
  list[name] = (list[name] or 0) + 1
end

local function send (i)
  local own <close> = is_fresh and https.session(defaults) or nil
  local session = own or shared
  local method, target, options = step(i, session)
  if type(method) == "table" then return method end
  return session:request(method, target, options)
end

-- A mistake of the script's, or in an option, is no answer: it ends the run.
local function measure (i)
  local began = https.now()
  local ok, result = pcall(send, i)
  if ok then
    totals[#totals + 1] = https.now() - began
    waits[#waits + 1] = result.timings and result.timings.wait
    count(statuses, tostring(result.status))
    bytes = bytes + #(result.body or "")
  elseif not https.is(result) or https.is(result, "usage")
      or https.is(result, "cancelled") then
    error(result, 0)
  else
    failed = failed + 1
    first_error = first_error or result
    count(errors, result.kind .. "/" .. result.code)
  end
end

local began, sent = https.now(), 0
local finish = began + (duration or math.huge)

local function work ()
  while sent < requests and https.now() < finish do
    sent = sent + 1
    measure(sent)
  end
end

local places = {}
for i = 1, math.min(concurrency, requests) do places[i] = i end
local ok, err = pcall(https.map, places, work, { concurrency = concurrency })
local is_interrupted = https.is(err, "cancelled", "interrupted")
if not ok and not is_interrupted then error(err, 0) end
local seconds = https.now() - began

---------------------------------------------------------------------------

-- The nearest rank: a time that so many of a hundred did not exceed.
local function percentiles (times)
  table.sort(times)
  local list = { max = times[#times] }
  for _, p in ipairs { 50, 90, 99 } do
    list["p" .. p] = times[math.ceil(p / 100 * #times)]
  end
  return list
end

local report = {
  requests = #totals + failed, seconds = seconds, bytes = bytes,
  answered = #totals, rate = #totals / seconds, concurrency = concurrency,
  interrupted = is_interrupted, statuses = statuses, errors = errors,
  total = percentiles(totals), wait = percentiles(waits),
}

local function print_times (name, times)
  local words = {}
  for _, key in ipairs { "p50", "p90", "p99", "max" } do
    words[#words + 1] = times[key] and ("%9.3f"):format(times[key] * 1000)
      or ("%9s"):format("-")
  end
  print(("%-10s%s ms"):format(name, table.concat(words)))
end

local function print_counts (title, list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    print(("%-9s %9d  %s"):format(title, list[name], name))
  end
end

local function print_report ()
  print(("%d answered, %d failed, in %.2f s, %d at once%s"):format(
    report.answered, failed, seconds, concurrency,
    is_interrupted and " (interrupted)" or ""))
  print(("%.1f requests/s, %.1f KiB/s of bodies"):format(report.rate,
    bytes / seconds / 1024))
  print("                50%      90%      99%      max")
  print_times("total", report.total)
  print_times("wait", report.wait)
  print_counts("status", statuses)
  print_counts("error", errors)
end

if is_json then print(https.json.encode(report)) else print_report() end
if #totals == 0 and first_error then error(first_error, 0) end
