-- The servers that the Lua tests run against, and their addresses.
--
--   local p = peer.rawd{ "head", "send", peer.answer "hello" }
--   https.get(p:url "/", p:options{ timeout = 5 })
--   p:expect "^request 0 GET / "
--   p:stop()
--
-- A table of steps holds strings, numbers and further tables, one for each
-- connection.  Bytes are written as they are: peer.bytes makes rawd's escapes
-- of them.
local t = require "tests.harness"

local M = {}

M.pki = "build/pki"

-- peer.pem(name) -> path of that certificate
function M.pem (name) return M.pki .. "/" .. name .. ".pem" end

local function escape (c)
  return ("\\x%02x"):format(c:byte())
end

-- peer.bytes(text) -> text as rawd's command line has it
function M.bytes (text)
  return (text:gsub("[%z\1-\31\\\127-\255]", escape))
end

-- peer.answer(body [, headers [, status]]) -> the bytes of an answer
-- headers are lines, each with its CRLF.
function M.answer (body, headers, status)
  return ("HTTP/1.1 %s\r\ncontent-length: %d\r\n%s\r\n%s"):format(
    status or "200 OK", #body, headers or "", body)
end

---------------------------------------------------------------------------

local server = {}
server.__index = server

-- server:url([path [, host]]) -> URL
function server:url (path, host)
  return ("%s://%s:%s%s"):format(self.scheme, host or self.host, self.port,
    path or "/")
end

-- server:options(o) -> o with what it takes to reach the server and trust it
function server:options (o, host)
  o = o or {}
  o.resolve = o.resolve or
    { [(host or self.host) .. ":" .. self.port] = self.address }
  if o.timeout == nil then o.timeout = 20 end
  if self.scheme == "http" then
    o.allow_http = true
  elseif o.ca == nil and o.verify == nil then
    o.ca = M.pem "root"
  end
  return o
end

-- server:expect(pattern) -> captures of the next line that matches
function server:expect (pattern)
  return self.process:expect(pattern)
end

function server:line ()
  return self.process:line()
end

-- server:stop() -> the lines it still said
function server:stop ()
  return self.process:stop()
end

server.__close = server.stop

local function start (cmd, fields)
  fields.process = t.spawn{ cmd = cmd, ready = "^ready (%d+) (%d+)" }
  fields.port = fields.process.captures[1]
  fields.address = fields.v6 and "::1" or "127.0.0.1"
  return setmetatable(fields, server)
end

-- The arguments of those steps that have bytes; the last is the bytes.
local data = { send = 1, bytes = 1, drip = 2, ["repeat"] = 2, plain = 1 }

local LONG = 10000      -- bytes: what is longer goes by a file

local function add_send (cmd, bytes)
  if #bytes <= LONG then
    table.move({ "send", M.bytes(bytes) }, 1, 2, #cmd + 1, cmd)
    return
  end
  local path = t.tmpdir() .. "/bytes"
  t.write(path, bytes)
  table.move({ "file", path }, 1, 2, #cmd + 1, cmd)
end

-- Appends a list of steps to cmd, their bytes escaped.
local function add_steps (cmd, steps)
  local i = 1
  while i <= #steps do
    local step = steps[i]
    local n = data[step] or 0
    if step == "send" then
      add_send(cmd, steps[i + 1])
    else
      table.move(steps, i, i + n, #cmd + 1, cmd)
      if n > 0 then cmd[#cmd] = M.bytes(cmd[#cmd]) end
    end
    i = i + n + 1
  end
end

-- peer.rawd{steps or lists of steps, cert=, h2= (it chooses h2), unix=}
-- -> server under TLS with that certificate (NAME.test), else plain; on a Unix
-- socket.  It ends after a
-- while, so that a test that waits for what never comes fails.
function M.rawd (o)
  local cmd = { "timeout", tostring(o.limit or 20), "build/servers/rawd" }
  if o.cert then
    table.move({ "-t", M.pki .. "/" .. o.cert .. "-chain.pem",
      M.pki .. "/" .. o.cert .. ".key", o.h2 and "-2" }, 1, 4, 4, cmd)
  end
  if o.unix then table.move({ "-u", o.unix }, 1, 2, #cmd + 1, cmd) end
  for i, steps in ipairs(type(o[1]) == "table" and o or { o }) do
    if i > 1 then cmd[#cmd + 1] = "--" end
    add_steps(cmd, steps)
  end
  return start(cmd, { scheme = o.cert and "https" or "http",
    host = (o.cert or "plain") .. ".test" })
end

-- peer.httpsd{name, ..., v6=} -> server; the first is the default's
function M.httpsd (o)
  local cmd = { "build/servers/httpsd" }
  if o.v6 then cmd[2] = "-6" end
  for _, name in ipairs(o) do
    cmd[#cmd + 1] = M.pki .. "/" .. name .. "-chain.pem"
    cmd[#cmd + 1] = M.pki .. "/" .. name .. ".key"
  end
  return start(cmd, { scheme = "https", host = o[1] .. ".test", v6 = o.v6 })
end

return M
