-- coroutine.resume and coroutine.wrap that let a task wait inside a coroutine
-- of the script's own (a generator that calls https.get): the wait is passed on
-- from resumer to resumer up to who drives the loop, and the other way back.
-- For everything else they are the standard ones.
local core = require "https.core"

local M = {}

local close, create = coroutine.close, coroutine.create
local isyieldable, yield = coroutine.isyieldable, coroutine.yield
local resume = coroutine.resume

-- What a coroutine has yielded or ended with, once it is not a wait.
local function pass (co, ...)
  if not core.waiting() then
    core.detach(co)
    return ...
  elseif isyieldable() then
    yield()
  else
    core.drive()
  end
  return pass(co, resume(co))
end

-- As coroutine.resume.
function M.resume (co, ...)
  if type(co) ~= "thread" or not core.attach(co) then
    return resume(co, ...)
  end
  return pass(co, resume(co, ...))
end

local function unwrap (co, ok, ...)
  if ok then return ... end
  local err = ...
  if coroutine.status(co) == "dead" then
    local closed, failure = close(co)
    if not closed then err = failure end
  end
  error(err, type(err) == "string" and 2 or 0)
end

-- As coroutine.wrap.
function M.wrap (fn)
  local co = create(fn)
  return function (...)
    return unwrap(co, M.resume(co, ...))
  end
end

-- M.install(): makes them the ones that scripts call
function M.install ()
  coroutine.resume, coroutine.wrap = M.resume, M.wrap
end

return M
