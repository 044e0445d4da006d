-- Which cookies a jar takes, keeps and sends: RFC 6265bis sections 5.7 and 5.8.
local t = require "tests.harness"
local core = require "https.core"
local cookie_jar = require "https.cookie_jar"

local NOW = 1700000000  -- Tue, 14 Nov 2023 22:13:20 GMT
local DAY = 86400

local public = { ["co.uk"] = true, ["github.io"] = true, ["example"] = true,
                 ["org"] = true, ["com"] = true, ["uk"] = true }

local function new_jar (clock)
  return cookie_jar.new {
    now = clock or function () return NOW end,
    is_public_suffix = function (domain)
      return public[domain] or not domain:find(".", 1, true)
    end,
  }
end

local function parts (url) return core.url(url) end

---------------------------------------------------------------------------
-- The jar (sections 5.7 and 5.8).
-- label
-- from: URL that sets (https://www.example.org/dir/page)
-- set:  a line, or a list of them
-- why:  how the last line is refused
-- to:   {URL = cookie header, or false}

local FROM = "https://www.example.org/dir/page"

local jars = {}

jars.domain = {
  { label = "host-only", set = "a=b; path=/", to = {
    ["https://www.example.org/"] = "a=b",
    ["https://WWW.Example.ORG/"] = "a=b",
    ["https://example.org/"] = false,
    ["https://x.www.example.org/"] = false,
    ["https://wwwexample.org/"] = false } },
  { label = "its own domain", set = "a=b; path=/; domain=www.example.org",
    to = { ["https://www.example.org/"] = "a=b",
           ["https://x.www.example.org/"] = "a=b",
           ["https://y.x.www.example.org/"] = "a=b",
           ["https://example.org/"] = false,
           ["https://xwww.example.org/"] = false } },
  { label = "a domain above", set = "a=b; path=/; domain=example.org", to = {
    ["https://www.example.org/"] = "a=b",
    ["https://example.org/"] = "a=b",
    ["https://other.example.org/"] = "a=b",
    ["https://badexample.org/"] = false,
    ["https://example.org.evil.com/"] = false } },
  { label = "leading dot", set = "a=b; path=/; domain=.example.org",
    to = { ["https://example.org/"] = "a=b" } },
  { label = "upper case", set = "a=b; path=/; domain=EXAMPLE.org",
    to = { ["https://example.org/"] = "a=b" } },
  { label = "empty", set = "a=b; path=/; domain=", to = {
    ["https://www.example.org/"] = "a=b", ["https://example.org/"] = false } },
  { label = "a dot", set = "a=b; path=/; domain=.", to = {
    ["https://www.example.org/"] = "a=b", ["https://example.org/"] = false } },
  { label = "the last is empty", set = "a=b; path=/; domain=example.org; "
    .. "domain=", to = { ["https://example.org/"] = false,
                         ["https://www.example.org/"] = "a=b" } },
  { label = "the last counts", set = "a=b; domain=other.org; "
    .. "domain=example.org; path=/",
    to = { ["https://example.org/"] = "a=b" } },
  { label = "the last counts, and is wrong", why = "domain",
    set = "a=b; domain=example.org; domain=other.org" },
  { label = "another", set = "a=b; domain=example.net", why = "domain" },
  { label = "a sibling", set = "a=b; domain=x.example.org", why = "domain" },
  { label = "below", set = "a=b; domain=x.www.example.org", why = "domain" },
  { label = "part of a label", set = "a=b; domain=ample.org", why = "domain" },
  { label = "two dots", set = "a=b; domain=..example.org", why = "domain" },
  { label = "trailing dot", set = "a=b; domain=example.org.", why = "domain" },
  { label = "quoted", set = 'a=b; domain="example.org"', why = "domain" },
  { label = "with a port", set = "a=b; domain=example.org:443",
    why = "domain" },
  { label = "not ASCII", set = "a=b; domain=bücher.org", why = "domain" },
  { label = "not ASCII, though it is the host", why = "domain",
    from = "https://bücher.example.org/",
    set = "a=b; domain=bücher.example.org" },
  { label = "punycode", from = "https://www.bücher.org/",
    set = "a=b; domain=xn--bcher-kva.org",
    to = { ["https://bücher.org/"] = "a=b" } },
  { label = "ports share", from = "https://example.org:8443/", set = "a=b",
    to = { ["https://example.org/"] = "a=b" } },
}

jars.suffix = {
  { label = "a top-level domain", set = "a=b; domain=org",
    why = "public-suffix" },
  { label = "with a dot in front", set = "a=b; domain=.org",
    why = "public-suffix" },
  { label = "of two labels", from = "https://shop.co.uk/",
    set = "a=b; domain=co.uk", why = "public-suffix" },
  { label = "with a trailing dot", from = "https://shop.co.uk./",
    set = "a=b; domain=co.uk.", why = "public-suffix" },
  { label = "below it", from = "https://www.shop.co.uk/",
    set = "a=b; domain=shop.co.uk",
    to = { ["https://shop.co.uk/"] = "a=b", ["https://co.uk/"] = false } },
  { label = "that is the host", from = "https://github.io/",
    set = "a=b; domain=github.io",
    to = { ["https://github.io/"] = "a=b", ["https://x.github.io/"] = false } },
  { label = "localhost", from = "https://localhost/",
    set = "a=b; domain=localhost",
    to = { ["https://localhost/"] = "a=b", ["https://x.localhost/"] = false } },
  { label = "a name without dots", from = "https://intranet/", set = "a=b",
    to = { ["https://intranet/"] = "a=b" } },
}

jars.address = {
  { label = "IPv4", from = "https://192.0.2.1/", set = "a=b",
    to = { ["https://192.0.2.1/"] = "a=b", ["https://192.0.2.2/"] = false } },
  { label = "IPv4, itself", from = "https://192.0.2.1/",
    set = "a=b; domain=192.0.2.1", to = { ["https://192.0.2.1/"] = "a=b" } },
  { label = "IPv4, a part", from = "https://192.0.2.1/",
    set = "a=b; domain=2.1", why = "domain" },
  { label = "IPv4, a part with a dot", from = "https://192.0.2.1/",
    set = "a=b; domain=.0.2.1", why = "domain" },
  { label = "IPv6", from = "https://[2001:db8::1]/", set = "a=b",
    to = { ["https://[2001:db8::1]/"] = "a=b",
           ["https://[2001:db8::2]/"] = false } },
  { label = "IPv6 in brackets", from = "https://[2001:db8::1]/",
    set = "a=b; domain=[2001:db8::1]", why = "public-suffix" },
}

jars.path = {
  { label = "default", set = "a=b", to = {
    ["https://www.example.org/dir/page"] = "a=b",
    ["https://www.example.org/dir"] = "a=b",
    ["https://www.example.org/dir/"] = "a=b",
    ["https://www.example.org/dir/x/y?q"] = "a=b",
    ["https://www.example.org/"] = false,
    ["https://www.example.org/directory"] = false,
    ["https://www.example.org/DIR/page"] = false } },
  { label = "default of a directory", from = "https://example.org/x/y/",
    set = "a=b", to = { ["https://example.org/x/y"] = "a=b",
                        ["https://example.org/x/y/z"] = "a=b",
                        ["https://example.org/x/"] = false } },
  { label = "default at the top", from = "https://example.org/page",
    set = "a=b", to = { ["https://example.org/"] = "a=b" } },
  { label = "default without a path", from = "https://example.org?x=/y/z",
    set = "a=b", to = { ["https://example.org/"] = "a=b" } },
  { label = "default of two slashes", from = "https://example.org//x",
    set = "a=b", to = { ["https://example.org/"] = "a=b" } },
  { label = "given", set = "a=b; path=/x", to = {
    ["https://www.example.org/x"] = "a=b",
    ["https://www.example.org/x/"] = "a=b",
    ["https://www.example.org/x/y"] = "a=b",
    ["https://www.example.org/xy"] = false,
    ["https://www.example.org/dir/page"] = false } },
  { label = "given with a slash", set = "a=b; path=/x/", to = {
    ["https://www.example.org/x/"] = "a=b",
    ["https://www.example.org/x/y"] = "a=b",
    ["https://www.example.org/x"] = false } },
  { label = "empty", set = "a=b; path=", to = {
    ["https://www.example.org/dir/"] = "a=b",
    ["https://www.example.org/"] = false } },
  { label = "not absolute", set = "a=b; path=x", to = {
    ["https://www.example.org/dir/"] = "a=b",
    ["https://www.example.org/x"] = false } },
  { label = "quoted", set = 'a=b; path="/x"', to = {
    ["https://www.example.org/dir/"] = "a=b" } },
  { label = "encoded is another", set = "a=b; path=/%78", to = {
    ["https://www.example.org/x"] = false,
    ["https://www.example.org/%78"] = "a=b" } },
}

jars.secure = {
  { label = "only over https", set = "a=b; path=/; secure", to = {
    ["https://www.example.org/"] = "a=b",
    ["http://www.example.org/"] = false } },
  { label = "without it, over http too", set = "a=b; path=/",
    to = { ["http://www.example.org/"] = "a=b" } },
  { label = "not from http", from = "http://www.example.org/",
    set = "a=b; secure", why = "secure" },
  { label = "http does not replace it", from = { "https://www.example.org/",
    "http://www.example.org/" }, set = { "a=1; path=/; secure",
    "a=2; path=/" }, why = "secure",
    to = { ["https://www.example.org/"] = "a=1" } },
  { label = "http does not go before it", from = { "https://www.example.org/",
    "http://www.example.org/x/y" }, set = { "a=1; path=/; secure",
    "a=2; path=/x/" }, why = "secure",
    to = { ["https://www.example.org/x/y"] = "a=1" } },
  { label = "http does not shadow it from below",
    from = { "https://example.org/", "http://www.example.org/" },
    set = { "a=1; domain=example.org; path=/; secure", "a=2; path=/" },
    why = "secure", to = { ["https://www.example.org/"] = "a=1" } },
  { label = "http does not shadow it from above",
    from = { "https://www.example.org/", "http://example.org/" },
    set = { "a=1; path=/; secure", "a=2; path=/; domain=example.org" },
    why = "secure", to = { ["https://www.example.org/"] = "a=1" } },
  { label = "http may set another path",
    from = { "https://www.example.org/", "http://www.example.org/" },
    set = { "a=1; path=/x; secure", "a=2; path=/" },
    to = { ["https://www.example.org/x"] = "a=1; a=2" } },
  { label = "http may set another name",
    from = { "https://www.example.org/", "http://www.example.org/" },
    set = { "a=1; path=/; secure", "A=2; path=/" },
    to = { ["https://www.example.org/"] = "a=1; A=2" } },
  { label = "https may", set = { "a=1; path=/; secure", "a=2; path=/" },
    to = { ["http://www.example.org/"] = "a=2" } },
}

jars.prefix = {
  { label = "__Secure-", set = "__Secure-a=b; secure; path=/",
    to = { ["https://www.example.org/"] = "__Secure-a=b" } },
  { label = "__Secure- without secure", set = "__Secure-a=b",
    why = "prefix" },
  { label = "__Secure- from http", from = "http://example.org/",
    set = "__Secure-a=b; secure", why = "secure" },
  { label = "__secure-, other case", set = "__sEcUrE-a=b", why = "prefix" },
  { label = "__Host-", set = "__Host-a=b; secure; path=/",
    to = { ["https://www.example.org/x"] = "__Host-a=b",
           ["https://x.www.example.org/"] = false } },
  { label = "__Host- without secure", set = "__Host-a=b; path=/",
    why = "prefix" },
  { label = "__Host- with a domain", why = "prefix",
    set = "__Host-a=b; secure; path=/; domain=www.example.org" },
  { label = "__Host- with an empty domain",
    set = "__Host-a=b; secure; path=/; domain=",
    to = { ["https://www.example.org/"] = "__Host-a=b" } },
  { label = "__Host- of another path", set = "__Host-a=b; secure; path=/x",
    why = "prefix" },
  { label = "__Host- without a path", from = "https://example.org/",
    set = "__Host-a=b; secure", why = "prefix" },
  { label = "__host-, other case", set = "__hOST-a=b; secure; path=/x",
    why = "prefix" },
  { label = "in the value of a nameless one", set = "=__Secure-a=b",
    why = "prefix" },
  { label = "in the value of a nameless one, other case",
    set = "__host-a; secure; path=/", why = "prefix" },
  { label = "not at the start", set = "x__Host-a=b; path=/",
    to = { ["https://www.example.org/"] = "x__Host-a=b" } },
  { label = "without its dash", set = "__Host=b; path=/",
    to = { ["https://www.example.org/"] = "__Host=b" } },
}

jars.age = {
  { label = "max-age", set = "a=b; max-age=1", to = { [FROM] = "a=b" } },
  { label = "max-age 0", set = "a=b; max-age=0", to = { [FROM] = false } },
  { label = "max-age negative", set = "a=b; max-age=-99999999999999999999",
    to = { [FROM] = false } },
  { label = "max-age that no integer holds", to = { [FROM] = "a=b" },
    set = "a=b; max-age=" .. ("9"):rep(400) },
  { label = "max-age beats expires", to = { [FROM] = "a=b" },
    set = "a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=9" },
  { label = "max-age 0 beats expires", to = { [FROM] = false },
    set = "a=b; max-age=0; expires=Fri, 31 Dec 2100 00:00:00 GMT" },
  { label = "expires now", set = "a=b; expires=14 Nov 2023 22:13:20",
    to = { [FROM] = false } },
  { label = "expires in a second", set = "a=b; expires=14 Nov 2023 22:13:21",
    to = { [FROM] = "a=b" } },
  { label = "expires before 1970", set = "a=b; expires=1 Jan 1901 00:00:00",
    to = { [FROM] = false } },
  { label = "expires never read", set = "a=b; expires=0",
    to = { [FROM] = "a=b" } },
  { label = "a dead one removes", set = { "a=b", "a=; max-age=0" },
    to = { [FROM] = false } },
  { label = "a dead one of another path does not",
    set = { "a=b; path=/", "a=; max-age=0; path=/dir" },
    to = { [FROM] = "a=b" } },
  { label = "a dead host-only one does not remove the domain's",
    set = { "a=b; path=/; domain=www.example.org", "a=; path=/; max-age=0" },
    to = { [FROM] = "a=b" } },
}

jars.order = {
  { label = "older first", set = { "z=1", "a=2", "m=3" },
    to = { [FROM] = "z=1; a=2; m=3" } },
  { label = "longer paths first",
    set = { "a=1; path=/", "b=2; path=/dir/page", "c=3; path=/dir" },
    to = { [FROM] = "b=2; c=3; a=1" } },
  { label = "a replaced one keeps its age", set = { "a=1", "b=2", "a=3" },
    to = { [FROM] = "a=3; b=2" } },
  { label = "a removed one does not",
    set = { "a=1", "b=2", "a=; max-age=0", "a=3" },
    to = { [FROM] = "b=2; a=3" } },
  { label = "same name, two paths", set = { "a=1; path=/", "a=2; path=/dir" },
    to = { [FROM] = "a=2; a=1" } },
  { label = "same name, host and domain",
    set = { "a=1; path=/", "a=2; path=/; domain=www.example.org",
            "a=3; path=/; domain=example.org" },
    to = { [FROM] = "a=1; a=2; a=3" } },
  { label = "names differ by case", set = { "a=1", "A=2" },
    to = { [FROM] = "a=1; A=2" } },
  { label = "no name", set = { "a=1", "two", "=three" },
    to = { [FROM] = "a=1; three" } },
  { label = "no value", set = { "a=" }, to = { [FROM] = "a=" } },
  { label = "no name, value with =", set = { "=a=b" },
    to = { [FROM] = "a=b" } },
}

local function fill (row)
  local jar = new_jar()
  local all = type(row.set) == "table" and row.set or { row.set }
  for i, line in ipairs(all) do
    local from = row.from or FROM
    if type(from) == "table" then from = from[i] end
    local ok, why = jar:set(parts(from), line)
    local want = i == #all and row.why or nil
    t.eq(why, want, "reason for '" .. line:sub(1, 60) .. "'")
    t.eq(ok, want == nil)
  end
  return jar
end

for _, name in ipairs { "domain", "suffix", "address", "path", "secure",
                        "prefix", "age", "order" } do
  for _, row in ipairs(jars[name]) do
    t.test(name .. "/" .. row.label, function ()
      local jar = fill(row)
      for url, want in pairs(row.to or {}) do
        t.eq(jar:header(parts(url)) or false, want, url)
      end
      if row.why and not row.to then t.eq(jar:all(), {}, "all") end
    end)
  end
end

t.test("jar/all", function ()
  local jar = new_jar()
  jar:set(parts(FROM), "b=2; max-age=60; httponly; samesite=strict")
  jar:set(parts(FROM), "a=1; domain=example.org; path=/; secure")
  t.eq(jar:all(), {
    { name = "b", value = "2", domain = "www.example.org", host_only = true,
      path = "/dir", secure = false, http_only = true, same_site = "strict",
      expires = NOW + 60 },
    { name = "a", value = "1", domain = "example.org", host_only = false,
      path = "/", secure = true, http_only = false, same_site = "default" },
  })
  jar:all()[1].value = "changed"
  t.eq(jar:all()[1].value, "2", "a copy")
  jar:clear()
  t.eq(jar:all(), {})
  t.eq(jar:header(parts(FROM)), nil)
end)

t.test("jar/400 days", function ()
  local jar = new_jar()
  jar:set(parts(FROM), "a=1; max-age=999999999")
  jar:set(parts(FROM), "b=1; expires=Fri, 31 Dec 2100 00:00:00 GMT")
  for _, cookie in ipairs(jar:all()) do
    t.eq(cookie.expires, NOW + 400 * DAY, cookie.name)
  end
end)

t.test("jar/time passes", function ()
  local now = NOW
  local jar = new_jar(function () return now end)
  jar:set(parts(FROM), "a=1; max-age=10")
  jar:set(parts(FROM), "b=2")
  now = NOW + 9
  t.eq(jar:header(parts(FROM)), "a=1; b=2")
  now = NOW + 10
  t.eq(jar:header(parts(FROM)), "b=2")
  t.eq(#jar:all(), 1)
end)

t.test("jar/changed", function ()
  local jar = new_jar()
  t.eq(jar.changed, false)
  jar:set(parts(FROM), "a=b; domain=org")
  t.eq(jar.changed, false, "refused")
  jar:set(parts(FROM), "a=b")
  t.eq(jar.changed, true)
end)

---------------------------------------------------------------------------
-- Limits.

local function set_many (jar, from, count, format)
  for i = 1, count do jar:set(parts(from), format:format(i)) end
end

t.test("limits/50 a domain, the one unused for longest goes", function ()
  local jar = new_jar()
  set_many(jar, FROM, 50, "n%d=v; path=/")
  t.eq(#jar:all(), 50)
  jar:set(parts(FROM), "n1=again; path=/")
  jar:set(parts(FROM), "new=v; path=/")
  local names = {}
  for _, cookie in ipairs(jar:all()) do names[cookie.name] = true end
  t.eq(#jar:all(), 50)
  t.eq({ names.n1, names.n2, names.new }, { true, nil, true })
end)

t.test("limits/a domain above counts for itself", function ()
  local jar = new_jar()
  set_many(jar, FROM, 50, "n%d=v; path=/")
  set_many(jar, FROM, 50, "n%d=v; path=/; domain=example.org")
  t.eq(#jar:all(), 100)
end)

t.test("limits/expired ones go first", function ()
  local now = NOW
  local jar = new_jar(function () return now end)
  jar:set(parts(FROM), "old=v")
  jar:set(parts(FROM), "dead=v; max-age=5")
  set_many(jar, FROM, 48, "n%d=v")
  now = NOW + 6
  jar:set(parts(FROM), "new=v")
  t.eq(jar:all()[1].name, "old")
  t.eq(#jar:all(), 50)
end)

t.test("limits/those that http may read go before secure ones", function ()
  local jar = new_jar()
  set_many(jar, FROM, 49, "s%d=v; secure")
  jar:set(parts(FROM), "plain=v")
  jar:set(parts(FROM), "more=v; secure")
  for _, cookie in ipairs(jar:all()) do t.eq(cookie.secure, true) end
  t.eq(#jar:all(), 50)
end)

t.test("limits/3000 in all", function ()
  local jar = new_jar()
  for i = 1, 75 do
    set_many(jar, ("https://h%d.example.org/"):format(i), 40, "n%d=v")
  end
  t.eq(#jar:all(), 3000)
  t.ok(jar:header(parts "https://h1.example.org/"), "used")
  jar:set(parts "https://one.more.org/", "a=b")
  t.eq(#jar:all(), 3000)
  t.match(jar:header(parts "https://h1.example.org/"), "^n1=v")
  t.match(jar:header(parts "https://h2.example.org/"), "^n2=v")
end)

t.finish()
