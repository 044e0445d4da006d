-- Digests, HMAC, random bytes and base64: https.hash and so on.
local core = require "https.core"
local check = require "https.check"
local errors = require "https.errors"

local M = {}

local RANDOM_MAX = 1048576  -- bytes a call

-- The digest's name, which libcrypto's part of us takes in any case, and with
-- or without dashes.
local function check_digest (fn, name)
  check.type(fn, 1, name, "string")
  local plain = name:lower():gsub("%-", "")
  local names = core.digests()
  for _, known in ipairs(names) do
    if known:gsub("%-", "") == plain then return end
  end
  errors.usage("value", "unknown digest %s%s", check.quote(name),
               check.nearest(name:lower(), names)
               or ": there are " .. table.concat(names, ", "))
end

-- M.hash(name, data [, {raw=true}]) -> digest in hexadecimal, or its bytes
function M.hash (name, data, options)
  check_digest("hash", name)
  check.type("hash", 2, data, "string")
  options = check.options("hash", 3, options, "raw")
  return check.call(core.hash, name, data, options.raw)
end

-- M.hmac(name, key, data [, {raw=true}]) -> as hash (RFC 2104)
function M.hmac (name, key, data, options)
  check_digest("hmac", name)
  check.type("hmac", 2, key, "string")
  check.type("hmac", 3, data, "string")
  options = check.options("hmac", 4, options, "raw")
  return check.call(core.hmac, name, key, data, options.raw)
end

-- M.random(n) -> n bytes that nobody can guess
function M.random (n)
  check.type("random", 1, n, "number")
  local count = math.tointeger(n)
  if not count or count < 0 or count > RANDOM_MAX then
    errors.usage("value", "argument 1 of 'random' must be an integer from 0 "
                 .. "to %d, not %s", RANDOM_MAX, n)
  end
  return check.call(core.random, count)
end

M.base64 = {}

-- M.base64.encode(s [, {url=true}]) -> base64, or base64url without padding
function M.base64.encode (s, options)
  check.type("base64.encode", 1, s, "string")
  options = check.options("base64.encode", 2, options, "url")
  return core.base64_encode(s, options.url)
end

-- M.base64.decode(s [, {url=true}]) -> the bytes, or raises decode/corrupt:
-- strictly, but that base64url may have its padding or none
function M.base64.decode (s, options)
  check.type("base64.decode", 1, s, "string")
  options = check.options("base64.decode", 2, options, "url")
  return check.call(core.base64_decode, s, options.url)
end

return M
