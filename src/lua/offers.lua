-- What a server takes: each version of TLS, and the ciphers of 1.2, found by
-- asking without those it has chosen before.  Every question is a handshake.
local core = require "https.core"

local M = {}

local CIPHERS_MAX = 40  -- questions about 1.2
local SECONDS = 30      -- for all of them

-- Everything, weak keys included: nothing is verified, and nothing is sent.
local ALL, ANY_KEY = "ALL", ":@SECLEVEL=0"

local versions = { { "1.3", 13 }, { "1.2", 12 }, { "1.1", 11 }, { "1.0", 10 } }

-- What says that this side does not speak that version, not the server.
local function is_ours (err)
  return err.message:find("no protocols available", 1, true) ~= nil
    or err.message:find("legacy sigalg", 1, true) ~= nil
    or err.code == "config" or err.kind == "usage"
end

-- ask(limits) -> the cipher that was agreed on; or nil, whose refusal it was:
-- true the server's, nil ours or nobody's
local function ask (look, limits)
  local ok, seen = pcall(look, limits)
  if ok then return seen.cipher end
  if getmetatable(seen) ~= core.error or seen.kind == "cancelled" then
    error(seen, 0)
  end
  return nil, seen.kind == "tls" and not is_ours(seen) or nil
end

-- The ciphers of 1.2 besides the first, in the order of who chooses.
local function add_ciphers (look, ciphers, ends)
  local without = ALL
  while #ciphers < CIPHERS_MAX and core.now() < ends do
    without = without .. ":!" .. ciphers[#ciphers]
    local cipher = ask(look, { min = 12, max = 12,
                               ciphers = without .. ANY_KEY })
    if not cipher then return true end
    for _, known in ipairs(ciphers) do
      if cipher == known then return false end
    end
    ciphers[#ciphers + 1] = cipher
  end
  return false
end

-- M.probe(look) -> list of {version=, offered= (nil: could not be tried),
-- ciphers=, all= (whether these are all)}; look(limits) makes a handshake
-- within these limits (those of core.trust's tls)
function M.probe (look)
  local list, ends = {}, core.now() + SECONDS
  for i, version in ipairs(versions) do
    local name, number = table.unpack(version)
    local entry = { version = name }
    if core.now() < ends then
      local cipher, refused = ask(look, { min = number, max = number,
                                          ciphers = ALL .. ANY_KEY })
      if cipher then
        entry.offered, entry.ciphers, entry.all = true, { cipher }, false
        if number == 12 then
          entry.all = add_ciphers(look, entry.ciphers, ends)
        end
      elseif refused then
        entry.offered = false
      end
    end
    list[i] = entry
  end
  return list
end

-- Whether a connection with that cipher stays secret when the server's key
-- does not, and cannot be changed unseen.
local function is_sound (cipher)
  return (cipher:find("^ECDHE%-") or cipher:find("^DHE%-")
          or cipher:find("^TLS_"))
    and (cipher:find("GCM") or cipher:find("CHACHA20") or cipher:find("CCM"))
end

local old = { ["1.0"] = true, ["1.1"] = true }

-- The ciphers of a version in words, and whether one of them is to be doubted.
local function ciphers_of (entry)
  local words, doubt = {}, false
  for i, cipher in ipairs(entry.ciphers) do
    words[i] = is_sound(cipher) and cipher or cipher .. " (weak)"
    doubt = doubt or not is_sound(cipher)
  end
  return table.concat(words, ", "), doubt
end

-- M.lines(offers) -> for each version {name=, text=, doubt=}
function M.lines (offers)
  local lines = {}
  for i, entry in ipairs(offers) do
    local line = { name = "TLS " .. entry.version, text = "not tried" }
    if entry.offered then
      line.text, line.doubt = ciphers_of(entry)
      if old[entry.version] then
        line.text, line.doubt = "offered, though broken (RFC 8996)", true
      end
    elseif entry.offered == false then
      line.text = "not offered"
    end
    lines[i] = line
  end
  return lines
end

return M
