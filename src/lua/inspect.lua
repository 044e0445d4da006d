-- A look at a server's TLS without a request: for https.inspect, and for the
-- hint of a request whose certificate was refused, since libtls tells nothing
-- of what it has refused.
local core = require "https.core"
local errors = require "https.errors"
local explain = require "https.explain"
local merge = require "https.merge"
local option = require "https.options"
local transport = require "https.transport"
local trust = require "https.trust"

local M = {}

local usage = errors.usage

local HINT_SECONDS = 5  -- at most, for the second look after a refusal

M.time = os.time

-- The options of a request that matter to a connection.
local shared = {}
for _, name in ipairs { "ca", "cert", "crl", "key", "key_password", "ocsp",
                        "pin", "proxy", "proxy_ca", "proxy_verify", "resolve",
                        "servername", "timeout", "tls", "unix", "verify" } do
  if option.checks[name] then shared[#shared + 1] = name end
end

-- What was asked when an error came up, for whoever inspects it.
local asked = setmetatable({}, { __mode = "k" })

---------------------------------------------------------------------------
-- Looking.

-- Seconds that are left of the time for all of it, or nil.
local function left_of (deadline)
  if not deadline then return nil end
  return math.max(deadline - core.now(), 0.001)
end

-- What is known of proxies, without the rest of a session, which need not stay
-- as long as its errors.
local function ways_of (session)
  return { proxies = session.proxies, proxy_trust = session.proxy_trust }
end

-- One handshake.
local function look (target, with, deadline)
  return transport.look(target.session, target.options, target.parts, with,
                        left_of(deadline))
end

-- The trust that a request would have, of what is on disk now.
local function asked_trust (target)
  return trust.new()(target.options, target.parts.host)
end

-- Nothing is verified, since nothing is sent; no client certificate either,
-- for it would tell a stranger who asks.
local function blind_trust (limits)
  return core.trust { chain = false, name = false, time = false, tls = limits }
end

local function look_blindly (target, deadline)
  return look(target, blind_trust(trust.limits(target.options)), deadline)
end

-- What is to be said of the chain that came.
local function examine (pem, target)
  local when = M.time()
  local host = transport.server_name(target.options.servername, target.parts)
  local chain, way, faults = core.examine(pem or "", target.sources, host,
    when, target.trust)
  local found = { chain = chain, path = {}, faults = faults, host = host,
                  when = when }
  for i, fact in ipairs(chain) do fact.index = i end
  for i, step in ipairs(way) do
    found.path[i] = type(step) == "table" and step or chain[step]
  end
  return found
end

local unanchored = { ["unknown-issuer"] = true, ["self-signed"] = true,
                     ["incomplete-chain"] = true }

-- Whether the way up ends in something that is trusted.
local function is_anchored (found)
  for _, fault in ipairs(found.faults) do
    if unanchored[fault.code] then return false end
  end
  return #found.path > 0
end

---------------------------------------------------------------------------
-- The report.

local Report = {}

-- report:picture([{color=, utf8=, width=}]) -> lines for a person to read; as
-- the terminal on stdout takes them, if nothing is said
function Report:picture (options)
  local picture = require "https.picture"
  return picture.draw(self, options or picture.terminal(1))
end

local mt = { __name = "https.report", __index = Report }

function mt.__tostring (self) return self:picture {} end

-- Copies what the handshake showed.
local function add_seen (report, seen)
  for _, name in ipairs { "version", "cipher", "alpn", "ocsp" } do
    report[name] = seen[name]
  end
end

-- The problems, and what is none: a connection that was accepted has been
-- verified, and whatever else may be said of it is a warning.
local function add_problems (report, found, days)
  report.problems = explain.problems(found)
  report.warnings = explain.soon(found, days)
  if report.verified then
    table.move(report.problems, 1, #report.problems, #report.warnings + 1,
      report.warnings)
    report.problems = {}
  end
  local err = report.error
  if err and not explain.find(report.problems, err.code) then
    table.insert(report.problems, 1, { code = err.code, hint = err.hint,
                                       message = err.message })
  end
end

local function add_chain (report, found)
  report.chain, report.path = found.chain, found.path
  local top = found.path[#found.path]
  if top then top.trusted = is_anchored(found) end
end

-- Whoever interrupts wants an end, and no look more.
local function is_interruption (err)
  return getmetatable(err) == core.error and err.kind == "cancelled"
end

-- What was refused, without judging it; nil where the server is gone by now.
local function look_again (target, deadline)
  local ok, seen = pcall(look_blindly, target, deadline)
  if ok then return seen end
  if getmetatable(seen) ~= core.error or is_interruption(seen) then
    error(seen, 0)
  end
end

-- The handshake as a request would have it, and where that is refused, or
-- asked for without verification, one that trusts nothing.
-- -> what was seen or nil, the refusal or nil
local function look_twice (target, deadline)
  if not target.trust then return look_blindly(target, deadline) end
  local ok, seen = pcall(look, target, target.trust, deadline)
  if ok then return seen end
  if getmetatable(seen) ~= core.error or seen.kind ~= "verify"
     or seen.phase == "proxy" then
    error(seen, 0)
  end
  local refusal = errors.complete(seen, target.parts)
  asked[refusal] = target
  return look_again(target, deadline), refusal
end

-- What was seen (nil: nothing) and found, as a report.
local function new_report (target, seen, refusal, found, soon)
  local report = setmetatable({
    host = target.parts.host, port = target.parts.port, error = refusal,
    verified = seen ~= nil and not refusal and seen.verified or false,
    trust = target.trust and core.trust_label(target.trust) or "none",
    when = found.when,
  }, mt)
  if seen then add_seen(report, seen) end
  add_problems(report, found, soon)
  add_chain(report, found)
  return report
end

local function inspect_target (target, own)
  local total = select(4, option.limits(target.options.timeout))
  local deadline = total and core.now() + total
  target.sources = trust.sources(target.options)
  -- Pins are for whoever trusts no authority, too.
  if target.options.verify ~= false or target.options.pin then
    target.trust = asked_trust(target)
  end
  local seen, refusal = look_twice(target, deadline)
  local found = examine(seen and seen.pem, target)
  local report = new_report(target, seen, refusal, found, own.days)
  if own.offers then
    report.offers = require "https.offers".probe(function (limits)
      return look(target, blind_trust(limits), deadline)
    end)
  end
  return report
end

---------------------------------------------------------------------------
-- What it is asked of.

-- "host", "host:port", "[v6]:port", "v6" or a URL -> its parts
local function parse_target (text)
  if core.is_address(text) and text:find(":") then text = "[" .. text .. "]" end
  if text:find("^[%w+.-]*://") then
    local parts = core.url(text)
    if parts.scheme ~= "https" then
      usage("url", "%s is plain http: there is no TLS to inspect", parts.url)
    end
    return parts
  end
  return core.url("https://" .. text .. "/")
end

-- inspect's own options.
local function days (value)
  if type(value) ~= "number" then
    usage("type", "option 'days' must be a number, not a %s", type(value))
  elseif not (value >= 0 and value < 100000) then
    usage("value", "option 'days' must not be negative")
  end
end

local function offers (value)
  if type(value) ~= "boolean" then
    usage("type", "option 'offers' must be true or false, not a %s",
          type(value))
  end
end

local own_checks = { days = days, offers = offers }

local function check (options)
  if type(options) ~= "table" then
    usage("type", "options must be a table, not a %s", type(options))
  end
  option.check_own("options", options)
  local names = { "days", "offers", table.unpack(shared) }
  for name, value in pairs(options) do
    local is_known = false
    for _, known in ipairs(names) do is_known = is_known or name == known end
    if not is_known then
      local nearest = errors.nearest(tostring(name):sub(1, 40), names)
      usage("option", "unknown option '%s' of 'inspect'%s", tostring(name),
        nearest and (" (did you mean '%s'?)"):format(nearest) or "")
    end
    if own_checks[name] then
      own_checks[name](value)
    else
      option.checks[name](name, value)
    end
  end
end

-- What the request behind an error had asked, and what is said anew.
local function of_error (err, options)
  local before = asked[err]
  if before then
    return { parts = before.parts, session = before.session,
             options = merge.merge(options, before.options) }
  end
  local host, port = rawget(err, "host"), rawget(err, "port")
  if type(host) ~= "string" or math.type(port) ~= "integer" then
    usage("value", "this error is not about a server: there is nothing to "
      .. "inspect")
  end
  host = host:find(":") and "[" .. host .. "]" or host
  return { parts = parse_target(host .. ":" .. port), options = options,
           session = {} }
end

local function target_of (what, options)
  if getmetatable(what) == core.error then return of_error(what, options) end
  if type(what) ~= "string" then
    usage("type", "what to inspect must be a URL, \"host[:port]\" or an "
      .. "error, not a %s", type(what))
  end
  return { parts = parse_target(what), options = options, session = {} }
end

local function attempt (what, options)
  check(options)
  local target = target_of(what, options)
  local ok, report = pcall(inspect_target, target, options)
  if ok then return report end
  error(errors.complete(report, target.parts), 0)
end

-- M.inspect(what [, options]) -> report; raises what a connection may fail
-- with, and nothing of what is found in the certificates
function M.inspect (what, options)
  if options == nil then options = {} end
  local ok, report = pcall(attempt, what, options)
  if ok then return report end
  error(errors.complete(report), 0)
end

---------------------------------------------------------------------------
-- What is left of a refused request: its hint, and the host's last words.

-- These are told well enough by the handshake itself, or not by the chain.
local is_told = { ["name-mismatch"] = true, revoked = true, ocsp = true,
                  ["pin-mismatch"] = true }

-- What was refused, looked at once, for at most a few seconds.
local function look_back (target, deadline)
  local limit = core.now() + HINT_SECONDS
  deadline = deadline and math.min(deadline, limit) or limit
  if not target.found and deadline > core.now() then
    target.found = examine(look_blindly(target, deadline).pem, target)
  end
  return target.found
end

-- Whose revocation lists are not there: the hint has those that are, or the
-- one that is out of date.
local function name_missing (err, found)
  if err.message:find("expired") then return end
  local missing = {}
  for _, cert in ipairs(found.path) do
    if not err.hint:find(cert.issuer, 1, true)
       and missing[#missing] ~= cert.issuer then
      missing[#missing + 1] = cert.issuer
    end
  end
  if #missing == 0 then return end
  err.hint = ("crl lacks the current list of %s: every authority in the chain "
    .. "needs one, the root too"):format(table.concat(missing, " and of "))
end

local function add_hint (err, target, deadline)
  local found = look_back(target, deadline)
  if not found then return end
  if err.code == "crl-missing" then
    err.chain = found.chain
    return name_missing(err, found)
  end
  local problem = explain.find(explain.problems(found), err.code)
  err.chain = found.chain
  if problem and problem.hint then
    err.hint = problem.message .. ": " .. problem.hint
  end
end

-- M.refused(session, err, options, parts, deadline): remembers what was asked,
-- and looks once more, trusting and sending nothing, to say what was refused;
-- if that fails the error stays as it was.
function M.refused (session, err, options, parts, deadline)
  local target = { parts = parts, options = {}, session = ways_of(session) }
  for _, name in ipairs(shared) do target.options[name] = options[name] end
  target.sources = trust.sources(options)
  asked[err] = target
  if err.kind ~= "verify" or is_told[err.code] then return end
  local ok, why = pcall(add_hint, err, target, deadline)
  if not ok and is_interruption(why) then error(why, 0) end
end

-- M.recall(err) -> the report of a request that was refused, from its hint's
-- look or one more; nil where there was none
function M.recall (err)
  local target = asked[err]
  local found = target and look_back(target)
  return found and new_report(target, nil, err, found)
end

return M
