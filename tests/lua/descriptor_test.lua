-- No request leaves a descriptor open or its connection busy, however it ends:
-- as many are open after 200 of a kind (fewer of what takes long) as before, in
-- a session that may have one connection.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

warn "@off"     -- verify=false would be told

local ROUNDS = 200
local LONG = ("x"):rep(100000)  -- more than what is read to keep a connection

local here = t.tmpdir()

local function count_open ()
  local list = here .. "/open"
  assert(os.execute("ls /proc/$PPID/fd >" .. t.quote(list)))
  return select(2, t.read(list):gsub("\n", ""))
end

local function rawd (steps, cert)
  return function ()
    return peer.rawd{ steps, cert = cert, limit = 120 }
  end
end

local function answering (body, headers, status)
  return rawd{ "head", "send", peer.answer(body, "connection: close\r\n"
    .. (headers or ""), status), "close" }
end

local function httpsd (name)
  return function () return peer.httpsd{ name } end
end

-- One that has gone: its port refuses.
local function nobody ()
  local s <close> = peer.rawd{ "wait" }
  return s
end

local function get (path)
  return function (session, url, o)
    local r = session:get(url(path), o)
    t.ok(r.ok and r.body, "answer")
  end
end

-- A session's step that fails; it is there from the first round on.
local function step (fn)
  return function (session, url, o)
    if #session.chain == 5 then session:use(fn) end
    session:get(url "/bytes/100", o)
  end
end

local function failing () error("mine", 0) end

-- label, server, what is done, options; with garbage: the script loses what it
-- would have to close
local good = {
  { "kept alive", httpsd "good", get "/bytes/100" },
  { "chunked", httpsd "good", get "/chunked/5000" },
  { "long", httpsd "good", get "/bytes/100000" },
  { "closed by the server", httpsd "good", get "/close" },
  { "not verified", httpsd "expired", get "/", { verify = false } },
  { "http", answering "hello", get "/" },
  { "until the end of the stream",
    rawd{ "head", "send", "HTTP/1.1 200 OK\r\n\r\nhello", "close" }, get "/" },
  { "an error status", httpsd "good", function (session, url, o)
      t.raises(function ()
        session:get(url "/status/404", o):raise()
      end, "status", "404")
    end },
  { "a body function", httpsd "good", function (session, url, o)
      local pieces = { "one", "two" }
      o.body = function () return table.remove(pieces) end
      t.match(session:post(url "/echo", o).body, "two.*one", "echo")
    end },
  { "into a file", httpsd "good", function (session, url, o)
      t.ok(session:get(url "/bytes/100000", o).ok, "answer")
    end, { output = here .. "/file" } },
  { "a stream, read", httpsd "good", function (session, url, o)
      local n = 0
      for piece in session:get(url "/bytes/100000", o):chunks() do
        n = n + #piece
      end
      t.eq(n, 100000, "bytes")
    end, { stream = true } },
  { "a stream, closed", httpsd "good", function (session, url, o)
      local r <close> = session:get(url "/bytes/1000000", o)
      t.eq(#r:read(10), 10, "bytes")
    end, { stream = true } },
  { "a short stream, closed unread", httpsd "good", function (session, url, o)
      session:get(url "/bytes/10", o):close()
    end, { stream = true } },
  { "a stream, lost", httpsd "good", function (session, url, o)
      session:get(url "/bytes/1000000", o)
    end, { stream = true }, garbage = true },
  { "a stream, lost half-way", httpsd "good", function (session, url, o)
      session:get(url "/bytes/1000000", o):read(10)
    end, { stream = true }, garbage = true },
  { "a session, closed", httpsd "good", function (_, url, o)
      local own <close> = https.session()
      t.ok(own:get(url "/", o).ok, "answer")
    end },
  { "a session, lost", httpsd "good", function (_, url, o)
      t.ok(https.session():get(url "/", o).ok, "answer")
    end, garbage = true },
  { "a step that asks twice", httpsd "good",
    step(function (request, next)
      next(request)
      return next(request)
    end), garbage = true },
}

-- label, server, kind, code, options, what is done; without kind: an error of
-- the script's own
local bad = {
  { "refused", nobody, "connect", "refused" },
  { "no such name", nobody, "resolve", nil, { resolve = {} }, rounds = 3 },
  { "expired", httpsd "expired", "verify", "expired" },
  { "another authority", httpsd "unknown-root", "verify" },
  { "wrong name", httpsd "wrong", "verify", "name-mismatch" },
  { "no TLS", rawd({ "plain", "HTTP/1.1 400 Bad Request\r\n\r\n", "close" },
                   "good"), "tls", "not-tls" },
  { "closed in the handshake", rawd({ "tlsread", "close" }, "good"), "tls" },
  { "silent in the handshake", rawd({ "stall" }, "good"), "timeout", "tls",
    { timeout = { connect = 0.005 } } },
  { "silent", rawd{ "head", "stall" }, "timeout", "read",
    { timeout = { read = 0.005 } } },
  { "silent, in all", rawd{ "head", "stall" }, "timeout", "total",
    { timeout = 0.005 } },
  { "silent in the body", rawd{ "head", "send",
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", "stall" },
    "timeout", "read", { timeout = { read = 0.005 } } },
  { "no answer", rawd{ "head", "close" }, "protocol", "closed" },
  { "reset", rawd{ "head", "rst" }, "connect", "reset" },
  { "truncated", rawd{ "head", "send",
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", "close" },
    "protocol", "truncated" },
  { "truncated under TLS", rawd({ "head", "send",
      "HTTP/1.1 200 OK\r\n\r\nx", "halfclose", "wait" }, "good"),
    "tls", "truncated" },
  { "no HTTP", rawd{ "head", "send", "SSH-2.0\r\n", "wait" },
    "protocol", "status-line" },
  { "too large", answering(LONG), "protocol", "too-large",
    { max_body = 10 } },
  { "corrupt", answering("hello", "content-encoding: gzip\r\n"), "decode",
    "corrupt" },
  { "no JSON", answering "hello", "json", "syntax", nil,
    function (session, url, o) session:get(url "/", o):json() end },
  { "no file to write", answering "hello", "io", "ENOENT",
    { output = "/nowhere/at/all" } },
  { "misspelt", nobody, "usage", "option", { verfy = true } },
  { "no redirects left", answering("", "location: /\r\n", "302 Found"),
    "redirect", "too-many", { redirects = { max = 3 } }, rounds = 50 },
  { "redirect to nowhere", answering("", "location: http://[\r\n",
    "302 Found"), "redirect", "location" },
  { "a body function that raises", rawd{ "head", "wait" }, nil, nil, nil,
    function (session, url, o)
      local n = 0
      o.body = function ()
        n = n + 1
        return n < 3 and LONG or failing()
      end
      session:post(url "/", o)
    end },
  { "a step that raises before", httpsd "good", nil, nil, nil, step(failing) },
  { "a step that raises after", httpsd "good", nil, nil, nil,
    step(function (request, next)
      local r = next(request)
      failing(r)
    end) },
  { "a step that raises after two", httpsd "good", nil, nil, nil,
    step(function (request, next)
      local _ = next(request).body
      local r = next(request)
      failing(r)
    end) },
  { "a step that raises for the answer", httpsd "good", "status", "404", nil,
    function (session, url, o)
      if #session.chain == 5 then
        session:use(function (request, next) return next(request):raise() end)
      end
      local err = t.raises(function ()
        session:get(url "/status/404", o)
      end, "status", "404")
      t.ok(err.response.body, "body")
      error(err, 0)
    end },
}

-- Counts before and after ROUNDS of it.
local function count (row, o, fn)
  local s <close> = row[2]()
  local function url (path) return s:url(path) end
  collectgarbage()        -- of the row before
  local before = count_open()
  local session = https.session{ pool = { per_host = 1 } }
  for _ = 1, row.rounds or ROUNDS do
    local own = {}
    for k, v in pairs(o or {}) do own[k] = v end
    fn(session, url, s:options(own))
  end
  session:close()
  if row.garbage then collectgarbage() end
  t.eq(count_open(), before, "open descriptors")
end

https.session{}:close()
t.raises(function () https.get("http://127.0.0.1:1", { allow_http = true }) end,
  "connect")     -- what the first request opens once for all

for _, row in ipairs(good) do
  t.test(row[1], function () count(row, row[4], row[3]) end)
end

for _, row in ipairs(bad) do
  local label, kind, code, run = row[1], row[3], row[4], row[6] or get "/"
  t.test(label, function ()
    count(row, row[5], function (...)
      local ok, err = pcall(run, ...)
      t.eq(ok, false, "success")
      if not kind then return t.eq(err, "mine", "error") end
      t.raises(function () error(err, 0) end, kind, code)
    end)
  end)
end

t.finish()
