-- Tasks: what waits overlaps, what is cancelled lets go, and coroutines of the
-- script's own wait along.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

local NEVER = 60        -- seconds: longer than the test may take

-- A list in which fn leaves marks, as one string.
local function marks (fn)
  local list = {}
  fn(function (mark) list[#list + 1] = tostring(mark) end)
  return table.concat(list, " ")
end

local function closing (fn)
  return setmetatable({}, { __close = fn })
end

---------------------------------------------------------------------------
-- spawn, wait.

t.test("a task's results, all of them", function ()
  local task = https.spawn(function (...) return ... end, 1, nil, "x", nil)
  t.eq(table.pack(task:wait()), { n = 4, 1, nil, "x" })
  t.eq(table.pack(task:wait()), { n = 4, 1, nil, "x" }, "asked again")
end)

t.test("it runs when its maker waits, not before", function ()
  t.eq(marks(function (mark)
    local task = https.spawn(function () mark "task" end)
    mark "spawned"
    task:wait()
    mark "waited"
  end), "spawned task waited")
end)

t.test("those that sleep less wake first", function ()
  t.eq(marks(function (mark)
    local tasks = {}
    for _, ms in ipairs{ 600, 1, 300 } do
      tasks[#tasks + 1] = https.spawn(function ()
        https.sleep(ms / 1000)
        mark(ms)
      end)
    end
    for _, task in ipairs(tasks) do task:wait() end
  end), "1 300 600")
end)

t.test("those that yield take turns", function ()
  t.eq(marks(function (mark)
    local tasks = {}
    for _, name in ipairs{ "a", "b" } do
      tasks[#tasks + 1] = https.spawn(function ()
        for i = 1, 3 do
          mark(name .. i)
          coroutine.yield()
        end
      end)
    end
    for _, task in ipairs(tasks) do task:wait() end
  end), "a1 b1 a2 b2 a3 b3")
end)

t.test("sleep(0) lets the others run", function ()
  t.eq(marks(function (mark)
    https.spawn(mark, "task")
    https.sleep(0)
    mark "main"
  end), "task main")
end)

t.test("a task that spawns, and waits for what it spawned", function ()
  local task = https.spawn(function ()
    local inner = https.spawn(function () https.sleep(0.001) return 7 end)
    return inner:wait() + 1
  end)
  t.eq(task:wait(), 8)
end)

t.test("many wait for one", function ()
  local one = https.spawn(function () https.sleep(0.005) return "x" end)
  local all = {}
  for i = 1, 5 do all[i] = https.spawn(one.wait, one) end
  for i = 1, 5 do t.eq(all[i]:wait(), "x", "waiter " .. i) end
end)

local errors = { "text", { "a table" }, 42, false }

for i = 1, #errors do
  t.test("an error comes out as it was raised, row " .. i, function ()
    local task = https.spawn(error, errors[i], 0)
    local ok, err = pcall(task.wait, task)
    t.eq(ok, false, "ok")
    t.ok(rawequal(err, errors[i]), "the same value")
    t.eq(select(2, pcall(task.wait, task)), errors[i], "asked again")
  end)
end

t.test("an error closes the task's variables", function ()
  local closed
  local task = https.spawn(function ()
    local _ <close> = closing(function (_, err) closed = err end)
    error("oops", 0)
  end)
  pcall(task.wait, task)
  t.eq(closed, "oops")
end)

local function run (code)
  return t.run{ cmd = { t.lurl, "-e", code } }
end

t.test("an uncaught error tells where in the task it was", function ()
  local out = run [[
    local function inner () error "oops" end
    local task = https.spawn(function () inner() end)
    task:wait()]]
  t.eq(out.status, 1)
  t.match(out.stderr, "oops")
  t.match(out.stderr, "in .-inner")
end)

t.test("an error that nobody waited for is reported", function ()
  local out = run [[https.spawn(error, "alone") https.sleep(0)]]
  t.eq(out.status, 0, "status")
  t.match(out.stderr, "nobody waited for failed: alone")
end)

for _, code in ipairs{
  [[pcall(https.spawn(error, "heard").wait, nil) ]],
  [[local t = https.spawn(error, "heard") pcall(t.wait, t)]],
  [[https.spawn(https.sleep, 60) https.sleep(0)]],
  [[https.spawn(error, "never ran")]],
} do
  t.test("nothing to report: " .. code, function ()
    t.eq(run(code).stderr:gsub("^lurl: .-bad argument.*", ""), "")
  end)
end

t.test("a task is not told by spawn what it is", function ()
  t.raises(function () https.spawn(42) end, "usage", "type")
  t.raises(function () https.spawn() end, "usage", "type")
end)

---------------------------------------------------------------------------
-- The end, and deadlocks.

t.test("a script ends with its main chunk; tasks are closed", function ()
  local began = https.now()
  local out = run [[
    https.spawn(function ()
      local _ <close> = setmetatable({}, { __close = function ()
        print "closed"
      end })
      https.sleep(60)
    end)
    https.sleep(0)]]
  t.eq(out.stdout, "closed\n")
  t.eq(out.stderr, "")
  t.ok(https.now() - began < 30, "ended at once")
end)

t.test("one that will not be cancelled is closed", function ()
  local out = run [[
    https.spawn(function ()
      local _ <close> = setmetatable({}, { __close = function ()
        print "closed"
      end })
      while true do pcall(https.sleep, 60) end
    end)
    https.sleep(0)]]
  t.eq(out.stdout, "closed\n")
  t.eq({ out.status, out.stderr }, { 0, "" })
end)

t.test("a task that waits for itself", function ()
  local task
  task = https.spawn(function () return task:wait() end)
  t.match(select(2, pcall(task.wait, task)), "wait for itself")
end)

t.test("tasks that wait for each other", function ()
  local a, b
  a = https.spawn(function () b:wait() end)
  b = https.spawn(function () a:wait() end)
  t.raises(function () a:wait() end, "usage", "value")
  a:cancel()
  b:cancel()
  https.sleep(0)
end)

---------------------------------------------------------------------------
-- cancel.

t.test("a sleeper is cancelled at once", function ()
  local closed
  local task = https.spawn(function ()
    local _ <close> = closing(function (_, err) closed = err end)
    https.sleep(NEVER)
  end)
  https.sleep(0)
  task:cancel()
  t.raises(function () task:wait() end, "cancelled", "cancelled")
  t.ok(https.is(closed, "cancelled"), "its variables were closed with it")
end)

t.test("one that has not run yet never runs", function ()
  local ran = false
  local task = https.spawn(function () ran = true end)
  task:cancel()
  t.raises(function () task:wait() end, "cancelled", "cancelled")
  t.eq(ran, false)
end)

t.test("one that computes is told at its next wait", function ()
  t.eq(marks(function (mark)
    local task
    task = https.spawn(function ()
      task:cancel()
      mark "on"
      local ok, err = pcall(https.sleep, NEVER)
      mark(ok)
      mark(err.code)
      https.sleep(0.001)
      mark "once"
    end)
    task:wait()
  end), "on false cancelled once")
end)

t.test("one that has ended does not care", function ()
  local task = https.spawn(function () return 1 end)
  task:wait()
  task:cancel()
  t.eq(task:wait(), 1)
end)

t.test("who waits for another is cancelled, the other is not", function ()
  local one = https.spawn(function () https.sleep(0.02) return "x" end)
  local two = https.spawn(one.wait, one)
  https.sleep(0)
  two:cancel()
  t.raises(function () two:wait() end, "cancelled")
  t.eq(one:wait(), "x")
end)

t.test("a task as a to-be-closed variable", function ()
  local task
  do
    local own <close> = https.spawn(https.sleep, NEVER)
    task = own
    https.sleep(0)
  end
  t.raises(function () task:wait() end, "cancelled")
end)

---------------------------------------------------------------------------
-- Coroutines of the script's own.

local function generator (n)
  return coroutine.wrap(function ()
    for i = 1, n do
      https.sleep(0.002)
      coroutine.yield(i)
    end
  end)
end

local function sum (n)
  local total = 0
  for i in generator(n) do total = total + i end
  return total
end

t.test("a generator that waits, outside any task", function ()
  t.eq(sum(4), 10)
end)

t.test("generators that wait, inside tasks, overlap", function ()
  t.eq(marks(function (mark)
    local function each (name)
      for i in generator(2) do mark(name .. i) end
    end
    https.all{ function () each "a" end, function () each "b" end }
  end), "a1 b1 a2 b2")
end)

t.test("a generator within a generator", function ()
  local function doubled ()
    return coroutine.wrap(function ()
      for i in generator(3) do
        https.sleep(0.001)
        coroutine.yield(2 * i)
      end
    end)
  end
  local got = https.map({ 1, 2 }, function ()
    local list = {}
    for i in doubled() do list[#list + 1] = i end
    return table.concat(list, " ")
  end)
  t.eq(got, { "2 4 6", "2 4 6" })
end)

t.test("where a wait can be passed on no further, it waits there", function ()
  local got = https.map({ { 3, 1, 2 }, { 6, 5, 4 } }, function (list)
    table.sort(list, function (a, b) https.sleep(0.001) return a < b end)
    return table.concat(list, " ")
  end)
  t.eq(got, { "1 2 3", "4 5 6" })
end)

t.test("so does a coroutine that such a thing resumes", function ()
  local got = https.map({ { 3, 1 }, { 6, 5 } }, function (list)
    for _ in coroutine.wrap(function ()
      table.sort(list, function (a, b)
        for _ in generator(1) do end
        return a < b
      end)
      coroutine.yield(true)
    end) do break end
    return table.concat(list, " ")
  end)
  t.eq(got, { "1 3", "5 6" })
end)

t.test("one that yields there does not stop the line", function ()
  local begun = https.now()
  local task = https.spawn(function ()
    string.gsub("x", "x", function ()
      coroutine.wrap(function () https.sleep(0) end)()
    end)
  end)
  local other = https.spawn(function () https.sleep(0) https.sleep(0) end)
  local _ <close> = https.spawn(https.sleep, NEVER)
  other:wait()
  task:wait()
  t.ok(https.now() - begun < NEVER / 2)
end)

-- A task that waits, in a callback, for a task that does so, n times.
local function nest (n)
  if n > 0 then
    string.gsub("x", "x", function () https.spawn(nest, n - 1):wait() end)
  end
end

t.test("as deep as the stack allows, then an error", function ()
  nest(20)
  t.raises(function () nest(40) end, "usage", "value")
end)

-- A coroutine that waits inside a task, and what others may do with it.
local foreign = {
  { "resume", function (co) return coroutine.resume(co) end,
    { false, "cannot resume non-suspended coroutine" } },
  { "resume, in a task", function (co)
      return https.spawn(coroutine.resume, co):wait()
    end, { false, "cannot resume non-suspended coroutine" } },
  { "close", function (co) return pcall(coroutine.close, co) end,
    { false, "cannot close a normal coroutine" } },
  { "status", coroutine.status, { "normal" } },
}

for _, row in ipairs(foreign) do
  local label, fn, want = table.unpack(row)
  t.test("a coroutine that waits in a task: " .. label, function ()
    local co = coroutine.create(function () https.sleep(0.01) return 7 end)
    local task = https.spawn(function () return coroutine.resume(co) end)
    https.sleep(0)
    t.eq({ fn(co) }, want)
    t.eq({ task:wait() }, { true, 7 }, "it goes on")
    t.eq(coroutine.status(co), "dead")
    t.eq(coroutine.close(co), true)
  end)
end

t.test("cancelled inside a generator", function ()
  local closed = 0
  local task = https.spawn(function ()
    for _ in coroutine.wrap(function ()
      local _ <close> = closing(function () closed = closed + 1 end)
      https.sleep(NEVER)
    end) do end
  end)
  https.sleep(0)
  task:cancel()
  t.raises(function () task:wait() end, "cancelled")
  t.eq(closed, 1)
end)

-- What resume and wrap do besides is as ever, in a task and outside.
local standard = {
  { "values both ways", function ()
    local co = coroutine.create(function (a, b)
      local c = coroutine.yield(a + b)
      return c, "end"
    end)
    local list = table.pack(coroutine.resume(co, 1, 2))
    local last = table.pack(coroutine.resume(co, "c"))
    return { list.n, list[1], list[2], last[1], last[2], last[3],
      coroutine.status(co) }
  end, { 2, true, 3, true, "c", "end", "dead" } },
  { "a dead one", function ()
    local co = coroutine.create(function () end)
    coroutine.resume(co)
    return { coroutine.resume(co) }
  end, { false, "cannot resume dead coroutine" } },
  { "an error", function ()
    return { coroutine.resume(coroutine.create(error), "x") }
  end, { false, "x" } },
  { "wrap raises", function ()
    local ok, err = pcall(coroutine.wrap(error), { 1 })
    return { ok, type(err) }
  end, { false, "table" } },
  { "wrap's error says where", function ()
    local _, err = pcall(function () coroutine.wrap(error)("x") end)
    return { (err:gsub("^.*test.lua:%d+", "HERE")) }
  end, { "HERE: x" } },
  { "wrap closes its variables", function ()
    local closed
    pcall(coroutine.wrap(function ()
      local _ <close> = closing(function (_, err) closed = err end)
      error("x", 0)
    end))
    return { closed }
  end, { "x" } },
  { "no coroutine", function ()
    local ok, err = pcall(coroutine.resume, 42)
    return { ok, err:match "bad argument #1" }
  end, { false, "bad argument #1" } },
  { "itself", function ()
    return { coroutine.resume(coroutine.running()) }
  end, { false, "cannot resume non-suspended coroutine" } },
}

for _, row in ipairs(standard) do
  t.test(row[1] .. ", outside a task", function () t.eq(row[2](), row[3]) end)
  t.test(row[1] .. ", in a task", function ()
    t.eq(https.spawn(row[2]):wait(), row[3])
  end)
end

---------------------------------------------------------------------------
-- map, all.

t.test("map keeps the order", function ()
  local got = https.map({ 3, 1, 2 }, function (n, i)
    https.sleep(n / 500)
    return n .. "@" .. i
  end)
  t.eq(got, { "3@1", "1@2", "2@3" })
end)

t.test("map of nothing", function ()
  t.eq(https.map({}, error), {})
end)

for _, n in ipairs{ 1, 3, 8, 20 } do
  t.test("map, " .. n .. " at once", function ()
    local now, most = 0, 0
    https.map({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, function ()
      now = now + 1
      most = math.max(most, now)
      https.sleep(0.001)
      now = now - 1
    end, { concurrency = n })
    t.eq(most, math.min(n, 10))
  end)
end

t.test("map's first error cancels the rest", function ()
  local cancelled, begun = 0, 0
  local ok, err = pcall(https.map, { 1, 2, 3, 4, 5 }, function (n)
    begun = begun + 1
    local _ <close> = closing(function (_, why)
      if https.is(why, "cancelled") then cancelled = cancelled + 1 end
    end)
    https.sleep(n == 2 and 0.001 or NEVER)
    error("two", 0)
  end, { concurrency = 3 })
  t.eq({ ok, err, cancelled, begun }, { false, "two", 2, 3 })
end)

t.test("an error that is nil is one, too", function ()
  local list = { 1, 2, 3 }
  local function fail () error(nil) end
  t.eq(table.pack(pcall(https.map, list, fail)), { n = 2, false, nil })
end)

t.test("all: the first result of each", function ()
  t.eq(table.pack(https.all{
    function () https.sleep(0.002) return "a", "dropped" end,
    function () end,
    function () return "c" end,
  }), { n = 3, "a", nil, "c" })
  t.eq(select("#", https.all{}), 0)
end)

t.test("all: the error of the first that fails", function ()
  local ok, err = pcall(https.all, {
    function () https.sleep(NEVER) end,
    function () https.sleep(0.005) error("late", 0) end,
    function () https.sleep(0.001) error("early", 0) end,
  })
  t.eq({ ok, err }, { false, "early" })
end)

t.test("who cancels map cancels what it runs", function ()
  local closed = 0
  local task = https.spawn(https.map, { 1, 2, 3 }, function ()
    local _ <close> = closing(function () closed = closed + 1 end)
    https.sleep(NEVER)
  end)
  https.sleep(0.001)
  task:cancel()
  t.raises(function () task:wait() end, "cancelled")
  https.sleep(0)
  t.eq(closed, 3)
end)

local wrong = {
  { "map", { 42, print }, "type" }, { "map", { {}, 42 }, "type" },
  { "map", { {}, print, 42 }, "type" }, { "all", { 42 }, "type" },
  { "map", { {}, print, { concurency = 1 } }, "option", "concurrency" },
  { "map", { {}, print, { concurrency = 0 } }, "value" },
  { "map", { {}, print, { concurrency = 1.5 } }, "value" },
  { "map", { {}, print, { concurrency = "2" } }, "value" },
  { "all", { { print, 42 } }, "type" },
}

for i, row in ipairs(wrong) do
  t.test("wrong arguments, row " .. i, function ()
    local err = t.raises(function ()
      https[row[1]](table.unpack(row[2]))
    end, "usage", row[3])
    if row[4] then t.match(err.message, row[4]) end
  end)
end

---------------------------------------------------------------------------
-- Requests.

local server <close> = peer.httpsd{ "good" }

local function session (options)
  options = server:options(options)
  options.base = server:url "/"
  return https.session(options)
end

local function crowd (s)
  return s:get("crowd"):json()
end

t.test("requests overlap", function ()
  local s <close> = session{ pool = { per_host = 20 } }
  local list = {}
  for i = 1, 20 do list[i] = "wait/200" end
  local function get_all ()
    return https.map(list, function (path) return s:get(path).status end,
      { concurrency = 20 })
  end
  get_all()     -- makes the connections
  crowd(s)
  t.eq(#get_all(), 20)
  local record = crowd(s)
  t.eq(record.most, 20, "at once, by the server's record")
  t.ok(record.ms < 1000, "by the server's record: " .. record.ms .. " ms")
end)

t.test("no more than per_host at once; the others stand in line", function ()
  local own <close> = peer.httpsd{ "good" }
  local options = own:options{ pool = { per_host = 3 }, base = own:url "/" }
  local s <close> = https.session(options)
  local list = {}
  for i = 1, 12 do list[i] = i end
  local order = marks(function (mark)
    https.map(list, function (i)
      t.eq(s:get("wait/20").status, 200)
      mark(i)
    end, { concurrency = 12 })
  end)
  t.eq(crowd(s).most, 3)
  t.match(order, "^%d %d %d %d", "who came first went first: " .. order)
end)

t.test("in line for longer than timeout.pool", function ()
  local s <close> = session{ pool = { per_host = 1 },
    timeout = { pool = 0.02 } }
  local held = s:get("wait/1", { stream = true })
  local task = https.spawn(s.get, s, "/")
  local err = t.raises(function () task:wait() end, "timeout", "pool")
  t.eq(err.sent, false, "sent")
  t.match(err.hint, "per_host", "hint")
  held:close()
  t.eq(s:get("/").status, 200, "and then there is room")
end)

t.test("what is closed makes room for who stands in line", function ()
  local s <close> = session{ pool = { per_host = 1 } }
  local held = s:get("bytes/100000", { stream = true })
  local task = https.spawn(function () return s:get("/").status end)
  https.sleep(0.001)
  held:close()
  t.eq(task:wait(), 200)
end)

t.test("cancelled in line", function ()
  local s <close> = session{ pool = { per_host = 1 } }
  local held <close> = s:get("/", { stream = true })
  local first = https.spawn(s.get, s, "/")
  local second = https.spawn(function () return s:get("/").status end)
  https.sleep(0.001)
  first:cancel()
  t.raises(function () first:wait() end, "cancelled")
  held:close()
  t.eq(second:wait(), 200)
end)

t.test("the session is closed under who stands in line", function ()
  local s = session{ pool = { per_host = 1 } }
  local held <close> = s:get("/", { stream = true })
  local task = https.spawn(s.get, s, "/")
  https.sleep(0.001)
  s:close()
  t.raises(function () task:wait() end, "usage", "value")
end)

t.test("a response is closed under the task that reads it", function ()
  local p <close> = peer.rawd{ cert = "good", { "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "stall" } }
  local r = https.get(p:url "/", p:options{ stream = true, timeout = NEVER })
  local got = {}
  local task = https.spawn(function ()
    for piece in r:chunks() do got[#got + 1] = piece end
  end)
  while not got[1] do https.sleep(0.001) end
  r:close()
  local begun = https.now()
  t.raises(function () task:wait() end, "protocol", "closed")
  t.ok(https.now() - begun < NEVER / 2, "at once")
end)

-- The rest has come, unseen, when a task ends what somebody waits for who is no
-- task, or cannot yield: he is told, and not only by his time-out.
-- label, what the task does, code of the error that the other gets; nil: none
local endings = {
  { "closes it", function (r) r:close() end, "closed" },
  { "reads it to its end", function (r)
    t.eq(r:next_piece(), "c", "the rest")
    t.eq(r:next_piece(), nil, "the end")
  end },
  { "reads it, and asks for more", function (r, ask)
    t.eq(r:next_piece(), "c", "the rest")
    t.eq(r:next_piece(), nil, "the end")
    t.eq(ask().body, "more", "over the same connection")
  end },
}

for _, row in ipairs(endings) do
  for _, place in ipairs{ "the main chunk", "a callback" } do
    t.test(("a task %s while %s waits"):format(row[1], place), function ()
      local p <close> = peer.rawd{ cert = "good", "head", "send",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", "drip", "50", "c",
        "body", "0", "head", "send", peer.answer "more", "stall" }
      local s <close> = https.session(p:options{ timeout = NEVER })
      local r = s:get(p:url "/", { stream = true })
      t.eq(r:next_piece(), "ab", "the first piece")
      local ok, piece
      local function wait () ok, piece = pcall(r.next_piece, r) end
      local waiter = place == "a callback" and https.spawn(function ()
        local _ = ("x"):gsub("x", wait)
      end)
      local other = https.spawn(function ()
        p:expect "^body 0"    -- nothing else runs meanwhile
        row[2](r, function () return s:get(p:url "/") end)
      end)
      if waiter then waiter:wait() else wait() end
      other:wait()
      if row[3] then
        t.ok(not ok and https.is(piece, "protocol", row[3]), tostring(piece))
      else
        t.eq({ ok, piece }, { true, nil }, "the end")
      end
    end)
  end
end

t.test("an exchange is closed under who waits for it", function ()
  local p <close> = peer.rawd{ cert = "good", "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "stall" }
  local r = https.get(p:url "/", p:options{ stream = true, timeout = NEVER })
  t.eq(r:next_piece(), "abc", "the first piece")
  https.spawn(function () r.exchange:close() end)
  local ok, err = pcall(r.exchange.read, r.exchange)
  t.ok(not ok, "raises")
  t.match(tostring(err), "response is closed", "says so")
end)

t.test("two tasks read one response", function ()
  local slow <close> = peer.rawd{ "head", "send", peer.answer(("x"):rep(9)
    ):sub(1, -9), "stall" }
  local one = https.get(slow:url "/", slow:options{ stream = true })
  local a = https.spawn(one.read, one, 9)
  local b = https.spawn(one.read, one, 9)
  local ok, err = pcall(b.wait, b)
  t.eq(ok, false)
  t.match(tostring(err), "another task waits")
  a:cancel()
  pcall(a.wait, a)
end)

-- Cancelled at each wait: the request is over, its connection closed, and
-- nothing but that.
local waits = {
  { "for the head", { "head", "stall" }, {} },
  { "for the body",
    { "head", "send", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx",
      "stall" }, {} },
  { "in the handshake", { "stall" }, { https = true } },
}

for _, row in ipairs(waits) do
  t.test("cancelled in a wait " .. row[1], function ()
    local s <close> = peer.rawd(row[2])
    local url = s:url("/")
    local options = s:options()
    if row[3].https then
      url = url:gsub("^http:", "https:")
      options.verify = false
    end
    local task = https.spawn(https.get, url, options)
    https.sleep(0.2)    -- the task runs meanwhile
    s:expect(row[3].https and "^open" or "^request")
    task:cancel()
    local err = t.raises(function () task:wait() end, "cancelled", "cancelled")
    t.match(tostring(err), "plain.test", "says what it was about")
    s:expect "^gone"
  end)
end

t.test("a busy download does not starve the others", function ()
  local s <close> = session{ max_body = 1 << 30 }
  local turns = 0
  local download = https.spawn(function ()
    local n = 0
    for piece in s:get("bytes/50000000", { stream = true }):chunks() do
      n = n + #piece
    end
    return n
  end)
  local ticker = https.spawn(function ()
    while true do
      https.sleep(0)
      turns = turns + 1
    end
  end)
  t.eq(download:wait(), 50000000)
  ticker:cancel()
  t.ok(turns > 20, "turns: " .. turns)
end)

t.test("nor does one in the main chunk", function ()
  local s <close> = session{ max_body = 1 << 30 }
  local turns = 0
  local ticker <close> = https.spawn(function ()
    while true do
      https.sleep(0)
      turns = turns + 1
    end
  end)
  t.eq(#s:get("bytes/50000000").body, 50000000)
  t.ok(turns > 20, "turns: " .. turns)
end)

t.test("a thousand requests through fifty connections", function ()
  local s <close> = session{ pool = { per_host = 50 } }
  local list = {}
  for i = 1, 1000 do list[i] = "bytes/" .. i end
  local got = https.map(list, function (path) return #s:get(path).body end,
    { concurrency = 50 })
  for i = 1, 1000 do t.eq(got[i], i, "body " .. i) end
end)

t.test("more hosts than descriptors: they wait", function ()
  local own <close> = peer.httpsd{ "wild" }
  local code = ([[
    local resolve, names = {}, {}
    for i = 1, 500 do
      names[i] = ("h%%d.wild.test:%s"):format(i)
      resolve[names[i] ] = "127.0.0.1"
    end
    local s <close> = https.session{ ca = "build/pki/root.pem",
      resolve = resolve }
    local got = https.map(names, function (name)
      return s:get("https://" .. name .. "/").status
    end, { concurrency = 500 })
    local n = 0
    for _, status in ipairs(got) do if status == 200 then n = n + 1 end end
    print(n)]]):format(own.port)
  local out = t.run{ cmd = "ulimit -n 128; exec " .. t.quote(t.lurl) .. " -e "
    .. t.quote(code) }
  t.eq(out.stderr, "")
  t.eq(out.stdout, "500\n")
end)

t.test("ten thousand sleepers, each in less than 20 KiB", function ()
  local out = run [[
    local function resident ()
      for line in io.lines "/proc/self/status" do
        local kb = line:match "^VmRSS:%s*(%d+)"
        if kb then return tonumber(kb) end
      end
    end
    https.spawn(https.sleep, 0):wait()
    local before, tasks = resident(), {}
    for i = 1, 10000 do tasks[i] = https.spawn(https.sleep, 0.5) end
    https.sleep(0)
    print((resident() - before) / 10000)
    for i = 1, 10000 do tasks[i]:wait() end]]
  t.eq(out.stderr, "")
  if not t.lurl:find "san" then
    t.ok(tonumber(out.stdout) < 20, "KiB each: " .. out.stdout)
  end
end)

t.finish()
