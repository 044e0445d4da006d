-- Telling how far a transfer is: a function of the script's, or a bar on a
-- terminal - one line each, as wide as that is, drawn at most ten times a
-- second.
local core = require "https.core"

local M = {}

local INTERVAL = 0.1  -- seconds between two drawings

local units = { "B", "KiB", "MiB", "GiB", "TiB" }

local function amount (bytes)
  local i = 1
  while bytes >= 1024 and i < #units do bytes, i = bytes / 1024, i + 1 end
  return (i == 1 and "%.0f %s" or "%.1f %s"):format(bytes, units[i])
end

local function duration (seconds)
  if seconds ~= seconds or seconds > 359999 then return "--:--" end
  local s = math.floor(seconds + 0.5)
  if s >= 3600 then
    return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60)
  end
  return ("%02d:%02d"):format(s // 60, s % 60)
end

local eighths = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

-- M.bar(fraction, width, utf8) -> exactly width columns
function M.bar (fraction, width, utf8)
  local filled = fraction * width
  local whole = math.floor(filled)
  if not utf8 then
    return ("#"):rep(whole) .. ("."):rep(width - whole)
  end
  local part = eighths[math.floor((filled - whole) * 8)] or ""
  return ("█"):rep(whole) .. part
    .. (" "):rep(width - whole - (part ~= "" and 1 or 0))
end

-- M.line{received=, total=, elapsed=, columns=, utf8=} -> what to draw
function M.line (s)
  local rate = s.elapsed > 0 and s.received / s.elapsed or 0
  local text = (" %s/s"):format(amount(rate))
  if not s.total then
    text = amount(s.received) .. text .. "  " .. duration(s.elapsed)
    return text:sub(1, math.max(s.columns - 1, 0))
  end
  local fraction = s.total > 0 and math.min(s.received / s.total, 1) or 1
  local left = rate > 0 and (s.total - s.received) / rate or math.huge
  text = ("%3d%% %s of %s%s  %s"):format(math.floor(fraction * 100),
    amount(s.received), amount(s.total), text, duration(left))
  local room = s.columns - #text - 4
  if room < 8 then return text:sub(1, math.max(s.columns - 1, 0)) end
  return text .. " [" .. M.bar(fraction, math.min(room, 50), s.utf8) .. "]"
end

-- What draws the bars that run at the same time: each on a line of its own,
-- with a name where there is more than one.
local Board = {}
Board.__index = Board

local function write_error (text)
  io.stderr:write(text)
  io.stderr:flush()
end

-- M.board{terminal=, write=, now=} -> a board; tests have their own
function M.board (options)
  return setmetatable({
    bars = {}, lines = 0, now = options.now or core.now,
    terminal = options.terminal or core.terminal,
    write = options.write or write_error,
  }, Board)
end

function Board:line (bar, columns, utf8)
  local name = ""
  if #self.bars > 1 and columns >= 40 then
    name = ("%-16s "):format(bar.name:sub(1, 16))
  end
  return name .. M.line { received = bar.received, total = bar.total,
    elapsed = self.now() - bar.began, columns = columns - #name, utf8 = utf8 }
end

-- The cursor stays on the last line.
function Board:draw (columns, utf8)
  local up = self.lines > 1 and ("\27[%dA"):format(self.lines - 1) or ""
  local lines = {}
  for i, bar in ipairs(self.bars) do
    lines[i] = self:line(bar, columns, utf8) .. "\27[K"
  end
  self.write("\r" .. up .. table.concat(lines, "\n"))
  self.last, self.lines = self.now(), #lines
end

function Board:tell (bar, received, total, done)
  local columns, utf8 = self.terminal()
  if not columns then return end
  bar.received, bar.total = received, total
  if not bar.is_shown then
    bar.is_shown = true
    table.insert(self.bars, bar)
  elseif not done and self.now() - self.last < INTERVAL then
    return
  end
  self:draw(columns, utf8)
end

local function index_of (list, value)
  for i, item in ipairs(list) do
    if item == value then return i end
  end
end

-- The bar has ended: its line stays as it is, above those that go on.
function Board:stop (bar)
  if not bar.is_shown then return end
  bar.is_shown = false
  table.remove(self.bars, index_of(self.bars, bar))
  if #self.bars == 0 then
    self.lines = 0
    return self.write("\n")
  end
  local columns, utf8 = self.terminal()
  table.insert(self.bars, 1, bar)
  self:draw(columns or 80, utf8)
  table.remove(self.bars, 1)
  self.lines = self.lines - 1
end

local shared  -- the board of standard error

-- A function (received, total, done) that draws, and one that ends the line.
local function drawer (name, options)
  shared = shared or M.board {}
  local board = options and options.board or shared
  local bar = { began = board.now(), name = name }
  return function (...) board:tell(bar, ...) end,
    function () board:stop(bar) end
end

-- What a URL's bar is called: its last part, else its host.
local function name_of (url)
  local path = url:match("^[^?#]*"):gsub("/+$", "")
  return (path:match("[^/]*$"):gsub("[^ -~]", "?"))
end

local function teller (value, response, options)
  if value == true then return drawer(name_of(response.url), options) end
  return function (received, total, done)
    if not done or received == 0 then value(received, total) end
  end, function () end
end

-- M.meter(value of option progress, response) -> meter of what comes over the
-- wire, drawn on options.board: meter:add(bytes), meter:finish() when that was all, meter:skip(bytes
-- that were there), meter:stop() at the end of any kind
function M.meter (value, response, options)
  local tell, stop = teller(value, response, options)
  local received, total = 0, tonumber(response.headers["content-length"])
  local meter = {}
  function meter:skip (bytes)
    received = received + bytes
    total = total and total + bytes
  end
  function meter:add (bytes)
    if bytes == 0 then return end
    received = received + bytes
    tell(received, total)
  end
  function meter:finish () tell(received, total, true) end
  function meter:stop () stop() end
  return meter
end

return M
