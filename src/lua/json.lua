-- JSON for scripts: https.json.
local core = require "https.core"
local check = require "https.check"

local M = { null = core.json_null }

-- M.decode(text) -> value; raises kind json.  Integers stay integers, null is
-- M.null, arrays have the metatable that M.array gives.
function M.decode (text)
  check.type("json.decode", 1, text, "string")
  return check.call(core.json_decode, text)
end

-- M.encode(value [, {pretty=true}]) -> text; raises kind json.  A table with
-- the keys 1 to n is an array, one with names an object, its members sorted;
-- an empty one an object, unless M.array made it or it was decoded as one.
function M.encode (value, options)
  options = check.options("json.encode", 2, options, "pretty")
  return check.call(core.json_encode, value, options.pretty)
end

-- M.array([list]) -> the list, or a new one, which is an array even if empty
function M.array (list)
  if list == nil then list = {} end
  check.type("json.array", 1, list, "table")
  return setmetatable(list, core.json_array)
end

return M
