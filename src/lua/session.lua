-- A session: what its requests share - defaults, connections, cookies and the
-- chain of middlewares.  It turns a call into a request and sends that down.
local core = require "https.core"
local body = require "https.body"
local chain = require "https.chain"
local errors = require "https.errors"
local merge = require "https.merge"
local opened = require "https.opened"
local option = require "https.options"
local requests = require "https.request"
local responses = require "https.response"
local transport = require "https.transport"
local trust = require "https.trust"

local M = {}
local Session = {}

local usage = errors.usage
local default_headers = requests.plain

-- Methods are case-sensitive, but nobody means "get" (RFC 9110 section 9.1).
local methods = {}
for word in ("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE"):gmatch("%a+") do
  methods[word] = word
  methods[word:lower()] = word
end

---------------------------------------------------------------------------
-- From a call to a request.

local function has_header (own, name)
  for key, value in pairs(own or {}) do
    if type(key) == "string" and key:lower() == name then return value end
  end
end

-- Whether accept-encoding, which a step below would add, is one of the defaults
-- that the script drops.
local function drops_codings (session, own)
  local said = has_header(own.headers, "accept-encoding")
  if said == nil then
    said = has_header(session.defaults.headers, "accept-encoding")
  end
  return said == false
end

local function add_headers (session, request, options, content_type)
  local headers = requests.own_headers(request)
  if options.json ~= nil then headers["accept"] = "application/json, */*" end
  if content_type then headers["content-type"] = content_type end
  local defaults = session.defaults
  if defaults.headers then requests.set_headers(headers, defaults.headers) end
  if options.headers then requests.set_headers(headers, options.headers) end
end

-- The parts of a URL are never written to, so the last ones are kept: scripts
-- ask the same place again.
local function parse (session, url)
  if url == session.last_url and url then return session.last_parts end
  if type(url) ~= "string" then
    usage("type", "url must be a string, not a %s", type(url))
  end
  local parts = session.base and core.url_join(session.base, url)
    or core.url(url)
  session.last_url, session.last_parts = url, parts
  return parts
end

-- Whose the credentials are, and where they may go.  The call's own word, then
-- the URL's, then the session's, which belongs to its base where it has one.
local function auth_of (session, own, parts)
  local value = own.auth
  local named = has_header(own.headers, "authorization")
  if parts.user then
    value = value or { parts.user, parts.password or "" }
  end
  if value then
    if named then
      usage("value", "option 'auth' and header 'authorization' contradict "
        .. "each other")
    end
    return { value = value, origin = parts.origin }
  end
  if named ~= nil then return nil end  -- false: none at all
  value = session.defaults.auth
  if not value then return nil end
  return { value = value, origin = session.base_origin or parts.origin }
end

local function method_of (method)
  if type(method) ~= "string" then
    usage("type", "method must be a string, not a %s", type(method))
  end
  return method
end

-- What the options of a call say of the request itself, and few do.
local function shape (self, request, own)
  local options, parts = request.options, request.parsed
  if options.params ~= nil then
    local params = require "https.params"
    parts = params.add(parts, params.join(self.defaults.params, own.params))
    request.url, request.parsed = parts.url, parts
  end
  local content, content_type = body.from(own)
  request.body = content
  add_headers(self, request, own, content_type)
  request.auth = auth_of(self, own, parts)
  if options.timeout ~= nil then
    local total = select(4, option.limits(options.timeout))
    request.deadline = total and core.now() + total
  end
  if options.headers then request.drops_codings = drops_codings(self, own) end
end

-- The request of a call.
local function prepare (self, method, url, own)
  local options, has_shape = merge.options(self, own)
  local parts = parse(self, url)
  local request = setmetatable({
    method = methods[method] or method_of(method), options = options,
    url = parts.url, parsed = parts, headers = default_headers,
    origin = parts.origin, opened = opened.new(),
  }, requests.mt)
  if has_shape or parts.user then shape(self, request, own) end
  if self.base_origin and own.cert == nil then
    request.cert_origin = self.base_origin
  end
  return request
end

local function respond (session, request)
  local options = request.options
  if options.output then
    return require "https.output".fetch(session.run, request)
  end
  local response = session.run(request)
  if response.url == "" then response.url = request.url end
  if options.stream then
    response.streaming = true
  else
    responses.load(response)
  end
  return response
end

-- M.call(session, method, url, options) -> response, or raises
local function call (self, method, url, own)
  if own == nil then own = {} end
  if self.closed then usage("value", "the session is closed") end
  local request = prepare(self, method, url, own)
  local open <close> = request.opened
  local response = respond(self, request)
  opened.settle(open, response)
  return response
end

M.call = call

local function check_self (self)
  if type(self) ~= "table" then
    usage("type", "a session's methods are called with a colon: "
      .. "session:get(url)")
  end
end

-- session:request(method, url [, options]) -> response, or raises
function Session:request (method, url, options)
  check_self(self)
  return call(self, method, url, options)
end

for _, verb in ipairs { "get", "head", "post", "put", "patch", "delete",
                        "options" } do
  local method = verb:upper()
  Session[verb] = function (self, url, options)
    check_self(self)
    return call(self, method, url, options)
  end
end

---------------------------------------------------------------------------
-- The chain, and the end.

-- session:use(fn [, {before=, after=, name=}])
function Session:use (fn, options)
  chain.use(self.chain, fn, options)
  return self
end

-- session:remove(name)
function Session:remove (name)
  chain.remove(self.chain, name)
  return self
end

-- session:close(): closes idle connections, writes the cookies; may be
-- repeated, also where they could not be written
function Session:close ()
  self.closed = true
  self.pool:close()
  if self.cookie_file then require "https.cookie_file".keep(self) end
end

local mt = { __name = "https.session", __index = Session,
             __close = Session.close }

-- At the end there is nobody left to catch an error.
function mt.__gc (self)
  local ok, err = pcall(Session.close, self)
  if not ok then warn("lurl: closing a session: ", tostring(err)) end
end

-- base is a directory, with or without its last slash.
local function set_base (session, base)
  local parts = core.url(base)
  if parts.query or parts.fragment then
    usage("value", "option 'base' must not have a query or fragment")
  end
  if parts.user then
    session.defaults.auth = session.defaults.auth
      or { parts.user, parts.password or "" }
  end
  session.base = parts.url:gsub("/?$", "/", 1)
  session.base_origin = parts.origin
end

-- The built-in steps.  What few requests need is loaded by the first that does.
local is_redirect = { [301] = true, [302] = true, [303] = true, [307] = true,
                      [308] = true }

local function redirects (next)
  return function (request)
    local response = next(request)
    if not is_redirect[response.status] then return response end
    return require "https.redirects".follow(request, response, next)
  end
end

local function lazily (module, session)
  local fn
  return function (request, next)
    fn = fn or require(module).step(session)
    return fn(request, next)
  end
end

local function built_in (session)
  local retry, keep = lazily "https.retries", lazily("https.cookies", session)
  local authorize = lazily("https.auth", session)
  local function retries (next)
    return function (request)
      local value = request.options.retries
      if not value or value == 0 then return next(request) end
      return retry(request, next)
    end
  end
  local function cookies (next)
    return function (request)
      if not session.jar and request.options.cookies == nil then
        return next(request)
      end
      return keep(request, next)
    end
  end
  local function auth (next)
    return function (request)
      if request.auth == nil then return next(request) end
      return authorize(request, next)
    end
  end
  return {
    chain.built_in("redirects", redirects), chain.built_in("retries", retries),
    chain.built_in("cookies", cookies), chain.built_in("auth", auth),
    chain.built_in("decoding", require "https.decoding".make),
  }
end

-- M.new(defaults [, is_shared]) -> session; the module's own verbs share one,
-- which has no cookies
function M.new (defaults, is_shared)
  if defaults == nil then defaults = {} end
  option.check_session(defaults)
  local session = { defaults = {}, trust = trust.new() }
  for name, value in pairs(defaults) do session.defaults[name] = value end
  for _, name in ipairs { "base", "cookies", "pool" } do
    session.defaults[name] = nil
  end
  if defaults.base then
    local ok, err = pcall(set_base, session, defaults.base)
    if not ok then error(errors.complete(err), 0) end
  end
  session.pool = core.pool(defaults.pool)
  if not is_shared and defaults.cookies ~= false then
    session.cookie_file = type(defaults.cookies) == "string"
      and defaults.cookies or nil
    session.jar = require "https.cookies".jar()
    if session.cookie_file then
      session.jar:load(session.cookie_file)
      require "https.cookie_file".keep_at_exit(session)
    end
  end
  session.transport = transport.new(session)
  session.chain = built_in(session)
  session.run = is_shared and chain.fixed(session) or chain.runner(session)
  return setmetatable(session, mt)
end

return M
