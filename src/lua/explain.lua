-- What is wrong with a chain of certificates, in words: from the faults that
-- core.examine finds to problems, and for each what a person can do about it.
local core = require "https.core"

local M = {}

local DAY, YEAR = 86400, 31556952  -- seconds
local SHOWN = 8  -- names of a certificate in one sentence

M.built = core.built  -- "Nov 23 2026"; no clock can rightly be before it

---------------------------------------------------------------------------
-- Dates.

-- M.date(seconds) -> "2026-11-23"
function M.date (seconds)
  -- Of the years 1 to 9999, as ASN.1 has them.
  if not seconds or seconds < -62135596800 or seconds > 253402300799 then
    return "an unreadable date"
  end
  local day = os.date("!*t", seconds)
  return ("%04d-%02d-%02d"):format(day.year, day.month, day.day)
end

local function plural (n, word)
  return ("%d %s%s"):format(n, word, n == 1 and "" or "s")
end

-- M.span(seconds) -> "5 hours", "10 days", "3 years"
function M.span (seconds)
  seconds = math.abs(seconds)
  if seconds < 3600 then return plural(seconds // 60, "minute") end
  if seconds < 2 * DAY then return plural(seconds // 3600, "hour") end
  if seconds < 2 * YEAR then return plural(seconds // DAY, "day") end
  return plural(seconds // YEAR, "year")
end

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6,
                 Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

local function built ()
  local month, day, year = tostring(M.built):match("^(%a+) +(%d+) (%d+)$")
  if not months[month] then return nil end
  return os.time { year = year, month = months[month], day = day }
end

-- Why the clock is to be doubted, or nil: it is before this program was built,
-- or says the same of every certificate on the way, with years between.
local function clock_fault (found, code)
  local now, born = found.when, built()
  if born and now < born - 2 * DAY then
    return "this machine's clock says " .. M.date(now) .. ", which is before "
      .. "this program was built: set the clock"
  end
  for _, fact in ipairs(found.path) do
    local late = fact.not_after and now - fact.not_after or 0
    local early = fact.not_before and fact.not_before - now or 0
    if (code == "expired" and late or early) < YEAR then return nil end
  end
  return "this machine's clock says " .. M.date(now) .. ", years "
    .. (code == "expired" and "after the end" or "before the beginning")
    .. " of every certificate in the chain: is the clock right?"
end

---------------------------------------------------------------------------
-- Names.

-- M.label(fact) -> what a person calls that certificate
function M.label (fact)
  if fact.common_name and fact.common_name ~= "" then
    return fact.common_name
  end
  return fact.names[1] or (fact.subject ~= "" and fact.subject)
    or "(no name)"
end

local function quote (name)
  if #name > 200 then name = name:sub(1, 200) .. "..." end
  return "'" .. name .. "'"
end

-- M.names(fact [, max]) -> "a.example, b.example and 3 more", or nil
function M.names (fact, max)
  max = max or SHOWN
  local n = #fact.names
  if n == 0 then return nil end
  local text = table.concat(fact.names, ", ", 1, math.min(n, max))
  return n > max and ("%s and %d more"):format(text, n - max) or text
end

---------------------------------------------------------------------------
-- One sentence for each fault.  found: what inspect.examine returns.

local function top_of (found) return found.path[#found.path] end

local say = {}

function say.expired (fact, found)
  return ("%s expired on %s, %s ago"):format(quote(M.label(fact)),
    M.date(fact.not_after), M.span(found.when - (fact.not_after or 0)))
end

say["not-yet-valid"] = function (fact, found)
  return ("%s is not valid before %s, in %s"):format(quote(M.label(fact)),
    M.date(fact.not_before), M.span((fact.not_before or 0) - found.when))
end

say["self-signed"] = function (fact)
  return quote(M.label(fact)) .. " is signed with its own key alone, and "
    .. "nobody else vouches for it"
end

say["unknown-issuer"] = function (_, found)
  local top = top_of(found)
  if top.self_signed then
    return ("the chain ends in the root %s, which is not trusted here")
      :format(quote(M.label(top)))
  end
  return ("the chain ends in %s, signed by %s, which is neither sent nor "
    .. "trusted here"):format(quote(M.label(top)), quote(top.issuer_name))
end

say["incomplete-chain"] = function (fact)
  return ("the server sends its own certificate and not that of %s, which "
    .. "signed it"):format(quote(fact.issuer_name))
end

say["name-mismatch"] = function (fact, found)
  local names = M.names(fact)
  return names and ("the certificate is for %s, not for '%s'")
      :format(names, found.host)
    or ("the certificate names no host in subjectAltName, so it is not for "
        .. "'%s'"):format(found.host)
end

say["pin-mismatch"] = function (fact)
  return ("neither the certificate nor its key is pinned: it has %s")
    :format(fact.pin)
end

say["bad-ca"] = function (fact, _, fault)
  local words = fault.at == 1 and "%s is not for its issuer to sign: %s"
    or "%s may not sign what it has signed: %s"
  return words:format(quote(M.label(fact)), fault.message)
end

function say.weak (fact)
  return quote(M.label(fact)) .. ": " .. tostring(fact.weak)
end

local function describe (fault, fact, found)
  local words = say[fault.code]
  if words and not (fault.code == "weak" and not fact.weak) then
    return words(fact, found, fault)
  end
  return quote(M.label(fact)) .. ": " .. fault.message
end

---------------------------------------------------------------------------
-- And what to do about it.

local advise = {}

local function with_clock (found, code, advice)
  return clock_fault(found, code)
    or advice .. "; this machine's clock says " .. M.date(found.when)
end

function advise.expired (fact, found)
  return with_clock(found, "expired", not fact.index
    and "the root in the trust store has come to its end: replace it"
    or fact.index == 1 and "the server's owner must renew the certificate"
    or "the server's owner must replace that certificate in what the server "
       .. "sends, or leave it out where a newer one is trusted")
end

advise["not-yet-valid"] = function (_, found)
  return with_clock(found, "not-yet-valid",
    "the certificate was made for later, or the clock is behind")
end

-- Trusting what a server shows of itself is trusting whoever is on the line.
local CONFIRMED = "if its owner confirms the SHA-256 by another way, "

advise["self-signed"] = function ()
  return CONFIRMED .. "save the certificate and trust it with "
    .. "ca=\"file.pem\" (lurl inspect --pem writes it)"
end

advise["unknown-issuer"] = function (_, found)
  local top = top_of(found)
  return ("if you trust the authority %s, get its root certificate from where "
    .. "it publishes it and give it with ca=\"file.pem\"; else this may be "
    .. "somebody on the way who reads along"):format(quote(
      top.self_signed and M.label(top) or top.issuer_name))
end

advise["incomplete-chain"] = function (fact)
  return ("the server must send the certificate of %s too%s; until it does, "
    .. "add it with ca={\"system\", \"file.pem\"}, or, if it is a root of "
    .. "yours, give it with ca"):format(quote(fact.issuer_name),
      fact.issuer_url and " (it is at " .. fact.issuer_url .. ")" or "")
end

advise["name-mismatch"] = function (fact, found)
  if #fact.names == 0 then
    return "a common name alone does not count (RFC 9525): its owner needs a "
      .. "certificate with subjectAltName"
  end
  return ("use one of its names in the URL, or servername=\"...\" if '%s' is "
    .. "known by it"):format(found.host)
end

advise["pin-mismatch"] = function ()
  return "this is another key than the one that was pinned: if its owner "
    .. "confirms the new one by another way, pin that"
end

function advise.weak ()
  return "its owner needs a certificate with an RSA key of at least 2048 bits "
    .. "or an EC key, signed with SHA-256 or better"
end

advise["bad-purpose"] = function ()
  return "the certificate was not issued for servers: its owner needs one "
    .. "that is"
end

advise["bad-ca"] = function ()
  return "the server's owner needs a certificate from an authority that is "
    .. "entitled to issue it"
end

---------------------------------------------------------------------------

-- What another fault says better.
local function is_covered (fault, faults)
  for _, other in ipairs(faults) do
    if other.at == fault.at and
       (fault.code == "unknown-issuer" and other.code == "incomplete-chain"
        or fault.code == "bad-purpose" and other.code == "bad-ca") then
      return true
    end
  end
  return false
end

-- M.problems(found) -> list of {code=, message=, hint=, index= (in the chain),
-- subject=}
function M.problems (found)
  local list = {}
  for _, fault in ipairs(found.faults) do
    local fact = found.path[fault.at] or top_of(found)
    if fact and not is_covered(fault, found.faults) then
      local advice = advise[fault.code]
      list[#list + 1] = {
        code = fault.code, message = describe(fault, fact, found),
        hint = advice and advice(fact, found), index = fact.index,
        subject = fact.subject,
      }
    end
  end
  return list
end

-- libtls says less of the same; its word may stand for any of these.
local narrower = {
  ["unknown-issuer"] = { ["incomplete-chain"] = true, ["self-signed"] = true,
                         ["bad-ca"] = true },
  ["bad-ca"] = { ["bad-purpose"] = true },
}

-- M.find(problems, code) -> the problem that this code of a failed handshake
-- is about, or nil
function M.find (problems, code)
  local wider
  for _, problem in ipairs(problems) do
    if problem.code == code then return problem end
    if narrower[code] and narrower[code][problem.code] then
      wider = wider or problem
    end
  end
  return wider
end

-- M.soon(found, days) -> warnings of what comes to its end: within so many
-- days; nil: 30, or a third of a life that is short
function M.soon (found, days)
  local list = {}
  for _, fact in ipairs(found.path) do
    local left = (fact.not_after or 0) - found.when
    local life = (fact.not_after or 0) - (fact.not_before or 0)
    local limit = days and days * DAY or math.min(30 * DAY, life / 3)
    if left >= 0 and left < limit then
      list[#list + 1] = {
        code = "expires-soon", index = fact.index, subject = fact.subject,
        message = ("%s expires on %s, in %s"):format(quote(M.label(fact)),
          M.date(fact.not_after), M.span(left)),
      }
    end
  end
  return list
end

return M
