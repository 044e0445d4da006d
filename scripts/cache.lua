-- Keeps answers and gives them again while they are fresh; asks the server
-- whether they still hold when they are not (RFC 9111 in small).  To copy: it
-- is a module, too, whose function makes a middleware:
--
--   local cache = require "cache"
--   api:use(cache { dir = "/home/me/.cache/things" }, { after = "auth" })
--
-- There, inside the steps that say who asks, one user's answers are not given
-- to another.  Without dir they are kept in memory; either way until replaced.
-- A directory must exist, and be for nobody else to read.  An answer from here
-- says so in its header cache-status (RFC 9211).

local https = require "https"
local copy = require "https.request".copy

-- The header as a set: "max-age=60, no-cache" -> {["max-age"]="60", ...}
local function directives (headers)
  local found = {}
  for name, value in (headers["cache-control"] or ""):lower()
                     :gmatch("([^%s,=]+)=?\"?([^%s,\"]*)") do
    found[name] = value
  end
  return found
end

---------------------------------------------------------------------------
-- Stores: get(key) -> entry or nil, put(key, entry or nil).  An entry is
-- {head=, body=}.

local function in_memory ()
  local entries = {}
  return { get = function (key) return entries[key] end,
           put = function (key, entry) entries[key] = entry end }
end

-- A file each: a line of JSON, then the body.
local function in_directory (dir)
  local store = {}
  function store.get (key)
    local file <close> = io.open(dir .. "/" .. key, "rb")
    local ok, head = pcall(https.json.decode, file and file:read("l") or "")
    return ok and { head = head, body = file:read("a") } or nil
  end
  function store.put (key, entry)
    local path = dir .. "/" .. key
    if not entry then return os.remove(path) end
    -- What JSON cannot say, as a header that is not UTF-8, is not kept.
    local ok, head = pcall(https.json.encode, entry.head)
    if not ok then return os.remove(path) end
    local new = ("%s.%x"):format(path, math.random(0))
    local file <close> = assert(io.open(new, "wb"))
    assert(file:write(head, "\n", entry.body))
    assert(file:close())
    assert(os.rename(new, path))
  end
  return store
end

---------------------------------------------------------------------------
-- Entries.

-- Who asks, and what else the answer depends on (RFC 9111 section 4.1); hashed,
-- since it may be secret.
local function variant_of (request, vary)
  local lines = {}
  for name in ("authorization,cookie," .. vary):lower():gmatch("[^%s,]+") do
    lines[#lines + 1] = name .. ":"
      .. table.concat(request.headers:all(name), ",")
  end
  return https.hash("sha256", table.concat(lines, "\n"))
end

local function new_entry (request, response, time)
  local headers, vary = {}, response.headers["vary"] or ""
  for name in pairs(response.headers) do
    headers[name:lower()] = response.headers:all(name)
  end
  return { body = response.body, head = {
    status = response.status, reason = response.reason, url = response.url,
    headers = headers, time = time, vary = vary,
    variant = variant_of(request, vary),
  } }
end

local function may_store (request, response)
  local headers, said = response.headers, directives(response.headers)
  return response.status == 200 and not said["no-store"]
    and not directives(request.headers)["no-store"]
    and not (headers["vary"] or ""):find("*", 1, true)
    and (said["max-age"] or headers["etag"] or headers["last-modified"])
end

-- The entry as a response, and how many seconds ago the server made it.
local function response_of (entry, time)
  local head = entry.head
  local response = https.response {
    status = head.status, reason = head.reason, url = head.url,
    headers = head.headers, body = entry.body,
  }
  local age = (tonumber(response.headers["age"]) or 0)
    + math.max(0, time - head.time)
  response.headers["age"] = ("%.0f"):format(age)
  return response, age
end

local function is_fresh (response, age, request)
  local said, asked = directives(response.headers), directives(request.headers)
  return not said["no-cache"] and not asked["no-cache"]
    and age < (tonumber(said["max-age"]) or 0)
    and age < (tonumber(asked["max-age"]) or math.huge)
end

-- The server has confirmed it, and says what is new (section 4.3.4).
local function renew (entry, response, time)
  local headers = entry.head.headers
  entry.head.time, headers["age"] = time, nil
  for name in pairs(response.headers) do
    name = name:lower()
    if not name:find("^content%-") then
      headers[name] = response.headers:all(name)
    end
  end
end

---------------------------------------------------------------------------

local changes = { POST = true, PUT = true, PATCH = true, DELETE = true }

-- Who asks for a part, or for what is new to him, or reads as it comes, is
-- not for us.
local function is_ours (request)
  for _, name in ipairs { "range", "if-match", "if-none-match",
                          "if-modified-since", "if-unmodified-since" } do
    if request.headers[name] then return false end
  end
  return request.method == "GET" and not request.options.stream
    and not request.options.output
end

-- cache{dir=, time=} -> middleware
local function cache (o)
  local time = o and o.time or os.time
  local store = o and o.dir and in_directory(o.dir) or in_memory()
  return function (request, next)
    local key = https.hash("sha256", request.url)
    if not is_ours(request) then
      local response = next(request)
      if changes[request.method] and response.ok then store.put(key, nil) end
      return response
    end

    -- A copy, since who comes after us writes to it, and who comes before us
    -- may send it again.
    local asked, entry = copy(request), store.get(key)
    if entry and entry.head.variant ~= variant_of(request, entry.head.vary) then
      entry = nil
    end
    if entry then
      local kept, age = response_of(entry, time())
      kept.headers["cache-status"] = "lurl; hit"
      if is_fresh(kept, age, request) then return kept end
      asked.headers["if-none-match"] = kept.headers["etag"]
      asked.headers["if-modified-since"] = kept.headers["last-modified"]
    end

    local response = next(asked)
    if entry and response.status == 304 then
      response:close()
      renew(entry, response, time())
      store.put(key, entry)
      response = response_of(entry, time())
      response.headers["cache-status"] = "lurl; fwd=stale; fwd-status=304"
    elseif may_store(request, response) then
      store.put(key, new_entry(request, response, time()))
    elseif response.ok then
      store.put(key, nil)
    end
    return response
  end
end

if debug.getinfo(2, "f").func == require then return cache end

---------------------------------------------------------------------------

local usage = [[
usage: lurl cache [options] URL...

Gets each URL and says where the answer came from.

  --dir DIR        keep answers there (default: in memory, until the end)
  --ca FILE        trust these certificates instead of the system's
]]

local function fail (message)
  io.stderr:write("cache: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local dir, ca
local urls = {}

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--dir" then dir = value_of(word)
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  else urls[#urls + 1] = word
  end
end
if #urls == 0 then fail("which URLs?") end

local session <close> = https.session { ca = ca }
session:use(cache { dir = dir }, { after = "auth" })
for _, url in ipairs(urls) do
  local response = session:get(url)
  print(response.status, response.headers["cache-status"] or "from the server",
    url)
end
