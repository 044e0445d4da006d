-- The innermost step: a request goes over the wire, its answer comes back.
local core = require "https.core"
local errors = require "https.errors"
local option = require "https.options"
local requests = require "https.request"
local response = require "https.response"

local M = {}

local usage = errors.usage

-- May go out twice without harm (RFC 9110 section 9.2.2).
local idempotent = {
  GET = true, HEAD = true, OPTIONS = true, TRACE = true, PUT = true,
  DELETE = true,
}

-- A body is expected of these, so its absence is said (RFC 9110 section 8.6).
local has_content = { POST = true, PUT = true, PATCH = true }

-- A key of option resolve, as it is written or as a URL would be read.
local function is_key_of (key, parts)
  local ok, named = pcall(core.url, "https://" .. key .. "/")
  return ok and named.host == parts.host and named.port == parts.port
end

-- The address that option resolve gives for this host and port, or nil.
local function override (parts, resolve)
  if not resolve then return nil end
  local address = resolve[parts.host .. ":" .. parts.port]
  if not address then
    for key, value in pairs(resolve) do
      if is_key_of(key, parts) then address = value end
    end
  end
  if address then return option.parse_address(address) end
end

-- The name to check and to send as SNI; as a URL's host would be read.
local function server_name (name, parts)
  if name then
    local host = core.is_address(name) and name:find(":") and "[" .. name .. "]"
      or name
    local ok, url = pcall(core.url, "https://" .. host .. "/")
    if not ok or url.target ~= "/" or url.user or url.port ~= 443 then
      usage("value", "option 'servername' is no host name: '%s'", name)
    end
    name = url.host
  else
    name = parts.host
  end
  return (name:gsub("%.$", ""))  -- RFC 6066 section 3: without trailing dot
end

-- How the body is framed: content-length, or chunks where nobody knows it.  A
-- length that is not the body's would leave the rest of it to be taken for
-- another request.
local function frame (headers, request)
  local body, said = request.body, headers["content-length"]
  if headers["transfer-encoding"] then
    usage("value", "header 'transfer-encoding' is not a script's to set")
  end
  if said and not said:find("^%d+$") then
    usage("value", "header 'content-length' is not a number")
  end
  local length
  if type(body) == "table" then
    length = body.length
  elseif body or has_content[request.method] or said then
    length = #(body or "")
  end
  if length and said and said ~= tostring(length) then
    usage("value", "header 'content-length' is %s, but the body has %d bytes",
      said, length)
  elseif length and not said then
    headers["content-length"] = length
  elseif type(body) == "table" and not length and not said then
    headers["transfer-encoding"] = "chunked"
  end
  return length or tonumber(said)
end

-- The lines that go out: the request's own, and what the wire needs.
local function wire_headers (request, parts)
  local own, headers = request.headers, core.headers()
  if not own["host"] then headers["host"] = parts.authority end
  headers:extend(own)
  return headers, frame(headers, request)
end

-- Seconds that are left of the call's own time.
local function left_of (request, parts)
  if not request.deadline then return nil end
  local left = request.deadline - core.now()
  if left > 0 then return left end
  error(errors.complete(errors.new {
    kind = "timeout", code = "total", phase = "connect",
    message = "timed out before the request was sent",
  }, parts), 0)
end

-- Everything the wire needs, for core.exchange.
local function spec_of (session, request, parts)
  local options, body = request.options, request.body
  local spec = option.limits(options.timeout)
  spec.total = left_of(request, parts)
  spec.pool = session.pool
  spec.host = parts.host
  spec.port = parts.port
  if parts.scheme == "https" then
    spec.tls = true
    spec.servername = server_name(options.servername, parts)
    spec.trust = session.trust(options, parts.host)
  elseif not options.allow_http then
    usage("url", "%s is plain http, which anyone on the way can read and "
      .. "change: use https, or say allow_http=true", parts.url)
  end
  spec.address, spec.address_port = override(parts, options.resolve)
  spec.method = request.method
  spec.target = parts.target
  spec.headers, spec.length = wire_headers(request, parts)
  if type(body) == "table" then
    spec.body_follows = true
    spec.chunked = spec.length == nil
  else
    spec.body = body
  end
  spec.head_request = request.method == "HEAD"
  spec.idempotent = idempotent[request.method]
  spec.max_header = options.max_header
  return spec
end

-- Sends a body object piece by piece, and not a byte more or less than said.
local function send (exchange, body, length)
  local sent = 0
  for piece in body.open() do
    sent = sent + #piece
    if length and sent > length then
      usage("value", "the body is longer than its content-length, %d", length)
    end
    if #piece > 0 and not exchange:send(piece, false) then return end
  end
  if length and sent < length then
    usage("value", "the body ended after %d bytes, its content-length is %d",
      sent, length)
  end
  exchange:send("", true)
end

local function perform (session, request, parts)
  local spec = spec_of(session, request, parts)
  local exchange <close> = setmetatable({ core.exchange(spec) }, M.guard)
  local wire = exchange[1]
  if spec.body_follows then send(wire, request.body, spec.length) end
  local status, reason, http, headers = wire:head()
  exchange[1] = nil
  return response.new({
    status = status, reason = reason, http = http, headers = headers,
    url = request.url,
  }, wire, request)
end

-- Closes the exchange of a request that failed half-way: a body function that
-- raises leaves no connection behind.
M.guard = { __close = function (self)
  if self[1] then self[1]:close() end
end }

-- M.new(session) -> transport: function (request) -> response, or raises
function M.new (session)
  return function (request)
    local parts = requests.parts(request)
    local ok, result = pcall(perform, session, request, parts)
    if ok then return result end
    error(errors.complete(result, parts), 0)
  end
end

return M
