-- Error values: one table for every failure, with fields a script can act on
-- and a tostring fit to show a person.
local core = require "https.core"
local hints = require "https.hints"

local M = {}
local mt = core.error

-- A kind and code, "verify/expired".
local function label (err)
  return err.code and tostring(err.kind) .. "/" .. tostring(err.code)
    or tostring(err.kind)
end

local PLACE_MAX = 200  -- bytes of a URL that a person gets to see

-- One line, whatever a peer or a caller has put into it.
function mt.__tostring (err)
  local place = err.where or err.url
  if type(place) == "string" and #place > PLACE_MAX then
    place = place:sub(1, PLACE_MAX) .. "..."
  end
  local line = (place and place .. ": " or "") .. tostring(err.message)
    .. " (" .. label(err) .. ")"
  return (line:gsub("%c", function (c)
    return ("\\x%02x"):format(c:byte())
  end))
end

mt.__name = "https.error"

-- M.new(fields) -> an error value, not raised
function M.new (fields)
  if fields.sent == nil then fields.sent = false end
  return setmetatable(fields, mt)
end

-- M.usage(code, format, ...): the caller's mistake, with its position
function M.usage (code, format, ...)
  error(M.new { kind = "usage", code = code, where = core.where(),
                message = string.format(format, ...) }, 0)
end

-- M.article(word) -> "a table", "an integer"
function M.article (word)
  return (word:find("^[aeiou]") and "an " or "a ") .. word
end

-- M.complete(err, parsed) -> err with whom it is about (the parts of a URL,
-- where there is one; else what the script has given us) and what to do.  What
-- is no error of ours comes back as it is.
function M.complete (err, parsed)
  if getmetatable(err) ~= mt then return err end
  if parsed then
    err.url = err.url or parsed.url
    err.host = err.host or parsed.host
    err.port = err.port or parsed.port
  end
  err.hint = err.hint or hints.of(err)
  if err.kind == "usage" or err.kind == "json" and not parsed then
    err.where = err.where or core.where()
  end
  return err
end

-- M.attempt(fn, ...) -> what fn returns, or nil and its error where what it was
-- given is no good.  Any other error (there is no memory, somebody interrupts)
-- is not for the caller to judge by, and passes.
function M.attempt (fn, ...)
  local ok, value = pcall(fn, ...)
  if ok then return value end
  if getmetatable(value) ~= mt or value.kind ~= "usage" then error(value, 0) end
  return nil, value
end

-- M.nearest(word, words) -> the one of words that was probably meant, or nil
function M.nearest (word, words)
  local best, least = nil, math.max(2, #word // 3) + 1
  for _, candidate in ipairs(words) do
    local distance = M.distance(word, candidate)
    if distance < least then best, least = candidate, distance end
  end
  return best
end

-- M.distance(a, b) -> edits between two words; two letters swapped are one
function M.distance (a, b)
  local before, last, row = nil, {}, nil
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    row = { [0] = i }
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(last[j] + 1, row[j - 1] + 1,
                        last[j - 1] + (same and 0 or 1))
      if before and j > 1 and a:byte(i) == b:byte(j - 1)
         and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

return M
