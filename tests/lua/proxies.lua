-- Other people's proxies, as Debian has them, each on ports that were free a
-- moment ago.
--
--   local p <close> = proxies.squid{ tls = "good", hosts = { "a.test" } }
--   https.get(url, { proxy = p:url() })            -- or p:url("https")
--   p:stop() -> the lines it still said
local t = require "tests.harness"
local peer = require "tests.lua.peer"

local M = {}

local TRIES = 10        -- another process may take a port before the proxy does

local proxy = {}
proxy.__index = proxy

-- p:url([scheme [, credentials]]) -> URL
function proxy:url (scheme, credentials)
  scheme = scheme or self.scheme
  return ("%s://%s%s:%s"):format(scheme, credentials and credentials .. "@"
    or "", scheme == "https" and self.host or "127.0.0.1", self.ports[scheme])
end

function proxy:stop () return self.process:stop() end

proxy.__close = proxy.stop

local function free_port ()
  local s <close> = peer.rawd{ "head" }
  return s.port
end

-- A directory that a proxy may read after it has given up being root.
local function directory ()
  local dir = t.tmpdir()
  assert(os.execute("chmod 755 " .. dir))
  return dir
end

local function working_directory ()
  local p <close> = assert(io.popen "pwd")
  return p:read "l"
end

-- Starts one by start(ports) -> command, until a line says that it is ready.
local function try (start, fields, schemes, ready, failed)
  for _ = 1, TRIES do
    local ports = {}
    for _, scheme in ipairs(schemes) do ports[scheme] = free_port() end
    local process = t.spawn{ cmd = start(ports) }
    local waits = #schemes
    for line in process.line, process do
      if line:find(ready) then waits = waits - 1 end
      if waits == 0 then
        fields.process, fields.ports = process, ports
        return setmetatable(fields, proxy)
      end
      if line:find(failed) then break end
    end
    process:stop()
  end
  error("no port for a proxy", 2)
end

local squid_conf = [[
http_port 127.0.0.1:%s
%s
%s
pid_filename none
cache_log /dev/null
access_log none
cache deny all
cache_mem 8 MB
hosts_file %s/hosts
coredump_dir %s
visible_hostname squid.test
pinger_enable off
shutdown_lifetime 0 seconds
]]

-- proxies.squid{hosts= (names that are 127.0.0.1), tls= (a certificate), rules=
-- (what it allows; everything unless given)}
function M.squid (o)
  local dir, root = directory(), working_directory() .. "/" .. peer.pki .. "/"
  t.write(dir .. "/hosts", "127.0.0.1 localhost "
    .. table.concat(o.hosts or {}, "\n127.0.0.1 ") .. "\n")
  local schemes = { "http", o.tls and "https" }
  return try(function (ports)
    t.write(dir .. "/conf", squid_conf:format(ports.http, o.tls
      and ("https_port 127.0.0.1:%s tls-cert=%s tls-key=%s"):format(ports.https,
        root .. o.tls .. "-chain.pem", root .. o.tls .. ".key") or "",
      o.rules or "http_access allow all", dir, dir))
    return { "squid", "-N", "-d", "1", "-f", dir .. "/conf" }
  end, { scheme = "http", host = (o.tls or "none") .. ".test" }, schemes,
    "Accepting %u+ Socket connections", "Cannot bind socket")
end

-- Rules for squid: who is let in, by user and password (joe, secret).
-- M.users("basic") or M.users("digest")
function M.users (scheme)
  local dir = directory()
  if scheme == "basic" then
    t.write(dir .. "/helper", [[#!/bin/sh
while read -r user password; do
  case $user:$password in
  joe:secret) echo OK ;;
  *) echo ERR ;;
  esac
done
]])
    assert(os.execute("chmod 755 " .. dir .. "/helper"))
    return ([[
auth_param basic program %s/helper
auth_param basic realm squid
acl users proxy_auth REQUIRED
http_access allow users
http_access deny all
]]):format(dir)
  end
  local core = require "https.core"
  t.write(dir .. "/users", "joe:squid:"
    .. core.hash("md5", "joe:squid:secret") .. "\n")
  return ([[
auth_param digest program /usr/lib/squid/digest_file_auth -c %s/users
auth_param digest realm squid
acl users proxy_auth REQUIRED
http_access allow users
http_access deny all
]]):format(dir)
end

-- proxies.tinyproxy{conf= (more lines)}
function M.tinyproxy (o)
  local dir = directory()
  return try(function (ports)
    t.write(dir .. "/conf", ([[
Port %s
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 60
MaxClients 50
%s
]]):format(ports.http, o and o.conf or ""))
    return { "tinyproxy", "-d", "-c", dir .. "/conf" }
  end, { scheme = "http" }, { "http" }, "Accepting connections",
    "Could not create")
end

-- Whether somebody takes connections there.
local function is_open (port)
  local https = require "https"
  local ok, err = pcall(https.get, "http://127.0.0.1/", { allow_http = true,
    proxy = "socks5://127.0.0.1:" .. port, timeout = 20 })
  return ok or not https.is(err, "connect", "refused")
end

-- proxies.microsocks{user=, password=}
-- It does not say when it is ready: it is when it takes a connection.
function M.microsocks (o)
  local cmd = { "microsocks", "-i", "127.0.0.1", "-p", free_port() }
  if o and o.user then
    table.move({ "-u", o.user, "-P", o.password }, 1, 4, #cmd + 1, cmd)
  end
  local process = t.spawn{ cmd = cmd }
  for _ = 1, 1000 do
    if is_open(cmd[5]) then
      return setmetatable({ process = process, scheme = "socks5",
        ports = { socks5 = cmd[5], socks5h = cmd[5] } }, proxy)
    end
    require "https".sleep(0.01)
  end
  process:stop()
  error("microsocks does not start", 2)
end

return M
