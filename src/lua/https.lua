-- The module https: the verbs and little else, so that a script that makes no
-- request pays for none.  The first call loads the rest.
local core = require "https.core"

local https = {
  version = core.version,
  error = core.error,   -- the metatable of every error value
  now = core.now,       -- seconds of a clock that only runs forward
  sleep = core.sleep,   -- (seconds): waits
}

-- What a request does not need is loaded when it is first asked for: the
-- module that is it, or has it.
local later = {
  all = "https.tasks", base64 = "https.tools", hash = "https.tools",
  hmac = "https.tools", json = "https.json", map = "https.tasks",
  random = "https.tools", spawn = "https.tasks", url = "https.url",
}

-- Those that have several things to offer.
local shelves = { ["https.tasks"] = true, ["https.tools"] = true }

setmetatable(https, {
  __index = function (self, name)
    local module = later[name]
    if not module then return nil end
    local value = require(module)
    if shelves[module] then value = value[name] end
    rawset(self, name, value)
    return value
  end,
})

-- https.error{kind=, code=, message=, ...} -> an error value to raise
setmetatable(core.error, {
  __call = function (_, fields)
    if type(fields) ~= "table" then
      require "https.errors".usage("type", "https.error takes a table, not %s",
        fields == nil and "nil" or "a " .. type(fields))
    end
    return require "https.errors".new(fields)
  end,
})

local call, shared  -- the session behind the module's own verbs

local function open ()
  local session = require "https.session"
  call, shared = session.call, session.new(nil, true)
  return shared
end

-- https.request(method, url [, options]) -> response
function https.request (method, url, options)
  local session = shared or open()
  return call(session, method, url, options)
end

-- https.get(url [, options]) -> response, and so on
for _, verb in ipairs { "get", "head", "post", "put", "patch", "delete",
                        "options" } do
  local method = verb:upper()
  https[verb] = function (url, options)
    local session = shared or open()
    return call(session, method, url, options)
  end
end

-- https.session(defaults) -> session
function https.session (defaults)
  return require "https.session".new(defaults)
end

-- https.response{status=, headers=, body=} -> a response that no server gave
function https.response (fields)
  return require "https.response".stub(fields)
end

-- https.inspect(url, "host[:port]" or error [, options]) -> report
function https.inspect (target, options)
  return require "https.inspect".inspect(target, options)
end

-- https.is(value [, kind [, code]]) -> whether it is such an error
function https.is (value, kind, code)
  return getmetatable(value) == core.error
    and (kind == nil or rawget(value, "kind") == kind)
    and (code == nil or rawget(value, "code") == code)
end

return https
