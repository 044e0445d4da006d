-- Which proxy a request goes through, on whose word, and what is said to one
-- that asks who we are.
local challenges = require "https.challenge"
local core = require "https.core"
local digest = require "https.auth_digest"
local errors = require "https.errors"
local no_proxy = require "https.no_proxy"
local trust = require "https.trust"

local M = {}

local usage = errors.usage

local MAX_TRIES = 4     -- of one request: a proxy may find its nonces stale
local MAX_KEPT = 64     -- proxies that a session remembers

---------------------------------------------------------------------------
-- A proxy in words.

local schemes = {
  http = { port = 80 },
  https = { port = 443, tls = true },
  socks5 = { port = 1080, socks = true },
  socks5h = { port = 1080, socks = true, looks_up = true },
}

-- The message never has the URL in it: that may hold a password.
local function fail (source, ...)
  usage("value", "%s %s", source, string.format(...))
end

local function check_credentials (source, scheme, user, password)
  if not user then return end
  if scheme.socks and (#user > 255 or #password > 255) then
    fail(source, "has a user or password longer than SOCKS can say: 255 bytes")
  end
end

-- M.parse(text, source) -> {scheme=, host=, port=, user=, password=, name= (fit
-- to be shown)}; source is how errors call it
function M.parse (text, source)
  local word, rest = text:match("^(%a[%w+.-]*)://(.*)$")
  local scheme = schemes[(word or "http"):lower()]
  if not scheme then
    fail(source, "must begin with http://, https://, socks5:// or socks5h://")
  end
  local parts, err = errors.attempt(core.url, "http://" .. (rest or text))
  if not parts then fail(source, "is no good: %s", err.message) end
  local said = (rest or text):match("^[^/?#]*"):find(":%d+$")
  local port = said and parts.port or scheme.port
  local user, password = parts.user, parts.user and (parts.password or "")
  check_credentials(source, scheme, user, password)
  local host = parts.host:find(":") and "[" .. parts.host .. "]" or parts.host
  return {
    scheme = scheme, host = parts.host:gsub("%.$", ""), port = port,
    user = user, password = password,
    name = ("%s://%s:%d"):format((word or "http"):lower(), host, port),
  }
end

-- M.check(value): raises kind usage for what option proxy cannot be
function M.check (value)
  if value == false then return end
  if type(value) ~= "string" then
    usage("type", "option 'proxy' must be a string or false, not a %s",
      type(value))
  end
  M.parse(value, "option 'proxy'")
end

---------------------------------------------------------------------------
-- Whose word counts.

-- The first of these variables that has something in it.
local function first (...)
  for _, name in ipairs { ... } do
    local value = os.getenv(name)
    if value and value ~= "" then return value, name end
  end
end

-- HTTP_PROXY is not among them: where a server runs scripts by CGI, a client
-- sets it by sending a header "Proxy".
local variables = {
  http = { "http_proxy", "all_proxy", "ALL_PROXY" },
  https = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" },
}

local is_exempt, exempt_text  -- made of what NO_PROXY was last

-- The word of the environment for a URL: text, where it stands; or nil.
local function from_environment (parts)
  local text, name = first(table.unpack(variables[parts.scheme]))
  if not text then return nil end
  local exempt = first("no_proxy", "NO_PROXY") or ""
  if exempt ~= exempt_text then
    is_exempt, exempt_text = no_proxy.new(exempt), exempt
  end
  if is_exempt(parts) then return nil end
  return text, "the environment variable " .. name
end

-- What is known of a proxy is kept: who it is, and how to speak to it.
local function known (session, text, source)
  local memory = session.proxies
  if not memory or memory.count == MAX_KEPT then
    memory = { count = 0, by_text = {} }
    session.proxies = memory
  end
  local proxy = memory.by_text[text]
  if not proxy then
    proxy = M.parse(text, source)
    proxy.engines, proxy.source = {}, source
    memory.by_text[text] = proxy
    memory.count = memory.count + 1
  end
  return proxy
end

-- M.choose(session, options, parts) -> the proxy for a URL, or nil
function M.choose (session, options, parts)
  local text, source = options.proxy, "option 'proxy'"
  if text == nil then text, source = from_environment(parts) end
  return text and known(session, text, source) or nil
end

---------------------------------------------------------------------------
-- A proxy for the engine.

-- The trust's own words are those of the other options.
local function rename (message)
  return (message:gsub("'verify", "'proxy_verify"):gsub("'ca'", "'proxy_ca'")
    :gsub("^ca ", "proxy_ca "):gsub("^verify ", "proxy_verify ")
    :gsub("%(verify=false%)", "(proxy_verify=false)"))
end

local function trust_of (session, options, host, stale)
  session.proxy_trust = session.proxy_trust or trust.new()
  -- In what follows the handshake CONNECT is said in HTTP/1.1.
  local ok, result = pcall(session.proxy_trust, {
    verify = options.proxy_verify, ca = options.proxy_ca, http = "1.1",
  }, host, stale)
  if ok then return result end
  if getmetatable(result) == core.error and result.kind == "usage" then
    result.message = rename(result.message)
  end
  error(result, 0)
end

-- M.is_forwarder(proxy, parts) -> whether it gets the request itself, rather
-- than a connection through it: a plain one (RFC 9112 section 3.2.2)
function M.is_forwarder (proxy, parts)
  return parts.scheme == "http" and not proxy.scheme.socks
end

-- M.engine(session, proxy, options, parts, stale, address, address_port) -> the
-- engine's, the same as long as nothing about it changes; made anew where what
-- it trusts is stale, no longer what is on disk
function M.engine (session, proxy, options, parts, stale, address, address_port)
  local scheme = proxy.scheme
  local kind = scheme.socks and "socks5"
    or M.is_forwarder(proxy, parts) and "forward" or "tunnel"
  local last = proxy.engines[kind]
  local trusted = scheme.tls and trust_of(session, options, proxy.host,
    stale and last and last.trust) or nil
  if last and last.trust == trusted and last.address == address
     and last.address_port == address_port then
    return last.engine
  end
  local engine = core.proxy {
    kind = kind, host = proxy.host, port = proxy.port, address = address,
    address_port = address_port, trust = trusted, user = proxy.user,
    password = proxy.password, looks_up = scheme.looks_up,
  }
  proxy.engines[kind] = { engine = engine, trust = trusted, address = address,
                          address_port = address_port }
  return engine
end

---------------------------------------------------------------------------
-- Who we are.  Nothing is said before the proxy has asked, so that one that
-- takes digests never gets the password.

local function authorize (auth, method, target)
  if auth.basic then return auth.basic end
  return (digest.authorize(auth, { method = method }, target))
end

-- The word that opens a tunnel.
local function tunnel_word (auth, parts)
  local host = parts.host:find(":") and "[" .. parts.host .. "]" or parts.host
  return authorize(auth, "CONNECT", host .. ":" .. parts.port)
end

-- M.identify(session, request, parts, proxy, route, special) -> special, for
-- core.exchange, with what the proxy is to know: it goes with the request, or
-- opens the tunnel.  Where there is one it may turn out to be closed; a digest,
-- which has its price, is then asked for again, but nobody asks twice for Basic.
function M.identify (session, request, parts, proxy, route, special)
  local auth = proxy.auth
  if not auth or proxy.scheme.socks then return special end
  special = special or {}
  if M.is_forwarder(proxy, parts) then
    special.proxy_authorization = authorize(auth, request.method, parts.url)
  elseif auth.basic or not session.pool:has(route) then
    special.tunnel_authorization = tunnel_word(auth, parts)
  end
  return special
end

-- M.introduce(proxy, parts) -> the same for one tunnel without a request, or nil
function M.introduce (proxy, parts)
  return proxy.auth and not proxy.scheme.socks
    and tunnel_word(proxy.auth, parts) or nil
end

local function basic (proxy)
  if proxy.user:find(":", 1, true) then return nil end  -- RFC 7617 section 2
  return { basic = "Basic "
    .. core.base64_encode(proxy.user .. ":" .. proxy.password) }
end

-- Some proxies that take it do not say so.
local function takes_basic (headers)
  local all = challenges.of(headers, "proxy-authenticate")
  for _, challenge in ipairs(all) do
    if challenge.scheme == "basic" then return true end
  end
  return #all == 0
end

-- What answers a refusal, or nil: there is nothing to say, or it was said.
local function answer (proxy, refusal, said, is_fresh)
  if not proxy.user then return nil end
  local challenge = digest.choose(refusal.headers, "proxy-authenticate")
  if not challenge then
    return not said and takes_basic(refusal.headers) and basic(proxy) or nil
  end
  if is_fresh and not challenge.stale then return nil end
  return digest.start(challenge, proxy.user, proxy.password, core.random)
end

local function is_challenge (err)
  return getmetatable(err) == core.error and err.kind == "proxy"
    and err.code == "auth" and err.refusal ~= nil
end

-- A proxy that forwards says 407 in the server's place, which got nothing.
local function challenge_in (response, proxy)
  response:close()
  return errors.new {
    kind = "proxy", code = "auth", phase = "proxy",
    message = ("proxy %s: it did not forward the request: status %d '%s'")
      :format(proxy.name:match("//(.*)"), response.status, response.reason),
    refusal = { status = response.status, reason = response.reason,
                headers = response.headers },
  }
end

-- What to do about a failure that has to do with the proxy.
local function hint_of (err, proxy)
  local is_proxys = err.message:find("^proxy ") ~= nil
  if err.phase == "proxy" and err.hint then
    return (err.hint:gsub('ca="', 'proxy_ca="'):gsub(', or servername=.*', ""))
  elseif is_proxys and err.kind ~= "proxy"
     and proxy.source:find("^the environment") then
    return proxy.source .. " names this proxy; proxy=false goes without it"
  elseif not is_proxys and err.phase == "resolve" and proxy.scheme.socks then
    return "with socks5:// the name is looked up here; socks5h:// leaves that "
      .. "to the proxy"
  end
  return err.hint
end

-- With what a proxy said as a response, and which one it was.
local function complete (err, proxy)
  if getmetatable(err) ~= core.error then return err end
  err.proxy, err.hint = proxy.name, hint_of(err, proxy)
  if err.refusal then
    err.response = require "https.response".stub(err.refusal)
    err.refusal = nil
  end
  return err
end

local function may_repeat (request, is_forwarder)
  local body = request.body
  return not is_forwarder or type(body) ~= "table" or body.replayable
end

-- M.send(proxy, request, parts, perform, ...) -> what perform(...) returns, a
-- response; again where the proxy first wants to know who we are
function M.send (proxy, request, parts, perform, ...)
  local forwards, is_fresh = M.is_forwarder(proxy, parts), false
  local call = request.opened
  for tries = 1, MAX_TRIES do
    local said, was_sent = proxy.auth, call and call.sent
    local ok, result = pcall(perform, ...)
    if ok and not (forwards and result.status == 407) then return result end
    if ok then
      result = challenge_in(result, proxy)
      if call then call.sent = was_sent end
    end
    local auth = is_challenge(result)
      and answer(proxy, result.refusal, said, is_fresh) or nil
    if is_challenge(result) then proxy.auth = auth end
    if auth and not may_repeat(request, forwards) then
      result.hint = "the proxy asks who we are, and the body can be sent only "
        .. "once: give it as a string or a file"
      auth = nil
    end
    if not auth or tries == MAX_TRIES then error(complete(result, proxy), 0) end
    is_fresh = true
  end
end

return M
