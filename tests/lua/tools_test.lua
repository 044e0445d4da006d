-- Digests, HMAC, random bytes, base64 and public suffixes: published vectors,
-- and what is refused.
local t = require "tests.harness"
local core = require "https.core"

---------------------------------------------------------------------------
-- Digests.

local long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

-- RFC 1321 appendix A.5, FIPS 180-4's examples (RFC 6234 section 8.5).
local digests = {
  { "md5", "", "d41d8cd98f00b204e9800998ecf8427e" },
  { "md5", "abc", "900150983cd24fb0d6963f7d28e17f72" },
  { "sha1", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
  { "sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
  { "sha1", long, "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
  { "sha224", "abc",
    "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
  { "sha256", "",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
  { "sha256", "abc",
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { "sha256", long,
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
  { "sha256", ("a"):rep(1000000),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
  { "sha384", "abc",
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
    .. "8086072ba1e7cc2358baeca134c825a7" },
  { "sha512", "abc",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    .. "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
  { "sha512-256", "",
    "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a" },
  { "sha512-256", "abc",
    "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23" },
  -- Other ways to write a name.
  { "SHA-256", "abc",
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { "sha-512-256", "abc",
    "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23" },
  { "SHA512256", "abc",
    "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23" },
  { "MD5", "abc", "900150983cd24fb0d6963f7d28e17f72" },
  { "sha256", "a\0b",
    "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138" },
}

local function unhex (hex)
  return (hex:gsub("%x%x", function (xx)
    return string.char(tonumber(xx, 16))
  end))
end

for i, row in ipairs(digests) do
  local name, data, want = table.unpack(row)
  local label = ("digests/%d %s of %d bytes"):format(i, name, #data)
  t.test(label, function ()
    t.eq(https.hash(name, data), want)
    t.eq(https.hash(name, data, { raw = true }), unhex(want), "raw")
    t.eq(https.hash(name, data, { raw = false }), want, "not raw")
  end)
  t.test(label .. ", in pieces", function ()
    local d = core.digest(name)
    for at = 1, #data, 7 do d:update(data:sub(at, math.min(at + 6, #data))) end
    t.eq(d:hex(), want)
    t.eq(d:raw(), unhex(want), "raw, after hex")
    t.eq(d:update(""):hex(), want, "asked again")
  end)
end

-- RFC 7616 section 3.9.1.  (The example of 3.9.2 is made with SHA-512 cut to
-- 256 bits, which SHA-512/256 is not: see its errata.)
for _, row in ipairs {
  { "MD5", "8ca523f5e9506fed4657c9700eebdbec" },
  { "SHA-256",
    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" },
} do
  t.test("RFC 7616/" .. row[1], function ()
    local function h (s) return https.hash(row[1], s) end
    t.eq(h(h "Mufasa:http-auth@example.org:Circle of Life"
      .. ":7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001"
      .. ":f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth:"
      .. h "GET:/dir/index.html"), row[2])
  end)
end

t.test("a digest goes on after it was asked", function ()
  local d = core.digest("sha256"):update("a")
  t.eq(d:hex(), https.hash("sha256", "a"))
  t.eq(d:update("b"):hex(), https.hash("sha256", "ab"))
end)

t.test("a closed digest", function ()
  local d <close> = core.digest("md5")
  d:close()
  d:close()
  for _, method in ipairs { "update", "hex", "raw" } do
    local ok, err = pcall(d[method], d, "x")
    t.ok(not ok, method)
    t.match(err, "digest is closed", method)
  end
end)

-- RFC 4231, RFC 2202.
local macs = {
  { "1", "sha224", ("\x0b"):rep(20), "Hi There",
    "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22" },
  { "1", "sha256", ("\x0b"):rep(20), "Hi There",
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
  { "1", "sha384", ("\x0b"):rep(20), "Hi There",
    "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
    .. "faea9ea9076ede7f4af152e8b2fa9cb6" },
  { "1", "sha512", ("\x0b"):rep(20), "Hi There",
    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
    .. "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
  { "2", "sha256", "Jefe", "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
  { "3", "sha256", ("\xaa"):rep(20), ("\xdd"):rep(50),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
  { "6, a key longer than a block", "sha256", ("\xaa"):rep(131),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
  { "6, a key longer than a block", "sha512", ("\xaa"):rep(131),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
    .. "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
  { "7", "sha256", ("\xaa"):rep(131),
    "This is a test using a larger than block-size key and a larger than "
    .. "block-size data. The key needs to be hashed before being used by the "
    .. "HMAC algorithm.",
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
  { "RFC 2202", "md5", ("\x0b"):rep(16), "Hi There",
    "9294727a3638bb1c13f48ef8158bfc9d" },
  { "RFC 2202", "sha1", "Jefe", "what do ya want for nothing?",
    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
  { "no key, no data", "sha256", "", "",
    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
}

for _, row in ipairs(macs) do
  local label, name, key, data, want = table.unpack(row)
  t.test(("macs/%s, %s"):format(label, name), function ()
    t.eq(https.hmac(name, key, data), want)
    t.eq(https.hmac(name:upper(), key, data, { raw = true }), unhex(want))
  end)
end

---------------------------------------------------------------------------
-- Random bytes.

t.test("random bytes", function ()
  for _, n in ipairs { 0, 1, 16, 257, 1048576 } do
    t.eq(#https.random(n), n)
  end
  t.eq(#https.random(16.0), 16, "an integer in other clothes")
  t.ok(https.random(16) ~= https.random(16), "twice the same")
end)

t.test("random bytes are of all kinds", function ()
  local seen = {}
  https.random(65536):gsub(".", function (c) seen[c] = true end)
  local count = 0
  for _ in pairs(seen) do count = count + 1 end
  t.ok(count > 250, "different bytes: " .. count)
end)

---------------------------------------------------------------------------
-- Base64; tests/unit/base64_test.c has the rest.

local base64 = {
  { "nothing", "", "", "" },
  { "no padding", "foo", "Zm9v", "Zm9v" },
  { "one byte too many", "foob", "Zm9vYg==", "Zm9vYg" },
  { "two bytes too many", "fooba", "Zm9vYmE=", "Zm9vYmE" },
  { "the last digits", "\xfb\xff\xbf", "+/+/", "-_-_" },
  { "NUL", "\0\0", "AAA=", "AAA" },
}

for _, row in ipairs(base64) do
  local label, bytes, plain, url = table.unpack(row)
  t.test("base64/" .. label, function ()
    t.eq(https.base64.encode(bytes), plain)
    t.eq(https.base64.decode(plain), bytes)
    t.eq(https.base64.encode(bytes, { url = true }), url)
    t.eq(https.base64.decode(url, { url = true }), bytes)
    t.eq(https.base64.encode(bytes, { url = false }), plain)
  end)
end

t.test("base64/all lengths, there and back", function ()
  for n = 0, 300 do
    local bytes = https.random(n)
    t.eq(https.base64.decode(https.base64.encode(bytes)), bytes)
    t.eq(https.base64.decode(https.base64.encode(bytes, { url = true }),
                             { url = true }), bytes)
  end
end)

local bad_base64 = {
  { "no padding", "Zg", nil, "byte 2 of 2" },
  { "line end", "Zm9v\nYmFy", nil, "byte 5 of 9" },
  { "the other alphabet", "Zm-v", nil, "byte 3 of 4" },
  { "this alphabet", "Zm+v", { url = true }, "byte 3 of 4" },
  { "bits left over", "Zh==", nil, "byte 3 of 4" },
  { "something else", "hello, world", nil, "byte 6 of 12" },
}

for _, row in ipairs(bad_base64) do
  local label, text, options, want = table.unpack(row, 1, 4)
  t.test("bad_base64/" .. label, function ()
    local err = t.raises(function () https.base64.decode(text, options) end,
                         "decode", "corrupt")
    t.match(err.message, want)
    t.ok(not err.sent, "sent")
  end)
end

t.test("bad_base64/a hint for line ends", function ()
  local err = t.raises(function () https.base64.decode("Zm9v\r\nYmFy") end,
                       "decode", "corrupt")
  t.match(err.hint, "gsub")
end)

---------------------------------------------------------------------------
-- What is refused, and where.

local misuse = {
  { "unknown digest", function () https.hash("sha265", "") end, "value",
    "did you mean 'sha256'" },
  { "unknown digest of hmac", function () https.hmac("md6", "", "") end,
    "value", "did you mean 'md5'" },
  { "a digest like none", function () https.hash("whirlpool", "") end,
    "value", "there are md5, sha1" },
  { "an empty name", function () https.hash("", "") end, "value", "unknown" },
  { "dashes alone", function () https.hash("---", "") end, "value",
    "unknown" },
  { "a name with NUL", function () https.hash("md5\0", "") end, "value",
    "unknown" },
  { "no name", function () https.hash(nil, "") end, "type",
    "argument 1 of 'hash' must be a string, not nil" },
  { "no data", function () https.hash("md5") end, "type",
    "argument 2 of 'hash'" },
  { "a number as data", function () https.hash("md5", 5) end, "type",
    "not a number" },
  { "a table as data", function () https.hash("md5", {}) end, "type",
    "not a table" },
  { "options that are none", function () https.hash("md5", "", true) end,
    "type", "argument 3 of 'hash' must be a table" },
  { "unknown option", function () https.hash("md5", "", { rwa = true }) end,
    "option", "did you mean 'raw'" },
  { "option of a wrong type",
    function () https.hash("md5", "", { raw = 1 }) end, "type", "raw" },
  { "no key", function () https.hmac("md5", nil, "") end, "type",
    "argument 2 of 'hmac'" },
  { "no data for hmac", function () https.hmac("md5", "k") end, "type",
    "argument 3 of 'hmac'" },
  { "a negative number of bytes", function () https.random(-1) end, "value",
    "0 to 1048576, not %-1" },
  { "too many bytes", function () https.random(1048577) end, "value",
    "not 1048577" },
  { "half a byte", function () https.random(1.5) end, "value", "1%.5" },
  { "nan bytes", function () https.random(0 / 0) end, "value", "nan" },
  { "a string of bytes", function () https.random("8") end, "type",
    "a number, not a string" },
  { "how many bytes", function () https.random() end, "type", "not nil" },
  { "encode nothing", function () https.base64.encode() end, "type",
    "argument 1 of 'base64.encode'" },
  { "encode a number", function () https.base64.encode(1) end, "type",
    "not a number" },
  { "encode, unknown option",
    function () https.base64.encode("", { urll = true }) end, "option",
    "did you mean 'url'" },
  { "sleep for nothing", function () https.sleep() end, "type", "not nil" },
  { "sleep for a word", function () https.sleep("1") end, "type",
    "not a string" },
  { "sleep backwards", function () https.sleep(-1) end, "value",
    "0 to 1000000000 seconds, not %-1" },
  { "sleep for nan", function () https.sleep(0 / 0) end, "value", "nan" },
  { "sleep for ever", function () https.sleep(math.huge) end, "value", "inf" },
  { "an error of nothing", function () https.error() end, "type", "not nil" },
  { "an error of a word", function () https.error("x") end, "type",
    "not a string" },
  { "decode nothing", function () https.base64.decode() end, "type",
    "argument 1 of 'base64.decode'" },
  { "decode, unknown option",
    function () https.base64.decode("", { padding = true }) end, "option",
    "unknown option 'padding' of 'base64.decode'" },
}

for _, row in ipairs(misuse) do
  local label, fn, code, want = table.unpack(row)
  t.test("misuse/" .. label, function ()
    local err = t.raises(fn, "usage", code)
    t.match(err.message, want)
    t.match(err.where, "tools_test%.lua:%d+$", "where")
  end)
end

t.test("misuse/the message is one line", function ()
  local err = t.raises(function () https.hash("x\ny" .. ("z"):rep(999), "") end,
                       "usage", "value")
  t.ok(not err.message:find("\n"), err.message)
  t.ok(#err.message < 200, "length " .. #err.message)
end)

for _, row in ipairs {
  { "hash", function () core.hash("md7", "") end },
  { "hmac", function () core.hmac("md7", "", "") end },
  { "digest", function () core.digest("md7") end },
} do
  t.test("core." .. row[1] .. ": unknown digest", function ()
    t.raises(row[2], "usage", "value")
  end)
end

---------------------------------------------------------------------------
-- Public suffixes (https://publicsuffix.org/list/).

local with_list = t.run { cmd = { t.lurl, "-v" } }.stdout
  :find(", public suffixes", 1, true)

-- The third column: what it is without the list.
local suffixes = {
  { "com", true, true },
  { "example.com", false, false },
  { "co.uk", true, false },
  { "example.co.uk", false, false },
  { "uk", true, true },
  -- Private ones count, too.
  { "github.io", true, false },
  { "someone.github.io", false, false },
  { "blogspot.com", true, false },
  -- "*.ck" but not "www.ck"; "*.kawasaki.jp" but not "city.kawasaki.jp".
  { "ck", true, true },
  { "anything.ck", true, false },
  { "www.ck", false, false },
  { "anything.kawasaki.jp", true, false },
  { "city.kawasaki.jp", false, false },
  { "kobe.jp", true, false },
  -- International ones, as hosts are written here.
  { "xn--p1ai", true, true },
  { "xn--55qx5d.cn", true, false },
  { "xn--85x722f.xn--55qx5d.cn", false, false },
  -- Not listed: its last label is one.
  { "test", true, true },
  { "localhost", true, true },
  { "example.test", false, false },
  { "a.example.test", false, false },
  -- However it is written.
  { "CO.UK", true, false },
  { "Example.CO.UK", false, false },
  { "com.", true, true },
  { "co.uk.", true, false },
  { "example.com.", false, false },
  -- Addresses are nobody else's.
  { "127.0.0.1", false, false },
  { "::1", false, false },
  -- No name at all: safer taken for one.
  { "", true, true },
  { ".", true, true },
  { "a\0.example.com", true, true },
  { ("a"):rep(60) .. ("." .. ("b"):rep(60)):rep(4), true, true },
}

for _, row in ipairs(suffixes) do
  local name, listed, unlisted = table.unpack(row)
  t.test(("suffixes/%q"):format(name), function ()
    local want
    if with_list then want = listed else want = unlisted end
    t.eq(core.is_public_suffix(name), want)
  end)
end

---------------------------------------------------------------------------
-- The module itself.

t.test("tools are loaded when they are first asked for", function ()
  local r = t.run { cmd = { t.lurl, "-e", [[
    for _, name in ipairs { "base64", "hash", "hmac", "json", "random",
                            "url" } do
      assert(rawget(https, name) == nil, name)
      assert(https[name] and https[name] == rawget(https, name), name)
    end
    assert(https.nothing == nil and https[1] == nil)
    print "done" ]] } }
  t.eq(r.stdout, "done\n", r.stderr)
end)

t.finish()
