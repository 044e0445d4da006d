-- Checks the links of a site: reads its pages, level by level, several at once
-- and no more than so many a second from each server, and names every link
-- that is broken, with a page that it stands on.
--
--   lurl links https://www.example.org/
--   lurl links --below /docs/ --no-external https://www.example.org/docs/
--
-- Links are what href and src of HTML's tags say.  It does not understand
-- srcset, style sheets, <meta> that leads on, forms, what JavaScript makes, and
-- UTF-16; nor does it look for the place on the page that a fragment names.
-- What robots.txt forbids to everybody (User-agent: *) is left out; so are
-- links to plain http, and user and password of those that have them.

local https = require "https"
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
package.path = here .. "?.lua;" .. package.path
local limit = require "limit"

local PAGE_MAX = 4 << 20       -- bytes of a page that are searched
local ROBOTS_MAX = 512 << 10   -- RFC 9309 section 2.5

local usage = [[
usage: lurl links [options] URL

Checks every link on the pages of a site, from this one on, and prints a line
for each that is broken: status or error, URL, and a page that it stands on.
Links that lead elsewhere are checked, too, but not followed.

  --below PATH     read only pages whose path begins so (default: /)
  --no-external    do not check what lies elsewhere
  --max N          read no more than so many pages (default 10000)
  --concurrency N  so many at once (default 8)
  --rate N         so many a second from each server (default 10)
  --ca FILE        trust these certificates instead of the system's

Exit status: 0 when nothing is broken, else 1.
]]

local function fail (message)
  io.stderr:write("links: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local function number_of (option)
  local number = tonumber(value_of(option))
  return number and number > 0 and number
    or fail(option .. " takes a number above 0")
end

local function count_of (option)
  return math.tointeger(number_of(option))
    or fail(option .. " takes a whole number")
end

local below, max, concurrency, rate = "/", 10000, 8, 10
local has_external = true
local ca, start

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--below" then below = value_of(word)
  elseif word == "--no-external" then has_external = false
  elseif word == "--max" then max = count_of(word)
  elseif word == "--concurrency" then concurrency = count_of(word)
  elseif word == "--rate" then rate = number_of(word)
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif start then fail("one URL only")
  else start = word
  end
end
if not start then fail("which URL?") end

---------------------------------------------------------------------------
-- HTML.

local named = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }

local function decoded (text)
  return (text:gsub("&(#?)(%w+);", function (number, name)
    if number == "" then return named[name] end
    local digits = name:match("^[xX](%x+)$")
    local code = tonumber(digits or name, digits and 16 or 10)
    return code and code < 0x110000 and utf8.char(code) or nil
  end))
end

-- The attributes of the tag whose name ends before at, by name in lower case,
-- and where it ends; of two with one name the first counts.
local function attributes_at (html, at)
  local list = {}
  while true do
    at = html:match("^[%s/]*()", at)
    local name, after = html:match("^([^%s/>=]+)%s*()", at)
    if not name then
      local char = html:sub(at, at)
      if char == ">" or char == "" then return list, at end
      at = at + 1
    else
      local value = ""
      at = after
      local quote, from = html:match("^=%s*([\"']?)()", at)
      if quote == "" then
        value, at = html:match("^([^%s>]*)()", from)
      elseif quote then
        local to = html:find(quote, from, true)
        value, at = html:sub(from, (to or 0) - 1), (to or #html) + 1
      end
      name = name:lower()
      list[name] = list[name] or decoded(value)
    end
  end
end

local is_text = { script = true, style = true, textarea = true, title = true }

-- Iterates over the tags: name, attributes.  Comments, and the text of elements
-- that hold no tags, are passed over.
local function tags_of (html)
  local lower, at = html:lower(), 1
  return function ()
    while true do
      local from = html:find("<", at, true)
      if not from then return nil end
      if html:sub(from, from + 3) == "<!--" then
        at = html:find("-->", from + 4, true) or #html + 1
      else
        local name, after = lower:match("^<(%a[^%s/>]*)()", from)
        if name then
          local attributes
          attributes, at = attributes_at(html, after)
          if is_text[name] then
            at = lower:find("</" .. name, at, true) or #html + 1
          end
          return name, attributes
        end
        at = from + 1
      end
    end
  end
end

---------------------------------------------------------------------------
-- robots.txt (RFC 9309).

-- Its rules for everybody: {pattern=, allow=}
local function rules_in (text)
  local rules, applies, is_naming = {}, false, false
  for line in text:gmatch("[^\r\n]+") do
    local name, value = line:gsub("#.*", "")
      :match("^%s*([%a-]+)%s*:%s*(.-)%s*$")
    name = name and name:lower()
    if name == "user-agent" then
      applies = value == "*" or is_naming and applies
      is_naming = true
    elseif name == "allow" or name == "disallow" then
      is_naming = false
      if applies and value ~= "" then
        rules[#rules + 1] = { pattern = value, allow = name == "allow" }
      end
    end
  end
  return rules
end

-- "*" is any bytes, "$" at the end the end, which is "\0" here; without Lua's
-- patterns, whose time a server could make long.
local function matches (pattern, path)
  pattern, path = pattern:gsub("%$$", "\0"), path .. "\0"
  local from = pattern:match("^[^*]*")
  if path:sub(1, #from) ~= from then return false end
  local at = #from + 1
  for piece in pattern:gmatch("%*([^*]*)") do
    local _, to = path:find(piece, at, true)
    if not to then return false end
    at = to + 1
  end
  return true
end

-- The longest pattern decides, of two the one that allows.
local function is_allowed (rules, path)
  local longest, allowed = 0, true
  for _, rule in ipairs(rules) do
    local length = #rule.pattern
    if (length > longest or length == longest and rule.allow)
        and matches(rule.pattern, path) then
      longest, allowed = length, rule.allow
    end
  end
  return allowed
end

---------------------------------------------------------------------------
-- Requests.

local defaults = { ca = ca, cookies = false, retries = 1 }
local session <close> = https.session(defaults)
local robots <close> = https.session(defaults)
local FORBIDDEN = {}  -- what is raised instead of a request

-- Like pcall, but an interruption goes on.
local function try (fn, ...)
  local ok, result = pcall(fn, ...)
  if not ok and https.is(result, "cancelled") then error(result, 0) end
  return ok, result
end

-- No robots.txt allows everything, one that the server has no answer for
-- nothing (section 2.3.1); of a server that is not there its links tell.
local function read_rules (origin)
  local ok, rules = try(function ()
    local response <close> = robots:get(origin .. "/robots.txt",
                                        { stream = true })
    if response.status >= 500 then
      return { { pattern = "/", allow = false } }
    end
    return response.ok and rules_in(response:read(ROBOTS_MAX) or "") or {}
  end)
  return ok and rules or {}
end

local reading = {}  -- by origin: the task that reads its rules

-- A middleware, so that redirects are held to it as well.
session:use(function (request, next)
  local origin, path = request.url:match("^(%w+://[^/]+)([^#]*)")
  reading[origin] = reading[origin] or https.spawn(read_rules, origin)
  if not is_allowed(reading[origin]:wait(), path) then error(FORBIDDEN) end
  return next(request)
end, { name = "robots", after = "retries" })

local slow = limit { rate = rate }
session:use(slow, { after = "robots" })
robots:use(slow, { after = "retries" })

---------------------------------------------------------------------------
-- The site.

-- Without what no server is to see, or only once.
local function clean (url)
  local parts = https.url.parse(url)
  parts.user, parts.password, parts.fragment = nil, nil, nil
  return https.url.format(parts)
end

local ok, first = pcall(clean, start)
if not ok then fail(first.message) end
if not first:find("^https:") then fail("an https URL, please") end
local home = first:match("^%w+://[^/?]+")

local function is_inside (url)
  return url == first or url:find(home .. below, 1, true) == 1
end

local seen, found = {}, {}  -- URLs; entries of the next level: {url=, page=}
local pages, links, broken, forbidden, plain = 0, 0, 0, 0, 0

local function report (what, url, page)
  broken = broken + 1
  print(what, (url:gsub("%c", "?")), page)
end

-- A link as it stands on a page.
local function add (reference, base, page, can_read)
  reference = reference:gsub("[\t\r\n]", ""):match("^%s*(.-)%s*$")
  local scheme = reference:match("^(%a[%w+.-]*):")
  if scheme and not scheme:lower():find("^https?$") then return end
  local is_url, url = pcall(function ()
    return clean(https.url.join(base, reference))
  end)
  if not is_url then url = reference end
  if seen[url] then return end
  seen[url] = true
  if not is_url then
    links = links + 1
    report("usage/url", url, page)
  elseif url:find("^http:") then plain = plain + 1
  elseif has_external or is_inside(url) then
    found[#found + 1] = { url = url, page = page,
                          can_read = can_read and is_inside(url) }
  end
end

local leads_to_page = { a = true, area = true, iframe = true, frame = true }
local no_link = { preconnect = true, ["dns-prefetch"] = true }

local function add_links (html, page)
  local base = page
  for name, attributes in tags_of(html) do
    local href, rel = attributes.href, (attributes.rel or ""):lower()
    if name == "base" then
      local is_url, url = pcall(https.url.join, page, href or "")
      base = is_url and url or base
    elseif href and not no_link[rel] then
      add(href, base, page, leads_to_page[name])
    end
    if attributes.src then
      add(attributes.src, base, page, leads_to_page[name])
    end
  end
end

-- Its header is enough of what is not to be read.
local function ask (entry)
  if not entry.can_read then
    local response = session:head(entry.url)
    if response.status ~= 405 and response.status ~= 501 then
      return response
    end
  end
  return session:get(entry.url, { stream = true })
end

-- Returns the status; a page's links are added.
local function look_at (entry)
  local response <close> = ask(entry)
  local kind = (response.headers["content-type"] or ""):lower()
  if entry.can_read and response.ok and kind:find("^%s*text/html")
      and is_inside(response.url) and pages < max then
    pages = pages + 1
    local url = clean(response.url)
    seen[url] = true
    add_links(response:read(PAGE_MAX) or "", url)
  end
  return response.status
end

local function check (entry)
  local is_answered, result = try(look_at, entry)
  if result == FORBIDDEN then
    forbidden = forbidden + 1
    return
  end
  links = links + 1
  if is_answered then
    if result >= 400 then report(result, entry.url, entry.page) end
  elseif entry.url == first or not https.is(result) then error(result, 0)
  else report(result.kind .. "/" .. result.code, entry.url, entry.page)
  end
end

io.stdout:setvbuf("line")
seen[first] = true
found = { { url = first, page = "the command line", can_read = true } }
while #found > 0 do
  local level = found
  found = {}
  https.map(level, check, { concurrency = concurrency })
end
print(("%d links, %d pages read: %d broken; left out: %d by robots.txt, "
  .. "%d plain http"):format(links, pages, broken, forbidden, plain))
if links == 0 then
  io.stderr:write("links: robots.txt forbids ", first, "\n")
end
os.exit(broken == 0 and links > 0 and 0 or 1, true)
