-- What nomem_test.c runs in a new state while its memory runs out: requests of
-- every kind, on a session that may have one connection, so that one left busy
-- is missed by the next.  The session stays for a second run, which is short:
-- it must find everything in order, without that the collector tidied up first.
local again, url, ca, host, address = ...
local https = require "https"

local function want (condition, what)
  if not condition then error("not as it should be: " .. what, 0) end
end

-- Passes on what is not an error of ours: that memory is out.
local function catch (fn, ...)
  local ok, err = pcall(fn, ...)
  want(not ok, "no error")
  if type(err) == "string" then error(err, 0) end
  return err
end

local probe = setmetatable({ {} }, { __mode = "v" })
session = session or https.session {
  base = url, allow_http = true, ca = ca, pool = { per_host = 1 },
  resolve = host and { [host] = address },
  timeout = { connect = 60, read = 60 }, headers = { ["x-test"] = "1" },
}

local r = session:get("/", { params = { a = 1 } })
want(r:json() == "hello, world", "get")
if again then return probe[1] ~= nil end

session:use(function (request, next)
  request.headers["x-step"] = request.method
  return next(request)
end)
r = session:post("/", { json = { list = { 1, 2 }, name = "n" } })
want(r.status == 200, "post")
local pieces = { "one", "two" }
r = session:post("/", { body = function () return table.remove(pieces) end })
want(r.body == '"hello, world"', "post in pieces")

local stream <close> = session:get("/stream", { stream = true })
local lines = 0
for line in stream:lines() do
  want(line == "hello", "line")
  lines = lines + 1
end
want(lines == 2, "lines")
local part <close> = session:get("/stream", { stream = true })
want(part:read(5) == "hello", "read")
part:close()

r = session:get("/redirect", { auth = { "user", "password" } })
want(#r.history == 1 and r.status == 200, "redirect")
local err = catch(function () session:get("/missing"):raise() end)
want(https.is(err, "status", "404") and #tostring(err) > 0, "status")
err = catch(session.get, session, "/", { max_body = 3 })
want(https.is(err, "protocol", "too-large"), "too-large")
err = catch(session.get, session, "/", { verfy = true })
want(https.is(err, "usage", "option"), "option")
