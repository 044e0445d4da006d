-- Digest authentication (RFC 7616, and RFC 2069 for servers that know no qop):
-- the password never goes over the wire, only what it proves.
local core = require "https.core"
local challenges = require "https.challenge"
local errors = require "https.errors"
local requests = require "https.request"

local M = {}

local MAX_TRIES = 4      -- of one request: a server may find its nonces stale
local MAX_SESSIONS = 64  -- origins and users that are remembered
local CNONCE = 18        -- bytes

-- Hash functions and how they compare, by the name in a challenge.
local algorithms = {
  ["md5"] = { hash = "md5", strength = 1 },
  ["sha-256"] = { hash = "sha256", strength = 2 },
  ["sha-512-256"] = { hash = "sha512-256", strength = 3 },
}

---------------------------------------------------------------------------
-- Challenges.

local function has_word (list, word)
  for candidate in list:gmatch("[^%s,]+") do
    if candidate:lower() == word then return true end
  end
  return false
end

-- "auth" as long as the server takes it: under TLS the body is protected
-- already.  nil: none that we know; false: none at all, as in RFC 2069.
local function choose_qop (params)
  if not params.qop then return false end
  return has_word(params.qop, "auth") and "auth"
    or has_word(params.qop, "auth-int") and "auth-int" or nil
end

-- A challenge's parameters as a session wants them, or nil: we cannot meet it.
local function understand (params)
  local name = (params.algorithm or "MD5"):lower()
  local plain = name:gsub("%-sess$", "")
  local algorithm, qop = algorithms[plain], choose_qop(params)
  if not (algorithm and params.realm and params.nonce) or qop == nil then
    return nil
  end
  local modern = plain ~= "md5"
    or params.charset and params.charset:lower() == "utf-8"
  return {
    realm = params.realm, nonce = params.nonce, opaque = params.opaque,
    algorithm = params.algorithm, hash = algorithm.hash,
    strength = algorithm.strength, is_session = plain ~= name,
    qop = qop, modern = modern,
    stale = params.stale ~= nil and params.stale:lower() == "true",
    userhash = params.userhash ~= nil and params.userhash:lower() == "true",
  }
end

-- M.choose(headers [, name]) -> the strongest challenge that we can meet, or
-- nil; of equals the server's first.  name is that of a proxy's field.
function M.choose (headers, name)
  local best
  for _, challenge in ipairs(challenges.of(headers, name
                                           or "www-authenticate")) do
    local candidate = challenge.scheme == "digest"
      and understand(challenge.params)
    if candidate and (not best or candidate.strength > best.strength) then
      best = candidate
    end
  end
  return best
end

---------------------------------------------------------------------------
-- Proofs.

local function hash (session, ...)
  return core.hash(session.hash, table.concat({ ... }, ":"))
end

-- M.start(challenge, user, password, random) -> session: what is known of a
-- server until it sends another challenge
function M.start (challenge, user, password, random)
  local session = challenge
  session.user, session.password = user, password
  session.count = 0
  session.cnonce = core.base64_encode(random(CNONCE))
  session.key = hash(session, user, session.realm, password)
  if session.is_session then
    session.key = hash(session, session.key, session.nonce, session.cnonce)
  end
  return session
end

-- The proof for a request, from the hash of A2.
local function prove (session, sent, a2)
  if not session.qop then
    return hash(session, session.key, sent.nonce, a2)
  end
  return hash(session, session.key, sent.nonce, sent.nc, session.cnonce,
              session.qop, a2)
end

local function quote (text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

local function percent (c) return ("%%%02X"):format(c:byte()) end

-- RFC 7616 section 3.4: hashed, plain, or as RFC 8187 has it.  A server of the
-- old kind knows but the plain form.
local function name_of (session)
  local user = session.user
  if session.userhash then
    return "username=" .. quote(hash(session, user, session.realm))
  elseif session.modern and user:find("[\128-\255]") then
    return "username*=UTF-8''" .. user:gsub("[^%w!#$&+.^_`|~-]", percent)
  end
  return "username=" .. quote(user)
end

-- What the request hashes to: A2.
local function hash_request (session, request, target)
  if session.qop ~= "auth-int" then
    return hash(session, request.method, target)
  end
  return hash(session, request.method, target,
              hash(session, request.body or ""))
end

-- M.authorize(session, request, target) -> the field's value, and what M.learn
-- compares the answer with
function M.authorize (session, request, target)
  session.count = session.count + 1
  local sent = { nonce = session.nonce, nc = ("%08x"):format(session.count) }
  local words = { name_of(session) }
  local function add (name, value)
    if value then words[#words + 1] = name .. "=" .. value end
  end
  add("realm", quote(session.realm))
  add("uri", quote(target))
  add("algorithm", session.algorithm)
  add("nonce", quote(session.nonce))
  add("nc", session.qop and sent.nc)
  add("cnonce", (session.qop or session.is_session) and quote(session.cnonce))
  add("qop", session.qop)
  add("response", quote(prove(session, sent,
                              hash_request(session, request, target))))
  add("opaque", session.opaque and quote(session.opaque))
  add("userhash", session.userhash and "true")
  -- The server's own proof has no method in it.
  sent.rspauth = session.qop == "auth"
    and prove(session, sent, hash(session, "", target))
  return "Digest " .. table.concat(words, ", "), sent
end

-- M.learn(session, sent, text) -> whether authentication-info is right; takes
-- the next nonce from it (RFC 7616 section 3.5)
function M.learn (session, sent, text)
  local info = challenges.params(text)
  if info.nextnonce then
    session.nonce, session.count = info.nextnonce, 0
  end
  -- With auth-int the proof is over a body that nobody has read yet.
  if not (info.rspauth and sent.rspauth)
     or info.qop and info.qop:lower() ~= "auth" then
    return true
  end
  return info.rspauth:lower() == sent.rspauth
end

---------------------------------------------------------------------------
-- The step.

-- M.memory() -> what a step remembers from one request to the next
function M.memory () return { sessions = {}, count = 0 } end

local function recall (memory, origin, user, password)
  local session = memory.sessions[origin .. " " .. user]
  return session and session.password == password and session or nil
end

local function remember (memory, origin, session)
  local key = origin .. " " .. session.user
  if not memory.sessions[key] then
    if memory.count == MAX_SESSIONS then
      memory.sessions, memory.count = {}, 0
    end
    memory.count = memory.count + 1
  end
  memory.sessions[key] = session
end

-- What was refused is not offered again unasked: that locks accounts.
local function forget (memory, origin, session)
  local key = origin .. " " .. session.user
  if memory.sessions[key] == session then
    memory.sessions[key] = nil
    memory.count = memory.count - 1
  end
end

-- A body that digest cannot go with; session is nil until there is one.
local function check_body (request, session, sent)
  if type(request.body) ~= "table" then return end
  local why
  if not request.body.replayable and (sent or not session) then
    why = "digest authentication has to send the request again, but its body "
      .. "can be sent only once: give it as a string or a file"
  elseif session and session.qop == "auth-int" then
    why = "the server wants digest authentication with qop auth-int, for "
      .. "which the body must be a string"
  end
  if why then
    error(errors.complete(errors.new {
      kind = "usage", code = "value", sent = sent, message = why }), 0)
  end
end

-- A proof that is there must be right.
local function check_info (session, sent, parts, response)
  local info = response.headers["authentication-info"]
  if not info or M.learn(session, sent, info) then return end
  response:close()
  error(errors.complete(errors.new {
    kind = "protocol", code = "other", phase = "receive", sent = true,
    message = "the server's proof in authentication-info is wrong: it does "
      .. "not know the password",
  }, parts), 0)
end

-- Sends the request with what session proves; without one, as it is.
local function try (session, request, next)
  local parts = requests.parts(request)
  local attempt = requests.copy(request)
  if not session then return next(attempt) end
  local value, sent = M.authorize(session, request, parts.target)
  attempt.headers["authorization"] = value
  local response = next(attempt)
  check_info(session, sent, parts, response)
  return response
end

-- A session from the challenge in a response that is given up.
local function answer (o, request, challenge, response)
  local ok, err = pcall(check_body, request, challenge, true)
  if ok then
    request = require "https.cookies".renew(o.session, request, response)
  end
  response:close()
  if not ok then error(err, 0) end
  return M.start(challenge, o.user, o.password, o.random), request
end

-- M.send{request=, next=, user=, password=, memory=, random=, session=} ->
-- response
function M.send (o)
  local request, memory = o.request, o.memory
  local origin = requests.parts(request).origin
  local session = recall(memory, origin, o.user, o.password)
  local is_fresh = false  -- the session's challenge is an answer to us
  check_body(request, session, false)
  for tries = 1, MAX_TRIES do
    local response = try(session, request, o.next)
    if response.status ~= 401 then return response end
    local challenge = M.choose(response.headers)
    if tries == MAX_TRIES or not challenge
       or is_fresh and not challenge.stale then
      if is_fresh then forget(memory, origin, session) end
      return response
    end
    session, request = answer(o, request, challenge, response)
    remember(memory, origin, session)
    is_fresh = true
  end
end

return M
