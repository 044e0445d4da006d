-- Bodies into files: PATH.part first and PATH only when it is complete, going
-- on after a failure, digests, and telling how far it is.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local https = require "https"
local progress = require "https.progress"

local A = "good.test:443"
local URL = "https://good.test/x"
local MIB = 1024 * 1024
local BODY = "0123456789"

local dir = t.tmpdir()
local count = 0

-- A path that is not there yet.
local function new_path ()
  count = count + 1
  return dir .. "/" .. count
end

-- What is in a file; nil when it is not there.
local function content (path)
  local f <close> = io.open(path, "rb")
  return f and f:read "a"
end

-- Raises unless these are what is in PATH and what stands beside it.
local function holds (path, whole, part, meta)
  t.eq(content(path), whole, "PATH")
  t.eq(content(path .. ".part"), part, "PATH.part")
  if meta ~= true then
    t.eq(content(path .. ".part.meta"), meta, "PATH.part.meta")
  end
end

local function head (length, more)
  return ("HTTP/1.1 200 OK\r\n%s%s\r\n"):format(length and
    ("content-length: %d\r\n"):format(length) or
    "transfer-encoding: chunked\r\n", more or "")
end

local gzip = ("1f8b0800000000000403010500faff68656c6c6f86a6103605000000")
  :gsub("%x%x", function (digits) return string.char(tonumber(digits, 16)) end)

---------------------------------------------------------------------------
-- A whole body.

-- label, steps after the head, what is in the file
local wholes = {
  { "a length", { "send", head(10) .. BODY }, BODY },
  { "pieces", { "send", head(10), "send", "01234", "send", "56789" }, BODY },
  { "chunks", { "send", head() .. "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n" },
    BODY },
  { "the end of the stream", { "send", "HTTP/1.1 200 OK\r\n\r\n" .. BODY,
    "notify" }, BODY },
  { "gzip", { "send", head(#gzip, "content-encoding: gzip\r\n") .. gzip },
    "hello" },
  { "nothing", { "send", head(0) }, "" },
  { "204", { "send", "HTTP/1.1 204 X\r\n\r\n" }, "" },
  { "a megabyte", { "send", head(MIB), "repeat", MIB // 16,
    "0123456789abcdef" }, ("0123456789abcdef"):rep(MIB // 16) },
  { "every byte", { "send", head(4) .. "\0\r\n\255" }, "\0\r\n\255" },
}

-- How a body comes to a file: by a call with these options, or by what is done
-- with the response.
local ways = {
  { "output", function (s, path, o)
    o.output = path
    return s:get(URL, o)
  end },
  { "output with resume", function (s, path, o)
    o.output, o.resume = path, true
    return s:get(URL, o)
  end, "resume" },
  { "a handle", function (s, path, o)
    local f <close> = assert(io.open(path, "wb"))
    o.output = f
    return s:get(URL, o)
  end, "handle" },
  { "save", function (s, path)
    local r = s:get(URL)
    r:save(path)
    return r
  end, "save" },
  { "save of a stream", function (s, path, o)
    o.stream = true
    local r = s:get(URL, o)
    r:save(path)
    return r
  end, "save" },
}

for _, way in ipairs(ways) do
  for _, row in ipairs(wholes) do
    t.test(("%s by %s"):format(row[1], way[1]), function ()
      local steps = table.move(row[2], 1, #row[2], 2, { "head" })
      local w <close> = wire.open{ [A] = { cert = "good", steps } }
      local s <close> = https.session(w:options())
      local path = new_path()
      local r = way[2](s, path, {})
      t.ok(r.ok, "ok")
      t.ok(content(path) == row[3], "content")
      holds(path, row[3])
      if way[3] ~= "save" then t.eq(r.body, nil, "body") end
    end)
  end

  -- label, steps after the head, kind, code
  local failures = {
    { "truncated", { "send", head(10) .. "01234", "notify" }, "protocol",
      "truncated" },
    { "truncated chunks", { "send", head() .. "5\r\n01234\r\n", "notify" },
      "protocol", "truncated" },
    { "no end of the stream", { "send", "HTTP/1.1 200 OK\r\n\r\n01234", "fin" },
      "tls", "truncated" },
    { "no gzip", { "send", head(5, "content-encoding: gzip\r\n") .. "01234",
      "wait" }, "decode", "corrupt" },
  }
  for _, row in ipairs(failures) do
    t.test(("%s by %s"):format(row[1], way[1]), function ()
      local steps = table.move(row[2], 1, #row[2], 2, { "head" })
      local w <close> = wire.open{ [A] = { cert = "good", steps } }
      local s <close> = https.session(w:options())
      local path = new_path()
      if way[3] ~= "handle" then t.write(path, "old") end
      local err = t.raises(function () way[2](s, path, {}) end, row[3], row[4])
      t.eq(err.sent, true, "sent")
      t.eq(err.host, "good.test", "host")
      if way[3] == "handle" then return end
      -- What was there before is there still; a part of another is not.
      holds(path, "old", way[3] == "resume" and
        (row[3] == "decode" and "" or "01234") or nil)
    end)
  end

  if way[3] ~= "save" then
    for _, status in ipairs{ "400 X", "404 Not Found", "500 X" } do
      t.test(("%s by %s"):format(status, way[1]), function ()
        local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
          peer.answer("sorry", nil, status) } }
        local s <close> = https.session(w:options())
        local path = new_path()
        local r = way[2](s, path, {})
        t.eq(r.status, tonumber(status:match "%d+"), "status")
        t.eq(r.body, "sorry", "body")
        holds(path, way[3] == "handle" and "" or nil)
      end)
    end
  end
end

-- label, method, answer: none is a file
local no_files = {
  { "304", "GET", "HTTP/1.1 304 X\r\netag: \"a\"\r\n\r\n" },
  { "HEAD", "HEAD", head(10) },
  { "HEAD and 404", "HEAD", "HTTP/1.1 404 X\r\ncontent-length: 5\r\n\r\n" },
}

for _, row in ipairs(no_files) do
  t.test(row[1] .. " leaves the file that is there", function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send", row[3],
      "head", "send", row[3] } }
    local s <close> = https.session(w:options())
    local path = new_path()
    t.write(path, "old")
    t.eq(s:request(row[2], URL, { output = path }).body, "", "body")
    s:request(row[2], URL, { output = path, resume = true })
    holds(path, "old")
  end)
end

t.test("a file that was there is replaced", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. BODY } }
  local path = new_path()
  t.write(path, "something that is longer than the new body")
  t.write(path .. ".part", "left by somebody")
  https.get(URL, w:options{ output = path })
  holds(path, BODY)
end)

t.test("while it comes it is not there", function ()
  local path, seen = new_path(), nil
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", head(10),
    "send", "01234", "send", "56789" } }
  https.get(URL, w:options{ output = path, progress = function (n)
    if n < 10 then seen = content(path) end
  end })
  t.eq(seen, nil, "PATH")
  holds(path, BODY)
end)

t.test("the middle of a handle", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. BODY } }
  local path = new_path()
  do
    local f <close> = assert(io.open(path, "wb"))
    f:write "before "
    https.get(URL, w:options{ output = f })
    f:write " after"
  end
  t.eq(content(path), "before 0123456789 after", "content")
end)

t.test("only the last response of redirects and retries", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("moved", "location: /y\r\n", "302 X"), "head", "send",
    peer.answer("busy", nil, "503 X"), "head", "send", head(10) .. BODY } }
  local path = new_path()
  local r = https.get(URL, w:options{ output = path,
    retries = { max = 1, backoff = 0 } })
  t.eq(r.url, "https://good.test/y", "url")
  t.eq(r.history[1].body, "moved", "history")
  holds(path, BODY)
end)

t.test("POST", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "body", 5, "send",
    head(10) .. BODY } }
  local path = new_path()
  https.post(URL, w:options{ body = "hello", output = path })
  holds(path, BODY)
end)

t.test("a middleware that has read the body", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. BODY } }
  local s <close> = https.session(w:options())
  s:use(function (request, next)
    local r = next(request)
    t.eq(r.body, BODY, "body")
    return r
  end)
  local path = new_path()
  s:get(URL, { output = path })
  holds(path, BODY)
end)

t.test("max_body", function ()
  local path = new_path()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. BODY } }
  t.raises(function ()
    https.get(URL, w:options{ output = path, max_body = 9 })
  end, "protocol", "too-large")
  holds(path)
end)

---------------------------------------------------------------------------
-- save.

t.test("save: the rest, after what was read", function ()
  for _, length in ipairs{ 12, false } do
    local text = "one\ntwo\nrest"
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      length and head(12) .. text or
      head() .. "c\r\n" .. text .. "\r\n0\r\n\r\n" } }
    local r = https.get(URL, w:options{ stream = true })
    t.eq(r:read "l", "one", "line")
    local path = new_path()
    r:save(path)
    holds(path, "two\nrest")
  end
end)

t.test("save: nothing is left", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. BODY } }
  local r = https.get(URL, w:options{ stream = true })
  t.eq(r:read "a", BODY, "body")
  local path = new_path()
  r:save(path)
  holds(path, "")
end)

t.test("save: as often as one likes, of a body that was read", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. BODY } }
  local r = https.get(URL, w:options())
  for _ = 1, 2 do
    local path = new_path()
    r:save(path)
    holds(path, BODY)
  end
end)

for i, path in ipairs{ false, 5, "", {}, io.stdout } do
  t.test("save: no path, row " .. i, function ()
    t.raises(function () https.response{ body = "x" }:save(path) end, "usage",
      "type")
  end)
end

---------------------------------------------------------------------------
-- Files that cannot be written.

t.write(dir .. "/file", "")
assert(os.execute("mkdir " .. dir .. "/directory " .. dir .. "/taken.part"))

-- label, path, errno's name, what must be there still, whether that is known
-- before the request
local unwritable = {
  { "no such directory", dir .. "/none/x", "ENOENT" },
  { "a directory that is none", dir .. "/file/x", "ENOTDIR" },
  { "a directory at PATH", dir .. "/directory", { "EISDIR", "EEXIST",
    "ENOTEMPTY" }, nil, true },
  { "a path that ends as a directory's", dir .. "/directory/", { "EISDIR",
    "ENOTDIR" }, nil, true },
  { "a directory at PATH.part", dir .. "/taken", "EISDIR",
    dir .. "/taken.part" },
  { "a name that is too long", dir .. "/" .. ("x"):rep(300), "ENAMETOOLONG" },
}

for _, row in ipairs(unwritable) do
  for _, way in ipairs{ "output", "save", "save of a stream" } do
    t.test(("%s by %s"):format(row[1], way), function ()
      local w <close> = wire.open{ [A] = { cert = "good",
        { "head", "send", head(10) .. BODY }, { "wait" } } }
      local s <close> = https.session(w:options())
      local err = t.raises(function ()
        if way == "output" then
          s:get(URL, { output = row[2] })
        else
          s:get(URL, { stream = way ~= "save" }):save(row[2])
        end
      end, "io", row[3])
      t.eq(err.sent, not (way == "output" and row[5]), "sent")
      t.eq(err.host, "good.test", "host")
      t.match(err.message, "/", "message names the file")
      t.eq(tostring(err):find "%c", nil, "control byte in tostring")
      if row[4] then
        t.ok(os.rename(row[4], row[4]), row[4] .. " is still there")
      end
    end)
  end
end

t.test("a handle that is not for writing", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. BODY, "wait" } }
  local f <close> = assert(io.open(dir .. "/file", "rb"))
  local err = t.raises(function ()
    https.get(URL, w:options{ output = f })
  end, "io", "EBADF")
  t.eq(err.sent, true, "sent")
end)

for _, size in ipairs{ 10, MIB } do
  t.test(("/dev/full, %d bytes"):format(size), function ()
    local f <close> = io.open("/dev/full", "wb")
    if not f then return print "skipped: no /dev/full" end
    f:setvbuf("full", 4096)
    for _, sha256 in ipairs{ false, ("0"):rep(64) } do
      local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
        head(size), "repeat", size, "x", "wait" } }
      local err = t.raises(function ()
        https.get(URL, w:options{ output = f, sha256 = sha256 or nil })
      end, "io", "ENOSPC")
      t.eq(err.sent, true, "sent")
      t.match(err.message, "[Nn]o space", "message")
    end
  end)
end

-- A file system with no room for 1 MiB, if we may have one; unmounted at the
-- end of the test.
local function small_disk ()
  local path = t.tmpdir()
  if not os.execute("mount -t tmpfs -o size=256k none " .. path ..
      " 2>/dev/null") then
    print "skipped: may not mount a small file system"
    return nil
  end
  return path, setmetatable({}, { __close = function ()
    os.execute("umount -l " .. path)
  end })
end

-- label, length, options, whether a part of it stays
local full = {
  { "straight", MIB, {}, false },
  { "with a digest", MIB, { sha256 = ("0"):rep(64) }, false },
  { "with resume", MIB, { resume = true }, true },
  { "by a little", 256 * 1024 + 1, {}, false },
}

for _, row in ipairs(full) do
  t.test("disk full, " .. row[1], function ()
    local disk, mounted = small_disk()
    if not disk then return end
    local guard <close> = mounted
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      head(row[2], 'etag: "a"\r\n'), "repeat", row[2], "x", "wait" } }
    local o = w:options{ output = disk .. "/x" }
    for name, value in pairs(row[3]) do o[name] = value end
    t.raises(function () https.get(URL, o) end, "io", "ENOSPC")
    t.eq(content(disk .. "/x"), nil, "PATH")
    t.eq(content(disk .. "/x.part") ~= nil, row[4], "PATH.part is there")
    t.ok(guard, "mounted")
  end)
end

---------------------------------------------------------------------------
-- sha256.

local HASH = https.hash("sha256", BODY)

for _, way in ipairs{ "path", "handle", "resume" } do
  for _, row in ipairs{ { "right", HASH }, { "right, in capitals",
      HASH:upper() }, { "wrong", ("0"):rep(64) } } do
    t.test(("sha256 %s, %s"):format(row[1], way), function ()
      local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
        head(10, 'etag: "a"\r\n') .. BODY } }
      local path = new_path()
      local f <close> = way == "handle" and assert(io.open(path, "wb")) or nil
      local function get ()
        https.get(URL, w:options{ output = f or path, sha256 = row[2],
          resume = way == "resume" or nil })
      end
      if row[1] ~= "wrong" then
        get()
        return holds(path, BODY)
      end
      local err = t.raises(get, "io", "sha256")
      t.eq(err.sent, true, "sent")
      if way ~= "handle" then holds(path) end
    end)
  end
end

t.test("sha256 wrong, and the old file stays", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. BODY } }
  local path = new_path()
  t.write(path, "old")
  t.raises(function ()
    https.get(URL, w:options{ output = path, sha256 = ("0"):rep(64) })
  end, "io", "sha256")
  holds(path, "old")
end)

t.test("sha256 is that of the decoded body", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(#gzip, "content-encoding: gzip\r\n") .. gzip } }
  local path = new_path()
  https.get(URL, w:options{ output = path,
    sha256 = https.hash("sha256", "hello") })
  holds(path, "hello")
end)

---------------------------------------------------------------------------
-- resume: what the first try leaves.

local function meta_of (validator, url)
  return ("url: %s\nvalidator: %s\n"):format(https.hash("sha256", url or URL),
    validator)
end

local DATE = "Sun, 06 Nov 1994 08:49:37 GMT"

-- label, headers of the answer that breaks off, meta
local lefts = {
  { "a strong etag", 'etag: "a"\r\n', meta_of '"a"' },
  { "a date", "last-modified: " .. DATE .. "\r\n", meta_of(DATE) },
  { "both", 'last-modified: ' .. DATE .. '\r\netag: "a"\r\n', meta_of '"a"' },
  { "a weak etag", 'etag: W/"a"\r\n', nil },
  { "a weak etag and a date", 'etag: W/"a"\r\nlast-modified: ' .. DATE ..
    "\r\n", meta_of(DATE) },
  { "neither", "", nil },
}

for _, row in ipairs(lefts) do
  t.test("resume leaves, with " .. row[1], function ()
    local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
      head(10, row[2]) .. "01234", "notify" } }
    local path = new_path()
    -- That of an earlier version must not be taken for this one's.
    t.write(path .. ".part.meta", meta_of('"stale"', "https://good.test/y"))
    t.raises(function ()
      https.get(URL, w:options{ output = path, resume = true })
    end, "protocol", "truncated")
    holds(path, nil, "01234", row[3])
    t.eq(w:requests(A)[1].headers.range, nil, "range")
  end)
end

---------------------------------------------------------------------------
-- resume: what the second try makes of that.

local function part_of (range, body, more)
  return ("HTTP/1.1 206 X\r\n%s%scontent-length: %d\r\n\r\n%s"):format(
    range and "content-range: " .. range .. "\r\n" or "", more or "", #body,
    body)
end
local REST = part_of("bytes 5-9/10", "56789")
local NEW = peer.answer("abcdefghij", 'etag: "b"\r\n')

-- label
-- part, meta: what is there
-- say:        the answer, or steps; options of the call
-- range:      whether the rest is asked for
-- whole:      what is in PATH then, or kind and code, and what is in PATH.part
-- requests:   how many, if not one
local resumes = {
  { label = "the rest", say = REST, range = true, whole = BODY },
  { label = "the rest, where a coding is asked for", say = REST, range = true,
    options = { headers = { ["accept-encoding"] = "gzip" } }, whole = BODY },
  { label = "the rest by a date", meta = meta_of(DATE), say = REST,
    range = DATE, whole = BODY },
  { label = "the rest in chunks", say = "HTTP/1.1 206 X\r\n" ..
    "content-range: bytes 5-9/10\r\ntransfer-encoding: chunked\r\n\r\n" ..
    "5\r\n56789\r\n0\r\n\r\n", range = true, whole = BODY },
  { label = "the rest of what nobody knows the length",
    say = part_of("bytes 5-9/*", "56789"), range = true, whole = BODY },
  { label = "the rest with its etag",
    say = part_of("bytes 5-9/10", "56789", 'etag: "a"\r\n'), range = true,
    whole = BODY },
  { label = "the rest by an etag without quotes", meta = meta_of "a",
    say = part_of("bytes 5-9/10", "56789", "etag: a\r\nlast-modified: " ..
    DATE .. "\r\n"), range = "a", whole = BODY },
  { label = "the rest of another date", meta = meta_of(DATE),
    say = part_of("bytes 5-9/10", "56789",
    "last-modified: Mon, 07 Nov 1994 08:49:37 GMT\r\n"), range = DATE,
    kind = "protocol", code = "header" },
  { label = "the rest with its digest", say = REST, range = true,
    options = { sha256 = HASH }, whole = BODY },
  { label = "the rest with another digest", say = REST, range = true,
    options = { sha256 = ("0"):rep(64) }, kind = "io", code = "sha256" },
  { label = "it has changed", say = NEW, range = true, whole = "abcdefghij" },
  { label = "it has changed, with its digest", say = NEW, range = true,
    options = { sha256 = https.hash("sha256", "abcdefghij") },
    whole = "abcdefghij" },
  { label = "it has changed, and breaks off", say = { "send",
    head(10, 'etag: "b"\r\n') .. "abc", "notify" }, range = true,
    kind = "protocol", code = "truncated", left = "abc",
    left_meta = meta_of '"b"' },
  { label = "it has changed and has no validator any more", say = { "send",
    head(10) .. "abc", "notify" }, range = true, kind = "protocol",
    code = "truncated", left = "abc", left_meta = false },
  { label = "the rest breaks off", say = { "send",
    part_of("bytes 5-9/10", "56789"):sub(1, -3), "notify" }, range = true,
    kind = "protocol", code = "truncated", left = "01234567",
    left_meta = true },
  { label = "lost before the head", say = { "notify" }, range = true,
    kind = "protocol", code = "closed", left = "01234", left_meta = true },

  -- 416: all of it is there, or it is another.
  { label = "416, complete", part = BODY, range = true,
    say = "HTTP/1.1 416 X\r\ncontent-range: bytes */10\r\n" ..
    "content-length: 0\r\n\r\n", whole = BODY },
  { label = "416, complete, with its digest", part = BODY, range = true,
    say = "HTTP/1.1 416 X\r\ncontent-range: bytes */10\r\n" ..
    "content-length: 0\r\n\r\n", whole = BODY, options = { sha256 = HASH } },
  { label = "416, complete, with another digest", part = BODY, range = true,
    say = "HTTP/1.1 416 X\r\ncontent-range: bytes */10\r\n" ..
    "content-length: 0\r\n\r\n", options = { sha256 = ("0"):rep(64) },
    kind = "io", code = "sha256" },
  { label = "416, changed", part = BODY .. "more", range = true, requests = 2,
    say = { "send", "HTTP/1.1 416 X\r\ncontent-range: bytes */10\r\n" ..
    "content-length: 0\r\n\r\n", "head", "send", NEW },
    whole = "abcdefghij" },
  { label = "416 without a range", part = BODY, range = true, requests = 2,
    say = { "send", peer.answer("", nil, "416 X"), "head", "send", NEW },
    whole = "abcdefghij" },
  { label = "416, and then 404", part = BODY, range = true, requests = 2,
    say = { "send", peer.answer("", nil, "416 X"), "head", "send",
    peer.answer("", nil, "404 X") }, status = 404, left = BODY,
    left_meta = true },

  -- Answers that are not what was asked for.
  { label = "an earlier range", say = part_of("bytes 4-9/10", "456789"),
    range = true, kind = "protocol", code = "header" },
  { label = "a later range", say = part_of("bytes 6-9/10", "6789"),
    range = true, kind = "protocol", code = "header" },
  { label = "not all of the rest", say = part_of("bytes 5-7/10", "567"),
    range = true, kind = "protocol", code = "header" },
  { label = "no content-range", say = part_of(nil, "56789"), range = true,
    kind = "protocol", code = "header" },
  { label = "a content-range that is none", say = part_of("5-9/10", "56789"),
    range = true, kind = "protocol", code = "header" },
  { label = "another unit", say = part_of("lines 5-9/10", "56789"),
    range = true, kind = "protocol", code = "header" },
  { label = "several ranges", say = part_of(nil, "--x\r\n\r\n56789\r\n--x--",
    "content-type: multipart/byteranges; boundary=x\r\n"), range = true,
    kind = "protocol", code = "header" },
  { label = "a coded rest", say = part_of("bytes 5-9/10", "56789",
    "content-encoding: gzip\r\n"), range = true, kind = "protocol",
    code = "header" },
  { label = "the rest of another", say = part_of("bytes 5-9/10", "56789",
    'etag: "b"\r\n'), range = true, kind = "protocol", code = "header" },
  { label = "a part that nobody asked for", part = false, meta = false,
    say = REST, kind = "protocol", code = "header", left = false,
    left_meta = false },

  -- Error statuses leave everything as it was.
  { label = "404", say = peer.answer("", nil, "404 X"), range = true,
    status = 404, left = "01234", left_meta = true },
  { label = "503", say = peer.answer("", nil, "503 X"), range = true,
    status = 503, left = "01234", left_meta = true },

  -- Nothing to go on from: all is asked for.
  { label = "no meta", meta = false, say = NEW, whole = "abcdefghij" },
  { label = "no part", part = false, say = NEW, whole = "abcdefghij" },
  { label = "an empty part", part = "", say = NEW, whole = "abcdefghij" },
  { label = "meta of another URL", meta = meta_of('"a"',
    "https://good.test/y"), say = NEW, whole = "abcdefghij" },
  { label = "meta without a validator", meta = "url: " .. URL .. "\n",
    say = NEW, whole = "abcdefghij" },
  { label = "meta that is none", meta = "\0\255", say = NEW,
    whole = "abcdefghij" },
  { label = "a range of one's own", options = { headers = {
    range = "bytes=0-4" } }, say = part_of("bytes 0-4/10", "abcde"),
    own_range = "bytes=0-4", whole = "abcde" },
}

for _, row in ipairs(resumes) do
  t.test("resume: " .. row.label, function ()
    local path = new_path()
    local part, meta = row.part, row.meta
    if part == nil then part = "01234" end
    if meta == nil then meta = meta_of '"a"' end
    if part then t.write(path .. ".part", part) end
    if meta then t.write(path .. ".part.meta", meta) end
    local say = type(row.say) == "table" and row.say or { "send", row.say }
    local w <close> = wire.open{ [A] = { cert = "good",
      table.move(say, 1, #say, 2, { "head" }) } }
    local o = w:options{ output = path, resume = true }
    for name, value in pairs(row.options or {}) do o[name] = value end

    if row.kind then
      local err = t.raises(function () https.get(URL, o) end, row.kind,
        row.code)
      t.eq(err.sent, true, "sent")
      local left, left_meta = row.left, row.left_meta
      if left == nil and row.kind ~= "io" then
        left, left_meta = part, true
      end
      if left_meta == true then left_meta = meta end
      holds(path, nil, left or nil, left_meta or nil)
    else
      local r = https.get(URL, o)
      if row.status then t.eq(r.status, row.status, "status") end
      t.eq(r.ok, row.status == nil, "ok")
      if r.ok then t.eq(r:raise(), r, "raise") end
      holds(path, row.whole, row.left, row.left_meta and meta or nil)
    end

    local got = w:requests(A)
    t.eq(#got, row.requests or 1, "requests")
    local h = got[1].headers
    t.eq(h.range, row.range and ("bytes=%d-"):format(#part) or row.own_range,
      "range")
    t.eq(h["if-range"], row.range and
      (row.range == true and '"a"' or row.range) or nil, "if-range")
    if row.range then
      t.eq(h["accept-encoding"], "identity", "accept-encoding")
    end
    if got[2] then
      t.eq(got[2].headers.range, nil, "range of the second")
      t.eq(got[2].headers["if-range"], nil, "if-range of the second")
    end
  end)
end

t.test("resume: through a redirect", function ()
  local path = new_path()
  local moved = peer.answer("", "location: /y\r\n", "302 X")
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", moved, "head", "send",
      head(10, 'etag: "a"\r\n') .. "01234", "notify" },
    { "head", "send", moved, "head", "send", REST } } }
  t.raises(function ()
    https.get(URL, w:options{ output = path, resume = true })
  end, "protocol", "truncated")
  t.eq(content(path .. ".part"), "01234", "PATH.part")
  https.get(URL, w:options{ output = path, resume = true })
  holds(path, BODY)
  t.eq(w:requests(A)[4].headers.range, "bytes=5-", "range")
end)

t.test("resume: the whole way in three tries", function ()
  local path = new_path()
  local w <close> = wire.open{ [A] = { cert = "good",
    { "head", "send", head(10, 'etag: "a"\r\n') .. "012", "notify" },
    { "head", "send", part_of("bytes 3-9/10", "3456789",
      'etag: "a"\r\n'):sub(1, -4), "notify" },
    { "head", "send", part_of("bytes 7-9/10", "789", 'etag: "a"\r\n') } } }
  local function get ()
    return https.get(URL, w:options{ output = path, resume = true,
      sha256 = HASH })
  end
  t.raises(get, "protocol", "truncated")
  t.raises(get, "protocol", "truncated")
  get()
  holds(path, BODY)
end)

-- label, options: refused before anything is sent
local contradictions = {
  { "resume without output", { resume = true } },
  { "resume with a handle", { resume = true, output = io.stdout } },
  { "sha256 without output", { sha256 = ("0"):rep(64) } },
  { "stream and output", { stream = true, output = dir .. "/x" } },
  { "an empty path", { output = "" } },
  { "sha256 of 63 digits", { sha256 = ("0"):rep(63), output = dir .. "/x" } },
  { "sha256 of no digits", { sha256 = ("x"):rep(64), output = dir .. "/x" } },
}

for _, row in ipairs(contradictions) do
  t.test("refused: " .. row[1], function ()
    local err = t.raises(function ()
      https.get("https://nowhere.invalid/", row[2])
    end, "usage", "value")
    t.eq(err.sent, false, "sent")
  end)
end

---------------------------------------------------------------------------
-- Killed in the middle.

t.test("kill -9 leaves no part of it at PATH", function ()
  for _, resume in ipairs{ true, false } do
    local path = new_path()
    local w <close> = wire.open{ [A] = { cert = "good",
      { "head", "send", head(2 * MIB, 'etag: "a"\r\n'), "repeat", MIB, "x",
        "wait" },
      { "head", "send", head(5) .. "hello" } } }
    local script = new_path() .. ".lua"
    t.write(script, ([[
      https.get("%s", { ca = "%s", resolve = { ["%s"] = "%s" }, output = "%s",
        resume = %s or nil, progress = function (n)
          if n >= 1 << 19 and not said then
            said = true
            print "half"
            io.stdout:flush()
          end
        end })
    ]]):format(URL, peer.pem "root", A, w.resolve[A], path, resume))
    local p = t.spawn{ cmd = { t.lurl, script }, ready = "^half$" }
    assert(os.execute("kill -9 " .. p.pid))
    w:expect(A, "^received 0 ")
    p:stop()
    t.eq(content(path), nil, "PATH")
    t.ok(content(path .. ".part"), "PATH.part")
    t.eq(content(path .. ".part.meta"), resume and meta_of '"a"' or nil,
      "PATH.part.meta")
    -- The next one is not led astray by what is left.
    https.get(URL, w:options{ output = path, resume = resume or nil })
    holds(path, "hello")
    t.eq(w:requests(A)[2].headers["if-range"], resume and '"a"' or nil,
      "if-range")
  end
end)

---------------------------------------------------------------------------
-- progress: a function.

-- label, steps after the head, the total that is told, what is told last
local told = {
  { "a length", { "send", head(10), "send", "01234", "send", "56789" }, 10,
    10 },
  { "chunks", { "send", head(), "send", "5\r\n01234\r\n", "send",
    "5\r\n56789\r\n0\r\n\r\n" }, nil, 10 },
  { "nothing", { "send", head(0) }, 0, 0 },
  -- As they came over the wire.
  { "gzip", { "send", head(#gzip, "content-encoding: gzip\r\n") .. gzip },
    #gzip, #gzip },
}

-- How the body is taken.
local takes = {
  { "buffered", {} }, { "to a path", { output = true } },
  { "to a handle", { handle = true } },
  { "with a digest", { output = true, sha256 = true } },
  { "streamed", { stream = true } },
}

for _, row in ipairs(told) do
  for _, take in ipairs(takes) do
    t.test(("progress: %s, %s"):format(row[1], take[1]), function ()
      local steps = table.move(row[2], 1, #row[2], 2, { "head" })
      local w <close> = wire.open{ [A] = { cert = "good", steps } }
      local calls, path = {}, new_path()
      local o = w:options{ progress = function (received, total)
        calls[#calls + 1] = { received, total }
      end }
      local f <close> = take[2].handle and assert(io.open(path, "wb")) or nil
      o.output, o.stream = take[2].output and path or f, take[2].stream
      if take[2].sha256 then
        o.sha256 = https.hash("sha256", row[1] == "gzip" and "hello" or
          row[1] == "nothing" and "" or BODY)
      end
      local r = https.get(URL, o)
      if o.stream then r:read "a" end
      t.ok(#calls > 0, "calls")
      for i, call in ipairs(calls) do
        t.eq(call[2], row[3], "total")
        t.ok(i == 1 or call[1] > calls[i - 1][1], "it grows")
      end
      t.eq(calls[#calls][1], row[4], "received at last")
    end)
  end
end

t.test("progress: goes on from what is there", function ()
  local path, calls = new_path(), {}
  t.write(path .. ".part", "01234")
  t.write(path .. ".part.meta", meta_of '"a"')
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", REST } }
  https.get(URL, w:options{ output = path, resume = true,
    progress = function (...) calls[#calls + 1] = { ... } end })
  t.eq(calls, { { 10, 10 } }, "calls")
end)

t.test("progress: of the response that is given, not those before", function ()
  local calls = {}
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("moved", "location: /y\r\n", "302 X"), "head", "send",
    peer.answer("busy", nil, "503 X"), "head", "send", head(10) .. BODY } }
  https.get(URL, w:options{ retries = { max = 1, backoff = 0 },
    progress = function (...) calls[#calls + 1] = { ... } end })
  t.eq(calls, { { 10, 10 } }, "calls")
end)

t.test("progress: of no body nothing is told", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10), "head", "send", "HTTP/1.1 304 X\r\ncontent-length: 10\r\n\r\n" } }
  local s <close> = https.session(w:options())
  for _, method in ipairs{ "HEAD", "GET" } do
    s:request(method, URL, { progress = function () error "told" end })
  end
end)

-- label, value that is raised
local object = { "mine" }
for _, take in ipairs(takes) do
  for _, value in ipairs{ "mine", object, false } do
    t.test(("progress: raises %s, %s"):format(type(value), take[1]),
      function ()
        local w <close> = wire.open{ [A] = { cert = "good",
          { "head", "send", head(5 * MIB), "send", ("x"):rep(300000),
            "wait" }, { "head", "send", peer.answer "final" } } }
        local s <close> = https.session(w:options{ pool = { per_host = 1 } })
        local path = new_path()
        local f <close> = take[2].handle and assert(io.open(path, "wb")) or nil
        local ok, err = pcall(function ()
          local r = s:get(URL, { stream = take[2].stream,
            output = take[2].output and path or f,
            progress = function () error(value, 0) end })
          if take[2].stream then r:read "a" end
        end)
        t.eq(ok, false, "ok")
        t.ok(rawequal(err, value), "the value itself")
        w:expect(A, "^received 0 ")     -- the connection has ended
        if not f then holds(path) end
        t.eq(s:get(URL).body, "final", "the next request")
      end)
  end
end

---------------------------------------------------------------------------
-- progress=true: a line on a terminal.

local function columns_of (text) return assert(utf8.len(text), text) end

t.test("bar: always as wide as it shall be", function ()
  for width = 0, 60 do
    for i = 0, 200 do
      local ascii = progress.bar(i / 200, width, false)
      t.eq(#ascii, width, "ASCII")
      t.eq(ascii:find "[^#.]", nil, "ASCII")
      t.eq(columns_of(progress.bar(i / 200, width, true)), width, "UTF-8")
    end
  end
  t.eq(progress.bar(0, 4, false), "....", "empty")
  t.eq(progress.bar(0.5, 4, false), "##..", "half")
  t.eq(progress.bar(1, 4, false), "####", "full")
  t.eq(progress.bar(0, 4, true), "    ", "empty")
  t.eq(progress.bar(1, 4, true), "████", "full")
  t.eq(progress.bar(1 / 8, 2, true), "▎ ", "an eighth")
end)

-- received, total, elapsed, what the line says
local says = {
  { 0, 1000, 0, { "  0%%", "0 B of 1000 B", "0 B/s", "%-%-:%-%-" } },
  { 500, 1000, 1, { " 50%%", "500 B of 1000 B", "500 B/s", "00:01" } },
  { 1000, 1000, 2, { "100%%", "1000 B of 1000 B", "500 B/s", "00:00" } },
  { 1536, 4096, 1, { " 37%%", "1.5 KiB of 4.0 KiB", "1.5 KiB/s", "00:02" } },
  { 999, 1000, 1, { " 99%%" } },
  { 1 << 30, 3 << 30, 100, { " 33%%", "1.0 GiB of 3.0 GiB", "10.2 MiB/s",
    "03:20" } },
  { 1, 1 << 40, 1, { "  0%%", "1.0 TiB", "%-%-:%-%-" } },
  { 1 << 20, 1 << 34, 1, { "4:33:03" } },
  { 500, nil, 2, { "^500 B", "250 B/s", "00:02" } },
  { 0, nil, 0, { "^0 B" } },
  { 0, 0, 0, { "100%%", "0 B of 0 B" } },
  { 20, 10, 1, { "100%%" } },       -- a server that said too little
}

for i, row in ipairs(says) do
  t.test("line, row " .. i, function ()
    local s = { received = row[1], total = row[2], elapsed = row[3],
      columns = 100, utf8 = true }
    local line = progress.line(s)
    for _, want in ipairs(row[4]) do t.match(line, want, "line") end
    t.eq(line:find "%-%d", nil, "a negative number")
    -- It never fills the last column: some terminals would begin a new line.
    for columns = 0, 120 do
      for _, is_utf8 in ipairs{ true, false } do
        s.columns, s.utf8 = columns, is_utf8
        line = progress.line(s)
        t.ok(columns_of(line) <= math.max(columns - 1, 0),
          ("%d columns: %s"):format(columns, line))
        if not is_utf8 then t.eq(#line, columns_of(line), "ASCII") end
        t.eq(line:find "%c", nil, "a control byte")
      end
    end
  end)
end

-- A meter with a clock and a terminal of the test's own.
local function draw (total, columns, steps)
  local written, now = {}, 100
  local board = progress.board{
    terminal = function () return columns, false end,
    write = function (text) written[#written + 1] = text end,
    now = function () return now end,
  }
  local meter = progress.meter(true, https.response{ headers = {
    ["content-length"] = total } }, { board = board })
  for _, step in ipairs(steps) do
    now = now + step[1]
    meter:add(step[2])
  end
  now = now + 1
  meter:finish()
  meter:stop()
  meter:stop()
  return written
end

t.test("it is drawn ten times a second at most", function ()
  local steps = {}
  for i = 1, 1000 do steps[i] = { 0.01, 10 } end
  local written = draw(10000, 80, steps)
  t.ok(#written > 90 and #written < 105, #written .. " drawings")
  for i, text in ipairs(written) do
    if i < #written then
      t.match(text, "^\r[^\r\n]*\27%[K$", "one line, over itself")
    end
  end
  t.eq(written[#written], "\n", "its end")
  t.match(written[#written - 1], "100%%", "the last")
end)

-- What a terminal shows after these writes; a line's bar is left out.
local function screen (written)
  local lines, row = { "" }, 1
  for kind, text in table.concat(written):gsub("\27%[(%d*)(%a)",
      function (n, c) return c == "A" and "\1" .. n .. ";" or "" end)
      :gmatch "([\r\n\1]?)([^\r\n\1]*)" do
    if kind == "\n" then
      row = row + 1
      lines[row] = text ~= "" and text or lines[row] or ""
    elseif kind == "\1" then
      local n, rest = text:match "^(%d+);(.*)$"
      row = row - n
      if rest ~= "" then lines[row] = rest end
    elseif text ~= "" then
      lines[row] = text
    end
  end
  for i, line in ipairs(lines) do lines[i] = line:gsub(" *%[.*", "") end
  return lines
end

t.test("several at once have a line each, and a name", function ()
  local written, now = {}, 0
  local board = progress.board{
    terminal = function () return 80, false end,
    write = function (text) written[#written + 1] = text end,
    now = function () return now end,
  }
  local function start (path)
    return progress.meter(true, https.response{ url = "https://a.test" .. path,
      headers = { ["content-length"] = "100" } }, { board = board })
  end
  local a, b = start "/x/first.iso", start "/second?q=1"
  now = 1
  a:add(10)
  b:add(20)
  now = 2
  b:add(60)
  local lines = screen(written)
  t.eq(#lines, 2)
  t.match(lines[1], "^first.iso +10%%", "first")
  t.match(lines[2], "^second +80%%", "second")
  b:add(20)
  b:finish()
  b:stop()
  now = 3
  a:add(40)
  lines = screen(written)
  t.match(lines[1], "^second +100%%", "the one that has ended stays")
  t.match(lines[2], "^ *50%%", "alone, and without a name")
  a:add(50)
  a:finish()
  a:stop()
  lines = screen(written)
  t.eq(#lines, 3)
  t.match(lines[2], "^ *100%%")
  t.eq(lines[3], "", "the cursor is on a line of its own")
end)

t.test("nothing is drawn where there is no terminal", function ()
  t.eq(draw(1000, nil, { { 1, 500 }, { 1, 500 } }), {}, "written")
end)

local get = ([[
  local size, how = arg[1], arg[2]
  local r = https.get("https://good.test:%s/bytes/" .. size, {
    ca = "%s", resolve = { ["good.test:%s"] = "127.0.0.1:%s" },
    progress = true, output = how == "output" and arg[3] or nil,
    stream = how == "stream" or nil })
  if how == "stream" then r:read "a" end
  print "done"
]])

local server = peer.httpsd{ "good" }
local script = dir .. "/get.lua"
t.write(script, get:format(server.port, peer.pem "root", server.port,
  server.port))

for _, how in ipairs{ "buffered", "output", "stream" } do
  t.test("stderr is no terminal: nothing is said, " .. how, function ()
    local r = t.run{ cmd = { t.lurl, script, "300000", how, new_path() } }
    t.eq(r.stdout, "done\n", "stdout")
    t.eq(r.stderr, "", "stderr")
    t.eq(r.status, 0, "status")
  end)
end

-- Runs that on a terminal of its own; what it wrote there.
local function on_terminal (columns, locale, how)
  local command = ("stty cols %d; exec %s %s 3000000 %s %s"):format(columns,
    t.quote(t.lurl), t.quote(script), how, new_path())
  local r = t.run{ cmd = { "script", "-qec", command, "/dev/null" },
    env = { LC_ALL = locale, TERM = "xterm" } }
  t.eq(r.status, 0, "status: " .. r.stdout .. r.stderr)
  return r.stdout
end

for _, how in ipairs{ "buffered", "output", "stream" } do
  for _, locale in ipairs{ "C", "C.UTF-8" } do
    for _, columns in ipairs{ 120, 80, 40, 20, 8 } do
      t.test(("on a terminal of %d columns, %s, %s"):format(columns, locale,
        how), function ()
        local text = on_terminal(columns, locale, how)
        local drawn, rest = text:match "^(.-)\r\n(.*)$"
        t.eq(rest, "done\r\n", "after the line")
        local last
        for line in drawn:gmatch "\r([^\r]*)\27%[K" do
          t.ok(columns_of(line) < columns, ("%q"):format(line))
          if locale == "C" then t.eq(#line, columns_of(line), "ASCII") end
          last = line
        end
        t.ok(last, ("a line in %q"):format(drawn))
        t.match(last, columns > 8 and "^100%%" or "^100", "the last")
        if columns >= 80 then
          t.ok(last:find(locale == "C" and "[####" or "[████", 1, true),
            ("a bar in %q"):format(last))
        end
      end)
    end
  end
end

-- What says why it failed begins on a line of its own.
t.test("on a terminal, a failure", function ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    head(10) .. "01234", "notify" } }
  local path = new_path() .. ".lua"
  t.write(path, ([[
    https.get("%s", { ca = "%s", resolve = { ["%s"] = "%s" },
      progress = true })
  ]]):format(URL, peer.pem "root", A, w.resolve[A]))
  local r = t.run{ cmd = { "script", "-qec", t.quote(t.lurl) .. " " .. path,
    "/dev/null" }, env = { TERM = "xterm" } }
  t.match(r.stdout, "\27%[K\r\n[^\r\n]*https://good%.test/x", "stdout")
end)

t.finish()
