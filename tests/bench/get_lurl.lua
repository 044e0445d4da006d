-- lurl's part of the benchmark: get_lurl.lua TASK URL N|FILE [CA...]
local task, url, what = arg[1], arg[2], arg[3]
local ca = arg[5] and { table.unpack(arg, 4) } or arg[4]

if task == "save" then
  https.get(url, { ca = ca, output = what }):raise()
  return
end
for _ = 1, tonumber(what) do
  local response = https.get(url, { ca = ca }):raise()
  if task == "json" then response:json() end
end
