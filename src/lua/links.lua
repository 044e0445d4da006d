-- The Link header (RFC 8288): where an answer points to, by relation.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

-- The quoted string that begins at at (RFC 9110 section 5.6.4), and where it
-- ends; nil when it does not.
local function quoted (text, at)
  local pieces = {}
  at = at + 1
  while true do
    local stop = text:find('["\\]', at)
    if not stop then return nil end
    pieces[#pieces + 1] = text:sub(at, stop - 1)
    if text:byte(stop) == 34 then return table.concat(pieces), stop end
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
    local value, stop = quoted(text, at)
    return value, (stop or #text) + 1
  end
  local value = text:match("^[^%s;,\"]*", at)
  return value, at + #value
end

-- Parameters from at on: {name=value}, and where they end.
local function parameters (text, at)
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

-- M.parse(text, base) -> list of {url=, rel=, ...}, urls relative to base
function M.parse (text, base)
  local list, at = {}, 1
  while true do
    local _, last, target = text:find("^[%s,]*<([^>]*)>", at)
    if not target then return list end
    local link
    link, at = parameters(text, last + 1)
    local parts = errors.attempt(core.url_join, base, target)
    link.url = parts and parts.url or target
    list[#list + 1] = link
    _, at = text:find("^[^,]*", at)
    at = at + 1
  end
end

-- M.of(response) -> {rel = {url=, ...}}; of several with one rel, the first
function M.of (response)
  local links = {}
  for _, value in ipairs(response.headers:all("link")) do
    for _, link in ipairs(M.parse(value, response.url)) do
      for rel in (link.rel or ""):lower():gmatch("%S+") do
        links[rel] = links[rel] or link
      end
    end
  end
  return links
end

return M
