-- The arguments of the tools: what is wrong with one is an error of kind
-- usage, at the script's own line.
local errors = require "https.errors"

local M = {}

local article = errors.article

-- M.quote(word) -> "'word'", fit for a message of one line
function M.quote (word)
  local text = tostring(word)
  if #text > 40 then text = text:sub(1, 40) .. "..." end
  return "'" .. text:gsub("[^ -~]", "?") .. "'"
end

-- M.nearest(word, words) -> " (did you mean 'x'?)", or nil
function M.nearest (word, words)
  local nearest = errors.nearest(tostring(word), words)
  return nearest and (" (did you mean '%s'?)"):format(nearest)
end

-- M.type(name, index, value, want): raises unless value is of type want
function M.type (name, index, value, want)
  if type(value) == want then return end
  errors.usage("type", "argument %d of '%s' must be %s, not %s", index, name,
               article(want), value == nil and "nil" or article(type(value)))
end

-- M.is_list(t) -> whether its keys are 1 to n: what ipairs would not come to,
-- behind a hole or by a name, would be lost without a word
function M.is_list (t)
  local count = 0
  for _ in pairs(t) do count = count + 1 end
  for i = 1, count do
    if t[i] == nil then return false end
  end
  return true
end

-- M.options(name, index, options, ...) -> options, or an empty table; raises
-- unless it has only options of these names, which are true or false
function M.options (name, index, options, ...)
  if options == nil then return {} end
  M.type(name, index, options, "table")
  local known = { ... }
  for option, value in pairs(options) do
    local found = false
    for _, word in ipairs(known) do found = found or word == option end
    if not found then
      errors.usage("option", "unknown option %s of '%s'%s", M.quote(option),
                   name, M.nearest(option, known) or "")
    elseif type(value) ~= "boolean" then
      errors.usage("type", "option '%s' of '%s' must be true or false", option,
                   name)
    end
  end
  return options
end

local function finish (ok, ...)
  if ok then return ... end
  error(errors.complete((...)), 0)
end

-- M.call(fn, ...) -> what it returns; its errors say where the script was
function M.call (fn, ...)
  return finish(pcall(fn, ...))
end

return M
