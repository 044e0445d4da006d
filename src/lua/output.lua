-- A body into a file: first to PATH.part, and to PATH only when it is complete,
-- so that PATH never holds a part of it.
local core = require "https.core"
local errors = require "https.errors"
local requests = require "https.request"
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
-- time, and the validator tells whether that matters.  Only its digest, for it
-- may hold a secret, and the file may be for anybody to read.
local function name_of (url) return core.hash("sha256", url) end

local function write_meta (target, response)
  local validator = validator_of(response)
  os.remove(target.meta)
  if not validator then return end
  local f <close> = io.open(target.meta, "wb")
  if f then
    f:write("url: ", name_of(target.url), "\nvalidator: ", validator, "\n")
  end
end

---------------------------------------------------------------------------
-- The target: where the bytes go, and what becomes of them.

local target_mt = {}

local function new_target (options, path, url)
  return setmetatable({
    path = path, part = path .. ".part", meta = path .. ".part.meta",
    url = url, resume = options.resume, sha256 = options.sha256,
    have = 0,  -- bytes of the part that are not asked for
  }, target_mt)
end

local function close_part (target)
  if not target.file then return end
  target.file:close()
  target.file = nil
end

-- What is not complete is no file.
function target_mt.__close (target)
  close_part(target)
  if target.opened and not target.done and not target.resume then
    os.remove(target.part)
  end
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

-- Whether all of the body is still on the wire, and nothing stands between but
-- a meter.
local function is_raw (response)
  local source = response.source
  return source and (source == response.exchange or source == response.raw)
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

-- An error that the digest is not the one asked for, or nil.
local function wrong_digest (digest, want, response)
  local got = digest and digest:hex()
  if not digest or got == want:lower() then return nil end
  return errors.complete(errors.new {
    kind = "io", code = "sha256", phase = "receive", sent = true,
    message = ("the body's SHA-256 is %s, not %s"):format(got, want),
  }, response.parts)
end

local function check_digest (target, digest, response)
  local err = wrong_digest(digest, target.sha256, response)
  if not err then return end
  os.remove(target.part)
  os.remove(target.meta)
  error(err, 0)
end

local function fill (target, response, have)
  close_part(target)  -- of an earlier try
  target.digest = digest_of(target, have)
  open_part(target, have > 0 and "ab" or "wb", response.parts)
  if target.resume and have == 0 then write_meta(target, response) end
  if have > 0 and response.meter then response.meter:skip(have) end
  transfer(response, target.file, target.digest, target.part)
  target.filled_by = response
end

-- The body into the part, behind the first bytes that are there already.
local function receive (target, response, have)
  local ok, err = pcall(fill, target, response, have)
  if ok then return end
  response:close()
  error(err, 0)
end

-- Whether the part is this response's body; a step may have put another table
-- around the one that it received.
local function is_received (target, response)
  local by = target.filled_by
  return by and (by == response
    or by.exchange and by.exchange == response.exchange)
end

-- The part is all of it.
local function complete (target, response)
  local file = target.file
  target.file = nil
  local parts = response.parts
  local ok, message, errno = file:close()
  if not ok then fail("writing", target.part, message, errno, parts) end
  check_digest(target, target.digest, response)
  ok, message, errno = os.rename(target.part, target.path)
  if not ok then fail("renaming", target.part, message, errno, parts) end
  os.remove(target.meta)
  target.done = true
end

---------------------------------------------------------------------------
-- Going on from where an earlier try ended.

local function ask_for_all (target, request)
  if target.have == 0 then return end
  target.have = 0
  local headers = requests.own_headers(request)
  headers["range"], headers["if-range"] = nil, nil
end

-- Asks for the rest only if it is known of what.
local function ask_for_rest (target, request)
  ask_for_all(target, request)
  if not target.resume or target.own_range then return end
  local meta = read_meta(target.meta)
  local f <close> = io.open(target.part, "rb")
  local have = f and f:seek("end") or 0
  if have == 0 or not meta or not meta.validator
     or meta.url ~= name_of(target.url) then
    return
  end
  local headers = requests.own_headers(request)
  headers["range"] = ("bytes=%d-"):format(have)
  headers["if-range"] = meta.validator
  headers["accept-encoding"] = "identity"
  target.have, target.validator = have, meta.validator
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

-- How much of the part counts, by what the server answered.
local function kept (target, response)
  local have, headers = target.have, response.headers
  if response.status ~= 206 or target.own_range then return 0 end
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

-- For the step that tries again: a body that is lost half-way is a lost
-- connection, too.  What is there by then the next try need not ask for.
local function receiver (target)
  return function (request, response)
    if response.status >= 300 or request.method == "HEAD" then return end
    local ok, err = pcall(receive, target, response, kept(target, response))
    if ok then return end
    close_part(target)
    ask_for_rest(target, request)
    error(err, 0)
  end
end

-- There is no rest of what the part is: that was all, or it has changed.
local function after_rest (target, run, response, again)
  response:close()
  if not is_all_there(response, target.have) then
    ask_for_all(target, again)
    return run(again)
  end
  target.digest = digest_of(target, target.have)
  open_part(target, "ab", response.parts)
  target.filled_by, response.ok = response, true
  return response
end

local function to_path (run, request, path)
  refuse_directory(path, request.parsed)
  local target <close> = new_target(request.options, path, request.url)
  target.own_range = request.headers["range"]
  ask_for_rest(target, request)
  request.receive = receiver(target)
  local again = target.resume and requests.copy(request)
  local response = run(request)
  if response.status == 416 and target.have > 0 then
    response = after_rest(target, run, response, again)
  end
  if not is_received(target, response) then
    if is_no_file(request, response) then return read_instead(response) end
    receive(target, response, kept(target, response))
  end
  complete(target, response)
  response.streaming = true
  return response
end

-- A script's own file cannot be begun anew, so that it is written to once.
local function to_file (run, request, file)
  local options, own_range = request.options, request.headers["range"]
  local response = run(request)
  if is_no_file(request, response) then return read_instead(response) end
  kept({ have = 0, own_range = own_range }, response)
  local digest = options.sha256 and core.digest("sha256")
  transfer(response, file, digest, "the file")
  local ok, message, errno = file:flush()
  if not ok then fail("writing", "the file", message, errno, response.parts) end
  local err = wrong_digest(digest, options.sha256, response)
  if err then error(err, 0) end
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
  local target <close> = new_target({}, path)
  if rawget(self, "body") then
    open_part(target, "wb", self.parts)
    local ok, message, errno = target.file:write(self.body)
    if not ok then fail("writing", target.part, message, errno, self.parts) end
  else
    receive(target, self, 0)
  end
  complete(target, self)
end

return M
