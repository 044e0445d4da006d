-- The Link header (RFC 8288): where an answer points to, by relation.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

local function unquote (text)
  if text:sub(1, 1) ~= '"' then return text end
  return (text:sub(2, -2):gsub("\\(.)", "%1"))
end

-- Parameters from at on: {name=value}, and where they end.
local function parameters (text, at)
  local found = {}
  while true do
    local name, value, last
    _, last, name = text:find("^%s*;%s*([^%s=;,\"]+)%s*", at)
    if not name then
      local _, stop = text:find("^%s*;", at)
      if not stop then return found, at end
      at = stop + 1
    else
      at = last + 1
      _, last, value = text:find('^=%s*("[^"\\]*")', at)
      if not value then
        _, last, value = text:find('^=%s*("[^"]*\\.-[^\\]")', at)
      end
      if not value then _, last, value = text:find("^=%s*([^%s;,\"]*)", at) end
      name = name:lower()
      if found[name] == nil then
        found[name] = value and unquote(value) or ""
      end
      at = (last or at - 1) + 1
    end
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
