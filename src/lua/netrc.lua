-- The .netrc file: who to log in as, by host, in the form that ftp, curl and
-- Python read.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

local OTHERS = 0x3f  -- 0077: permission bits of anybody else

-- A "quoted token" whose text begins at at: its value, where it ends; or nil
local function quoted (text, at)
  local pieces = {}
  while true do
    local piece, stop = text:match('^([^"\\\n]*)()', at)
    pieces[#pieces + 1] = piece
    local mark = text:sub(stop, stop)
    if mark == '"' then return table.concat(pieces), stop + 1 end
    if mark ~= "\\" or stop == #text then return nil end
    pieces[#pieces + 1] = text:sub(stop + 1, stop + 1)
    at = stop + 2
  end
end

-- The token at or after at, nil at the end, false where it makes no sense;
-- where it ends.
local function token_at (text, at)
  at = text:match("^%s*()", at)
  if at > #text then return nil, at end
  if text:find('^"', at) then
    local value, stop = quoted(text, at + 1)
    return value or false, stop or at
  end
  return text:match("^(%S+)()", at)
end

-- What each word means for the file read so far; each takes the place behind
-- it and gives the place to go on from, or nil where a value is missing.
local words = {}

local function with_value (apply)
  return function (file, text, at)
    local value, stop = token_at(text, at)
    if not value then return nil end
    return apply(file, value) ~= false and stop or nil
  end
end

words.machine = with_value(function (file, name)
  file.entry = {}
  name = name:lower()
  file.machines[name] = file.machines[name] or file.entry
end)

words.default = function (file, _, at)
  file.entry = {}
  file.default = file.default or file.entry
  return at
end

for _, name in ipairs { "login", "password", "account" } do
  words[name] = with_value(function (file, value)
    if not file.entry then return false end
    file.entry[name] = value
    if name == "password" then file.has_password = true end
  end)
end

-- A macro ends with an empty line.
words.macdef = function (_, text, at)
  return text:match("\n\r?\n()", at) or #text + 1
end

-- M.parse(text) -> {machines={host = {login=, password=}}, default=,
-- has_password=}, or nil and the number of the line that makes no sense
function M.parse (text)
  local file, at = { machines = {} }, 1
  while true do
    local from = text:match("^%s*()", at)
    local word, behind = token_at(text, from)
    if word == nil then return file end
    if word and word:find("^#") then
      at = text:match("^[^\n]*()", from)
    else
      at = word and words[word] and words[word](file, text, behind)
    end
    if not at then
      return nil, select(2, text:sub(1, from):gsub("\n", "")) + 1
    end
  end
end

local function read (path, may_lack)
  local ok, text, mode = pcall(core.read_file, path)
  if ok then return text, mode end
  if may_lack and getmetatable(text) == core.error
     and text.code == "ENOENT" then
    return "", 0
  end
  error(text, 0)
end

-- M.path(getenv) -> $NETRC, or ~/.netrc and true: that one may be missing
function M.path (getenv)
  local named = getenv("NETRC")
  if named and named ~= "" then return named, false end
  local home = getenv("HOME")
  if not home or home == "" then
    errors.usage("value", "auth={netrc=true}, but there is neither NETRC nor "
      .. "HOME in the environment")
  end
  return home .. "/.netrc", true
end

-- M.lookup(where, host [, getenv]) -> login, password for it, or nil
-- where is a path, or true for the user's own file.
function M.lookup (where, host, getenv)
  local path, may_lack = where, false
  if where == true then path, may_lack = M.path(getenv or os.getenv) end
  local text, mode = read(path, may_lack)
  local file, line = M.parse(text)
  if not file then
    errors.usage("value", "%s: line %d is not as a netrc file has it", path,
      line)
  elseif file.has_password and mode & OTHERS ~= 0 then
    errors.usage("value", "%s holds passwords, but others than its owner may "
      .. "read or write it: chmod 600 it", path)
  end
  local entry = file.machines[host] or file.default
  if not (entry and (entry.login or entry.password)) then return nil end
  return entry.login or "", entry.password or ""
end

return M
