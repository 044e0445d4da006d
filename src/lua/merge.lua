-- The options of a call: what it says itself, checked, and where it is silent
-- what its session says.
local option = require "https.options"

local M = {}

-- The nearest word on trust wins: what the call says by options of these
-- names, and from the session only what does not speak against it.
local function merge_trust (merged, own, defaults, verify, ca)
  local own_verify, own_ca = own[verify], own[ca]
  if own_verify == nil and own_ca == nil then return end
  merged[verify], merged[ca] = own_verify, own_ca
  local default = defaults[verify]
  if own_verify == nil then
    -- The call names authorities, so it wants them asked.
    if type(default) == "table" and default.chain ~= false then
      merged[verify] = default
    end
  elseif own_ca == nil and (own_verify == true or
         type(own_verify) == "table" and own_verify.chain ~= false) then
    merged[ca] = type(default) == "string" and default or defaults[ca]
  end
end

-- Whether a word on verification leaves the chain unchecked, with which go
-- revocation lists and OCSP.
local function is_lax (verify)
  return verify == false or type(verify) == "table" and verify.chain == false
end

-- As with ca: who turns the chain off wants no revocation looked at, and who
-- asks for that wants the chain verified.
local function merge_revocation (merged, own, defaults)
  if is_lax(own.verify) then
    merged.crl, merged.ocsp = own.crl, own.ocsp
  elseif (own.crl or own.ocsp) and own.verify == nil and own.ca == nil
         and is_lax(defaults.verify) then
    merged.verify = nil
  end
end

-- A certificate and its key are one thing; the parts of tls are several.
local function merge_client (merged, own, defaults)
  if own.cert ~= nil or own.key ~= nil or own.key_password ~= nil then
    merged.cert, merged.key = own.cert, own.key
    merged.key_password = own.key_password
  end
  if own.tls and defaults.tls then
    merged.tls = {}
    for name, value in next, defaults.tls do merged.tls[name] = value end
    for name, value in next, own.tls do merged.tls[name] = value end
  end
end

-- A call's own way to the server takes the place of its session's.
local function merge_way (merged, own)
  if own.unix ~= nil then merged.proxy = nil end
  if own.proxy then merged.unix = nil end
end

-- What the call says, then what its session does.
-- M.merge(own, defaults) -> options
local function merge (own, defaults)
  local merged = {}
  if next(defaults) == nil then
    for name, value in next, own do merged[name] = value end
    return merged
  end
  for name, value in next, defaults do merged[name] = value end
  for name, value in next, own do merged[name] = value end
  merge_trust(merged, own, defaults, "verify", "ca")
  merge_trust(merged, own, defaults, "proxy_verify", "proxy_ca")
  merge_revocation(merged, own, defaults)
  merge_client(merged, own, defaults)
  merge_way(merged, own)
  return merged
end

M.merge = merge

---------------------------------------------------------------------------
-- Scripts ask with the same options again.

-- Nor is a secret kept for longer than a call needs it.
local is_not_kept = { body = true, cert = true, key = true,
                      key_password = true }

local is_plain = { string = true, number = true, boolean = true }

-- A copy of options to tell by, with the list of authorities; nil where there
-- is more than plain values, which may be written to or be large.
local function copy_of (own)
  local values, count, ca = {}, 0, nil
  for name, value in next, own do
    if name == "ca" and type(value) == "table" then
      ca = table.move(value, 1, #value, 1, {})
    elseif not is_plain[type(value)] or is_not_kept[name] then
      return nil
    end
    values[name], count = value, count + 1
  end
  return { values = values, count = count, ca = ca }
end

local function is_same_list (list, copy)
  for i = 1, #copy do
    if list[i] ~= copy[i] then return false end
  end
  return #list == #copy
end

local function is_same (own, was)
  local values, count = was.values, 0
  for name, value in next, own do
    if values[name] ~= value then return false end
    count = count + 1
  end
  return count == was.count and (not was.ca or is_same_list(own.ca, was.ca))
end

-- Those that have a say in what is sent; the others are about its way.
local shapes = {
  auth = true, body = true, form = true, headers = true, json = true,
  multipart = true, params = true, timeout = true,
}

local function has_shape (options)
  for name in next, options do
    if shapes[name] then return true end
  end
  return false
end

-- M.options(session, own) -> the options of a call, and whether any has a say in
-- the request itself.  Calls may share them, so they are not to be written to (a
-- step of the script's own gets a copy): session.shared_options are those that
-- the last call left.  Raises kind usage for what is wrong.
function M.options (session, own)
  local shared = session.shared_options
  if shared and type(own) == "table" and getmetatable(own) == nil
     and is_same(own, session.shared_own) then
    return shared, session.shared_shape
  end
  option.check(own)
  local options = merge(own, session.defaults)
  -- A function that signs is handed a request to write to.
  local was = not options.auth and copy_of(own) or nil
  local shape = has_shape(options)
  session.shared_own, session.shared_options = was, was and options
  session.shared_shape = shape
  return options, shape
end

-- M.copy(options) -> the same to be written to, for a step of the script's own
function M.copy (options)
  local copy = {}
  for name, value in next, options do copy[name] = value end
  return copy
end

return M
