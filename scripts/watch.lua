-- Polls endpoints and their certificates: several at once, once or again and
-- again, and writes a line of JSON for each check, as soon as it has been made.
--
--   lurl watch --days 21 https://www.example.org/ https://api.example.org/up
--   lurl watch --list urls.txt --interval 60 >> watch.jsonl
--
-- For cron(8), which mails the lines of what is wrong:
--
--   */5 * * * *  lurl watch --list urls.txt | grep '"ok":false'
--
-- Spread over machines by GNU parallel, 50 endpoints for each run, the lines of
-- all in one stream:
--
--   parallel --sshlogin a.example,b.example --pipe -N 50 --line-buffer \
--       lurl watch --list - < urls.txt
--
-- A check is a request on a connection of its own; a redirect is an answer,
-- and where it leads to is another endpoint to be listed.  What makes a check
-- fail: an error, a status of 400 or more, a certificate that ends soon.

local https = require "https"

local DAY = 86400          -- seconds
local BODY_MAX = 16 << 20  -- bytes that a body may have

local usage = [[
usage: lurl watch [options] URL...

Asks each URL, and prints a JSON object a line: time, url, ok; status, ms,
timings (in ms), error {kind, code, message, hint} and cert {subject, issuer,
not_after, days_left} where there are any.

  --list FILE      the URLs that FILE has, too (- is stdin): the first word of
                   each line, # begins a comment
  --interval S     again every so many seconds, until interrupted
  --jobs N         so many at once (default 8)
  --timeout S      for each check (default 30)
  --days N         a check fails when the certificate is valid for fewer days
                   (default 14)
  --ca FILE        trust these certificates instead of the system's

Exit status: 1 when a check of the last round failed, else 0.
]]

local function fail (message)
  io.stderr:write("watch: ", message, "\n", usage)
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

local endpoints = {}  -- {url=, shown= (without a password)}

local function add (url, where)
  local ok, parts = pcall(https.url.parse, url)
  if not ok then fail(where .. parts.message) end
  if parts.scheme ~= "https" then fail(where .. "an https URL, please") end
  parts.user, parts.password = nil, nil
  endpoints[#endpoints + 1] = { url = url, shown = https.url.format(parts) }
end

local function add_list (path)
  local file, err = io.stdin, nil
  if path ~= "-" then file, err = io.open(path) end
  if not file then fail(err) end
  local number = 0
  for line in file:lines() do
    number = number + 1
    local url = line:match("^%s*([^%s#]%S*)")
    if url then add(url, ("%s:%d: "):format(path, number)) end
  end
end

local jobs, timeout, days = 8, 30, 14
local interval, ca

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--list" then add_list(value_of(word))
  elseif word == "--interval" then interval = number_of(word)
  elseif word == "--jobs" then
    jobs = math.tointeger(number_of(word)) or fail("--jobs takes a number")
  elseif word == "--timeout" then timeout = number_of(word)
  elseif word == "--days" then days = number_of(word)
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  else add(word, "")
  end
end
if #endpoints == 0 then fail("which URLs?") end

---------------------------------------------------------------------------

local defaults = {
  ca = ca, cookies = false, redirects = false, timeout = timeout,
  max_body = BODY_MAX,
}

local function date (time)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", time)
end

local function milliseconds (seconds)
  return math.floor(seconds * 1e6 + 0.5) / 1000
end

local function certificate (fact)
  if not fact or not fact.not_after then return nil end
  return { subject = fact.subject, issuer = fact.issuer,
           not_after = date(fact.not_after),
           days_left = (fact.not_after - os.time()) // DAY }
end

local function timings_of (response)
  local list = {}
  for name, value in pairs(response.timings) do
    if type(value) == "number" then list[name] = milliseconds(value) end
  end
  return list
end

-- The facts of a certificate that was refused: the error has them, or it takes
-- another look at the server.
local function refused (err)
  if err.kind ~= "verify" then return nil end
  if err.chain then return err.chain[1] end
  local ok, report = pcall(https.inspect, err)
  if https.is(report, "cancelled") then error(report, 0) end
  return ok and report.chain[1] or nil
end

-- What is wrong with an answer, or nil.
local function complaint (response, cert)
  if not response.ok then
    return select(2, pcall(response.raise, response))
  elseif cert and cert.days_left < days then
    return { kind = "verify", code = "expires-soon",
      message = ("the certificate ends on %s, in %d days"):format(
        cert.not_after, cert.days_left),
      hint = "have it renewed" }
  end
end

-- -> what the line says.  The session is its own, and with it the connection.
local function check (endpoint)
  local session <close> = https.session(defaults)
  local line = { time = date(), url = endpoint.shown }
  local began = https.now()
  local ok, result = pcall(session.get, session, endpoint.url)
  line.ms = milliseconds(https.now() - began)
  local err = result
  if ok then
    line.status, line.timings = result.status, timings_of(result)
    line.cert = certificate(result.tls)
    err = complaint(result, line.cert)
  elseif not https.is(err) or https.is(err, "cancelled")
      or https.is(err, "usage") then
    error(err, 0)
  else
    line.cert = certificate(refused(err))
  end
  line.ok = not err
  line.error = err and { kind = err.kind, code = err.code,
                         message = err.message, hint = err.hint }
  return line
end

local has_failed

local function run ()
  local due = https.now()
  repeat
    local round = https.map(endpoints, function (endpoint)
      local line = check(endpoint)
      print(https.json.encode(line))
      return line.ok
    end, { concurrency = jobs })
    has_failed = false
    for _, is_ok in ipairs(round) do has_failed = has_failed or not is_ok end
    if interval then
      due = math.max(due + interval, https.now())
      https.sleep(math.max(due - https.now(), 0))
    end
  until not interval
end

io.stdout:setvbuf("line")
local ok, err = pcall(run)
if not ok and (has_failed == nil or not https.is(err, "cancelled")) then
  error(err, 0)
end
os.exit(has_failed and 1 or 0, true)
