-- The query of a request: what the URL has, and behind it the parameters of the
-- session and of the call.
local core = require "https.core"
local url = require "https.url"

local M = {}

-- A string is as it is to stand in a URL.
local function query_of (params)
  if type(params) ~= "string" then return url.query(params) end
  return (params:gsub("^%?", ""):gsub("#", "%%23"))
end

-- The pairs of a query whose names are not in another one.
local function without (query, other)
  local taken, rest = {}, {}
  for _, pair in ipairs(url.query(other)) do taken[pair[1]] = true end
  for _, pair in ipairs(url.query(query)) do
    if not taken[pair[1]] then rest[#rest + 1] = pair end
  end
  return url.query(rest)
end

-- M.join(of_session, of_call) -> query; either may be nil, and a call's
-- parameters replace its session's of the same name
function M.join (of_session, of_call)
  if of_call == nil then return query_of(of_session) end
  local query = query_of(of_call)
  if of_session == nil then return query end
  local rest = without(query_of(of_session), query)
  return rest .. (rest ~= "" and query ~= "" and "&" or "") .. query
end

-- M.add(parts, query) -> the parts of the URL with that behind its query
function M.add (parts, query)
  if query == "" then return parts end
  local mark = not parts.query and "?" or parts.query ~= "" and "&" or ""
  return core.url(parts.url .. mark .. query)
end

return M
