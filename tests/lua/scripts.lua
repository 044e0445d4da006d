-- Running the scripts against servers: what their tests share.
--
--   local server <close> = s.answering { s.answer "hello" }
--   local got = s.run_ca("fetch", { "--output", "-", s.at(server) })
--   s.check_status(got, 0, "fetch")
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local servers = require "tests.tls.servers"

local M = { ca = peer.pem "root", answer = peer.answer }

-- s.serve(steps or lists of steps) -> server on an address that its
-- certificate names; as peer.rawd's
function M.serve (steps)
  steps.cert = "ip"
  return peer.rawd(steps)
end

-- s.at(server [, path]) -> URL
function M.at (server, path)
  return server:url(path or "/", "127.0.0.1")
end

-- s.answering{bytes, ...} -> a server that gives the i-th request on a
-- connection the i-th answer
function M.answering (answers)
  local steps = {}
  for _, bytes in ipairs(answers) do
    table.move({ "head", "send", bytes }, 1, 3, #steps + 1, steps)
  end
  return M.serve(steps)
end

-- s.leading(headers [, status]) -> a server that leads to another origin by
-- these headers, which have %s for its URL; and that other
function M.leading (headers, status)
  local other = M.answering { M.answer "[]" }
  return M.answering { M.answer("[]", headers:format(M.at(other)), status) },
    other
end

-- s.site(files [, conf]) -> nginx with these files, name to text, and what else
-- it is told; its url, .dir where the files are
function M.site (files, conf)
  local dir = t.tmpdir()
  for name, text in pairs(files) do t.write(dir .. "/" .. name, text) end
  local server = servers.nginx { ["127.0.0.1"] = { cert = "ip",
    returns = false, conf = ("root %s; types { text/html html; }\n"):format(dir)
      .. "access_log /dev/stdout combined;" .. (conf or "") } }
  server.dir, server.url = dir, "https://127.0.0.1:" .. server.port
  return server
end

-- s.requests_of(site) -> the requests it has had, "METHOD /target", in order;
-- the statuses of its answers; the site has ended then
function M.requests_of (server)
  local list, statuses = {}, {}
  for _, line in ipairs(server:stop()) do
    local user, request, status =
      line:match '^127%S+ %- (%S+) %[[^]]+%] "(.-) HTTP[^"]+" (%d+)'
    if request then
      t.eq(user, "-", "user name sent with " .. request)
      list[#list + 1] = request
      statuses[#statuses + 1] = math.tointeger(status)
    end
  end
  return list, statuses
end

-- s.run(name, words [, env]) -> {status=, stdout=, stderr=}
function M.run (name, words, env)
  local cmd = { t.lurl, "scripts/" .. name .. ".lua" }
  table.move(words, 1, #words, #cmd + 1, cmd)
  return t.run { cmd = cmd, env = env }
end

-- s.run_ca(name, words [, env]): the same, trusting who signed our servers
function M.run_ca (name, words, env)
  return M.run(name, { "--ca", M.ca, table.unpack(words) }, env)
end

-- s.check_status(what run returned, want, label)
function M.check_status (got, want, label)
  t.eq(got.status, want, label .. ": exit status; it said " .. got.stderr)
end

return M
