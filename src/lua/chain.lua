-- The chain of middlewares: functions (request, next) -> response around one
-- another, with the session's transport innermost.
local errors = require "https.errors"
local merge = require "https.merge"
local option = require "https.options"
local fill = require "https.response".fill
local requests = require "https.request"

local M = {}

local function position (chain, name)
  for i, step in ipairs(chain) do
    if step.name == name then return i end
  end
  local names = {}
  for _, step in ipairs(chain) do names[#names + 1] = step.name end
  errors.usage("value", "no middleware is named '%s' (there are: %s)",
    tostring(name), table.concat(names, ", "))
end

local use_options = { before = "string", after = "string", name = "string" }

local function check_options (options)
  if type(options) ~= "table" then
    errors.usage("type", "options of use must be a table, not a %s",
      type(options))
  end
  for key, value in pairs(options) do
    if not use_options[key] then
      errors.usage("option", "unknown option '%s' of use (it has before, "
        .. "after and name)", tostring(key))
    elseif type(value) ~= use_options[key] then
      errors.usage("type", "option '%s' of use must be a string, not a %s",
        key, type(value))
    end
  end
  if options.before and options.after then
    errors.usage("value", "options 'before' and 'after' of use contradict "
      .. "each other")
  end
end

-- M.use(chain, fn, options): places a step: before or after a named one, or
-- inside those that were added before it and outside the built-in ones.  A
-- table {fn=, before=, after=, name=} brings its place along.
function M.use (chain, fn, options)
  if type(fn) == "table" then
    options = { before = fn.before, after = fn.after, name = fn.name }
    fn = fn.fn
  end
  options = options or {}
  if type(fn) ~= "function" then
    errors.usage("type", "a middleware must be a function, not a %s", type(fn))
  end
  check_options(options)
  local at
  if options.before then
    at = position(chain, options.before)
  elseif options.after then
    at = position(chain, options.after) + 1
  else
    at = 1
    while chain[at] and not chain[at].builtin do at = at + 1 end
  end
  table.insert(chain, at, { name = options.name or ("use " .. #chain + 1),
                            fn = fn })
end

-- M.remove(chain, name)
function M.remove (chain, name)
  table.remove(chain, position(chain, name))
end

local function check_response (response, name)
  if type(response) == "table" and response.status and response.headers then
    return response
  end
  errors.usage("type", "middleware '%s' must return a response, not %s", name,
    response == nil and "nil" or "a " .. type(response))
end

-- A step of the script's own, held to what it has to hand on and to return.
local function guarded (step, inner)
  local fn, name = step.fn, step.name
  local who = ("middleware '%s'"):format(name)
  local function go_on (request)
    return fill(inner(requests.check(request, who)))
  end
  return function (request)
    return check_response(fn(request, go_on), name)
  end
end

local function checked (transport)
  return function (request)
    return check_response(transport(request), "transport")
  end
end

-- What a step has written to the options is held to what a call's are: one
-- that is misspelt would else ask for nothing.
local function with_checked_options (wire)
  return function (request)
    option.check_each(request.options)
    return wire(request)
  end
end

-- The built-in ones do not need that, and many have nothing to do with most
-- requests: they are made around their next, once, so that a request passes
-- each with a single call.
local makers = setmetatable({}, { __mode = "k" })

-- M.built_in(name, make) -> a step
-- make(next, is_wire) -> function (request) -> response; is_wire: next is the
-- transport, and ours
function M.built_in (name, make)
  local function fn (request, next) return make(next)(request) end
  makers[fn] = make
  return { name = name, fn = fn, builtin = true }
end

-- Calls share options and headers; who is not ours may write to those of a
-- request.
local function with_own_fields (run)
  return function (request)
    request.options = merge.copy(request.options)
    requests.own_headers(request)
    return run(request)
  end
end

local function has_own (chain)
  for _, step in ipairs(chain) do
    if not makers[step.fn] then return true end
  end
  return false
end

-- Each step's next, from inside out, so that a request makes no closures; and
-- the steps' functions.
local function compile (chain, transport, wire)
  local is_ours = transport == wire
  local run, fns = is_ours and wire or checked(transport), {}
  if is_ours and has_own(chain) then run = with_checked_options(wire) end
  for i = #chain, 1, -1 do
    local fn = chain[i].fn
    local make = makers[fn]
    is_ours = is_ours and make
    run = make and make(run, run == wire) or guarded(chain[i], run)
    fns[i] = fn
  end
  return is_ours and run or with_own_fields(run), fns
end

local function is_current (chain, fns)
  local count = #fns
  if #chain ~= count then return false end
  for i = 1, count do
    if chain[i].fn ~= fns[i] then return false end
  end
  return true
end

-- M.fixed(session) -> function (request) -> response, of a session whose chain
-- and transport nobody can get at
function M.fixed (session)
  return (compile(session.chain, session.transport, session.transport))
end

-- M.runner(session) -> function (request) -> response, through the session's
-- chain and transport as they are at that moment
function M.runner (session)
  local run, own
  local fns = {}
  local wire = session.transport
  return function (request)
    local chain, transport = session.chain, session.transport
    if transport ~= own or not is_current(chain, fns) then
      own = transport
      run, fns = compile(chain, own, wire)
    end
    return run(request)
  end
end

return M
