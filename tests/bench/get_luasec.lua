-- LuaSec's part of the benchmark: get_luasec.lua TASK URL N|FILE CA
-- It checks the chain but no name.  Its https.request (TASK "request") cannot
-- keep a connection, and sends a head in pieces without TCP_NODELAY, where
-- Nagle's algorithm may hold back the last for 40 ms; so there is a loop by
-- hand as well.
local task, url, what, ca = arg[1], arg[2], arg[3], arg[4]

local PIECE = 16384  -- bytes: a TLS record

local function request ()
  local https = require "ssl.https"
  local parts = {}
  local ok, status = https.request {
    url = url, verify = "peer", cafile = ca,
    sink = function (piece) parts[#parts + 1] = piece; return 1 end,
  }
  assert(ok and status == 200, status)
end

local function connect (host, port)
  local socket, ssl = require "socket", require "ssl"
  local tcp = assert(socket.tcp())
  assert(tcp:connect(host, port))
  tcp:setoption("tcp-nodelay", true)
  local s = assert(ssl.wrap(tcp, {
    mode = "client", protocol = "any", options = "all",
    verify = "peer", cafile = ca,
  }))
  assert(s:dohandshake())
  return s
end

-- Asks, and reads the head of the answer -> the body's length
local function ask (s, head)
  assert(s:send(head))
  assert(assert(s:receive("*l")):find "^HTTP/1%.1 200 ")
  local length
  for line in function () return assert(s:receive("*l")) end do
    if line == "" then break end
    length = length or line:lower():match "^content%-length:%s*(%d+)$"
  end
  return tonumber(length)
end

local function save (s, head)
  local f <close> = assert(io.open(what, "wb"))
  local left = ask(s, head)
  while left > 0 do
    local piece = assert(s:receive(math.min(left, PIECE)))
    assert(f:write(piece))
    left = left - #piece
  end
end

if task == "request" then return request() end
local host, port, path = url:match "^https://([^:]+):(%d+)(.*)$"
local s = connect(host, port)
local head = ("GET %s HTTP/1.1\r\nhost: %s:%s\r\nuser-agent: luasec\r\n"
  .. "accept: */*\r\n\r\n"):format(path, host, port)
if task == "save" then
  save(s, head)
else
  local decode = task == "json" and require "cjson".decode or function () end
  for _ = 1, tonumber(what) do
    local body = assert(s:receive(ask(s, head)))
    decode(body)
  end
end
s:close()
