-- Requests on their way down the chain: a table that every step may read and
-- write, and the parts of its URL.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

-- M.set_headers(headers, own): those of a table, in an order that is always the
-- same
function M.set_headers (headers, own)
  local names = {}
  for name in pairs(own) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do headers[name] = own[name] end
end

-- What a request of ours says unless told otherwise; with what the step
-- "decoding" asks for, in coded.  All requests share them until one of them has
-- to say more.
local plain = core.headers()
plain["user-agent"] = "lurl/" .. core.version
plain["accept"] = "*/*"
local coded = plain:copy()
coded["accept-encoding"] = core.codings ~= "" and core.codings or "identity"
M.plain, M.coded = core.freeze(plain), core.freeze(coded)

-- M.own_headers(request) -> its headers, which may be written to from now on
function M.own_headers (request)
  local headers = request.headers
  if headers == plain or headers == coded then
    headers = headers:copy()
    request.headers = headers
  end
  return headers
end

-- M.parts(request) -> the parts of request.url, as core.url gives them; a URL
-- that a step has written is put in order, without userinfo
function M.parts (request)
  local url, parsed = request.url, request.parsed
  if parsed and url == parsed.url then return parsed end
  if type(url) ~= "string" then
    errors.usage("type", "url must be a string, not a %s", type(url))
  end
  parsed = core.url(url)
  request.parsed, request.url = parsed, parsed.url
  return parsed
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

-- M.check(request, who) -> it, which that one hands on; its headers, which may
-- have become a table, are an object again
function M.check (request, who)
  if type(request) ~= "table" or type(request.options) ~= "table" then
    errors.usage("type", "%s must hand on a request, not %s", who,
      type(request) == "table" and "a table of another kind"
      or request == nil and "nil" or "a " .. type(request))
  end
  local headers = request.headers
  if type(headers) == "table" then
    request.headers = core.headers()
    M.set_headers(request.headers, headers)
  elseif type(headers) ~= "userdata" then
    errors.usage("type", "the headers that %s hands on must be a table, not %s",
      who, headers == nil and "nil" or "a " .. type(headers))
  end
  return request
end

M.mt = mt  -- the metatable of every request

return M
