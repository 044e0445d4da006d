-- Following redirects (RFC 9110 section 15.4).  What was given for one origin
-- stays with it: when the origin changes only harmless headers go along.
local core = require "https.core"
local errors = require "https.errors"
local requests = require "https.request"

local M = {}

local SMALL = 1 << 20  -- bytes of a redirect's own body that are read

local is_redirect = { [301] = true, [302] = true, [303] = true, [307] = true,
                      [308] = true }

-- Goes along to another origin, as does accept-*: it says nothing of who asks.
local harmless = {
  ["accept"] = true, ["user-agent"] = true, ["range"] = true,
  ["if-range"] = true, ["if-match"] = true, ["if-none-match"] = true,
  ["if-modified-since"] = true, ["if-unmodified-since"] = true,
  ["content-type"] = true, ["content-encoding"] = true,
  ["content-language"] = true, ["content-length"] = true,
}

-- Describes a body that is not sent any more.
local of_body = { "content-type", "content-encoding", "content-language",
                  "content-length", "content-location", "digest" }

local function fail (code, from, response, format, ...)
  error(errors.complete(errors.new {
    kind = "redirect", code = code, sent = true, phase = "receive",
    response = response, message = string.format(format, ...),
  }, from), 0)
end

local function location_of (response, from)
  local all = response.headers:all("location")
  if #all > 1 and all[1] ~= all[2] then
    fail("location", from, response, "the redirect names %d places", #all)
  end
  local to, why = errors.attempt(core.url_join, from.url, all[1])
  if to then return to end
  fail("location", from, response, "the redirect's Location is no URL to go "
    .. "to: %s", why.message)
end

local function strip (request, keep)
  local headers = core.headers()
  for name, value in pairs(request.headers) do
    local lower = name:lower()
    if harmless[lower] or lower:find("^accept%-") or keep[lower] then
      headers:add(name, value)
    end
  end
  request.headers = headers
end

-- 303 always, and 301 and 302 after POST by custom, become a GET.
local function becomes_get (status, method)
  if status == 303 then return method ~= "HEAD" and method ~= "GET" end
  return (status == 301 or status == 302) and method == "POST"
end

local function follow (request, response, keep)
  local from = requests.parts(request)
  local to = location_of(response, from)
  if from.scheme == "https" and to.scheme == "http"
     and not request.options.allow_http then
    fail("downgrade", from, response, "the redirect leads from https to plain "
      .. "http: %s", to.url)
  end
  local again = requests.copy(request)
  again.url = to.url
  if becomes_get(response.status, request.method) then
    again.method, again.body = "GET", nil
    for _, name in ipairs(of_body) do again.headers[name] = nil end
  elseif type(again.body) == "table" and not again.body.replayable then
    fail("body", from, response, "the redirect (%d) wants the body again, and "
      .. "it cannot be sent twice", response.status)
  end
  if to.origin ~= from.origin then
    strip(again, keep)
    local options = {}
    for k, v in pairs(request.options) do options[k] = v end
    options.servername, options.unix = nil, nil
    again.options = options
  end
  return again
end

local function kept (names)
  local keep = {}
  for _, name in ipairs(names or {}) do keep[name:lower()] = true end
  return keep
end

-- What a redirect's own body may do wrong without stopping us.
local may_fail = { protocol = true, tls = true, connect = true, decode = true }

local function does_matter (err)
  return getmetatable(err) ~= core.error
    or not may_fail[err.kind] and not (err.kind == "timeout"
      and err.code == "read")
end

-- A redirect's body is read so that its connection can serve again.
local function finish (response)
  local length = tonumber(response.headers["content-length"])
  if length and length > SMALL then return response:close() end
  local ok, err = pcall(response.read_all, response, SMALL)
  if ok then return end
  response:close()
  if does_matter(err) then error(err, 0) end
end

-- M.limits(value of option redirects) -> how many, which headers go along
function M.limits (value)
  if value == nil then return 10, {} end
  if value == false then return 0, {} end
  if type(value) == "table" then return value.max or 10, kept(value.keep) end
  return value, {}
end

-- M.follow(request, response, next) -> the response at the end of the way that
-- begins with this redirect
function M.follow (request, response, next)
  local max, keep = M.limits(request.options.redirects)
  local history = {}
  -- An empty Location leads nowhere, as in curl and browsers of old.
  while max > 0 and is_redirect[response.status]
        and (response.headers["location"] or "") ~= "" do
    finish(response)
    if #history == max then
      fail("too-many", requests.parts(request), response,
        "more than %d redirects", max)
    end
    history = table.move(history, 1, #history, 1, {})
    history[#history + 1] = response
    request = follow(request, response, keep)
    response = next(request)
    response.history = history
  end
  return response
end

return M
