-- What nomem_test.c runs again and again in one state while its memory runs
-- out: looks at a server that trust nothing, asked for and after a refusal.
local at, ca, other_ca, address = ...
local https = require "https"

local function want (condition, what)
  if not condition then error("not as it should be: " .. what, 0) end
end

local with = { ca = ca, resolve = { [at] = address }, timeout = 60, days = 9 }
local report = https.inspect(at, with)
want(report.verified and #report.chain == 2 and #report.problems == 0, "good")
want(#tostring(report) > 100 and #report:picture { utf8 = true } > 100,
     "picture")

with.days, with.ca = nil, other_ca
local ok, err = pcall(https.get, "https://" .. at .. "/", with)
if type(err) == "string" then error(err, 0) end
want(https.is(err, "verify", "unknown-issuer"), "refused")
report = https.inspect(err, { offers = false })
want(not report.verified and report.problems[1].code == "unknown-issuer",
     "of an error")
local lines = require "https.report".of(err)
want(not lines or lines:find("root", 1, true), "last words")
