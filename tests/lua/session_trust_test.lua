-- Whose word on trust counts, the session's or the call's: every combination,
-- tried against servers with different faults.  No call is ever less strict
-- than what it says.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local https = require "https"

warn "@off"     -- verify=false would be told

local root, others = peer.pem "root", peer.pem "self-ca"

-- What a session or a call may say, and what that is worth alone.  "path" is
-- verify as a path.
local words = {
  { "nothing", {} },
  { "verify", { verify = true } },
  { "no verify", { verify = false } },
  { "verify {}", { verify = {} } },
  { "no name", { verify = { name = false } } },
  { "no time", { verify = { time = false } } },
  { "no chain", { verify = { chain = false } } },
  { "neither name nor time", { verify = { name = false, time = false } } },
  { "verify path", { verify = root } },
  { "verify other path", { verify = others } },
  { "ca", { ca = root } },
  { "other ca", { ca = others } },
  { "list of ca", { ca = { others, root } } },
  { "ca and verify", { verify = true, ca = root } },
  { "ca and no name", { verify = { name = false }, ca = root } },
  { "other ca and no time", { verify = { time = false }, ca = others } },
}

-- The hosts of one server, and the fault of each; a name that it has not gets
-- the certificate of good.test.
local hosts = {
  { "good.test" },
  { "wrong.test", fault = "name" },
  { "expired.test", fault = "time" },
  { "self.test", fault = "chain" },
}
local server, resolve

-- Nobody reads what it says, which stops it after some thousand connections.
local function serve_anew ()
  if server then server:stop() end
  server, resolve = peer.httpsd{ "good", "expired", "self" }, {}
  for _, host in ipairs(hosts) do
    resolve[host[1] .. ":" .. server.port] = "127.0.0.1:" .. server.port
  end
end
serve_anew()

local function trusts_root (ca)
  if type(ca) == "table" then return true end   -- both are in it
  return ca == root
end

-- What a place says, as checks and roots; nil where it says nothing.
local function said (word)
  local verify, ca = word.verify, word.ca
  if verify == nil and ca == nil then return nil end
  local on = { chain = true, name = true, time = true, ca = ca }
  if verify == false then
    return { chain = false, name = false, time = false }
  elseif type(verify) == "string" then
    on.ca = verify
  elseif type(verify) == "table" then
    for _, check in ipairs{ "chain", "name", "time" } do
      on[check] = verify[check] ~= false
    end
  end
  return on
end

-- What holds for a call: each word of its own, and the session's where it is
-- silent on that point.  Who names authorities wants them asked.
local function effective (session, call)
  local of_session = said(session)
  local of_call = said(call)
  if not of_call then
    return of_session or { chain = true, name = true, time = true }
  end
  if call.verify == nil and of_session and of_session.chain
     and type(session.verify) == "table" then
    of_call.name, of_call.time = of_session.name, of_session.time
  elseif call.ca == nil and of_call.chain and not of_call.ca and of_session then
    of_call.ca = of_session.ca
  end
  return of_call
end

local function is_accepted (checks, host)
  if checks.chain and not trusts_root(checks.ca) then return false end
  return host.fault == nil or not checks[host.fault]
end

local function copy (from)
  local to = {}
  for k, v in pairs(from) do to[k] = v end
  return to
end

for _, session in ipairs(words) do
  serve_anew()
  for _, call in ipairs(words) do
    t.test(("session: %s; call: %s"):format(session[1], call[1]), function ()
      local s <close> = https.session(copy(session[2]))
      local checks = effective(session[2], call[2])
      for _, host in ipairs(hosts) do
        local o = copy(call[2])
        o.resolve, o.timeout = resolve, 20
        local ok, r = pcall(s.get, s, ("https://%s:%s/"):format(host[1],
          server.port), o)
        t.eq(ok, is_accepted(checks, host), host[1] .. " is accepted")
        if not ok then
          t.eq(r.kind, "verify", host[1] .. ", kind")
          t.eq(r.sent, false, host[1] .. ", sent")
        else
          t.eq(r.tls.verified, checks.chain and checks.name and checks.time,
            host[1] .. ", verified")
        end
      end
    end)
  end
end

---------------------------------------------------------------------------
-- Contradictions are refused before anything is asked of the network.

local contradictions = {
  { verify = false, ca = root },
  { verify = root, ca = others },
  { verify = { chain = false }, ca = root },
  { verify = { chain = false, name = false }, ca = { root } },
  { verify = "" }, { ca = "" }, { ca = {} }, { verify = 0 },
  { verify = { name = 0 } }, { verify = { names = false } },
  { verify = "/nonexistent/ca.pem" }, { ca = "/nonexistent/ca.pem" },
  { ca = { root, "/nonexistent/ca.pem" } },
}

for i, word in ipairs(contradictions) do
  t.test("a session's contradiction, row " .. i, function ()
    local err = t.raises(function ()
      local s <close> = https.session(copy(word))
      s:get("https://nowhere.invalid/")
    end, "usage")
    t.eq(err.sent, false, "sent")
  end)
  t.test("a call's contradiction, row " .. i, function ()
    for _, session in ipairs(words) do
      local s <close> = https.session(copy(session[2]))
      local err = t.raises(function ()
        s:get("https://nowhere.invalid/", copy(word))
      end, "usage", nil, session[1])
      t.eq(err.sent, false, "sent")
    end
  end)
end

---------------------------------------------------------------------------
-- Connections and calls of one session.

-- label, first call, second call, whether the second may use the first one's
-- connection
local shared = {
  { "the same", {}, {}, true },
  { "the same path", { ca = root }, {}, true },
  { "verify=true", {}, { verify = true }, true },
  { "verify=false first", { verify = false }, {}, false },
  { "verify=false second", {}, { verify = false }, false },
  { "no name first", { verify = { name = false } }, {}, false },
  { "no time first", { verify = { time = false } }, {}, false },
  { "no chain first", { verify = { chain = false } }, {}, false },
  { "another ca", { ca = { root, others } }, {}, false },
}

for _, row in ipairs(shared) do
  t.test("connection of a session: " .. row[1], function ()
    local s <close> = https.session{ ca = root, resolve = resolve }
    local url = "https://good.test:" .. server.port .. "/"
    s:get(url, row[2])
    t.eq(s:get(url, row[3]).timings.reused, row[4], "reused")
  end)
end

t.test("each session has its own connections", function ()
  local a <close> = https.session{ ca = root, resolve = resolve }
  local b <close> = https.session{ ca = root, resolve = resolve }
  local url = "https://good.test:" .. server.port .. "/"
  for i = 1, 2 do
    t.eq(a:get(url).timings.reused, i > 1, "one")
    t.eq(b:get(url).timings.reused, i > 1, "the other")
  end
end)

t.test("a call's verify=false does not stay", function ()
  local s <close> = https.session{ resolve = resolve }
  local url = "https://self.test:" .. server.port .. "/"
  t.eq(s:get(url, { verify = false }).status, 200, "status")
  local err = t.raises(function () s:get(url) end, "verify")
  t.eq(err.sent, false, "sent")
  t.raises(function () s:get(url, { verify = true }) end, "verify")
end)

t.test("nor does what a middleware says", function ()
  local s <close> = https.session{ resolve = resolve }
  local lax = true
  s:use(function (request, next)
    if lax then request.options.verify = false end
    return next(request)
  end)
  local url = "https://self.test:" .. server.port .. "/"
  t.eq(s:get(url).status, 200, "status")
  lax = false
  t.eq(t.raises(function () s:get(url) end, "verify").sent, false, "sent")
end)

t.finish()
