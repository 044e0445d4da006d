-- Challenges as servers write them (RFC 9110 section 11).
local t = require "tests.harness"
local core = require "https.core"
local challenge = require "https.challenge"

-- A list of challenges as one line: scheme(name=<value> ...), names sorted.
local function describe (list)
  local all = {}
  for i, one in ipairs(list) do
    local words = {}
    for name, value in pairs(one.params) do
      words[#words + 1] = name .. "=<" .. value .. ">"
    end
    table.sort(words)
    all[i] = one.scheme .. "(" .. table.concat(words, " ") .. ")"
  end
  return table.concat(all, " ")
end

local rows = {
  { "one", 'Basic realm="x"', "basic(realm=<x>)" },
  { "no parameters", "Negotiate", "negotiate()" },
  { "tokens", "Digest algorithm=MD5, stale=TRUE",
    "digest(algorithm=<MD5> stale=<TRUE>)" },
  { "names in any case", 'DIGEST Realm="x", NONCE="y"',
    "digest(nonce=<y> realm=<x>)" },
  { "two", 'Basic realm="x", Digest realm="y", nonce="z"',
    "basic(realm=<x>) digest(nonce=<z> realm=<y>)" },
  { "the RFC's list", 'Newauth realm="apps", type=1, title="Login to '
    .. '\\"apps\\"", Basic realm="simple"',
    'newauth(realm=<apps> title=<Login to "apps"> type=<1>) '
    .. "basic(realm=<simple>)" },
  { "comma in quotes", 'Digest qop="auth,auth-int", realm="a, Basic b=c"',
    "digest(qop=<auth,auth-int> realm=<a, Basic b=c>)" },
  { "escapes", [[Basic realm="a\"b\\c\d"]], [[basic(realm=<a"b\cd>)]] },
  { "empty value", 'Basic realm=""', "basic(realm=<>)" },
  { "spaces around =", 'Basic realm = "x" , charset\t=\tUTF-8',
    "basic(charset=<UTF-8> realm=<x>)" },
  { "no space behind the comma", 'Digest realm="x",nonce="y"',
    "digest(nonce=<y> realm=<x>)" },
  { "several spaces", 'Digest    realm="x",   nonce="y"',
    "digest(nonce=<y> realm=<x>)" },
  { "empty members", ', ,Basic realm="x",, ,Digest realm="y",',
    "basic(realm=<x>) digest(realm=<y>)" },
  { "token68", 'Negotiate YII+/=, Basic realm="x"',
    "negotiate() basic(realm=<x>)" },
  { "token68 at the end", "NTLM TlRMTVNTUAAC==", "ntlm()" },
  { "token68 without =", 'Negotiate abc, Basic realm="x"',
    "negotiate() basic(realm=<x>)" },
  { "schemes without parameters", "Negotiate, NTLM", "negotiate() ntlm()" },
  { "the first of two equals", 'Basic realm="x", realm="y"',
    "basic(realm=<x>)" },
  { "UTF-8", 'Basic realm="ü"', "basic(realm=<ü>)" },

  { "nothing", "", "" },
  { "commas", " , ,", "" },
  { "parameter without a scheme", 'realm="x", Basic realm="y"', "" },
  { "quote without an end", 'Digest nonce="y", realm="x', "digest(nonce=<y>)" },
  { "backslash at the end", 'Digest nonce="y", realm="x\\',
    "digest(nonce=<y>)" },
  { "no value", 'Digest nonce="y", realm=, qop=auth', "digest(nonce=<y>)" },
  { "no token", 'Digest nonce="y", @="x", qop=auth', "digest(nonce=<y>)" },
}

for _, row in ipairs(rows) do
  t.test("parse/" .. row[1], function ()
    t.eq(describe(challenge.parse(row[2])), row[3])
  end)
end

t.test("parse/a megabyte that ends badly", function ()
  challenge.parse("Digest realm=\"" .. ("\\x"):rep(1 << 19))
  challenge.parse(("a"):rep(1 << 20) .. "\"")
  challenge.parse("A " .. ("x"):rep(1 << 20) .. "\"")
  challenge.parse("A" .. (" "):rep(1 << 20) .. "\"")
end)

t.test("of", function ()
  local headers = core.headers()
  t.eq(challenge.of(headers, "www-authenticate"), {})
  headers["www-authenticate"] = { 'Basic realm="x"', "Digest nonce=y, B" }
  t.eq(describe(challenge.of(headers, "www-authenticate")),
    "basic(realm=<x>) digest(nonce=<y>) b()")
end)

t.test("params", function ()
  t.eq(challenge.params('nextnonce="a", qop=auth , rspauth="b"'),
    { nextnonce = "a", qop = "auth", rspauth = "b" })
  t.eq(challenge.params(""), {})
  t.eq(challenge.params("="), {})
end)

t.finish()
