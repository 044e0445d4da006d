-- A jar of cookies: which of them a response may set, and which a request
-- takes along (RFC 6265bis sections 5.7 and 5.8).
local core = require "https.core"
local cookie_store = require "https.cookie_store"
local set_cookie = require "https.set_cookie"

local M = {}
local Jar = {}
Jar.__index = Jar

local MAX_AGE = 400 * 86400  -- seconds: no cookie lives longer

-- Where no list of public suffixes is at hand: top-level domains are.
local function is_one_label (domain)
  return not domain:find(".", 1, true)
end

---------------------------------------------------------------------------
-- Matching.

-- Section 5.1.3.
local function domain_matches (host, domain)
  return host == domain
    or host:sub(-#domain - 1) == "." .. domain and not core.is_address(host)
end

-- Section 5.1.4.
local function default_path (path)
  return path:match("^(/.+)/[^/]*$") or "/"
end

local function path_matches (path, of_cookie)
  local size = #of_cookie
  return path == of_cookie or path:sub(1, size) == of_cookie
    and (of_cookie:sub(-1) == "/" or path:sub(size + 1, size + 1) == "/")
end

-- What a name promises of its cookie; a server may compare it in any case, and
-- may read a name in the value of a cookie that has none.
local function keeps_promise (cookie, has_path)
  if cookie.name == "" then
    local value = cookie.value:lower()
    return not (value:find("^__secure%-") or value:find("^__host%-"))
  end
  local name = cookie.name:lower()
  if name:find("^__secure%-") then return cookie.secure end
  if name:find("^__host%-") then
    return cookie.secure and cookie.host_only and has_path
      and cookie.path == "/"
  end
  return true
end

---------------------------------------------------------------------------
-- Setting.

-- "com." is no less public than "com".
local function is_public (self, domain)
  return self.is_public_suffix((domain:gsub("%.$", "")))
end

-- The domain of a cookie, and whether it is for that host only; or nil, why
local function scope (self, host, domain)
  if domain == nil or domain == "" then return host, true end
  if domain:find("[\128-\255]") then return nil, "domain" end
  if is_public(self, domain) then
    if domain == host then return host, true end
    return nil, "public-suffix"
  end
  if not domain_matches(host, domain) then return nil, "domain" end
  return domain, core.is_address(host)
end

local function expiry (self, parsed)
  local now = self.now()
  local age = parsed.max_age
  if age then return age <= 0 and now or now + math.min(age, MAX_AGE) end
  return parsed.date and math.min(parsed.date, now + MAX_AGE)
end

-- Plain http must not push a secure cookie aside (section 5.7, step 16).
local function shadows_secure (self, cookie)
  for _, other in ipairs(self.store:all()) do
    if other.secure and other.name == cookie.name
       and (domain_matches(other.domain, cookie.domain)
            or domain_matches(cookie.domain, other.domain))
       and path_matches(cookie.path, other.path) then
      return true
    end
  end
  return false
end

local function make_cookie (self, parts, parsed, domain, host_only)
  local path = parsed.path
  return {
    name = parsed.name, value = parsed.value,
    domain = domain, host_only = host_only,
    path = path and path:find("^/") and path or default_path(parts.path),
    secure = parsed.secure or false, http_only = parsed.http_only or false,
    same_site = parsed.same_site or "default", expires = expiry(self, parsed),
  }
end

-- jar:set(parts, line) -> true, or false and why the cookie is refused:
-- "control", "empty", "size", "domain", "public-suffix", "secure", "prefix"
-- parts are those of the URL that answered, line is a set-cookie field.
function Jar:set (parts, line)
  local parsed, why = set_cookie.parse(line)
  if not parsed then return false, why end
  local domain, host_only = scope(self, parts.host, parsed.domain)
  if not domain then return false, host_only end
  local cookie = make_cookie(self, parts, parsed, domain, host_only)
  if parts.scheme ~= "https"
     and (cookie.secure or shadows_secure(self, cookie)) then
    return false, "secure"
  elseif not keeps_promise(cookie, parsed.path ~= nil) then
    return false, "prefix"
  end
  self.store:put(cookie)
  self.changed = true
  return true
end

-- jar:restore(cookie) -> whether it was taken: one as jar:all() gives it, which
-- comes from a file, and so from anybody
function Jar:restore (cookie)
  local domain = cookie.domain:lower()
  if not domain:find("^[%w_.:-]+$") or not cookie.path:find("^/")
     or not set_cookie.is_sendable(cookie.path, "")
     or not set_cookie.is_sendable(cookie.name, cookie.value) then
    return false
  end
  local own = {
    name = cookie.name, value = cookie.value, domain = domain,
    host_only = cookie.host_only or core.is_address(domain)
      or is_public(self, domain),
    path = cookie.path, secure = cookie.secure, http_only = cookie.http_only,
    same_site = "default", expires = cookie.expires
      and math.min(cookie.expires, self.now() + MAX_AGE),
  }
  if not keeps_promise(own, true) then return false end
  self.store:put(own)
  return true
end

---------------------------------------------------------------------------
-- Asking.

-- Into list, those of a domain that a request takes along.
local function collect (self, list, domain, parts)
  for _, cookie in ipairs(self.store:of(domain)) do
    if (not cookie.host_only or domain == parts.host)
       and (not cookie.secure or parts.scheme == "https")
       and path_matches(parts.path, cookie.path) then
      list[#list + 1] = cookie
    end
  end
end

local function by_path_and_age (a, b)
  if #a.path ~= #b.path then return #a.path > #b.path end
  return a.order < b.order
end

-- jar:header(parts [, except]) -> "a=b; c=d" for a request to that URL, or nil
-- except is a set of names to leave out.
function Jar:header (parts, except)
  local list, host = {}, parts.host
  collect(self, list, host, parts)
  if not core.is_address(host) then
    for at in host:gmatch("%.()") do
      collect(self, list, host:sub(at), parts)
    end
  end
  table.sort(list, by_path_and_age)
  local words = {}
  for _, cookie in ipairs(list) do
    if not (except and except[cookie.name]) then
      self.store:touch(cookie)
      words[#words + 1] = cookie.name == "" and cookie.value
        or cookie.name .. "=" .. cookie.value
    end
  end
  return words[1] and table.concat(words, "; ")
end

-- jar:all() -> list of {name=, value=, domain=, path=, expires= (nil: until the
-- session ends), host_only=, secure=, http_only=, same_site=}, oldest first
function Jar:all ()
  local list = self.store:all()
  for i, cookie in ipairs(list) do
    local copy = {}
    for field, value in pairs(cookie) do copy[field] = value end
    copy.order, copy.used = nil, nil
    list[i] = copy
  end
  return list
end

-- jar:clear(): empties it
function Jar:clear ()
  self.store:clear()
  self.changed = true
end

-- jar:load(path): adds what a Netscape cookie file holds, if there is one
function Jar:load (path)
  require "https.cookie_file".load(self, path)
end

-- jar:save(path): writes one
function Jar:save (path)
  require "https.cookie_file".save(self, path)
  self.changed = false
end

-- M.new{now=, is_public_suffix=} -> jar; a clock of epoch seconds, and a
-- function that knows which domains belong to no one
function M.new (o)
  return setmetatable({
    store = cookie_store.new(o.now or os.time),
    now = o.now or os.time,
    is_public_suffix = o.is_public_suffix or core.is_public_suffix
      or is_one_label,
    changed = false,  -- by responses, since it was last written
  }, Jar)
end

return M
