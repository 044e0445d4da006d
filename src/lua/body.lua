-- What a request carries: body, json, form or multipart, as a string or as a
-- body object: {open=function () -> function () -> piece or nil, length=bytes
-- or nil, replayable=boolean}.
local core = require "https.core"
local errors = require "https.errors"

local M = {}

local usage = errors.usage

local PIECE = 65536  -- bytes read from a file at once

local function is_file (value)
  return io.type(value) ~= nil
end

-- The bytes between where the file stands and its end; nil for a pipe.
local function rest_of (file)
  local here = file:seek("cur")
  local last = here and file:seek("end")
  if not last then return nil end
  file:seek("set", here)
  return math.max(last - here, 0), here
end

local function read_failed (message, errno)
  error(errors.new { kind = "io", code = core.errno_name(errno or 0),
                     phase = "send",
                     message = "reading the body: " .. tostring(message) }, 0)
end

-- An iterator over what a file has; limit bytes of it at most.
local function pieces_of (file, limit)
  return function ()
    if limit == 0 then return nil end
    local piece, message, errno =
      file:read(limit and math.min(limit, PIECE) or PIECE)
    if piece == nil and message then read_failed(message, errno) end
    if piece and limit then limit = limit - #piece end
    return piece
  end
end

local function of_file (file)
  if io.type(file) == "closed file" then
    usage("value", "option 'body' is a closed file")
  end
  local length, from = rest_of(file)
  return {
    length = length,
    replayable = length ~= nil,
    open = function ()
      if from then file:seek("set", from) end
      return pieces_of(file, length)
    end,
  }
end

local function of_function (fn)
  return {
    replayable = false,
    open = function ()
      return function ()
        local piece = fn()
        if piece ~= nil and type(piece) ~= "string" then
          usage("type", "the body function must return a string or nil, not "
            .. "a %s", type(piece))
        end
        return piece
      end
    end,
  }
end

---------------------------------------------------------------------------
-- multipart/form-data (RFC 7578).

-- A quoted name: browsers' escapes, WHATWG HTML "multipart form data".
local function quoted (text)
  return '"' .. text:gsub('[\r\n"]', { ["\r"] = "%0D", ["\n"] = "%0A",
                                       ['"'] = "%22" }) .. '"'
end

local part_fields = { name = "string", value = true, file = true, body = true,
                      filename = "string", type = "string" }

local function check_part (part, i)
  if type(part) ~= "table" then
    usage("type", "part %d of multipart must be a table, not a %s", i,
      type(part))
  end
  for key in pairs(part) do
    if not part_fields[key] then
      usage("option", "unknown field '%s' in part %d of multipart",
        tostring(key), i)
    end
  end
  for _, key in ipairs { "name", "filename", "type" } do
    local value = part[key]
    if value ~= nil and type(value) ~= "string" then
      usage("type", "'%s' in part %d of multipart must be a string, not a %s",
        key, i, type(value))
    end
  end
  if not part.name then
    usage("value", "part %d of multipart has no name", i)
  end
  local contents = (part.value ~= nil and 1 or 0)
    + (part.file ~= nil and 1 or 0) + (part.body ~= nil and 1 or 0)
  if contents ~= 1 then
    usage("value", "part %d of multipart must have one of value, file and "
      .. "body", i)
  end
  if part.type and part.type:find("%c") then
    usage("value", "'type' in part %d of multipart has a control character", i)
  end
end

-- A file by its path: opened anew for each sending.
local function of_path (path, i)
  if type(path) ~= "string" then
    usage("type", "'file' in part %d of multipart must be a path or a file "
      .. "handle, not a %s", i, type(path))
  end
  local file, message = io.open(path, "rb")
  local length = file and rest_of(file)
  if not file or not length then
    usage("value", "file of part %d of multipart: %s", i,
      message or path .. " has no length")
  end
  -- A directory opens, and fails to be read.
  local _, unreadable = file:read(0)
  file:close()
  if unreadable then
    usage("value", "file of part %d of multipart: %s: %s", i, path, unreadable)
  end
  return {
    length = length, replayable = true,
    open = function ()
      local again, why, errno = io.open(path, "rb")
      if not again then read_failed(why, errno) end
      local next_piece = pieces_of(again, length)
      return function ()
        local piece = next_piece()
        if not piece then again:close() end
        return piece
      end
    end,
  }
end

local function of_string (text)
  return {
    length = #text, replayable = true,
    open = function ()
      local done = false
      return function ()
        if done or text == "" then return nil end
        done = true
        return text
      end
    end,
  }
end

local function of_value (value, i)
  local kind = type(value)
  if kind == "number" or kind == "boolean" then value = tostring(value)
  elseif kind ~= "string" then
    usage("type", "'value' in part %d of multipart must be a string, number "
      .. "or boolean, not a %s", i, kind)
  end
  return of_string(value)
end

local function content_of (part, i)
  if part.value ~= nil then return of_value(part.value, i) end
  if part.file ~= nil then
    return is_file(part.file) and of_file(part.file) or of_path(part.file, i)
  end
  local body = M.of(part.body)
  return type(body) == "string" and of_string(body) or body
end

local function part_head (part, boundary)
  local filename = part.filename
    or type(part.file) == "string" and part.file:match("[^/]*$")
    or part.file and "file"
  return ("--%s\r\ncontent-disposition: form-data; name=%s%s\r\n%s\r\n")
    :format(boundary, quoted(part.name),
      filename and "; filename=" .. quoted(filename) or "",
      (part.type or filename) and "content-type: "
        .. (part.type or "application/octet-stream") .. "\r\n" or "")
end

-- The parts one after the other, and their sum.
local function joined (bodies)
  local length, replayable = 0, true
  for _, b in ipairs(bodies) do
    length = length and b.length and length + b.length
    replayable = replayable and b.replayable
  end
  return {
    length = length or nil, replayable = replayable,
    open = function ()
      local i, inner = 0, nil
      return function ()
        while true do
          local piece = inner and inner()
          if piece then return piece end
          i = i + 1
          if not bodies[i] then return nil end
          inner = bodies[i].open()
        end
      end
    end,
  }
end

local function multipart (parts)
  if type(parts) ~= "table" then
    usage("type", "option 'multipart' must be a list, not a %s", type(parts))
  elseif not require "https.check".is_list(parts) then
    usage("type", "option 'multipart' is a table, but no list")
  end
  local boundary = "lurl-" .. core.random(16):gsub(".", function (c)
    return ("%02x"):format(c:byte())
  end)
  local bodies = {}
  for i, part in ipairs(parts) do
    check_part(part, i)
    bodies[#bodies + 1] = of_string(part_head(part, boundary))
    bodies[#bodies + 1] = content_of(part, i)
    bodies[#bodies + 1] = of_string("\r\n")
  end
  if #bodies == 0 then usage("value", "option 'multipart' has no parts") end
  bodies[#bodies + 1] = of_string("--" .. boundary .. "--\r\n")
  return joined(bodies), "multipart/form-data; boundary=" .. boundary
end

---------------------------------------------------------------------------

-- M.of(value) -> a string or body object from the values of option body
function M.of (value)
  if type(value) == "string" then return value end
  if is_file(value) then return of_file(value) end
  if type(value) == "function" then return of_function(value) end
  usage("type", "option 'body' must be a string, a file or a function, not a "
    .. "%s", type(value))
end

local kinds = { "body", "json", "form", "multipart" }

-- M.from(options) -> body, content-type: what the one of body, json, form and
-- multipart that is there comes to; nil, nil without one
function M.from (options)
  if options.body == nil and options.json == nil and options.form == nil
     and options.multipart == nil then
    return nil
  end
  local given
  for _, kind in ipairs(kinds) do
    if options[kind] ~= nil then
      if given then
        usage("value", "options '%s' and '%s' contradict each other: a "
          .. "request has one body", given, kind)
      end
      given = kind
    end
  end
  local value = options[given]
  if given == "body" then return M.of(value) end
  if given == "json" then
    local ok, text = pcall(core.json_encode, value)
    if not ok then error(errors.complete(text), 0) end
    return text, "application/json"
  elseif given == "form" then
    return require "https.url".query(value, { form = true }),
      "application/x-www-form-urlencoded"
  end
  return multipart(value)
end

return M
