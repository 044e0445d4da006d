-- Where a jar keeps its cookies: by domain, and there by what tells them apart.
-- It forgets what has expired, and what no room is left for (RFC 6265bis
-- section 5.7).
local M = {}
local Store = {}
Store.__index = Store

M.MAX_PER_DOMAIN = 50
M.MAX_TOTAL = 3000

-- Equal for cookies of one domain that replace each other.
local function key_of (cookie)
  return cookie.name .. "\0" .. cookie.path .. "\0"
    .. (cookie.host_only and "h" or "d")
end

local function is_expired (cookie, now)
  return cookie.expires ~= nil and cookie.expires <= now
end

local function remove (self, cookie)
  local bucket = self.domains[cookie.domain]
  bucket.cookies[key_of(cookie)] = nil
  bucket.count = bucket.count - 1
  self.count = self.count - 1
  if bucket.count == 0 then self.domains[cookie.domain] = nil end
end

-- Into list, those of a bucket that live; the others are removed.
local function collect (self, list, bucket)
  local now = self.now()
  for _, cookie in pairs(bucket.cookies) do
    if is_expired(cookie, now) then
      remove(self, cookie)
    else
      list[#list + 1] = cookie
    end
  end
  return list
end

-- store:of(domain) -> list of its cookies, in no order
function Store:of (domain)
  local bucket = self.domains[domain]
  return bucket and collect(self, {}, bucket) or {}
end

local function by_order (a, b) return a.order < b.order end

-- store:all() -> list of all cookies, the one that was made first first
function Store:all ()
  local list = {}
  for _, bucket in pairs(self.domains) do collect(self, list, bucket) end
  table.sort(list, by_order)
  return list
end

-- Whether a goes before b: the one that was not used for longest; within a
-- domain those first that any network may read.
local function goes_first (a, b, within_domain)
  if within_domain and a.secure ~= b.secure then return not a.secure end
  return a.used < b.used
end

-- Removes the first to go while list has more than max.
local function shrink (self, list, max, within_domain)
  if #list <= max then return end
  table.sort(list, function (a, b) return goes_first(a, b, within_domain) end)
  for i = 1, #list - max do remove(self, list[i]) end
end

local function make_room (self, domain)
  if self.domains[domain].count > M.MAX_PER_DOMAIN then
    shrink(self, self:of(domain), M.MAX_PER_DOMAIN, true)
  end
  if self.count > M.MAX_TOTAL then
    shrink(self, self:all(), M.MAX_TOTAL, false)
  end
end

-- store:touch(cookie): it is the one used last
function Store:touch (cookie)
  self.ticks = self.ticks + 1
  cookie.used = self.ticks
end

-- store:put(cookie): in the place of one that it replaces, whose age it takes;
-- one that has expired only removes that
function Store:put (cookie)
  local bucket = self.domains[cookie.domain]
  local old = bucket and bucket.cookies[key_of(cookie)]
  self:touch(cookie)
  cookie.order = old and old.order or cookie.used
  if old then remove(self, old) end
  if is_expired(cookie, self.now()) then return end
  bucket = self.domains[cookie.domain]
  if not bucket then
    bucket = { count = 0, cookies = {} }
    self.domains[cookie.domain] = bucket
  end
  bucket.cookies[key_of(cookie)] = cookie
  bucket.count = bucket.count + 1
  self.count = self.count + 1
  make_room(self, cookie.domain)
end

-- store:clear()
function Store:clear () self.domains, self.count = {}, 0 end

-- M.new(now) -> store; now is a clock of epoch seconds
function M.new (now)
  return setmetatable({ now = now, domains = {}, count = 0, ticks = 0 }, Store)
end

return M
