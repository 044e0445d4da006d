-- Reading a response piece by piece: as on a Lua file, by lines, by chunks as
-- they arrive, or by server-sent events.
local errors = require "https.errors"

local M = {}

-- What has been read from the wire and not taken yet: self.pending, from
-- self.pending_at on.
local function pending (self)
  return rawget(self, "pending") or "", rawget(self, "pending_at") or 1
end

local function keep (self, text, at)
  if at > #text then text, at = nil, nil end
  rawset(self, "pending", text)
  rawset(self, "pending_at", at)
end

-- A body that has been read whole can be read again in pieces, once.
local function next_piece (self)
  local body = rawget(self, "body")
  if body and not rawget(self, "replayed") then
    rawset(self, "replayed", true)
    return body ~= "" and body or nil
  end
  return self:next_piece()
end

local function read_bytes (self, n)
  local text, at = pending(self)
  if #text - at + 1 < n then
    local pieces, have = { text:sub(at) }, #text - at + 1
    while have < n do
      local piece = next_piece(self)
      if not piece then break end
      pieces[#pieces + 1] = piece
      have = have + #piece
    end
    text, at = table.concat(pieces), 1
  end
  if n == 0 then
    keep(self, text, at)
    if at > #text then
      local piece = next_piece(self)
      if not piece then return nil end
      keep(self, piece, 1)
    end
    return ""
  end
  local out = text:sub(at, at + n - 1)
  keep(self, text, at + n)
  return out ~= "" and out or nil
end

-- A line ends with LF; a CR before it belongs to the end, also where the two
-- come in two pieces.
local function read_line (self, keep_end)
  local text, at = pending(self)
  local pieces
  local lf = text:find("\n", at, true)
  while not lf do
    pieces = pieces or {}
    pieces[#pieces + 1] = text:sub(at)
    text, at = next_piece(self), 1
    if not text then break end
    lf = text:find("\n", 1, true)
  end
  local line
  if lf then
    line = text:sub(at, lf)
    keep(self, text, lf + 1)
  else
    keep(self, "", 1)
  end
  if pieces then line = table.concat(pieces) .. (line or "") end
  if line == "" then return nil end
  return keep_end and line or (line:gsub("\r?\n$", ""))
end

local function read_rest (self)
  local text, at = pending(self)
  local pieces = { text:sub(at) }
  keep(self, "", 1)
  for piece in next_piece, self do pieces[#pieces + 1] = piece end
  return table.concat(pieces)
end

local function read_one (self, format)
  local count = type(format) == "number" and math.tointeger(format)
  if count and count >= 0 then return read_bytes(self, count) end
  local letter = type(format) == "string" and format:match("^%*?([lLa])")
  if letter == "l" then return read_line(self, false) end
  if letter == "L" then return read_line(self, true) end
  if letter == "a" then return read_rest(self) end
  errors.usage("value", "a format of read must be a number, \"l\", \"L\" or "
    .. "\"a\", not %s", tostring(format))
end

-- response:read(...) -> as file:read: each by its format, nil at the end
function M.read (self, ...)
  local n = select("#", ...)
  if n <= 1 then
    local format = ...
    return read_one(self, format == nil and "l" or format)
  end
  local out = {}
  for i = 1, n do
    out[i] = read_one(self, (select(i, ...)))
    if out[i] == nil then return table.unpack(out, 1, i) end
  end
  return table.unpack(out, 1, n)
end

-- response:lines([format]) -> iterator
function M.lines (self, ...)
  local formats = table.pack(...)
  return function ()
    return M.read(self, table.unpack(formats, 1, formats.n))
  end
end

-- response:chunks() -> iterator over pieces as they arrive
function M.chunks (self)
  return function ()
    local text, at = pending(self)
    if at <= #text then
      keep(self, "", 1)
      return text:sub(at)
    end
    return next_piece(self)
  end
end

---------------------------------------------------------------------------
-- Server-sent events (WHATWG HTML, section 9.2).

-- One line of the stream, which ends with CR, LF or CRLF.
local function event_lines (self)
  local text, from, ended, skip_lf, first = "", 1, false, false, true
  return function ()
    while true do
      if skip_lf and from <= #text then
        if text:byte(from) == 10 then from = from + 1 end
        skip_lf = false
      end
      local at = text:find("[\r\n]", from)
      if at then
        local line = text:sub(from, at - 1)
        skip_lf, from = text:byte(at) == 13, at + 1
        if first then line = line:gsub("^\xEF\xBB\xBF", "") end
        first = false
        return line
      end
      if ended then return nil end  -- an unfinished line is no line
      local piece = M.chunks(self)()
      ended = not piece
      text, from = text:sub(from) .. (piece or ""), 1
    end
  end
end

local function dispatch (event, last_id)
  if not event.data then return nil end
  return { event = event.event ~= "" and event.event or "message",
           data = table.concat(event.data, "\n"), id = last_id,
           retry = event.retry }
end

-- response:events() -> iterator over {event=, data=, id=, retry=}
-- What a client needs to come back later is in response.last_event_id and
-- response.retry (milliseconds) as soon as it was said.
function M.events (self)
  local lines = event_lines(self)
  local last_id
  return function ()
    local event = {}
    for line in lines do
      if line == "" then
        local done = dispatch(event, last_id)
        if done then return done end
        event = { retry = event.retry }
      elseif line:byte() ~= 58 then  -- a colon begins a comment
        local field, value = line:match("^([^:]*):? ?(.*)$")
        if field == "data" then
          event.data = event.data or {}
          table.insert(event.data, value)
        elseif field == "event" then
          event.event = value
        elseif field == "id" and not value:find("\0", 1, true) then
          last_id = value
          self.last_event_id = value
        elseif field == "retry" and value:find("^%d+$") then
          event.retry = tonumber(value)
          self.retry = event.retry
        end
      end
    end
    return nil
  end
end

return M
