-- make install: what it puts where, that it runs from there, and that make
-- uninstall takes it away and nothing else.
local t = require "tests.harness"

local root = t.tmpdir()
local prefix = root .. "/opt/lurl"

local function make (target)
  local r = t.run { cmd = { "make", "-s", "--no-print-directory", target,
    "DESTDIR=" .. root, "PREFIX=/opt/lurl" } }
  t.eq(r.status, 0, "status; " .. r.stderr)
end

-- The files below a folder, each "mode path"; a set.
local function files_in (folder)
  local out <close> = io.popen(("cd %s && find . -type f -printf '%%m %%P\n'")
    :format(t.quote(folder)))
  local found = {}
  for line in out:lines() do found[line] = true end
  return found
end

local function run (words)
  return t.run { cmd = "cd / && " .. words, env = { LUA_PATH = false } }
end

local scripts = {}
do
  local out <close> = io.popen("ls scripts/*.lua")
  for path in out:lines() do
    scripts[#scripts + 1] = path:match("([%w_]+)%.lua$")
  end
end

local want = {}
for mode, paths in pairs {
  [755] = { "bin/lurl", "lib/lua/5.4/https.so" },
  [644] = { "include/lurl.h", "share/man/man1/lurl.1",
            "share/man/man3/https.3" },
} do
  for _, path in ipairs(paths) do want[mode .. " opt/lurl/" .. path] = true end
end
for _, name in ipairs(scripts) do
  want["644 opt/lurl/share/lurl/scripts/" .. name .. ".lua"] = true
end

t.test("install", function ()
  make "install"
  t.eq(files_in(root), want)
end)

t.test("what is installed runs", function ()
  local r = run(prefix .. "/bin/lurl -e 'print(https.version)'")
  t.match(r.stdout, "^%d+%.%d+%.%d+\n$")
end)

for _, name in ipairs(scripts) do
  t.test("installed script " .. name, function ()
    local r = run(("%s/bin/lurl %s --help"):format(prefix, name))
    t.eq(r.status, 0, "status; " .. r.stderr)
    t.match(r.stdout, "^usage: lurl [%w/]*" .. name .. "[ .]")
  end)
end

t.test("no script of that name is installed", function ()
  local r = run(prefix .. "/bin/lurl nothing")
  t.eq(r.status, 1, "status")
  t.match(r.stderr, "^lurl: cannot open nothing")
end)

t.test("the module is found by stock Lua", function ()
  local r = t.run { cmd = { "lua5.4", "-e",
    "print(require('https').version)" },
    env = { LUA_CPATH_5_4 = prefix .. "/lib/lua/5.4/?.so" } }
  t.match(r.stdout, "^%d+%.%d+%.%d+\n$", r.stderr)
end)

t.test("the module stays mapped: a look-up may outlive its state", function ()
  local r = t.run { cmd = { "readelf", "-d", prefix .. "/lib/lua/5.4/https.so" } }
  t.match(r.stdout, "NODELETE", r.stderr)
end)

t.test("uninstall", function ()
  t.write(prefix .. "/share/lurl/scripts/mine.lua", "")
  make "uninstall"
  t.eq(files_in(root), { ["644 opt/lurl/share/lurl/scripts/mine.lua"] = true })
  os.remove(prefix .. "/share/lurl/scripts/mine.lua")
  make "install"
  make "uninstall"
  t.eq(files_in(root), {})
  t.ok(not os.rename(prefix .. "/share/lurl", prefix .. "/share/lurl"),
    "share/lurl is gone")
end)

t.finish()
