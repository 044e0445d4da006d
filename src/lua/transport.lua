-- The innermost step: a request goes over the wire, its answer comes back.
local core = require "https.core"
local errors = require "https.errors"
local opened = require "https.opened"
local option = require "https.options"
local requests = require "https.request"
local response = require "https.response"
local trusts = require "https.trust"

local M = {}

local usage = errors.usage
local is_plain = core.headers().is_plain
local coded = requests.coded

-- May go out twice without harm (RFC 9110 section 9.2.2).
local idempotent = {
  GET = true, HEAD = true, OPTIONS = true, TRACE = true, PUT = true,
  DELETE = true,
}

-- https.proxy, loaded by the first request that may go through one: there are
-- options, or the environment names one (HTTP_PROXY does not, see there).
local proxies
local is_named = false
for _, name in ipairs { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                        "ALL_PROXY" } do
  is_named = is_named or os.getenv(name) ~= nil
end

-- A body is expected of these, so its absence is said (RFC 9110 section 8.6).
local has_content = { POST = true, PUT = true, PATCH = true }

-- A key of option resolve, as it is written or as a URL would be read.
local function is_key_of (key, parts)
  local named = errors.attempt(core.url, "https://" .. key .. "/")
  return named and named.host == parts.host and named.port == parts.port
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
    local is_address = core.is_address(name)
    local host = is_address and name:find(":") and "[" .. name .. "]" or name
    local url = errors.attempt(core.url, "https://" .. host .. "/")
    if not url or not is_address and name:find("[:/?#@\\%[]") then
      usage("value", "option 'servername' is no host name: '%s'", name)
    end
    name = url.host
  else
    name = parts.host
  end
  return (name:gsub("%.$", ""))  -- RFC 6066 section 3: without trailing dot
end

-- A length that is not the body's would leave the rest of it to be taken for
-- another request.
local function check_length (headers, length)
  if headers["transfer-encoding"] then
    usage("value", "header 'transfer-encoding' is not a script's to set")
  end
  local said = headers["content-length"]
  if not said then return nil end
  if not said:find("^%d+$") then
    usage("value", "header 'content-length' is not a number")
  elseif length and said ~= tostring(length) then
    usage("value", "header 'content-length' is %s, but the body has %d bytes",
      said, length)
  end
  return tonumber(said)
end

-- The body, in one of the forms that a step may have left it in.
local function body_of (request)
  local body = request.body
  local is_object = type(body) == "table" and type(body.open) == "function"
  if body ~= nil and type(body) ~= "string" and not is_object then
    request.body = require "https.body".of(body)
  end
  return request.body
end

-- How the body is framed: its length (nil: in chunks, or there is none), and
-- whether the script has said that itself.
local function frame (request)
  local body, headers = request.body, request.headers
  local length
  if type(body) == "table" then
    length = body.length
  elseif body or has_content[request.method] then
    length = #(body or "")
  end
  if headers:has("content-length", "transfer-encoding") then
    if not body then length = length or 0 end
    return check_length(headers, length), true
  end
  return length, false
end

-- One Host line, no more (RFC 9112 section 3.2); and whether the connection is
-- to end with this request (section 9.6).
local function check_host (headers)
  if #headers:all("host") > 1 then
    usage("value", "a request has one 'host' header")
  end
  return headers:has("host")
end

-- It would go to the server, which is not to know it.
local function check_proxy (headers)
  if headers:has("proxy-authorization") then
    usage("value", "header 'proxy-authorization' is not a script's to set: "
      .. "say proxy=\"http://user:password@host:port\"")
  end
end

local function says_close (headers)
  local connection = headers["connection"]
  return connection and connection:lower():find("close", 1, true) ~= nil
end

-- Seconds that are left of the call's own time.
local function left_of (request, parts)
  local left = request.deadline - core.now()
  if left > 0 then return left end
  error(errors.complete(errors.new {
    kind = "timeout", code = "total", phase = "connect",
    message = "timed out before this request was sent",
  }, parts), 0)
end

-- The proxy of a request, or nil.
local function proxy_of (session, options, parts)
  if options.proxy == nil and not is_named or options.proxy == false
     or options.unix then
    return nil
  end
  proxies = proxies or require "https.proxy"
  return proxies.choose(session, options, parts)
end

-- Where the wire goes and how long each part may take, for core.exchange.
-- Names that a proxy looks up are not ours to replace.
local function make_route (options, parts, trust, proxy, engine)
  local resolve, connect, read, _, pool = option.limits(options.timeout)
  local address, address_port
  if not proxy or proxy.scheme.socks and not proxy.scheme.looks_up then
    address, address_port = override(parts, options.resolve)
  end
  local forwards = proxy and proxies.is_forwarder(proxy, parts)
  return core.route {
    proxy = engine, unix = options.unix,
    host = parts.host, port = parts.port, trust = trust,
    servername = trust and server_name(options.servername, parts) or nil,
    address = address, address_port = address_port,
    authority = parts.authority,
    path = forwards and parts.url or parts.target,
    max_header = options.max_header,
    pool = pool, resolve = resolve, connect = connect, read = read,
  }
end

-- Whether a value of ca is what it was: the same string, or a list that still
-- holds what was copied from it.
local function is_same (ca, last, copy)
  if ca ~= last then return false end
  if not copy then return true end
  if #ca ~= #copy then return false end
  for i = 1, #copy do
    if ca[i] ~= copy[i] then return false end
  end
  return true
end

-- What a route was made of, but for a table, which may have changed since, and
-- what few requests have.
local function remember (options, parts, trust, engine, route)
  local verify, ca, timeout = options.verify, options.ca, options.timeout
  if options.resolve or type(verify) == "table" or type(timeout) == "table"
     or trusts.is_special(options) then
    return nil
  end
  return {
    options = options, parts = parts, verify = verify, ca = ca,
    ca_copy = type(ca) == "table" and table.move(ca, 1, #ca, 1, {}) or nil,
    timeout = timeout, servername = options.servername,
    max_header = options.max_header, http = options.http,
    unix = options.unix, engine = engine, trust = trust, route = route,
  }
end

-- The engine's part of a proxy; nil without one.
local function engine_of (session, options, parts, proxy, stale)
  if not proxy then return nil end
  return proxies.engine(session, proxy, options, parts, stale,
                        override(proxy, options.resolve))
end

-- The route of a request, and its trust.  The last one is kept, for scripts ask
-- the same place again; unless its trust is stale, no longer what is on disk.
local function route_of (session, options, parts, proxy, stale)
  local last = session.last_route
  if parts.scheme ~= "https" and not options.allow_http then
    usage("url", "%s is plain http, which anyone on the way can read and "
      .. "change: use https, or say allow_http=true", parts.url)
  elseif last and last.options == options and last.parts == parts
     and not stale and not last.ca_copy
     and options == session.shared_options then
    return last.route, last.trust
  end
  local engine = engine_of(session, options, parts, proxy, stale)
  if last and last.parts == parts and last.verify == options.verify
     and last.timeout == options.timeout and not options.resolve
     and last.servername == options.servername
     and last.max_header == options.max_header and last.http == options.http
     and last.unix == options.unix and last.engine == engine
     and is_same(options.ca, last.ca, last.ca_copy) and not stale
     and not trusts.is_special(options) then
    return last.route, last.trust
  end
  local trust = parts.scheme == "https"
    and session.trust(options, parts.host, stale) or nil
  local route = make_route(options, parts, trust, proxy, engine)
  session.last_route = remember(options, parts, trust, engine, route)
  return route, trust
end

-- What most requests do not have, for core.exchange; and the body's length.
local function unusual (request)
  local method, headers = request.method, request.headers
  local is_head = method == "HEAD"
  if request.body == nil and not is_head and not has_content[method]
     and (headers == coded or is_plain(headers)) then
    return nil
  end
  check_proxy(headers)
  local body = body_of(request)
  local length, is_said = frame(request)
  local follows = type(body) == "table"
  return {
    own_host = check_host(headers), head_request = is_head,
    close = says_close(headers),
    length = not is_said and length or nil,
    body = not follows and body or nil, body_follows = follows,
    chunked = follows and not length,
  }, length
end

-- Sends a body object piece by piece, and not a byte more or less than said;
-- progress.sent is how much has gone.
local function send (exchange, body, length, progress)
  for piece in body.open() do
    local sent = progress.sent + #piece
    if length and sent > length then
      usage("value", "the body is longer than its content-length, %d", length)
    end
    if not exchange:send(piece, false) then return end
    progress.sent = sent
  end
  if length and progress.sent < length then
    usage("value", "the body ended after %d bytes, its content-length is %d",
      progress.sent, length)
  end
  exchange:send("", true)
end

-- What a body of the script's did wrong came after a part of it had gone.
local own_faults = { usage = true, io = true }

local function send_body (exchange, body, length)
  local progress = { sent = 0 }
  local ok, err = pcall(send, exchange, body, length, progress)
  if ok then return end
  exchange:abandon()
  if getmetatable(err) == core.error and own_faults[err.kind] then
    err.sent = err.sent or progress.sent > 0
  end
  error(err, 0)
end

local function converse (exchange, request, length)
  local body, call = request.body, request.opened
  if call then opened.add(call, exchange) end
  if body and type(body) == "table" then send_body(exchange, body, length) end
  local answer = response.new(exchange, request, exchange:head())
  if call then opened.become(call, exchange, answer) end
  return answer
end

-- A client's certificate is shown to the origin that it was given for.
local function cert_origin (request)
  return request.cert_origin or request.origin
end

-- Whether there is one, but for another origin than the one that is asked now.
local function keeps_cert (request, parts)
  return request.options.cert and cert_origin(request) ~= parts.origin
end

local function options_for (request, parts)
  local options = request.options
  if not keeps_cert(request, parts) then return options end
  local rest = {}
  for name, value in pairs(options) do rest[name] = value end
  rest.cert, rest.key, rest.key_password = nil, nil, nil
  return rest
end

-- The exchange of a request; or nil, where a trust of its is no longer what is
-- on disk, and that trust.
local function open_exchange (session, request, parts, proxy, special, stale)
  local options, method = request.options, request.method
  if options.cert then options = options_for(request, parts) end
  local route, trust = route_of(session, options, parts, proxy, stale)
  if proxy then
    special = proxies.identify(session, request, parts, proxy, route, special)
  end
  return core.exchange(route, session.pool, method, request.headers,
    idempotent[method],
    request.deadline and left_of(request, parts) or nil, special), trust
end

local function perform (session, request, parts, proxy)
  local special, length = unusual(request)
  local exchange, trust = open_exchange(session, request, parts, proxy, special)
  if not exchange then
    exchange = open_exchange(session, request, parts, proxy, special,
                             trust or true)
      or usage("value", "the trust store changes while it is being read")
  end
  return converse(exchange, request, length)
end

-- Directly, or through the proxy that somebody has named.
local function deliver (session, request, parts)
  local proxy = proxy_of(session, request.options, parts)
  if not proxy then return perform(session, request, parts) end
  return proxies.send(proxy, request, parts, perform, session, request, parts,
                      proxy)
end

-- Nothing has been sent when the trust store changes during the handshake, so
-- what it holds now may decide; once, since somebody might keep changing it.
local function may_repeat (request, err)
  return getmetatable(err) == core.error and err.kind == "verify"
    and err.code == "changed"
    and (type(request.body) ~= "table" or request.body.replayable)
end

local function was_sent (err)
  return getmetatable(err) == core.error and err.sent
end

-- Why a server that wants a certificate did not get the one there is.
local function explain (err, request)
  if getmetatable(err) == core.error and err.kind == "tls"
     and err.code == "client-cert" then
    err.hint = ("the certificate given as cert is for %s, and is shown to no "
      .. "other origin"):format(cert_origin(request))
  end
end

M.server_name = server_name

-- M.look(session, options, parts, trust, seconds) -> what core.look has seen, by
-- the way that a request would go; of the session, its proxies are enough
function M.look (session, options, parts, trust, seconds)
  local proxy = proxy_of(session, options, parts)
  local function look ()
    local engine = engine_of(session, options, parts, proxy)
    local route = make_route(options, parts, trust, proxy, engine)
    return core.look(route, seconds, proxy and proxies.introduce(proxy, parts))
  end
  if not proxy then return look() end
  return proxies.send(proxy, {}, parts, look)
end

-- What a certificate of the server's was refused for takes a second look to
-- tell.
local function complete (session, err, request, parts)
  err = errors.complete(err, parts)
  if getmetatable(err) == core.error and err.phase ~= "proxy"
     and (err.kind == "verify" or err.kind == "tls") then
    require "https.inspect".refused(session, err, options_for(request, parts),
      parts, request.deadline)
  end
  return err
end

-- M.new(session) -> transport: function (request) -> response, or raises
function M.new (session)
  return function (request)
    local parts = request.parsed
    -- What requests.parts looks at first: most requests are as they were made.
    if not parts or request.url ~= parts.url then
      parts = requests.parts(request)
    end
    local ok, result = pcall(deliver, session, request, parts)
    if not ok and may_repeat(request, result) then
      ok, result = pcall(deliver, session, request, parts)
    end
    if ok then return result end
    local call = request.opened
    if call and was_sent(result) then call.sent = true end
    if keeps_cert(request, parts) then explain(result, request) end
    error(complete(session, result, request, parts), 0)
  end
end

return M
