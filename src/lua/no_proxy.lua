-- Whom a proxy is not to be asked for: what stands in NO_PROXY, by the rules
-- that curl and requests have in common.  Between commas or spaces:
--
--   *                  everybody
--   example.org        that name and all below it; a leading dot is ignored
--   192.0.2.1, ::1     that address, however it is written, with or without []
--   192.0.2.0/24       the addresses that begin with so many bits of that one
--   example.org:8443   of those, that port; [::1]:8443
--
-- A name is compared as it stands in the URL: nothing is looked up.  What is
-- none of these is for nobody.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

local function every (bytes)
  return { bytes = bytes, bits = #bytes * 8 }
end

local function network (address, bits)
  local bytes = core.address_bytes(address)
  if not bytes or bits > #bytes * 8 then return nil end
  return { bytes = bytes, bits = bits }
end

-- A name or an address, and perhaps a port, as in a URL.
local function place (text)
  if text:find("[/?#@\\]") then return nil end
  local parts = errors.attempt(core.url, "http://" .. text .. "/")
  if not parts then return nil end
  local entry = parts.is_address and every(core.address_bytes(parts.host))
    or { name = parts.host:gsub("%.$", "") }
  entry.port = tonumber(text:match(":(%d+)$"))
  return entry
end

local function parse (word)
  if word == "*" then return { all = true } end
  local address, bits = word:match("^%[?([%x:.]+)%]?/(%d+)$")
  if address then return network(address, tonumber(bits)) end
  local bytes = core.address_bytes(word)
  return bytes and every(bytes) or place((word:gsub("^%.+", "")))
end

-- Whether two addresses are of one family and begin alike.
local function begin_alike (a, b, bits)
  local whole, rest = bits // 8, bits % 8
  if #a ~= #b or a:sub(1, whole) ~= b:sub(1, whole) then return false end
  return rest == 0
    or a:byte(whole + 1) >> 8 - rest == b:byte(whole + 1) >> 8 - rest
end

-- Whether an entry is for a name (or an address, then with its bytes).
local function is_for (entry, name, bytes, port)
  if entry.port and entry.port ~= port then return false end
  if entry.all then return true end
  if entry.bytes then
    return bytes and begin_alike(entry.bytes, bytes, entry.bits)
  end
  return not bytes
    and ("." .. name):sub(-#entry.name - 1) == "." .. entry.name
end

-- M.new(text) -> function (parts of a URL) -> whether it goes without a proxy
function M.new (text)
  local entries = {}
  for word in text:gmatch("[^,%s]+") do entries[#entries + 1] = parse(word) end
  return function (parts)
    local name = parts.host:gsub("%.$", "")
    local bytes = parts.is_address and core.address_bytes(parts.host)
    for _, entry in ipairs(entries) do
      if is_for(entry, name, bytes, parts.port) then return true end
    end
    return false
  end
end

return M
