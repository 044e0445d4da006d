-- Sends a form with files, as a browser does (multipart/form-data, RFC 7578).
-- The files are read as they are sent, so that they may be of any size.
--
--   lurl upload https://example.org/photos title=Cat 'photo=@cat.jpg'

local https = require "https"

local usage = [[
usage: lurl upload [options] URL FIELD=VALUE...

Posts the fields and prints the answer.  FIELD=@FILE sends a file, and
FIELD=@FILE;TYPE says what it is, as in 'photo=@cat.jpg;image/jpeg'.

  --header LINE    "Name: value"; @FILE: the lines of a file, which keeps
                   secrets out of the list of processes
  --ca FILE        trust these certificates instead of the system's
]]

local function fail (message)
  io.stderr:write("upload: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local headers, parts = {}, {}
local ca, url

local function add_header (line)
  if line:find("^@") then
    local file <close> = io.open(line:sub(2)) or fail("cannot read " .. line)
    for each in file:lines() do add_header(each) end
    return
  end
  local name, value = line:match("^([^:]+):%s*(.*)$")
  if not name then fail("a header is \"Name: value\"") end
  headers[name] = value
end

local function add_part (word)
  local name, value = word:match("^([^=]+)=(.*)$")
  if not name then fail("no FIELD=VALUE: " .. word) end
  local file, kind = value:match("^@([^;]+);?(.*)$")
  parts[#parts + 1] = file
    and { name = name, file = file, type = kind ~= "" and kind or nil }
    or { name = name, value = value }
end

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--header" then add_header(value_of(word))
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif not url then url = word
  else add_part(word)
  end
end
if not url then fail("which URL?") end
if #parts == 0 then fail("nothing to send") end

local response = https.post(url, { multipart = parts, headers = headers,
                                   ca = ca })
io.write(response.body)
response:raise()
