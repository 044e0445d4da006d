-- httpbin under gunicorn with TLS: what other people's servers say.
--
--   local bin <close> = httpbin.start()
--   https.get(bin:url "/get", bin:options())
local t = require "tests.harness"
local peer = require "tests.lua.peer"

local M = {}

local server = {}
server.__index = server

-- server:url(path) -> URL
function server:url (path)
  return "https://good.test:" .. self.port .. path
end

-- server:options(o) -> o with what it takes to reach and trust it
function server:options (o)
  o = o or {}
  o.resolve = { ["good.test:" .. self.port] = "127.0.0.1:" .. self.port }
  if o.timeout == nil then o.timeout = 60 end
  if o.ca == nil and o.verify == nil then o.ca = peer.pem "root" end
  return o
end

function server:stop ()
  return self.process:stop()
end

server.__close = server.stop

-- httpbin.start() -> server, on a port of the system's choice
function M.start ()
  local process = t.spawn {
    cmd = { "gunicorn", "--bind", "127.0.0.1:0", "--workers", "1",
      "--threads", "4", "--keep-alive", "60", "--graceful-timeout", "1",
      "--certfile", peer.pki .. "/good-chain.pem", "--keyfile",
      peer.pki .. "/good.key", "httpbin:app" },
    ready = "Listening at: https://127%.0%.0%.1:(%d+)",
  }
  return setmetatable({ process = process, port = process.captures[1] },
    server)
end

return M
