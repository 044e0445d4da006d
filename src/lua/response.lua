-- Responses: what came back, and the ways to look at it.  The body comes from
-- a source, a function that returns its next piece or nil at its end; steps of
-- the chain may put another around it.  As long as nothing has been read and
-- nothing stands between, the source is the exchange itself.
local core = require "https.core"
local errors = require "https.errors"

local M = {}
local Response = {}

local MAX_BODY = 1 << 30  -- bytes: 1 GiB, what is taken into memory

-- Fields that are worked out when first asked for: few scripts ask for all.
local lazy = {}

local mt = { __name = "https.response" }

function lazy.headers (self)
  local exchange = rawget(self, "exchange")
  return exchange and exchange:headers()
end

function lazy.http (self)
  local exchange = rawget(self, "exchange")
  return exchange and (exchange:version())
end

function lazy.reason (self)
  local exchange = rawget(self, "exchange")
  return exchange and select(2, exchange:version())
end

function lazy.timings (self)
  local exchange = rawget(self, "exchange")
  return exchange and (exchange:times()) or {}
end

function lazy.elapsed (self)
  local exchange = rawget(self, "exchange")
  return exchange and select(2, exchange:times()) or 0
end

function lazy.tls (self)
  local exchange = rawget(self, "exchange")
  return exchange and exchange:tls() or nil
end

function lazy.history () return {} end

function lazy.cookies (self)
  return require "https.cookies".of(self)
end

function lazy.links (self)
  return require "https.links".of(self)
end

-- Methods that only some responses need, by the module that has them.
local elsewhere = {
  read = "https.stream", lines = "https.stream", chunks = "https.stream",
  events = "https.stream", save = "https.output",
}

function mt.__index (self, name)
  local method = Response[name]
  if method then return method end
  local module = elsewhere[name]
  if module then
    Response[name] = require(module)[name]
    return Response[name]
  end
  local make = lazy[name]
  if not make then return nil end
  local value = make(self)
  if name ~= "timings" and name ~= "elapsed" or not rawget(self, "source") then
    self[name] = value
  end
  return value
end

function mt.__tostring (self)
  local body = rawget(self, "body")
  return ("HTTP/%s %d%s, %s%s"):format(self.http, self.status,
    self.reason ~= "" and " " .. self.reason or "",
    body and #body .. " bytes" or "body not read",
    self.url ~= "" and " from " .. self.url or "")
end

---------------------------------------------------------------------------
-- Reading.

local function too_large (max)
  return errors.new {
    kind = "protocol", code = "too-large", phase = "receive", sent = true,
    message = ("body larger than max_body (%d bytes)"):format(max),
  }
end

-- The end of the body, or of what we want of it.
local function finish (self)
  local closers, meter = rawget(self, "closers"), rawget(self, "meter")
  self.source, self.closers = false, nil
  for _, close in ipairs(closers or {}) do close() end
  if meter then meter:stop() end
end

-- M.finish(response): for who has read its body past it
M.finish = finish

-- A body that has failed stays failed: whoever reads on must not take that for
-- its end.
local function fail (self, err)
  if self.exchange then self.exchange:abandon() end  -- a stub has none
  self.failure = err
  finish(self)
  error(errors.complete(err, self.parts), 0)
end

-- M.fail(response, err): raises err, and again when the body is read on
M.fail = fail

-- The next piece.  Its bytes count against max_body, which may be none.
local function take (self, source)
  local piece = source()
  if not piece then return nil end
  local got = (rawget(self, "got") or 0) + #piece
  self.got, self.raw = got, nil
  if source == self.exchange then
    self.source = function () return source:read() end
  end
  if self.max_body and got > self.max_body then
    error(too_large(self.max_body), 0)
  end
  return piece
end

-- response:next_piece() -> a piece of the body, decoded; nil at its end
function Response:next_piece ()
  local source = self.source
  if not source then
    if self.failure then error(self.failure, 0) end
    return nil
  end
  local ok, piece = pcall(take, self, source)
  if not ok then fail(self, piece) end
  if not piece then finish(self) end
  return piece
end

-- What stream.lua has taken from the source and not given out.
local function read_ahead (self)
  local text, at = rawget(self, "pending"), rawget(self, "pending_at")
  self.pending = nil
  return text and text:sub(at or 1)
end

-- response:read_all([max]) -> the rest of the body, kept as response.body
local function read_all (self, max)
  local ok, body
  max = max or self.max_body or MAX_BODY
  local source, exchange = self.source, self.exchange
  if source and source == exchange then  -- nothing stands between
    ok, body = pcall(exchange.body, exchange, max)
    if not ok then fail(self, body) end
    self.source = false
  else
    local pieces = { read_ahead(self) }
    local size = pieces[1] and #pieces[1] or 0
    for piece in self.next_piece, self do
      pieces[#pieces + 1] = piece
      size = size + #piece
      if size > max then fail(self, too_large(max)) end
    end
    body = table.concat(pieces)
  end
  self.body = body
  return body
end

Response.read_all = read_all

function lazy.body (self)
  if rawget(self, "streaming") then return nil end
  return read_all(self)
end

-- M.load(response): reads its body; that of an object which a step has put
-- around a response is its own business
function M.load (response)
  if rawget(response, "exchange") and response.source then
    read_all(response)
  else
    local _ = response.body
  end
end

-- response:close(): gives up what is left of the body; may be repeated
function Response:close ()
  if self.exchange and self.source then
    self.exchange:discard()
    self.pending = nil  -- stream.lua's
    self.failure = errors.new {
      kind = "usage", code = "value", sent = true, url = self.url,
      message = "the response is closed",
    }
  end
  finish(self)
end

mt.__close = Response.close

---------------------------------------------------------------------------
-- Looking.

-- response:raise() -> itself; raises kind status from 400 on
function Response:raise ()
  if self.ok then return self end
  local code = tostring(self.status)
  error(errors.complete(errors.new {
    kind = "status", code = code, sent = true,
    url = self.url ~= "" and self.url or nil,
    phase = "receive", response = self,
    message = "the server answered " .. code
      .. (self.reason ~= "" and " " .. self.reason or ""),
  }, self.parts), 0)
end

-- What the body seems to be, for one who expected something else.
local function describe_body (self)
  return ("status %d, content-type %s, %d bytes"):format(self.status,
    self.headers["content-type"] or "not given", #self.body)
end

-- The body, also of a response that is being streamed.
local function whole_body (self)
  return self.body or self:read_all()
end

local function fail_about (self, err)
  if getmetatable(err) == core.error then
    err.sent, err.response = true, self
    errors.complete(err, self.parts)
  end
  error(err, 0)
end

-- response:json() -> the decoded body; raises kind json
function Response:json ()
  local ok, value = pcall(core.json_decode, whole_body(self))
  if ok then return value end
  if getmetatable(value) == core.error then
    value.hint = describe_body(self)
  end
  fail_about(self, value)
end

-- The charset parameter of a content-type (RFC 9110 section 8.3.1), or nil.
local function charset_of (content_type)
  local at = content_type and content_type:find(";", 1, true)
  local charset = at
    and require "https.parameters".parse(content_type, at).charset
  return charset and charset ~= "" and charset:lower() or nil
end

-- response:text() -> the body as UTF-8, from the charset it declares; without
-- one it is UTF-8 if it can be, else windows-1252, as browsers guess.
function Response:text ()
  local body = whole_body(self)
  local charset = charset_of(self.headers["content-type"])
  if not charset then
    if utf8.len(body) then return body end
    charset = "windows-1252"
  elseif charset == "utf-8" and utf8.len(body) then
    return body
  end
  local ok, text = pcall(core.to_utf8, body, charset)
  if ok then return text end
  fail_about(self, text)
end

---------------------------------------------------------------------------

-- A response of which nothing is on the wire: for stubs and caches.
local stub_fields = { status = "number", headers = "table", body = "string",
                      reason = "string", url = "string", http = "string" }

-- RFC 9110 section 15: three digits, of which the first says what it means;
-- above 599 as much as 500.
local function check_status (status)
  if math.type(status) ~= "integer" or status < 100 or status > 999 then
    errors.usage("value", "a response's status must be 100 to 999, not %s",
      tostring(status))
  end
end

-- M.stub{status=, headers=, body=, ...} -> response
function M.stub (fields)
  if type(fields) ~= "table" then
    errors.usage("type", "https.response takes a table, not a %s",
      type(fields))
  end
  for name, value in pairs(fields) do
    local want = stub_fields[name]
    if not want then
      errors.usage("option", "unknown field '%s' of a response",
        tostring(name))
    elseif type(value) ~= want and not (name == "headers"
           and type(value) == "userdata") then
      errors.usage("type", "field '%s' of a response must be a %s, not a %s",
        name, want, type(value))
    end
  end
  check_status(fields.status or 200)
  local headers = fields.headers
  if type(headers) ~= "userdata" then
    headers = core.headers()
    require "https.request".set_headers(headers, fields.headers or {})
  end
  local status = fields.status or 200
  return setmetatable({
    status = status, ok = status < 400, reason = fields.reason or "",
    headers = headers, body = fields.body or "", url = fields.url or "",
    http = fields.http or "1.1",
  }, mt)
end

-- Pieces as they come over the wire, and the meter told of them.
local function metered (source, meter)
  return function ()
    local piece = source()
    if piece then meter:add(#piece) else meter:finish() end
    return piece
  end
end

-- M.fill(response) -> it, as a step of the script's own gets it: one that copies
-- it field by field finds those that are worked out later, too
function M.fill (response)
  if rawget(response, "exchange") then
    local _ = response.headers, response.reason, response.http
  end
  return response
end

-- M.new(exchange, request, status, headers) -> response, whose body is on the
-- exchange, and its headers too unless they are given
function M.new (exchange, request, status, headers)
  local options = request.options
  local self = setmetatable({
    status = status, ok = status < 400, url = request.url, exchange = exchange,
    source = exchange, parts = request.parsed,
    max_body = options.max_body or false, body = nil,
  }, mt)
  if headers then self.headers = headers end
  -- Of an answer that is asked for: not of a redirect, nor of an error.
  if options.progress and status < 300 and request.method ~= "HEAD" then
    self.meter = require "https.progress".meter(options.progress, self)
    self.raw = metered(exchange, self.meter)
    self.source = self.raw
  end
  return self
end

return M
