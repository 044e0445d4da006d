-- lurl links: what it takes for a link, what it asks servers for and what not,
-- and what it says.  The site is nginx's, which logs every request.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local s = require "tests.lua.scripts"
local https = require "https"

local site, requests_of = s.site, s.requests_of

local function run (words)
  return s.run_ca("links", { "--rate", "1000", table.unpack(words) })
end

-- Runs it on the site's front page; what was said line by line, with "~" for
-- the site, sorted but for the last; and what was asked for, sorted.
local function check (server, status, words)
  words = table.move(words or {}, 1, #(words or {}), 1, {})
  words[#words + 1] = server.url .. "/"
  local got = run(words)
  s.check_status(got, status, "links")
  local lines = {}
  for line in got.stdout:gmatch "[^\n]+" do
    lines[#lines + 1] = line:gsub(server.url:gsub("%p", "%%%0"), "~")
  end
  local sum = table.remove(lines)
  local requests = requests_of(server)
  table.sort(lines)
  table.sort(requests)
  lines[#lines + 1] = sum
  return lines, requests, got
end

local function summary (links, pages, broken, forbidden, plain)
  return ("%d links, %d pages read: %d broken; left out: %d by robots.txt, "
    .. "%d plain http"):format(links, pages, broken, forbidden or 0, plain or 0)
end

---------------------------------------------------------------------------
-- HTML.  Each row's links begin with R, which none of another's does.

local markup = {
  { "a quoted value", '<a href="R1">x</a>', "GET /R1" },
  { "another quote", "<A HREF='R1'>", "GET /R1" },
  { "no quotes", "<a href=R1>", "GET /R1" },
  { "spaces, and other attributes", '<a\nid=x  href = "R1"\tclass=y>',
    "GET /R1" },
  { "no value before it", "<input disabled src=R1>", "HEAD /R1" },
  { "a > in a value", '<a title="a>b" href="R1">', "GET /R1" },
  { "a link within a value", '<a title="<a href=R2>" href=R1>', "GET /R1" },
  { "the first of two", "<a href=R1 href=R2>", "GET /R1" },
  { "an image", '<img src="R1"/>', "HEAD /R1" },
  { "both", '<x href="R1" src="R2">', "HEAD /R1", "HEAD /R2" },
  { "a frame", '<iframe src="R1"></iframe>', "GET /R1" },
  { "a style sheet", '<link rel=stylesheet href="R1">', "HEAD /R1" },
  { "a script, and what it says", '<script src="R1">"<a href=R2>"</script>'
    .. "<a href=R3>", "HEAD /R1", "GET /R3" },
  { "a script without end", '<script>"<a href=R1>"' },
  { "style", "<STYLE><a href=R1></sTyLe><a href=R2>", "GET /R2" },
  { "a comment", "<!-- <a href=R1> --><a href=R2>", "GET /R2" },
  { "a comment without end", "<!-- <a href=R1>" },
  { "a tag without end", "<a href=R1", "GET /R1" },
  { "a value without end", '<a href="R1', "GET /R1" },
  { "no tag", "a < b <3 <> </a href=R1> href=R2" },
  { "other attributes", "<a data-href=R1 xsrc=R2>" },
  { "entities", '<a href="R1?a=1&amp;b=2&copy=3&#x26;c&#38;d&#xZ;">',
    "GET /R1?a=1&b=2&copy=3&c&d&" },
  { "an entity once", '<a href="R1?&amp;amp;">', "GET /R1?&amp;" },
  { "no such character", '<a href="R1?&#x7fffffff;">', "GET /R1?&" },
  { "space around, and within", '<a href=" R1\n a ">', "GET /R1%20a" },
  { "not ASCII", '<a href="R1ä">', "GET /R1%C3%A4" },
  { "a fragment", '<a href="R1#a"><a href="R1#b"><a href="#R2">', "GET /R1" },
  { "each once", "<a href=R1><a href=./R1><a href=/x/../R1>", "GET /R1" },
  { "another scheme", "<a href=mailto:R1><a href=javascript:R2><img "
    .. "src=data:R3>" },
  { "a base", '<base href="/R1/"><a href="2">', "GET /R1/2" },
  { "a base that is none", '<base href="x:"><a href="R1">', "GET /R1" },
  { "no link", '<link rel=preconnect href="R1"><link rel="dns-prefetch" '
    .. 'href="R2">' },
  { "an empty one", '<a href=""><a href><img src="">' },
}

t.test("HTML", function ()
  local files, index = {}, {}
  for i, row in ipairs(markup) do
    local name = ("page%d.html"):format(i)
    files[name] = row[2]:gsub("R(%d)", ("row%dx%%1"):format(i))
    index[i] = ("<a href=%s>"):format(name)
  end
  files["index.html"] = table.concat(index)
  local lines, requests = check(site(files, [[
    location /row { return 200 ""; }]]), 0)
  local asked = {}
  for _, request in ipairs(requests) do
    local i = math.tointeger(request:match "/row(%d+)x")
    if i then
      asked[i] = asked[i] or {}
      table.insert(asked[i], (request:gsub("row%d+x", "R")))
    end
  end
  t.eq(#lines, 1, "lines")
  for i, row in ipairs(markup) do
    local want = table.move(row, 3, #row, 1, {})
    table.sort(want)
    t.eq(asked[i] or {}, want, row[1])
  end
end)

---------------------------------------------------------------------------
-- What is broken.

t.test("what is broken", function ()
  local other <close> = peer.httpsd { "ip" }
  local stranger <close> = peer.httpsd { "good" }
  local elsewhere = "https://127.0.0.1:" .. other.port
  local gone <close> = peer.httpsd { "ip" }
  gone:stop()
  local nobody = "https://127.0.0.1:" .. gone.port
  local links = { "there.html", "missing", "/gone", "/refuses-head",
    "/refuses-both", "/down", "/away", "/round", elsewhere .. "/",
    elsewhere .. "/status/404", elsewhere .. "/redirect/2",
    elsewhere .. "/redirect/20", nobody .. "/", "https://127.0.0.1:99999/\1",
    "https://127.0.0.1:" .. stranger.port .. "/", "http://127.0.0.1:1/" }
  local files = { ["there.html"] = '<a href="missing">' }
  for i, link in ipairs(links) do
    links[i] = ("<img src='%s'>"):format(link)
  end
  files["index.html"] = table.concat(links)
  local server = site(files, [[
    location /gone { return 410; }
    location /refuses-head {
      if ($request_method = HEAD) { return 405; }
      return 200 "";
    }
    location /refuses-both {
      if ($request_method = HEAD) { return 501; }
      return 403;
    }
    location /down { return 302 http://127.0.0.1:1/; }
    location /round { return 302 /round; }
    location /away { return 302 ]] .. elsewhere .. "/status/500; }")
  local lines, requests = check(server, 1)
  local want = {
    "404\t~/missing\t~/", "410\t~/gone\t~/", "403\t~/refuses-both\t~/",
    "redirect/downgrade\t~/down\t~/", "500\t~/away\t~/",
    "redirect/too-many\t~/round\t~/",
    "404\t" .. elsewhere .. "/status/404\t~/",
    "redirect/too-many\t" .. elsewhere .. "/redirect/20\t~/",
    "connect/refused\t" .. nobody .. "/\t~/",
    "usage/url\thttps://127.0.0.1:99999/?\t~/",
    "verify/name-mismatch\thttps://127.0.0.1:" .. stranger.port .. "/\t~/",
  }
  table.sort(want)
  want[#want + 1] = summary(16, 1, 11, 0, 1)
  t.eq(lines, want)
  local methods = {}
  for _, request in ipairs(requests) do
    local method, path = request:match "(%S+) /(refuses%S+)"
    if method then methods[#methods + 1] = method .. " " .. path end
  end
  t.eq(methods, { "GET refuses-both", "GET refuses-head",
    "HEAD refuses-both", "HEAD refuses-head" })
end)

t.test("a page that breaks off", function ()
  local kind = "content-type: text/html\r\n"
  local server <close> = s.serve {
    { "head", "send", s.answer("", nil, "404 Not Found") },
    { "head", "send", s.answer("<a href=/x>", kind), "head", "send",
      "HTTP/1.1 200 OK\r\n" .. kind .. "content-length: 99\r\n\r\n"
        .. "<a href=/y>", "notify" },
  }
  local got = run { s.at(server) }
  s.check_status(got, 1, "links")
  t.match(got.stdout, "^protocol/truncated\thttps://[^\n]+/x\t[^\n]+\n2 links")
end)

-- label, files, conf, status, what is said
local starts = {
  { "all is well", { ["index.html"] = "" }, "", 0, summary(1, 1, 0) },
  { "not there", {}, "location / { return 404; }", 1,
    "404\t~/\tthe command line\n" .. summary(1, 0, 1) },
  { "no page", {}, 'location / { return 200 "<a href=/x>"; }', 0,
    summary(1, 0, 0) },
  { "forbidden", { ["robots.txt"] = "User-agent: *\nDisallow: /",
    ["index.html"] = "<a href=/x>" }, "", 1, summary(0, 0, 0, 1) },
}

for _, row in ipairs(starts) do
  t.test("the first page: " .. row[1], function ()
    local lines = check(site(row[2], row[3]), row[4])
    t.eq(table.concat(lines, "\n"), row[5])
  end)
end

t.test("nobody there", function ()
  local gone <close> = peer.httpsd { "ip" }
  gone:stop()
  local got = run { s.at(gone) }
  s.check_status(got, 4, "links")
  t.eq(got.stdout, "")
  t.match(got.stderr, "connect/refused")
end)

t.test("who cannot prove who it is", function ()
  local server <close> = peer.httpsd { "good" }
  local got = run { s.at(server) }
  s.check_status(got, 5, "links")
  t.eq(got.stdout, "")
  t.match(got.stderr, "verify/name%-mismatch")
  for _, line in ipairs(server:stop()) do
    t.match(line, "^conn .* bytes=0$", "nothing of a request")
  end
end)

---------------------------------------------------------------------------
-- How far it goes.

local tree = {
  ["index.html"] = "<a href=a.html><a href=z.html>",
  ["a.html"] = "<a href=b.html><a href=missing>",
  ["b.html"] = "<a href=/><a href=moved>",
  ["c.html"] = "<a href=d.html>",
  ["d.html"] = "",
  ["z.html"] = "<a href=d.html>",
}
local moved = "location /moved { return 301 /c.html; }"
local front = { "GET /", "GET /robots.txt" }
local all = { "GET /", "GET /a.html", "GET /b.html", "GET /c.html",
  "GET /d.html", "GET /missing", "GET /moved", "GET /robots.txt",
  "GET /z.html" }

-- label, words, requests, summary, status if it is not 1
local reaches = {
  { "all of it", {}, all, summary(7, 6, 1) },
  { "one page", { "--max", "1" }, { "GET /a.html", "GET /z.html",
    table.unpack(front) }, summary(3, 1, 0), 0 },
  { "below a path", { "--below", "/a" }, { "GET /a.html", "HEAD /b.html",
    "HEAD /missing", "HEAD /z.html", table.unpack(front) },
    summary(5, 2, 1) },
  { "below a path alone", { "--below", "/a", "--no-external" },
    { "GET /a.html", table.unpack(front) }, summary(2, 2, 0), 0 },
  { "one at a time", { "--concurrency", "1" }, all, summary(7, 6, 1) },
}

for _, row in ipairs(reaches) do
  t.test("how far: " .. row[1], function ()
    local lines, requests = check(site(tree, moved), row[5] or 1, row[2])
    local want = table.move(row[3], 1, #row[3], 1, {})
    table.sort(want)
    t.eq(requests, want)
    t.eq(lines[#lines], row[4])
  end)
end

t.test("a page that has moved is read once", function ()
  local server = site({ ["index.html"] = "<a href=moved>",
    ["c.html"] = "<a href=c.html><a href=d.html>", ["d.html"] = "" }, moved)
  local lines, requests = check(server, 0)
  t.eq(requests, { "GET /", "GET /c.html", "GET /d.html", "GET /moved",
    "GET /robots.txt" })
  t.eq(lines, { summary(3, 3, 0) })
end)

t.test("a redirect that leaves is not followed further", function ()
  local other = site { ["index.html"] = "<a href=/inside>" }
  local server = site({ ["index.html"] = "<a href=/away>" },
    "location /away { return 302 " .. other.url .. "/; }")
  t.eq(check(server, 0), { summary(2, 1, 0) })
  t.eq(requests_of(other), { "GET /robots.txt", "GET /" })
end)

t.test("not external", function ()
  local other = site { ["index.html"] = "" }
  local server = site { ["index.html"] = ("<a href=%s/>"):format(other.url) }
  t.eq(check(server, 0, { "--no-external" }), { summary(1, 1, 0) })
  t.eq(requests_of(other), {})
end)

t.test("no user, no password", function ()
  local server = site { ["a.html"] = "" }
  local at = server.url:gsub("//", "//user:s3cret@")
  local page = site { ["index.html"] = ("<a href='%s/a.html'>"):format(at) }
  local got = run { (page.url:gsub("//", "//user:s3cret@")) }
  s.check_status(got, 0, "links")
  t.eq(got.stdout, summary(2, 1, 0) .. "\n")
  t.eq(requests_of(page), { "GET /robots.txt", "GET /" })
  t.eq(requests_of(server), { "GET /robots.txt", "HEAD /a.html" })
end)

t.test("a page without end", function ()
  local server = site { ["index.html"] = "<a href=/first>"
    .. (" "):rep(4 << 20) .. "<a href=/last>" }
  local _, requests = check(server, 1)
  t.eq(requests, { "GET /", "GET /first", "GET /robots.txt" })
end)

---------------------------------------------------------------------------
-- robots.txt.  Each row has a folder, R, for itself.

-- label, rules, links asked for, links left out
local rules = {
  { "nothing said", {}, { "/a" }, {} },
  { "a prefix", { "Disallow: R/a" }, { "/b" }, { "/a", "/ab", "/a/b" } },
  { "the longest", { "Disallow: R/", "Allow: R/a", "Disallow: R/ab" },
    { "/a", "/ac" }, { "/b", "/ab" } },
  { "the longest, in another order", { "Disallow: R/ab", "Allow: R/a",
    "Disallow: R/" }, { "/a" }, { "/b", "/ab" } },
  { "allowed where both are as long", { "Disallow: R/a", "Allow: R/a" },
    { "/a" }, {} },
  { "empty", { "Disallow:" }, { "/a" }, {} },
  { "a star", { "Disallow: R/*x" }, { "/a" }, { "/x", "/ax", "/a/xb" } },
  { "two stars", { "Disallow: R/a*b*c" }, { "/abd", "/acb" },
    { "/abc", "/axbxcx" } },
  { "the end", { "Disallow: R/a$" }, { "/ab", "/a?" }, { "/a" } },
  { "a star and the end", { "Disallow: R/*.x$" }, { "/a.xx", "/a.x?q" },
    { "/a.x", "/a.x.x" } },
  { "a query", { "Disallow: R/*?" }, { "/a" }, { "/a?b" } },
  { "in any case, with a comment", { "DISALLOW :R/a # not this" }, { "/b" },
    { "/a" } },
  { "a pattern of Lua's", { "Disallow: R/.-" }, { "/a" }, { "/.-" } },
  { "nonsense", { "Disallow R/a", ": R/a", "\255" }, { "/a" }, {} },
}

t.test("robots.txt", function ()
  local text, page, want, left_out = { "User-agent: *" }, {}, {}, 0
  for i, row in ipairs(rules) do
    for _, rule in ipairs(row[2]) do
      text[#text + 1] = rule:gsub("R/", "/row" .. i .. "/")
    end
    for _, list in ipairs { row[3], row[4] } do
      for _, link in ipairs(list) do
        page[#page + 1] = ("<img src='/row%d%s'>"):format(i, link)
      end
    end
    for _, link in ipairs(row[3]) do
      want[("HEAD /row%d%s"):format(i, link)] = row[1]
    end
    left_out = left_out + #row[4]
  end
  local server = site({ ["index.html"] = table.concat(page),
    ["robots.txt"] = table.concat(text, "\r\n") },
    'location /row { return 200 ""; }')
  local lines, requests = check(server, 0)
  for _, request in ipairs(requests) do
    if request:find "/row" then
      t.ok(want[request], request .. " is forbidden")
      want[request] = nil
    end
  end
  t.eq(want, {}, "not asked for")
  t.match(lines[1], "left out: " .. left_out .. " by")
end)

-- label, robots.txt, conf, whether /a is asked for
local groups = {
  { "no robots.txt", nil, "", true },
  { "everybody", "User-agent: *\nDisallow: /a", "", false },
  { "another one", "User-agent: x\nDisallow: /a", "", true },
  { "one of several", "User-agent: *\nUser-agent: x\nDisallow: /a", "", false },
  { "several for everybody", "User-agent: *\nDisallow: /b\nUser-agent: x\n"
    .. "Disallow: /c\nUser-agent: *\nDisallow: /a", "", false },
  { "the next one", "User-agent: *\nDisallow: /b\nUser-agent: x\n"
    .. "Disallow: /a", "", true },
  { "no group", "Disallow: /a", "", true },
  { "a redirect", nil, "location = /robots.txt { return 302 /r; }\n"
    .. "location /r { return 200 'User-agent: *\nDisallow: /a'; }", false },
  { "forbidden itself", nil, "location = /robots.txt { return 403; }", true },
}

for _, row in ipairs(groups) do
  t.test("robots.txt: " .. row[1], function ()
    local server = site({ ["index.html"] = "<img src=/a>",
      ["robots.txt"] = row[2] }, row[3] .. ' location /a { return 200 ""; }')
    local lines, requests = check(server, 0)
    local asked = false
    for _, request in ipairs(requests) do
      asked = asked or request == "HEAD /a"
    end
    t.eq(asked, row[4])
    t.eq(lines, { summary(row[4] and 2 or 1, 1, 0, row[4] and 0 or 1) })
  end)
end

t.test("robots.txt: of every server, and on every way", function ()
  local other = site({ ["robots.txt"] = "User-agent: *\nDisallow: /no" },
    'location /no { return 200 ""; }')
  local silent = site({}, "location / { return 500; }")
  local server = site({ ["index.html"] = ("<a href=%s/no><a href=%s/><a "
    .. "href=/away>"):format(other.url, silent.url) },
    "location /away { return 302 " .. other.url .. "/no; }")
  t.eq(check(server, 0), { summary(1, 1, 0, 3) })
  t.eq(requests_of(other), { "GET /robots.txt" })
  t.eq(requests_of(silent), { "GET /robots.txt" })
end)

---------------------------------------------------------------------------
-- Politeness.

t.test("so many at once", function ()
  local other <close> = peer.httpsd { "ip" }
  local links = {}
  for i = 1, 9 do
    links[i] = ("<a href='https://127.0.0.1:%s/wait/%d'>"):format(other.port,
      100 + i)
  end
  local server = site { ["index.html"] = table.concat(links) }
  check(server, 0, { "--concurrency", "3" })
  local crowd = https.get(s.at(other, "/crowd"), { ca = s.ca }).body
  t.match(crowd, '"most": 3,')
end)

t.test("so many a second", function ()
  local server = site { ["index.html"] = "<img src=a><img src=b><img src=c>" }
  local began = https.now()
  check(server, 1, { "--rate", "20" })
  t.ok(https.now() - began >= 0.2, "5 requests, 20 a second")
end)

t.finish()
