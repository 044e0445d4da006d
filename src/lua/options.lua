-- The options of a request: which there are, and what each may be.  Whatever
-- is wrong with them is said before anything is asked of the network.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

local usage, article = errors.usage, errors.article

local YEAR = 31536000  -- seconds; a longer time-out is a mistake

local function is_list (t) return require "https.check".is_list(t) end

local function wrong_type (name, value, want)
  usage("type", "option '%s' must be %s, not %s", name, want,
        article(type(value)))
end

-- of("string", "table") -> a check that value is of one of these types
local function of (...)
  local types, words = {}, {}
  for _, t in ipairs { ... } do
    types[t] = true
    words[#words + 1] = article(t)
  end
  local want = table.concat(words, " or ")
  return function (name, value)
    if not types[type(value)] then wrong_type(name, value, want) end
  end
end

-- A number of bytes.
local function size (name, value)
  if math.type(value) ~= "integer" then
    wrong_type(name, value, "an integer (bytes)")
  elseif value < 0 then
    usage("value", "option '%s' must not be negative", name)
  end
end

local function seconds (name, value)
  if type(value) ~= "number" then
    wrong_type(name, value, "a number (seconds)")
  elseif not (value > 0 and value <= YEAR) then
    usage("value", "option '%s' must be above 0 and at most %d seconds",
          name, YEAR)
  end
end

-- did_you_mean("verfy", words) -> " (did you mean 'verify'?)" or ""
local function did_you_mean (word, words)
  if type(word) ~= "string" or #word > 40 then return "" end
  local nearest = errors.nearest(word, words)
  return nearest and (" (did you mean '%s'?)"):format(nearest) or ""
end

-- "address", "address:port", "[v6]:port" -> address, port or nil
local function parse_address (text)
  local host, port = text:match("^%[(.-)%]:?(%d*)$")
  if not host then host, port = text:match("^([%d.]+):?(%d*)$") end
  if not host then host, port = text, "" end
  if not core.is_address(host) then return nil end
  port = tonumber(port)
  if port and (port < 1 or port > 65535) then return nil end
  return host, port
end

M.parse_address = parse_address

local function resolve (name, value)
  if type(value) ~= "table" then wrong_type(name, value, "a table") end
  for key, address in pairs(value) do
    if type(key) ~= "string" or not key:find(":%d+$") then
      usage("value", "a key of option 'resolve' must be \"host:port\", not %s",
            type(key) == "string" and ("'%s'"):format(key) or type(key))
    elseif type(address) ~= "string" or not parse_address(address) then
      usage("value", "option 'resolve' for '%s' must be an IP address, with "
            .. "or without a port", key)
    end
  end
end

local is_line = { string = true, number = true }

local function header (field, value)
  if is_line[type(value)] or value == false then return end
  if type(value) ~= "table" then
    usage("type", "header '%s' must be a string, number, list or false, not %s",
          field, article(type(value)))
  elseif not is_list(value) then
    usage("type", "the values of header '%s' are no list", field)
  end
  for _, item in ipairs(value) do
    if not is_line[type(item)] then
      usage("type", "a value of header '%s' must be a string or number, not "
            .. "%s", field, article(type(item)))
    end
  end
end

local function headers (name, value)
  if type(value) ~= "table" then wrong_type(name, value, "a table") end
  for field, item in pairs(value) do
    if type(field) ~= "string" then
      usage("type", "a header's name must be a string, not %s",
            article(type(field)))
    end
    header(field, item)
  end
end

-- Forms of verify and ca are checked where their meaning is: trust.lua.
local function in_trust () end

-- A version of TLS.  Those before 1.2 are broken (RFC 8996), and OpenSSL speaks
-- them only where weak keys and digests are let pass, too.
local function tls_version (name, value)
  if value == "1.2" or value == "1.3" then return end
  if value == "1.0" or value == "1.1" or value == 1.0 or value == 1.1 then
    usage("value", "option '%s' is \"1.2\" or \"1.3\": older versions are "
          .. "broken (RFC 8996), and not spoken", name)
  end
  usage(type(value) == "string" and "value" or "type",
        "option '%s' must be \"1.2\" or \"1.3\"", name)
end

-- A low security level would let weak certificates pass as well.
local function ciphers (name, value)
  if type(value) ~= "string" then wrong_type(name, value, "a string") end
  if value == "" or value:find("\0", 1, true) then
    usage("value", "option '%s' is empty, or has a NUL in it", name)
  elseif value:gsub("@SECLEVEL=[2-5]%f[%D]", ""):find("@SECLEVEL") then
    usage("value", "option '%s' has a security level below 2, at which weak "
          .. "keys and digests pass for good ones", name)
  end
end

-- Names in one string with commas, or in a list.
local function names (name, value)
  if type(value) == "string" then
    local list = {}
    for word in (value .. ","):gmatch("([^,]*),") do list[#list + 1] = word end
    return names(name, list)
  elseif type(value) ~= "table" then
    wrong_type(name, value, "a string or a list")
  elseif #value == 0 then
    usage("value", "option '%s' is an empty list", name)
  end
  for _, word in ipairs(value) do
    if type(word) ~= "string" then
      wrong_type(name, word, "a list of strings")
    elseif not word:find("^[^,%z]+$") or #word > 255 then
      usage("value", "option '%s' has a name that is none: '%s'", name, word)
    end
  end
end

local function alpn (name, value)
  names(name, value)
  local list = type(value) == "table" and table.concat(value, ",") or value
  if ("," .. list .. ","):find(",h2,", 1, true) then
    usage("value", "option '%s' names h2, which option http is for", name)
  end
end

-- Only the forms of a value that one place gives meaning to are checked there.
local function elsewhere () end

local function count (name, value)
  if math.type(value) ~= "integer" then
    wrong_type(name, value, "an integer")
  elseif value < 0 then
    usage("value", "option '%s' must not be negative", name)
  end
end

-- What a table inherits would be found by some and missed by others, a pin
-- among them.
local function check_own (what, value)
  local meta = getmetatable(value)
  if meta ~= nil and (type(meta) ~= "table" or rawget(meta, "__index") ~= nil
     or rawget(meta, "__pairs") ~= nil) then
    usage("type", "%s must be a plain table: what it inherits by a metatable "
          .. "is not looked at", what)
  end
end

M.check_own = check_own

-- The fields of a table option, each with its own check.
local function fields (name, value, checks)
  check_own(("option '%s'"):format(name), value)
  for key, item in pairs(value) do
    if not checks[key] then
      local words = {}
      for word in pairs(checks) do words[#words + 1] = word end
      table.sort(words)
      local help = did_you_mean(key, words)
      if help == "" then
        help = " (it has " .. table.concat(words, ", ") .. ")"
      end
      usage("option", "unknown part '%s' of option '%s'%s", tostring(key), name,
        help)
    end
    checks[key](name .. "." .. key, item)
  end
end

local timeout_parts = { pool = seconds, resolve = seconds, connect = seconds,
                        read = seconds, total = seconds }

local function timeout (name, value)
  if type(value) == "number" then
    seconds(name, value)
  elseif type(value) == "table" then
    fields(name, value, timeout_parts)
  else
    wrong_type(name, value, "a number (seconds) or a table")
  end
end

local function list_of (check)
  return function (name, value)
    if type(value) ~= "table" then wrong_type(name, value, "a list") end
    if not is_list(value) then
      usage("type", "option '%s' is a table, but no list", name)
    end
    for i, item in ipairs(value) do check(name .. "[" .. i .. "]", item) end
  end
end

local is_string = of("string")

local function redirects (name, value)
  if value == false or type(value) == "number" then
    return value and count(name, value)
  elseif type(value) ~= "table" then
    wrong_type(name, value, "a number, false or a table")
  end
  fields(name, value, { max = count, keep = list_of(is_string) })
end

local function pause (name, value)
  if type(value) ~= "number" then
    wrong_type(name, value, "a number (seconds)")
  elseif not (value >= 0 and value <= YEAR) then
    usage("value", "option '%s' must be 0 to %d seconds", name, YEAR)
  end
end

local function retries (name, value)
  if value == false or type(value) == "number" then
    return value and count(name, value)
  elseif type(value) ~= "table" then
    wrong_type(name, value, "a number or a table")
  end
  fields(name, value, { max = count, backoff = pause, cap = pause,
    statuses = list_of(count), methods = list_of(is_string) })
  if value.max == nil then
    usage("value", "option '%s' has no 'max': how many more tries", name)
  end
end

local function auth (_, value)
  require "https.auth".check(value)
end

local function proxy (_, value)
  require "https.proxy".check(value)
end

local function path (name, value)
  if type(value) ~= "string" then wrong_type(name, value, "a path") end
  if value == "" or value:find("\0", 1, true) then
    usage("value", "option '%s' is %s", name,
          value == "" and "an empty path" or "a path with a NUL in it")
  end
end

local function cookies (name, value)
  if type(value) ~= "table" then wrong_type(name, value, "a table") end
  require "https.cookies".check(value)
end

local function output (name, value)
  if io.type(value) == "closed file" then
    usage("value", "option '%s' is a closed file", name)
  elseif io.type(value) == nil and type(value) ~= "string" then
    wrong_type(name, value, "a path or a file")
  elseif value == "" then
    usage("value", "option '%s' is an empty path", name)
  end
end

local function sha256 (name, value)
  if type(value) ~= "string" then wrong_type(name, value, "a string") end
  if not value:find("^%x+$") or #value ~= 64 then
    usage("value", "option '%s' must be 64 hexadecimal digits", name)
  end
end

local function http (name, value)
  if value == "1.1" or value == "2" and core.has_http2 then return end
  if value == "2" then
    usage("value", "option '%s' is \"2\", which is not built in", name)
  end
  usage(type(value) == "string" and "value" or "type",
        "option '%s' must be \"1.1\" or \"2\"", name)
end

local function progress (name, value)
  if type(value) ~= "boolean" and type(value) ~= "function" then
    wrong_type(name, value, "a boolean or a function")
  end
end

local function params (name, value)
  if type(value) == "string" and value:find("[%c]") then
    usage("value", "option '%s' has a control character", name)
  elseif type(value) ~= "string" and type(value) ~= "table" then
    wrong_type(name, value, "a table or a string")
  end
end

local tls_parts = { alpn = alpn, ciphers = ciphers, curves = names,
                    max = tls_version, min = tls_version }

local function tls (name, value)
  if value == false then return end
  if type(value) ~= "table" then wrong_type(name, value, "a table") end
  fields(name, value, tls_parts)
end

M.checks = {
  allow_http = of("boolean"),
  auth = auth,
  body = elsewhere,
  ca = elsewhere,
  cert = elsewhere,
  compress = of("boolean"),
  cookies = cookies,
  crl = elsewhere,
  form = of("table"),
  headers = headers,
  http = http,
  json = elsewhere,
  key = elsewhere,
  key_password = elsewhere,
  max_body = size,
  max_header = size,
  multipart = of("table"),
  ocsp = elsewhere,
  output = output,
  params = params,
  pin = elsewhere,
  progress = progress,
  proxy = proxy,
  proxy_ca = elsewhere,
  proxy_verify = elsewhere,
  redirects = redirects,
  resolve = resolve,
  resume = of("boolean"),
  retries = retries,
  servername = of("string"),
  sha256 = sha256,
  stream = of("boolean"),
  timeout = timeout,
  tls = tls,
  unix = path,
  verify = elsewhere,
}

-- A number of connections: without any nothing could be sent.
local function connections (name, value)
  count(name, value)
  if value == 0 then usage("value", "option '%s' must be at least 1", name) end
end

local pool_parts = { per_host = connections, total = connections,
                     idle = pause }

-- What a session has besides, and what makes no sense as a default.
local session_checks = {
  base = of("string"),
  cookies = function (name, value)
    of("boolean", "string")(name, value)
    if value == "" then usage("value", "option '%s' is an empty path", name) end
  end,
  pool = function (name, value)
    if type(value) ~= "table" then wrong_type(name, value, "a table") end
    fields(name, value, pool_parts)
  end,
}
for name, check in pairs(M.checks) do
  session_checks[name] = session_checks[name] or check
end
for _, name in ipairs { "body", "form", "json", "multipart", "output",
                        "resume", "sha256" } do
  session_checks[name] = nil
end
M.session_checks = session_checks

local function check_all (options, checks)
  if type(options) ~= "table" then
    usage("type", "options must be a table, not %s", article(type(options)))
  end
  check_own("options", options)
  for name, value in next, options do
    local check = checks[name]
    if not check then
      local names = {}
      for known_name in pairs(checks) do names[#names + 1] = known_name end
      table.sort(names)
      usage("option", "unknown option '%s'%s", tostring(name),
            did_you_mean(name, names))
    end
    check(name, value)
  end
end

local function check_way (options)
  if options.unix and options.proxy then
    usage("value", "options 'unix' and 'proxy' contradict each other")
  end
end

-- M.check(options): raises kind usage for the first that is wrong
function M.check (options)
  check_all(options, M.checks)
  if options.resume and type(options.output) ~= "string" then
    usage("value", "option 'resume' goes with option 'output', a path")
  elseif options.sha256 and not options.output then
    usage("value", "option 'sha256' goes with option 'output'")
  elseif options.stream and options.output then
    usage("value", "options 'stream' and 'output' contradict each other")
  end
  check_way(options)
end

-- M.check_each(options): the same for those of a request, as a step of the
-- script's own may have left them; each by itself
function M.check_each (options)
  check_all(options, M.checks)
end

-- M.check_session(defaults): the same for the defaults of a session
function M.check_session (defaults)
  check_all(defaults, session_checks)
end

-- M.limits(timeout) -> resolve, connect, read, total, pool; nil: no limit
function M.limits (value)
  if value == nil then return nil, 10, 60, nil, 300 end
  if type(value) == "number" then return nil, nil, nil, value, nil end
  return value.resolve, value.connect or 10, value.read or 60, value.total,
    value.pool or 300
end

return M
