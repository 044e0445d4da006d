-- Records answers into a file, a tape, and replays them from there: the tests
-- of a script run without its server, and always see the same.  To copy: it is
-- a module, too, whose function makes a middleware:
--
--   local record = require "record"
--   api:use(record "tests/things.tape")
--
-- Where the tape exists it is played: each request gets the answer that the
-- same one (method, URL, body) got then, in the same order, and one that is not
-- on it is an error.  Remove the tape to record anew.  What a request said in
-- its headers and cookies that were set are not on it; look through the rest,
-- URLs above all, for what should stay secret.

local https = require "https"

local function read (path)
  local file <close> = io.open(path, "rb")
  return file and https.json.decode(file:read("a"))
end

local function write (path, tape)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(https.json.encode(tape, { pretty = true }), "\n"))
end

local function name_of (request)
  local body = request.body
  if type(body) == "table" then body = "stream" end
  return request.method .. " " .. request.url
    .. (body and " " .. https.hash("sha256", body) or "")
end

-- An answer as it is on the tape; text where it is some, for who reads it.
local function entry_of (name, response)
  local headers, body = {}, response.body
  for field, value in pairs(response.headers) do
    if field:lower() ~= "set-cookie" then
      headers[#headers + 1] = { field, value }
    end
  end
  local is_text = utf8.len(body)
  return {
    request = name, url = response.url, status = response.status,
    reason = response.reason, headers = https.json.array(headers),
    text = is_text and body or nil,
    base64 = not is_text and https.base64.encode(body) or nil,
  }
end

local function response_of (entry)
  local response = https.response {
    status = entry.status, reason = entry.reason, url = entry.url,
    body = entry.text or https.base64.decode(entry.base64),
  }
  for _, line in ipairs(entry.headers) do
    response.headers:add(line[1], line[2])
  end
  return response
end

-- record(path) -> middleware
local function record (path)
  local tape = read(path)
  if tape then
    return function (request)
      local name = name_of(request)
      for i, entry in ipairs(tape) do
        if entry.request == name then
          return response_of(table.remove(tape, i))
        end
      end
      error(("%s has no answer, or no more, to %s"):format(path, name), 0)
    end
  end
  tape = {}
  return function (request, next)
    local name = name_of(request)
    local response = next(request)
    tape[#tape + 1] = entry_of(name, response)
    write(path, tape)
    return response
  end
end

if debug.getinfo(2, "f").func == require then return record end

---------------------------------------------------------------------------

local usage = [[
usage: lurl record [options] TAPE URL...

Gets each URL and prints its status and size: records TAPE where there is none,
else plays it and asks no server.

  --ca FILE        trust these certificates instead of the system's
]]

local function fail (message)
  io.stderr:write("record: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local ca, tape
local urls = {}

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif not tape then tape = word
  else urls[#urls + 1] = word
  end
end
if #urls == 0 then fail("which tape, and which URLs?") end

local session <close> = https.session { ca = ca }
session:use(record(tape))
for _, url in ipairs(urls) do
  local response = session:get(url)
  print(response.status, #response.body, url)
end
