-- The command: its options as lua has them, scripts and where they are found,
-- the report of an uncaught error, the exit status, signals.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

local dir = t.tmpdir()

-- A file in dir, and its path.
local function script (name, text)
  t.write(dir .. "/" .. name, text)
  return dir .. "/" .. name
end

local function run (args, o)
  o = o or {}
  o.cmd = table.move(args, 1, #args, 2, { t.lurl })
  return t.run(o)
end

-- Shows arg from its first index on, and what came as `...`.
local ARGS = [[
local first = 0
while arg[first - 1] do first = first - 1 end
for i = first, #arg do io.write(i, "=", arg[i], " ") end
io.write("... ", select("#", ...), ":", table.concat({ ... }, ","), "\n")
]]
local args_lua = script("args.lua", ARGS)

---------------------------------------------------------------------------
-- Options.  Rows: label, arguments; stdin; status, default 0; stdout, default
-- ""; stderr, a pattern, default none at all.  L is the command's own name.

local L = t.lurl
local TRY = "^lurl: .*\ntry 'lurl %-%-help'\n$"

local module_dir = t.tmpdir()
t.write(module_dir .. "/own.lua", "return { name = ..., sum = 1 + 1 }\n")
t.write(module_dir .. "/faulty.lua", "error 'in the module'\n")
t.write(module_dir .. "/raising.lua", "https.get 'x:'\n")
local env = { LUA_PATH = module_dir .. "/?.lua", LUA_INIT = false,
  LUA_INIT_5_4 = false }

local options = {
  -- arg and `...`: the script is 0, what was before it counts down.
  { "script", { args_lua },
    stdout = ("-1=%s 0=%s ... 0:\n"):format(L, args_lua) },
  { "script and arguments", { args_lua, "a", "", "b c" },
    stdout = ("-1=%s 0=%s 1=a 2= 3=b c ... 3:a,,b c\n"):format(L, args_lua) },
  { "arguments like options", { args_lua, "-e", "--help", "--", "-" },
    stdout = ("-1=%s 0=%s 1=-e 2=--help 3=-- 4=- ... 4:-e,--help,--,-\n")
      :format(L, args_lua) },
  { "options before the script", { "-W", "-e", "x = 1", args_lua, "a" },
    stdout = ("-4=%s -3=-W -2=-e -1=x = 1 0=%s 1=a ... 1:a\n")
      :format(L, args_lua) },
  { "no script", { "-e", ARGS }, stdout = ("0=%s 1=-e 2=%s ... 0:\n")
    :format(L, ARGS) },
  { "end of options", { "--", args_lua, "a" },
    stdout = ("-2=%s -1=-- 0=%s 1=a ... 1:a\n"):format(L, args_lua) },
  { "end of options, then a script like one", { "--", "-e" }, status = 1,
    stderr = "^lurl: cannot open %-e: No such file" },

  -- Standard input.
  { "stdin", {}, stdin = "print('in', ...)\n", stdout = "in\n" },
  { "stdin by name", { "-", "a" }, stdin = "print(arg[0], ...)\n",
    stdout = "-\ta\n" },
  { "stdin after options", { "-e", "x = 5", "-" }, stdin = "print(x)\n",
    stdout = "5\n" },
  { "stdin empty", {}, stdin = "" },
  { "stdin not read after -e", { "-e", "print(1)" }, stdin = "print(2)\n",
    stdout = "1\n" },
  { "stdin not read after -v", { "-v" }, stdin = "print(2)\n",
    stdout = "lurl " },
  { "stdin read after -l", { "-l", "own" }, stdin = "print(own.sum)\n",
    stdout = "2\n" },
  { "stdin read after -W", { "-W" }, stdin = "warn 'w'\n",
    stderr = "^Lua warning: w\n$" },
  { "stdin for the script to read", { "-e", "print(io.read 'a')" },
    stdin = "text", stdout = "text\n" },
  -- As lua: then it is the name of a file.
  { "a file by the name of -", { "--", "-" }, stdin = "print(1)\n", status = 1,
    stderr = "^lurl: cannot open %-: No such file" },
  { "stdin with a first line for the shell", {},
    stdin = "#!/usr/bin/env lurl\nprint(1)\n", stdout = "1\n" },

  -- -e.
  { "-e", { "-e", "print(1)" }, stdout = "1\n" },
  { "-e in one word", { "-eprint(1)" }, stdout = "1\n" },
  { "-e several, one state", { "-e", "x = 1", "-e", "x = x + 1",
    "-eprint(x)" }, stdout = "2\n" },
  { "-e before the script", { "-e", "print 'first'", args_lua },
    stdout = ("first\n-3=%s -2=-e -1=print 'first' 0=%s ... 0:\n")
      :format(L, args_lua) },
  { "-e after -l, in order", { "-e", "print(own)", "-l", "own", "-e",
    "print(own.sum)" }, stdout = "nil\n2\n" },
  { "-e empty", { "-e", "" } },
  { "-e without code", { "-e" }, status = 2, stderr = TRY },
  { "-e, then an option", { "-e", "-W" }, status = { 1, 2 },
    stderr = "^lurl: " },
  { "-e with a mistake", { "-e", "x =", "-e", "print(1)" }, status = 1,
    stderr = "^lurl: %(command line%):1: " },
  { "-e fails, and no more runs", { "-e", "error('x', 0)", "-e", "print(1)",
    args_lua }, status = 1, stderr = "^lurl: x\nstack traceback:\n" },

  -- -l.
  { "-l", { "-l", "own", "-e", "print(own.name)" }, stdout = "own\n" },
  { "-l in one word", { "-lown", "-e", "print(own.sum)" }, stdout = "2\n" },
  { "-l into a global", { "-l", "g=own", "-e", "print(g.name, own)" },
    stdout = "own\tnil\n" },
  { "-l of a library", { "-l", "s=string", "-e", "print(s == string)" },
    stdout = "true\n" },
  { "-l https", { "-l", "h=https", "-e", "print(h == https)" },
    stdout = "true\n" },
  { "-l without a module", { "-l" }, status = 2, stderr = TRY },
  { "-l of none", { "-l", "nowhere", "-e", "print(1)" }, status = 1,
    stderr = "^lurl: module 'nowhere' not found:" },
  { "-l of a faulty one", { "-l", "faulty" }, status = 1,
    stderr = "^lurl: [^\n]*faulty%.lua:1: in the module\nstack traceback:" },
  { "-l of one that raises", { "-l", "raising" }, status = 2,
    stderr = "^lurl: [^\n]*raising%.lua:1: .*%(usage/url%)\n" },

  -- -v, -W, --help.
  { "-v", { "-v" }, stdout = "lurl " .. https.version .. " (Lua 5.4" },
  { "-v and code", { "-v", "-e", "print 'after'" }, stdout = "\nafter\n" },
  { "-v and a script", { "-v", args_lua }, stdout = "\n-2=" },
  { "warnings are off", { "-e", "warn 'w'" } },
  { "-W", { "-W", "-e", "warn('w', 'x')" }, stderr = "^Lua warning: wx\n$" },
  { "-W, then @off", { "-W", "-e", "warn '@off' warn 'w'" } },
  { "@on", { "-e", "warn '@on' warn 'w'" }, stderr = "^Lua warning: w\n$" },
  { "-W after -e", { "-e", "warn 'a'", "-W", "-e", "warn 'b'" },
    stderr = "^Lua warning: b\n$" },
  { "--help", { "--help" }, stdout = "usage: lurl [options] [script [args]]" },
  { "--help after options", { "-e", "print(1)", "--help" },
    stdout = "usage: lurl" },

  -- Mistakes: nothing runs.
  { "unknown option", { "-x", args_lua }, status = 2,
    stderr = "^lurl: .*'%-x'\ntry" },
  { "unknown long option", { "--nonsense", args_lua }, status = 2,
    stderr = "^lurl: .*'%-%-nonsense'\ntry" },
  { "unknown option after code", { "-e", "print(1)", "-x" }, status = 2,
    stderr = TRY },
  { "options in one word", { "-vW" }, status = 2, stderr = TRY },
  { "three dashes", { "---" }, status = 2, stderr = TRY },

  -- Scripts.
  { "no such script", { "nowhere.lua" }, status = 1,
    stderr = "^lurl: cannot open nowhere%.lua: No such file" },
  { "no such installed script", { "nowhere" }, status = 1,
    stderr = "^lurl: cannot open nowhere: No such file" },
  { "no name", { "" }, status = 1, stderr = "^lurl: cannot open" },
  { "folder", { "tests" }, status = 1, stderr = "^lurl: cannot read tests" },
  { "syntax error", { script("syntax.lua", "x = 1\ny = = 2\n") }, status = 1,
    stderr = "^lurl: [^\n]*syntax%.lua:2: .* near '='\n$" },
  { "first line for the shell", { script("shell.lua",
    "#!/usr/bin/env lurl\nprint(1)\n") }, stdout = "1\n" },
  { "compiled", { script("compiled.luac",
    string.dump(function () print(1) end)) }, stdout = "1\n" },
  { "what a script returns", { "-e", "return 5" } },

  -- What is there.
  { "https is a global and a module", { "-e",
    "print(require 'https' == https, package.loaded.https == https)" },
    stdout = "true\ttrue\n" },
  { "os.exit", { "-e", "io.write 'x' os.exit(7)" }, status = 7,
    stdout = "x" },
  { "os.exit(true, true)", { "-e", "io.write 'x' os.exit(true, true)" },
    stdout = "x" },
}

-- Exactly the text, or its beginning where it ends with " " or has no line
-- end: what is behind it is another's to test.
local function check_text (got, want, what)
  if want:find "^\n" or not want:find "\n$" and want ~= "" then
    t.ok(got:find(want, 1, true), what .. ": " .. got)
  else
    t.eq(got, want, what)
  end
end

for _, row in ipairs(options) do
  t.test("option: " .. row[1], function ()
    local r = run(row[2], { stdin = row.stdin, env = env })
    if row.stderr then t.match(r.stderr, row.stderr, "stderr")
    else t.eq(r.stderr, "", "stderr") end
    check_text(r.stdout, row.stdout or "", "stdout")
    if type(row.status) == "table" then
      t.ok(r.status == row.status[1] or r.status == row.status[2], "status")
    else
      t.eq(r.status, row.status or 0, "status")
    end
  end)
end

t.test("--help names every option and exit status", function ()
  local r = run{ "--help" }
  for _, word in ipairs{ "-e CODE", "-l MODULE", "-W", "-v", "--", "-",
    "--help" } do
    t.ok(r.stdout:find("\n  " .. word, 1, true), word)
  end
  for status = 0, 8 do
    t.match(r.stdout, "%f[%d]" .. status .. "%f[%D]", "status " .. status)
  end
end)

---------------------------------------------------------------------------
-- Uncaught errors that are not ours: code, what stderr is, as a pattern.

local TRACE = "\nstack traceback:\n"
local function with_tostring (body)
  return ("error(setmetatable({}, { __tostring = function () %s end }))")
    :format(body)
end

local faults = {
  { "string", "error 'boom'", "^lurl: %(command line%):1: boom" .. TRACE },
  { "string, no position", "error('boom', 0)", "^lurl: boom" .. TRACE },
  { "fault", "local x = nil + 1",
    "^lurl: %(command line%):1: attempt to perform arithmetic" },
  { "number", "error(42)", "^lurl: 42" .. TRACE },
  { "nil", "error(nil)", "^lurl: .*nil.*" .. TRACE },
  { "table", "error{}", "^lurl: %(error object is a table value%)" .. TRACE },
  { "function", "error(print)", "^lurl: .*function value" },
  { "__tostring", with_tostring "return 'told'", "^lurl: told\n$" },
  { "__tostring that is none", with_tostring "return 5",
    "^lurl: %(error object is a table value%)" .. TRACE },
  { "__tostring that fails", with_tostring "error('inner', 0)",
    "^lurl: inner" },
  { "in a function", "local function f () error 'deep' end f()",
    "^lurl: .*deep" .. TRACE .. ".*in local 'f'" },
  { "in a coroutine", "coroutine.wrap(function () error 'deep' end)()",
    "^lurl: .*deep" .. TRACE },
  { "in a finalizer", "setmetatable({}, { __gc = function () " ..
    "error 'late' end }) warn '@on'", "^Lua warning: .*late", 0 },
  { "stack overflow", "local function f () return 1 + f() end f()",
    "^lurl: .*stack overflow" },
  { "memory", "local s = ('x'):rep(1 << 40)", "^lurl: " },
}

for _, row in ipairs(faults) do
  t.test("uncaught: " .. row[1], function ()
    local r = run{ "-e", row[2] }
    t.match(r.stderr, row[3], "stderr")
    t.eq(r.status, row[4] or 1, "status")
    t.eq(r.stdout, "", "stdout")
  end)
end

t.test("uncaught: traceback with file and line", function ()
  local path = script("trace.lua",
    "local function f ()\n  error 'here'\nend\n\nf()\n")
  local r = run{ path }
  t.match(r.stderr, "^lurl: [^\n]*trace%.lua:2: here\nstack traceback:\n",
    "stderr")
  t.match(r.stderr, "trace%.lua:5: in main chunk", "stderr")
  t.eq(r.status, 1, "status")
end)

t.test("nothing of stdout is lost, and it comes first", function ()
  local path = script("much.lua", [[
    for i = 1, 100000 do io.write(i, "\n") end
    io.write "no line end"
    error("boom", 0)]])
  local r = t.run{ cmd = t.quote(t.lurl) .. " " .. path .. " 2>&1" }
  t.match(r.stdout, "^1\n2\n", "stdout")
  t.match(r.stdout, "\n100000\nno line endlurl: boom\nstack traceback:",
    "stdout")
end)

t.test("what an error leaves open is closed", function ()
  local path = script("close.lua", [[
    local x <close> = setmetatable({}, { __close = function ()
      io.write "closed " end })
    setmetatable({}, { __gc = function () io.write "collected " end })
    error "boom"]])
  local r = run{ path }
  t.eq(r.stdout, "closed collected ", "stdout")
  t.eq(r.status, 1, "status")
end)

---------------------------------------------------------------------------
-- Errors of ours: the exit status by kind (wget's), made up and real.

-- fields as a constructor; status; first line
local made = {
  { "kind = 'usage', code = 'value'", 2, "m %(usage/value%)" },
  { "kind = 'io', code = 'ENOENT'", 3, "m %(io/ENOENT%)" },
  { "kind = 'resolve', code = 'not-found'", 4 },
  { "kind = 'connect', code = 'refused'", 4 },
  { "kind = 'timeout', code = 'total'", 4 },
  { "kind = 'proxy', code = 'auth'", 4 },
  { "kind = 'verify', code = 'expired'", 5 },
  { "kind = 'tls', code = 'alert'", 5 },
  { "kind = 'status', code = '401'", 6 },
  { "kind = 'status', code = '407'", 6 },
  { "kind = 'protocol', code = 'framing'", 7 },
  { "kind = 'redirect', code = 'too-many'", 7 },
  { "kind = 'decode', code = 'corrupt'", 7 },
  { "kind = 'json', code = 'syntax'", 7 },
  { "kind = 'status', code = '400'", 8 },
  { "kind = 'status', code = '403'", 8 },
  { "kind = 'status', code = '500'", 8 },
  { "kind = 'status'", 8 },
  { "kind = 'cancelled', code = 'interrupted'", 1 },
  { "kind = 'nonsense'", 1, "m %(nonsense%)" },
  { "kind = 'verify'", 5, "m %(verify%)" },
  { "kind = 'verify', url = 'https://a.test/'", 5,
    "https://a%.test/: m %(verify%)" },
  { "kind = 'usage', where = 'x.lua:5'", 2, "x%.lua:5: m %(usage%)" },
}

for _, row in ipairs(made) do
  t.test("error made of " .. row[1], function ()
    local r = run{ "-e", ("error(setmetatable({ message = 'm', %s }, " ..
      "https.error))"):format(row[1]) }
    t.eq(r.status, row[2], "status")
    t.match(r.stderr, "^lurl: " .. (row[3] or ".*m %(") , "stderr")
    t.eq(r.stderr:find("traceback", 1, true), nil, "traceback")
  end)
end

-- It is a script's table: any field may be missing, or anything.
local strange = { "", "kind = 'verify'", "kind = {}", "kind = 5, code = 5",
  "kind = 'verify', message = {}, code = {}, host = {}, hint = {}",
  "kind = 'verify', port = 'x', phase = 5, sent = 5, hint = 5" }

for _, fields in ipairs(strange) do
  t.test(("error made of %q"):format(fields), function ()
    local r = run{ "-e", "pcall(https.get, 'x:')", "-e",
      ("error(setmetatable({ %s }, https.error))"):format(fields) }
    t.eq(r.status, fields:find "verify" and 5 or 1, "status")
    t.match(r.stderr, "^lurl: ", "stderr")
  end)
end

-- A server for each, and code that gets `url` and `o`, its options.
local URL = "local url = %q local o = { timeout = 20, allow_http = true, " ..
  "ca = %s, resolve = { [%q] = '127.0.0.1' } }\n%s"

local function against (p, code)
  return URL:format(p:url(), p.scheme == "https" and
    ("%q"):format(peer.pem "root") or "nil", p.host .. ":" .. p.port, code)
end

local GET = "https.get(url, o)"
local RAISE = GET .. ":raise()"
local function status (line)
  return { "head", "send", peer.answer("", nil, line) }
end

-- label, server, code, status, kind/code, and whether it was sent
local real = {
  { "fine", status "200 OK", RAISE, 0 },
  { "404 that is not raised", status "404 Not Found", GET, 0 },
  { "404", status "404 Not Found", RAISE, 8, "status/404", true },
  { "404 without a reason", status "404 ", RAISE, 8, "status/404", true },
  { "500", status "500 X", RAISE, 8, "status/500", true },
  { "401", status "401 Unauthorized", RAISE, 6, "status/401", true },
  { "407", status "407 X", RAISE, 6, "status/407", true },
  { "truncated", { "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", "fin" }, GET, 7,
    "protocol/truncated", true },
  { "no answer", { "head", "fin" }, GET, 7, "protocol/closed", true },
  { "json", { "head", "send", peer.answer "{" }, GET .. ":json()", 7,
    "json/syntax", true },
  { "text", { "head", "send", peer.answer("\255",
    "content-type: text/plain; charset=utf-8\r\n") }, GET .. ":text()", 7,
    "decode/corrupt", true },
  { "silence", { "head", "stall" }, "o.timeout = 0.1 " .. GET, 4,
    "timeout/total", true },
  { "reset", { "head", "rst" }, GET, 4, "connect/reset", true },
  { "verified", { cert = "good", table.unpack(status "200 OK") }, RAISE, 0 },
  { "expired", { cert = "expired", "handshake", "wait" }, GET, 5,
    "verify/expired", false },
  { "plain http under TLS", { cert = "good", "plain",
    "HTTP/1.1 400 Bad Request\r\n\r\n", "wait" }, GET, 5, "tls/not-tls",
    false },
  { "usage", { "wait" }, "o.timeout = 'x' " .. GET, 2, "usage/type", false },
}

for _, row in ipairs(real) do
  t.test("exit status: " .. row[1], function ()
    local p <close> = peer.rawd(row[2])
    local r = run{ "-e", against(p, row[3]) }
    t.eq(r.status, row[4], "status")
    t.eq(r.stdout, "", "stdout")
    if not row[5] then
      t.eq(r.stderr, "", "stderr")
      return
    end
    local kind, code = row[5]:match "(.*)/(.*)"
    local first, rest = r.stderr:match "^([^\n]*)\n(.*)$"
    local place = kind == "usage" and "(command line):2: " or p:url() .. ": "
    t.eq(first:sub(1, 6 + #place), "lurl: " .. place, "first line")
    t.eq(first:sub(-#row[5] - 3), " (" .. row[5] .. ")", "its end")
    local facts = { "kind: " .. kind .. ",", "code: " .. code .. ",",
      row[6] and "the request may have reached the server" or
        "nothing of the request was sent" }
    if kind ~= "usage" then
      facts[4] = "host: " .. p.host .. ","
      facts[5] = "port: " .. p.port .. ","
    end
    for _, fact in ipairs(facts) do
      t.ok(rest:find(fact, 1, true), fact .. " in " .. rest)
    end
    t.eq(rest:find("traceback", 1, true), nil, "traceback")
  end)
end

t.test("exit status: refused", function ()
  local p = peer.rawd{ "wait" }
  p:stop()
  local r = run{ "-e", against(p, GET) }
  t.eq(r.status, 4, "status")
  t.match(r.stderr, "connect/refused%)\n  hint: [^\n]+\n  kind: connect",
    "stderr")
end)

-- A system without a name server may take its time to say so.
t.test("exit status: no such host", function ()
  local r = run({ "-e", "https.get('https://nowhere.invalid/', " ..
    "{ timeout = { resolve = 5 } })" },
    { env = { RES_OPTIONS = "attempts:1 timeout:1" } })
  t.eq(r.status, 4, "status")
  t.match(r.stderr, "^lurl: https://nowhere%.invalid/: .*resolve[^\n]*%)\n",
    "stderr")
  t.match(r.stderr, "\n  hint: ", "stderr")
  t.match(r.stderr, "host: nowhere%.invalid", "stderr")
end)

-- A script that has taken all descriptors but a few: fewer than the loop, or
-- the socket, needs.  With enough of them it is refused.
local function starved (free)
  return t.run{ cmd = ("ulimit -c 0; ulimit -n 40; exec %s -e %s"):format(
    t.quote(t.lurl), t.quote(([[
      local keep, n = {}, 0
      repeat n = n + 1 keep[n] = io.open "/dev/null" until not keep[n]
      for i = 1, %d do keep[n - i]:close() end
      https.get("https://127.0.0.1:1/", { verify = false })
    ]]):format(free))) }
end

t.test("exit status: io", function ()
  local seen
  for free = 0, 20 do
    local r = starved(free)
    local label = ("%d free"):format(free)
    if r.stderr:find("(connect/refused)", 1, true) then break end
    t.match(r.stderr, "^lurl: [^\n]*oo many open files %(%l+/%w+%)\n", label)
    if r.stderr:find("(io/EMFILE)", 1, true) then
      t.eq(r.status, 3, label)
      seen = true
    else
      t.eq(r.status, 4, label)
    end
  end
  t.ok(seen, "io was seen")
end)

t.test("an error of ours through a coroutine", function ()
  local r = run{ "-e", "coroutine.wrap(function () https.get 'x:' end)()" }
  t.eq(r.status, 2, "status")
  t.match(r.stderr, "^lurl: %(command line%):1: .*%(usage/url%)\n", "stderr")
end)

t.test("an error of ours before the first request", function ()
  local r = run{ "-e", "https.json.decode '{'" }
  t.eq(r.status, 7, "status")
  t.match(r.stderr, "^lurl: %(command line%):1: line 1, column 1: .*%(json/syntax%)\n",
    "stderr")
end)

---------------------------------------------------------------------------
-- Installed scripts: in ../scripts or ../share/lurl/scripts of the binary.

local prefix = t.tmpdir()
for _, command in ipairs{ "mkdir -p %s/bin %s/scripts %s/share/lurl/scripts",
  "cp " .. t.lurl .. " %s/bin/lurl", "mkdir -p %s/work/folder" } do
  assert(os.execute((command:gsub("%%s", prefix))))
end
t.write(prefix .. "/scripts/near.lua", "print('near', arg[0], ...)\n")
t.write(prefix .. "/scripts/both.lua", "print('near', arg[0], ...)\n")
t.write(prefix .. "/scripts/folder.lua", "print('near', arg[0], ...)\n")
t.write(prefix .. "/share/lurl/scripts/both.lua", "print 'far'\n")
t.write(prefix .. "/share/lurl/scripts/far.lua", "print('far', arg[0], ...)\n")
t.write(prefix .. "/work/mine", "print('mine', arg[0], ...)\n")
t.write(prefix .. "/scripts/mine.lua", "print 'near'\n")

-- label, words after the command, status, stdout
local installed = {
  { "beside the binary", "near a b", 0, "near\tnear\ta\tb\n" },
  { "in share", "far a", 0, "far\tfar\ta\n" },
  { "beside comes first", "both", 0, "near\tboth\n" },
  { "a file comes first", "mine a", 0, "mine\tmine\ta\n" },
  { "a folder is no file", "folder", 0, "near\tfolder\n" },
  { "after options", "-W -e 'x = 1' near a", 0, "near\tnear\ta\n" },
  { "after --", "-- near", 0, "near\tnear\n" },
  { "none of that name", "nothing", 1, "" },
  { "no path is looked for", "./near", 1, "" },
  { "nor one up the tree", "../scripts/near", 1, "" },
}

for _, row in ipairs(installed) do
  t.test("installed: " .. row[1], function ()
    for _, command in ipairs{ prefix .. "/bin/lurl", "../bin/lurl" } do
      local r = t.run{ cmd = ("cd %s/work && %s %s"):format(prefix, command,
        row[2]) }
      t.eq(r.status, row[3], "status")
      t.eq(r.stdout, row[4], "stdout")
      if row[3] ~= 0 then
        t.match(r.stderr, "^lurl: cannot open ", "stderr")
      end
    end
  end)
end

t.test("installed: found through a link and PATH", function ()
  assert(os.execute(("mkdir %s/path && ln -s ../bin/lurl %s/path/lurl")
    :format(prefix, prefix)))
  local r = t.run{ cmd = ("cd / && PATH=%s/path:$PATH lurl near a")
    :format(prefix) }
  t.eq(r.stdout, "near\tnear\ta\n", "stdout")
end)

---------------------------------------------------------------------------
-- Signals.

-- The command as a process that says the pid to signal, and how it ended.
-- One that stays busy is ended by the limit of its time.
local BEHIND = [[
sh -c 'echo "pid $$"; ulimit -c 0; ulimit -t 10; exec "$@"' sh "$@"
echo "status $?"]]

local function background (args, stdin)
  local cmd = { "sh", "-c", BEHIND, "sh", t.lurl }
  local s = t.spawn{ cmd = table.move(args, 1, #args, #cmd + 1, cmd),
    ready = "^pid (%d+)$", stdin = stdin }
  s.shell, s.pid = s.pid, s.captures[1]  -- whom s:stop() ends
  return s, s.pid
end

-- Its exit status, when it has ended by itself.
local function ended (s)
  local status = s:expect "^status (%d+)$"
  s.pid = s.shell
  return status
end

local function interrupt (pid)
  assert(os.execute("kill -INT " .. pid))
end

-- label, cert, steps, pattern of the event to interrupt at, how the server
-- sees it end
local waits = {
  { "for an answer", nil, { "head", "wait" }, "^request 0", { "eof 0" } },
  { "for an answer, TLS", "good", { "head", "wait" }, "^request 0",
    { "notify 0", "eof 0" } },
  { "for the rest of a body", "good", { "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", "wait" },
    "^request 0", { "received 0 %d+" } },
  { "in the handshake", "good", { "tlsread", "wait" }, "^open 0",
    { "eof 0" } },
}

for _, row in ipairs(waits) do
  t.test("SIGINT while waiting " .. row[1], function ()
    local p <close> = peer.rawd{ cert = row[2], row[3] }
    local began = https.now()
    local s <close>, pid = background{ "-e", against(p, GET) }
    p:expect(row[4])
    interrupt(pid)
    s:expect "%(cancelled/interrupted%)"
    t.eq(ended(s), "1", "status")
    t.ok(https.now() - began < 15, "before any limit")
    for _, event in ipairs(row[5]) do p:expect("^" .. event .. "$") end
  end)
end

t.test("SIGINT caught: the connection is closed, the script goes on",
  function ()
    local p <close> = peer.rawd{ cert = "good", { "head", "wait" },
      { "head", "send", peer.answer "hello" } }
    local s <close>, pid = background{ "-e", against(p, [[
      local ok, err = pcall(https.get, url, o)
      print(ok, err.kind, err.code, err.sent, err.host, err.phase)
      io.flush()
      assert(io.read(0) == nil)
      print(https.get(url, o).body)]]) }
    p:expect "^request 0"
    interrupt(pid)
    t.eq(s:line(), "false\tcancelled\tinterrupted\ttrue\tgood.test\treceive",
      "error")
    t.eq(s:line(), "hello", "body")
    t.eq(ended(s), "0", "status")
    p:expect "^notify 0$"
    p:expect "^eof 0$"
    p:expect "^request 1 "
  end)

-- A script that waits for what SIGINT does not end.
local function waiting (code)
  local fifo = t.tmpdir() .. "/fifo"
  assert(os.execute("mkfifo " .. fifo))
  return background({ "-e", code, "-e", "print 'reads' io.flush() io.read()" },
    { both = fifo })
end

t.test("SIGINT caught: the connection is closed at once", function ()
  local p <close> = peer.rawd{ { "head", "wait" } }
  local s <close>, pid = waiting(against(p, [[
    collectgarbage "stop"
    pcall(https.get, url, o)]]))
  p:expect "^request 0"
  interrupt(pid)
  s:expect "^reads$"
  p:expect "^eof 0$"
end)

-- As lua, which hears the first in its main coroutine only.
t.test("SIGINT again and again ends what does not hear it", function ()
  local busy = "coroutine.wrap(function () print 'reads' io.flush() " ..
    "while true do end end)()"
  for _, code in ipairs{ "", busy } do
    local s <close>, pid = waiting(code)
    s:expect "^reads$"
    os.execute("while kill -INT " .. pid .. " 2>/dev/null; do :; done")
    -- 1 where the first one came before the script was at it.
    local status = ended(s)
    t.ok(status == "130" or status == "1", "status: " .. status)
  end
end)

-- What a script may be busy with.
local busy = {
  { "a loop", "while true do end" },
  { "calls", "local function f () end while true do f() end" },
  { "a loop in a task",
    "local t = https.spawn(function () while true do end end) t:wait()" },
  { "tasks that wait", "https.map({ 1, 2, 3 }, function () https.sleep(60) "
    .. "end)" },
  { "tasks that take turns", "https.map({ 1, 2 }, function () while true do "
    .. "https.sleep(0) end end)" },
}

for _, row in ipairs(busy) do
  t.test("SIGINT while busy with " .. row[1], function ()
    local s <close>, pid = background{ "-e",
      "print 'busy' io.flush()", "-e", row[2] }
    s:expect "^busy$"
    interrupt(pid)
    s:expect "^lurl: .*interrupted"
    t.eq(ended(s), "1", "status")
  end)
end

t.test("SIGINT caught while busy, then a request", function ()
  local p <close> = peer.rawd{ "head", "send", peer.answer "hello" }
  local s <close>, pid = background{ "-e", against(p, [[
    local ok, err = pcall(function ()
      print 'busy' io.flush()
      while true do end
    end)
    print(ok, https.is(err, "cancelled"))
    print(https.get(url, o).body)]]) }
  s:expect "^busy$"
  interrupt(pid)
  t.eq(s:line(), "false\ttrue", "error")
  t.eq(s:line(), "hello", "body")
  t.eq(ended(s), "0", "status")
end)

-- Under the signal's default: what the tests themselves run under may differ.
t.test("SIGPIPE does not kill", function ()
  for _, cert in ipairs{ false, "good" } do
    local p <close> = peer.rawd{ cert = cert or nil, "head", "rst" }
    local r = t.run{ cmd = { "env", "--default-signal=PIPE", t.lurl, "-e",
      against(p, [[
        o.body = ("x"):rep(1 << 24)
        local ok, err = pcall(https.post, url, o)
        print(ok, err.kind, err.code, err.sent)]]) } }
    t.eq(r.stdout, "false\tconnect\treset\ttrue\n", "stdout")
    t.eq(r.status, 0, "status")
  end
end)

t.finish()
