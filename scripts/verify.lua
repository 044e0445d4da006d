-- Shows what verification does: one server, several certificates, and what a
-- script sees of each.  `make run` starts that server, on loopback.
--
--   lurl verify PORT CA.pem
--
-- PORT is on 127.0.0.1 and answers as good.test, expired.test, wrong.test and
-- self.test; CA.pem is the root that signed all but the last.
-- Exit status 0 when everything was as it has to be.

local https = require "https"

local usage = [[
usage: lurl verify PORT CA.pem

Asks the server on that port of 127.0.0.1 under several names, and says what
came of each.  `make run` starts such a server.
]]

if arg[1] == "--help" then
  io.write(usage)
  os.exit(0)
elseif #arg ~= 2 then
  io.stderr:write("verify: which port, and which CA.pem?\n", usage)
  os.exit(2)
end

local port, root = arg[1], arg[2]
local wrong = 0

-- One request, and what came of it; want is "verified", "accepted" or the code
-- that the refusal must have.
local function show (host, options, said, want)
  local url = "https://" .. host .. ":" .. port .. "/"
  options.resolve = { [host .. ":" .. port] = "127.0.0.1" }
  local ok, result = pcall(https.get, url, options)
  local got
  if ok then
    got = result.tls.verified and "verified" or "accepted"
    print(("%-9s %-14s %s"):format(got, host, said))
    print(("          status %d, %s, trust: %s"):format(result.status,
      result.tls.version, result.tls.trust))
  elseif https.is(result, "verify") then
    got = result.code
    print(("refused   %-14s %s"):format(host, said))
    print(("          %s/%s: %s"):format(result.kind, got, result.message))
    print("          hint: " .. (result.hint or "none"))
  else
    got = tostring(result)
    print("FAILED    " .. got)
  end
  if got ~= want then
    wrong = wrong + 1
    print("          ... but it has to be " .. want)
  end
end

io.stdout:setvbuf("line")
warn("@on")
show("good.test", { ca = root }, "with its ca", "verified")
show("good.test", {}, "without it", "unknown-issuer")
show("expired.test", { ca = root }, "with its ca", "expired")
show("wrong.test", { ca = root }, "with its ca", "name-mismatch")
show("self.test", { ca = root }, "signed by nobody else", "self-signed")
show("self.test", { verify = false }, "with verify=false", "accepted")

print(wrong == 0 and "All as promised."
  or wrong .. " not as promised.")
os.exit(wrong == 0 and 0 or 1)
