-- lurl bench: what it sends, how many at once, and what it counts.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local s = require "tests.lua.scripts"
local https = require "https"

local function run (words)
  local got = s.run_ca("bench", { "--json", table.unpack(words) })
  return got, got.stdout ~= "" and https.json.decode(got.stdout)
end

-- The requests of each connection that the server has seen.
local function connections_of (server)
  local list = {}
  for _, line in ipairs(server:stop()) do
    list[#list + 1] = math.tointeger(line:match "^conn .* requests=(%d+)")
  end
  return list
end

local function script_of (text)
  local path = t.tmpdir() .. "/script.lua"
  t.write(path, text)
  return path
end

t.test("requests on kept connections", function ()
  local server <close> = peer.httpsd { "ip" }
  local got, report = run { "-n", "50", "-c", "4", s.at(server, "/bytes/100") }
  s.check_status(got, 0, "bench")
  t.eq(report.requests, 50, "requests")
  t.eq(report.answered, 50, "answered")
  t.eq(report.bytes, 5000, "bytes")
  t.eq(report.statuses, { ["200"] = 50 }, "statuses")
  t.eq(report.errors, {}, "errors")
  t.eq(report.interrupted, false)
  t.ok(math.abs(report.rate * report.seconds - 50) < 1e-6, "rate")
  local connections, sum = connections_of(server), 0
  for _, n in ipairs(connections) do sum = sum + n end
  t.eq(sum, 50, "what the server saw")
  t.eq(#connections, 4, "connections")
end)

t.test("fresh connections", function ()
  local server <close> = peer.httpsd { "ip" }
  local got = run { "--requests", "6", "--concurrency", "2", "--fresh",
    s.at(server) }
  s.check_status(got, 0, "bench")
  t.eq(connections_of(server), { 1, 1, 1, 1, 1, 1 })
end)

t.test("so many at once", function ()
  local server <close> = peer.httpsd { "ip" }
  s.check_status(run { "-n", "12", "-c", "5", s.at(server, "/wait/100") }, 0,
    "bench")
  t.match(https.get(s.at(server, "/crowd"), { ca = s.ca }).body, '"most": 5,')
end)

t.test("fewer requests than may be at once", function ()
  local server <close> = peer.httpsd { "ip" }
  local got, report = run { "-n", "2", "-c", "100", s.at(server) }
  s.check_status(got, 0, "bench")
  t.eq(report.answered, 2)
  t.eq(#connections_of(server), 2)
end)

t.test("a duration", function ()
  local server <close> = peer.httpsd { "ip" }
  local got, report = run { "--duration", "0.2", "-c", "1",
    s.at(server, "/wait/50") }
  s.check_status(got, 0, "bench")
  t.ok(report.seconds >= 0.2, "seconds: " .. report.seconds)
  t.ok(report.answered >= 1 and report.answered <= 5,
    "answered: " .. report.answered)
end)

t.test("times", function ()
  local server <close> = peer.httpsd { "ip" }
  local script = script_of(([[
    return function (i)
      return "GET", %q .. (i %% 10 == 0 and "/wait/300" or "/wait/20")
    end]]):format("https://127.0.0.1:" .. server.port))
  local got, report = run { "-n", "20", "-c", "20", "--script", script }
  s.check_status(got, 0, "bench")
  for _, times in ipairs { report.total, report.wait } do
    -- The server's clock ticks in milliseconds.
    t.ok(times.p50 >= 0.018 and times.p50 <= times.p90, "p50")
    t.ok(times.p99 >= 0.298 and times.p90 <= times.p99, "p99")
    t.ok(times.p99 <= times.max, "max")
  end
  t.ok(report.wait.max <= report.total.max, "wait is a part of total")
end)

t.test("what is no 200 counts, and a redirect is not followed", function ()
  local server <close> = peer.httpsd { "ip" }
  local script = script_of(([[
    local paths = { "/", "/status/404", "/status/503", "/redirect/1" }
    return function (i) return "GET", %q .. paths[i] end]])
    :format("https://127.0.0.1:" .. server.port))
  local got, report = run { "-n", "4", "-c", "1", "--script", script }
  s.check_status(got, 0, "bench")
  t.eq(report.statuses, { ["200"] = 1, ["302"] = 1, ["404"] = 1, ["503"] = 1 })
end)

t.test("an error counts and does not end it", function ()
  local server <close> = s.serve {
    { "head", "send", s.answer "1" , "notify" },
    { "head", "send", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1",
      "notify" },
    { "head", "send", "nonsense\r\n\r\n", "notify" },
    { "head", "send", s.answer "4", "notify" },
  }
  local got, report = run { "-n", "4", "-c", "1", "--fresh", s.at(server) }
  s.check_status(got, 0, "bench")
  t.eq(report.requests, 4, "requests")
  t.eq(report.statuses, { ["200"] = 2 })
  t.eq(report.errors, { ["protocol/truncated"] = 1,
    ["protocol/status-line"] = 1 })
end)

t.test("a time-out counts", function ()
  local server <close> = peer.httpsd { "ip" }
  local got, report = run { "-n", "1", "--timeout", "0.1",
    s.at(server, "/wait/600000") }
  s.check_status(got, 4, "bench")
  t.eq(report.errors, { ["timeout/total"] = 1 })
  t.eq(report.answered, 0)
  t.eq(report.total, {})
end)

t.test("nothing but errors", function ()
  local server <close> = peer.httpsd { "good" }
  local got, report = run { "-n", "3", s.at(server) }
  s.check_status(got, 5, "bench")
  t.eq(report.errors, { ["verify/name-mismatch"] = 3 })
  t.match(got.stderr, "verify/name%-mismatch")
  for _, n in ipairs(connections_of(server)) do t.eq(n, 0, "requests") end
end)

-- label, script, status, stderr; @ is the server.  Three requests each.
local scripts = {
  { "a method, a body", 'return function (i) return "POST", "@/echo", '
    .. "{ json = { i = i } } end", 0 },
  { "the session", 'return function (i, session) session:get "@/" '
    .. 'return session:get "@/status/201" end', 0 },
  { "no function", "return 1", 2, "returns no function" },
  { "no Lua", "return function", 2, "expected near" },
  { "an error in it", "return function () error 'oh' end", 1, "oh" },
  { "an option that does not exist", 'return function () return "GET", "@/", '
    .. "{ heders = {} } end", 2, "unknown option 'heders'" },
}

for _, row in ipairs(scripts) do
  t.test("script: " .. row[1], function ()
    local server <close> = peer.httpsd { "ip" }
    local text = row[2]:gsub("@", "https://127.0.0.1:" .. server.port)
    local got, report = run { "-n", "3", "--script", script_of(text) }
    s.check_status(got, row[3], row[1])
    if row[4] then t.match(got.stderr, row[4]) end
    if row[3] == 0 then t.eq(report.answered, 3) end
  end)
end

t.test("SIGINT: what there is so far", function ()
  local server <close> = s.serve { "head", "send", s.answer "1", "head",
    "send", s.answer("2", nil, "500 Oh"), "head", "wait" }
  local p <close> = t.spawn { cmd = { t.lurl, "scripts/bench.lua", "--ca",
    s.ca, "-c", "1", s.at(server) } }
  for _ = 1, 3 do server:expect "^request 0" end
  os.execute("kill -INT " .. p.pid)
  p:expect "^2 answered, 0 failed, in %d+%.%d+ s, 1 at once %(interrupted%)$"
  p:expect "^status +1  200$"
  p:expect "^status +1  500$"
  t.eq(p:line(), nil, "the end")
end)

t.test("for a person", function ()
  local server <close> = peer.httpsd { "ip" }
  local got = s.run_ca("bench", { "-n", "10", "-c", "2",
    s.at(server, "/bytes/1024") })
  s.check_status(got, 0, "bench")
  local time = " +%d+%.%d%d%d"
  t.match(got.stdout, "^10 answered, 0 failed, in %d+%.%d%d s, 2 at once\n"
    .. "%d+%.%d requests/s, %d+%.%d KiB/s of bodies\n"
    .. " +50%% +90%% +99%% +max\n"
    .. "total" .. time:rep(4) .. " ms\nwait" .. time:rep(4) .. " ms\n"
    .. "status +10  200\n$")
end)

t.finish()
