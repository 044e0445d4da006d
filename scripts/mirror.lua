-- Downloads a list of files into a directory, several at once, with a bar for
-- each on the terminal.  What broke off goes on where it ended, what is there
-- and has not changed is not sent again, and a file is in its place only when
-- all of it is there and it has the digest that it should have.
--
--   lurl mirror --dir pool files.txt
--
-- where files.txt has a line for each: a URL, the file's name if it is not the
-- URL's last part, and its digest if that is known; # begins a comment:
--
--   https://example.org/big.iso
--   https://example.org/latest  tools/tool.tgz  sha256:0f1e...
--
-- What the servers said of each version is kept in .mirror.json: from then on
-- they are asked whether there is another one, but for a file with a digest,
-- which has none.  A file of another size than it had is fetched again.

local https = require "https"

local INDEX = ".mirror.json"

local usage = [[
usage: lurl mirror [options] LIST or URL...

Downloads the files that LIST (- is stdin) has, one a line, as "URL",
"URL FILE" or "URL FILE sha256:HEX", or those of these URLs.

  --dir DIR        where to, made if it is not there (default: .)
  --jobs N         so many at once (default 4)
  --retries N      more tries where a connection fails (default 3)
  --ca FILE        trust these certificates instead of the system's
  --quiet          no bars, and no line for each file

What fails does not keep the others.  The exit status is that of the first
failure in the list.
]]

local function fail (message)
  io.stderr:write("mirror: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local function count_of (option, least)
  local count = math.tointeger(tonumber(value_of(option)))
  return count and count >= least and count
    or fail(option .. " takes a number from " .. least .. " on")
end

---------------------------------------------------------------------------
-- The list.

local files = {}    -- {url=, known_as= (without password), name=, sha256=}
local owner = {}    -- by name, of the file and of what a download makes of it

-- A name within the directory, and none that this script needs.
local function is_inside (name)
  for part in (name .. "/"):gmatch("([^/]*)/") do
    if part == "" or part == "." or part == ".." then return false end
  end
  return not name:find("%c") and name ~= INDEX
end

local function add (url, name, digest, where)
  local ok, parts = pcall(https.url.parse, url)
  if not ok then fail(where .. parts.message) end
  name = name or url:match("^%w+://[^?#]*/([^/?#]*)") or ""
  if not is_inside(name) then
    fail(where .. "no name for a file: '" .. name:gsub("%c", "?") .. "'")
  end
  local sha256 = digest and digest:lower():match("^sha256:(%x+)$")
  if digest and (not sha256 or #sha256 ~= 64) then
    fail(where .. "a digest is sha256: and 64 hexadecimal digits")
  end
  parts.user, parts.password = nil, nil
  local known_as = https.url.format(parts)
  for _, suffix in ipairs { "", ".part", ".part.meta" } do
    if owner[name .. suffix] then
      fail(("%s%s is the file of %s, too"):format(where, name,
        owner[name .. suffix]))
    end
    owner[name .. suffix] = known_as
  end
  files[#files + 1] = { url = url, known_as = known_as, name = name,
                        sha256 = sha256 }
end

local function add_list (path)
  local file, err = io.stdin, nil
  if path ~= "-" then file, err = io.open(path) end
  if not file then fail(err) end
  local number = 0
  for line in file:lines() do
    number = number + 1
    local where = ("%s:%d: "):format(path, number)
    local words = {}
    for word in line:gsub("%f[^%s\0]#.*", ""):gmatch("%S+") do
      words[#words + 1] = word
    end
    if words[2] and words[2]:find("^sha256:") then
      table.insert(words, 2, false)
    end
    if #words > 3 then fail(where .. "more than URL, FILE and digest") end
    if words[1] then add(words[1], words[2], words[3], where) end
  end
end

local dir, jobs, retries, is_quiet, ca = ".", 4, 3, false, nil
local sources = {}

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--dir" then dir = value_of(word)
  elseif word == "--jobs" then jobs = count_of(word, 1)
  elseif word == "--retries" then retries = count_of(word, 0)
  elseif word == "--ca" then ca = value_of(word)
  elseif word == "--quiet" then is_quiet = true
  elseif word:find("^%-.") then fail("unknown option " .. word)
  else sources[#sources + 1] = word
  end
end
for _, source in ipairs(sources) do
  if source:find("://", 1, true) then add(source, nil, nil, "")
  else add_list(source)
  end
end
if #files == 0 then fail("which files?") end

---------------------------------------------------------------------------
-- The directory.

local function path_of (name) return dir .. "/" .. name end

local made = {}

local function make_folder (path)
  if made[path] then return end
  made[path] = true
  local quoted = "'" .. path:gsub("'", "'\\''") .. "'"
  assert(os.execute("mkdir -p -- " .. quoted), "no folder " .. path)
end

local function size_of (path)
  local file <close> = io.open(path, "rb")
  return file and file:seek("end")
end

-- By name: {url=, size=, etag=, modified=, sha256=}
local function read_index ()
  local file <close> = io.open(path_of(INDEX), "rb")
  local ok, index = pcall(https.json.decode, file and file:read("a"))
  return ok and type(index) == "table" and index or {}
end

local function write_index (index)
  local path = path_of(INDEX)
  do
    local file <close> = assert(io.open(path .. ".part", "wb"))
    assert(file:write(https.json.encode(index, { pretty = true }), "\n"))
  end
  assert(os.rename(path .. ".part", path))
end

---------------------------------------------------------------------------

local session <close> = https.session {
  ca = ca, cookies = false, retries = retries,
  progress = not is_quiet or nil,
}
make_folder(dir)
local index = read_index()

-- However it ends: what has been fetched is not fetched again.
local saved <close> = setmetatable({}, {
  __close = function () write_index(index) end })

-- What is known of the version that is there, if it still is.
local function known (file)
  local entry = index[file.name]
  return type(entry) == "table" and entry.url == file.known_as
    and entry.size == size_of(path_of(file.name))
    and (not file.sha256 or entry.sha256 == file.sha256) and entry or nil
end

local function fetch (file)
  local entry = known(file)
  if entry and file.sha256 then return "unchanged" end
  local path, folder = path_of(file.name), file.name:match("^(.*)/")
  if folder then make_folder(path_of(folder)) end
  local response = session:get(file.url, {
    output = path, resume = true, sha256 = file.sha256,
    headers = entry and { ["if-none-match"] = entry.etag,
                          ["if-modified-since"] = entry.modified },
  }):raise()
  if response.status == 304 then return "unchanged" end
  index[file.name] = {
    url = file.known_as, size = size_of(path), sha256 = file.sha256,
    etag = response.headers["etag"],
    modified = response.headers["last-modified"],
  }
  return "fetched"
end

local outcomes = https.map(files, function (file)
  local ok, result = pcall(fetch, file)
  if https.is(result, "cancelled") then error(result, 0) end
  return { ok = ok, result = result }
end, { concurrency = jobs })

-- Told when all bars are drawn.  lurl itself tells of the first failure, and
-- has the exit status for it.
local first
for i, outcome in ipairs(outcomes) do
  if outcome.ok then
    if not is_quiet then print(outcome.result, files[i].name) end
  elseif first then
    io.stderr:write("mirror: ", tostring(outcome.result), "\n")
  else
    first = outcome.result
  end
end
if first then error(first, 0) end
