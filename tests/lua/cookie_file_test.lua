-- Netscape's cookie file: what is read of one, and what is written.
local t = require "tests.harness"
local core = require "https.core"
local cookie_jar = require "https.cookie_jar"

local NOW = 1700000000  -- Tue, 14 Nov 2023 22:13:20 GMT
local FROM = core.url "https://www.example.org/dir/page"

local public = { ["co.uk"] = true, ["org"] = true, ["uk"] = true }

local function new_jar ()
  return cookie_jar.new {
    now = function () return NOW end,
    is_public_suffix = function (domain) return public[domain] or false end,
  }
end

-- want is name=value@domain, path, expiry, and flags: d for hosts
-- below too, s secure, h HttpOnly.

local function describe (cookie)
  return ("%s=%s@%s %s %s%s%s%s"):format(cookie.name, cookie.value,
    cookie.domain, cookie.path,
    cookie.expires and ("%+d "):format(cookie.expires - NOW) or "",
    cookie.host_only and "" or "d", cookie.secure and "s" or "",
    cookie.http_only and "h" or "")
end

local LATER = NOW + 1000

local files = {
  { "curl's", ".example.org\tTRUE\t/\tTRUE\t" .. LATER .. "\ta\tb",
    "a=b@example.org / +1000 ds" },
  { "HttpOnly", "#HttpOnly_www.example.org\tFALSE\t/x\tFALSE\t" .. LATER
    .. "\ta\tb", "a=b@www.example.org /x +1000 h" },
  { "of a session", "example.org\tFALSE\t/\tFALSE\t0\ta\tb",
    "a=b@example.org / " },
  { "domain without its dot", "example.org\tTRUE\t/\tFALSE\t0\ta\tb",
    "a=b@example.org / d" },
  { "dot, but for the host only", ".example.org\tFALSE\t/\tFALSE\t0\ta\tb",
    "a=b@example.org / " },
  { "lower-case flags", "example.org\ttrue\t/\tfalse\t0\ta\tb",
    "a=b@example.org / d" },
  { "CRLF", "example.org\tFALSE\t/\tFALSE\t0\ta\tb\r", "a=b@example.org / " },
  { "no last line end", "example.org\tFALSE\t/\tFALSE\t0\ta\tb",
    "a=b@example.org / " },
  { "empty value", "example.org\tFALSE\t/\tFALSE\t0\ta\t",
    "a=@example.org / " },
  { "no value column", "example.org\tFALSE\t/\tFALSE\t0\ta",
    "a=@example.org / " },
  { "no name", "example.org\tFALSE\t/\tFALSE\t0\t\tb", "=b@example.org / " },
  { "tab in the value", "example.org\tFALSE\t/\tFALSE\t0\ta\tb\tc",
    "a=b\tc@example.org / " },
  { "value with spaces and #", "example.org\tFALSE\t/\tFALSE\t0\ta\t# b c",
    "a=# b c@example.org / " },
  { "upper-case domain", "Example.ORG\tFALSE\t/\tFALSE\t0\ta\tb",
    "a=b@example.org / " },
  { "seconds with a fraction", "example.org\tFALSE\t/\tFALSE\t" .. LATER
    .. ".5\ta\tb", "a=b@example.org / +1000 " },
  { "more than 400 days", "example.org\tFALSE\t/\tFALSE\t9999999999\ta\tb",
    "a=b@example.org / +34560000 " },
  { "public suffix: for that host only", ".co.uk\tTRUE\t/\tFALSE\t0\ta\tb",
    "a=b@co.uk / " },
  { "address: for that host only", "192.0.2.1\tTRUE\t/\tFALSE\t0\ta\tb",
    "a=b@192.0.2.1 / " },
  { "__Host-", "example.org\tFALSE\t/\tTRUE\t0\t__Host-a\tb",
    "__Host-a=b@example.org / s" },

  { "comment", "# example.org\tFALSE\t/\tFALSE\t0\ta\tb" },
  { "HttpOnly in another case", "#httponly_example.org\tFALSE\t/\tFALSE\t0\ta"
    .. "\tb" },
  { "expired", "example.org\tFALSE\t/\tFALSE\t" .. NOW .. "\ta\tb" },
  { "five columns", "example.org\tFALSE\t/\tFALSE\t0" },
  { "spaces instead of tabs", "example.org FALSE / FALSE 0 a b" },
  { "no domain", "\tFALSE\t/\tFALSE\t0\ta\tb" },
  { "bad domain", "exa mple.org\tFALSE\t/\tFALSE\t0\ta\tb" },
  { "a flag that is none", "example.org\tYES\t/\tFALSE\t0\ta\tb" },
  { "another flag that is none", "example.org\tTRUE\t/\t1\t0\ta\tb" },
  { "path without a slash", "example.org\tFALSE\tx\tFALSE\t0\ta\tb" },
  { "no path", "example.org\tFALSE\t\tFALSE\t0\ta\tb" },
  { "negative expiry", "example.org\tFALSE\t/\tFALSE\t-1\ta\tb" },
  { "expiry in words", "example.org\tFALSE\t/\tFALSE\tnever\ta\tb" },
  { "no name, no value", "example.org\tFALSE\t/\tFALSE\t0\t\t" },
  { "control character", "example.org\tFALSE\t/\tFALSE\t0\ta\tb\1" },
  { "NUL", "example.org\tFALSE\t/\tFALSE\t0\ta\0\tb" },
  { "too large", "example.org\tFALSE\t/\tFALSE\t0\ta\t" .. ("b"):rep(4096) },
  { "__Secure- that is not", "example.org\tFALSE\t/\tFALSE\t0\t__Secure-a\tb" },
  { "__Host- for a domain", "example.org\tTRUE\t/\tTRUE\t0\t__Host-a\tb" },
}

local dir = t.tmpdir()
local path = dir .. "/cookies"

for _, row in ipairs(files) do
  t.test("file/" .. row[1], function ()
    t.write(path, "# Netscape HTTP Cookie File\n\nnonsense\n" .. row[2]
      .. (row[1]:find("last line") and "" or "\n"))
    local jar, got = new_jar(), {}
    jar:load(path)
    for i, cookie in ipairs(jar:all()) do
      if cookie.expires then cookie.expires = cookie.expires // 1 | 0 end
      got[i] = describe(cookie)
    end
    t.eq(got, { row[3] })
    t.eq(jar.changed, false)
  end)
end

t.test("file/what is written", function ()
  local jar = new_jar()
  jar:set(FROM, "first=1; max-age=100; secure; httponly")
  jar:set(FROM, "session=2")
  jar:set(FROM, "second=3; max-age=50; domain=example.org; path=/")
  jar:set(FROM, "ta\tb=4; max-age=50")
  jar:set(FROM, "p=5; max-age=50; path=/a\tb")
  jar:save(path)
  local text = t.read(path)
  t.match(text, "^# Netscape HTTP Cookie File\n")
  t.eq(text:gsub("#[^H][^\n]*\n", ""):gsub("^\n", ""),
    "#HttpOnly_www.example.org\tFALSE\t/dir\tTRUE\t" .. NOW + 100
    .. "\tfirst\t1\n.example.org\tTRUE\t/\tFALSE\t" .. NOW + 50
    .. "\tsecond\t3\n")
  t.eq(jar.changed, false)
end)

t.test("file/there and back", function ()
  local jar, again = new_jar(), new_jar()
  for i, line in ipairs { "a=1", "b=x=y; secure", "nameless", "c=; httponly",
                          "ü=\"q\"; domain=example.org; path=/", "t=a\tb",
                          "#d=#", "__Host-e=f; secure; path=/" } do
    jar:set(FROM, line .. "; max-age=" .. i * 100)
  end
  jar:save(path)
  again:load(path)
  t.eq(again:all(), jar:all())
  t.eq(again:header(FROM), jar:header(FROM))
end)

t.test("file/mode 0600, nothing beside it", function ()
  local fresh = t.tmpdir()
  local jar = new_jar()
  t.write(fresh .. "/cookies", "old")
  os.execute("chmod 644 " .. fresh .. "/cookies")
  jar:set(FROM, "a=b; max-age=5")
  jar:save(fresh .. "/cookies")
  local got = t.run { cmd = "ls -A " .. fresh .. "; stat -c %a " .. fresh
    .. "/cookies" }
  t.eq(got.stdout, "cookies\n600\n")
end)

t.test("file/a link stays a link", function ()
  local fresh = t.tmpdir()
  t.write(fresh .. "/real", "")
  os.execute("ln -s real " .. fresh .. "/cookies")
  local jar = new_jar()
  jar:set(FROM, "a=b; max-age=5")
  jar:save(fresh .. "/cookies")
  t.match(t.read(fresh .. "/real"), "a\tb\n$")
  t.eq(t.run { cmd = "readlink " .. fresh .. "/cookies" }.stdout, "real\n")
end)

t.test("file/missing is empty", function ()
  local jar = new_jar()
  jar:load(dir .. "/none")
  t.eq(jar:all(), {})
end)

t.test("file/unreadable", function ()
  local jar = new_jar()
  t.raises(function () jar:load(dir) end, "io", "EISDIR")
  t.raises(function () jar:load("a\0b") end, "usage", "value")
end)

t.test("file/unwritable", function ()
  local jar = new_jar()
  t.raises(function () jar:save(dir) end, "io", "EISDIR")
  local err = t.raises(function () jar:save(dir .. "/none/x") end, "io",
    "ENOENT")
  t.match(err.message, "none/x")
  t.raises(function () jar:save("a\0b") end, "usage", "value")
end)

---------------------------------------------------------------------------
-- A session's file, however its script ends.

-- A script that gets a cookie and ends so; what it said, and its file.
local function run_session (ending, file)
  file = file or t.tmpdir() .. "/cookies"
  local got = t.run { cmd = { t.lurl, "-W", "-e", ([[
    local session = https.session { cookies = "%s" }
    session.transport = function (request)
      return https.response { url = request.url,
        headers = { ["set-cookie"] = "a=b; max-age=1000" } }
    end
    session:get "https://www.example.org/"
    %s]]):format(file, ending) } }
  local written <close> = io.open(file)
  return got, written and written:read "a" or ""
end

-- ending, exit status
local endings = {
  { "", 0 }, { "session:close()", 0 }, { "error 'mine'", 1 },
  { "os.exit()", 0 }, { "os.exit(true)", 0 }, { "os.exit(false)", 1 },
  { "os.exit(7)", 7 }, { "os.exit(7, true)", 7 }, { "os.exit(7, false)", 7 },
  { "session:close() os.exit(7)", 7 },
  { "coroutine.wrap(os.exit)(7)", 7 },
  { "local other <close> = https.session { cookies = '/dev/null' } os.exit(7)",
    7 },
}

for _, row in ipairs(endings) do
  t.test("end/" .. row[1], function ()
    local got, text = run_session(row[1])
    t.eq(got.status, row[2], "status")
    t.match(text, "\ta\tb\n$", "file")
    if row[1]:find "exit" then t.eq(got.stderr, "", "stderr") end
  end)
end

for _, ending in ipairs { "", "os.exit(0)", "os.exit(0, true)" } do
  t.test("end/unwritable, " .. ending, function ()
    local got = run_session(ending, dir .. "/none/x")
    t.eq(got.status, 0, "status")
    t.match(got.stderr, "warning: lurl: .*none/x", "stderr")
  end)
end

t.finish()
