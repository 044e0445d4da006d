-- Every example of README.md and https.3, run as it stands there.  Its hosts
-- are sent to a server of ours, and trusted as the system would trust the real
-- ones.
-- A line's "--> text" is what the program must print then, in order; "..." in
-- it stands for anything.
local t = require "tests.harness"

local readme = t.read("README.md")
local dir = t.tmpdir()

local server <close> = t.spawn {
  cmd = { "build/servers/httpsd", "build/pki/readme-chain.pem",
          "build/pki/readme.key", "build/pki/readme-expired-chain.pem",
          "build/pki/readme-expired.key" },
  ready = "^ready (%d+) %d+$",
}
local port = server.captures[1]

-- What examples find beside them, and the system's trust store.
t.write(dir .. "/corp.pem", t.read("build/pki/root.pem"))
t.write(dir .. "/me.pem", t.read("build/pki/client-chain.pem"))
t.write(dir .. "/me.key", t.read("build/pki/client.key"))
t.write(dir .. "/report.pdf", "%PDF-1.7\n")
local env = { SSL_CERT_FILE = "corp.pem" }

t.write(dir .. "/prelude.lua", ([[
local hosts = { "www", "api", "internal", "expired" }
local resolve = {}
for _, name in ipairs(hosts) do
  resolve[name .. ".example.org:443"] = "127.0.0.1:%s"
end

-- A function whose options are its n-th argument.
local function resolving (fn, n)
  return function (...)
    local args, own = { ... }, { resolve = resolve }
    for k, v in pairs(args[n] or {}) do own[k] = v end
    args[n] = own
    return fn(table.unpack(args, 1, n))
  end
end

for _, name in ipairs { "get", "head", "post", "put", "patch", "delete",
                        "options" } do
  https[name] = resolving(https[name], 2)
end
https.inspect = resolving(https.inspect, 2)
https.request = resolving(https.request, 3)
https.session = resolving(https.session, 1)
]]):format(port))

-- The blocks of a language: {text=, line=}
local function blocks (language)
  local found, at = {}, 1
  while true do
    local from, to, text = readme:find("\n```" .. language .. "\n(.-\n)```",
                                       at)
    if not from then return found end
    local _, line = readme:sub(1, from):gsub("\n", "")
    found[#found + 1] = { text = text, line = line + 2 }
    at = to
  end
end

-- The examples of a page: its literal displays.
local function displays (path)
  local page, found, at = t.read(path), {}, 1
  while true do
    local from, to, text =
      page:find("\n%.Bd %-literal[^\n]*\n(.-\n)%.Ed\n", at)
    if not from then return found end
    local _, line = page:sub(1, from):gsub("\n", "")
    found[#found + 1] = { text = text:gsub("\\&", ""):gsub("\\e", "\\"),
                          line = line + 2 }
    at = to
  end
end

local root = io.popen("pwd"):read("l")
local lurl = t.lurl:sub(1, 1) == "/" and t.lurl or root .. "/" .. t.lurl

local function run (words)
  local cmd = { "cd " .. t.quote(dir) .. " &&" }
  for _, word in ipairs(words) do cmd[#cmd + 1] = t.quote(word) end
  return t.run { cmd = table.concat(cmd, " "), env = env }
end

-- The text after "-->" as a pattern for what is printed.
local function pattern_of (want)
  return "^" .. want:gsub("%s+$", ""):gsub("%p", "%%%0")
    :gsub("%%%.%%%.%%%.", ".*") .. "$"
end

local function check_output (text, stdout)
  local lines = stdout:gmatch("[^\n]+")
  for want in text:gmatch("%-%->%s*([^\n]*)") do
    local got
    repeat
      got = lines()
    until not got or got:find(pattern_of(want))
    t.ok(got, ("no line matches %q in %q"):format(want, stdout))
  end
end

local count = 0

local function test_examples (name, examples)
  for _, block in ipairs(examples) do
    count = count + 1
    t.test(name .. ":" .. block.line, function ()
      t.write(dir .. "/example.lua", block.text)
      local r = run { lurl, "-l", "prelude", "example.lua" }
      t.eq(r.status, 0, "status; stderr: " .. r.stderr)
      check_output(block.text, r.stdout)
    end)
  end
end

test_examples("README.md", blocks("lua"))
test_examples("https.3", displays("src/man/https.3"))

for _, block in ipairs(blocks("sh")) do
  count = count + 1
  t.test("README.md:" .. block.line, function ()
    local words = block.text:match("^build/lurl (.*)\n$")
    t.ok(words, "a line that begins with build/lurl")
    local r = t.run { cmd = ("cd %s && %s -l prelude %s"):format(
      t.quote(dir), t.quote(lurl), words), env = env }
    t.eq(r.status, 0, "status; stderr: " .. r.stderr)
  end)
end

for _, block in ipairs(blocks("c")) do
  count = count + 1
  t.test("README.md:" .. block.line, function ()
    t.write(dir .. "/host.c", block.text)
    local r = t.run { cmd = "make -s --no-print-directory example SOURCE="
      .. dir .. "/host.c PROGRAM=" .. dir .. "/host && " .. dir .. "/host" }
    t.eq(r.status, 0, "status; stderr: " .. r.stderr)
    t.match(r.stdout, "^%d+%.%d+%.%d+\n$")
  end)
end

-- What `make run` prints, but for the port and the date.
for _, block in ipairs(blocks("output")) do
  count = count + 1
  t.test("README.md:" .. block.line, function ()
    local function plain (text)
      return (text:gsub(":%d%d%d%d+ ", ":PORT ")
        :gsub("%d%d%d%d%-%d%d%-%d%d", "DATE"))
    end
    local r = t.run { cmd = "tests/demo 2>&1" }
    t.eq(r.status, 0, "status")
    t.eq(plain(r.stdout), plain(block.text))
  end)
end

t.test("all examples have been found", function ()
  t.ok(count >= 20, "found " .. count)
end)

t.finish()
