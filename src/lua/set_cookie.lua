-- The Set-Cookie field: a line of it as name, value and attributes (RFC
-- 6265bis section 5.6), and dates as servers write them (section 5.1.1).
local M = {}

local MAX_PAIR = 4096       -- bytes of name and value together
local MAX_ATTRIBUTE = 1024  -- bytes of a value; a longer one is not there

---------------------------------------------------------------------------
-- Dates.

local months = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7,
                 aug = 8, sep = 9, oct = 10, nov = 11, dec = 12 }

-- Days since 1970-01-01, by the Gregorian calendar; month 13 is January.
local function days (year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + year // 4 - year // 100 + year // 400
    + (153 * (month - 3) + 2) // 5 + day - 719469
end

-- The parts of a date, each taken from the first token that can be it.
local take = {}

function take.time (found, token)
  if found.hour then return false end
  local hour, minute, second = token:match("^(%d%d?):(%d%d?):(%d%d?)%f[%D]")
  found.hour, found.minute = tonumber(hour), tonumber(minute)
  found.second = tonumber(second)
  return hour ~= nil
end

function take.day (found, token)
  if found.day then return false end
  found.day = tonumber(token:match("^(%d%d?)%f[%D]"))
  return found.day ~= nil
end

function take.month (found, token)
  if found.month then return false end
  found.month = months[token:sub(1, 3):lower()]
  return found.month ~= nil
end

function take.year (found, token)
  if found.year then return false end
  found.year = tonumber(token:match("^(%d%d%d?%d?)%f[%D]"))
  return found.year ~= nil
end

-- Two digits are of the years 1970 to 2069.
local function full_year (year)
  if year >= 70 and year <= 99 then return year + 1900 end
  return year <= 69 and year + 2000 or year
end

-- M.date(text) -> seconds since the epoch, or nil
function M.date (text)
  local found = {}
  -- Everything printable but letters, digits and ":" stands between tokens.
  for token in text:gmatch("[^\t -/;-@[-`{-~]+") do
    local _ = take.time(found, token) or take.day(found, token)
      or take.month(found, token) or take.year(found, token)
  end
  local day, month = found.day, found.month
  if not (found.hour and day and month and found.year) then return nil end
  local year = full_year(found.year)
  local first = days(year, month, 1)
  if year < 1601 or day < 1 or first + day > days(year, month + 1, 1)
     or found.hour > 23 or found.minute > 59 or found.second > 59 then
    return nil
  end
  return ((first + day - 1) * 24 + found.hour) * 3600 + found.minute * 60
    + found.second
end

---------------------------------------------------------------------------
-- Lines.

-- Without spaces and tabs around it; in linear time, since servers write it.
local function trim (text)
  local from, to = text:find("[^ \t]"), #text
  if not from then return "" end
  while text:find("^[ \t]", to) do to = to - 1 end
  return text:sub(from, to)
end

-- name, value of "name=value"; no name: nil, text
local function split (text)
  local at = text:find("=", 1, true)
  if not at then return nil, trim(text) end
  return trim(text:sub(1, at - 1)), trim(text:sub(at + 1))
end

-- What each attribute does with its value; the last that means something wins.
local attributes = {}

attributes["expires"] = function (cookie, value)
  cookie.date = M.date(value) or cookie.date
end

attributes["max-age"] = function (cookie, value)
  if value:find("^-?%d+$") then cookie.max_age = tonumber(value) end
end

attributes["domain"] = function (cookie, value)
  cookie.domain = value:gsub("^%.", ""):lower()
end

attributes["path"] = function (cookie, value) cookie.path = value end

attributes["secure"] = function (cookie) cookie.secure = true end

attributes["httponly"] = function (cookie) cookie.http_only = true end

attributes["samesite"] = function (cookie, value)
  value = value:lower()
  local known = value == "strict" or value == "lax" or value == "none"
  cookie.same_site = known and value or "default"
end

-- M.is_sendable(name, value) -> whether a cookie may be so, or nil and why not
function M.is_sendable (name, value)
  if name == "" and value == "" then return nil, "empty" end
  if #name + #value > MAX_PAIR then return nil, "size" end
  if name:find("[\0-\8\10-\31\127]") or value:find("[\0-\8\10-\31\127]") then
    return nil, "control"
  end
  return true
end

-- M.parse(line) -> {name=, value=, date=, max_age=, domain=, path=, secure=,
-- http_only=, same_site=}, each attribute only if it is there; or nil and why
-- not: "control", "empty", "size"
function M.parse (line)
  if line:find("[\0-\8\10-\31\127]") then return nil, "control" end
  local pair, rest = line:match("^([^;]*);?(.*)$")
  local name, value = split(pair)
  local cookie = { name = name or "", value = value }
  local ok, why = M.is_sendable(cookie.name, value)
  if not ok then return nil, why end
  for attribute in rest:gmatch("[^;]+") do
    local key, text = split(attribute)
    if not key then key, text = text, "" end
    local apply = #text <= MAX_ATTRIBUTE and attributes[key:lower()]
    if apply then apply(cookie, text) end
  end
  return cookie
end

return M
