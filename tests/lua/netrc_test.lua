-- The .netrc file: what is found in it, and what is refused.
local t = require "tests.harness"
local netrc = require "https.netrc"

-- label, text, {user, password} for host "example.org", or the line at fault
local rows = {
  { "one line", "machine example.org login joe password pw", { "joe", "pw" } },
  { "several lines", "machine example.org\n\tlogin joe\r\n  password pw\n",
    { "joe", "pw" } },
  { "any order", "machine example.org password pw login joe",
    { "joe", "pw" } },
  { "account", "machine example.org login joe account x password pw",
    { "joe", "pw" } },
  { "no password", "machine example.org login joe", { "joe", "" } },
  { "no login", "machine example.org password pw", { "", "pw" } },
  { "neither", "machine example.org", nil },
  { "the second of two", "machine a login b password c\n"
    .. "machine example.org login joe password pw", { "joe", "pw" } },
  { "the first of two that match", "machine example.org login joe password pw\n"
    .. "machine example.org login ann password xx", { "joe", "pw" } },
  { "default", "machine a login b password c default login joe password pw",
    { "joe", "pw" } },
  { "default first, machine matches", "default login ann password xx\n"
    .. "machine example.org login joe password pw", { "joe", "pw" } },
  { "another host", "machine www.example.org login joe password pw", nil },
  { "part of the host", "machine example login joe password pw", nil },
  { "host with a dot in front", "machine .example.org login joe password pw",
    nil },
  { "host in upper case", "machine EXAMPLE.org login joe password pw",
    { "joe", "pw" } },
  { "empty", "", nil },
  { "white space", " \n\t\r\n", nil },
  { "comments", "# machine example.org login x password y\n"
    .. "machine example.org # mine\n login joe #his\n password pw # end",
    { "joe", "pw" } },
  { "comment at the end of the file", "#", nil },
  { "value with #", "machine example.org login #joe password p#w",
    { "#joe", "p#w" } },
  { "value that is a word of ours",
    "machine example.org login machine password default",
    { "machine", "default" } },
  { "quoted", 'machine example.org login "joe x" password "p w"',
    { "joe x", "p w" } },
  { "quoted, with escapes", [[machine example.org login "j\"o\\e" password ""]],
    { [[j"o\e]], "" } },
  { "quote inside a word", 'machine example.org login j"oe password p\\w"',
    { 'j"oe', 'p\\w"' } },
  { "quoted host", 'machine "example.org" login joe password pw',
    { "joe", "pw" } },
  { "UTF-8", "machine example.org login jö password пароль",
    { "jö", "пароль" } },
  { "macro", "macdef init\nmachine example.org login x password y\n\n"
    .. "machine example.org login joe password pw", { "joe", "pw" } },
  { "macro, CRLF", "macdef init\r\ncd /x\r\n\r\n"
    .. "machine example.org login joe password pw", { "joe", "pw" } },
  { "macro in an entry", "machine example.org login joe password pw\n"
    .. "macdef init\nbye", { "joe", "pw" } },
  { "macro without an end", "macdef init\nmachine example.org login joe", nil },

  { "unknown word", "machine example.org login joe passwd pw", 1 },
  { "password in two words", "machine example.org\nlogin joe\npassword p w",
    3 },
  { "no host", "machine", 1 },
  { "no value", "machine example.org login joe\npassword", 2 },
  { "nobody's login", "\n\nlogin joe", 3 },
  { "quote without an end", 'machine example.org\nlogin "joe', 2 },
  { "quote over a line", 'machine example.org login "jo\ne"', 1 },
  { "quote and a backslash", 'machine example.org login "joe\\', 1 },
  { "another format", '{"machine": "example.org"}', 1 },
}

for _, row in ipairs(rows) do
  t.test("parse/" .. row[1], function ()
    local file, line = netrc.parse(row[2])
    if type(row[3]) == "number" then
      t.eq({ file, line }, { nil, row[3] })
      return
    end
    t.eq(line, nil, "line at fault")
    local entry = file.machines["example.org"] or file.default or {}
    local got = (entry.login or entry.password)
      and { entry.login or "", entry.password or "" } or nil
    t.eq(got, row[3])
  end)
end

local dir = t.tmpdir()

-- A file of that mode, and its path.
local function make (text, mode)
  local path = dir .. "/netrc"
  t.write(path, text)
  os.execute("chmod " .. mode .. " " .. path)
  return path
end

local MINE = "machine example.org login joe password s3cret"

t.test("lookup/found", function ()
  local path = make(MINE, "600")
  t.eq({ netrc.lookup(path, "example.org") }, { "joe", "s3cret" })
  t.eq({ netrc.lookup(path, "example.com") }, {})
end)

for _, mode in ipairs { "400", "600", "700" } do
  t.test("lookup/mode " .. mode, function ()
    t.eq(netrc.lookup(make(MINE, mode), "example.org"), "joe")
  end)
end

for _, mode in ipairs { "640", "604", "620", "602", "644", "610" } do
  t.test("lookup/mode " .. mode, function ()
    local path = make(MINE, mode)
    local err = t.raises(function () netrc.lookup(path, "example.org") end,
      "usage", "value")
    t.match(err.message, "chmod 600")
    t.ok(not tostring(err):find "s3cret", "no secret in it")
    t.raises(function () netrc.lookup(path, "elsewhere.org") end, "usage",
      "value", "for any host")
  end)
end

t.test("lookup/mode 644, no password in it", function ()
  local path = make("machine example.org login joe", "644")
  t.eq({ netrc.lookup(path, "example.org") }, { "joe", "" })
end)

t.test("lookup/line at fault", function ()
  local path = make("machine example.org\nlogin joe password s3cret more",
    "600")
  local err = t.raises(function () netrc.lookup(path, "example.org") end,
    "usage", "value")
  t.match(err.message, "netrc: line 2 ")
  t.ok(not tostring(err):find "s3cret", "no secret in it")
end)

t.test("lookup/missing", function ()
  local function env (vars) return function (name) return vars[name] end end
  t.raises(function () netrc.lookup(dir .. "/none", "h") end, "io", "ENOENT")
  t.raises(function () netrc.lookup(dir, "h") end, "io", "EISDIR")
  t.raises(function () netrc.lookup(true, "h", env { NETRC = dir .. "/none" })
  end, "io", "ENOENT")
  t.raises(function () netrc.lookup(true, "h", env {}) end, "usage", "value")
  t.eq({ netrc.lookup(true, "h", env { HOME = dir }) }, {})
end)

t.test("lookup/where", function ()
  local function env (vars) return function (name) return vars[name] end end
  local named = make(MINE, "600")
  t.write(dir .. "/.netrc", "machine example.org login ann password x")
  os.execute("chmod 600 " .. dir .. "/.netrc")
  local home = env { HOME = dir }
  t.eq(netrc.lookup(true, "example.org", home), "ann")
  local both = env { HOME = dir, NETRC = named }
  t.eq(netrc.lookup(true, "example.org", both), "joe")
  local empty = env { HOME = dir, NETRC = "" }
  t.eq(netrc.lookup(true, "example.org", empty), "ann")
end)

t.finish()
