-- What many header fields have in common: quoted strings, and parameters, as in
-- ';name=value;name="value"' (RFC 9110 sections 5.6.4 and 5.6.6).
local M = {}

-- M.quoted(text, at) -> what the quoted string that begins there says, and the
-- place behind it; nil if it does not end
function M.quoted (text, at)
  local pieces = {}
  at = at + 1
  while true do
    local stop = text:find('["\\]', at)
    if not stop then return nil end
    pieces[#pieces + 1] = text:sub(at, stop - 1)
    if text:byte(stop) == 34 then return table.concat(pieces), stop + 1 end
    pieces[#pieces + 1] = text:sub(stop + 1, stop + 1)
    at = stop + 2
  end
end

-- The value behind a parameter's name, and where the next begins.
local function value_of (text, at)
  local _, equals = text:find("^=%s*", at)
  if not equals then return "", at end
  at = equals + 1
  if text:byte(at) == 34 then
    local value, behind = M.quoted(text, at)
    return value, behind or #text + 1
  end
  local value = text:match("^[^%s;,\"]*", at)
  return value, at + #value
end

-- M.parse(text, at) -> {name=value}, names in lower case, of two that are the
-- same the first; and the place behind them
function M.parse (text, at)
  local found = {}
  while true do
    local _, last, name = text:find("^%s*;%s*([^%s=;,\"]*)%s*", at)
    if not last then return found, at end
    local value
    value, at = value_of(text, last + 1)
    name = name:lower()
    if name ~= "" and found[name] == nil then found[name] = value end
  end
end

return M
