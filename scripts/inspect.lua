-- Looks at a server's TLS, sends it nothing, and says everything that is wrong
-- with its certificates, or soon will be.
--
--   lurl inspect example.org
--   lurl inspect --quiet --days 14 example.org:8443 || mail ...

local https = require "https"

local usage = [[
usage: lurl inspect [options] HOST[:PORT] or URL

Shows who signed the server's certificate, whether a request would accept it,
and if not, everything that is wrong and what to do about it.

  --json             for programs: one line
  --pem              the certificates as the server sent them, for a file
  --days N           fail when one of them is valid for fewer days
  --quiet            say nothing when all is well
  --no-offers        do not try which versions and ciphers the server takes
  --ca FILE          trust these certificates instead of the system's
  --servername NAME  ask for, and expect, this name
  --address IP[:PORT]
                     connect there
  --timeout SECONDS  for all of it

Exit status: 0 good; 2 usage; 4 no connection; 5 refused, no TLS, or fewer
than --days left.
]]

local function fail (message)
  io.stderr:write("inspect: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local function number_of (option)
  return tonumber(value_of(option)) or fail(option .. " takes a number")
end

local options = { offers = true }
local target, address, form, is_quiet

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--json" or word == "--pem" then form = word
  elseif word == "--days" then options.days = number_of(word)
  elseif word == "--quiet" then is_quiet = true
  elseif word == "--no-offers" then options.offers = nil
  elseif word == "--ca" then options.ca = value_of(word)
  elseif word == "--servername" then options.servername = value_of(word)
  elseif word == "--address" then address = value_of(word)
  elseif word == "--timeout" then options.timeout = number_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif target then fail("one URL or host only")
  else target = word
  end
end

if not target then fail("which server?") end
if form == "--pem" then options.offers = nil end

-- An address stands for whatever host and port the target names.
if address then
  local url = target:find("://", 1, true) and target
    or "https://" .. target .. "/"
  local parts = https.url.parse(url)
  options.resolve = { [parts.host .. ":" .. parts.port] = address }
end

-- What JSON can hold: lists that are lists when they are empty, too, and the
-- way to the root by digest.
local function plain (report)
  local t = { chain = https.json.array {}, path = https.json.array {} }
  for _, name in ipairs { "host", "port", "verified", "trust", "version",
                          "cipher", "alpn", "ocsp", "offers" } do
    t[name] = report[name]
  end
  for _, name in ipairs { "problems", "warnings" } do
    t[name] = https.json.array(report[name])
  end
  for i, fact in ipairs(report.chain) do
    t.chain[i] = fact
    https.json.array(fact.names)
  end
  for i, fact in ipairs(report.path) do t.path[i] = fact.sha256 end
  local err = report.error
  if err then
    t.error = { kind = err.kind, code = err.code, message = err.message }
  end
  return t
end

local report = https.inspect(target, options)
local is_short = false
for _, warning in ipairs(options.days and report.warnings or {}) do
  is_short = is_short or warning.code == "expires-soon"
end
local is_good = report.verified and not is_short

if form == "--pem" then
  for _, fact in ipairs(report.chain) do io.write(fact.pem) end
elseif form == "--json" then
  print(https.json.encode(plain(report)))
elseif not (is_quiet and is_good) then
  io.write(report:picture())
end
os.exit(is_good and 0 or 5, true)
