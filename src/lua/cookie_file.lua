-- Netscape's cookie file, as curl and wget read and write it: a line a cookie,
-- seven columns between tabs: domain, TRUE if hosts below it get the cookie
-- too, path, TRUE if https only, expiry in epoch seconds or 0, name, value.
-- "#HttpOnly_" may stand before the domain; any other "#" begins a comment.
local core = require "https.core"

local M = {}

local HEAD = "# Netscape HTTP Cookie File\n"
  .. "# Holds secrets. Written by lurl, which overwrites it.\n\n"

local flags = { TRUE = true, FALSE = false }

local column = "([^\t]*)\t"
local columns = "^" .. column:rep(5) .. "([^\t]*)\t?(.*)$"

-- A cookie as jar:restore takes it, or nil for a line that holds none.
local function parse (line)
  local rest = line:match("^#HttpOnly_(.*)$")
  if not rest and line:find("^#") then return nil end
  local domain, below, path, secure, expires, name, value =
    (rest or line):match(columns)
  if not domain then return nil end
  below, secure = flags[below:upper()], flags[secure:upper()]
  expires = expires:find("^%d+%.?%d*$") and tonumber(expires)
  if below == nil or secure == nil or not expires then return nil end
  return {
    domain = domain:gsub("^%.", ""), host_only = not below, path = path,
    secure = secure, http_only = rest ~= nil, name = name, value = value,
    expires = expires > 0 and expires or nil,
  }
end

local function read (path)
  local ok, text = pcall(core.read_file, path)
  if ok then return text end
  if getmetatable(text) == core.error and text.code == "ENOENT" then
    return ""
  end
  error(text, 0)
end

-- M.load(jar, path): lines that make no sense are passed over
function M.load (jar, path)
  for line in read(path):gmatch("[^\r\n]+") do
    local cookie = parse(line)
    if cookie then jar:restore(cookie) end
  end
end

local function flag (value) return value and "TRUE" or "FALSE" end

local function format (cookie)
  return table.concat({
    (cookie.http_only and "#HttpOnly_" or "")
      .. (cookie.host_only and "" or ".") .. cookie.domain,
    flag(not cookie.host_only), cookie.path, flag(cookie.secure),
    ("%.0f"):format(cookie.expires), cookie.name, cookie.value,
  }, "\t") .. "\n"
end

-- Those of a session end with it; a tab would be one column more.
local function is_kept (cookie)
  return cookie.expires and not (cookie.name .. cookie.path):find("\t")
end

-- M.save(jar, path)
function M.save (jar, path)
  local lines = { HEAD }
  for _, cookie in ipairs(jar:all()) do
    if is_kept(cookie) then lines[#lines + 1] = format(cookie) end
  end
  core.write_private(path, table.concat(lines))
end

-- M.keep(session): writes its cookies, if any has changed
function M.keep (session)
  if session.jar.changed then session.jar:save(session.cookie_file) end
end

local sessions = setmetatable({}, { __mode = "k" })
local exit  -- os.exit, once ours is in its place

local function keep_and_exit (...)
  for session in pairs(sessions) do
    local ok, err = pcall(M.keep, session)
    if not ok then warn("lurl: writing cookies: ", tostring(err)) end
  end
  return exit(...)
end

-- M.keep_at_exit(session): os.exit ends Lua without closing anything, unless
-- it is told to
function M.keep_at_exit (session)
  sessions[session] = true
  if not exit then exit, os.exit = os.exit, keep_and_exit end
end

return M
