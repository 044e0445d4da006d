-- From options, session and environment to the trust of a connection: whose
-- word counts, and what is refused because it does not make sense.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

local usage = errors.usage

-- The first of these that is set names the trust store.
local environment = {
  "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
}

local CACHED = 64  -- trusts kept; scripts that use more start over

-- One word of ca: "system", PEM text, or a path.
local function source (value, name)
  if type(value) ~= "string" then
    usage("type", "option '%s' must be a path, PEM text or a list of those, "
          .. "not a %s", name, type(value))
  elseif value == "" then
    usage("value", "option '%s' is empty: it must name a file, or not be "
          .. "there", name)
  elseif value:find("\0", 1, true) then
    usage("value", "option '%s' has a NUL in it", name)
  elseif value == "system" then
    return { kind = "system" }
  elseif value:find("-----BEGIN", 1, true) then
    return { kind = "text", value = value }
  end
  return { kind = "path", value = value }
end

local function sources (ca, name)
  if type(ca) ~= "table" then return { source(ca, name) } end
  local list = {}
  for i = 1, #ca do list[i] = source(ca[i], name) end
  for key in pairs(ca) do
    if not list[key] then
      usage("type", "option '%s' must be a list", name)
    end
  end
  if #list == 0 then
    usage("value", "option '%s' is an empty list: nothing would be trusted",
          name)
  end
  return list
end

local function from_environment ()
  for _, name in ipairs(environment) do
    local value = os.getenv(name)
    if value and value ~= "" then
      local list = {}
      for path in value:gmatch(name == "SSL_CERT_DIR" and "[^:]+" or ".+") do
        list[#list + 1] = { kind = "path", value = path }
      end
      return { ca = list, label = "env: " .. name, variable = name }
    end
  end
  return { ca = { { kind = "system" } } }
end

local checked = { chain = true, name = true, time = true }

-- The table form: each check is on unless it is set to false.
local function parts (verify)
  local spec = { chain = true, name = true, time = true }
  for key, value in pairs(verify) do
    if not checked[key] then
      usage("option", "unknown part '%s' of option 'verify' (it has chain, "
            .. "name and time)", tostring(key))
    elseif type(value) ~= "boolean" then
      usage("type", "option 'verify.%s' must be true or false, not a %s", key,
            type(value))
    end
    spec[key] = value
  end
  return spec
end

local function contradiction (reason)
  usage("value", "options 'verify' and 'ca' contradict each other: %s", reason)
end

-- What one place (a call, a session) says about trust, or nil.  No value but
-- false turns verification off.
local function said (options)
  local verify, ca = options.verify, options.ca
  if verify == nil and ca == nil then return nil end
  local spec
  if verify == nil or verify == true then
    spec = { chain = true, name = true, time = true }
  elseif verify == false then
    if ca ~= nil then contradiction("with verify=false no ca is looked at") end
    return { chain = false, name = false, time = false }
  elseif type(verify) == "string" then
    if ca ~= nil then contradiction("both name a trust store") end
    spec = { chain = true, name = true, time = true }
    spec.ca, spec.named = sources(verify, "verify"), "verify"
    return spec
  elseif type(verify) == "table" then
    spec = parts(verify)
  else
    usage("type", "option 'verify' must be true, false, a path or a table, "
          .. "not a %s", type(verify))
  end
  if ca ~= nil then
    if not spec.chain then
      contradiction("without the chain no ca is looked at")
    end
    spec.ca = sources(ca, "ca")
  end
  return spec
end

-- The spec in words that are equal when the trust is.
local function key_of (spec)
  local words = { spec.chain and "c" or "-", spec.name and "n" or "-",
                  spec.time and "t" or "-", spec.label or "" }
  for _, s in ipairs(spec.chain and spec.ca or {}) do
    words[#words + 1] = s.kind .. "=" .. (s.value or "")
  end
  return table.concat(words, "\0")
end

local warned = {}

local function warn_of (host)
  if not warned[host] then
    warned[host] = true
    warn("lurl: verification of ", host, " is off (verify=false): ",
         "anyone on the way can read and change what is sent")
  end
end

-- M.new() -> a function (options, host, stale) -> trust, which keeps what it
-- made as long as the files behind it stay what they were; stale is one that is
-- known to be outdated
function M.new ()
  local cache, count = {}, 0

  local function make (spec, key)
    local ok, trust = pcall(core.trust, spec)
    if not ok then
      if getmetatable(trust) == core.error and spec.named == "verify" then
        trust.message = trust.message:gsub("^ca ", "verify ")
      elseif getmetatable(trust) == core.error and spec.variable then
        trust.message = trust.message .. ", named by the environment variable "
          .. spec.variable
      end
      error(trust, 0)
    end
    if count == CACHED then cache, count = {}, 0 end
    if not cache[key] then count = count + 1 end
    cache[key] = trust
    return trust
  end

  return function (options, host, stale)
    local spec = said(options)
      or { chain = true, name = true, time = true }
    if spec.chain and not spec.ca then
      local env = from_environment()
      spec.ca, spec.label, spec.variable = env.ca, env.label, env.variable
    end
    local key = key_of(spec)
    if not (spec.chain or spec.name or spec.time) then warn_of(host) end
    local trust = cache[key]
    return trust and trust ~= stale and trust:fresh() and trust
      or make(spec, key)
  end
end

return M
