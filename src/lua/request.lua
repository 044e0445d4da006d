-- Requests on their way down the chain: a table that every step may read and
-- write, and the parts of its URL.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

-- M.parts(request) -> the parts of request.url, as core.url gives them; a URL
-- that a step has written is put in order, without userinfo
function M.parts (request)
  local url = request.url
  if url ~= request.parsed_url or not url then
    if type(url) ~= "string" then
      errors.usage("type", "url must be a string, not a %s", type(url))
    end
    local parts = core.url(url)
    request.parsed, request.parsed_url = parts, parts.url
    request.url = parts.url
  end
  return request.parsed
end

local mt = { __name = "https.request", __index = {} }

-- M.copy(request), request:copy() -> another, whose fields and headers are its
-- own
function M.copy (request)
  local copy = {}
  for k, v in pairs(request) do copy[k] = v end
  copy.headers = request.headers:copy()
  return setmetatable(copy, mt)
end

mt.__index.copy = M.copy

-- M.new(fields) -> request
function M.new (fields)
  return setmetatable(fields, mt)
end

return M
