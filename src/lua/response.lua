-- Responses: what came back, and the ways to look at it.
local core = require "https.core"
local errors = require "https.errors"

local M = {}
local Response = {}

-- Fields that are worked out when first asked for.
local lazy = {}

function lazy.timings (self)
  local exchange = rawget(self, "exchange")
  return exchange and (exchange:times()) or {}
end

function lazy.tls (self)
  local exchange = rawget(self, "exchange")
  return exchange and exchange:tls() or nil
end

local mt = { __name = "https.response" }

function mt.__index (self, name)
  local method = Response[name]
  if method then return method end
  local make = lazy[name]
  if not make then return nil end
  local value = make(self)
  rawset(self, name, value)
  return value
end

function mt.__tostring (self)
  return ("HTTP/%s %d %s, %d bytes from %s"):format(self.http, self.status,
    self.reason, #self.body, self.url)
end

-- response:raise() -> itself; raises kind status from 400 on
function Response:raise ()
  if self.ok then return self end
  local code = tostring(self.status)
  error(errors.new {
    kind = "status", code = code, url = self.url, sent = true,
    phase = "receive", response = self,
    message = "the server answered " .. code
      .. (self.reason ~= "" and " " .. self.reason or ""),
  }, 0)
end

-- What the body seems to be, for one who expected something else.
local function describe_body (self)
  return ("status %d, content-type %s, %d bytes"):format(self.status,
    self.headers["content-type"] or "not given", #self.body)
end

-- response:json() -> the decoded body; raises kind json
function Response:json ()
  local ok, value = pcall(core.json_decode, self.body)
  if ok then return value end
  if getmetatable(value) == core.error then
    value.url, value.sent, value.response = self.url, true, self
    value.hint = describe_body(self)
  end
  error(value, 0)
end

-- The charset parameter of a content-type (RFC 9110 section 8.3.1), or nil.
local function charset_of (content_type)
  local value = content_type
    and content_type:lower():match(";%s*charset%s*=%s*(.*)$")
  return value and (value:match('^"([^"]*)"') or value:match("^[^%s;]+"))
end

-- response:text() -> the body as UTF-8, from the charset it declares; without
-- one it is UTF-8 if it can be, else windows-1252, as browsers guess.
function Response:text ()
  local body = self.body
  local charset = charset_of(self.headers["content-type"])
  if not charset then
    if utf8.len(body) then return body end
    charset = "windows-1252"
  elseif charset == "utf-8" and utf8.len(body) then
    return body
  end
  local ok, text = pcall(core.to_utf8, body, charset)
  if ok then return text end
  if getmetatable(text) == core.error then
    text.url, text.sent, text.response = self.url, true, self
  end
  error(text, 0)
end

-- M.new(fields) -> response, from status, reason, http, headers, body, url
-- and exchange, which the lazy fields are taken from
function M.new (fields)
  fields.ok = fields.status < 400
  fields.history = {}
  fields.elapsed = select(2, fields.exchange:times())
  return setmetatable(fields, mt)
end

return M
