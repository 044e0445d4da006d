-- Reads a list from a JSON API to its end: it comes in pages, each of which
-- names the next one in its Link header (RFC 8288).  Prints one item a line.
--
--   lurl api --token FILE --param per_page=100 https://api.example.org/things

local https = require "https"

local usage = [[
usage: lurl api [options] URL

Gets a JSON list, page by page, and prints its items, one a line.

  --param NAME=VALUE  added to the query of the first page
  --field NAME        where the list is, in pages that are objects
  --pages N           read no more than so many
  --token FILE        what FILE holds is sent as bearer token, to the URL's own
                      origin and to no other, wherever the pages lead
  --ca FILE           trust these certificates instead of the system's
]]

local function fail (message)
  io.stderr:write("api: ", message, "\n", usage)
  os.exit(2)
end

local function stop (message)
  io.stderr:write("api: ", message, "\n")
  os.exit(1)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local function token_in (path)
  local file <close> = io.open(path) or fail("cannot read " .. path)
  return file:read("l") or fail(path .. " is empty")
end

local params, pages = {}, math.huge
local token, field, ca, url

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--param" then
    local name, value = value_of(word):match("^([^=]+)=(.*)$")
    if not name then fail("a parameter is NAME=VALUE") end
    params[#params + 1] = { name, value }
  elseif word == "--field" then field = value_of(word)
  elseif word == "--pages" then
    pages = tonumber(value_of(word)) or fail("--pages takes a number")
  elseif word == "--token" then token = token_in(value_of(word))
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif url then fail("one URL only")
  else url = word
  end
end
if not url then fail("which URL?") end

-- Its base is what the token belongs to.
local api <close> = https.session {
  base = https.url.join(url, "/"), ca = ca, retries = 3,
  headers = { accept = "application/json" },
  auth = token and { bearer = token },
}

local seen = {}
local function page_at (where, query)
  if seen[where] then stop("the pages lead back to " .. where) end
  seen[where] = true
  return api:get(where, { params = query }):raise()
end

local page = page_at(url, params)
for n = 1, math.huge do
  local list = page:json()
  if field then list = type(list) == "table" and list[field] end
  if type(list) ~= "table" or #list == 0 and next(list) then
    stop("no list in " .. page.url .. ": is --field NAME what it needs?")
  end
  for _, item in ipairs(list) do print(https.json.encode(item)) end
  local next_one = page.links.next
  if not next_one or n >= pages then break end
  page = page_at(next_one.url)
end
