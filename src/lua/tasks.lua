-- Tasks: functions that run side by side, each waiting for what it must while
-- the others go on.
local core = require "https.core"
local check = require "https.check"
local errors = require "https.errors"

local M = {}

local CONCURRENCY = 8  -- of map, unless it is told another

require "https.coroutines".install()

-- M.spawn(fn, ...) -> task
function M.spawn (fn, ...)
  check.type("spawn", 1, fn, "function")
  return core.spawn(fn, ...)
end

-- A group of tasks: the first that fails cancels the others; so does whoever
-- leaves it.
local Group = { __name = "https.group" }
Group.__index = Group

local function new_group ()
  return setmetatable({}, Group)
end

function Group:__close ()
  for _, task in ipairs(self) do task:cancel() end
end

-- Runs fn; the group hears at once when that fails, and fn's stack is still
-- there to tell where.
local function run (group, index, fn, ...)
  local guard <close> = setmetatable({}, { __close = function (_, err)
    if err ~= nil and not group.failed then
      group.failed = group[index]
      Group.__close(group)
    end
  end })
  return fn(...)
end

function Group:spawn (fn, ...)
  local index = #self + 1
  self[index] = core.spawn(run, self, index, fn, ...)
end

-- Waits for all; raises what the first failure raised.
function Group:join ()
  for _, task in ipairs(self) do
    if not core.join(task) and not self.failed then self.failed = task end
  end
  if self.failed then self.failed:wait() end
end

-- M.all{fn, ...} -> the first result of each, in order
function M.all (fns)
  check.type("all", 1, fns, "table")
  for i = 1, #fns do check.type("all", i, fns[i], "function") end
  local group <close> = new_group()
  for _, fn in ipairs(fns) do group:spawn(fn) end
  group:join()
  local results = {}
  for i, task in ipairs(group) do results[i] = task:wait() end
  return table.unpack(results, 1, #fns)
end

local function concurrency_of (options)
  if options == nil then return CONCURRENCY end
  check.type("map", 3, options, "table")
  for name in pairs(options) do
    if name ~= "concurrency" then
      errors.usage("option", "unknown option %s of 'map'%s", check.quote(name),
                   check.nearest(name, { "concurrency" }) or "")
    end
  end
  local n = options.concurrency
  if n == nil then return CONCURRENCY end
  if math.type(n) ~= "integer" or n < 1 then
    errors.usage("value", "option 'concurrency' of 'map' must be an integer, "
                 .. "1 or more")
  end
  return n
end

-- M.map(list, fn [, {concurrency=8}]) -> list of fn(item, index), in order
function M.map (list, fn, options)
  check.type("map", 1, list, "table")
  check.type("map", 2, fn, "function")
  local size, at, results = #list, 0, {}
  local function work ()
    while at < size do
      at = at + 1
      local i = at
      results[i] = fn(list[i], i)
    end
  end
  local group <close> = new_group()
  for _ = 1, math.min(concurrency_of(options), size) do group:spawn(work) end
  group:join()
  return results
end

return M
