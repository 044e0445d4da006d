-- A body into a file: first to PATH.part, and to PATH only when it is complete,
-- so that PATH never holds a part of it.
local core = require "https.core"
local errors = require "https.errors"
local responses = require "https.response"

local M = {}

local usage = errors.usage

local SLICE = 256 * 1024  -- bytes between two looks at progress
local BUFFER = 64 * 1024  -- bytes that go to the file at once: stdio's own 4096
                          -- cost two writes for each TLS record

local function fail (what, path, message, errno, parts, is_unsent)
  error(errors.complete(errors.new {
    kind = "io", code = core.errno_name(errno or 0),
    phase = not is_unsent and "receive" or nil, sent = not is_unsent,
    message = ("%s %s: %s"):format(what, path,
      (tostring(message):gsub("^.*: ", ""))),
  }, parts), 0)
end

---------------------------------------------------------------------------
-- What a part is a part of: its validator, beside it in PATH.part.meta.

local function read_meta (path)
  local f <close> = io.open(path, "rb")
  if not f then return nil end
  local meta = {}
  for line in f:lines() do
    local name, value = line:match("^(%l+): (.*)$")
    if name then meta[name] = value end
  end
  return meta
end

-- A strong validator: what if-range may name (RFC 9110 section 13.1.5).
local function validator_of (response)
  local etag = response.headers["etag"]
  if etag and not etag:find("^W/") then return etag end
  return response.headers["last-modified"]
end

-- The URL is the one that was asked for: a redirect may lead elsewhere the next
-- time, and the validator tells whether that matters.
local function write_meta (target, response)
  local validator = validator_of(response)
  os.remove(target.meta)
  if not validator then return end
  local f <close> = io.open(target.meta, "wb")
  if f then
    f:write("url: ", target.url, "\nvalidator: ", validator, "\n")
  end
end

---------------------------------------------------------------------------
-- The target: where the bytes go, and what becomes of them.

local function new_target (options, path, url)
  return { path = path, part = path .. ".part", meta = path .. ".part.meta",
           url = url, resume = options.resume, sha256 = options.sha256 }
end

local function discard (target)
  if target.file then
    target.file:close()
    target.file = nil
  end
  if target.opened and not target.resume then os.remove(target.part) end
end

local function open_part (target, mode, parts)
  local file, message, errno = io.open(target.part, mode)
  if not file then fail("opening", target.part, message, errno, parts) end
  file:setvbuf("full", BUFFER)
  target.file, target.opened = file, true
end

-- A digest of what is in the part already.
local function digest_of (target, have)
  if not target.sha256 then return nil end
  local digest = core.digest("sha256")
  if have > 0 then
    local f <close> = assert(io.open(target.part, "rb"))
    for piece in function () return f:read(SLICE) end do
      digest:update(piece)
    end
  end
  return digest
end

-- Whether all of the body is still on the wire, and nothing stands between.
local function is_raw (response)
  local source = response.source
  return source and source == response.raw
end

-- From the wire to the file without a detour through Lua.
local function drain (response, file)
  local exchange, meter = response.exchange, response.meter
  while true do
    local ok, n, done = pcall(exchange.drain, exchange, file, SLICE)
    if not ok then responses.fail(response, n) end
    if meter then
      meter:add(n)
      if done then meter:finish() end
    end
    if done then return responses.finish(response) end
  end
end

local function copy (response, file, digest, name)
  for piece in response:chunks() do
    if digest then digest:update(piece) end
    local ok, message, errno = file:write(piece)
    if not ok then
      response:close()
      fail("writing", name, message, errno, response.parts)
    end
  end
end

local function transfer (response, file, digest, name)
  if is_raw(response) and not digest and not response.max_body then
    return drain(response, file)
  end
  copy(response, file, digest, name)
end

local function check_digest (target, digest, response)
  if not digest then return end
  local got = digest:hex()
  if got == target.sha256:lower() then return end
  os.remove(target.part)
  os.remove(target.meta)
  error(errors.complete(errors.new {
    kind = "io", code = "sha256", phase = "receive", sent = true,
    message = ("the body's SHA-256 is %s, not %s"):format(got, target.sha256),
  }, response.parts), 0)
end

local function complete (target, digest, response)
  local file = target.file
  target.file = nil
  local parts = response.parts
  local ok, message, errno = file:close()
  if not ok then fail("writing", target.part, message, errno, parts) end
  check_digest(target, digest, response)
  ok, message, errno = os.rename(target.part, target.path)
  if not ok then fail("renaming", target.part, message, errno, parts) end
  os.remove(target.meta)
  target.done = true
end

local function receive (target, response, have)
  local guard <close> = setmetatable({}, { __close = function ()
    if not target.done then
      response:close()
      discard(target)
    end
  end })
  local digest = digest_of(target, have)
  open_part(target, have > 0 and "ab" or "wb", response.parts)
  if target.resume and have == 0 then write_meta(target, response) end
  if have > 0 and response.meter then response.meter:skip(have) end
  transfer(response, target.file, digest, target.part)
  complete(target, digest, response)
end

---------------------------------------------------------------------------
-- Going on from where an earlier try ended.

-- Asks for the rest only if it is known of what; returns how much is there.
local function ask_for_rest (target, request)
  if not target.resume or request.headers["range"] then return 0 end
  local meta = read_meta(target.meta)
  local f <close> = io.open(target.part, "rb")
  local have = f and f:seek("end") or 0
  if have == 0 or not meta or not meta.validator or meta.url ~= target.url then
    return 0
  end
  request.headers["range"] = ("bytes=%d-"):format(have)
  request.headers["if-range"] = meta.validator
  request.headers["accept-encoding"] = "identity"
  target.validator = meta.validator
  return have
end

local function bad_part (response, format, ...)
  response:close()
  error(errors.complete(errors.new {
    kind = "protocol", code = "header", phase = "receive", sent = true,
    message = format:format(...),
  }, response.parts), 0)
end

-- Whether the response says that it is a version other than the one we have.
local function is_another (validator, response)
  local name = validator:find(" GMT$") and "last-modified" or "etag"
  local value = response.headers[name]
  return value ~= nil and value ~= validator
end

-- Whether content-range says that from there all is coming.
local function is_rest (range, have)
  local first, last, total = (range or ""):match("^bytes (%d+)%-(%d+)/(.+)$")
  if tonumber(first) ~= have then return false end
  return total == "*" or tonumber(total) == tonumber(last) + 1
end

-- How much of the part counts, by what the server answered.  own_range: the
-- script has asked for a part by itself.
local function kept (target, response, have, own_range)
  if response.status ~= 206 or own_range then return 0 end
  local headers = response.headers
  if have == 0 then
    bad_part(response, "got a part (206), and had not asked for one")
  elseif not is_rest(headers["content-range"], have) then
    bad_part(response, "asked for the bytes from %d on, and got others", have)
  elseif (headers["content-encoding"] or "identity"):lower() ~= "identity" then
    bad_part(response, "asked for bytes as they are, and got coded ones")
  elseif is_another(target.validator, response) then
    bad_part(response, "asked for the rest of one version, and got another's")
  end
  return have
end

-- 416: there is no rest (RFC 9110 section 15.5.17); all of it is there, which
-- is no failure, or it is something else by now.
local function is_all_there (response, have)
  local range = response.headers["content-range"]
  return tonumber(range and range:match("^bytes %*/(%d+)$")) == have
end

local function without_range (request)
  for _, name in ipairs { "range", "if-range", "accept-encoding" } do
    request.headers[name] = nil
  end
end

-- A directory would be in the way only at the end, of the renaming.
local function refuse_directory (path, parts)
  local f <close> = io.open(path, "rb")
  if not f then return end
  local _, message, errno = f:read(0)
  if message then fail("writing", path, message, errno, parts, true) end
end

-- Whether there is nothing to write: the body of a failure is for the script,
-- and of what has not changed (304), or was only asked after, there is none.
local function is_no_file (request, response)
  return not response.ok or response.status == 304 or request.method == "HEAD"
end

local function read_instead (response)
  local _ = response.body
  return response
end

local function to_path (run, request, path)
  refuse_directory(path, request.parsed)
  local target = new_target(request.options, path, request.url)
  local own_range = request.headers["range"]
  local have = ask_for_rest(target, request)
  local first = have > 0 and require "https.request".copy(request)
  local response = run(request)
  if response.status == 416 and have > 0 then
    if is_all_there(response, have) then
      response:close()
      local digest = digest_of(target, have)
      open_part(target, "ab", response.parts)
      complete(target, digest, response)
      response.streaming, response.ok = true, true
      return response
    end
    response:close()
    without_range(first)
    have, response = 0, run(first)
  end
  if is_no_file(request, response) then return read_instead(response) end
  receive(target, response, kept(target, response, have, own_range))
  response.streaming = true
  return response
end

local function to_file (run, request, file)
  local options, own_range = request.options, request.headers["range"]
  local response = run(request)
  if is_no_file(request, response) then return read_instead(response) end
  kept({}, response, 0, own_range)
  local digest = options.sha256 and core.digest("sha256")
  transfer(response, file, digest, "the file")
  local ok, message, errno = file:flush()
  if not ok then fail("writing", "the file", message, errno, response.parts) end
  if digest and digest:hex() ~= options.sha256:lower() then
    error(errors.complete(errors.new {
      kind = "io", code = "sha256", phase = "receive", sent = true,
      message = "the body's SHA-256 is not the one asked for",
    }, response.parts), 0)
  end
  response.streaming = true
  return response
end

-- M.fetch(run, request) -> response, its body in the file of option output
function M.fetch (run, request)
  local output = request.options.output
  if type(output) == "string" then return to_path(run, request, output) end
  return to_file(run, request, output)
end

-- response:save(path): the rest of the body to a file, as option output
function M.save (self, path)
  if type(path) ~= "string" or path == "" then
    usage("type", "save takes a path")
  end
  local target = new_target({}, path)
  if rawget(self, "body") then
    open_part(target, "wb", self.parts)
    local ok, message, errno = target.file:write(self.body)
    if not ok then
      discard(target)
      fail("writing", target.part, message, errno, self.parts)
    end
    return complete(target, nil, self)
  end
  receive(target, self, 0)
end

return M
