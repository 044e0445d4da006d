-- What a call has opened on the wire: its responses, and exchanges that were to
-- become one.  The request and its copies share it, for a step that raises does
-- not know of the response that is under way.
local core = require "https.core"

local M = {}

local weak = { __mode = "v" }
local mt = {}

-- M.new() -> what the call has to close, a to-be-closed variable; field sent is
-- whether any request of the call has gone out
function M.new ()
  return setmetatable({ last = false, sent = false }, mt)
end

-- M.add(opened, one): one response or exchange more.  That before it may be
-- collected now, if a step has lost it: the pool may need its room.
function M.add (opened, one)
  if opened.last then
    opened.before = opened.before or setmetatable({}, weak)
    table.insert(opened.before, opened.last)
  end
  opened.last = one
end

-- M.become(opened, exchange, response): the one has become the other
function M.become (opened, exchange, response)
  opened.sent = true
  if opened.last == exchange then
    opened.last = response
  else
    M.add(opened, response)
  end
end

local function exchange_of (one)
  return type(one) == "table" and one.exchange or one
end

local function close (one, kept)
  if type(one) == "table" and one.exchange ~= kept
     and rawget(one, "source") then
    one:close()
  end
end

local function abandon (one, kept)
  local exchange = exchange_of(one)
  if exchange ~= kept then exchange:abandon() end
end

-- M.settle(opened, response): at the end of a call those that nobody gets are
-- closed, so that none of their connections waits for the collector: a step may
-- have asked again, or answered from elsewhere.  What it put around a response
-- has that one's exchange.
function M.settle (opened, response)
  local last, before = opened.last, opened.before
  opened.last, opened.before = false, nil
  if last == response and not before then return end
  local kept = exchange_of(response)
  close(last, kept)
  for _, one in next, before or {} do close(one, kept) end
end

-- What failed may not be what was sent: an earlier hop or try.  A script that
-- makes the call again because of sent=false would have it done twice.  But a
-- server that is not who it should be got nothing.
local function tell_sent (err)
  if getmetatable(err) == core.error and err.kind ~= "verify" then
    err.sent = true
  end
end

-- A call that does not come to its end gives all up.  The one that an error
-- brings along stays as it is.
function mt.__close (opened, err)
  local last, before = opened.last, opened.before
  if not last then return end
  if opened.sent then tell_sent(err) end
  local kept = type(err) == "table" and exchange_of(rawget(err, "response"))
  abandon(last, kept)
  for _, one in next, before or {} do abandon(one, kept) end
end

return M
