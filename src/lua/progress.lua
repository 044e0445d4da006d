-- Telling how far a transfer is: a function of the script's, or a bar on a
-- terminal - one line, as wide as that is, drawn at most ten times a second.
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

-- A function (received, total, done) that draws, and one that ends the line.
local function drawer (options)
  local terminal = options.terminal or core.terminal
  local write = options.write or function (text)
    io.stderr:write(text)
    io.stderr:flush()
  end
  local now = options.now or core.now
  local began, last, is_open = now(), nil, false
  local function draw (received, total, done)
    local columns, utf8 = terminal()
    if not columns then return end
    local time = now()
    if not done and last and time - last < INTERVAL then return end
    last, is_open = time, true
    write("\r" .. M.line { received = received, total = total,
      elapsed = time - began, columns = columns, utf8 = utf8 } .. "\27[K")
  end
  return draw, function ()
    if is_open then write("\n") end
    is_open = false
  end
end

local function teller (value, options)
  if value == true then return drawer(options or {}) end
  return function (received, total, done)
    if not done or received == 0 then value(received, total) end
  end, function () end
end

-- M.meter(value of option progress, response) -> meter of what comes over the
-- wire: meter:add(bytes), meter:finish() when that was all, meter:skip(bytes
-- that were there), meter:stop() at the end of any kind
function M.meter (value, response, options)
  local tell, stop = teller(value, options)
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
