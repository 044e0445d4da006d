-- The Set-Cookie field and its dates: RFC 6265bis sections 5.6 and 5.1.1.
local t = require "tests.harness"
local set_cookie = require "https.set_cookie"

---------------------------------------------------------------------------
-- Dates (section 5.1.1): label is the text; want nil: it is no date.

local dates = {
  { "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06 08:49:37" },
  { "Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06 08:49:37" },
  { "Sun Nov  6 08:49:37 1994", "1994-11-06 08:49:37" },
  { "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01 00:00:00" },
  { "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31 23:59:59" },
  { "Mon, 29 Feb 2016 12:00:00 GMT", "2016-02-29 12:00:00" },
  { "Tue, 29 Feb 2000 12:00:00 GMT", "2000-02-29 12:00:00" },
  { "Fri, 31-Dec-9999 23:59:59 GMT", "9999-12-31 23:59:59" },
  { "1 Jan 1601 0:0:0", "1601-01-01 00:00:00" },
  -- The order is free, but a number is a day before it is a year.
  { "2017 April 15 21:01:22", "2017-04-15 21:01:22" },
  { "21:01:22 15 17 Apr", "2017-04-15 21:01:22" },
  { "Apr 15 21:01:22 GMT 17", "2017-04-15 21:01:22" },
  { "15 17 Apr 21:01:22", "2017-04-15 21:01:22" },
  -- Two digits of a year.
  { "1 Jan 70 00:00:00", "1970-01-01 00:00:00" },
  { "1 Jan 99 00:00:00", "1999-01-01 00:00:00" },
  { "1 Jan 00 00:00:00", "2000-01-01 00:00:00" },
  { "1 Jan 69 00:00:00", "2069-01-01 00:00:00" },
  { "1 Jan 100 00:00:00", nil },
  -- What stands between and behind.
  { "15/Apr\\2017;21:01:22", "2017-04-15 21:01:22" },
  { "\"15-apr-2017\t21:01:22\"", "2017-04-15 21:01:22" },
  { "15-APRIL-2017 21:01:22", "2017-04-15 21:01:22" },
  { "15th Apr 2017AD 21:01:22Z", "2017-04-15 21:01:22" },
  { "15 Apr 2017 21:01:22 GMT-0400 (EDT)", "2017-04-15 21:01:22" },
  { "Whateverday, 15 Apr 2017 21:01:22", "2017-04-15 21:01:22" },
  { "15 Apr 2017 1:2:3", "2017-04-15 01:02:03" },
  { "15 Apr 2017 21:01:22 11:22:33", "2017-04-15 21:01:22" },
  { "15 Apr 2017 ::00 21:01:22", "2017-04-15 21:01:22" },
  { "15 Apr May 2017 21:01:22", "2017-04-15 21:01:22" },
  { "Mardi 15 2017 21:01:22", "2017-03-15 21:01:22" },
  -- Not dates.
  { "", nil },
  { "tomorrow", nil },
  { "15 Apr 2017", nil },
  { "15 2017 21:01:22", nil },
  { "Apr 2017 21:01:22", nil },
  { "15 Apr 21:01:22", nil },
  { "0 Apr 2017 21:01:22", nil },
  { "32 Mar 2017 21:01:22", nil },
  { "31 Apr 2017 21:01:22", nil },
  { "29 Feb 2017 21:01:22", nil },
  { "29 Feb 1900 21:01:22", nil },
  { "30 Feb 2016 21:01:22", nil },
  { "015 Apr 2017 21:01:22", nil },
  { "15 Apr 20170 21:01:22", nil },
  { "15 Apr 1600 21:01:22", nil },
  { "15 Apr 2017 24:00:00", nil },
  { "15 Apr 2017 23:60:00", nil },
  { "15 Apr 2017 23:00:60", nil },
  { "15 Apr 2017 023:00:00", nil },
  { "15 Apr 2017 23:00:000", nil },
  { "15 Apr 2017 23:00", nil },
  { "15 Apr 2017 99:00:00 21:01:22", nil },
  { "98 April 17 21:01:22", nil },
  { "2017-04-15T21:01:22Z", nil },
}

for _, row in ipairs(dates) do
  t.test("dates/" .. row[1], function ()
    local got = set_cookie.date(row[1])
    t.eq(got and os.date("!%Y-%m-%d %H:%M:%S", got), row[2])
  end)
end

---------------------------------------------------------------------------
-- Lines (section 5.6): every field that is not named must be absent.

local long = ("v"):rep(1025)

local lines = {
  { "plain", "a=b", { name = "a", value = "b" } },
  { "spaces around", "  a \t=\t b c  ", { name = "a", value = "b c" } },
  { "value with =", "a=b=c==", { name = "a", value = "b=c==" } },
  { "quotes stay", 'a="b c"', { name = "a", value = '"b c"' } },
  { "a quote does not hide a semicolon", 'a="b;c"',
    { name = "a", value = '"b' } },
  { "comma is no end", "a=b, c=d", { name = "a", value = "b, c=d" } },
  { "empty value", "a=", { name = "a", value = "" } },
  { "no name", "=b", { name = "", value = "b" } },
  { "no =", "b", { name = "", value = "b" } },
  { "no = and a space", " b c ", { name = "", value = "b c" } },
  { "= only in an attribute", "b; Path=/", { name = "", value = "b",
    path = "/" } },
  { "odd names", "$a[\"b\"]@=c", { name = '$a["b"]@', value = "c" } },
  { "UTF-8", "ü=日本", { name = "ü", value = "日本" } },
  { "tab inside", "a=b\tc", { name = "a", value = "b\tc" } },
  { "4096 bytes", "ab=" .. ("c"):rep(4094),
    { name = "ab", value = ("c"):rep(4094) } },

  { "all attributes", "a=b; Domain=.Example.ORG; Path=/x; Secure; HttpOnly; "
    .. "SameSite=Lax; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
    { name = "a", value = "b", domain = "example.org", path = "/x",
      secure = true, http_only = true, same_site = "lax", max_age = 60,
      date = 784111777 } },
  { "no spaces, empty members", "a=b;;secure;;;httponly;", { name = "a",
    value = "b", secure = true, http_only = true } },
  { "many spaces", "a=b ;   seCURE   ;\tPATH\t=\t/x\t", { name = "a",
    value = "b", secure = true, path = "/x" } },
  { "flags with values", "a=b; secure=no; httponly=0", { name = "a",
    value = "b", secure = true, http_only = true } },
  { "unknown attributes", 'a=b; version=1; "secure"; secure x; =; =x',
    { name = "a", value = "b" } },
  { "the last path", "a=b; path=/x; path=/y", { name = "a", value = "b",
    path = "/y" } },
  { "the last path is empty", "a=b; path=/x; path", { name = "a", value = "b",
    path = "" } },
  { "the last domain", "a=b; domain=x.org; domain=y.org", { name = "a",
    value = "b", domain = "y.org" } },
  { "one dot of the domain goes", "a=b; domain=..x.org", { name = "a",
    value = "b", domain = ".x.org" } },
  { "the last date that is one", "a=b; expires=6 Nov 1994 08:49:37; "
    .. "expires=soon", { name = "a", value = "b", date = 784111777 } },
  { "the last max-age that is one", "a=b; max-age=1; max-age=2; max-age=x",
    { name = "a", value = "b", max_age = 2 } },
  { "negative max-age", "a=b; max-age=-1", { name = "a", value = "b",
    max_age = -1 } },
  { "max-age with a plus", "a=b; max-age=+1", { name = "a", value = "b" } },
  { "max-age, a fraction", "a=b; max-age=2.5", { name = "a", value = "b" } },
  { "max-age, only a sign", "a=b; max-age=-", { name = "a", value = "b" } },
  { "max-age, empty", "a=b; max-age=", { name = "a", value = "b" } },
  { "max-age, a comma", "a=b; max-age=50,3", { name = "a", value = "b" } },
  { "max-age, hexadecimal", "a=b; max-age=0x10", { name = "a", value = "b" } },
  { "SameSite, other case", "a=b; samesite=STRICT", { name = "a", value = "b",
    same_site = "strict" } },
  { "SameSite, unknown", "a=b; samesite=maybe", { name = "a", value = "b",
    same_site = "default" } },
  { "1024 bytes of an attribute", "a=b; path=/" .. ("p"):rep(1023),
    { name = "a", value = "b", path = "/" .. ("p"):rep(1023) } },
  { "1025 bytes of an attribute", "a=b; path=/x; path=/" .. long
    .. "; domain=" .. long, { name = "a", value = "b", path = "/x" } },

  { "nothing", "", nil, "empty" },
  { "spaces", "   ", nil, "empty" },
  { "only =", "=", nil, "empty" },
  { "only attributes", "; secure", nil, "empty" },
  { "4097 bytes", "ab=" .. ("c"):rep(4095), nil, "size" },
  { "4097 bytes without a name", ("c"):rep(4097), nil, "size" },
  { "NUL in the value", "a=b\0c", nil, "control" },
  { "line end in the value", "a=b\nc", nil, "control" },
  { "CR in the name", "a\r=b", nil, "control" },
  { "DEL in the name", "a\127=b", nil, "control" },
  { "control in an attribute", "a=b; x=\1", nil, "control" },
}

for _, row in ipairs(lines) do
  t.test("lines/" .. row[1], function ()
    local got, why = set_cookie.parse(row[2])
    t.eq(got, row[3])
    t.eq(why, row[4])
  end)
end

-- A server must not be able to keep us busy: squared, this would take hours.
t.test("lines/a megabyte of spaces", function ()
  t.eq(set_cookie.parse("a" .. (" "):rep(1 << 20) .. "b=c"), nil)
  t.eq(set_cookie.parse("a=b; x" .. (" "):rep(1 << 20) .. "y").value, "b")
  t.eq(set_cookie.parse("a=b" .. (";"):rep(1 << 20)).value, "b")
end)

t.finish()
