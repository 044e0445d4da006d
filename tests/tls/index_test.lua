-- A large bundle is looked up in an index on disk: whatever becomes of the
-- index, and of the bundle meanwhile, decides on time and never on trust.
local t = require "tests.harness"
local servers = require "tests.tls.servers"
local https = require "https"

local pki = servers.pki
local dir = t.tmpdir()
local function pem (name) return pki .. "/" .. name .. ".pem" end

local large = pem "bundle145"
local root, stranger = t.read(pem "root"), t.read(pem "unknown-root")

-- For an index of few files: root and nine others.
local bundle = dir .. "/few.pem"
t.write(bundle, t.read(large):sub(1, select(2, t.read(large):find(
  ("%-END CERTIFICATE%-.-"):rep(9) .. "%-\n"))) .. root)

-- "unknown" is good for whoever trusts unknown-root, which is in no bundle.
local server = servers.nginx{ ["direct.test"] = "direct",
  ["unknown.test"] = "unknown", ["any.stapled.test"] = { cert = "stapled",
    conf = "ssl_stapling on; ssl_stapling_file PKI/good.ocsp;" } }

local function sh (script, ...)
  local r = t.run{ cmd = { "sh", "-euc", script, "sh", ... } }
  if r.status ~= 0 then error(script .. ": " .. r.stderr, 2) end
  return r.stdout:gsub("\n$", "")
end

---------------------------------------------------------------------------
-- Processes of their own, each with a cache.

local script = [[
local host, port, ca, count = table.unpack(arg)
local at = host .. ":" .. port
local began = os.clock()
local ok, r
for _ = 1, tonumber(count) do
  ok, r = pcall(https.get, "https://" .. at .. "/", { ca = ca, timeout = 60,
    headers = { connection = "close" },
    resolve = { [at] = "127.0.0.1:" .. port } })
end
print(ok and "accepted" or r.kind .. "/" .. r.code .. " " ..
  tostring(r.sent), os.clock() - began)
]]
t.write(dir .. "/get.lua", script)

-- env: the cache's path, or a table; returns what happened and the CPU time
local function get (cert, env, ca, count)
  if type(env) == "string" then env = { XDG_CACHE_HOME = env } end
  local r = t.run{ env = env, cmd = { t.lurl, dir .. "/get.lua",
    cert .. ".test", server.port, ca or bundle, tostring(count or 1) } }
  t.eq(r.stderr, "", "stderr")
  local word, seconds = r.stdout:match "^(.*)\t(.*)\n$"
  for _ = 1, word == "accepted" and (count or 1) or 0 do
    server.process:expect "^request from"
  end
  return word, tonumber(seconds)
end

local refused = "verify/unknown-issuer false"

local function check (env, ca)
  t.eq(get("unknown", env, ca), refused, "unknown")
  server:untouched()
  t.eq(get("direct", env, ca), "accepted", "direct")
end

-- The one index in a cache.
local function index_of (cache)
  local names = sh([[cd "$1/lurl/ca"; ls -A]], cache)
  t.match(names, "^%x+$", "one index")
  return cache .. "/lurl/ca/" .. names
end

local pristine = t.tmpdir()

local function copy_of_pristine ()
  local cache = t.tmpdir()
  sh([[cp -a "$1/lurl" "$2"]], pristine, cache)
  return cache
end

t.test("made once, and used", function ()
  t.eq(get("direct", pristine), "accepted", "first")
  local path = index_of(pristine)
  t.eq(sh([[ls "$1" | wc -l; stat -c %a "$1" "$1/.." "$1/../.."]], path)
    :gsub("%s+", " "), "10 700 700 700")
  local before = sh([[stat -c "%i %z" "$1"]], path)
  check(pristine)
  t.eq(sh([[stat -c "%i %z" "$1"]], path), before, "it is the same")
end)

local hash = {}
for name, text in pairs{ root = root, stranger = stranger } do
  t.write(dir .. "/" .. name .. ".pem", text)
  hash[name] = sh([[openssl x509 -in "$1" -noout -subject_hash]],
    dir .. "/" .. name .. ".pem")
end

---------------------------------------------------------------------------
-- What somebody may have done to an index.  $1 is the index, $2 the hash of
-- root, which both hosts' fate hangs on, $3 that of the stranger, $4 the
-- directory with both as PEM.  heals: the next processes have it as it was.

local hostile = {
  { "a stranger in place of another", heals = true, -- the count is right
    [[cd "$1"; rm "$(ls | grep -v "$2" | head -1)"; cp "$4/stranger.pem" "$3.0"]] },
  { "a stranger in another's file", heals = true,
    [[cd "$1"; mv "$(ls | grep -v "$2" | head -1)" "$3.0"
      cat "$4/stranger.pem" > "$3.0"]] },
  { "a stranger behind another", heals = true,
    [[cd "$1"; mv "$(ls | grep -v "$2" | head -1)" "$3.0"
      cat "$4/stranger.pem" >> "$3.0"]] },
  { "a stranger more", heals = true, [[cp "$4/stranger.pem" "$1/$3.0"]] },
  { "a link to a stranger", heals = true,
    [[cd "$1"; rm "$(ls | grep -v "$2" | head -1)"
      ln -s "$4/stranger.pem" "$3.0"]] },
  { "a stranger of root's name", heals = true,
    [[cp "$4/stranger.pem" "$1/$2.0"]] },
  { "nothing but a stranger", heals = true,
    [[rm "$1"/*; cp "$4/stranger.pem" "$1/$3.0"]] },
  { "root is a link", heals = true,
    [[cp "$4/root.pem" "$4/link.pem"; ln -sf "$4/link.pem" "$1/$2.0"]] },
  { "root is a FIFO", heals = true, [[rm "$1/$2.0"; mkfifo "$1/$2.0"]] },
  { "the stranger is a FIFO", heals = true,
    [[cd "$1"; rm "$(ls | grep -v "$2" | head -1)"; mkfifo "$3.0"]] },
  { "root is a directory", heals = true, [[rm "$1/$2.0"; mkdir "$1/$2.0"]] },
  { "root is missing", heals = true, [[rm "$1/$2.0"]] },
  { "root is where nobody looks", heals = true, [[mv "$1/$2.0" "$1/$2.1"]] },
  { "root is garbage", heals = true, [[echo garbage > "$1/$2.0"]] },
  { "root is zeros", heals = true,
    [[head -c 1000 /dev/zero > "$1/$2.0"]] },
  { "root is empty", heals = true, [[: > "$1/$2.0"]] },
  { "root is cut off", heals = true, [[truncate -s 300 "$1/$2.0"]] },
  { "root is very large", heals = true, [[truncate -s 1G "$1/$2.0"]] },
  { "root cannot be read", heals = false, [[chmod 0 "$1/$2.0"]] },
  { "all is empty", heals = true,
    [[for f in "$1"/*; do : > "$f"; done]] },
  { "all is gone", heals = true, [[rm "$1"/*]] },
  { "no directory", heals = true, [[rm -r "$1"]] },
  { "a file in its place", heals = true, [[rm -r "$1"; : > "$1"]] },
  { "a link in its place", heals = true,
    [[mv "$1" "$1.moved"; ln -s "$1.moved" "$1"; mv "$1.moved" "$4"
      ln -sfn "$4/${1##*/}.moved" "$1"]] },
  { "all may write to it", heals = false, [[chmod 777 "$1"]] },
  { "all may write above it", heals = false, [[chmod 777 "$1/.."]] },
  { "all may write to the cache", heals = false, [[chmod 777 "$1/../../.."]] },
  { "half of one from before", heals = true,
    [[cd "$1/.."; mv "$1" .new-abcdef; rm ".new-abcdef/$2.0"
      touch -d 2000-01-01 .new-abcdef]] },
}

for _, row in ipairs(hostile) do
  t.test("index: " .. row[1], function ()
    local spoilt = t.tmpdir()
    sh([[cp -a "$1/lurl" "$2"]], pristine, spoilt)
    sh(row[2], index_of(spoilt), hash.root, hash.stranger, dir)
    -- Either may be the first to come; the next makes it anew.
    local other = t.tmpdir()
    sh([[cp -a "$1/." "$2"]], spoilt, other)
    check(spoilt)
    t.eq(get("direct", other), "accepted", "direct, first")
    t.eq(get("unknown", other), refused, "unknown, second")
    server:untouched()
    t.eq(get("direct", other), "accepted", "direct, third")
    if row.heals then
      sh([[diff -r "$1/lurl" "$2/lurl"]], pristine, spoilt)
      sh([[diff -r "$1/lurl" "$2/lurl"]], pristine, other)
    end
    os.execute("rm -rf " .. dir .. "/*.moved")
  end)
end

-- Who signed a stapled answer is looked up by names that are not told: nothing
-- in the index may be wrong then.
t.test("index: a fault elsewhere, and a stapled answer", function ()
  for cert, left in pairs{ ["direct"] = 1, ["any.stapled"] = 0 } do
    local cache = copy_of_pristine()
    sh([[cd "$1"; echo >> "$(ls | grep -v "$2" | head -1)"]],
      index_of(cache), hash.root)
    t.eq(get(cert, cache), "accepted", cert)
    t.eq(sh([[ls -A "$1/lurl/ca" | wc -l]], cache), tostring(left),
      "indexes left, " .. cert)
  end
end)

-- Only root can give a file away.
if sh "id -u" == "0" then
  for _, where in ipairs{ "", "/..", "/../..", "/../../.." } do
    t.test("index: of another user: ." .. where, function ()
      local cache = copy_of_pristine()
      sh([[cd "$1"; cp "$4/stranger.pem" "$3.0"
        rm "$(ls | grep -v "$2" | head -1)"; chown 65534 ".$5"]],
        index_of(cache), hash.root, hash.stranger, dir, where)
      check(cache)
    end)
  end
end

t.write(dir .. "/file", "")
local homes = {
  { "none", { XDG_CACHE_HOME = false, HOME = false } },
  { "empty", { XDG_CACHE_HOME = "", HOME = "" } },
  { "relative", { XDG_CACHE_HOME = "cache", HOME = "home" } },
  { "a file", { XDG_CACHE_HOME = dir .. "/file", HOME = dir } },
  { "nothing can be made there", { XDG_CACHE_HOME = "/proc/self" } },
  { "a device", { XDG_CACHE_HOME = "/dev/full" } },
  { "a colon", { XDG_CACHE_HOME = dir .. "/a:b" } },
}

for _, row in ipairs(homes) do
  t.test("home: " .. row[1], function ()
    check(row[2])
    t.eq(sh([[ls -d cache home "$1/.cache" 2>/dev/null || :]], dir), "",
      "nothing is made elsewhere")
  end)
end

t.test("home: ~/.cache, when nothing else is said", function ()
  local home = t.tmpdir()
  check{ XDG_CACHE_HOME = false, HOME = home }
  index_of(home .. "/.cache")
end)

---------------------------------------------------------------------------
-- Several processes, and the end of one at any moment.

t.test("two that make it at once", function ()
  for _ = 1, 3 do
    local cache = t.tmpdir()
    local r = sh([[
      export XDG_CACHE_HOME="$1"; shift
      for i in 1 2 3 4; do "$@" & done; wait]], cache, t.lurl,
      dir .. "/get.lua", "direct.test", server.port, large, "1")
    t.eq(select(2, r:gsub("accepted", "")), 4, "accepted, in " .. r)
    for _ = 1, 4 do server.process:expect "^request from" end
    t.eq(sh([[ls "$1" | wc -l]], index_of(cache)), "145", "entries")
    check(cache, large)
  end
end)

t.test("killed while it makes one", function ()
  local cache = t.tmpdir()
  for _, s in ipairs{ "0.006", "0.01", "0.015", "0.02", "0.03", "0.05" } do
    -- A host that is refused: it does not matter how far it comes.
    sh([[XDG_CACHE_HOME="$1" timeout -s KILL "$2" "$3" "$4" unknown.test "$5" \
      "$6" 1 || :]], cache, s, t.lurl, dir .. "/get.lua", server.port, large)
  end
  check(cache, large)
end)

t.test("5000 certificates", function ()
  local cache = t.tmpdir()
  check(cache, pem "bundle5000")
  local path = index_of(cache)
  t.eq(sh([[ls "$1" | wc -l]], path), "5000", "entries")
  -- Decoding all of it for each would take 10 s and more.
  local word, seconds = get("direct", cache, pem "bundle5000", 20)
  t.eq(word, "accepted")
  t.ok(seconds < 5, "seconds for 20 connections: " .. seconds)
  sh([[cp "$4/stranger.pem" "$1/$3.0"; rm "$1/$2.0"]], path, hash.root,
    hash.stranger, dir)
  check(cache, pem "bundle5000")
end)

---------------------------------------------------------------------------
-- The bundle that changes on disk, in one process that keeps connections.

local path = dir .. "/bundle.pem"

-- In place of the file, or in the file itself; its times may be the same.
local function change (text, in_place)
  if in_place then return t.write(path, text) end
  t.write(path .. ".new", text)
  assert(os.rename(path .. ".new", path))
end

local function ask (cert, options)
  local at = cert .. ".test:" .. server.port
  options = options or {}
  options.ca, options.timeout = path, 20
  options.resolve = { [at] = "127.0.0.1:" .. server.port }
  local ok, r = pcall(https.get, "https://" .. at .. "/", options)
  if ok then
    server.process:expect "^request from"
    return "accepted"
  end
  return r.kind .. "/" .. r.code .. " " .. tostring(r.sent)
end

local whole = t.read(large)
local function without_root (with)
  local from, to = whole:find(root, 1, true)
  return whole:sub(1, from - 1) .. (with or "") .. whole:sub(to + 1)
end

local bad = "usage/value false"
local changes = {
  { "root is taken out", without_root(), refused, refused },
  { "another in its place", without_root(stranger), refused, "accepted" },
  { "another more", whole .. stranger, "accepted", "accepted" },
  { "another first", stranger .. whole, "accepted", "accepted" },
  { "cut within a certificate", whole:sub(1, #whole // 2), bad, bad },
  { "cut between two", whole:sub(1, select(2, whole:find(
    "%-END CERTIFICATE%-%-%-%-%-\n", 9000))), refused, refused },
  { "empty", "", bad, bad },
  { "a damaged one", whole:gsub("\nMII", "\nMIJ", 1), bad, bad },
  { "CR LF", whole:gsub("\n", "\r\n"), "accepted", refused },
  { "comments", whole:gsub("\n%-%-%-%-%-BEGIN", "\n\n# a - b\n-----BEGIN"),
    "accepted", refused },
  { "with a key", whole .. t.read(pki .. "/root.key"), "accepted", refused },
  { "with a revocation list", "-----BEGIN X509 CRL-----\nAAAA\n" ..
    "-----END X509 CRL-----\n" .. whole, "accepted", refused },
  { "root twice", whole .. root, "accepted", refused },
  { "root alone", root, "accepted", refused },
}

for _, row in ipairs(changes) do
  for _, in_place in ipairs{ false, true } do
    t.test("bundle: " .. row[1] .. (in_place and ", in place" or ""),
      function ()
        change(whole)
        t.eq(ask "direct", "accepted", "direct, before")
        t.eq(ask "unknown", refused, "unknown, before")
        change(row[2], in_place)
        t.eq(ask "direct", row[3], "direct")
        t.eq(ask "unknown", row[4], "unknown")
        change(whole, in_place)
        t.eq(ask "direct", "accepted", "direct, after")
        t.eq(ask "unknown", refused, "unknown, after")
      end)
  end
end

---------------------------------------------------------------------------
-- The bundle that changes after it was read, before the handshake is over: a
-- body is opened in between.

local function ask_while (what, cert, replayable)
  local s <close> = https.session()
  s:use(function (request, next)
    request.body = { length = 1, replayable = replayable,
      open = function ()
        local pieces = { "x" }
        what()
        return function () return table.remove(pieces) end
      end }
    return next(request)
  end)
  local at = cert .. ".test:" .. server.port
  local ok, r = pcall(s.put, s, "https://" .. at .. "/", { ca = path,
    timeout = 20, resolve = { [at] = "127.0.0.1:" .. server.port } })
  if ok then
    server.process:expect "^request from"
    return "accepted"
  end
  server:untouched()
  return r.kind .. "/" .. r.code .. " " .. tostring(r.sent)
end

local changed = "verify/changed false"
local races = {
  { "root is taken out", without_root(), refused, changed },
  { "root is taken out of a small one", others = root, stranger, refused,
    changed },
  { "the same again", whole, "accepted", changed },
  { "cut", whole:sub(1, 3000), bad, changed },
}

for _, row in ipairs(races) do
  t.test("race: " .. row[1], function ()
    for i, replayable in ipairs{ true, false } do
      change(row.others or whole)
      local once
      local got = ask_while(function ()
        if once then return end
        once = true
        change(row[2])
      end, "direct", replayable)
      t.eq(got, row[2 + i], replayable and "again" or "not again")
    end
  end)
end

t.test("race: it changes every time", function ()
  change(whole)
  t.eq(ask_while(function () change(whole) end, "direct", true), changed)
end)

t.test("race: nothing happens", function ()
  change(whole)
  t.eq(ask_while(function () end, "direct", false), "accepted")
end)

t.test("nginx saw no other request", function ()
  for _, line in ipairs(server:stop()) do
    if line:find "^request from" then error(line) end
  end
end)

t.finish()
