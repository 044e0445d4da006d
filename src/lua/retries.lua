-- Trying again: lost connections, time-outs and statuses that promise better
-- luck, for requests that may go out twice.  Never a failed verification.
local core = require "https.core"

local M = {}

local DEFAULTS = {
  max = 0, backoff = 0.5, cap = 60,
  statuses = { 429, 502, 503, 504 },
  methods = { "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE" },
}

local may_pass = { connect = true, timeout = true, resolve = true }

local function set_of (list)
  local set = {}
  for _, value in ipairs(list) do set[value] = true end
  return set
end

-- Methods may be written in lower case, here as in a call.
local function methods_of (list)
  local set = set_of(list)
  for _, name in ipairs(list) do
    if name:find("^%l+$") then set[name:upper()] = true end
  end
  return set
end

-- M.rules(value of option retries) -> {max=, backoff=, cap=, statuses=set,
-- methods=set}
function M.rules (value)
  if type(value) == "number" then value = { max = value } end
  local rules = {}
  for name, default in pairs(DEFAULTS) do
    rules[name] = value[name] == nil and default or value[name]
  end
  rules.statuses = set_of(rules.statuses)
  rules.methods = methods_of(rules.methods)
  return rules
end

-- M.date(text) -> epoch seconds of an HTTP-date (RFC 9110 section 5.6.7)
function M.date (text)
  local is_date = text:find("^%a+, %d+[ -]%a+[ -]%d+ %d+:%d+:%d+ GMT$")
    or text:find("^%a+ %a+ +%d+ %d+:%d+:%d+ %d+$")
  return is_date and require "https.set_cookie".date(text) or nil
end

-- Seconds that retry-after asks for (RFC 9110 section 10.2.3), or nil.
local function asked_for (response, time)
  local value = response and response.headers["retry-after"]
  if not value then return nil end
  if value:find("^%d+$") then return tonumber(value) end
  local date = M.date(value)
  return date and math.max(0, date - time())
end

local function is_lost (err)
  if getmetatable(err) ~= core.error then return false end
  return may_pass[err.kind] and err.code ~= "total"
    or err.kind == "protocol" and (err.code == "closed"
      or err.code == "truncated")
    or err.kind == "tls" and (err.code == "closed" or err.code == "truncated")
    or err.kind == "proxy" and err.code == "other"
end

-- One try, read to its end unless it is streamed: a body may be lost, too.
-- The request of a call with output knows what to do with the body.
local function try (request, next)
  local response = next(request)
  local options = request.options
  if request.receive then
    request.receive(request, response)
  elseif not (options.stream or options.output) then
    local _ = response.body
  end
  return response
end

local function is_replayable (request)
  return type(request.body) ~= "table" or request.body.replayable
end

-- Why a failure that would have been tried again was not.
local function add_hint (err)
  err.hint = "it was not tried again, for its body can be sent only once: give "
    .. "it as a string or a file"
end

-- M.step{sleep=, random=, time=, now=} -> the middleware; each may be replaced
function M.step (clock)
  clock = clock or {}
  local sleep = clock.sleep or core.sleep
  local random = clock.random or math.random
  local time, now = clock.time or os.time, clock.now or core.now

  -- Full jitter: anything between nothing and the exponential step.
  local function pause (rules, tries, response)
    local asked = asked_for(response, time)
    if asked then return asked <= rules.cap and asked or nil end
    return random() * math.min(rules.cap, rules.backoff * 2 ^ (tries - 1))
  end

  return function (request, next)
    local rules = M.rules(request.options.retries)
    for tries = 1, math.huge do
      local ok, result = pcall(try, request, next)
      local again = tries <= rules.max and rules.methods[request.method]
        and (ok and rules.statuses[result.status]
             or not ok and is_lost(result))
      if again and not is_replayable(request) then
        again = false
        if not ok then add_hint(result) end
      end
      local wait = again and pause(rules, tries, ok and result or nil)
      if wait and request.deadline and now() + wait >= request.deadline then
        wait = nil
      end
      if not wait then
        if ok then return result end
        error(result, 0)
      end
      if ok then result:close() end
      sleep(wait)
    end
  end
end

return M
