-- A session: what its requests share.  It turns a call into a request, and
-- hands that to its transport.
local core = require "https.core"
local errors = require "https.errors"
local option = require "https.options"
local transport = require "https.transport"
local trust = require "https.trust"

local M = {}
local Session = {}
Session.__index = Session

local usage = errors.usage

-- Methods are case-sensitive, but nobody means "get" (RFC 9110 section 9.1).
local methods = {}
for word in ("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE"):gmatch("%a+") do
  methods[word] = word
  methods[word:lower()] = word
end

local user_agent = "lurl/" .. core.version

-- A body is expected of these, so its absence is said (RFC 9110 section 8.6).
local has_content = { POST = true, PUT = true, PATCH = true }

local function sorted (headers)
  local names = {}
  for name in pairs(headers) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- A length that is not the body's would leave the rest of it to be taken for
-- another request.
local function set_length (headers, method, body)
  local said = headers["content-length"]
  if headers["transfer-encoding"] then
    usage("value", "header 'transfer-encoding' is not a script's to set")
  elseif said and said ~= tostring(#(body or "")) then
    usage("value", "header 'content-length' is %s, but the body has %d bytes",
          said, #(body or ""))
  elseif not said and (body or has_content[method]) then
    headers["content-length"] = #(body or "")
  end
end

local function make_headers (url, method, options)
  local headers = core.headers()
  headers["host"] = url.authority
  headers["user-agent"] = user_agent
  headers["accept"] = "*/*"
  local own = options.headers
  if own then
    for _, name in ipairs(sorted(own)) do headers[name] = own[name] end
  end
  set_length(headers, method, options.body)
  return headers
end

local function parse (url, options)
  if type(url) ~= "string" then
    usage("type", "url must be a string, not a %s", type(url))
  end
  local parsed = core.url(url)
  if parsed.scheme == "http" and not options.allow_http then
    usage("url", "%s is plain http, which anyone on the way can read and "
          .. "change: use https, or say allow_http=true", parsed.url)
  elseif parsed.user or parsed.password then
    usage("url", "user and password do not belong into the URL")
  end
  return parsed
end

local function check_method (method)
  if type(method) ~= "string" then
    usage("type", "method must be a string, not a %s", type(method))
  end
  return methods[method] or method
end

-- The name to check and to send as SNI; as a URL's host would be read.
local function server_name (options, parsed)
  local name = options.servername
  if name then
    local host = core.is_address(name) and name:find(":") and "[" .. name .. "]"
      or name
    local ok, url = pcall(core.url, "https://" .. host .. "/")
    if not ok or url.target ~= "/" or url.user or url.port ~= 443 then
      usage("value", "option 'servername' is no host name: '%s'", name)
    end
    name = url.host
  else
    name = parsed.host
  end
  return (name:gsub("%.$", ""))  -- RFC 6066 section 3: without trailing dot
end

-- The request of a call: {method=, url=, headers=, body=, options=}, besides
-- parsed (the URL's parts) and, under TLS, trust and servername.
function Session:prepare (method, url, options)
  local request = {
    method = check_method(method), url = url, options = options,
    parsed = parse(url, options), body = options.body,
  }
  local parsed = request.parsed
  request.url = parsed.url
  request.headers = make_headers(parsed, request.method, options)
  if parsed.scheme == "https" then
    request.servername = server_name(options, parsed)
    request.trust = self.trust(options, parsed.host)
  end
  return request
end

-- session:request(method, url [, options]) -> response, or raises
function Session:request (method, url, options)
  options = options or {}
  option.check(options)
  local ok, request = pcall(self.prepare, self, method, url, options)
  if not ok then error(errors.complete(request), 0) end
  return self.transport(request)
end

-- M.new() -> session
function M.new ()
  local pool = core.pool()
  return setmetatable({
    trust = trust.new(),
    transport = transport.new(pool),
  }, Session)
end

return M
