-- HTTP/2 for the tests: frames of ours, for rawd to send, and real servers.
--
--   local p = h2.rawd{ { h2.accept, h2.hello, h2.answer(1, "body"), "wait" } }
--   local n = h2.nginx "return 200 $connection;"
--   local n = h2.nghttpd{ "--echo-upload" }
--   https.get(n.url .. "x", n.options{ timeout = 5 })
local t = require "tests.harness"
local peer = require "tests.lua.peer"

local M = {}

---------------------------------------------------------------------------
-- Frames (RFC 9113 section 6); the fields as HPACK literals, not indexed.

M.END = 1

-- h2.frame(type, flags, stream, payload) -> bytes
function M.frame (type, flags, stream, payload)
  return (">I3BBI4"):pack(#payload, type, flags, stream) .. payload
end

M.hello = M.frame(4, 0, 0, "")

-- h2.headers(stream, flags, "name", "value", ...) -> bytes; no long ones
function M.headers (stream, flags, ...)
  local block = {}
  for _, word in ipairs { ... } do
    if #block % 2 == 0 then word = "\0" .. ("s1"):pack(word)
    else word = ("s1"):pack(word) end
    block[#block + 1] = word
  end
  return M.frame(1, flags | 4, stream, table.concat(block))
end

function M.data (stream, flags, bytes)
  return M.frame(0, flags, stream, bytes)
end

function M.rst (stream, code)
  return M.frame(3, 0, stream, (">I4"):pack(code))
end

function M.goaway (last, code, text)
  return M.frame(7, 0, 0, (">I4I4"):pack(last, code) .. (text or ""))
end

-- h2.answer(stream, body) -> bytes of a whole answer
function M.answer (stream, body)
  return M.headers(stream, 0, ":status", "200")
    .. M.data(stream, M.END, body)
end

---------------------------------------------------------------------------
-- Servers.

-- Up to and with the request's head.
M.accept = { "skip", 24, "frame", 1, "send", M.hello }

-- Steps of rawd's, and how many arguments they have.
local steps = { skip = 1, frame = 1, body = 1, send = 1, bytes = 1, drip = 2,
                wait = 0, notify = 0, rst = 0, stall = 0, close = 0, fin = 0 }

local function spell (list)
  local out, i = {}, 1
  while i <= #list do
    local step = list[i]
    if step == M.accept then
      table.move(step, 1, #step, #out + 1, out)
      i = i + 1
    elseif steps[step] then
      table.move(list, i, i + steps[step], #out + 1, out)
      i = i + 1 + steps[step]
    else
      table.move({ "send", step }, 1, 2, #out + 1, out)
      i = i + 1
    end
  end
  return out
end

-- h2.rawd{connection, ...} -> peer.rawd's server, which chooses HTTP/2
-- Each connection is a list of steps, in which h2.accept may stand; a string
-- that is no step is sent.
function M.rawd (o)
  local all = { cert = "good", h2 = true }
  for i, list in ipairs(o) do all[i] = spell(list) end
  return peer.rawd(all)
end

local function options_of (port)
  return function (o)
    o = o or {}
    o.resolve = { ["good.test:" .. port] = "127.0.0.1" }
    o.ca = o.ca or peer.pem "root"
    if o.timeout == nil then o.timeout = 20 end
    return o
  end
end

-- A port that was free a moment ago.
local function free_port ()
  local s <close> = peer.httpsd{ "good" }
  return s.port
end

local real = {}
real.__index = real
real.__close = function (self) self.process:stop() end

local conf = [[
daemon off;
master_process off;
pid DIR/pid;
error_log stderr info;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  root DIR;
  server {
    listen 127.0.0.1:PORT sslALSO;
    ssl_certificate PKI/good-chain.pem;
    ssl_certificate_key PKI/good.key;
    MORE
  }
}
]]

local function working_directory ()
  local p <close> = assert(io.popen "pwd")
  return p:read("l")
end

-- Whether it got its port, another process may have it.
local function has_started (p, ready, taken)
  for line in p.line, p do
    if line:find(ready) then return true end
    if line:find(taken) then return false end
  end
  error "the server has ended"
end

local function start (make, ready, taken)
  for _ = 1, 10 do
    local port = free_port()
    local p = t.spawn{ cmd = make(port) }
    if has_started(p, ready, taken) then
      return setmetatable({ process = p, port = port, dir = t.tmpdir(),
        url = "https://good.test:" .. port .. "/",
        options = options_of(port) }, real)
    end
    p:stop()
  end
  error "no port"
end

-- h2.nginx(conf [, plain]) -> server with these directives; with plain it
-- speaks HTTP/1.1 alone
function M.nginx (more, plain)
  local dir, pki = t.tmpdir(), working_directory() .. "/" .. peer.pki
  local words = { DIR = dir, PKI = pki, MORE = more,
    ALSO = plain and "" or " http2" }
  local s = start(function (port)
    words.PORT = port
    t.write(dir .. "/conf", (conf:gsub("%u%u+", words)))
    return { "nginx", "-e", "stderr", "-p", dir, "-c", dir .. "/conf" }
  end, "event method", "bind%(%) to")
  s.dir = dir
  return s
end

-- It says that it listens only where it tells of every frame, too, which
-- somebody must read.
local SAY = [[stdbuf -oL nghttpd -v "$@" 2>&1 | { head -n 1; cat >/dev/null; }]]

-- h2.nghttpd(args) -> server
function M.nghttpd (args)
  local dir = t.tmpdir()
  local s = start(function (port)
    local cmd = { "timeout", "100", "sh", "-c", SAY, "sh", "-a", "127.0.0.1",
      "-d", dir }
    table.move(args, 1, #args, #cmd + 1, cmd)
    table.move({ port, peer.pki .. "/good.key", peer.pki .. "/good-chain.pem" },
      1, 3, #cmd + 1, cmd)
    return cmd
  end, "listen", "[Cc]ould not")
  s.dir = dir
  return s
end

return M
