-- lua-http's part of the benchmark: get_lua_http.lua TASK URL N|FILE CA
-- Its request:go() makes a connection for each request, so this asks its
-- connection for streams, as the manual says for who wants to keep one.
-- Debian keeps its modules, which are for any Lua, in 5.1's directory.
package.path = package.path .. ";/usr/share/lua/5.1/?.lua"
local client = require "http.client"
local new_headers = require "http.headers".new
local tls = require "http.tls"

local task, url, what, ca = arg[1], arg[2], arg[3], arg[4]
local host, port, path = url:match "^https://([^:]+):(%d+)(.*)$"

local function connect ()
  local context = tls.new_client_context()
  local store = require "openssl.x509.store".new()
  store:add(ca)
  context:setStore(store)
  local connection = assert(client.connect {
    host = host, port = tonumber(port), tls = true, ctx = context,
    version = 1.1,
  })
  connection.socket:setmode("b", "bf")
  assert(connection:connect())
  return connection
end

local function ask (connection)
  local stream = connection:new_stream()
  local headers = new_headers()
  headers:append(":method", "GET")
  headers:append(":scheme", "https")
  headers:append(":authority", host .. ":" .. port)
  headers:append(":path", path)
  headers:append("accept", "*/*")
  headers:append("user-agent", "lua-http")
  assert(stream:write_headers(headers, true))
  local answer = assert(stream:get_headers())
  assert(answer:get(":status") == "200")
  return stream
end

local connection = connect()
if task == "save" then
  local f = assert(io.open(what, "wb"))
  assert(ask(connection):save_body_to_file(f))
  assert(f:close())
else
  local decode = task == "json" and require "cjson".decode or function () end
  for _ = 1, tonumber(what) do
    local body = assert(ask(connection):get_body_as_string())
    decode(body)
  end
end
connection:close()
