-- Digest authentication: the published figures, and a server of ours that
-- checks what comes.
local t = require "tests.harness"
local core = require "https.core"
local auth = require "https.auth"
local challenge = require "https.challenge"
local digest = require "https.auth_digest"
local requests = require "https.request"

---------------------------------------------------------------------------
-- Figures.  RFC 7616's second example is that of its erratum 4897: the text's
-- own was made by cutting SHA-512, before SHA-512/256 was a standard.

local CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
local NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
local RFC7616 = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="'
  .. NONCE .. '", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
local UTF8 = 'realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
  .. 'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
  .. 'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8'
local DOE = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
local RFC2617 = 'realm="testrealm@host.com", '
  .. 'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'

-- label; challenge; user, password, cnonce; method (GET), uri, body; the field,
-- or words of it
local figures = {
  { "RFC 7616, MD5", RFC7616 .. ", algorithm=MD5", "Mufasa", "Circle of Life",
    CNONCE, uri = "/dir/index.html",
    want = 'Digest username="Mufasa", realm="http-auth@example.org", '
      .. 'uri="/dir/index.html", algorithm=MD5, nonce="' .. NONCE
      .. '", nc=00000001, cnonce="' .. CNONCE .. '", qop=auth, '
      .. 'response="8ca523f5e9506fed4657c9700eebdbec", '
      .. 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' },
  { "RFC 7616, SHA-256", RFC7616 .. ", algorithm=SHA-256", "Mufasa",
    "Circle of Life", CNONCE, uri = "/dir/index.html",
    words = { 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8'
      .. 'db5856cb6c1"', "algorithm=SHA-256" } },
  { "RFC 7616, SHA-512-256 and userhash", UTF8 .. ", userhash=true",
    "Jäsøn Doe", "Secret, or not?", DOE, uri = "/doe.json",
    words = { 'username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624e'
      .. 'd06ece9b0b"', "userhash=true",
      'response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68'
      .. 'a5"' } },
  { "RFC 7616, without userhash", UTF8, "Jäsøn Doe", "Secret, or not?", DOE,
    uri = "/doe.json", no = "userhash",
    words = { "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe,",
      'response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68'
      .. 'a5"' } },
  { "RFC 2617", RFC2617 .. ', qop="auth,auth-int"', "Mufasa",
    "Circle Of Life", "0a4f113b", uri = "/dir/index.html", no = "algorithm",
    words = { 'response="6629fae49393a05397450978507c4ef1"' } },
  { "RFC 2069", RFC2617, "Mufasa", "CircleOfLife", "unused",
    uri = "/dir/index.html", no = "qop",
    want = 'Digest username="Mufasa", realm="testrealm@host.com", '
      .. 'uri="/dir/index.html", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
      .. 'response="1949323746fe6a43ef61f9606e7febea"' },

  -- The rest was worked out by another program.
  { "MD5-sess", RFC2617 .. ', qop="auth", algorithm=MD5-sess', "Mufasa",
    "Circle Of Life", "0a4f113b", uri = "/dir/index.html",
    words = { 'response="8e3825c57e897f5a0dec6c2d4e5059d0"',
              "algorithm=MD5-sess" } },
  { "SHA-256-sess, other case",
    RFC2617 .. ', qop="auth", algorithm=sha-256-SESS', "Mufasa",
    "Circle Of Life", "0a4f113b", uri = "/dir/index.html",
    words = { 'response="b8822e12417cb7750f4e2b8515f0dcf25b7dd26'
      .. '993e80bee1426201446a7f59b"', "algorithm=sha-256-SESS" } },
  { "SHA-512-256-sess", RFC2617 .. ', qop="auth", algorithm=SHA-512-256-sess',
    "Mufasa", "Circle Of Life", "0a4f113b", uri = "/dir/index.html",
    words = { 'response="0d21f0db3ec5cda5b850c0afa3bc29b4a3c5a61'
      .. '91959ff1baf511d4b38eb6b1e"' } },
  { "auth-int", RFC2617 .. ', qop="auth-int"', "Mufasa", "Circle Of Life",
    "0a4f113b", uri = "/dir/index.html?x=1", method = "POST", body = "a=b",
    words = { 'response="0b3267e93398e1c52d9b0ed6d023140f"', "qop=auth-int",
              'uri="/dir/index.html?x=1"' } },
  { "auth-int without a body", RFC2617 .. ', qop="auth-int"', "Mufasa",
    "Circle Of Life", "0a4f113b", uri = "/dir/index.html",
    words = { 'response="5e6610ecf9ba3017a4870ad48e3ad30b"' } },

  { "quotes and backslashes", [[realm="a\"b\\c", nonce="n\"", opaque="\\o"]],
    [[j"o\e]], "pw", "c", uri = "/", words = { [[username="j\"o\\e"]],
      [[realm="a\"b\\c"]], [[nonce="n\""]], [[opaque="\\o"]],
      'response="f40dfe6928169fd0870f4138f257c86f"' } },
  { "not ASCII, a server of the old kind", RFC2617 .. ", qop=auth", "jö", "pw",
    "c", uri = "/", words = { 'username="jö"' } },
  { "not ASCII, charset", RFC2617 .. ", qop=auth, charset=utf-8", "jö'(x)",
    "pw", "c", uri = "/", words = { "username*=UTF-8''j%C3%B6%27%28x%29," } },
  { "not ASCII, SHA-256", RFC2617 .. ", qop=auth, algorithm=SHA-256", "jö",
    "pw", "c", uri = "/", words = { "username*=UTF-8''j%C3%B6," } },
  { "userhash=false", RFC2617 .. ", qop=auth, userhash=false", "joe", "pw",
    "c", uri = "/", no = "userhash", words = { 'username="joe"' } },
  { "empty password", RFC2617, "Mufasa", "", "c", uri = "/",
    words = { 'response="b71d0a8da1f69e7fc4b3877d1a32874c"' } },
}

-- A session that answers this text of a challenge.
local function start (text, user, password, cnonce)
  local headers = core.headers()
  headers["www-authenticate"] = "Digest " .. text
  local chosen = digest.choose(headers)
  local session = digest.start(chosen, user, password,
    function (n) return ("x"):rep(n) end)
  if cnonce then
    -- As if random had made it.
    local encode = core.base64_encode
    core.base64_encode = function () return cnonce end
    session = digest.start(digest.choose(headers), user, password,
      function () return "" end)
    core.base64_encode = encode
  end
  return session
end

for _, row in ipairs(figures) do
  t.test("figures/" .. row[1], function ()
    local session = start(row[2], row[3], row[4], row[5])
    local request = { method = row.method or "GET", body = row.body }
    local field = digest.authorize(session, request, row.uri)
    if row.want then t.eq(field, row.want) end
    for _, word in ipairs(row.words or {}) do
      t.ok(field:find(word, 1, true), word .. " in " .. field)
    end
    if row.no then t.ok(not field:find(row.no .. "=", 1, true), field) end
    t.ok(row[4] == "" or not field:find(row[4], 1, true), "no password in it")
  end)
end

---------------------------------------------------------------------------
-- Which challenge: label, the fields, what is chosen (nonce, algorithm, qop).

local choices = {
  { "one", { 'Digest realm="r", nonce="1", qop="auth"' }, "1 nil auth" },
  { "the strongest", { 'Digest realm="r", nonce="1", qop="auth", '
    .. 'algorithm=MD5, Digest realm="r", nonce="2", qop="auth", '
    .. 'algorithm=SHA-512-256, Digest realm="r", nonce="3", qop="auth", '
    .. "algorithm=SHA-256" }, "2 SHA-512-256 auth" },
  { "the strongest, in fields of their own",
    { 'Digest realm="r", nonce="1", qop="auth", algorithm=MD5',
      'Digest realm="r", nonce="2", qop="auth", algorithm=SHA-256' },
    "2 SHA-256 auth" },
  { "the first of equals", { 'Digest realm="r", nonce="1", algorithm=SHA-256, '
    .. 'Digest realm="r", nonce="2", algorithm=SHA-256-sess' },
    "1 SHA-256 false" },
  { "auth before auth-int", { 'Digest realm="r", nonce="1", '
    .. 'qop="auth-int, AUTH"' }, "1 nil auth" },
  { "auth-int alone", { 'Digest realm="r", nonce="1", qop="x,auth-int"' },
    "1 nil auth-int" },
  { "no qop", { 'Digest realm="r", nonce="1"' }, "1 nil false" },
  { "behind others", { 'Negotiate, Basic realm="r"', 'dIgEsT realm="r", '
    .. 'nonce="1"' }, "1 nil false" },
  { "unknown algorithm passed over", { 'Digest realm="r", nonce="1", '
    .. 'algorithm=SHA-3, Digest realm="r", nonce="2"' }, "2 nil false" },
  { "empty realm", { 'Digest realm="", nonce="1"' }, "1 nil false" },

  { "none", {} },
  { "only basic", { 'Basic realm="r"' } },
  { "unknown algorithm", { 'Digest realm="r", nonce="1", algorithm=SHA-1' } },
  { "unknown -sess", { 'Digest realm="r", nonce="1", algorithm=-sess' } },
  { "unknown qop", { 'Digest realm="r", nonce="1", qop="auth-conf"' } },
  { "empty qop", { 'Digest realm="r", nonce="1", qop=""' } },
  { "no nonce", { 'Digest realm="r", qop="auth"' } },
  { "no realm", { 'Digest nonce="1", qop="auth"' } },
}

for _, row in ipairs(choices) do
  t.test("choices/" .. row[1], function ()
    local headers = core.headers()
    headers["www-authenticate"] = row[2]
    local got = digest.choose(headers)
    t.eq(got and ("%s %s %s"):format(got.nonce, got.algorithm, got.qop) or nil,
      row[3])
  end)
end

---------------------------------------------------------------------------
-- A server that knows the password and checks every field.  o: algorithm, qop
-- (false: none), info = function (server, fields) -> authentication-info,
-- stale = {n = true}: the n-th request finds its nonce stale, extra =
-- parameters of the challenge, scheme.

local Server = {}
Server.__index = Server

local function new_server (o)
  o.nonces, o.seen, o.counts, o.open = 0, {}, {}, 0
  return setmetatable(o, Server)
end

local function response_of (server, status, headers)
  local list = core.headers()
  for name, value in pairs(headers) do list[name] = value end
  server.open = server.open + 1
  local response = { status = status, headers = list }
  function response.close ()
    if not response.closed then server.open = server.open - 1 end
    response.closed = true
  end
  return response
end

function Server:challenge (is_stale)
  self.nonces = self.nonces + 1
  self.nonce = "nonce" .. self.nonces
  return response_of(self, 401, {
    ["www-authenticate"] = (self.scheme or "Digest") .. ' realm="r", nonce="'
      .. self.nonce .. '"' .. (self.qop == false and "" or ', qop="'
      .. (self.qop or "auth") .. '"') .. (self.algorithm and ", algorithm="
      .. self.algorithm or "") .. (is_stale and ", stale=true" or "")
      .. (self.extra or ""),
    ["set-cookie"] = self.cookie,
  })
end

local hashes = { ["MD5"] = "md5", ["SHA-256"] = "sha256" }

-- What the fields must prove, worked out the other way round than by us.
function Server:proof (fields, method, body)
  local algorithm = self.algorithm or "MD5"
  local function h (text)
    return core.hash(hashes[algorithm:gsub("%-sess$", "")], text)
  end
  local a1 = h("joe:r:pw")
  if algorithm:find "sess" then
    a1 = h(a1 .. ":" .. (self.first_nonce or fields.nonce) .. ":"
      .. fields.cnonce)
  end
  local a2 = method .. ":" .. fields.uri
  if fields.qop == "auth-int" then a2 = a2 .. ":" .. h(body or "") end
  return h(a1 .. ":" .. fields.nonce .. ":" .. (fields.qop and fields.nc .. ":"
    .. fields.cnonce .. ":" .. fields.qop .. ":" or "") .. h(a2))
end

-- The transport: what the step calls next.
function Server:answer (request)
  local field = request.headers["authorization"]
  self.seen[#self.seen + 1] = field and field:match "nc=(%x+)" or field and "-"
    or "none"
  if not field then return self:challenge(false) end
  local fields = challenge.parse(field)[1].params
  local is_stale = self.stale and self.stale[#self.seen]
  if is_stale or fields.nonce ~= self.nonce then
    return self:challenge(is_stale)
  end
  local last = self.counts[self.nonce] or 0
  local count = fields.nc and tonumber(fields.nc, 16) or last + 1
  local body = self.body or request.body
  if count <= last or fields.username ~= "joe"
     or fields.response ~= self:proof(fields, request.method, body) then
    return self:challenge(false)
  end
  self.counts[self.nonce] = count
  return response_of(self, 200, {
    ["authentication-info"] = self.info and self:info(fields) or nil })
end

local URL = "https://example.org/dir?x=1"

local function request_of (o)
  local request = {
    method = o.method or "GET", url = o.url or URL, headers = core.headers(),
    body = o.body, options = {},
  }
  request.auth = { value = { digest = o.login or { "joe", "pw" } },
                   origin = requests.parts(request).origin }
  return request
end

local function random (n) return ("r"):rep(n) end

-- label; server, and then the requests as what is asked for, one after another;
-- status of the last; seen: nonce counts as they came, "none" without a field
local flows = {
  { "one", {}, { {} }, 200, "none 00000001" },
  { "no qop", { qop = false }, { {}, {} }, 200, "none - -" },
  { "the next is preemptive", {}, { {}, {}, {} }, 200,
    "none 00000001 00000002 00000003" },
  { "another path", {}, { {}, { url = "https://example.org/other" } }, 200,
    "none 00000001 00000002" },
  { "another method", {}, { {}, { method = "POST", body = "x" } }, 200,
    "none 00000001 00000002" },
  { "-sess", { algorithm = "MD5-sess" }, { {}, {} }, 200,
    "none 00000001 00000002" },
  { "SHA-256-sess", { algorithm = "SHA-256-sess" }, { {}, {} }, 200,
    "none 00000001 00000002" },
  { "auth-int", { qop = "auth-int" }, { { method = "PUT", body = "x" },
    { method = "PUT", body = "y" }, {} }, 200,
    "none 00000001 00000002 00000003" },
  { "stale", { stale = { [3] = true } }, { {}, {} }, 200,
    "none 00000001 00000002 00000001" },
  { "stale at once", { stale = { [2] = true } }, { {} }, 200,
    "none 00000001 00000001" },
  { "stale twice", { stale = { [2] = true, [3] = true } }, { {} }, 200,
    "none 00000001 00000001 00000001" },
  { "stale for ever", { stale = { [2] = true, [3] = true, [4] = true,
    [5] = true } }, { {} }, 401, "none 00000001 00000001 00000001" },
  { "expired without a word", { }, { {}, {} }, 200,
    "none 00000001 00000002 00000001", before = function (server, i)
      if i == 2 then server.nonce = "gone" end
    end },
  { "the next nonce", { info = function (self)
      self.nonces = self.nonces + 1
      self.nonce = "nonce" .. self.nonces
      return 'nextnonce="' .. self.nonce .. '"'
    end }, { {}, {}, {} }, 200, "none 00000001 00000001 00000001" },
  { "the next nonce, -sess", { algorithm = "MD5-sess", info = function (self)
      self.first_nonce = self.first_nonce or self.nonce
      self.nonces = self.nonces + 1
      self.nonce = "nonce" .. self.nonces
      return 'nextnonce="' .. self.nonce .. '"'
    end }, { {}, {}, {} }, 200, "none 00000001 00000001 00000001" },
  { "its own proof", { info = function (self, fields)
      return 'qop=auth, rspauth="' .. self:proof(fields, ""):upper() .. '"'
    end }, { {}, {} }, 200, "none 00000001 00000002" },
  { "its own proof, of auth-int: not ours to check", { qop = "auth-int",
    info = function () return 'qop=auth-int, rspauth="x"' end },
    { {} }, 200, "none 00000001" },
  { "its own proof, of auth-int though we sent auth", {
    info = function () return 'qop=auth-int, rspauth="x"' end },
    { {} }, 200, "none 00000001" },
  { "authentication-info without a meaning", { info = function ()
      return "=,x" end }, { {} }, 200, "none 00000001" },

  { "wrong password", {}, { { login = { "joe", "wrong" } } }, 401,
    "none 00000001" },
  { "wrong password is not offered again", {}, { { login = { "joe", "wrong" } },
    { login = { "joe", "wrong" } } }, 401, "none 00000001 none 00000001" },
  { "wrong password, then the right one", {}, { { login = { "joe", "wrong" } },
    {} }, 200, "none 00000001 none 00000001" },
  { "right password, then a wrong one", {}, { {},
    { login = { "joe", "wrong" } } }, 401, "none 00000001 none 00000001" },
  { "another origin starts anew", {}, { {},
    { url = "https://example.org:8443/" } }, 200,
    "none 00000001 none 00000001" },
  { "another user starts anew", {}, { {}, { login = { "ann", "pw" } } }, 401,
    "none 00000001 none 00000001" },
  { "only basic", { scheme = "Basic" }, { {} }, 401, "none" },
  { "an algorithm that we lack", { algorithm = "MD4" }, { {} }, 401, "none" },
}

for _, row in ipairs(flows) do
  t.test("flows/" .. row[1], function ()
    local server = new_server(row[2])
    local step, response = auth.step({}, random), nil
    for i, o in ipairs(row[3]) do
      if row.before then row.before(server, i) end
      if response then response:close() end
      response = step(request_of(o), function (request)
        return server:answer(request)
      end)
    end
    t.eq(response.status, row[4])
    t.eq(table.concat(server.seen, " "), row[5])
    t.eq(server.open, 1, "responses left open: the last")
    t.eq(response.closed, nil)
  end)
end

t.test("flows/the request stays as it was", function ()
  local server = new_server {}
  local request = request_of {}
  auth.step({}, random)(request, function (given)
    t.ok(given ~= request, "a copy")
    return server:answer(given)
  end)
  t.eq(request.headers["authorization"], nil)
end)

-- As httpbin does, and whatever keeps its nonces in a cookie.
t.test("flows/cookies of the challenge", function ()
  local cookies = require "https.cookies"
  local server = new_server { cookie = "nonce=kept; path=/" }
  local session = { jar = cookies.jar {} }
  local step, seen = auth.step(session, random), {}
  cookies.step(session)(request_of {}, function (request)
    return step(request, function (given)
      seen[#seen + 1] = given.headers["cookie"] or "none"
      return server:answer(given)
    end)
  end)
  t.eq(seen, { "none", "nonce=kept" })
end)

t.test("flows/what is random", function ()
  local asked
  local server = new_server {}
  auth.step({}, function (n) asked = n; return ("x"):rep(n) end)(request_of {},
    function (request) return server:answer(request) end)
  t.ok(asked >= 16, "bytes: " .. tostring(asked))
end)

-- label; server, body, kind, code, sent, requests seen
local once = { replayable = false, open = function () end }
local file = { replayable = true, length = 1, open = function () end }

local failures = {
  { "a body that can be sent once", {}, once, "usage", "value", false, "" },
  { "a body that can be sent once, stale", { stale = { [3] = true } }, once,
    "usage", "value", true, "none 00000001 00000002", warm = true },
  { "auth-int with a file", { qop = "auth-int" }, file, "usage", "value", true,
    "none" },
  { "auth-int with a file, preemptive", { qop = "auth-int" }, file, "usage",
    "value", false, "none 00000001", warm = true },
  { "a wrong proof", { info = function () return 'rspauth="beef"' end }, nil,
    "protocol", "other", true, "none 00000001" },
}

for _, row in ipairs(failures) do
  t.test("failures/" .. row[1], function ()
    local server = new_server(row[2])
    local step = auth.step({}, random)
    local function next (request) return server:answer(request) end
    if row.warm then step(request_of {}, next):close() end
    local err = t.raises(function ()
      step(request_of { body = row[3] }, next)
    end, row[4], row[5])
    t.eq(err.sent, row[6], "sent")
    t.match(tostring(err), row[4] == "usage" and "auth_digest_test.lua:%d"
      or "^https://example.org/dir")
    t.eq(table.concat(server.seen, " "), row[7])
    t.eq(server.open, 0, "responses left open")
    t.ok(not tostring(err):find("pw", 1, true), "no password in it")
  end)
end

t.test("once is enough where the server is known", function ()
  local server = new_server {}
  local step = auth.step({}, random)
  local function next (request) return server:answer(request) end
  step(request_of {}, next)
  t.eq(step(request_of { body = once }, next).status, 200)
end)

t.test("an error below passes, and leaves nothing open", function ()
  local server = new_server {}
  local ok, err = pcall(auth.step({}, random), request_of {}, function (request)
    if request.headers["authorization"] then error("mine", 0) end
    return server:answer(request)
  end)
  t.eq({ ok, err }, { false, "mine" })
  t.eq(server.open, 0)
end)

-- Many origins do not fill the memory: some are asked again.
t.test("memory", function ()
  local step = auth.step({}, random)
  local servers = {}
  for round = 1, 2 do
    for i = 1, 70 do
      local url = ("https://h%d.example.org/"):format(i)
      servers[i] = servers[i] or new_server {}
      t.eq(step(request_of { url = url }, function (request)
        return servers[i]:answer(request)
      end).status, 200, url .. " " .. round)
    end
  end
  t.eq(servers[1].seen, { "none", "00000001", "none", "00000001" })
end)

t.finish()
