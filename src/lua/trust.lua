-- From options, session and environment to the trust of a connection: whose
-- word counts, and what is refused because it does not make sense.
local core = require "https.core"
local errors = require "https.errors"
local option = require "https.options"

local M = {}

local usage = errors.usage

-- The first of these that is set names the trust store.
local environment = {
  "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
}

local CACHED = 64  -- trusts kept; scripts that use more start over

-- Base64 of DER, which begins with an M: a key that has lost its first line.
local function looks_like_key (value, name)
  return name == "key" and #value >= 48 and value:find("^M[%w+/=]+$")
end

-- PEM text, or the path of a file; or_what: what else it might be.  What is
-- neither is not repeated.
local function pem (value, name, or_what)
  if type(value) ~= "string" then
    usage("type", "option '%s' must be a path or PEM text%s, not a %s", name,
          or_what or "", type(value))
  elseif value == "" then
    usage("value", "option '%s' is empty: it must name a file, or not be "
          .. "there", name)
  elseif value:find("\0", 1, true) then
    usage("value", "option '%s' has a NUL in it", name)
  elseif value:find("-----BEGIN", 1, true) then
    return { kind = "text", value = value }
  elseif value:find("[\r\n]") or looks_like_key(value, name) then
    usage("value", "option '%s' is neither a path nor PEM text, which begins "
          .. "with -----BEGIN", name)
  end
  return { kind = "path", value = value }
end

-- A word of a list of those.
local function listed_pem (value, name)
  return pem(value, name, ", or a list of those")
end

-- One word of ca: "system", PEM text, or a path.
local function source (value, name)
  if value == "system" then return { kind = "system" } end
  return listed_pem(value, name)
end

-- list_of(value, name, read, nothing): what read makes of a value, or of each
-- in a list; of an empty list nothing tells what it would mean
local function list_of (value, name, read, nothing)
  if type(value) ~= "table" then return { read(value, name) } end
  local list = {}
  for i = 1, #value do list[i] = read(value[i], name) end
  for key in pairs(value) do
    if not list[key] then
      usage("type", "option '%s' must be a list", name)
    end
  end
  if #list == 0 then
    usage("value", "option '%s' is an empty list: %s", name, nothing)
  end
  return list
end

local function sources (ca, name)
  return list_of(ca, name, source, "nothing would be trusted")
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

---------------------------------------------------------------------------
-- What else of the server, and of us, a connection depends on.

local function pin (value, name)
  if type(value) ~= "string" then
    usage("type", "option '%s' must be a string or a list of strings, not a "
          .. "%s", name, type(value))
  elseif value:find("\0", 1, true) then
    usage("value", "option '%s' has a NUL in it", name)
  end
  return value
end

local function password (value, name)
  if type(value) ~= "string" then
    usage("type", "option '%s' must be a string, not a %s", name, type(value))
  elseif value == "" then
    usage("value", "option '%s' is empty: a key that has no password needs "
          .. "none", name)
  elseif value:find("\0", 1, true) then
    usage("value", "option '%s' has a NUL in it", name)
  end
  return value
end

local function ocsp (value, name)
  if value ~= "require" then
    usage(type(value) == "string" and "value" or "type",
          "option '%s' must be \"require\"", name)
  end
  return true
end

local versions = { ["1.2"] = 12, ["1.3"] = 13 }

-- The parts of tls as libtls wants them; its own words are commas.  Checked
-- again, since a script may have written to the table.
local function protocol (value)
  option.checks.tls("tls", value)
  local parts = {
    min = versions[value.min], max = versions[value.max],
    ciphers = value.ciphers,
  }
  for _, name in ipairs { "curves", "alpn" } do
    local list = value[name]
    parts[name] = type(list) == "table" and table.concat(list, ",") or list
  end
  if parts.min and parts.max and parts.min > parts.max then
    usage("value", "option 'tls' has a min of %s above its max of %s",
          value.min, value.max)
  end
  return parts
end

-- How each of these is read.  Most requests have none of them.
local readers = {
  cert = pem,
  crl = function (value, name)
    return list_of(value, name, listed_pem, "it must name one, or not be "
                   .. "there")
  end,
  key = pem,
  key_password = password,
  ocsp = ocsp,
  pin = function (value, name)
    return list_of(value, name, pin, "no server would match")
  end,
  tls = protocol,
}

-- M.is_special(options): whether there is any of them
function M.is_special (o)
  return o.cert or o.key or o.key_password or o.pin or o.crl or o.ocsp or o.tls
end

-- Adds them to the spec; false is what a call says to have none of its
-- session's.
local function add_more (spec, options)
  for name, read in pairs(readers) do
    if options[name] then spec[name] = read(options[name], name) end
  end
end

---------------------------------------------------------------------------
-- For looks that trust nothing.

-- M.sources(options) -> the list of what they make trusted, were the chain
-- verified
function M.sources (options)
  local spec = said(options)
  return spec and spec.ca or from_environment().ca
end

-- M.limits(options) -> what core.trust takes as tls, or nil
function M.limits (options)
  return options.tls and protocol(options.tls) or nil
end

---------------------------------------------------------------------------
-- Trusts that are kept.

local salt  -- of this process

-- The words of a spec that has more than checks and ca.  With a client's
-- certificate they may hold its key, so a digest stands for them, which tells
-- nothing to who does not know the salt.
local function more_words (words, spec)
  words[#words + 1] = spec.ocsp and "ocsp" or ""
  for _, name in ipairs { "cert", "key" } do
    local from = spec[name]
    words[#words + 1] = from and from.kind .. "=" .. from.value or ""
  end
  words[#words + 1] = spec.key_password or ""
  for _, one in ipairs(spec.pin or {}) do words[#words + 1] = "pin=" .. one end
  for _, one in ipairs(spec.crl or {}) do
    words[#words + 1] = "crl " .. one.kind .. "=" .. one.value
  end
  local parts = spec.tls or {}
  for _, name in ipairs { "min", "max", "ciphers", "curves", "alpn" } do
    words[#words + 1] = "tls=" .. tostring(parts[name])
  end
  local all = table.concat(words, "\0")
  if not spec.cert then return all end
  salt = salt or core.random(32)
  return core.hmac("sha256", salt, all, true)
end

-- The spec in words that are equal when the trust is.
local function key_of (spec, special)
  local words = { spec.chain and "c" or "-", spec.name and "n" or "-",
                  spec.time and "t" or "-", spec.http, spec.label or "" }
  for _, s in ipairs(spec.chain and spec.ca or {}) do
    words[#words + 1] = s.kind .. "=" .. (s.value or "")
  end
  if special then return more_words(words, spec) end
  return table.concat(words, "\0")
end

local warned = {}

-- Without the chain a name and dates are what anybody may write.
local function warn_of (host, spec)
  if not warned[host] then
    warned[host] = true
    warn("lurl: verification of ", host, " is off (verify=",
         (spec.name or spec.time) and "{chain=false}" or "false", "): ",
         "anyone on the way can read and change what is sent")
  end
end

-- Who named the source that is no good, where it was not option ca.
local function say_whose (err, spec)
  if not err.message:find("^ca ") then return end
  if spec.named == "verify" then
    err.message = err.message:gsub("^ca ", "verify ")
  elseif spec.variable then
    err.message = err.message .. ", named by the environment variable "
      .. spec.variable
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
      if getmetatable(trust) == core.error then say_whose(trust, spec) end
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
    spec.http = options.http or core.has_http2 and "any" or "1.1"
    local special = M.is_special(options)
    if special then add_more(spec, options) end
    local key = key_of(spec, special)
    if not (spec.chain or spec.pin) then warn_of(host, spec) end
    local trust = cache[key]
    return trust and trust ~= stale and trust:fresh() and trust
      or make(spec, key)
  end
end

return M
