-- The Link header (RFC 8288): where an answer points to, by relation.
local core = require "https.core"
local errors = require "https.errors"
local parameters = require "https.parameters"

local M = {}

-- M.parse(text, base) -> list of {url=, rel=, ...}, urls relative to base
function M.parse (text, base)
  local list, at = {}, 1
  while true do
    local _, last, target = text:find("^[%s,]*<([^>]*)>", at)
    if not target then return list end
    local link
    link, at = parameters.parse(text, last + 1)
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
