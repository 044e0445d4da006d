-- What nomem_test.c runs again and again in one state while its memory runs
-- out: what fewer requests need, and the tools.
local url, dir = ...
local https = require "https"
local core = require "https.core"

local function want (condition, what)
  if not condition then error("not as it should be: " .. what, 0) end
end

-- Tools.

local parts = https.url.parse("https://user:pw@example.org:8443/a?b=%20#c")
want(parts.port == 8443 and https.url.format(parts), "url")
want(https.url.join("https://a.example/b/", "../c") == "https://a.example/c",
     "join")
want(https.url.decode(https.url.encode("a b/\u{e4}")) == "a b/\u{e4}", "encode")
want(not pcall(https.url.parse, "https://"), "no url")

local wide, deep = {}, 1
for i = 1, 70 do wide["name " .. i] = { i, i / 2, "\u{e4}\n", true } end
for _ = 1, 40 do deep = { deep } end
local text = https.json.encode({ wide = wide, deep = deep,
                                 null = https.json.null }, { pretty = true })
want(https.json.decode(text).wide["name 7"][1] == 7, "json")
want(not pcall(https.json.decode, '{"a":[1,2,}'), "no json")
want(not pcall(https.json.encode, { print }), "no value")

want(https.base64.decode(https.base64.encode(text)) == text, "base64")
want(#https.random(1000) == 1000, "random")
want(#https.hash("sha256", text) == 64 and #https.hmac("md5", "k", text) == 32,
     "hash")
local digest = core.digest("sha1")
digest:update("a"):update(text)
want(#digest:hex() == 40, "digest")

local headers = core.headers()
headers["set-cookie"] = { "a=1", "b=2", 3 }
headers:add("x-name", ("x"):rep(1000))
headers["X-Name"] = nil
local copy = headers:copy()
want(#copy:all("Set-Cookie") == 3 and copy["set-cookie"], "headers")
for name, value in pairs(headers) do want(name and value, "pairs") end
want(core.to_utf8(("\xe4"):rep(2000), "iso-8859-1") == ("\u{e4}"):rep(2000),
     "charset")

local trusts = require "https.trust".new()
for _ = 1, 2 do
  local trust = trusts({ verify = false, tls = { min = "1.2", alpn = { "a" } },
                         pin = { "sha256:" .. ("0"):rep(64) } }, "a.example")
  want(trust:fresh(), "trust")
end
want(not pcall(trusts, { verify = false, pin = "sha256:0" }, "a.example") and
     not pcall(trusts, { verify = false, cert = "missing" }, "a.example"),
     "no trust")

-- Requests.

local session <close> = https.session {
  base = url, allow_http = true, cookies = dir .. "/cookies",
  pool = { per_host = 1 }, retries = { max = 1, backoff = 0 },
}
local r = session:get("/redirect", { cookies = { b = "2" } })
want(r.history[1].cookies.a == "1", "cookies")
r = session:get("/digest", { auth = { digest = { "user", "password" } } })
want(r.status == 200, "digest")
r = session:get("/proxy", { proxy = url:gsub("//", "//user:password@") })
want(r.status == 200, "proxy")
local err = select(2, pcall(session.get, session, "/proxy", { proxy = url }))
if type(err) == "string" then error(err, 0) end
want(https.is(err, "proxy", "auth") and err.response.status == 407, "refusal")
local is_exempt = require "https.no_proxy".new("10.0.0.0/8, a.example:443")
want(is_exempt(core.url("https://x.a.example/")), "no_proxy")
r = session:post("/", { multipart = {
  { name = "a", value = "b" },
  { name = "f", file = "tests/unit/nomem_rest.lua" } } })
want(r.ok and r:text() == '"hello, world"', "multipart")
r = session:post("/", { form = { a = { 1, 2 }, b = "c d" } })
want(r.ok and r.links, "form")
local told = 0
r = session:get("/stream", { output = dir .. "/out",
  progress = function (n) told = n end,
  sha256 = https.hash("sha256", "hello\nhello\n") })
want(r.ok and told > 0, "output")
local events <close> = session:get("/events", { stream = true })
local n = 0
for event in events:events() do
  want(event.data == "a\nb" and event.id == "7", "event")
  n = n + 1
end
want(n == 2, "events")
r = session:get("/unavailable")
want(r.status == 503, "retries")
