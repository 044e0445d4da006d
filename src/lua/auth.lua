-- The auth step: who we are, said to the one origin it was meant for.
local core = require "https.core"
local errors = require "https.errors"
local requests = require "https.request"

local M = {}

local usage = errors.usage

---------------------------------------------------------------------------
-- The option.

local forms = { "bearer", "digest", "flow", "netrc" }

-- Neither may hold a control character (RFC 7617 section 2).
local function check_pair (what, pair)
  if type(pair) ~= "table" then
    usage("type", "%s must be a table, {\"user\", \"password\"}, not a %s",
          what, type(pair))
  end
  for key in pairs(pair) do
    if key ~= 1 and key ~= 2 then
      usage("value", "%s must be {\"user\", \"password\"} and nothing else",
            what)
    end
  end
  for i, name in ipairs { "user", "password" } do
    if type(pair[i]) ~= "string" then
      usage("type", "the %s in %s must be a string, not a %s", name, what,
            type(pair[i]))
    elseif pair[i]:find("[\0-\31\127]") then
      usage("value", "the %s in %s has a control character", name, what)
    end
  end
end

local checks = {}

function checks.basic (value)
  check_pair("option 'auth'", value)
  if value[1]:find(":", 1, true) then
    usage("value", "the user in option 'auth' has a colon, which basic "
          .. "authentication cannot say (RFC 7617)")
  end
end

function checks.bearer (value)
  local token = value.bearer
  if type(token) ~= "string" then
    usage("type", "option 'auth.bearer' must be a string, not a %s",
          type(token))
  elseif token == "" or token:find("[^!-~]") then
    usage("value", "option 'auth.bearer' is empty or has a character that no "
          .. "token has (a space, a line end?)")
  end
end

function checks.digest (value)
  check_pair("option 'auth.digest'", value.digest)
end

function checks.flow (value)
  if type(value.flow) ~= "function" then
    usage("type", "option 'auth.flow' must be a function, not a %s",
          type(value.flow))
  end
end

function checks.netrc (value)
  local where = value.netrc
  if where ~= true and type(where) ~= "string" then
    usage("type", "option 'auth.netrc' must be true or a path, not %s",
          where == false and "false" or "a " .. type(where))
  end
end

-- The form that a key of the option's table belongs to.
local function form_of_key (key)
  if math.type(key) == "integer" then return "basic" end
  if checks[key] and key ~= "basic" then return key end
  local nearest = errors.nearest(tostring(key), forms)
  usage("option", "unknown key '%s' in option 'auth'%s", tostring(key),
        nearest and (" (did you mean '%s'?)"):format(nearest) or "")
end

-- The one form that a value has.
local function form_of (value)
  local form
  for key in pairs(value) do
    local of_key = form_of_key(key)
    if form and form ~= of_key then
      usage("value", "option 'auth' must say one way to authenticate, not two")
    end
    form = of_key
  end
  return form or "basic"
end

-- M.check(value): raises kind usage for what option auth cannot be
function M.check (value)
  if type(value) == "function" then return end
  if type(value) ~= "table" then
    usage("type", "option 'auth' must be a table or a function, not a %s",
          type(value))
  end
  checks[form_of(value)](value)
end

---------------------------------------------------------------------------
-- The forms, each function (context, value) -> response; context is {request=,
-- next=, session=, memory=, random=}.  What is sent is a copy, so that no
-- secret stays in a request that a step above may send elsewhere.

local ways = {}

local function send_as (context, value)
  local copy = requests.copy(context.request)
  copy.headers["authorization"] = value
  return context.next(copy)
end

local function send_basic (context, user, password)
  checks.basic { user, password }
  return send_as(context, "Basic "
    .. core.base64_encode(user .. ":" .. password))
end

function ways.basic (context, value)
  return send_basic(context, value[1], value[2])
end

function ways.bearer (context, value)
  return send_as(context, "Bearer " .. value.bearer)
end

function ways.digest (context, value)
  local digest = require "https.auth_digest"
  context.memory.digest = context.memory.digest or digest.memory()
  return digest.send {
    request = context.request, next = context.next, session = context.session,
    user = value.digest[1], password = value.digest[2],
    memory = context.memory.digest, random = context.random,
  }
end

function ways.netrc (context, value)
  local host = requests.parts(context.request).host
  local user, password = require "https.netrc".lookup(value.netrc, host)
  if not user then return context.next(context.request) end
  return send_basic(context, user, password)
end

-- A function that signs: it writes to the request, or gives another.
local function sign (context, fn)
  local copy = requests.copy(context.request)
  local signed = fn(copy)
  if signed == nil then signed = copy end
  return context.next(requests.check(signed, "the auth function"))
end

local routine = { __close = function (self) coroutine.close(self.thread) end }

-- A function that yields requests and is given their responses, for as many
-- rounds as it likes; the last response is the answer.
function ways.flow (context, value)
  local run <close> = setmetatable({ thread = coroutine.create(value.flow) },
                                   routine)
  local first = requests.copy(context.request)
  local response
  while true do
    local ok, wanted = coroutine.resume(run.thread, response or first)
    local ends = coroutine.status(run.thread) == "dead"
    if ok and ends then return response or context.next(first) end
    if ok then ok, wanted = pcall(requests.check, wanted, "the auth flow") end
    if response and ok then
      wanted = require "https.cookies".renew(context.session, wanted, response)
    end
    if response then response:close() end
    if not ok then error(wanted, 0) end
    response = context.next(requests.copy(wanted))
  end
end

---------------------------------------------------------------------------
-- The step.

local function is_due (request)
  local auth = request.auth
  return auth and requests.parts(request).origin == auth.origin
    and not request.headers["authorization"]
end

-- M.step(session [, random]) -> the middleware; random(n) gives n bytes
function M.step (session, random)
  local memory = {}
  return function (request, next)
    if not is_due(request) then return next(request) end
    local value = request.auth.value
    local context = { request = request, next = next, memory = memory,
                      session = session or {},
                      random = random or core.random }
    if type(value) == "function" then return sign(context, value) end
    return ways[form_of(value)](context, value)
  end
end

return M
