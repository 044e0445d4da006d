-- What reached a rawd, read from what it says of it, and the names under which
-- tests reach several servers at once.
--
--   local w = wire.open{
--     ["good.test:443"] = { cert = "good", steps... },
--     ["two-a.test:8443"] = { cert = "two", steps... },
--   }
--   https.get("https://good.test/", w:options{ redirects = 1 })
--   local got = w:requests "good.test:443"     -- {method=, target=, ...}
--
-- Option resolve gives each server the host and port that a test likes, so that
-- they can stand in the bytes that are sent before a port is known.
local t = require "tests.harness"
local peer = require "tests.lua.peer"

local M = {}

local letters = { r = "\r", n = "\n", t = "\t", ["\\"] = "\\" }

-- wire.unescape(text) -> the bytes of a line of rawd's
local function unescape (text)
  return (text:gsub("\\(.)(%x?%x?)", function (c, digits)
    if c == "x" then return string.char(tonumber(digits, 16)) end
    return letters[c] .. digits
  end))
end

M.unescape = unescape

-- A request's head, taken apart: method, target, text, and headers by lower
-- name, several values joined by "|".
local function parse (text)
  local head = { text = text, headers = {}, names = {} }
  head.method, head.target = text:match "^(%S+) (%S+) HTTP/1%.1\r\n"
  for name, value in text:gmatch "\r\n([^:\r\n]+): ?([^\r\n]*)" do
    name = name:lower()
    head.names[#head.names + 1] = name
    local before = head.headers[name]
    head.headers[name] = before and before .. "|" .. value or value
  end
  return head
end

-- wire.requests(lines) -> the requests that rawd told of in these lines, in the
-- order of their heads; .conn is the number of the connection, .body what
-- "body" steps read.
function M.requests (lines)
  local list, last = {}, {}
  for _, line in ipairs(lines) do
    local word, k, bytes = line:match "^(%l+) (%d+) ?(.*)$"
    if word == "request" then
      local request = parse(unescape(bytes))
      request.conn = tonumber(k)
      list[#list + 1], last[k] = request, request
    elseif word == "body" and last[k] then
      last[k].body = (last[k].body or "") .. unescape(bytes)
    end
  end
  return list
end

-- wire.methods(requests) -> "GET /a, POST /b"
function M.methods (requests)
  local words = {}
  for i, r in ipairs(requests) do words[i] = r.method .. " " .. r.target end
  return table.concat(words, ", ")
end

---------------------------------------------------------------------------

local several = {}
several.__index = several

-- w:options(o) -> o with what it takes to reach and trust the servers
function several:options (o)
  o = o or {}
  o.resolve = o.resolve or self.resolve
  if o.timeout == nil then o.timeout = 20 end
  if o.ca == nil and o.verify == nil then o.ca = peer.pem "root" end
  return o
end

-- w:lines(name) -> all that this server said; it has stopped then
function several:lines (name)
  if not self.said[name] then
    local seen = self.seen[name]
    local rest = self.servers[name]:stop()
    self.said[name] = table.move(rest, 1, #rest, #seen + 1, seen)
  end
  return self.said[name]
end

-- w:requests(name) -> the requests that this server got; it has stopped then
function several:requests (name)
  return M.requests(self:lines(name))
end

-- w:expect(name, pattern) -> captures of its next line that matches
function several:expect (name, pattern)
  local server = self.servers[name]
  for line in server.line, server do
    table.insert(self.seen[name], line)
    if line:find(pattern) then return line:match(pattern) end
  end
  error(("%s said nothing that matches %q"):format(name, pattern), 2)
end

-- w:untouched(name): raises if this server had a connection
function several:untouched (name)
  for _, line in ipairs(self:lines(name)) do
    t.eq(line:find "^open" == nil, true, name .. " had a connection")
  end
end

-- w:without(name, ...): raises if one of these strings is in what it received
function several:without (name, ...)
  for _, request in ipairs(self:requests(name)) do
    local text = request.text .. (request.body or "")
    for _, secret in ipairs{ ... } do
      t.eq(text:find(secret, 1, true), nil, secret .. " went to " .. name)
    end
  end
end

function several:stop ()
  for name in pairs(self.servers) do self:lines(name) end
end

several.__close = several.stop

-- wire.open{[name]={steps, cert=}} -> servers under these names, "host:port"
function M.open (o)
  local w = { servers = {}, resolve = {}, seen = {}, said = {} }
  for name, steps in pairs(o) do
    local server = peer.rawd(steps)
    w.servers[name], w.seen[name] = server, {}
    w.resolve[name] = server.address .. ":" .. server.port
  end
  return setmetatable(w, several)
end

return M
