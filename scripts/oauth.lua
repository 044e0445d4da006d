-- OAuth 2.0 client credentials (RFC 6749 section 4.4): gets a token, sends it
-- along, and gets another before it expires or when the server refuses it.  To
-- copy: it is a module, too, whose function makes a value for option auth, so
-- that the token goes to the session's own origin and to no other:
--
--   local oauth = require "oauth"
--   local api <close> = https.session {
--     base = "https://api.example.org/v1/",
--     auth = oauth { token_url = "https://login.example.org/token",
--                    client_id = "me", client_secret = secret } }

local https = require "https"

local EARLY = 30  -- seconds before its end when a token is not used any more

-- Asks for a token; who we are goes as basic authentication (section 2.3.1).
local function ask (o, form)
  form.scope = o.scope
  local answer = https.post(o.token_url, {
    form = form, ca = o.ca, redirects = false,
    auth = { https.url.encode(o.client_id), https.url.encode(o.client_secret) },
  })
  local ok, token = pcall(answer.json, answer)
  if not ok or type(token) ~= "table" then token = {} end
  if type(token.error) == "string" then
    error("oauth: " .. o.token_url .. ": " .. token.error, 0)
  end
  answer:raise()
  if type(token.access_token) ~= "string" then
    error("oauth: " .. o.token_url .. ": no token in the answer", 0)
  end
  return token
end

-- oauth{token_url=, client_id=, client_secret=, scope=, ca=, now=} -> a value
-- for option auth
local function oauth (o)
  local now = o.now or https.now
  local token, expires

  -- By the refresh token where there is one and it is still good.
  local function renew ()
    local refresh = token and token.refresh_token
    local ok = false
    if refresh then
      ok, token = pcall(ask, o, { grant_type = "refresh_token",
                                  refresh_token = refresh })
    end
    if ok then
      token.refresh_token = token.refresh_token or refresh
    else
      token = ask(o, { grant_type = "client_credentials" })
    end
    expires = now() + (tonumber(token.expires_in) or math.huge) - EARLY
  end

  local function with_token (request)
    request.headers["authorization"] = "Bearer " .. token.access_token
    return request
  end

  local function can_go_again (request)
    return type(request.body) ~= "table" or request.body.replayable
  end

  -- Yields what to send and is given the answer; the last one counts.
  return { flow = function (request)
    if not token or now() >= expires then renew() end
    local used = token
    local response = coroutine.yield(with_token(request))
    if response.status == 401 and can_go_again(request) then
      if token == used then renew() end
      coroutine.yield(with_token(request))
    end
  end }
end

if debug.getinfo(2, "f").func == require then return oauth end

---------------------------------------------------------------------------

local usage = [[
usage: lurl oauth [options] --token-url URL URL

Gets the second URL with a token from the first one, and prints the answer.
The environment says who asks: OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET.

  --scope WORDS    what the token is to be good for
  --ca FILE        trust these certificates instead of the system's
]]

local function fail (message)
  io.stderr:write("oauth: ", message, "\n", usage)
  os.exit(2)
end

local function value_of (option)
  return table.remove(arg, 1) or fail(option .. " needs a value")
end

local options = { client_id = os.getenv "OAUTH_CLIENT_ID",
                  client_secret = os.getenv "OAUTH_CLIENT_SECRET" }
local url

while arg[1] do
  local word = table.remove(arg, 1)
  if word == "--help" then
    io.write(usage)
    os.exit(0)
  elseif word == "--token-url" then options.token_url = value_of(word)
  elseif word == "--scope" then options.scope = value_of(word)
  elseif word == "--ca" then options.ca = value_of(word)
  elseif word:find("^%-") then fail("unknown option " .. word)
  elseif url then fail("one URL only")
  else url = word
  end
end
if not url then fail("which URL?") end
if not options.token_url then fail("--token-url is missing") end
if not options.client_id or not options.client_secret then
  fail("OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET are not set")
end

local response = https.get(url, { ca = options.ca, auth = oauth(options) })
io.write(response.body)
response:raise()
