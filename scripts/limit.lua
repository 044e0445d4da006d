-- Keeps requests to a rate, so many a second and a few at once (a token
-- bucket), for each server by itself.  To copy: it is a module, too, whose
-- function makes a middleware; its place is inside the retries, since each of
-- them is a request of its own:
--
--   local limit = require "limit"
--   api:use(limit { rate = 5, burst = 10 }, { after = "retries" })

local https = require "https"

-- limit{rate= (a second), burst=1, now=, sleep=} -> middleware
local function limit (o)
  local rate, burst = o.rate, o.burst or 1
  local now, sleep = o.now or https.now, o.sleep or https.sleep
  assert(type(rate) == "number" and rate > 0, "limit: rate must be above 0")
  assert(burst >= 1, "limit: burst must be at least 1")
  local buckets = {}
  return function (request, next)
    local origin = request.url:match("^[^/]+//[^/?]+")
    local bucket = buckets[origin] or { tokens = burst, time = now() }
    buckets[origin] = bucket
    local time = now()
    bucket.tokens = math.min(burst,
      bucket.tokens + (time - bucket.time) * rate) - 1
    bucket.time = time
    -- Below zero somebody has taken what is not there yet: who comes then
    -- waits in line, also if others come while this one sleeps.
    if bucket.tokens < 0 then sleep(-bucket.tokens / rate) end
    return next(request)
  end
end

if debug.getinfo(2, "f").func == require then return limit end

---------------------------------------------------------------------------

local usage = [[
usage: lurl limit [options] URL...

Gets each URL, at most so many a second, and prints when it did.

  --rate N         requests a second (default 1)
  --burst N        so many at once (default 1)
  --ca FILE        trust these certificates instead of the system's
]]

local function fail (message)
  io.stderr:write("limit: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local function number_of (option, least)
  local number = tonumber(value_of(option))
  return number and number >= least and number
    or fail(option .. " takes a number from " .. least .. " on")
end

local rate, burst, ca = 1, 1, nil
local urls = {}

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--rate" then rate = number_of(word, 0.001)
  elseif word == "--burst" then burst = number_of(word, 1)
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  else urls[#urls + 1] = word
  end
end
if #urls == 0 then fail("which URLs?") end

local session <close> = https.session { ca = ca }
session:use(limit { rate = rate, burst = burst }, { after = "retries" })

local began = https.now()
for _, url in ipairs(urls) do
  local response = session:get(url)
  print(("%6.2f s  %d  %s"):format(https.now() - began, response.status, url))
end
