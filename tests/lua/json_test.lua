-- https.json: values there and back, and what is refused with which words.
-- tests/unit/jread_test.c has the texts that are JSON and those that are not.
local t = require "tests.harness"
local core = require "https.core"

local json = https.json
local null, array = json.null, json.array

---------------------------------------------------------------------------
-- Decoding: values and their types.

local decoded = {
  { "integer", "42", 42, "integer" },
  { "beyond 2^53", "9007199254740993", 9007199254740993, "integer" },
  { "greatest integer", "9223372036854775807", math.maxinteger, "integer" },
  { "least integer", "-9223372036854775808", math.mininteger, "integer" },
  { "integral real", "1.0", 1.0, "float" },
  { "exponent", "1e2", 100.0, "float" },
  { "real", "0.1", 0.1, "float" },
  { "string", '"a\\u00e9\\ud834\\udd1e"', "a\u{e9}\u{1d11e}" },
  { "NUL in a string", '"a\\u0000b"', "a\0b" },
  { "empty string", '""', "" },
  { "true", "true", true },
  { "false", "false", false },
  { "null", "null", null },
  { "array", "[1,[2],null,false]", { 1, { 2 }, null, false } },
  { "object", '{"a":{"b":[]},"c":null}', { a = { b = {} }, c = null } },
  { "the last of two members", '{"a":1,"b":0,"a":2}', { a = 2, b = 0 } },
  { "the last of two members, null", '{"a":1,"a":null}', { a = null } },
  { "names like indices", '{"1":"a"}', { ["1"] = "a" } },
  { "NUL in a name", '{"a\\u0000":1}', { ["a\0"] = 1 } },
  { "byte order mark", "\u{feff}[1]", { 1 } },
}

for _, row in ipairs(decoded) do
  local label, text, want, kind = table.unpack(row, 1, 4)
  t.test("decoded/" .. label, function ()
    local got = json.decode(text)
    t.eq(got, want)
    if kind then t.eq(math.type(got), kind, "type") end
  end)
end

-- More members than wait for their table, with their repetitions.
t.test("decoded/large objects", function ()
  for _, n in ipairs { 31, 32, 33, 63, 64, 65, 1000 } do
    local text, want = {}, {}
    for i = 1, n do
      text[#text + 1] = ('"k%d":%d,"k%d":{"v":[%d]}'):format(i, -i, i, i)
      want["k" .. i] = { v = { i } }
    end
    t.eq(json.decode("{" .. table.concat(text, ",") .. "}"), want, n)
  end
end)

t.test("decoded/large arrays", function ()
  local list = {}
  for i = 1, 10000 do list[i] = i end
  local text = "[" .. table.concat(list, ",") .. "]"
  local got = json.decode(text)
  t.eq(#got, 10000)
  t.eq(got[10000], 10000)
  t.eq(json.encode(got), text)
end)

t.test("decoded/arrays are known for arrays", function ()
  local got = json.decode('[[],{},{"a":[]}]')
  t.eq(getmetatable(got), core.json_array)
  t.eq(getmetatable(got[1]), core.json_array)
  t.eq(getmetatable(got[2]), nil)
  t.eq(getmetatable(got[3].a), core.json_array)
end)

local refused = {
  { "nothing", "", "syntax", "end of file" },
  { "HTML", "<!DOCTYPE html>", "syntax", "line 1, column 1" },
  { "cut off", '{"a":\n [1,', "syntax", "line 2" },
  { "no quotation marks", "{a:1}", "syntax", "line 1, column 2" },
  { "other quotation marks", "['a']", "syntax", "line 1" },
  { "comma at the end", "[1,]", "syntax", "line 1, column 4" },
  { "comment", "[1] // one", "syntax", "line 1" },
  { "two values", "{}{}", "syntax", "line 1" },
  { "line end in a string", '"a\nb"', "syntax", "newline" },
  { "control in a string", '"a\tb"', "syntax", "control character" },
  { "half a surrogate pair", '"\\ud800"', "syntax", "Unicode" },
  { "NUL behind a word", "true\0", "syntax", "byte 5 of 5" },
  { "NaN", "[NaN]", "syntax", "NaN" },
  { "latin-1", '"caf\xe9"', "utf-8", "0xe9" },
  { "overlong", '"\xc0\xaf"', "utf-8", "0xc0" },
  { "surrogate", '"\xed\xa0\x80"', "utf-8", "0xed" },
  { "UTF-16", "\xff\xfe[\0]\0", "utf-8", "0xff" },
  { "large integer", "[9223372036854775808]", "number", "too big" },
  { "large negative integer", "-9223372036854775809", "number", "integer" },
  { "large real", "1e309", "number", "overflow" },
  { "too deep", ("["):rep(2049) .. ("]"):rep(2049), "syntax", "depth" },
  { "far too deep", ("[{\"a\":"):rep(100000), "syntax", "depth" },
}

for _, row in ipairs(refused) do
  local label, text, code, want = table.unpack(row)
  t.test("refused/" .. label, function ()
    local err = t.raises(function () json.decode(text) end, "json", code)
    t.match(err.message, want)
  end)
end

---------------------------------------------------------------------------
-- Encoding.

local encoded = {
  { "integer", 42, "42" },
  { "negative integer", -42, "-42" },
  { "zero", 0, "0" },
  { "greatest integer", math.maxinteger, "9223372036854775807" },
  { "least integer", math.mininteger, "-9223372036854775808" },
  { "integral float", 1.0, "1.0" },
  { "negative zero", -0.0, "-0.0" },
  { "float", 0.1, "0.1" },
  { "a third", 1 / 3, "0.3333333333333333" },
  { "all digits", 0.1 + 0.2, "0.30000000000000004" },
  { "large float", 1e300, "1e+300" },
  { "string", "abc", '"abc"' },
  { "empty string", "", '""' },
  { "to be escaped", "\"\\/\b\f\n\r\t\0\x1f\x7f",
    '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f"' },
  { "UTF-8", "\u{e9}\u{20ac}\u{1d11e}", '"\u{e9}\u{20ac}\u{1d11e}"' },
  { "true", true, "true" },
  { "false", false, "false" },
  { "null", null, "null" },
  { "list", { 1, "a", true, null }, '[1,"a",true,null]' },
  { "nested lists", { { {} }, { 1 } }, "[[{}],[1]]" },
  { "empty table", {}, "{}" },
  { "empty array", array(), "[]" },
  { "empty array, made one", array({}), "[]" },
  { "array that is not empty", array { 1 }, "[1]" },
  { "sorted names", { b = 1, a = 2, ["a\0"] = 3, ab = 4, [""] = 5, B = 6 },
    '{"":5,"B":6,"a":2,"a\\u0000":3,"ab":4,"b":1}' },
  { "names like indices", { ["1"] = 1, ["2"] = 2 }, '{"1":1,"2":2}' },
  { "the same table twice", (function ()
      local one = { 1 }
      return { a = one, b = one }
    end)(), '{"a":[1],"b":[1]}' },
  { "another metatable", setmetatable({ a = 1 }, { __index = { b = 2 } }),
    '{"a":1}' },
}

for _, row in ipairs(encoded) do
  local label, value, want = table.unpack(row)
  t.test("encoded/" .. label, function ()
    t.eq(json.encode(value), want)
    t.eq(json.encode(value, { pretty = false }), want, "not pretty")
  end)
end

local pretty = {
  { "a value", 1, "1" },
  { "empty ones", { a = array(), b = {} }, '{\n  "a": [],\n  "b": {}\n}' },
  { "nested", { list = { 1, { x = "y" } } },
    '{\n  "list": [\n    1,\n    {\n      "x": "y"\n    }\n  ]\n}' },
}

for _, row in ipairs(pretty) do
  local label, value, want = table.unpack(row)
  t.test("pretty/" .. label, function ()
    t.eq(json.encode(value, { pretty = true }), want)
    t.eq(json.decode(want), value, "read back")
  end)
end

local loop = { a = { {} } }
loop.a[1].b = loop

local function deep (n)
  local value = {}
  for _ = 2, n do value = { value } end
  return value
end

local unencodable = {
  { "function", print, "value", "^a function is no JSON value$" },
  { "coroutine", { coroutine.create(print) }, "value",
    "a thread is no JSON value at %[1%]" },
  { "userdata", { f = io.stdout }, "value",
    "a userdata is no JSON value at %.f" },
  { "nil", nil, "value", "a nil is no JSON value" },
  { "deep down", { items = { 1, 2, { fn = print } } }, "value",
    "at %.items%[3%]%.fn$" },
  { "a name that is no word", { ["a b"] = { ["1x"] = print } }, "value",
    'at %["a b"%]%["1x"%]$' },
  { "a name that is not ASCII", { ["\u{e9}\n"] = print }, "value",
    'at %["%?%?%?"%]$' },
  { "a long name", { [("x"):rep(1000)] = print }, "value", "at %.x+$" },
  { "an empty name", { [""] = print }, "value", 'at %[""%]$' },
  { "nan", { x = 0 / 0 }, "value", "nan at %.x$" },
  { "infinite", { 1 / 0 }, "value", "infinite number at %[1%]$" },
  { "minus infinite", { -1 / 0 }, "value", "infinite" },
  { "latin-1", { "caf\xe9" }, "utf-8", "not UTF%-8 at %[1%]$" },
  { "overlong", "\xc0\x80", "utf-8", "UTF%-8" },
  { "surrogate", "\xed\xa0\x80", "utf-8", "UTF%-8" },
  { "cut off", "\xe2\x82", "utf-8", "UTF%-8" },
  { "above U+10FFFF", "\xf4\x90\x80\x80", "utf-8", "UTF%-8" },
  { "bytes in a name", { a = { ["\xff"] = 1 } }, "utf-8", "at %.a%[" },
  { "a hole", { 1, nil, 3 }, "value", "holes" },
  { "beginning with a hole", { [2] = 1 }, "value", "holes" },
  { "index 0", { [0] = 1 }, "value", "holes" },
  { "a negative index", { [-1] = 1 }, "value", "holes" },
  { "a float as index", { [1.5] = 1 }, "value", "no index" },
  { "a far index", { [2 ^ 53] = 1 }, "value", "holes" },
  { "list and names", { sub = { 1, a = 2 } }, "value",
    "both a list and has names at %.sub$" },
  { "array with names", array { a = 1 }, "value", "both a list" },
  { "a boolean as name", { [true] = 1 }, "value", "neither a string" },
  { "a table as name", { [{}] = 1 }, "value", "neither a string" },
  { "a loop", loop, "value", "contains itself at %.a%[1%]%.b$" },
  { "too deep", deep(513), "value", "too deep" },
}

for _, row in ipairs(unencodable) do
  local label, value, code, want = table.unpack(row, 1, 4)
  t.test("unencodable/" .. label, function ()
    local err = t.raises(function () json.encode(value) end, "json", code)
    t.match(err.message, want)
    t.ok(#err.message < 400, "length " .. #err.message)
    t.ok(not err.message:find("\n"), "one line")
  end)
end

t.test("unencodable/a path too long to show ends as it should", function ()
  local value = { fn = print }
  for _ = 1, 100 do value = { longish = value } end
  local err = t.raises(function () json.encode(value) end, "json", "value")
  t.match(err.message, "value at %.%.%.%.longish%.longish[%.a-z]+%.fn$")
  t.ok(#err.message < 250, "length " .. #err.message)
end)

---------------------------------------------------------------------------
-- There and back.

t.test("as deep as may be read", function ()
  for _, pair in ipairs { { "[", "]" }, { '{"a":', "}" } } do
    local text = pair[1]:rep(2047) .. "[]" .. pair[2]:rep(2047)
    local value, depth = json.decode(text), 0
    while value do value, depth = value[1] or value.a, depth + 1 end
    t.eq(depth, 2048)
  end
end)

t.test("as deep as may be written", function ()
  local text = json.encode(deep(512))
  t.eq(text, ("["):rep(511) .. "{}" .. ("]"):rep(511))
  t.eq(json.encode(json.decode(text)), text)
end)

for i, text in ipairs {
  "[]", "{}", "[[],{},[{}],{\"a\":[]}]", '{"a":[],"b":{"c":[[]]}}',
  '[null,true,false,0,-1,1.5,1e+100,"x"]',
  '{"\\u0000":"\\u0000"}', '"\u{2028}\u{10ffff}"',
  "[9007199254740993,0.30000000000000004,2.2250738585072014e-308]",
} do
  t.test("round_trips/" .. i, function ()
    t.eq(json.encode(json.decode(text)), text)
    t.eq(json.encode(json.decode(json.encode(json.decode(text),
                                             { pretty = true }))), text)
  end)
end

t.test("an array that has become empty is one still", function ()
  local list = json.decode "[1]"
  list[1] = nil
  t.eq(json.encode(list), "[]")
end)

t.test("random values there and back", function ()
  local make
  local makers = {
    function () return math.random(0) end,
    function () return (math.random() - 0.5) * 10 ^ math.random(-300, 300) end,
    function ()
      return utf8.char(math.random(0, 0xd7ff), math.random(0xe000, 0x10ffff),
                       math.random(0, 127))
    end,
    function () return math.random(2) == 1 end,
    function () return null end,
    function (depth)
      local list = array()
      for i = 1, math.random(0, 5) do list[i] = make(depth + 1) end
      return list
    end,
    function (depth)
      local object = {}
      for _ = 1, math.random(0, 5) do
        object[utf8.char(math.random(32, 300))] = make(depth + 1)
      end
      return object
    end,
  }
  function make (depth)
    return makers[math.random(depth > 4 and 5 or 7)](depth)
  end
  for _ = 1, 300 do
    local value = make(0)
    local text = json.encode(value)
    t.eq(json.decode(text), value, text)
    t.eq(json.encode(json.decode(text)), text)
  end
end)

---------------------------------------------------------------------------
-- What is refused as the caller's mistake.

local misuse = {
  { "decode nothing", function () json.decode() end, "type",
    "argument 1 of 'json.decode' must be a string, not nil" },
  { "decode a table", function () json.decode({}) end, "type", "a table" },
  { "decode a number", function () json.decode(1) end, "type", "a number" },
  { "options that are none", function () json.encode(1, true) end, "type",
    "argument 2 of 'json.encode'" },
  { "unknown option", function () json.encode(1, { prety = true }) end,
    "option", "did you mean 'pretty'" },
  { "option of a wrong type", function () json.encode(1, { pretty = 2 }) end,
    "type", "true or false" },
  { "an array of a string", function () json.array("x") end, "type",
    "argument 1 of 'json.array' must be a table" },
}

for _, row in ipairs(misuse) do
  local label, fn, code, want = table.unpack(row)
  t.test("misuse/" .. label, function ()
    local err = t.raises(fn, "usage", code)
    t.match(err.message, want)
    t.match(err.where, "json_test%.lua:%d+$", "where")
  end)
end

t.test("array returns what it was given", function ()
  local list = { 1 }
  t.ok(array(list) == list)
end)

-- Not even what a script does to its metatables gets in the way.
t.test("no metamethod is called", function ()
  local mt = { __index = error, __len = error, __pairs = error,
               __newindex = error }
  t.eq(json.encode(setmetatable({ 1, 2 }, mt)), "[1,2]")
  t.eq(json.encode(setmetatable({ a = 1 }, mt)), '{"a":1}')
end)

t.finish()
