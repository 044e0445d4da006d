-- Content codings: asks for those known here, and undoes what comes, as the
-- body is read.
local core = require "https.core"
local errors = require "https.errors"
local requests = require "https.request"

local M = {}

local codings = core.codings  -- "" without any
local add_default = core.headers().add_default
local plain, coded = requests.plain, requests.coded

local MAX_CODINGS = 5  -- on one body; each costs memory and may expand

-- What a range counts is the coded body (RFC 9110 section 14.1.1), so that no
-- coding is asked for with one.  A value of our own, from an earlier try of the
-- same request, is not the script's.
local function ask (headers)
  if codings ~= ""
     and add_default(headers, codings, "accept-encoding", "range") then
    return
  end
  local said = headers["accept-encoding"]
  if said and said ~= codings then return end
  if headers["range"] or codings == "" then
    headers["accept-encoding"] = "identity"
  else
    headers["accept-encoding"] = codings
  end
end

-- The codings that a value names, the last applied first (RFC 9110 section
-- 8.4); nil for none.
local function names_of (value)
  local names = {}
  for name in value:lower():gmatch("[^,%s]+") do
    if name ~= "identity" then table.insert(names, 1, name) end
  end
  return names[1] and names
end

local function too_many (count)
  error(errors.new {
    kind = "decode", code = "corrupt",
    message = ("the body has %d content codings, more than %d"):format(count,
      MAX_CODINGS),
  }, 0)
end

-- M.wrap(source, decoder) -> a source of what the decoder makes of it
function M.wrap (source, decoder)
  local ended = false
  return function ()
    while not ended do
      local piece = decoder:pull()
      if piece then return piece end
      piece = source()
      if piece then
        decoder:push(piece)
      else
        decoder:finish()
        ended = true
      end
    end
  end
end

-- A source wrapped in decoders for these codings, and those decoders.  A coding
-- that is not known here stays, and all under it.
local function wrap_all (source, names)
  local decoders = {}
  if #names > MAX_CODINGS then too_many(#names) end
  for i, name in ipairs(names) do
    local decoder = core.decoder(name)
    if not decoder then break end
    decoders[i], source = decoder, M.wrap(source, decoder)
  end
  return source, decoders
end

-- What went wrong with the body of that URL.
local function complete (err, url)
  if getmetatable(err) ~= core.error or err.kind ~= "decode" then
    return err
  end
  err.sent, err.phase = true, err.phase or "receive"
  return errors.complete(err, core.url(url))
end

-- The source of a body, decoded; and a function that gives it up.  Nothing is
-- spent on a body that nobody reads, and a failure is no end of it: who reads
-- on gets it again.
local function decoded (source, names, url)
  local decoders, ended, failure
  local function close ()
    ended = true
    for _, decoder in ipairs(decoders or {}) do decoder:close() end
  end
  local function read ()
    if not decoders then source, decoders = wrap_all(source, names) end
    return source()
  end
  return function ()
    if failure then error(failure, 0) end
    if ended then return nil end
    local ok, piece = pcall(read)
    if ok and piece then return piece end
    close()
    if not ok then
      failure = complete(piece, url)
      error(failure, 0)
    end
  end, close
end

-- These have no body, whatever their fields say of one (RFC 9112 section
-- 6.3); and a part of a coded body cannot be undone by itself.
local function has_body (request, response)
  local status = response.status
  return request.method ~= "HEAD" and status ~= 204
    and status ~= 206 and status ~= 304
end

-- A body that is there already (of a stub, or read by a step inside this one)
-- is as it came over the wire, too.
local function once (body)
  return function ()
    local piece = body
    body = nil
    return piece
  end
end

local function undo (response, url, coding)
  local names = names_of(coding)
  if not names then return end
  local body = rawget(response, "body")
  if body then
    response.source, response.body = once(body), nil
  elseif not response.source then
    return
  end
  local source, close = decoded(response.source, names, url)
  local closers = response.closers or {}
  closers[#closers + 1] = close
  response.source, response.closers = source, closers
end

-- M.make(next, is_wire) -> the step "decoding" around next, which may be the wire
-- itself: a response of its own that has no headers yet has no coding, either
function M.make (next, is_wire)
  return function (request)
    if request.options.compress == false then return next(request) end
    local asked = request.headers
    if asked == plain then
      request.headers = coded
    elseif asked ~= coded and not request.drops_codings then
      ask(asked)
    end
    local response = next(request)
    local headers = rawget(response, "headers")
    if not headers and not is_wire then headers = response.headers end
    local coding = headers and headers["content-encoding"]
    if coding and has_body(request, response) then
      undo(response, request.url, coding)
    end
    return response
  end
end

return M
