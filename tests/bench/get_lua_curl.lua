-- lua-curl's part of the benchmark: get_lua_curl.lua TASK URL N|FILE CA
-- Debian has it for Lua 5.1 alone.
local curl = require "curl"

local task, url, what, ca = arg[1], arg[2], arg[3], arg[4]

local c = curl.easy_init()
c:setopt(curl.OPT_URL, url)
c:setopt(curl.OPT_CAINFO, ca)
c:setopt(curl.OPT_FAILONERROR, 1)

local function perform (sink)
  c:setopt(curl.OPT_WRITEFUNCTION, sink)
  local failure, words = c:perform()
  assert(failure == 0, words)
end

if task == "save" then
  local f = assert(io.open(what, "wb"))
  perform(function (piece)
    assert(f:write(piece))
    return #piece
  end)
  assert(f:close())
else
  local decode = task == "json" and require "cjson".decode or function () end
  for _ = 1, tonumber(what) do
    local parts = {}
    perform(function (piece)
      parts[#parts + 1] = piece
      return #piece
    end)
    decode(table.concat(parts))
  end
end
