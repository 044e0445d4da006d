-- lurl watch: the line of each check, of good endpoints and bad ones, rounds,
-- and the exit status.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local s = require "tests.lua.scripts"
local https = require "https"

local function run (words)
  local got = s.run_ca("watch", words)
  local lines = {}
  for line in got.stdout:gmatch "[^\n]+" do
    lines[#lines + 1] = https.json.decode(line)
  end
  return got, lines
end

local DATE = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"

-- label, certificate, path, words, error (kind, code), whether there is a
-- certificate, status
local checks = {
  { "good", "ip", "/", {}, nil, true, 200 },
  { "a redirect is an answer", "ip", "/redirect/1", {}, nil, true, 302 },
  { "404", "ip", "/status/404", {}, { "status", "404" }, true, 404 },
  { "503", "ip", "/status/503", {}, { "status", "503" }, true, 503 },
  { "too slow", "ip", "/wait/600000", { "--timeout", "0.2" },
    { "timeout", "total" }, false },
  { "it ends soon", "ip", "/", { "--days", "100000" },
    { "verify", "expires-soon" }, true, 200 },
  { "another name", "good", "/", {}, { "verify", "name-mismatch" }, true },
  { "expired", "expired", "/", {}, { "verify", "expired" }, true },
  { "self-signed", "self", "/", {}, { "verify", "self-signed" }, true },
}

for _, row in ipairs(checks) do
  local label, cert, path, words, err, has_cert, status = table.unpack(row)
  t.test(label, function ()
    local server <close> = peer.httpsd { cert }
    local url = s.at(server, path)
    words[#words + 1] = url
    local got, lines = run(words)
    s.check_status(got, err and 1 or 0, label)
    t.eq(got.stderr, "", "stderr")
    t.eq(#lines, 1, "lines")
    local line = lines[1]
    t.match(line.time, DATE)
    t.eq(line.url, url)
    t.eq(line.ok, not err, "ok")
    t.eq(line.status, status, "status")
    t.eq(line.error and { line.error.kind, line.error.code }, err, "error")
    t.eq(line.error and type(line.error.message), err and "string", "message")
    t.ok(line.ms > 0, "ms")
    if status then
      t.ok(line.timings.tls > 0 and line.timings.wait <= line.ms, "timings")
    end
    t.eq(line.cert ~= nil, has_cert, "certificate")
    if has_cert then
      t.match(line.cert.not_after, DATE)
      t.eq(type(line.cert.subject), "string", "subject")
      t.eq(type(line.cert.issuer), "string", "issuer")
      t.eq(line.cert.days_left < 0, cert == "expired", "days left")
    end
    if err and err[1] == "verify" then
      t.eq(type(line.error.hint), "string", "hint")
    end
    for _, said in ipairs(server:stop()) do
      local reached = math.tointeger(said:match "bytes=(%d+)$")
      t.eq(reached > 0, cert == "ip", "bytes that reached the server")
    end
  end)
end

t.test("one failure among several", function ()
  local server <close> = peer.httpsd { "ip" }
  local gone <close> = peer.httpsd { "ip" }
  gone:stop()
  local list = t.tmpdir() .. "/list"
  t.write(list, ("# these\n\n%s and what it is\n  %s\n#x\n"):format(
    s.at(server, "/json"), s.at(gone, "/b")))
  local got, lines = run { "--list", list, s.at(server, "/") }
  s.check_status(got, 1, "watch")
  local ok = {}
  for _, line in ipairs(lines) do ok[line.url] = line.ok end
  t.eq(ok, { [s.at(server, "/json")] = true, [s.at(gone, "/b")] = false,
    [s.at(server, "/")] = true })
end)

t.test("a list on stdin, CRLF", function ()
  local server <close> = peer.httpsd { "ip" }
  local got = t.run { stdin = s.at(server) .. "\r\n", cmd = { t.lurl,
    "scripts/watch.lua", "--ca", s.ca, "--list", "-" } }
  s.check_status(got, 0, "watch")
  t.match(got.stdout, '"ok":true')
end)

t.test("no password in a line", function ()
  local server <close> = peer.httpsd { "ip" }
  local got, lines = run { "https://user:s3cret@127.0.0.1:" .. server.port
    .. "/status/500" }
  s.check_status(got, 1, "watch")
  t.eq(lines[1].url, s.at(server, "/status/500"))
  t.eq(got.stdout:find "s3cret", nil, got.stdout)
end)

t.test("a certificate that cannot be had", function ()
  local server <close> = peer.rawd { "send", "no TLS\r\n", "close" }
  local got, lines = run { s.at(server):gsub("^http:", "https:"), nil }
  s.check_status(got, 1, "watch")
  t.eq({ lines[1].error.kind, lines[1].cert }, { "tls" })
end)

t.test("a ca that is none ends it", function ()
  local got = s.run("watch", { "--ca", "/nowhere.pem", "https://127.0.0.1:1/" })
  s.check_status(got, 2, "watch")
  t.eq(got.stdout, "")
  t.match(got.stderr, "/nowhere%.pem")
end)

t.test("so many at once, each on a connection of its own", function ()
  local server <close> = peer.httpsd { "ip" }
  local words = { "--jobs", "3" }
  for i = 1, 9 do words[i + 2] = s.at(server, "/wait/10" .. i) end
  s.check_status(run(words), 0, "watch")
  t.match(https.get(s.at(server, "/crowd"), { ca = s.ca }).body, '"most": 3,')
  local connections = 0
  for _, line in ipairs(server:stop()) do
    connections = connections + (line:find "requests=1 " and 1 or 0)
  end
  t.eq(connections, 10)
end)

-- It as a process that says how it ended.
local BEHIND = [[
sh -c 'echo "pid $$"; exec "$@"' sh "$@"
echo "status $?"]]

local function watching (...)
  return t.spawn { cmd = { "sh", "-c", BEHIND, "sh", t.lurl,
    "scripts/watch.lua", "--ca", s.ca, "--interval", "0.05", ... },
    ready = "^pid (%d+)$" }
end

t.test("again and again, and the last round counts", function ()
  local server <close> = s.serve { { "head", "send", s.answer "" },
    { "head", "send", s.answer("", nil, "500 Oh") },
    { "head", "send", s.answer "" } }
  local p <close> = watching(s.at(server))
  for _, ok in ipairs { "true", "false", "true", "true" } do
    t.match(p:line(), '"ok":' .. ok)
  end
  os.execute("kill -INT " .. p.captures[1])
  t.eq(p:expect "^status (%d)", "0")
end)

t.test("a round that takes longer than the interval", function ()
  local server <close> = peer.httpsd { "ip" }
  local p <close> = watching(s.at(server, "/wait/100"))
  for _ = 1, 3 do t.match(p:line(), '"ok":true') end
  os.execute("kill -INT " .. p.captures[1])
  t.eq(p:expect "^status (%d)", "0")
end)

t.test("interrupted after a bad round", function ()
  local server <close> = s.serve {
    { "head", "send", s.answer("", nil, "500 Oh") }, { "head", "wait" } }
  local p <close> = watching(s.at(server))
  t.match(p:line(), '"ok":false')
  server:expect "^request 1"
  os.execute("kill -INT " .. p.captures[1])
  t.eq(p:expect "^status (%d)", "1")
end)

t.test("interrupted in the first round", function ()
  local server <close> = s.serve { "head", "wait" }
  local p <close> = watching(s.at(server))
  server:expect "^request 0"
  os.execute("kill -INT " .. p.captures[1])
  p:expect "cancelled/interrupted"
  t.eq(p:expect "^status (%d)", "1")
end)

t.finish()
