-- Fifty tasks at once, and something goes wrong for them in every phase: each
-- ends with its own error, those that ask another server are not touched, and
-- no descriptor stays open.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

local CROWD = 50
local BODY = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"

local here = t.tmpdir()

local function count_open ()
  local list = here .. "/open"
  assert(os.execute("ls /proc/$PPID/fd >" .. t.quote(list)))
  return select(2, t.read(list):gsub("\n", ""))
end

local function rawd (steps, cert)
  return function () return peer.rawd{ steps, cert = cert, limit = 120 } end
end

local function nobody ()
  local s <close> = peer.rawd{ "wait" }
  return s
end

-- label, server, kinds, codes, options
local faults = {
  { "no such name", nobody, "resolve", nil, { resolve = {} } },
  { "refused", nobody, "connect", "refused" },
  { "reset in the handshake", rawd({ "tlsread", "rst" }, "good"), "tls",
    "closed" },
  { "closed in the handshake", rawd({ "tlsread", "close" }, "good"), "tls",
    "closed" },
  { "silent in the handshake", rawd({ "stall" }, "good"), "timeout", "tls",
    { timeout = { connect = 0.2 } } },
  { "not verified", function () return peer.httpsd{ "expired" } end, "verify",
    "expired" },
  { "reset for an answer", rawd({ "head", "rst" }, "good"), "connect",
    "reset" },
  { "closed for an answer", rawd({ "head", "notify" }, "good"), "protocol",
    "closed" },
  { "silent for an answer", rawd({ "head", "stall" }, "good"), "timeout",
    "read", { timeout = { read = 0.2 } } },
  { "silent in the head", rawd({ "head", "send", "HTTP/1.1 200 OK\r\nx: ",
      "stall" }, "good"), "timeout", "read", { timeout = { read = 0.2 } } },
  { "reset in the body", rawd({ "head", "send", BODY, "rst" }, "good"),
    { "connect", "protocol" }, { "reset", "truncated" } },
  { "truncated in the body", rawd({ "head", "send", BODY, "notify" }, "good"),
    "protocol", "truncated" },
  { "silent in the body", rawd({ "head", "send", BODY, "stall" }, "good"),
    "timeout", "read", { timeout = { read = 0.2 } } },
  { "over time in the body", rawd({ "head", "send", BODY, "stall" }, "good"),
    "timeout", "total", { timeout = 5, total = true } },
  { "no HTTP", rawd({ "head", "send", "SSH-2.0\r\n", "wait" }, "good"),
    "protocol", "status-line" },
}

-- A few seconds are enough for a time-out of all where nothing else is slow.
local function options_of (row, server)
  local o = {}
  for k, v in pairs(row[5] or {}) do o[k] = v end
  if o.total then o.timeout, o.total = 1, nil end
  return server:options(o)
end

-- A task that must fail so, and one that must not.
local function failing (row, server, session)
  return https.spawn(function ()
    local o = options_of(row, server)
    local ok, err = pcall(function ()
      return session:get(server:url "/", o).body
    end)
    t.eq(ok, false, row[1] .. ": success")
    t.raises(function () error(err, 0) end, row[3], row[4], row[1])
    t.eq(err.port, math.tointeger(server.port), row[1] .. ": whose error it is")
  end)
end

local good <close> = peer.httpsd{ "good" }

local function succeeding (session, i)
  return https.spawn(function ()
    local n = 100 * i
    t.eq(#session:get(good:url("/bytes/" .. n), good:options()).body, n)
  end)
end

local function wait_for_all (tasks)
  for _, task in ipairs(tasks) do task:wait() end
end

https.spawn(https.sleep, 0):wait()      -- what the first one opens for good
pcall(https.get, "http://127.0.0.1:1", { allow_http = true })

local function counted (fn)
  collectgarbage()
  local before = count_open()
  fn()
  collectgarbage()
  t.eq(count_open(), before, "open descriptors")
end

for _, row in ipairs(faults) do
  t.test("fifty: " .. row[1], function ()
    counted(function ()
      local server <close> = row[2]()
      local session <close> = https.session{ pool = { per_host = CROWD } }
      local tasks = {}
      for i = 1, CROWD do
        tasks[#tasks + 1] = failing(row, server, session)
        if i % 5 == 0 then
          tasks[#tasks + 1] = succeeding(session, i // 5)
        end
      end
      wait_for_all(tasks)
    end)
  end)
end

t.test("everything at once", function ()
  counted(function ()
    local session <close> = https.session()
    local servers, tasks = {}, {}
    for i, row in ipairs(faults) do servers[i] = row[2]() end
    for n = 1, CROWD do
      local i = n % #faults + 1
      tasks[#tasks + 1] = failing(faults[i], servers[i], session)
      tasks[#tasks + 1] = succeeding(session, n)
    end
    wait_for_all(tasks)
    for _, server in ipairs(servers) do server:stop() end
  end)
end)

-- Cancelled, all of them, in each phase that may last; for HTTP/2 they would
-- wait for the first one's handshake.
local phases = {
  { "in the handshake", rawd({ "stall" }, "good"), "^open" },
  { "waiting for an answer", rawd({ "head", "stall" }, "good"), "^request" },
  { "in the head", rawd({ "head", "send", "HTTP/1.1 200 OK\r\nx: ",
      "stall" }, "good"), "^request" },
  { "in the body", rawd({ "head", "send", BODY, "stall" }, "good"),
    "^request" },
}

for _, row in ipairs(phases) do
  t.test("fifty cancelled " .. row[1], function ()
    counted(function ()
      local server <close> = row[2]()
      local session <close> = https.session{ pool = { per_host = CROWD } }
      local tasks = {}
      for i = 1, CROWD do
        tasks[i] = https.spawn(function ()
          return session:get(server:url "/",
            server:options{ http = "1.1" }).body
        end)
      end
      -- As far as they come while somebody else's requests are answered.
      wait_for_all{ succeeding(session, 1), succeeding(session, 2) }
      https.sleep(0.2)
      for i = 1, CROWD do server:expect(row[3]) end
      for i = 1, CROWD do tasks[i]:cancel() end
      for i = 1, CROWD do
        t.raises(function () tasks[i]:wait() end, "cancelled", "cancelled")
      end
      for i = 1, CROWD do server:expect "^gone" end
    end)
  end)
end

t.finish()
