-- LuaSec's part of the benchmark: get_luasec.lua URL N CA ["request"]
-- It checks the chain but no name.  Its https.request cannot keep a connection,
-- and sends a head in pieces without TCP_NODELAY, where Nagle's algorithm may
-- hold back the last for 40 ms; so there is a loop by hand as well.
local url, n, ca = arg[1], tonumber(arg[2]), arg[3]

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

local function get (s, head)
  assert(s:send(head))
  assert(assert(s:receive("*l")):find "^HTTP/1%.1 200 ")
  local length
  for line in function () return assert(s:receive("*l")) end do
    if line == "" then break end
    length = length or line:lower():match "^content%-length:%s*(%d+)$"
  end
  return assert(s:receive(tonumber(length)))
end

if arg[4] == "request" then
  request()
else
  local host, port, path = url:match "^https://([^:]+):(%d+)(.*)$"
  local s = connect(host, port)
  local head = ("GET %s HTTP/1.1\r\nhost: %s:%s\r\nuser-agent: luasec\r\n"
    .. "accept: */*\r\n\r\n"):format(path, host, port)
  for _ = 1, n do get(s, head) end
  s:close()
end
