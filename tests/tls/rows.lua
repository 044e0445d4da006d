-- Rows of tests: a request to a host of a server, and what has to become of it.
--
--   label    what the row is about
--   host     of the URL
--   options  of the request; ca is the root of all if neither it nor verify
--            is said
--   want     "ok", or "kind/code", or a list of those
--   late     refused only once the request is on its way, so that the error
--            says it may have been sent, or that nothing could be any more
--   says     what the error's message must have; hints, what its hint
--   tls      fields that response.tls must have
--   not_in   what neither message nor hint may have, plain: a secret
local t = require "tests.harness"
local servers = require "tests.tls.servers"
local https = require "https"

local M = {}

-- M.pem(name [, suffix]) -> path of a file of the certificates' folder
function M.pem (name, suffix)
  return servers.pki .. "/" .. name .. (suffix or ".pem")
end

-- M.get(row, server [, path]) -> response, or raises
function M.get (row, server, path)
  local at = row.host .. ":" .. server.port
  local options = { timeout = 20, resolve = {} }
  for _, host in ipairs(server.hosts or {}) do
    options.resolve[host .. ":" .. server.port] = "127.0.0.1:" .. server.port
  end
  options.resolve[at] = "127.0.0.1:" .. server.port
  for name, value in pairs(row.options or {}) do options[name] = value end
  if options.ca == nil and options.verify == nil
     or type(options.verify) == "table" and options.verify.chain ~= false then
    options.ca = options.ca or M.pem "root"
  end
  return (row.session or https).get(table.unpack(row.session and
    { row.session, "https://" .. at .. (path or "/"), options } or
    { "https://" .. at .. (path or "/"), options }))
end

local function check_words (row, err)
  if row.says then t.match(err.message, row.says, "message") end
  if row.hints then t.match(err.hint, row.hints, "hint") end
  for _, secret in ipairs(row.not_in or {}) do
    for _, text in ipairs{ err.message, err.hint or "", tostring(err) } do
      t.ok(not text:find(secret, 1, true), "no secret in " .. text)
    end
  end
end

-- M.looks(err) -> how many connections an error has taken: for its hint there
-- may have been another, on which nothing was sent either
function M.looks (err)
  return err.chain and 2 or 1
end

-- M.refused(row, server) -> error
function M.refused (row, server)
  local kinds, codes = {}, {}
  local all = type(row.want) == "table" and row.want or { row.want }
  for i, want in ipairs(all) do
    kinds[i], codes[i] = want:match "^(%l+)/(.+)$"
  end
  local err = t.raises(function () M.get(row, server) end, kinds, codes)
  if not row.late then
    t.eq(err.sent, false, "sent")
  elseif not err.sent then
    t.eq(err.phase, "send", "phase of what was not sent")
  end
  t.match(err.message, "^[^\n]+$", "message")
  check_words(row, err)
  server:untouched(M.looks(err))
  return err
end

-- M.run(row, server): one row against one server; answered, the name that the
-- server answers with
function M.run (row, server, answered)
  if row.want ~= "ok" then return M.refused(row, server) end
  local response = M.get(row, server)
  t.eq(response.status, row.status or 200, "status")
  for name, value in pairs(row.tls or {}) do
    t.eq(response.tls[name], value, "tls." .. name)
  end
  if answered ~= false then server:answered(answered, response) end
  return response
end

-- M.unsent(row): what is wrong with the options is said before anything is
-- looked up, since the host does not exist
function M.unsent (row)
  local options = {}
  for name, value in pairs(row.options) do options[name] = value end
  options.timeout = 20
  local err = t.raises(function ()
    https.get("https://no-such-host.invalid/", options)
  end, "usage", row.code or "value")
  t.eq(err.sent, false, "sent")
  check_words(row, err)
end

return M
