-- Downloads a file, with a bar on the terminal: going on where an earlier try
-- ended, and put in its place only when all of it is there and it has the
-- digest that it should have.
--
--   lurl fetch --resume --sha256 HEX https://example.org/big.iso

local https = require "https"

local usage = [[
usage: lurl fetch [options] URL

Saves what is there and prints the file's name.

  --output FILE    where to (default: the URL's last part; - is stdout)
  --resume         keep FILE.part if it fails, and go on from there next time
  --sha256 HEX     the digest that the file must have
  --header LINE    "Name: value"; @FILE: the lines of a file, which keeps
                   secrets out of the list of processes
  --ca FILE        trust these certificates instead of the system's
  --retries N      more tries where the connection fails (default 3)
  --quiet          no bar
]]

local function fail (message)
  io.stderr:write("fetch: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local options = { progress = true, retries = 3, headers = {} }
local url

local function add_header (line)
  if line:find("^@") then
    local file <close> = io.open(line:sub(2)) or fail("cannot read " .. line)
    for each in file:lines() do add_header(each) end
    return
  end
  local name, value = line:match("^([^:]+):%s*(.*)$")
  if not name then fail("a header is \"Name: value\"") end
  options.headers[name] = value
end

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--output" then options.output = value_of(word)
  elseif word == "--resume" then options.resume = true
  elseif word == "--sha256" then options.sha256 = value_of(word)
  elseif word == "--header" then add_header(value_of(word))
  elseif word == "--ca" then options.ca = value_of(word)
  elseif word == "--retries" then
    options.retries = math.tointeger(value_of(word))
      or fail("--retries takes a number")
  elseif word == "--quiet" then options.progress = nil
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif url then fail("one URL only")
  else url = word
  end
end

if not url then fail("which URL?") end
if not options.output then
  local path = url:match("^[^?#]*")
  options.output = path:match("^%w+://[^/]+/.-([^/]+)$")
    or fail("the URL names no file: say --output FILE")
end

local name = options.output
if name == "-" then options.output = io.stdout end
https.get(url, options):raise()
if name ~= "-" then print(name) end
