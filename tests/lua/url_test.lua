-- https.url: taken apart, put together, and queries both ways.
-- tests/unit/url_test.c has what is a URL and what is not.
local t = require "tests.harness"
local core = require "https.core"

local url = https.url

---------------------------------------------------------------------------
-- parse and format.

-- The third column: what format makes of the parts; nil: the same again.
local parsed = {
  { "all parts", "https://user:pass@example.org:8443/a/b?c=d#e",
    { scheme = "https", user = "user", password = "pass",
      host = "example.org", port = 8443, path = "/a/b", query = "c=d",
      fragment = "e" } },
  { "few parts", "https://h",
    { scheme = "https", host = "h", port = 443, path = "/" }, "https://h/" },
  { "http", "HTTP://H:80/",
    { scheme = "http", host = "h", port = 80, path = "/" }, "http://h/" },
  { "empty parts", "https://h/?#",
    { scheme = "https", host = "h", port = 443, path = "/", query = "",
      fragment = "" } },
  { "user alone", "https://u@h/",
    { scheme = "https", user = "u", host = "h", port = 443, path = "/" } },
  { "encoded userinfo", "https://u%40x:p%3A%2F@h/",
    { scheme = "https", user = "u@x", password = "p:/", host = "h",
      port = 443, path = "/" } },
  { "IPv6", "https://[2001:DB8:0::1]:443/",
    { scheme = "https", host = "2001:db8::1", port = 443, path = "/" },
    "https://[2001:db8::1]/" },
  { "IPv4", "https://127.0.0.1:1/",
    { scheme = "https", host = "127.0.0.1", port = 1, path = "/" } },
  { "path and query stay encoded", "https://h/%2F%3f?%26=%2b",
    { scheme = "https", host = "h", port = 443, path = "/%2F%3f",
      query = "%26=%2b" } },
  { "what must be encoded is", "https://h/a b?c d#e f",
    { scheme = "https", host = "h", port = 443, path = "/a%20b",
      query = "c%20d", fragment = "e%20f" }, "https://h/a%20b?c%20d#e%20f" },
}

for _, row in ipairs(parsed) do
  local label, text, parts, again = table.unpack(row, 1, 4)
  t.test("parsed/" .. label, function ()
    t.eq(url.parse(text), parts)
    t.eq(url.format(parts), again or text, "formatted")
    t.eq(url.parse(url.format(parts)), parts, "and parsed")
  end)
end

local formatted = {
  { "host alone", { host = "h.example" }, "https://h.example/" },
  { "path without slash", { host = "h", path = "a" }, "https://h/a" },
  { "empty path", { host = "h", path = "" }, "https://h/" },
  { "default port", { host = "h", port = 443 }, "https://h/" },
  { "another port", { host = "h", port = 80 }, "https://h:80/" },
  { "port as a string", { host = "h", port = "8080" }, "https://h:8080/" },
  { "scheme in capitals", { scheme = "HTTP", host = "h" }, "http://h/" },
  { "query as a table", { host = "h", query = { b = 2, a = "x y" } },
    "https://h/?a=x%20y&b=2" },
  { "empty query as a table", { host = "h", query = {} }, "https://h/" },
  { "IPv6", { host = "::1", port = 8 }, "https://[::1]:8/" },
  { "dots", { host = "h", path = "/a/../b/./c" }, "https://h/b/c" },
  -- No part becomes another one.
  { "question mark in the path", { host = "h", path = "/a?b#c" },
    "https://h/a%3Fb%23c" },
  { "number sign in the query", { host = "h", query = "a#b" },
    "https://h/?a%23b" },
  { "slashes at the start of the path", { host = "h", path = "//evil/x" },
    "https://h//evil/x" },
  { "at sign in the user", { host = "h", user = "a@b:c/d", password = "" },
    "https://a%40b%3Ac%2Fd:@h/" },
  { "password alone", { host = "h", password = "p" }, "https://:p@h/" },
  { "number sign in the fragment", { host = "h", fragment = "a#b?c" },
    "https://h/#a%23b?c" },
}

for _, row in ipairs(formatted) do
  local label, parts, want = table.unpack(row)
  t.test("formatted/" .. label, function () t.eq(url.format(parts), want) end)
end

local unformattable = {
  { "no host", { path = "/" }, "value", "'host'" },
  { "empty host", { host = "" }, "value", "'host'" },
  { "user in the host", { host = "good.example@evil.example" }, "url",
    "'host'" },
  { "port in the host", { host = "h:1" }, "url", "'host'" },
  { "path in the host", { host = "h/x" }, "url", "'host'" },
  { "query in the host", { host = "h?x" }, "url", "'host'" },
  { "fragment in the host", { host = "h#x" }, "url", "'host'" },
  { "backslash in the host", { host = "h\\x" }, "url", "'host'" },
  { "brackets in the host", { host = "[::1]" }, "url", "'host'" },
  { "space in the host", { host = "h x" }, "url", "'host'" },
  { "line end in the host", { host = "h\r\nx: y" }, "url", "'host'" },
  { "encoded slash in the host", { host = "h%2Fx" }, "url", "host" },
  { "encoded line end in the host", { host = "h%0Ax" }, "url", "host" },
  { "line end in the path", { host = "h", path = "/\r\nx" }, "url",
    "control" },
  { "line end in the query", { host = "h", query = "\nx" }, "url", "control" },
  { "line end in the user", { host = "h", user = "a\nb" }, "url",
    "control" },
  { "NUL in the fragment", { host = "h", fragment = "\0" }, "url",
    "control" },
  { "another scheme", { host = "h", scheme = "ftp" }, "url", "'scheme'" },
  { "a scheme that is more", { host = "h", scheme = "https://evil/?" }, "url",
    "'scheme'" },
  { "port 0", { host = "h", port = 0 }, "value", "'port'" },
  { "port 65536", { host = "h", port = 65536 }, "value", "'port'" },
  { "half a port", { host = "h", port = 80.5 }, "value", "'port'" },
  { "a port that is more", { host = "h", port = "80/x" }, "value",
    "'port'" },
  { "a port that is none", { host = "h", port = {} }, "value", "'port'" },
  { "unknown part", { host = "h", quary = "x" }, "option",
    "did you mean 'query'" },
  { "a part of core.url's", { host = "h", origin = "x" }, "option",
    "unknown part 'origin'" },
  { "number as host", { host = 1 }, "type", "'host'" },
  { "table as path", { host = "h", path = {} }, "type", "'path'" },
  { "number as query", { host = "h", query = 1 }, "type", "'query'" },
  { "bad query", { host = "h", query = { 1, 2 } }, "type", "name" },
  { "too long", { host = "h", path = ("x"):rep(70000) }, "url", "longer" },
}

for _, row in ipairs(unformattable) do
  local label, parts, code, want = table.unpack(row)
  t.test("unformattable/" .. label, function ()
    local err = t.raises(function () url.format(parts) end, "usage", code)
    t.match(err.message, want)
    t.match(err.where, "url_test%.lua:%d+$", "where")
  end)
end

---------------------------------------------------------------------------
-- join: RFC 3986 section 5.4 is in tests/unit/url_test.c.

local joined = {
  { "relative", "https://h/a/b?c#d", "x", "https://h/a/x" },
  { "up", "https://h/a/b/c", "../x?y#z", "https://h/a/x?y#z" },
  { "absolute path", "https://h:1/a", "/x", "https://h:1/x" },
  { "another host", "https://h/a", "//other/x", "https://other/x" },
  { "another URL", "https://h/a", "http://other", "http://other/" },
  { "nothing", "https://h/a?b#c", "", "https://h/a?b" },
  { "query", "https://h/a?b", "?x", "https://h/a?x" },
  { "fragment", "https://h/a?b#c", "#x", "https://h/a?b#x" },
  -- One's password is not for whoever wrote the reference.
  { "the base's user stays behind", "https://u:p@h/a", "b", "https://h/b" },
  { "the reference's own user", "https://h/", "https://u:p@h/",
    "https://u:p@h/" },
}

for _, row in ipairs(joined) do
  local label, base, reference, want = table.unpack(row)
  t.test("joined/" .. label, function ()
    t.eq(url.join(base, reference), want)
  end)
end

---------------------------------------------------------------------------
-- Queries.  The fourth column: in a form, where that differs.

local queries = {
  { "nothing", {}, "" },
  { "sorted", { b = 2, a = 1, c = "x" }, "a=1&b=2&c=x" },
  { "a list repeats its name", { a = { 1, "x", true } }, "a=1&a=x&a=true" },
  { "an empty list", { a = {}, b = 1 }, "b=1" },
  { "pairs keep their order", { { "b", 1 }, { "a", 2 }, { "b", 3 } },
    "b=1&a=2&b=3" },
  { "a pair with a list", { { "a", { 1, 2 } }, { "b", "" } },
    "a=1&a=2&b=" },
  { "a pair without a value", { { "a" }, { "b", 1 } }, "b=1" },
  { "booleans", { yes = true, no = false }, "no=false&yes=true" },
  { "numbers", { { "i", 10 }, { "f", 1.5 }, { "l", math.maxinteger } },
    "i=10&f=1.5&l=9223372036854775807" },
  { "empty name and value", { [""] = "" }, "=" },
  { "space", { ["a b"] = "c d" }, "a%20b=c%20d", "a+b=c+d" },
  { "plus", { a = "1+1" }, "a=1%2B1" },
  { "delimiters", { ["&=#?"] = "&=#?" }, "%26%3D%23%3F=%26%3D%23%3F" },
  { "line ends and NUL", { a = "\r\n\0" }, "a=%0D%0A%00" },
  { "UTF-8", { ["\u{e9}"] = "\u{20ac}" }, "%C3%A9=%E2%82%AC" },
  { "unreserved", { a = "-._~AZaz09" }, "a=-._~AZaz09" },
  { "others that some leave", { a = "!*'()/:@" },
    "a=%21%2A%27%28%29%2F%3A%40" },
}

for _, row in ipairs(queries) do
  local label, value, want, form = table.unpack(row, 1, 4)
  t.test("queries/" .. label, function ()
    t.eq(url.query(value), want)
    t.eq(url.query(value, { form = false }), want)
    t.eq(url.query(value, { form = true }), form or want, "form")
    t.eq(url.query(url.query(want)), want, "read and written again")
  end)
end

local read_queries = {
  { "nothing", "", {} },
  { "pairs in order", "b=2&a=1&b=3",
    { { "b", "2" }, { "a", "1" }, { "b", "3" } } },
  { "encoded", "a%20b=%26%3d&%C3%A9=%00",
    { { "a b", "&=" }, { "\u{e9}", "\0" } } },
  { "plus is a space", "a+b=c+d%2B", { { "a b", "c d+" } } },
  { "no value", "a&b=", { { "a", "" }, { "b", "" } } },
  { "no name", "=a", { { "", "a" } } },
  { "several =", "a=b=c", { { "a", "b=c" } } },
  { "empty pairs", "&a=1&&b=2&", { { "a", "1" }, { "b", "2" } } },
  { "bad escapes stay", "a=%&b=%zz&c=%4", { { "a", "%" }, { "b", "%zz" },
                                            { "c", "%4" } } },
  { "semicolons are no delimiters", "a=1;b=2", { { "a", "1;b=2" } } },
}

for _, row in ipairs(read_queries) do
  local label, text, want = table.unpack(row)
  t.test("read_queries/" .. label, function () t.eq(url.query(text), want) end)
end

---------------------------------------------------------------------------
-- encode and decode; tests/unit/percent_test.c has the rest.

local words = {
  { "", "" }, { "a b+c", "a%20b%2Bc" }, { "/?#[]@", "%2F%3F%23%5B%5D%40" },
  { "\u{e9}", "%C3%A9" }, { "-._~", "-._~" }, { "%41", "%2541" },
}

for _, row in ipairs(words) do
  t.test(("words/%q"):format(row[1]), function ()
    t.eq(url.encode(row[1]), row[2])
    t.eq(url.decode(row[2]), row[1])
  end)
end

t.test("words/decode leaves a plus, and what is no escape", function ()
  t.eq(url.decode("a+b%2"), "a+b%2")
end)

---------------------------------------------------------------------------
-- What is refused.

local refused = {
  { "parse nothing", function () url.parse() end, "type", "'url.parse'" },
  { "parse a number", function () url.parse(1) end, "type", "a number" },
  { "parse no URL", function () url.parse("example.org") end, "url",
    "does not begin" },
  { "parse another scheme", function () url.parse("ftp://h/") end, "url",
    "not supported" },
  { "parse a line end", function () url.parse("https://h/\n") end, "url",
    "white space" },
  { "parse an empty host", function () url.parse("https:///x") end, "url",
    "no host" },
  { "format a string", function () url.format("https://h/") end, "type",
    "'url.format'" },
  { "join a relative base", function () url.join("/a", "b") end, "url",
    "does not begin" },
  { "join to another scheme", function () url.join("https://h/", "ftp://x") end,
    "url", "not supported" },
  { "join nothing", function () url.join("https://h/") end, "type",
    "argument 2 of 'url.join'" },
  { "join to nothing", function () url.join(nil, "x") end, "type",
    "argument 1 of 'url.join'" },
  { "encode nothing", function () url.encode() end, "type", "'url.encode'" },
  { "encode a number", function () url.encode(5) end, "type", "a number" },
  { "decode nothing", function () url.decode() end, "type", "'url.decode'" },
  { "query of nothing", function () url.query() end, "type", "url.query" },
  { "query of a number", function () url.query(1) end, "type", "a number" },
  { "unknown option", function () url.query({}, { from = true }) end,
    "option", "did you mean 'form'" },
  { "a list of strings", function () url.query { "a", "b" } end, "type",
    "name must be a string, not a number" },
  { "pairs and a name", function () url.query { { "a", 1 }, b = 2 } end,
    "type", "{name, value}" },
  { "pairs and a string", function () url.query { { "a", 1 }, "b" } end,
    "type", "{name, value}" },
  { "pairs with a hole", function () url.query { { "a", 1 }, nil, { "b" } } end,
    "type", "{name, value}" },
  { "a pair without a name", function () url.query { { nil, 1 } } end, "type",
    "name must be a string, not a nil" },
  { "a function as value", function () url.query { a = print } end, "type",
    "'a' must be a string" },
  { "null as value", function () url.query { a = https.json.null } end, "type",
    "not a userdata" },
  { "names in a list", function () url.query { a = { 1, b = 2 } } end, "type",
    "'a'" },
  { "a hole in a list", function () url.query { a = { 1, nil, 3 } } end, "type",
    "'a'" },
  { "a hole among pairs",
    function () url.query { { "a", 1 }, nil, { "b", 2 } } end, "type", "list of parameters" },
  { "a list in a list", function () url.query { a = { { 1 } } } end, "type",
    "not a table" },
  { "a boolean as name", function () url.query { [true] = 1 } end, "type",
    "not a boolean" },
}

for _, row in ipairs(refused) do
  local label, fn, code, want = table.unpack(row)
  t.test("refused/" .. label, function ()
    local err = t.raises(fn, "usage", code)
    t.match(err.message, want)
    t.match(err.where, "url_test%.lua:%d+$", "where")
  end)
end

---------------------------------------------------------------------------
-- What the policy is written on.

for _, row in ipairs {
  { "https://u:p@H.example/x?y#z", "https://h.example:443" },
  { "http://h/", "http://h:80" },
  { "https://h:8443", "https://h:8443" },
  { "https://[0::1]/", "https://[::1]:443" },
} do
  t.test("origin/" .. row[1], function ()
    t.eq(core.url(row[1]).origin, row[2])
    t.eq(core.url_join("https://other/", row[1]).origin, row[2], "joined")
  end)
end

t.finish()
