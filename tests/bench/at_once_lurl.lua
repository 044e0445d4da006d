-- lurl's part of the benchmark of many at once:
-- at_once_lurl.lua URL N AT_ONCE CA [HTTP], or N sleepers:
-- at_once_lurl.lua sleep N
local url, n, at_once, ca = arg[1], tonumber(arg[2]), tonumber(arg[3]), arg[4]

local list = {}
if url == "sleep" then
  for i = 1, n do list[i] = https.spawn(https.sleep, 0.5) end
  for i = 1, n do list[i]:wait() end
  return
end
for i = 1, n do list[i] = url end
local session <close> = https.session { ca = ca, http = arg[5],
                                        pool = { per_host = at_once } }
https.map(list, function (each) session:get(each):raise() end,
          { concurrency = at_once })
