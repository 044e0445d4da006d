-- scripts/sign.lua, by the figures that AWS has published.
local t = require "tests.harness"
local s = require "tests.lua.scripts"
local https = require "https"

local serve, at, answering, leading, run_ca, check_status, answer = s.serve,
  s.at, s.answering, s.leading, s.run_ca, s.check_status, s.answer

local sign = require "scripts.sign"

-- What a request is signed as, without sending it.
local function signature (o, row)
  local session <close> = https.session {}
  local headers
  session.transport = function (request)
    headers = request.headers
    return https.response {}
  end
  session:request(row.method or "GET", row.url, {
    auth = sign(o), headers = row.headers, body = row.body })
  return headers["authorization"], headers
end

-- The figures of AWS's own test suite (aws-sig-v4-test-suite).
local suite = {
  key = "AKIDEXAMPLE", secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region = "us-east-1", service = "service",
  time = function () return 1440938160 end,  -- 20150830T123600Z
  twice = false,  -- its paths are not encoded yet
}

local ALL = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

local suite_rows = {
  { label = "get-vanilla", path = "/",
    want = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
  { label = "get-vanilla-query-order-key-case",
    path = "/?Param2=value2&Param1=value1",
    want = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
  { label = "get-vanilla-empty-query-key", path = "/?Param1=value1",
    want = "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
  { label = "get-vanilla-query-order-value",
    path = "/?Param1=value2&Param1=value1",
    want = "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694" },
  { label = "get-vanilla-query-order-encoded",
    path = "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
    want = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac" },
  { label = "get-vanilla-query-unreserved", path = "/?" .. ALL .. "=" .. ALL,
    want = "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197" },
  { label = "get-vanilla-utf8-query", path = "/?\u{1234}=bar",
    want = "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
  { label = "get-utf8", path = "/\u{1234}",
    want = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
  { label = "get-space", path = "/example space/",
    want = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
  { label = "get-unreserved", path = "/" .. ALL,
    want = "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
  { label = "get-slash-pointless-dot", path = "/./example",
    want = "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5" },
  { label = "get-header-key-duplicate", path = "/",
    headers = { ["My-Header1"] = { "value2", "value2", "value1" } },
    want = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
  { label = "get-header-value-order", path = "/",
    headers = { ["My-Header1"] = { "value4", "value1", "value3", "value2" } },
    want = "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01" },
  { label = "get-header-value-trim", path = "/",
    headers = { ["My-Header1"] = " value1", ["My-Header2"] = ' "a   b   c"' },
    want = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
  { label = "post-vanilla", path = "/", method = "POST",
    want = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
  { label = "post-vanilla-query", path = "/?Param1=value1", method = "POST",
    want = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11" },
  { label = "post-header-key-sort", path = "/", method = "POST",
    headers = { ["My-Header1"] = "value1" },
    want = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c" },
  { label = "post-header-value-case", path = "/", method = "POST",
    headers = { ["My-Header1"] = "VALUE1" },
    want = "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d" },
  { label = "post-x-www-form-urlencoded", path = "/", method = "POST",
    headers = { ["Content-Type"] = "application/x-www-form-urlencoded" },
    body = "Param1=value1",
    want = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
  { label = "post-sts-header-before", path = "/", method = "POST",
    token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwd"
      .. "QWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcG"
      .. "dQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU"
      .. "9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
      .. "scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
    want = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" },
}

for _, row in ipairs(suite_rows) do
  t.test("sign/" .. row.label, function ()
    row.url = "https://example.amazonaws.com" .. row.path
    local o = setmetatable({ token = row.token }, { __index = suite })
    t.match(signature(o, row), "^AWS4%-HMAC%-SHA256 Credential=AKIDEXAMPLE/"
      .. "20150830/us%-east%-1/service/aws4_request, SignedHeaders=[%l%d;-]+, "
      .. "Signature=" .. row.want .. "$")
  end)
end

-- The examples in the documentation of S3, "Signature Calculations for the
-- Authorization Header".
local s3 = {
  key = "AKIAIOSFODNN7EXAMPLE",
  secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  region = "us-east-1", service = "s3",
  time = function () return 1369353600 end,  -- 20130524T000000Z
}

local s3_rows = {
  { label = "GET object", path = "/test.txt", headers = { range = "bytes=0-9" },
    signed = "host;range;x-amz-content-sha256;x-amz-date",
    want = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
  { label = "PUT object", path = "/test$file.text", method = "PUT",
    headers = { date = "Fri, 24 May 2013 00:00:00 GMT",
                ["x-amz-storage-class"] = "REDUCED_REDUNDANCY" },
    body = "Welcome to Amazon S3.",
    signed = "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    want = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
  { label = "GET bucket lifecycle", path = "/?lifecycle",
    signed = "host;x-amz-content-sha256;x-amz-date",
    want = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
  { label = "list objects", path = "/?prefix=J&max-keys=2",
    signed = "host;x-amz-content-sha256;x-amz-date",
    want = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
}

for _, row in ipairs(s3_rows) do
  t.test("sign/S3: " .. row.label, function ()
    row.url = "https://examplebucket.s3.amazonaws.com" .. row.path
    t.eq(signature(s3, row), "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"
      .. "20130524/us-east-1/s3/aws4_request, SignedHeaders=" .. row.signed
      .. ", Signature=" .. row.want)
  end)
end

t.test("sign/as a middleware", function ()
  local session <close> = https.session {}
  session:use(sign(suite))
  session.transport = function (request)
    return https.response { body = request.headers["authorization"] }
  end
  t.match(session:get("https://example.amazonaws.com/").body,
    suite_rows[1].want .. "$")
end)

t.test("sign/the path is encoded once more", function ()
  local once = { url = "https://example.amazonaws.com/a%2520b" }
  local twice = { url = "https://example.amazonaws.com/a%20b" }
  local o = setmetatable({}, { __index = suite })
  local want = signature(o, once)
  o.twice = true
  t.eq(signature(o, twice), want)
  local own = {}
  for name, value in pairs(suite) do own[name] = value end
  own.twice = nil
  t.eq(signature(own, twice), want, "unless said otherwise")
  own.service = "s3"
  local as_it_is = signature(own, twice)
  own.twice = false
  t.eq(signature(own, twice), as_it_is, "but for S3")
end)

t.test("sign/a body that is read as it is sent", function ()
  local row = { url = "https://example.amazonaws.com/", method = "PUT",
                body = function () return nil end }
  local _, headers = signature(s3, row)
  t.eq(headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD")
  local ok, err = pcall(signature, suite, row)
  t.eq(ok, false)
  t.match(err, "only S3")
end)

local KEYS = { AWS_ACCESS_KEY_ID = "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY = "x",
               AWS_SESSION_TOKEN = "temporary", AWS_REGION = false }

t.test("sign/sent", function ()
  local file = t.tmpdir() .. "/body"
  t.write(file, "hello")
  local server <close> = serve { "head", "body", 5, "send", answer "done" }
  local got = run_ca("sign", { "--region", "eu-west-1", "--body", file,
    "--service", "execute-api", at(server, "/x") }, KEYS)
  check_status(got, 0, "sign")
  t.eq(got.stdout, "done")
  local request = server:expect "^request 0 (.*)"
  t.match(request, "^PUT /x ")
  t.match(request, "Credential=AKIDEXAMPLE/%d+/eu%-west%-1/execute%-api/aws4_"
    .. "request, SignedHeaders=host;x%-amz%-date;x%-amz%-security%-token, ")
  t.eq(server:expect "^body 0 (.*)", "hello")
end)

t.test("sign/not for another origin", function ()
  local server, other = leading("location: %s\r\n", "302 Found")
  check_status(run_ca("sign", { at(server) }, KEYS), 0, "sign")
  t.match(server:expect "^request 0 (.*)", "temporary")
  local request = other:expect "^request 0 (.*)"
  t.eq(request:find "temporary" or request:find "[Aa]uthorization", nil,
    request)
end)

t.test("sign/403", function ()
  local server <close> = answering { answer("<Error/>", nil, "403 No") }
  local got = run_ca("sign", { at(server) }, KEYS)
  check_status(got, 8, "sign")
  t.eq(got.stdout, "<Error/>")
end)

t.finish()
