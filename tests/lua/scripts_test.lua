-- The scripts, each run by the binary; and those that are modules, too,
-- required.  Some have a file of their own: scripts_NAME_test.lua.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local s = require "tests.lua.scripts"
local https = require "https"

local serve, at, answering, leading, run, run_ca, check_status, answer =
  s.serve, s.at, s.answering, s.leading, s.run, s.run_ca, s.check_status,
  s.answer
local quote = t.quote

---------------------------------------------------------------------------
-- What they have in common.

local all = {
  { name = "api", takes = { "--param", "--field", "--pages", "--token",
                            "--ca" } },
  { name = "bench", takes = { "--requests", "--concurrency", "--duration",
                              "--script", "--timeout", "--ca" },
    flags = { "--fresh", "--json" } },
  { name = "cache", takes = { "--dir", "--ca" }, many = true, module = true },
  { name = "events", takes = { "--last-id", "--max", "--header", "--ca" },
    module = true },
  { name = "fetch", takes = { "--output", "--sha256", "--header", "--ca",
                              "--retries" } },
  { name = "inspect", takes = { "--days", "--ca", "--servername", "--address",
                                "--timeout" },
    flags = { "--json", "--pem", "--no-offers" } },
  { name = "limit", takes = { "--rate", "--burst", "--ca" }, many = true,
    module = true },
  { name = "links", takes = { "--below", "--max", "--concurrency", "--rate",
                              "--ca" }, flags = { "--no-external" } },
  { name = "mirror", takes = { "--dir", "--jobs", "--retries", "--ca" },
    many = true },
  { name = "oauth", takes = { "--token-url", "--scope", "--ca" },
    module = true },
  { name = "record", takes = { "--ca" }, many = true, module = true },
  { name = "sign", takes = { "--service", "--region", "--method", "--body",
                             "--ca" }, module = true },
  { name = "upload", takes = { "--header", "--ca" }, many = true },
  { name = "watch", takes = { "--list", "--interval", "--jobs", "--timeout",
                              "--days", "--ca" }, many = true },
}

local function refused (name, words, says)
  local got = run(name, words)
  local label = name .. " " .. table.concat(words, " ")
  check_status(got, 2, label)
  t.eq(got.stdout, "", label .. ": stdout")
  t.match(got.stderr, "^" .. name .. ": [^\n]+\nusage: lurl " .. name .. " ",
    label)
  if says then t.match(got.stderr, says, label) end
end

-- `lurl NAME` looks beside the binary's own folder.
local has_installed = io.open(t.lurl:match "^(.*)/" .. "/../scripts/fetch.lua")

for _, script in ipairs(all) do
  local name = script.name
  t.test("help/" .. name, function ()
    local got = run(name, { "--help" })
    check_status(got, 0, name)
    t.eq(got.stderr, "", "stderr")
    t.match(got.stdout, "^usage: lurl " .. name .. " ")
    if has_installed then
      t.eq(t.run { cmd = { t.lurl, name, "--help" } }.stdout, got.stdout,
        "lurl " .. name)
    end
    for _, option in ipairs(script.takes) do
      t.ok(got.stdout:find(option, 1, true), option .. " is not in the help")
    end
    for option in got.stdout:gmatch("\n  (%-%-[%w-]+)") do
      t.ok(option == "--resume" or option == "--quiet"
        or table.concat(script.takes, " "):find(option, 1, true)
        or table.concat(script.flags or {}, " "):find(option, 1, true),
        option .. " is in the help only")
    end
  end)

  t.test("usage/" .. name, function ()
    refused(name, {})
    refused(name, { "--wrong", "https://127.0.0.1/" },
      "unknown option %-%-wrong")
    for _, option in ipairs(script.takes) do
      refused(name, { option }, option:gsub("%-", "%%-") .. " needs a value")
    end
    if not script.many then
      refused(name, { "https://127.0.0.1/", "https://127.0.0.2/" }, "one URL")
    end
  end)

  t.test("text/" .. name, function ()
    t.match(t.read("scripts/" .. name .. ".lua"), "^%-%- %u[^\n]+\n%-%- ",
      "the comment that says what it is for")
    if script.module then
      t.eq(type(require("scripts." .. name)), "function", "as a module")
    end
  end)
end

t.test("every script is here", function ()
  local names = { verify = true }
  for _, script in ipairs(all) do names[script.name] = true end
  local list <close> = assert(io.popen("ls scripts"))
  for file in list:lines() do
    t.ok(names[file:match("^(.*)%.lua$")], file .. " has no test")
  end
end)

-- Arguments that are wrong, and a word of what is said.
local wrong = {
  { "api", { "--param", "name", "https://127.0.0.1/" }, "NAME=VALUE" },
  { "api", { "--pages", "many", "https://127.0.0.1/" }, "takes a number" },
  { "api", { "--token", "/nowhere", "https://127.0.0.1/" }, "/nowhere" },
  { "api", { "--token", "/dev/null", "https://127.0.0.1/" }, "empty" },
  { "bench", { "-n", "0", "https://127.0.0.1/" }, "%-n takes a number above" },
  { "bench", { "-n", "1.5", "https://127.0.0.1/" }, "whole number" },
  { "bench", { "-c", "x", "https://127.0.0.1/" }, "%-c takes a number above" },
  { "bench", { "--duration", "-1", "https://127.0.0.1/" }, "above 0" },
  { "bench", { "--script", "/nowhere" }, "/nowhere" },
  { "events", { "--max", "1.5", "https://127.0.0.1/" }, "takes a number" },
  { "events", { "--header", "name", "https://127.0.0.1/" }, "Name: value" },
  { "events", { "--header", "@/nowhere", "https://127.0.0.1/" }, "/nowhere" },
  { "fetch", { "--retries", "x", "https://127.0.0.1/f" }, "takes a number" },
  { "fetch", { "--header", "name", "https://127.0.0.1/f" }, "Name: value" },
  { "fetch", { "--header", "@/nowhere", "https://127.0.0.1/f" }, "/nowhere" },
  { "fetch", { "https://127.0.0.1/" }, "names no file" },
  { "fetch", { "https://127.0.0.1" }, "names no file" },
  { "fetch", { "https://127.0.0.1?a=/b" }, "names no file" },
  { "inspect", { "--days", "x", "127.0.0.1" }, "takes a number" },
  { "inspect", { "--timeout", "x", "127.0.0.1" }, "takes a number" },
  { "inspect", { "--json" }, "which server" },
  { "limit", { "--rate", "0", "https://127.0.0.1/" }, "takes a number" },
  { "limit", { "--rate", "x", "https://127.0.0.1/" }, "takes a number" },
  { "limit", { "--burst", "0.5", "https://127.0.0.1/" }, "from 1 on" },
  { "links", { "--rate", "0", "https://127.0.0.1/" }, "above 0" },
  { "links", { "--rate", "x", "https://127.0.0.1/" }, "above 0" },
  { "links", { "--concurrency", "1.5", "https://127.0.0.1/" }, "whole number" },
  { "links", { "--max", "-1", "https://127.0.0.1/" }, "above 0" },
  { "links", { "http://127.0.0.1/" }, "an https URL" },
  { "links", { "127.0.0.1" }, "does not begin with https" },
  { "mirror", { "--jobs", "0", "https://127.0.0.1/a" }, "from 1 on" },
  { "mirror", { "--jobs", "x", "https://127.0.0.1/a" }, "from 1 on" },
  { "mirror", { "--retries", "-1", "https://127.0.0.1/a" }, "from 0 on" },
  { "mirror", { "/nowhere/list" }, "/nowhere/list" },
  { "mirror", { "/dev/null" }, "which files" },
  { "oauth", { "https://127.0.0.1/" }, "%-%-token%-url" },
  { "oauth", { "--token-url", "https://127.0.0.1/", "https://127.0.0.1/" },
    "OAUTH_CLIENT_ID" },
  { "record", { "tape" }, "which tape" },
  { "sign", { "https://127.0.0.1/" }, "AWS_ACCESS_KEY_ID" },
  { "upload", { "https://127.0.0.1/" }, "nothing to send" },
  { "upload", { "https://127.0.0.1/", "field" }, "no FIELD=VALUE" },
  { "upload", { "https://127.0.0.1/", "=value" }, "no FIELD=VALUE" },
  { "upload", { "--header", "name", "https://127.0.0.1/" }, "Name: value" },
  { "watch", { "--interval", "0", "https://127.0.0.1/" }, "above 0" },
  { "watch", { "--jobs", "1.5", "https://127.0.0.1/" }, "takes a number" },
  { "watch", { "--timeout", "x", "https://127.0.0.1/" }, "above 0" },
  { "watch", { "--days", "x", "https://127.0.0.1/" }, "above 0" },
  { "watch", { "--list", "/nowhere" }, "/nowhere" },
  { "watch", { "--list", "/dev/null" }, "which URLs" },
  { "watch", { "http://127.0.0.1/" }, "an https URL" },
  { "watch", { "127.0.0.1" }, "does not begin with https" },
}

for _, row in ipairs(wrong) do
  local name, words, says = table.unpack(row)
  t.test("wrong/" .. name .. " " .. table.concat(words, " "), function ()
    refused(name, words, says)
  end)
end

-- Nothing is asked of a server that cannot prove who it is.
local untrusted = {
  { "api", {} }, { "cache", {} }, { "events", {} },
  { "fetch", { "--output", "-" } }, { "limit", {} },
  { "mirror", { "--dir", t.tmpdir() } },
  { "oauth", {}, { OAUTH_CLIENT_ID = "a", OAUTH_CLIENT_SECRET = "b" } },
  { "record", { "/nowhere/tape" } },
  { "sign", {}, { AWS_ACCESS_KEY_ID = "a", AWS_SECRET_ACCESS_KEY = "b" } },
  { "upload", {}, nil, { "a=b" } },
}

for _, row in ipairs(untrusted) do
  local name, words, env, after = table.unpack(row)
  t.test("untrusted/" .. name, function ()
    local server <close> = answering { answer "hello" }
    local url = at(server, "/a")
    if name == "oauth" then
      words = { "--token-url", url }
    end
    words[#words + 1] = url
    for _, word in ipairs(after or {}) do words[#words + 1] = word end
    local got = run(name, words, env)
    check_status(got, 5, name)
    t.eq(got.stdout, "", "stdout")
    t.match(got.stderr, "verify/unknown%-issuer")
  end)
end

---------------------------------------------------------------------------
-- fetch

t.test("fetch/a file", function ()
  local dir = t.tmpdir()
  local server <close> = answering { answer(("x"):rep(100000)) }
  local got = run_ca("fetch", { "--output", dir .. "/f", at(server, "/big") })
  check_status(got, 0, "fetch")
  t.eq(got.stdout, dir .. "/f\n", "stdout")
  t.eq(got.stderr, "", "no bar, since there is no terminal")
  t.eq(t.read(dir .. "/f"), ("x"):rep(100000), "the file")
  t.eq(io.open(dir .. "/f.part"), nil, "the part")
end)

t.test("fetch/its name", function ()
  local names = { "/a/big.iso", "/a/big.iso?x=/y", "/a/big.iso#z" }
  for _, path in ipairs(names) do
    local dir = t.tmpdir()
    local server <close> = answering { answer "hello" }
    local got = t.run { cmd = ("top=$PWD && cd %s && $top/%s "
      .. "$top/scripts/fetch.lua --ca $top/%s %s"):format(quote(dir), t.lurl,
        s.ca, quote(at(server, path))) }
    check_status(got, 0, path)
    t.eq(got.stdout, "big.iso\n", path)
    t.eq(t.read(dir .. "/big.iso"), "hello", path)
  end
end)

t.test("fetch/to stdout", function ()
  local server <close> = answering { answer "hello" }
  local got = run_ca("fetch", { "--output", "-", "--quiet", at(server) })
  check_status(got, 0, "fetch")
  t.eq(got.stdout, "hello")
end)

local HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

t.test("fetch/digest", function ()
  for digest, status in pairs { [HELLO] = 0, [("0"):rep(64)] = 3,
                                ["123"] = 2 } do
    local file = t.tmpdir() .. "/f"
    local server <close> = answering { answer "hello" }
    local got = run_ca("fetch", { "--sha256", digest, "--output", file,
      at(server) })
    check_status(got, status, digest)
    t.eq(io.open(file) ~= nil, status == 0, digest .. ": there is a file")
    t.eq(io.open(file .. ".part"), nil, digest .. ": the part")
  end
end)

-- A server that breaks off half-way, and then has the rest; and the words.
local function breaking_off (file)
  local server = serve {
    { "head", "send", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n"
      .. 'etag: "1"\r\n\r\n01234', "notify" },
    { "head", "send", answer("56789", "content-range: bytes 5-9/10\r\n",
      "206 Partial Content") },
  }
  return server, { "--resume", "--output", file, "--sha256",
    https.hash("sha256", "0123456789"), at(server) }
end

t.test("fetch/goes on by itself", function ()
  local file = t.tmpdir() .. "/f"
  local server <close>, words = breaking_off(file)
  check_status(run_ca("fetch", words), 0, "fetch")
  t.eq(t.read(file), "0123456789", "the file")
end)

t.test("fetch/goes on", function ()
  local file = t.tmpdir() .. "/f"
  local server <close>, words = breaking_off(file)
  table.insert(words, 1, "--retries")
  table.insert(words, 2, "0")
  local got = run_ca("fetch", words)
  check_status(got, 7, "cut off")
  t.match(got.stderr, "protocol/truncated")
  t.eq(io.open(file), nil, "no file")
  t.eq(t.read(file .. ".part"), "01234", "the part")
  check_status(run_ca("fetch", words), 0, "the rest")
  t.eq(t.read(file), "0123456789", "the file")
  local request = server:expect "^request 1 (.*)"
  t.match(request, "\\nrange: bytes=5%-\\r")
  t.match(request, '\\nif%-range: "1"\\r')
end)

t.test("fetch/no such file", function ()
  local file = t.tmpdir() .. "/f"
  local server <close> = answering { answer("no", nil, "404 Not Found") }
  check_status(run_ca("fetch", { "--output", file, at(server) }), 8, "404")
  t.eq(io.open(file), nil, "the file")
end)

t.test("fetch/tries again", function ()
  local server <close> = answering {
    answer("", "retry-after: 0\r\n", "503 Busy"), answer "hello" }
  local got = run_ca("fetch", { "--output", "-", at(server) })
  check_status(got, 0, "fetch")
  t.eq(got.stdout, "hello")
end)

t.test("fetch/headers", function ()
  local secrets = t.tmpdir() .. "/secrets"
  t.write(secrets, "Authorization: Bearer abc\nX-Two: 2\n")
  local server <close> = answering { answer "hello" }
  local got = run_ca("fetch", { "--header", "X-One: 1", "--header",
    "@" .. secrets, "--output", "-", at(server) })
  check_status(got, 0, "fetch")
  local request = server:expect "^request 0 (.*)"
  for _, line in ipairs { "X%-One: 1", "X%-Two: 2",
                          "Authorization: Bearer abc" } do
    t.match(request, "\\n" .. line .. "\\r")
  end
end)

---------------------------------------------------------------------------
-- api


local function page (items, link)
  return answer(items, link and ('link: <%s>; rel="next"\r\n'):format(link))
end

local function token_file (token)
  local path = t.tmpdir() .. "/token"
  t.write(path, token .. "\n")
  return path
end

t.test("api/pages", function ()
  local server <close> = answering {
    page('[1,{"b":2,"a":[]}]', "/list?page=2"),
    page('["x"]', "?page=3"), page("[]"),
  }
  local got = run_ca("api", { "--token", token_file "s3cret", "--param",
    "q=a b", "--param", "n=1", at(server, "/list") })
  check_status(got, 0, "api")
  t.eq(got.stdout, '1\n{"a":[],"b":2}\n"x"\n')
  for _, target in ipairs { "/list%?q=a%%20b&n=1", "/list%?page=2",
                            "/list%?page=3" } do
    t.match(server:expect "^request 0 (.*)", "^GET " .. target .. " .*"
      .. "\\nauthorization: Bearer s3cret\\r")
  end
end)

t.test("api/the token stays at home", function ()
  local server, other = leading 'link: <%s>; rel="next"\r\n'
  local got = run_ca("api", { "--token", token_file "s3cret", at(server) })
  check_status(got, 0, "api")
  t.match(server:expect "^request 0 (.*)", "s3cret")
  local request = other:expect "^request 0 (.*)"
  t.eq(request:find "s3cret", nil, request)
end)

local api_rows = {
  { label = "in a field", words = { "--field", "items" },
    pages = { page('{"items":[1,2]}') }, stdout = "1\n2\n" },
  { label = "as many as asked for", words = { "--pages", "1" },
    pages = { page("[1]", "/2"), page("[2]") }, stdout = "1\n" },
  { label = "an empty list", pages = { page("[]") }, stdout = "" },
  { label = "in a circle", pages = { page("[1]", "/2"), page("[2]", "/"),
    page("[3]") }, stdout = "1\n2\n", status = 1, says = "lead back" },
  { label = "an object", pages = { page('{"items":[1]}') }, status = 1,
    says = "no list.*%-%-field" },
  { label = "no such field", words = { "--field", "list" },
    pages = { page('{"items":[1]}') }, status = 1, says = "no list" },
  { label = "a number", pages = { page("1") }, status = 1, says = "no list" },
  { label = "a field of a number", words = { "--field", "list" },
    pages = { page("1") }, status = 1, says = "no list" },
  { label = "no JSON", pages = { page("[1") }, status = 7,
    says = "json/syntax" },
  { label = "401", pages = { answer("", nil, "401 Unauthorized") },
    status = 6, says = "status/401" },
  { label = "404 on the second page", pages = { page("[1]", "/2"),
    answer("", nil, "404 Not Found") }, stdout = "1\n", status = 8 },
}

for _, row in ipairs(api_rows) do
  t.test("api/" .. row.label, function ()
    local server <close> = answering(row.pages)
    local words = { table.unpack(row.words or {}) }
    words[#words + 1] = at(server)
    local got = run_ca("api", words)
    check_status(got, row.status or 0, row.label)
    t.eq(got.stdout, row.stdout or "", "stdout")
    if row.says then t.match(got.stderr, row.says) end
  end)
end

---------------------------------------------------------------------------
-- upload

t.test("upload/fields and files", function ()
  local file = t.tmpdir() .. "/cat.jpg"
  t.write(file, "\0\255meow\r\n")
  local server <close> = peer.httpsd { "ip" }
  local got = run_ca("upload", { "--header", "X-One: 1", at(server, "/echo"),
    "title=A=B", "empty=", "photo=@" .. file .. ";image/jpeg",
    "again=@" .. file })
  check_status(got, 0, "upload")
  local boundary = got.stdout:match "multipart/form%-data; boundary=(%S+)\r\n"
  t.ok(boundary, "a boundary in " .. got.stdout)
  t.match(got.stdout, "^POST /echo ")
  t.match(got.stdout, "\nX%-One: 1\r\n")
  local function part (head, body)
    return "--" .. boundary .. "\r\ncontent-disposition: form-data; " .. head
      .. "\r\n\r\n" .. body .. "\r\n"
  end
  local form = got.stdout:match "\r\n\r\n(.*)$"
  t.eq(form, part('name="title"', "A=B") .. part('name="empty"', "")
    .. part('name="photo"; filename="cat.jpg"\r\ncontent-type: image/jpeg',
      "\0\255meow\r\n")
    .. part('name="again"; filename="cat.jpg"\r\ncontent-type: '
      .. "application/octet-stream", "\0\255meow\r\n")
    .. "--" .. boundary .. "--\r\n")
end)

t.test("upload/no such file", function ()
  local server <close> = answering { answer "" }
  local got = run_ca("upload", { at(server), "a=@/nowhere" })
  check_status(got, 2, "upload")
  t.match(got.stderr, "/nowhere")
end)

t.test("upload/what a refusal says", function ()
  local server <close> = answering { answer("too big", nil, "413 Too Large") }
  local got = run_ca("upload", { at(server), "a=b" })
  check_status(got, 8, "upload")
  t.eq(got.stdout, "too big")
end)

---------------------------------------------------------------------------
-- limit

local limit = require "scripts.limit"

-- A request at each of these times, or as soon after it as may be; origins are
-- letters, "a" unless said.
local limit_rows = {
  { label = "one at a time", o = { rate = 1 }, at = { 0, 0, 0 },
    want = { 0, 1, 2 } },
  { label = "a burst, then the rate", o = { rate = 10, burst = 3 },
    at = { 0, 0, 0, 0, 0 }, want = { 0, 0, 0, 0.1, 0.2 } },
  { label = "slow enough", o = { rate = 1 }, at = { 0, 1, 2.5, 4 },
    want = { 0, 1, 2.5, 4 } },
  { label = "no more saved than a burst", o = { rate = 1, burst = 2 },
    at = { 0, 0, 100, 100, 100 }, want = { 0, 0, 100, 100, 101 } },
  { label = "half a token", o = { rate = 2 }, at = { 0, 0.25 },
    want = { 0, 0.5 } },
  { label = "each server by itself", o = { rate = 1 }, at = { 0, 0, 0, 0 },
    to = { "a", "b", "a", "b" }, want = { 0, 0, 1, 1 } },
}

for _, row in ipairs(limit_rows) do
  t.test("limit/" .. row.label, function ()
    local clock, got = 0, {}
    local step = limit {
      rate = row.o.rate, burst = row.o.burst,
      now = function () return clock end,
      sleep = function (s) clock = clock + s end,
    }
    for i, time in ipairs(row.at) do
      clock = math.max(clock, time)
      step({ url = ("https://%s.test/"):format(row.to and row.to[i] or "a") },
        function () got[i] = clock end)
    end
    for i, time in ipairs(row.want) do
      t.ok(math.abs(got[i] - time) < 1e-9, ("%d: at %s, want %s"):format(i,
        got[i], time))
    end
  end)
end

-- Two that wait at once stand in line.
t.test("limit/tasks", function ()
  local slept, threads = {}, {}
  local step = limit { rate = 1, now = function () return 0 end,
                       sleep = function (s)
                         slept[#slept + 1] = s
                         coroutine.yield()
                       end }
  for i = 1, 3 do
    threads[i] = coroutine.wrap(function ()
      step({ url = "https://a.test/" }, function () end)
    end)
    threads[i]()
  end
  t.eq(slept, { 1.0, 2.0 })
end)

for label, o in pairs { ["rate 0"] = { rate = 0 }, ["no rate"] = {},
                        ["burst 0"] = { rate = 1, burst = 0 } } do
  t.test("limit/refuses " .. label, function ()
    local ok, err = pcall(limit, o)
    t.eq(ok, false)
    t.match(err, "limit: ")
  end)
end

t.test("limit/run", function ()
  local server <close> = answering { answer "a", answer "b" }
  local url = at(server)
  local got = run_ca("limit", { "--rate", "20", url, url })
  check_status(got, 0, "limit")
  local second = got.stdout:match("s  200  [^\n]+\n +([%d.]+) s  200 [^\n]+\n$")
  t.ok(second, got.stdout)
  t.ok(tonumber(second) >= 0.05, got.stdout)
end)

---------------------------------------------------------------------------
-- record

t.test("record/and play", function ()
  local tape = t.tmpdir() .. "/tape"
  local server = answering {
    answer("text", "set-cookie: id=s3cret\r\nx-a: 1\r\nx-a: 2\r\n"),
    answer("\0\255", nil, "404 Not Found"), answer "later",
  }
  local url = at(server)
  local words = { tape, url, url .. "x", url }
  local recorded = run_ca("record", words)
  check_status(recorded, 0, "recorded")
  server:stop()
  t.eq(recorded.stdout, ("200\t4\t%s\n404\t2\t%sx\n200\t5\t%s\n"):format(url,
    url, url))
  local played = run("record", words)
  check_status(played, 0, "played, and nobody asked")
  t.eq(played.stdout, recorded.stdout)
  t.eq(t.read(tape):find "s3cret", nil, "a cookie on the tape")

  local record = require "scripts.record"
  local session <close> = https.session {}
  session:use(record(tape))
  local response = session:get(url)
  t.eq(response.body, "text")
  t.eq(response.headers:all "x-a", { "1", "2" })
  t.eq(response.url, url)
  t.eq(session:get(url).body, "later", "the second answer to the same")
  response = session:get(url .. "x")
  t.eq(response.body, "\0\255")
  t.eq(response.reason, "Not Found")
  t.match(select(2, pcall(session.get, session, url)), "no more, to GET https")
end)

t.test("record/not on the tape", function ()
  local tape = t.tmpdir() .. "/tape"
  t.write(tape, "[]\n")
  local got = run("record", { tape, "https://127.0.0.1:1/" })
  check_status(got, 1, "record")
  t.match(got.stderr, "has no answer.*GET https://127.0.0.1:1/")
end)

t.test("record/no tape at all", function ()
  local tape = t.tmpdir() .. "/tape"
  t.write(tape, "no JSON")
  local got = run("record", { tape, "https://127.0.0.1:1/" })
  check_status(got, 7, "record")
end)

t.test("record/bodies tell requests apart", function ()
  local record = require "scripts.record"
  local tape = t.tmpdir() .. "/tape"
  local function session_with (transport)
    local session = https.session {}
    session:use(record(tape))
    session.transport = transport
    return session
  end
  local url = "https://example.org/"
  local session = session_with(function (request)
    return https.response { body = "re: " .. request.body, url = url }
  end)
  for _, body in ipairs { "one", "two" } do
    session:post(url, { body = body, headers = { ["x-key"] = "s3cret" } })
  end
  t.eq(t.read(tape):find "s3cret", nil, "a request's header on the tape")
  session = session_with(function () error "asked" end)
  t.eq(session:post(url, { body = "two" }).body, "re: two")
  t.eq(session:post(url, { body = "one" }).body, "re: one")
  t.eq(pcall(session.post, session, url, { body = "three" }), false)
end)

t.finish()
