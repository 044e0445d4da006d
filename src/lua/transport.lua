-- The innermost step: a request goes over the wire, its answer comes back.
local core = require "https.core"
local errors = require "https.errors"
local option = require "https.options"
local response = require "https.response"

local M = {}

local MAX_BODY = 1 << 30  -- bytes: 1 GiB, what is taken into memory

-- May go out twice without harm (RFC 9110 section 9.2.2).
local idempotent = {
  GET = true, HEAD = true, OPTIONS = true, TRACE = true, PUT = true,
  DELETE = true,
}

-- The address that option resolve gives for this host and port, or nil.
local function override (parsed, resolve)
  if not resolve then return nil end
  local host = parsed.host:find(":", 1, true) and "[" .. parsed.host .. "]"
    or parsed.host
  local address = resolve[host .. ":" .. parsed.port]
  if address then return option.parse_address(address) end
end

-- Everything the wire needs, for core.exchange.
local function spec_of (pool, request)
  local parsed, options = request.parsed, request.options
  local spec = option.limits(options.timeout)
  spec.pool = pool
  spec.tls = parsed.scheme == "https"
  spec.trust = request.trust
  spec.servername = request.servername
  spec.host = parsed.host
  spec.port = parsed.port
  spec.address, spec.address_port = override(parsed, options.resolve)
  spec.method = request.method
  spec.target = parsed.target
  spec.headers = request.headers
  spec.body = request.body
  spec.head_request = request.method == "HEAD"
  spec.idempotent = idempotent[request.method]
  spec.max_header = options.max_header
  return spec
end

local function perform (pool, request)
  local exchange = core.exchange(spec_of(pool, request))
  local status, reason, http, headers = exchange:head()
  local body = exchange:body(request.options.max_body or MAX_BODY)
  return response.new {
    status = status, reason = reason, http = http, headers = headers,
    body = body, url = request.url, exchange = exchange,
  }
end

-- M.new(pool) -> transport: function (request) -> response, or raises
function M.new (pool)
  return function (request)
    local ok, result = pcall(perform, pool, request)
    if ok then return result end
    error(errors.complete(result, request.parsed), 0)
  end
end

return M
