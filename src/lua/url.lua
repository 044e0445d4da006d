-- URLs for scripts: https.url.
local core = require "https.core"
local check = require "https.check"
local errors = require "https.errors"

local M = {}

local usage = errors.usage

local parts = { "fragment", "host", "password", "path", "port", "query",
                "scheme", "user" }
local schemes = { http = true, https = true }

-- The parts of what core.url or core.url_join returned.
local function only_parts (parsed)
  local result = {}
  for _, name in ipairs(parts) do result[name] = parsed[name] end
  return result
end

-- "user:password@", or "" where there is none
local function userinfo (url)
  if not url.user and not url.password then return "" end
  return core.percent_encode(url.user or "")
    .. (url.password and ":" .. core.percent_encode(url.password) or "") .. "@"
end

-- The text of a parsed URL, with all that it has.
local function text_of (parsed)
  return parsed.scheme .. "://" .. userinfo(parsed) .. parsed.authority
    .. parsed.target .. (parsed.fragment and "#" .. parsed.fragment or "")
end

-- M.parse(s) -> {scheme=, user=, password=, host=, port=, path=, query=,
-- fragment=}.  The port is always there; user and password are decoded, path,
-- query and fragment are not; what the URL does not have is nil.
function M.parse (s)
  check.type("url.parse", 1, s, "string")
  return only_parts(check.call(core.url, s))
end

local function check_parts (url)
  check.type("url.format", 1, url, "table")
  for name, value in pairs(url) do
    local known = false
    for _, part in ipairs(parts) do known = known or part == name end
    if not known then
      usage("option", "unknown part %s of a URL%s", check.quote(name),
            check.nearest(name, parts) or "")
    end
    if type(value) ~= "string" and not (name == "query" or name == "port") then
      usage("type", "part '%s' of a URL must be a string, not a %s", name,
            type(value))
    end
  end
  if not url.host or url.host == "" then
    usage("value", "a URL needs its part 'host'")
  end
end

-- "host" or "[v6]", with the port; nothing in the host may end it.
local function authority (url)
  local host = url.host
  if host:find(":") and core.is_address(host) then
    host = "[" .. host .. "]"
  elseif host:find("[%s%c/?#@:%[%]\\]") then
    usage("url", "part 'host' of a URL has a character that no host has")
  end
  if url.port == nil then return host end
  local port = math.tointeger(tonumber(url.port))
  if not port or port < 1 or port > 65535 then
    usage("value", "part 'port' of a URL must be an integer from 1 to 65535")
  end
  return host .. ":" .. port
end

local function escape (text, set)
  return (text:gsub(set, core.percent_encode))
end

local function path_of (url)
  local path = url.path or "/"
  if path:sub(1, 1) ~= "/" then path = "/" .. path end
  return escape(path, "[?#]")
end

local function query_of (url)
  local query = url.query
  if query == nil then return "" end
  if type(query) == "table" then
    query = M.query(query)
    return query == "" and "" or "?" .. query
  elseif type(query) ~= "string" then
    usage("type", "part 'query' of a URL must be a string or a table, not a %s",
          type(query))
  end
  return "?" .. escape(query, "#")
end

-- M.format(parts) -> URL.  Parts as parse gives them, but that the scheme is
-- "https" and the path "/" where they are left out, and that the query may be
-- a table, for M.query.  No part can become another one.
function M.format (url)
  check_parts(url)
  local scheme = url.scheme and url.scheme:lower() or "https"
  if not schemes[scheme] then
    usage("url", "part 'scheme' of a URL must be https or http")
  end
  return text_of(check.call(core.url, scheme .. "://" .. userinfo(url)
    .. authority(url) .. path_of(url) .. query_of(url)
    .. (url.fragment and "#" .. url.fragment or "")))
end

-- M.join(base, reference) -> URL (RFC 3986 section 5.2).  User and password
-- of the base stay behind.
function M.join (base, reference)
  check.type("url.join", 1, base, "string")
  check.type("url.join", 2, reference, "string")
  return text_of(check.call(core.url_join, base, reference))
end

-- M.encode(s) -> s with all but letters, digits and "-._~" as %XX
function M.encode (s)
  check.type("url.encode", 1, s, "string")
  return core.percent_encode(s)
end

-- M.decode(s) -> the bytes s stands for; a "%" without two hexadecimal digits
-- stands for itself, and "+" too
function M.decode (s)
  check.type("url.decode", 1, s, "string")
  return core.percent_decode(s)
end

-- Adds "name=value", one for each of a list's.
local function add_pair (out, name, value, plus, listed)
  local kind = type(value)
  if kind == "table" and not listed and check.is_list(value) then
    for _, one in ipairs(value) do add_pair(out, name, one, plus, true) end
  elseif kind == "string" or kind == "number" or kind == "boolean" then
    out[#out + 1] = core.percent_encode(name, plus) .. "="
      .. core.percent_encode(tostring(value), plus)
  elseif value ~= nil then
    usage("type", "parameter %s must be a string, number, boolean or a list "
          .. "of those, not a %s", check.quote(name), kind)
  end
end

local function check_name (name)
  if type(name) ~= "string" then
    usage("type", "a parameter's name must be a string, not a %s", type(name))
  end
end

local function sorted_names (t)
  local names = {}
  for name in pairs(t) do
    check_name(name)
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function check_pairs (list)
  local is_good = check.is_list(list)
  for _, pair in ipairs(list) do
    is_good = is_good and type(pair) == "table"
    if is_good then check_name(pair[1]) end
  end
  if not is_good then
    usage("type", "a list of parameters must consist of {name, value}")
  end
end

local function encode_query (t, plus)
  local out = {}
  if type(t[1]) == "table" then
    check_pairs(t)
    for _, pair in ipairs(t) do add_pair(out, pair[1], pair[2], plus) end
  else
    for _, name in ipairs(sorted_names(t)) do
      add_pair(out, name, t[name], plus)
    end
  end
  return table.concat(out, "&")
end

local function decode_query (s)
  local list = {}
  for pair in s:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    list[#list + 1] = { core.percent_decode(name, true),
                        core.percent_decode(value, true) }
  end
  return list
end

-- M.query(t [, {form=true}]) -> "a=1&b=2"; M.query(s) -> {{"a", "1"}, ...}
--
-- A table of names is sorted by name, a list of {name, value} keeps its order;
-- a value that is a list repeats the name, one that is nil is left out.  All
-- but unreserved bytes are percent-encoded; a space is %20, in a form "+".
-- Read back, "+" is a space, and a name without "=" has the value "".
function M.query (t, options)
  if type(t) == "string" then return decode_query(t) end
  if type(t) ~= "table" then
    usage("type", "argument 1 of 'url.query' must be a table or a string, "
          .. "not a %s", type(t))
  end
  options = check.options("url.query", 2, options, "form")
  return encode_query(t, options.form)
end

return M
