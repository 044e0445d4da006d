-- Signs requests for AWS and what speaks like it (Signature Version 4).  To
-- copy: it is a module, too, whose function may be option auth, so that what it
-- signs goes to the origin it is for and every try is signed anew:
--
--   local sign = require "sign"
--   local bucket <close> = https.session {
--     base = "https://bucket.s3.eu-central-1.amazonaws.com/",
--     auth = sign { key = "AKIA...", secret = "...",
--                   region = "eu-central-1", service = "s3" } }
--   print(bucket:get("hello.txt"):raise().body)

local https = require "https"

local function hmac (key, data)
  return https.hmac("sha256", key, data, { raw = true })
end

-- All but unreserved characters as %XX; what is encoded already stays.
local function encode (text)
  return https.url.encode(https.url.decode(text))
end

-- S3 takes the path as it is, the others encode it once more; either way a
-- slash is a slash.
local function canonical_path (path, twice)
  local one = twice and https.url.encode or encode
  return (path:gsub("[^/]+", one))
end

-- "b=2&a" -> "a=&b=2"
local function canonical_query (query)
  local pairs = {}
  for name, value in query:gmatch("([^&=]+)=?([^&]*)") do
    pairs[#pairs + 1] = { encode(name), encode(value) }
  end
  table.sort(pairs, function (a, b)
    return a[1] < b[1] or a[1] == b[1] and a[2] < b[2]
  end)
  for i, pair in ipairs(pairs) do pairs[i] = table.concat(pair, "=") end
  return table.concat(pairs, "&")
end

-- Written later than we sign, or by who is on the way.
local unsigned = {
  ["accept"] = true, ["accept-encoding"] = true, ["connection"] = true,
  ["content-length"] = true, ["user-agent"] = true,
}

-- "host:example.org\nx-amz-date:...\n", and the names: "host;x-amz-date"
local function canonical_headers (headers, host)
  local values, names = { host = { host } }, { "host" }
  for name, value in pairs(headers) do
    name = name:lower()
    if name ~= "host" and not unsigned[name] then
      if not values[name] then values[name], names[#names + 1] = {}, name end
      value = value:match("^%s*(.-)%s*$"):gsub(" +", " ")
      table.insert(values[name], value)
    end
  end
  table.sort(names)
  local lines = {}
  for i, name in ipairs(names) do
    lines[i] = name .. ":" .. table.concat(values[name], ",") .. "\n"
  end
  return table.concat(lines), table.concat(names, ";")
end

-- A body that is read as it is sent cannot be signed before; S3 takes it over
-- TLS all the same.
local function digest_of (body, service)
  if type(body) ~= "table" then return https.hash("sha256", body or "") end
  assert(service == "s3", "sign: only S3 takes a body that is no string")
  return "UNSIGNED-PAYLOAD"
end

-- sign{key=, secret=, token=, region=, service=, twice=, time=} -> a function
-- for option auth, or a middleware
local function sign (o)
  local time, twice = o.time or os.time, o.twice
  if twice == nil then twice = o.service ~= "s3" end
  return function (request, next)
    local headers = request.headers
    local host, path, query = request.url:match("//([^/?]+)([^?]*)%??(.*)")
    local date = os.date("!%Y%m%dT%H%M%SZ", time())
    local scope = ("%s/%s/%s/aws4_request"):format(date:sub(1, 8), o.region,
      o.service)
    local digest = digest_of(request.body, o.service)
    headers["x-amz-date"] = date
    headers["x-amz-security-token"] = o.token
    if o.service == "s3" then headers["x-amz-content-sha256"] = digest end
    local lines, names = canonical_headers(headers, headers["host"] or host)
    local canonical = table.concat({ request.method,
      canonical_path(path, twice), canonical_query(query), lines, names,
      digest }, "\n")
    local key = "AWS4" .. o.secret
    for part in scope:gmatch("[^/]+") do key = hmac(key, part) end
    headers["authorization"] = ("AWS4-HMAC-SHA256 Credential=%s/%s, "
      .. "SignedHeaders=%s, Signature=%s"):format(o.key, scope, names,
      https.hmac("sha256", key, table.concat({ "AWS4-HMAC-SHA256", date, scope,
        https.hash("sha256", canonical) }, "\n")))
    if next then return next(request) end
  end
end

if debug.getinfo(2, "f").func == require then return sign end

---------------------------------------------------------------------------

local usage = [[
usage: lurl sign [options] URL

Sends a signed request and prints the answer.  The keys come from the
environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones,
AWS_SESSION_TOKEN.

  --service NAME   s3, execute-api, ... (default s3)
  --region NAME    default: AWS_REGION, or us-east-1
  --method NAME    default GET, or PUT with --body
  --body FILE      send this file
  --ca FILE        trust these certificates instead of the system's
]]

local function fail (message)
  io.stderr:write("sign: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local service, region = "s3", os.getenv "AWS_REGION" or "us-east-1"
local method, file, ca, url

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--service" then service = value_of(word)
  elseif word == "--region" then region = value_of(word)
  elseif word == "--method" then method = value_of(word)
  elseif word == "--body" then file = value_of(word)
  elseif word == "--ca" then ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif url then fail("one URL only")
  else url = word
  end
end

local key = os.getenv "AWS_ACCESS_KEY_ID"
local secret = os.getenv "AWS_SECRET_ACCESS_KEY"
if not url then fail("which URL?") end
if not key or not secret then
  fail("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
end

local body = file and (io.open(file, "rb") or fail("cannot read " .. file))
if body and service ~= "s3" then body = body:read("a") end

local response = https.request(method or body and "PUT" or "GET", url, {
  ca = ca, body = body or nil,
  auth = sign { key = key, secret = secret, service = service, region = region,
                token = os.getenv "AWS_SESSION_TOKEN" },
})
io.write(response.body)
response:raise()
