-- lurl mirror: the list, the names it takes, what is fetched again and what
-- not, and failures among files that are there.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local s = require "tests.lua.scripts"
local https = require "https"

-- Runs it on the lines of a list, R being where the files are.
local function mirror (dir, url, lines, words)
  local list = t.tmpdir() .. "/list"
  t.write(list, (table.concat(lines, "\n"):gsub("R/", url .. "/")))
  return s.run_ca("mirror", { "--dir", dir, "--retries", "0", list,
    table.unpack(words or {}) })
end

local function exists (path)
  local file <close> = io.open(path)
  return file ~= nil
end

-- The files in dir, sorted, without the index.
local function names_in (dir)
  local list <close> = assert(io.popen("cd " .. t.quote(dir)
    .. " && find . -type f ! -name .mirror.json | sort"))
  return (list:read("a"):gsub("%./", ""))
end

local function digest (text)
  return "sha256:" .. https.hash("sha256", text)
end

---------------------------------------------------------------------------
-- The list.

-- label, lines, files that are there afterwards
local lists = {
  { "a URL", { "R/a" }, "a\n" },
  { "several, comments, empty lines", { "# all of them", "R/a", "", "  R/b # b",
    "\t#R/c" }, "a\nb\n" },
  { "a name", { "R/a x.txt" }, "x.txt\n" },
  { "a name in folders", { "R/a x/y/z", "R/b x/y/w" }, "x/y/w\nx/y/z\n" },
  { "a name that begins with a dot", { "R/a .x", "R/a ..x" }, "..x\n.x\n" },
  { "a name with quotes", { "R/a it's/$a" }, "it's/$a\n" },
  { "a query, a fragment", { "R/a?x=/../y", "R/b#z" }, "a\nb\n" },
  { "a digest", { "R/a x " .. digest "text of a" }, "x\n" },
  { "a digest and no name", { "R/a " .. digest "text of a" }, "a\n" },
  { "CRLF", { "R/a\r", "R/b b.txt\r" }, "a\nb.txt\n" },
}

t.test("lists", function ()
  local site <close> = s.site { a = "text of a", b = "text of b" }
  for _, row in ipairs(lists) do
    local dir = t.tmpdir() .. "/new"
    local got = mirror(dir, site.url, row[2])
    s.check_status(got, 0, row[1])
    t.eq(names_in(dir), row[3], row[1])
  end
end)

-- label, lines, what is said
local refusals = {
  { "above", { "R/a ../x" }, "list:1: no name for a file: '%.%./x'" },
  { "above, later", { "R/a", "R/b x/../../y" }, "list:2: no name" },
  { "absolute", { "R/a /tmp/x" }, "no name" },
  { "a folder", { "R/a x/" }, "no name" },
  { "an empty part", { "R/a x//y" }, "no name" },
  { "a dot", { "R/a ./x" }, "no name" },
  { "from the URL, ..", { "R/a/.." }, "no name" },
  { "from the URL, nothing", { "R/a/" }, "no name" },
  { "from the URL, no path", { "https://127.0.0.1" }, "no name" },
  { "the index", { "R/a .mirror.json" }, "no name" },
  { "a control character", { "R/a x\1" }, "no name for a file: 'x%?'" },
  { "one file for two", { "R/a x", "R/b x" }, "x is the file of https.*/a" },
  { "the same again", { "R/a", "R/a" }, "a is the file of" },
  { "one is another's part", { "R/a x", "R/b x.part" }, "x%.part is the" },
  { "another way round", { "R/a x.part", "R/b x" }, "is the file of" },
  { "four words", { "R/a x " .. digest "" .. " y" }, "more than" },
  { "three, and no digest", { "R/a x y" }, "a digest is" },
  { "a short digest", { "R/a x sha256:00" }, "a digest is" },
  { "another digest", { "R/a x md5:" .. ("0"):rep(32) }, "a digest is" },
  { "no URL", { "a" }, "list:1: .*https://" },
  { "a wrong port", { "https://127.0.0.1:x/a" }, "list:1: .*port" },
  { "nothing", { "# nothing" }, "which files" },
  { "no password is told", { "https://u:s3cret@h/a x", "R/a x" },
    "x is the file of https://h/a, too" },
}

for _, row in ipairs(refusals) do
  t.test("refused: " .. row[1], function ()
    local server <close> = peer.httpsd { "ip" }
    local dir = t.tmpdir() .. "/new"
    local got = mirror(dir, "https://127.0.0.1:" .. server.port, row[2])
    s.check_status(got, 2, row[1])
    t.match(got.stderr, "^mirror: [^\n]*" .. row[3])
    t.eq(got.stdout, "", "stdout")
    t.eq(exists(dir), false, "the folder")
    t.eq(server:stop(), {}, "connections")
  end)
end

t.test("stdin, and URLs", function ()
  local site <close> = s.site { a = "1", b = "2" }
  local dir = t.tmpdir()
  local got = t.run { stdin = site.url .. "/a x\n", cmd = { t.lurl,
    "scripts/mirror.lua", "--ca", s.ca, "--dir", dir, "-", site.url .. "/b" } }
  s.check_status(got, 0, "mirror")
  t.eq(got.stdout, "fetched\tx\nfetched\tb\n")
  t.eq(got.stderr, "", "no bars, since there is no terminal")
  t.eq(t.read(dir .. "/x") .. t.read(dir .. "/b"), "12", "the files")
end)

t.test("quiet", function ()
  local site <close> = s.site { a = "1" }
  local got = mirror(t.tmpdir(), site.url, { "R/a" }, { "--quiet" })
  s.check_status(got, 0, "mirror")
  t.eq(got.stdout .. got.stderr, "")
end)

---------------------------------------------------------------------------
-- The second time.

-- label, first list, what happens between, second list, statuses, what is said
local seconds = {
  { "the same", { "R/a" }, nil, { "R/a" }, { 200, 304 }, "unchanged\ta\n" },
  { "with a digest, nobody is asked", { "R/a a " .. digest "1" }, nil,
    { "R/a a " .. digest "1" }, { 200 }, "unchanged\ta\n" },
  { "a digest now", { "R/a" }, nil, { "R/a a " .. digest "1" }, { 200, 200 },
    "fetched\ta\n" },
  { "changed there", { "R/a" }, function (site)
      t.write(site.dir .. "/a", "longer") end,
    { "R/a" }, { 200, 200 }, "fetched\ta\n", "longer" },
  { "another size here", { "R/a" }, function (_, dir)
      t.write(dir .. "/a", "cut off") end,
    { "R/a" }, { 200, 200 }, "fetched\ta\n" },
  { "gone here", { "R/a a " .. digest "1" }, function (_, dir)
      os.remove(dir .. "/a") end,
    { "R/a a " .. digest "1" }, { 200, 200 }, "fetched\ta\n" },
  { "from elsewhere", { "R/b a" }, nil, { "R/a" }, { 200, 200 },
    "fetched\ta\n" },
  { "an index that is none", { "R/a" }, function (_, dir)
      t.write(dir .. "/.mirror.json", "{") end,
    { "R/a" }, { 200, 200 }, "fetched\ta\n" },
  { "an index of something else", { "R/a" }, function (_, dir)
      t.write(dir .. "/.mirror.json", '{"a":1}') end,
    { "R/a" }, { 200, 200 }, "fetched\ta\n" },
}

for _, row in ipairs(seconds) do
  t.test("again: " .. row[1], function ()
    local site <close>, dir = s.site { a = "1", b = "2" }, t.tmpdir()
    s.check_status(mirror(dir, site.url, row[2]), 0, "first")
    if row[3] then row[3](site, dir) end
    local got = mirror(dir, site.url, row[4])
    s.check_status(got, 0, "second")
    t.eq(got.stdout, row[6], "said")
    t.eq(t.read(dir .. "/a"), row[7] or "1", "the file")
    t.eq(names_in(dir), "a\n", "what is left")
    local _, statuses = s.requests_of(site)
    t.eq(statuses, row[5], "statuses")
  end)
end

t.test("no password in the index", function ()
  local server <close> = peer.httpsd { "ip" }
  local dir = t.tmpdir()
  local got = mirror(dir, "https://user:s3cret@127.0.0.1:" .. server.port,
    { "R/bytes/10 a" })
  s.check_status(got, 0, "mirror")
  t.match(t.read(dir .. "/.mirror.json"), "https://127")
  t.eq(t.read(dir .. "/.mirror.json"):find "s3cret", nil)
end)

-- A server that breaks off half-way, and then has the rest.
t.test("it goes on", function ()
  local server <close> = s.serve {
    { "head", "send", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n"
      .. 'etag: "1"\r\n\r\n01234', "notify" },
    { "head", "send", s.answer("56789", "content-range: bytes 5-9/10\r\n",
      "206 Partial Content") },
  }
  local dir = t.tmpdir()
  local url = "https://127.0.0.1:" .. server.port
  local lines = { "R/a a " .. digest "0123456789" }
  local got = mirror(dir, url, lines)
  s.check_status(got, 7, "cut off")
  t.match(got.stderr, "protocol/truncated")
  s.check_status(mirror(dir, url, lines), 0, "the rest")
  t.eq(t.read(dir .. "/a"), "0123456789")
  t.eq(names_in(dir), "a\n", "what is left")
end)

---------------------------------------------------------------------------
-- Failures.

-- label, line, status, what is said
local failures = {
  { "404", "R/missing", 8, "status/404" },
  { "401", "R/secret", 6, "status/401" },
  { "a digest", "R/a x " .. digest "other", 3, "io/sha256" },
  { "nobody there", "https://127.0.0.1:1/x", 4, "connect/" },
  { "plain http", "http://127.0.0.1:1/x", 2, "usage/url" },
  { "a downgrade", "R/down", 7, "redirect/downgrade" },
}

t.test("failures", function ()
  local site <close> = s.site({ a = "1", b = "2" }, [[
    location /secret { return 401; }
    location /down { return 302 http://127.0.0.1:1/; }]])
  for _, row in ipairs(failures) do
    local dir = t.tmpdir()
    local got = mirror(dir, site.url, { "R/b 1", row[2], "R/missing 2",
      "R/b 3" })
    s.check_status(got, row[3], row[1])
    t.match(got.stderr, row[4], row[1])
    t.match(got.stderr, "mirror: https.*status/404", row[1])
    t.eq(got.stdout, "fetched\t1\nfetched\t3\n", row[1])
    t.eq(names_in(dir), "1\n3\n", row[1])
  end
end)

t.test("a folder that cannot be", function ()
  local site <close> = s.site { a = "1" }
  local dir = t.tmpdir()
  local got = mirror(dir, site.url, { "R/a x", "R/a x/y" }, { "--jobs", "1" })
  s.check_status(got, 1, "mirror")
  t.match(got.stderr, "no folder")
  t.eq(names_in(dir), "x\n")
end)

t.test("interrupted: what is there is known", function ()
  local server <close> = s.serve { "head", "send", s.answer "1", "head",
    "wait" }
  local dir = t.tmpdir()
  local p <close> = t.spawn { cmd = { t.lurl, "scripts/mirror.lua", "--ca",
    s.ca, "--dir", dir, "--jobs", "1", s.at(server, "/a"),
    s.at(server, "/b") } }
  server:expect "^request 0 GET /b"
  os.execute("kill -INT " .. p.pid)
  p:expect "cancelled/interrupted"
  t.eq(names_in(dir), "a\n")
  t.match(t.read(dir .. "/.mirror.json"), '"size": 1')
end)

t.test("so many at once", function ()
  local server <close> = peer.httpsd { "ip" }
  local lines = {}
  for i = 1, 9 do lines[i] = ("R/wait/%d"):format(100 + i) end
  local got = mirror(t.tmpdir(), "https://127.0.0.1:" .. server.port, lines,
    { "--jobs", "3" })
  s.check_status(got, 0, "mirror")
  t.match(https.get(s.at(server, "/crowd"), { ca = s.ca }).body, '"most": 3,')
end)

t.finish()
