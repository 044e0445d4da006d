-- What the host adds to the report of an uncaught error of kind verify: the
-- certificates that were refused, and which option would make them pass.
local explain = require "https.explain"
local inspect = require "https.inspect"
local option = require "https.options"
local picture = require "https.picture"

local M = {}

local TELEPHONE = "only if its owner tells you the same SHA-256 by another "
  .. "way: whoever is on the line can show a certificate of his own"

local function pin_of (fact)
  if not option.checks.pin then return nil end
  return ("pin=\"%s\", verify=false"):format(fact.pin), TELEPHONE
    .. "; and it ends with the server's next key"
end

-- Each code: what would let it pass, and when not to.
local remedy = {}

remedy["self-signed"] = function (report)
  local own = report.chain[1]
  local list = { { "ca=\"" .. report.host .. ".pem\", written by lurl inspect "
                   .. "--pem", TELEPHONE } }
  list[2] = { pin_of(own) }
  return list
end

remedy["unknown-issuer"] = function (report)
  local top = report.path[#report.path]
  local name = top.self_signed and explain.label(top) or top.issuer_name
  return {
    { ("ca=\"root.pem\", the root certificate of '%s'"):format(name),
      "not if you have never heard of it: get it from the authority, not "
      .. "from this connection" },
    { pin_of(report.chain[1]) },
  }
end

remedy["incomplete-chain"] = function (report)
  return { { ("ca={\"system\", \"issuer.pem\"}, the certificate of '%s'")
               :format(report.chain[1].issuer_name),
             "its root must be trusted too; and it is the server that is to "
             .. "be put right" } }
end

function remedy.expired ()
  return { { "verify={time=false}",
             "never for long: keys of expired certificates are not looked "
             .. "after, and their revocation is not told" } }
end

remedy["not-yet-valid"] = remedy.expired

remedy["name-mismatch"] = function (report)
  local own = report.chain[1]
  if #own.names == 0 then return {} end
  return { { ("servername=\"%s\""):format(own.names[1]),
             "only if that is the server you mean: any other has a "
             .. "certificate of its own" } }
end

-- One way for all that is wrong; where several things are, none is enough.
local function add_remedies (report, lines)
  if #report.problems > 1 then
    lines[#lines + 1] = "  more than one thing is wrong: no single option "
      .. "makes it pass, and none should"
    return
  end
  local problem = report.problems[1]
  local of = problem and remedy[problem.code]
  for _, one in ipairs(of and #report.chain > 0 and of(report) or {}) do
    if one[1] then
      lines[#lines + 1] = "  would pass with " .. one[1]
      lines[#lines + 1] = "    " .. one[2]
    end
  end
end

-- M.of(err) -> lines, as one string, or nil where no server was asked, or
-- where it does not answer any more
function M.of (err)
  local ok, report = pcall(inspect.recall, err)
  if not ok or not report or #report.chain == 0 then return nil end
  local lines = { picture.chain(report, picture.terminal(2)) }
  add_remedies(report, lines)
  return table.concat(lines, "\n") .. "\n"
end

return M
