-- The servers that the certificate tests run against.  Each listens on a port
-- of the system's choice and can prove, once a connection has ended, that no
-- byte of a request reached it:
--
--   server.port
--   server:answered(name, r)  raises unless r is its answer with that
--                             certificate
--   server:untouched(n)       waits for the end of the refused connection, of
--                             n (default 1) where nginx is the server; raises
--                             if anything of a request came
--   server:stop()
--
-- All but nginx are started for one connection and thrown away.
local t = require "tests.harness"

local M = {}

M.pki = "build/pki"
local bin = "build/servers/"

local function file (name, suffix)
  return M.pki .. "/" .. name .. suffix
end

local function stop (self)
  return self.process:stop()
end

---------------------------------------------------------------------------
-- httpsd counts the bytes it has decrypted.

local httpsd = { stop = stop, __close = stop }
httpsd.__index = httpsd

-- o = {cert=, v6=, args=}
function M.httpsd (o)
  local cmd = { bin .. "httpsd", table.unpack(o.args or {}) }
  if o.v6 then cmd[#cmd + 1] = "-6" end
  cmd[#cmd + 1] = file(o.cert, "-chain.pem")
  cmd[#cmd + 1] = file(o.cert, ".key")
  local p = t.spawn{ cmd = cmd, ready = "^ready (%d+)" }
  return setmetatable({ process = p, port = p.captures[1] }, httpsd)
end

function httpsd:answered (_, response)
  t.eq(response.body, "hello from lurl's test server\n", "body")
end

function httpsd:untouched ()
  local bytes = self.process:expect "^conn .* bytes=(%d+)$"
  t.eq(bytes, "0", "bytes that reached the server")
end

---------------------------------------------------------------------------
-- openssl s_server ends after one connection; what it decrypts it prints.
-- To answer it needs -www, and then prints nothing, so a row says which.

local s_server = { stop = stop, __close = stop }
s_server.__index = s_server

-- The issuers alone; s_server sends its -cert itself.
local function issuers (name, dir)
  local chain = t.read(file(name, "-chain.pem"))
  local rest = chain:match "%-%-%-%-%-END CERTIFICATE%-%-%-%-%-\n(.+)"
  if not rest then return nil end
  t.write(dir .. "/issuers.pem", rest)
  return dir .. "/issuers.pem"
end

-- o = {cert=, answer=, args=}
function M.s_server (o)
  local dir = t.tmpdir()
  local cmd = { "openssl", "s_server", "-accept", "127.0.0.1:0",
    "-naccept", "1", "-cert", file(o.cert, ".pem"),
    "-key", file(o.cert, ".key") }
  local chain = issuers(o.cert, dir)
  if chain then table.move({ "-cert_chain", chain }, 1, 2, #cmd + 1, cmd) end
  if o.answer then cmd[#cmd + 1] = "-www" end
  local args = o.args or { "-cipher", "ALL:@SECLEVEL=0" }
  table.move(args, 1, #args, #cmd + 1, cmd)
  -- At the end of its input it would leave: a FIFO that it holds has none.
  assert(os.execute("mkfifo " .. dir .. "/open"))
  local p = t.spawn{ cmd = cmd, stdin = { both = dir .. "/open" },
    ready = "^ACCEPT .*:(%d+)$" }
  return setmetatable({ process = p, port = p.captures[1] }, s_server)
end

function s_server:answered (_, response)
  t.match(response.body, "s_server", "body")
end

function s_server:untouched ()
  for line in self.process.line, self.process do
    if line:find "HTTP/1%.1" then error("reached the server: " .. line) end
  end
end

---------------------------------------------------------------------------
-- rawd plays a script of bytes, and counts what is no TLS record.

local rawd = { stop = stop, __close = stop }
rawd.__index = rawd

-- o = {cert=, steps=}
function M.rawd (o)
  local cmd = { bin .. "rawd", "-t", file(o.cert, "-chain.pem"),
    file(o.cert, ".key"), table.unpack(o.steps) }
  local p = t.spawn{ cmd = cmd, ready = "^ready (%d+)" }
  return setmetatable({ process = p, port = p.captures[1] }, rawd)
end

function rawd:untouched ()
  local bytes = self.process:expect "^received 0 (%d+)$"
  t.eq(bytes, "0", "bytes that reached the server")
end

---------------------------------------------------------------------------
-- relayd stands between the client and an s_server of TLS 1.2, and ends the
-- handshake with close_notify once the certificate has been seen.

local relayd = { stop = stop }
relayd.__index = relayd

-- o = {cert=}
function M.relayd (o)
  local server = M.s_server{ cert = o.cert, args = { "-tls1_2" } }
  local p = t.spawn{ cmd = { bin .. "relayd", server.port },
    ready = "^ready (%d+)" }
  return setmetatable({ process = p, port = p.captures[1],
    server = server }, relayd)
end

function relayd:untouched ()
  local records = self.process:expect "^kept (%d+)$"
  t.eq(records, "0", "records for the server")
end

function relayd:stop ()
  self.process:stop()
  self.server:stop()
end

---------------------------------------------------------------------------
-- nginx serves many rows: the name that is asked for chooses the certificate.
-- It logs in order: a request when it is answered, and the end of a connection.

local nginx = { stop = stop, __close = stop }
nginx.__index = nginx

local conf = [[
daemon off;
master_process off;
pid %s/pid;
error_log stderr info;
events { worker_connections 512; }
http {
  log_format events "request from connection=$connection for $ssl_server_name";
  access_log /dev/stdout events;
  client_body_temp_path %s/body;
  proxy_temp_path %s/proxy;
  fastcgi_temp_path %s/fastcgi;
  uwsgi_temp_path %s/uwsgi;
  scgi_temp_path %s/scgi;
  server_names_hash_max_size 4096;
  server_names_hash_bucket_size 128;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers ALL:@SECLEVEL=0;
  %s
}
]]

local server_block = [[
  server {
    listen 127.0.0.1:%s ssl%s;
    server_name %s;
    ssl_certificate %s;
    ssl_certificate_key %s;
    %s
    %s
  }
]]

-- A port that was free a moment ago.
local function free_port ()
  local s <close> = M.httpsd{ cert = "good" }.process
  return s.captures[1]
end

local function working_directory ()
  local p <close> = assert(io.popen "pwd")
  return p:read("l")
end

-- Starts it on that port; nil when another process has taken it.
local function start_nginx (dir, port, hosts, http2)
  local blocks, root = {}, working_directory() .. "/"
  for host, o in pairs(hosts) do
    if type(o) == "string" then o = { cert = o } end
    blocks[#blocks + 1] = server_block:format(port, http2, host,
      root .. file(o.cert, "-chain.pem"), root .. file(o.cert, ".key"),
      (o.conf or ""):gsub("PKI", root .. M.pki),
      o.returns == false and ""
        or "return " .. (o.returns or '200 "' .. o.cert .. '\n"') .. ";")
  end
  table.sort(blocks)
  t.write(dir .. "/conf", (conf:gsub("%%s", dir, 6):gsub("%%s",
    function() return table.concat(blocks) end)))
  local p = t.spawn{ cmd = { "nginx", "-e", "stderr", "-p", dir,
    "-c", dir .. "/conf" } }
  for line in p.line, p do
    if line:find "event method" then return p end
    if line:find "bind%(%) to" then break end
    if line:find "%[emerg%]" then error(line) end
  end
  p:stop()
  return nil
end

-- hosts: name to certificate, or to {cert=, conf= (more directives, in which PKI
-- is the folder of the certificates), returns= (what, if not 200 and the
-- certificate's name; false: what conf makes of it)}
function M.nginx (hosts)
  local dir = t.tmpdir()
  for _ = 1, 10 do
    local port = free_port()
    local p = start_nginx(dir, port, hosts, http2 and " http2" or "")
    if p then return setmetatable({ process = p, port = port }, nginx) end
  end
  error "no port for nginx"
end

function nginx:answered (cert, response)
  t.eq(response.body, cert .. "\n", "body")
  self.process:expect "^request from"
end

-- These say that a connection ended before the first byte of a request; other
-- ends are those of connections that had one, and were kept for the next.
local ends = {
  "SSL_do_handshake%(%) failed",
  "peer closed connection in SSL handshake",
  "client closed connection while waiting for request",
  "while SSL handshaking",
}

function nginx:untouched (n)
  local left = n or 1
  for line in self.process.line, self.process do
    if line:find "^request from" or
        line:find "while reading client request" then
      error("reached the server: " .. line)
    end
    for _, pattern in ipairs(ends) do
      if line:find(pattern) then
        left = left - 1
        break
      end
    end
    if left == 0 then return end
  end
  error "nginx has ended"
end

return M
