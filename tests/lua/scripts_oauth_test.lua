-- scripts/oauth.lua: when a token is asked for, and where it goes.
local t = require "tests.harness"
local s = require "tests.lua.scripts"
local https = require "https"

local serve, at, run_ca, check_status, answer = s.serve, s.at,
  s.run_ca, s.check_status, s.answer

local oauth = require "scripts.oauth"

-- Each step: at a time, a request, answered by the API with the statuses of
-- api, one a try; tokens are what the token server says if it is asked, and
-- grants what it must have been asked for; sent are the tokens that the API
-- saw.  fails is what the call raises.
local function grant (name, more)
  local token = { access_token = name, token_type = "Bearer" }
  for key, value in pairs(more or {}) do token[key] = value end
  return { body = https.json.encode(token) }
end

local SHORT = { expires_in = 100 }
local LASTING = { expires_in = 100, refresh_token = "r1" }

local oauth_rows = {
  { label = "one token for several requests",
    { tokens = { grant "t1" }, grants = { "client_credentials" },
      api = { 200 }, sent = { "t1" } },
    { at = 1e6, api = { 200 }, sent = { "t1" } } },
  { label = "renewed before its end",
    { tokens = { grant("t1", SHORT) }, api = { 200 }, sent = { "t1" } },
    { at = 69, api = { 200 }, sent = { "t1" } },
    { at = 70, tokens = { grant "t2" }, grants = { "client_credentials" },
      api = { 200 }, sent = { "t2" } } },
  { label = "by the refresh token",
    { tokens = { grant("t1", LASTING) }, api = { 200 }, sent = { "t1" } },
    { at = 100, tokens = { grant("t2", SHORT) }, grants = { "refresh r1" },
      api = { 200 }, sent = { "t2" } },
    { at = 200, tokens = { grant("t3", { refresh_token = "r2",
      expires_in = 1 }) }, grants = { "refresh r1" }, api = { 200 },
      sent = { "t3" } },
    { at = 300, tokens = { grant "t4" }, grants = { "refresh r2" },
      api = { 200 }, sent = { "t4" } } },
  { label = "a refresh token that is no good any more",
    { tokens = { grant("t1", LASTING) }, api = { 200 }, sent = { "t1" } },
    { at = 100, tokens = { { status = 400, body = '{"error":"invalid_grant"}' },
      grant "t2" }, grants = { "refresh r1", "client_credentials" },
      api = { 200 }, sent = { "t2" } } },
  { label = "refused, and renewed once",
    { tokens = { grant "t1", grant "t2" }, api = { 401, 200 },
      sent = { "t1", "t2" } },
    { tokens = { grant "t3" }, api = { 401, 401 }, status = 401,
      sent = { "t2", "t3" } } },
  { label = "403 is an answer",
    { tokens = { grant "t1" }, api = { 403 }, status = 403,
      sent = { "t1" } } },
  { label = "a body that cannot be sent again",
    { body = function () return nil end, tokens = { grant "t1" },
      api = { 401 }, status = 401, sent = { "t1" } } },
  { label = "a body that can", { body = "x", tokens = { grant "t1",
    grant "t2" }, api = { 401, 200 }, sent = { "t1", "t2" } } },
  { label = "not for others",
    { url = "https://other.test/", api = { 200 }, sent = { false } },
    { url = "https://other.test/", api = { 401 }, status = 401,
      sent = { false } } },
  { label = "a wrong secret",
    { tokens = { { status = 401, body = '{"error":"invalid_client"}' } },
      fails = "invalid_client" } },
  { label = "an error with status 200",
    { tokens = { { body = '{"error":"invalid_scope"}' } },
      fails = "invalid_scope" } },
  { label = "an error without words",
    { tokens = { { status = 500, body = "oops" } }, fails = "status/500" } },
  { label = "no token", { tokens = { { body = "{}" } }, fails = "no token" } },
  { label = "no text",
    { tokens = { { body = '{"access_token":1}' } }, fails = "no token" } },
  { label = "no object",
    { tokens = { { body = "[1]" } }, fails = "no token" } },
  { label = "no JSON",
    { tokens = { { body = "hello" } }, fails = "no token" } },
  { label = "a redirect", { tokens = { { status = 302, body = "" } },
    fails = "no token" } },
  { label = "a token that would be a header of its own",
    { tokens = { grant "a\r\nb: c" }, fails = "cannot be sent" } },
}

-- Puts a server of tokens in the place of https.post; returns what it was
-- asked for, and its end.
local function token_server (queue)
  local post, grants = https.post, {}
  https.post = function (url, options)
    t.eq(url, "https://login.test/token")
    t.eq(options.auth, { "me", "s%26t" }, "who asks")
    t.eq(options.redirects, false, "redirects")
    local form = options.form
    grants[#grants + 1] = form.refresh_token
      and "refresh " .. form.refresh_token or form.grant_type
    local answer_of = table.remove(queue, 1) or error "asked once too often"
    answer_of.url = url
    return https.response(answer_of)
  end
  return grants, setmetatable({}, { __close = function ()
    https.post = post
  end })
end

local function oauth_step (step, label, session, clock)
  local sent, statuses = {}, { table.unpack(step.api or {}) }
  local queue = { table.unpack(step.tokens or {}) }
  clock.now = step.at or clock.now
  local grants, guard = token_server(queue)
  local _ <close> = guard
  session.transport = function (request)
    local value = request.headers["authorization"]
    sent[#sent + 1] = value and value:match "^Bearer (.*)$" or false
    return https.response { status = table.remove(statuses, 1), url = "" }
  end
  local ok, response = pcall(session.post, session, step.url or "things",
    { body = step.body })
  if step.fails then
    t.eq(ok, false, label .. "worked")
    t.match(tostring(response), step.fails, label)
  else
    t.ok(ok, label .. tostring(response))
    t.eq(response.status, step.status or 200, label .. "status")
  end
  t.eq(sent, step.sent or {}, label .. "sent")
  t.eq(#queue, 0, label .. "tokens nobody asked for")
  if step.grants then t.eq(grants, step.grants, label .. "grants") end
end

for _, row in ipairs(oauth_rows) do
  t.test("oauth/" .. row.label, function ()
    local clock = { now = 0 }
    local session <close> = https.session {
      base = "https://api.test/v1", auth = oauth {
        token_url = "https://login.test/token", client_id = "me",
        client_secret = "s&t", now = function () return clock.now end } }
    for i, step in ipairs(row) do
      oauth_step(step, ("step %d: "):format(i), session, clock)
    end
  end)
end

t.test("oauth/run", function ()
  local form = "grant_type=client_credentials&scope=a+b"
  local server <close> = serve {
    "head", "body", #form, "send", answer '{"access_token":"t1"}',
    "head", "send", answer "the answer",
  }
  local got = run_ca("oauth", { "--scope", "a b", "--token-url",
    at(server, "/token"), at(server, "/things") },
    { OAUTH_CLIENT_ID = "me", OAUTH_CLIENT_SECRET = "s3cret" })
  check_status(got, 0, "oauth")
  t.eq(got.stdout, "the answer")
  t.match(server:expect "^request 0 (.*)", "^POST /token .*\\nauthorization: "
    .. "Basic " .. https.base64.encode "me:s3cret")
  t.eq(server:expect "^body 0 (.*)", form)
  t.match(server:expect "^request 0 (.*)",
    "^GET /things .*\\nauthorization: Bearer t1\\r")
end)

t.test("oauth/no token, no request", function ()
  local server <close> = serve { "head", "body", 29, "send",
    answer('{"error":"invalid_client"}', nil, "401 Unauthorized") }
  local url = at(server)
  local got = run_ca("oauth", { "--token-url", url, url },
    { OAUTH_CLIENT_ID = "me", OAUTH_CLIENT_SECRET = "s3cret" })
  check_status(got, 1, "oauth")
  t.match(got.stderr, "invalid_client")
  t.eq(got.stderr:find "s3cret", nil)
end)

t.finish()
