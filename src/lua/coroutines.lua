-- coroutine.resume and coroutine.wrap that let a task wait inside a coroutine
-- of the script's own (a generator that calls https.get): the wait is passed on
-- from resumer to resumer up to who drives the loop, and the other way back.
-- Meanwhile it belongs to who resumed it: to all others it is not suspended.
-- For everything else they are the standard ones.
local core = require "https.core"

local M = {}

local close, create = coroutine.close, coroutine.create
local isyieldable, yield = coroutine.isyieldable, coroutine.yield
local resume, status = coroutine.resume, coroutine.status

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
  local attached
  if type(co) == "thread" then attached = core.attach(co) end
  if attached then
    return pass(co, resume(co, ...))
  elseif attached == false then
    return false, "cannot resume non-suspended coroutine"
  end
  return resume(co, ...)
end

local function is_waiting (co)
  return type(co) == "thread" and status(co) == "suspended"
         and core.is_attached(co)
end

-- As coroutine.status.
function M.status (co)
  return is_waiting(co) and "normal" or status(co)
end

-- As coroutine.close.
function M.close (co)
  if is_waiting(co) then error("cannot close a normal coroutine", 2) end
  return close(co)
end

local function unwrap (co, ok, ...)
  if ok then return ... end
  local err = ...
  if status(co) == "dead" then
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
  coroutine.status, coroutine.close = M.status, M.close
end

return M
