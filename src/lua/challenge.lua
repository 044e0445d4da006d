-- What servers say of authentication: challenges in www-authenticate, and
-- parameters in authentication-info (RFC 9110 section 11).
local parameters = require "https.parameters"

local M = {}

local token = "^([%w!#$%%&'*+.^_`|~-]+)()"

local function value_at (text, at)
  if text:byte(at) == 34 then return parameters.quoted(text, at) end
  return text:match(token, at)
end

-- Behind the commas and spaces between list members.
local function next_member (text, at)
  return text:match("^[ \t,]*()", at)
end

-- Behind a token68, as of "Negotiate YII=", where there is one.
local function skip_token68 (text, at)
  local stop = text:match("^ +[%w._~+/-]+=*[ \t]*()", at)
  local ends = stop and (stop > #text or text:find("^,", stop))
  return ends and stop or at
end

-- M.parse(text) -> list of {scheme=, params=}, names in lower case
-- What comes after a mistake is not taken.
function M.parse (text)
  local list = {}
  local at = next_member(text, 1)
  while at <= #text do
    local word, behind = text:match(token, at)
    if not word then break end
    local from = text:match("^[ \t]*=[ \t]*()", behind)
    if from then
      local value, stop = value_at(text, from)
      if not (value and list[1]) then break end
      local params, name = list[#list].params, word:lower()
      params[name] = params[name] or value
      at = stop
    else
      list[#list + 1] = { scheme = word:lower(), params = {} }
      at = skip_token68(text, behind)
    end
    at = next_member(text, at)
  end
  return list
end

-- M.params(text) -> the parameters of a list without a scheme
function M.params (text)
  local list = M.parse("info " .. text)
  return list[1] and list[1].params or {}
end

-- M.of(headers, name) -> the challenges of all fields of that name
function M.of (headers, name)
  local all = {}
  for _, text in ipairs(headers:all(name)) do
    for _, challenge in ipairs(M.parse(text)) do all[#all + 1] = challenge end
  end
  return all
end

return M
