-- Every option does something, and what it does is seen from the server's side
-- or in the response.  The list of options is the code's own, so that one
-- without a test fails here.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local wire = require "tests.lua.wire"
local rows = require "tests.tls.rows"
local servers = require "tests.tls.servers"
local https = require "https"
local option = require "https.options"

local A = "good.test:443"
local URL = "https://good.test/x"
local FINAL = peer.answer "final"
local GZIP = ("1f8b0800000000000403010500faff68656c6c6f86a6103605000000")
  :gsub("%x%x", function (digits) return string.char(tonumber(digits, 16)) end)

local dir = t.tmpdir()

-- A request to a server that plays these steps after its head.
local function play (o, steps, method)
  steps = steps or { "send", FINAL }
  local w <close> = wire.open{ [A] = { cert = "good",
    table.move(steps, 1, #steps, 2, { "head" }) } }
  local r = https.request(method or "GET", URL, w:options(o))
  return r, w:requests(A)
end

local function sent (o, steps, method)
  local _, got = play(o, steps, method)
  return got[1]
end

-- What each option is seen to do.
local drives = {}

function drives.allow_http ()
  local p <close> = peer.rawd{ "head", "send", FINAL }
  local resolve = { ["plain.test:" .. p.port] = "127.0.0.1:" .. p.port }
  t.raises(function () https.get(p:url(), { resolve = resolve }) end, "usage",
    "url")
  t.eq(https.get(p:url(), { resolve = resolve, allow_http = true }).body,
    "final", "body")
end

function drives.auth ()
  t.eq(sent{ auth = { "joe", "x" } }.headers.authorization,
    "Basic am9lOng=", "authorization")
end

function drives.body ()
  t.eq(sent({ body = "hello" }, { "body", 5, "send", FINAL }, "POST").body,
    "hello", "body")
end

function drives.ca ()
  t.raises(function () play{ ca = peer.pem "self-ca" } end, "verify")
  t.match(play{ ca = peer.pem "root" }.tls.trust, "root%.pem", "trust")
end

-- One request to a server that wants to see a certificate of ours.
local function shown (options)
  local s = servers.s_server{ cert = "good", answer = true, args = { "-Verify",
    "1", "-verify_return_error", "-CAfile", peer.pem "root" } }
  local ok, r = pcall(rows.get, { host = "good.test", options = options }, s)
  s:stop()
  if not ok then error(r, 0) end
  return r
end

function drives.cert ()
  t.raises(function () shown{} end, "tls", "client-cert")
  local both = dir .. "/both.pem"
  t.write(both, t.read(peer.pem "client-chain") ..
    t.read(rows.pem("client", ".key")))
  t.match(shown{ cert = both }.body, "CN *= *client", "page")
end

function drives.key ()
  local cert = peer.pem "client-chain"
  t.raises(function () shown{ cert = cert } end, "usage")
  t.eq(shown{ cert = cert, key = rows.pem("client", ".key") }.status, 200,
    "status")
end

function drives.key_password ()
  local cert, key = peer.pem "client-chain", dir .. "/encrypted.key"
  assert(os.execute("openssl pkcs8 -topk8 -passout pass:swordfish -in " ..
    rows.pem("client", ".key") .. " -out " .. key))
  t.raises(function () shown{ cert = cert, key = key } end, "usage")
  t.eq(shown{ cert = cert, key = key, key_password = "swordfish" }.status, 200,
    "status")
end

function drives.pin ()
  t.raises(function () play{ pin = "sha256:" .. ("0"):rep(64) } end, "verify",
    "pin-mismatch")
  local pin = play{}.tls.hash
  t.eq(play{ pin = pin }.body, "final", "body")
end

function drives.crl ()
  local list = rows.pem("inter", ".crl")
  t.raises(function () play{ crl = list } end, "verify", "crl-missing")
  t.eq(play{ crl = { list, rows.pem("root", ".crl") } }.body, "final", "body")
end

function drives.ocsp ()
  t.raises(function () play{ ocsp = "require" } end, "verify", "ocsp")
end

function drives.tls ()
  t.eq(play{ tls = { max = "1.2" } }.tls.version, "TLSv1.2", "version")
end

function drives.compress ()
  local coded = { "send", peer.answer(GZIP, "content-encoding: gzip\r\n") }
  t.eq(play({}, coded).body, "hello", "without")
  local r, got = play({ compress = false }, coded)
  t.ok(r.body == GZIP, "with")
  t.eq(got[1].headers["accept-encoding"], nil, "accept-encoding")
end

function drives.cookies ()
  t.eq(sent{ cookies = { a = "b" } }.headers.cookie, "a=b", "cookie")
end

function drives.form ()
  local got = sent({ form = { a = "b c" } }, { "body", 5, "send", FINAL },
    "POST")
  t.eq(got.body, "a=b+c", "body")
end

function drives.headers ()
  t.eq(sent{ headers = { ["x-a"] = "b" } }.headers["x-a"], "b", "x-a")
end

function drives.json ()
  t.eq(sent({ json = { 1 } }, { "body", 3, "send", FINAL }, "POST").body,
    "[1]", "body")
end

function drives.max_body ()
  t.raises(function () play{ max_body = 4 } end, "protocol", "too-large")
  t.eq(play{ max_body = 5 }.body, "final", "body")
end

function drives.http ()
  t.raises(function () play{ http = "2" } end, "protocol", "h2")
  t.eq(play{ http = "1.1" }.body, "final", "body")
end

function drives.max_header ()
  t.raises(function () play{ max_header = 20 } end, "protocol", "too-large")
end

function drives.multipart ()
  local got = sent({ multipart = { { name = "a", value = "b" } } }, { "body",
    100, "send", FINAL }, "POST")
  t.match(got.body, 'form%-data; name="a"\r\n\r\nb\r\n', "body")
end

function drives.output ()
  local r = play{ output = dir .. "/output" }
  t.eq({ r.body, t.read(dir .. "/output") }, { nil, "final" }, "body")
end

function drives.params ()
  t.eq(sent{ params = { a = "b c" } }.target, "/x?a=b%20c", "target")
end

function drives.progress ()
  local calls = {}
  play{ progress = function (...) calls[#calls + 1] = { ... } end }
  t.eq(calls, { { 5, 5 } }, "calls")
end

-- A proxy that refuses, and how it is written.
local function refusing (o)
  local p = peer.rawd{ cert = o and o.cert, "head", "send",
    peer.answer("", nil, "403 X") }
  return p, (o and o.cert and "https" or "http") .. "://127.0.0.1:" .. p.port
end

function drives.proxy ()
  local p <close>, url = refusing()
  t.raises(function () play{ proxy = url } end, "proxy", "refused")
  t.eq(play{ proxy = false }.body, "final", "body")
end

function drives.proxy_ca ()
  local p <close>, url = refusing{ cert = "ip" }
  local err = t.raises(function () play{ proxy = url } end, "verify")
  t.eq(err.phase, "proxy", "phase")
  t.raises(function ()
    play{ proxy = url, proxy_ca = peer.pem "root" }
  end, "proxy", "refused")
end

function drives.proxy_verify ()
  warn "@off"
  local p <close>, url = refusing{ cert = "ip" }
  t.raises(function () play{ proxy = url, proxy_verify = false } end, "proxy",
    "refused")
end

function drives.redirects ()
  local moved = { "send", peer.answer("", "location: /y\r\n", "302 X"), "head",
    "send", FINAL }
  t.eq(play({}, moved).status, 200, "without")
  t.eq(play({ redirects = 0 }, moved).status, 302, "with")
end

function drives.resolve ()
  t.raises(function () https.get "https://nowhere.invalid/" end, "resolve")
  t.eq(play{}.body, "final", "body")      -- good.test is no host
end

function drives.resume ()
  t.raises(function ()
    play({ output = dir .. "/resume", resume = true }, { "send",
      "HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 5\r\n\r\nfi" })
  end, "protocol", "truncated")
  local _, got = play({ output = dir .. "/resume", resume = true }, { "send",
    "HTTP/1.1 206 X\r\ncontent-range: bytes 2-4/5\r\ncontent-length: 3\r\n" ..
    "\r\nnal" })
  t.eq(got[1].headers.range, "bytes=2-", "range")
  t.eq(t.read(dir .. "/resume"), "final", "content")
end

function drives.retries ()
  local busy = { "send", peer.answer("", nil, "503 X"), "head", "send", FINAL }
  t.eq(play({}, busy).status, 503, "without")
  t.eq(play({ retries = { max = 1, backoff = 0 } }, busy).status, 200, "with")
end

function drives.servername ()
  t.raises(function () play{ servername = "other.test" } end, "verify",
    "name-mismatch")
  t.eq(play{ servername = "good.test" }.body, "final", "body")
end

function drives.sha256 ()
  t.raises(function ()
    play{ output = dir .. "/sha256", sha256 = ("0"):rep(64) }
  end, "io", "sha256")
  play{ output = dir .. "/sha256", sha256 = https.hash("sha256", "final") }
  t.eq(t.read(dir .. "/sha256"), "final", "content")
end

function drives.stream ()
  t.eq(play{ stream = true }.body, nil, "body")
end

function drives.timeout ()
  t.raises(function () play({ timeout = 0.1 }, { "stall" }) end, "timeout",
    "total")
end

function drives.unix ()
  local path = dir .. "/socket"
  local p <close> = peer.rawd{ unix = path, cert = "good", "head", "send",
    peer.answer "unix" }
  t.eq(play{ unix = path }.body, "unix", "body")
end

function drives.verify ()
  warn "@off"
  t.raises(function () play{ verify = true } end, "verify")
  t.eq(play{ verify = false }.tls.verified, false, "verified")
end

-- Of a session besides.
local session_drives = {}

function session_drives.base ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send", FINAL } }
  local s <close> = https.session(w:options{ base = "https://good.test/v1" })
  s:get "x"
  t.eq(w:requests(A)[1].target, "/v1/x", "target")
end

function session_drives.cookies ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    peer.answer("", "set-cookie: a=b\r\n"), "head", "send", FINAL, "head",
    "send", FINAL } }
  local s <close> = https.session(w:options{ cookies = dir .. "/cookies" })
  s:get(URL)
  s:get(URL)
  local none <close> = https.session(w:options{ cookies = false })
  none:get(URL)
  local got = w:requests(A)
  t.eq(got[2].headers.cookie, "a=b", "with")
  t.eq(got[3].headers.cookie, nil, "without")
end

function session_drives.pool ()
  local w <close> = wire.open{ [A] = { cert = "good", "head", "send",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "wait" } }
  local s <close> = https.session(w:options{ pool = { per_host = 1 } })
  local r <close> = s:get(URL, { stream = true })
  t.raises(function () s:get(URL) end, "timeout", "pool")
  t.eq(r.status, 200, "status")
end

---------------------------------------------------------------------------

local function sorted (...)
  local names, seen = {}, {}
  for _, set in ipairs{ ... } do
    for name in pairs(set) do
      if not seen[name] then names[#names + 1] = name end
      seen[name] = true
    end
  end
  table.sort(names)
  return names
end

for _, name in ipairs(sorted(drives)) do
  t.test("option " .. name, drives[name])
end

for _, name in ipairs(sorted(session_drives)) do
  t.test("option of a session: " .. name, session_drives[name])
end

t.test("every option of a call is driven", function ()
  t.eq(sorted(drives), sorted(option.checks), "options")
end)

t.test("every option of a session is driven", function ()
  local all = sorted(drives, session_drives)
  local known = {}
  for _, name in ipairs(all) do known[name] = true end
  for name in pairs(option.session_checks) do
    t.ok(known[name], "session option " .. name)
  end
  for name in pairs(session_drives) do
    t.ok(option.session_checks[name], name .. " is no option")
  end
end)

-- And a file of tests goes further into each than this one does.
t.test("every option has tests of its own", function ()
  local files = {}
  local list <close> = io.popen "ls tests/lua/*_test.lua tests/tls/*_test.lua"
  for path in list:lines() do
    if not path:find "coverage_test" then files[#files + 1] = t.read(path) end
  end
  local all = table.concat(files, "\n")
  for _, name in ipairs(sorted(option.checks, option.session_checks)) do
    t.ok(all:find("[{,(%s]" .. name .. "%s*=%s*[^=]") or
      all:find('"' .. name .. '"', 1, true), "option " .. name)
  end
end)

t.finish()
