-- The cookies step: a request takes along what the session's jar holds for its
-- URL, and the call's own cookies as far as their origin; what a response sets
-- goes into the jar, a redirect's too.
local core = require "https.core"
local errors = require "https.errors"
local requests = require "https.request"

local M = {}

local usage = errors.usage

-- M.jar{now=, is_public_suffix=} -> jar, see cookie_jar.lua
function M.jar (o)
  return require "https.cookie_jar".new(o or {})
end

---------------------------------------------------------------------------
-- The option.

local function check_pair (name, value)
  if type(name) ~= "string" then
    usage("type", "a name in option 'cookies' must be a string, not a %s",
          type(name))
  elseif name == "" or name:find("[%c%s=;,\"]") then
    usage("value", "the name of a cookie in option 'cookies' is empty or has a "
          .. "character that no cookie's name may have")
  elseif type(value) ~= "string" and type(value) ~= "number" then
    usage("type", "cookie '%s' must be a string or a number, not a %s", name,
          type(value))
  elseif tostring(value):find("[%c;]") then
    usage("value", "cookie '%s' has a control character or a semicolon, which "
          .. "cannot be sent", name)
  end
end

-- M.check(value): of option cookies, a table of names and values
function M.check (value)
  if type(value) ~= "table" then
    usage("type", "option 'cookies' must be a table, not a %s", type(value))
  end
  for name, text in pairs(value) do check_pair(name, text) end
end

-- The call's own cookies for this request, or nil.
local function own_cookies (request, parts)
  local own = request.options.cookies
  if type(own) ~= "table" or request.origin ~= parts.origin then
    return nil
  end
  M.check(own)
  return own
end

---------------------------------------------------------------------------
-- The step.

local function add_own (words, own)
  local names = {}
  for name in pairs(own) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    words[#words + 1] = name .. "=" .. tostring(own[name])
  end
end

-- The request with its cookies; a copy, so that the one we were handed can be
-- sent again, or elsewhere.
local function with_cookies (jar, request)
  local parts = requests.parts(request)
  local own = own_cookies(request, parts)
  local of_jar = jar and jar:header(parts, own)
  local words = table.move(request.said_cookies, 1, #request.said_cookies, 1,
                           {})
  words[#words + 1] = of_jar
  if own then add_own(words, own) end
  local value = words[1] and table.concat(words, "; ")
  if value == request.headers["cookie"] then return request end
  request = requests.copy(request)
  request.headers["cookie"] = value
  return request
end

local function keep (jar, request, response)
  local lines = response.headers:all("set-cookie")
  if #lines == 0 then return end
  local parts
  if response.url == nil or response.url == request.url then
    parts = requests.parts(request)
  else
    parts = errors.attempt(core.url, response.url)
  end
  if not parts then return end  -- a stub's: it comes from nowhere
  for _, line in ipairs(lines) do jar:set(parts, line) end
end

-- M.step(session) -> the middleware; it looks at session.jar each time
function M.step (session)
  return function (request, next)
    local jar = session.jar
    request.said_cookies = request.headers:all("cookie")  -- by the caller
    local response = next(with_cookies(jar, request))
    if jar then keep(jar, request, response) end
    return response
  end
end

-- M.renew(session, request, response) -> the request with the cookies that are
-- due after response, for a step below this one that asks again
function M.renew (session, request, response)
  if not request.said_cookies then return request end  -- not our business
  if session.jar then keep(session.jar, request, response) end
  return with_cookies(session.jar, request)
end

-- M.of(response) -> {name = value} of the cookies that it sets
function M.of (response)
  local set_cookie = require "https.set_cookie"
  local now, found = os.time(), {}
  for _, line in ipairs(response.headers:all("set-cookie")) do
    local cookie = set_cookie.parse(line)
    if cookie then
      local lives = (cookie.max_age or 1) > 0
        and (cookie.max_age or (cookie.date or math.huge) > now)
      found[cookie.name] = lives and cookie.value or nil
    end
  end
  return found
end

return M
