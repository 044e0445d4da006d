-- What every Lua test stands on: checks that say what they got and what they
-- wanted, child processes that never outlive the test, temporary files.
--
--   local t = require "tests.harness"
--   t.test("label", function() t.eq(1 + 1, 2, "sum") end)
--   t.finish()
--
-- Run from the root of the repository.  Nothing here sleeps or waits for
-- longer than the event it waits for; tests/run puts a limit around the file.
local M = {}

local verbose = os.getenv "LURL_TEST_VERBOSE" == "1"
local passed, failed = 0, 0
local spawned = {}      -- servers that still run
local temporary = {}    -- directories to remove

-- The binary under test.
M.lurl = os.getenv "LURL" or "build/lurl"

-- t.quote(word) -> the word as one argument of a POSIX shell
function M.quote (word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

-- A command line from a list of words; a string is one already.
local function command (cmd)
  if type(cmd) == "string" then return cmd end
  local words = {}
  for i, word in ipairs(cmd) do words[i] = M.quote(word) end
  return table.concat(words, " ")
end

---------------------------------------------------------------------------
-- Checks.  Each raises on failure; t.test turns that into a line.

-- A value as a person reads it; also how two tables are compared.
local function show (value, depth)
  if type(value) == "string" then
    return (string.format("%q", value):gsub("\\\n", "\\n"))
  end
  local meta = getmetatable(value)
  if type(value) ~= "table" or meta and meta.__tostring or depth == 0 then
    return tostring(value)
  end
  local parts = {}
  for k, v in pairs(value) do
    parts[#parts + 1] = "[" .. show(k, 0) .. "]=" .. show(v, (depth or 6) - 1)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function fail (what, ...)
  error((what and what .. ": " or "") .. string.format(...), 3)
end

-- t.eq(got, want [, what]): equal values; tables by what they hold
function M.eq (got, want, what)
  if got == want then return end
  local g, w = show(got), show(want)
  if type(got) == "table" and type(want) == "table" and g == w then return end
  fail(what, "got %s, want %s", g, w)
end

-- t.ok(condition [, what])
function M.ok (condition, what)
  if not condition then fail(what, "got %s", show(condition)) end
end

-- t.match(got, pattern [, what]): got is a string in which pattern is found
function M.match (got, pattern, what)
  if type(got) ~= "string" or not got:find(pattern) then
    fail(what, "got %s, want a match of %s", show(got), show(pattern))
  end
end

local function is_one_of (value, want)
  if type(want) ~= "table" then return want == nil or value == want end
  for _, w in ipairs(want) do
    if value == w then return true end
  end
  return false
end

-- t.raises(fn, kind, code [, what]) -> the error table
-- A kind or code of nil is any; a list is any of its members.
function M.raises (fn, kind, code, what)
  local ok, err = pcall(fn)
  if ok then
    fail(what, "got no error, want %s/%s", show(kind), show(code))
  elseif type(err) ~= "table" then
    fail(what, "got %s, want an error table", show(err))
  elseif not (is_one_of(err.kind, kind) and is_one_of(err.code, code)) then
    fail(what, "got %s/%s (%s), want %s/%s", show(err.kind), show(err.code),
      tostring(err), show(kind), show(code))
  end
  return err
end

-- The error and the way to it, without the harness's own frames.
local function traced (err)
  local lines = { type(err) == "string" and err or "raised " .. tostring(err) }
  for line in debug.traceback("", 2):gmatch "\n(\t[^\n]+)" do
    if line:find "xpcall" then break end
    if not line:find "harness%.lua" and not line:find "%[C%]" then
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, "\n")
end

-- t.test(label, fn): counts fn as passed, or as failed when it raises
function M.test (label, fn)
  local ok, err = xpcall(fn, traced)
  if ok then
    passed = passed + 1
    if verbose then print("ok " .. label) end
  else
    failed = failed + 1
    print("FAIL " .. label .. ": " .. err)
  end
  io.stdout:flush()
end

---------------------------------------------------------------------------
-- Files.

-- t.tmpdir() -> path of a new directory, removed at the end
function M.tmpdir ()
  local p = assert(io.popen("mktemp -d", "r"))
  local path = p:read("l")
  assert(p:close() and path, "mktemp failed")
  temporary[#temporary + 1] = path
  return path
end

-- t.write(path, text)
function M.write (path, text)
  local f <close> = assert(io.open(path, "wb"))
  assert(f:write(text))
end

-- t.read(path) -> text
function M.read (path)
  local f <close> = assert(io.open(path, "rb"))
  return (assert(f:read("a")))
end

---------------------------------------------------------------------------
-- Processes.

local server = {}
server.__index = server

-- server:line() -> its next line of output, or nil at the end
function server:line ()
  if not self.out then return nil end
  local line = self.out:read("l")
  if line then
    table.insert(self.said, line)
    if #self.said > 40 then table.remove(self.said, 1) end
  end
  return line
end

-- server:expect(pattern) -> captures of the next line that matches
function server:expect (pattern)
  for line in self.line, self do
    if line:find(pattern) then return line:match(pattern) end
  end
  error("no line matched " .. show(pattern) .. "; the last ones:\n  " ..
    table.concat(self.said, "\n  "), 2)
end

-- server:stop() -> what it still said, as a list of lines; may be repeated
-- Until pclose has taken its status the pid cannot be another process's.
function server:stop ()
  local rest = {}
  if not self.out then return rest end
  os.execute("kill " .. self.pid .. " 2>/dev/null")
  for line in self.line, self do rest[#rest + 1] = line end
  self.out:close()
  self.out = nil
  spawned[self] = nil
  return rest
end

-- Finalizers run in reverse order of creation, so this one comes before
-- that of the pipe, which would wait for a server that nobody stops.
server.__gc = server.stop
server.__close = server.stop

-- t.spawn{cmd=, ready=, stdin=} -> server
-- cmd is a list of words or a shell command that can be exec'd; stdin a path
-- (default /dev/null), or {both=path} of a FIFO to hold at both ends, so that
-- it never ends.  With ready, waits for the first line that matches it; its
-- captures are server.captures.
function M.spawn (o)
  local both = type(o.stdin) == "table" and o.stdin.both
  local out = assert(io.popen("echo $$; exec " .. command(o.cmd) ..
    (both and " 0<>" or " <") .. M.quote(both or o.stdin or "/dev/null") ..
    " 2>&1", "r"))
  local s = setmetatable({ out = out, said = {} }, server)
  s.pid = assert(math.tointeger(out:read("n", "l")), "no pid")
  spawned[s] = true
  if o.ready then s.captures = table.pack(s:expect(o.ready)) end
  return s
end

-- t.run{cmd=, stdin=, env=} -> {status=, stdout=, stderr=}
-- Runs a list of words (or a shell command) to its end.  stdin is text; in
-- env a value of false unsets the variable.  A signal n is status 128 + n.
function M.run (o)
  local dir = M.tmpdir()
  local words = { "env" }
  for name, value in pairs(o.env or {}) do
    if value == false then
      table.insert(words, 2, "-u")
      table.insert(words, 3, name)
    else
      words[#words + 1] = name .. "=" .. value
    end
  end
  local cmd = type(o.cmd) == "string" and { "sh", "-c", o.cmd } or o.cmd
  M.write(dir .. "/in", o.stdin or "")
  local _, how, status = os.execute(string.format(
    "%s %s <%s/in >%s/out 2>%s/err", command(words), command(cmd),
    dir, dir, dir))
  return {
    status = how == "signal" and 128 + status or status,
    stdout = M.read(dir .. "/out"), stderr = M.read(dir .. "/err"),
  }
end

---------------------------------------------------------------------------
-- The end.

local function clean ()
  while next(spawned) do next(spawned):stop() end
  while #temporary > 0 do
    os.execute("rm -rf " .. M.quote(table.remove(temporary)))
  end
end

-- A test file that dies half-way leaves nothing behind either.
M.guard = setmetatable({}, { __gc = clean })

-- t.finish(): the last call of every test file
function M.finish ()
  clean()
  print(string.format("%d passed, %d failed", passed, failed))
  os.exit(failed == 0 and 0 or 1, true)
end

return M
