-- lurl's part of the benchmark: get_lurl.lua URL N [CA...]
local url, n, ca = arg[1], tonumber(arg[2]), { table.unpack(arg, 3) }

for _ = 1, n do
  https.get(url, { ca = ca[1] and ca or nil }):raise()
end
