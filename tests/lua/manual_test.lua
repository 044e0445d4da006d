-- The manual is complete and says nothing that is not so: options, functions,
-- error codes, the command's own options and scripts, each against the code.
local t = require "tests.harness"
local https = require "https"

local readme = t.read("README.md")
local module_page = t.read("src/man/https.3")
local command_page = t.read("src/man/lurl.1")

local function lines_of (command)
  local out <close> = io.popen(command)
  local lines = {}
  for line in out:lines() do lines[#lines + 1] = line end
  return lines
end

-- A section of a page, or a subsection: what stands between two headings.
local function section (page, macro, name)
  local text = page:match("\n%." .. macro .. " " .. name .. "\n(.*)$")
  t.ok(text, "section " .. name)
  local ends = text:find("\n%.S[hs] ")
  if macro == "Sh" then ends = text:find("\n%.Sh ") end
  return "\n" .. text:sub(1, ends or -1)
end

-- The set of words that a macro's items name: ".It Cm a , b" is two.
local function items (text, macro)
  local found = {}
  for line in text:gmatch("\n%.It " .. macro .. " ([^\n]*)") do
    for word in line:gmatch("[^ ,]+") do found[word] = true end
  end
  return found
end

-- Every name of one set that is not in the other is told.
local function covers (has, wanted, what)
  local missing = {}
  for name in pairs(wanted) do
    if not has[name] then missing[#missing + 1] = name end
  end
  table.sort(missing)
  t.eq(table.concat(missing, " "), "", what)
end

local function same (documented, real)
  covers(documented, real, "not documented")
  covers(real, documented, "documented, and not there")
end

---------------------------------------------------------------------------
-- Options.

local options = require "https.options".checks

t.test("https.3 has every option", function ()
  same(items(section(module_page, "Sh", "OPTIONS"), "Cm"), options)
end)

t.test("https.3 has the options of a session", function ()
  for name in pairs(items(section(module_page, "Sh", "SESSIONS"), "Cm")) do
    local ok, err = pcall(https.session, { [name] = print })
    t.ok(not ok and err.code ~= "option", name)
  end
  for _, name in ipairs { "base", "cookies", "pool" } do
    t.ok(items(section(module_page, "Sh", "SESSIONS"), "Cm")[name], name)
  end
end)

t.test("README's table has every option", function ()
  local found = {}
  local text = readme:match("\n## Requests\n(.-)\n## ")
  for cell in text:gmatch("\n| (`[^|]*) |") do
    for name in cell:gmatch("`([%w_]+)`") do found[name] = true end
  end
  same(found, options)
end)

---------------------------------------------------------------------------
-- Functions and fields.

local modules = { "base64", "json", "url" }
local values = { "all", "hash", "hmac", "map", "random", "spawn" }

t.test("https.3 has every function of the module", function ()
  local real, documented = {}, {}
  for _, name in ipairs(values) do real["https." .. name] = https[name] end
  for _, module in ipairs(modules) do
    for name in pairs(https[module]) do
      real["https." .. module .. "." .. name] = true
    end
    rawset(https, module, nil)
  end
  for name in pairs(https) do real["https." .. name] = true end
  for _, macro in ipairs { "Fn", "Va" } do
    for word in pairs(items(module_page, macro)) do
      if word:find("^https%.") then documented[word] = true end
    end
  end
  same(documented, real)
end)

-- Methods of the engine room, which scripts have no use for.
local inner = {
  response = { next_piece = true, read_all = true },
  session = { prepare = true },
}

-- The methods that a source file defines for a class.
local function methods_in (path, class, out)
  for name in t.read(path):gmatch("\nfunction " .. class .. ":([%l_]+) ") do
    out[name] = true
  end
end

local classes = {
  { "response", "src/lua/response.lua", "Response",
    { "read", "lines", "chunks", "events", "save" } },
  { "session", "src/lua/session.lua", "Session",
    { "get", "head", "post", "put", "patch", "delete", "options" } },
}

for _, class in ipairs(classes) do
  local name, path, of, more = table.unpack(class)
  t.test("https.3 has every method of a " .. name, function ()
    local real, documented = {}, {}
    methods_in(path, of, real)
    for _, method in ipairs(more) do real[method] = true end
    for method in pairs(inner[name]) do real[method] = nil end
    for word in pairs(items(module_page, "Fn")) do
      documented[word:match("^" .. name .. ":(.*)$") or ""] = true
    end
    documented[""] = nil
    same(documented, real)
  end)
end

t.test("https.3 has every method of headers", function ()
  local real, documented = {}, {}
  local text = t.read("src/bind/l_headers.c")
  for name in text:match("methods%[%] = (%b{})"):gmatch('{ "(%l+)"') do
    real[name] = true
  end
  for word in pairs(items(module_page, "Fn")) do
    documented[word:match("^headers:(.*)$") or ""] = true
  end
  documented[""] = nil
  same(documented, real)
end)

t.test("https.3 has every field of a response", function ()
  local documented = items(section(module_page, "Sh", "RESPONSES"), "Va")
  local real = {}
  for name in t.read("src/lua/response.lua")
              :gmatch("\nfunction lazy%.(%l+) ") do
    real[name] = true
  end
  for _, name in ipairs { "status", "reason", "ok", "url", "headers",
                          "http" } do
    real[name] = true
  end
  same(documented, real)
end)

t.test("https.3 has the built-in middlewares", function ()
  local names = {}
  for i, step in ipairs(https.session().chain) do names[i] = step.name end
  t.ok(module_page:find(".Li " .. table.concat(names, " , ") .. " .", 1, true),
    table.concat(names, " , "))
end)

---------------------------------------------------------------------------
-- Error codes.  The sources say them as literals: next to the kind, as those of
-- a table, or, in a file that raises one kind with a code it works out, where
-- that is assigned, returned or handed to the function that raises.

local codes = {}  -- kind -> set

local function note (kind, code)
  kind = kind:lower()
  codes[kind] = codes[kind] or {}
  codes[kind][code] = true
end

-- What is computed, by the words that stand in its place.
local computed = {
  ["error_errno_name(rv)"] = "io", ["error_errno_name(-rv)"] = "io",
  ["error_errno_name(errnum)"] = "io", ["ENOMEM"] = "io",
}

-- Functions that are given the code: what is before it in a call of theirs.
local raisers = {}

local function find_raisers (text, kind)
  for name, args in text:gmatch("\n([%w_]+)%(([^)]*)const char %*code[,)]") do
    local _, before = args:gsub(",", "")
    raisers[name .. "%(" .. ("[^,;]+,"):rep(before) .. '%s*"([^"]+)"'] = kind
  end
end

local function scan_c (text)
  local open = {}  -- kinds that are raised with a code from elsewhere
  for kind, code in text:gmatch('ERR_(%u+),%s*"([^"]+)"') do
    note(kind, code)
  end
  for _, name in ipairs { "VERIFY", "TLS" } do
    for code in text:gmatch("\t" .. name .. '%("[^"]*", "([^"]+)"%)') do
      note(name, code)
    end
  end
  for kind, what in text:gmatch("error_setx?%([^,;]+,%s*ERR_(%u+),%s*([^,]+),")
  do
    if what:sub(1, 1) ~= '"' and computed[what] ~= kind:lower() then
      open[kind] = true
    end
  end
  for kind in pairs(open) do
    find_raisers(text, kind)
    for code in text:gmatch('code = "([^"]+)"') do note(kind, code) end
    for code in text:gmatch('part = "([^"]+)"') do note(kind, code) end
    for code in text:gmatch('\n\t\treturn "([^"]+)"') do note(kind, code) end
  end
end

local function scan_lua (path)
  local text = t.read(path):gsub("%-%-[^\n]*", "")
  for kind, code in text:gmatch('kind = "(%l+)",%s*code = "([^"]+)"') do
    note(kind, code)
  end
  for code in text:gmatch('usage%("([^"]+)"') do note("usage", code) end
  for code in text:gmatch('M%.usage%("([^"]+)"') do note("usage", code) end
  local kind = text:match('kind = "(%l+)", code = code')
  for code in text:gmatch('%f[%w]fail%("([^"]+)"') do
    if kind then note(kind, code) end
  end
end

local sources = {}
for i, path in ipairs(lines_of "ls src/*/*.c | grep -v base/error.c") do
  sources[i] = t.read(path):gsub("/%*.-%*/", "")
  scan_c(sources[i])
end
for call, kind in pairs(raisers) do
  for _, text in ipairs(sources) do
    for code in text:gmatch(call) do note(kind, code) end
  end
end
for _, path in ipairs(lines_of "ls src/lua/*.lua") do scan_lua(path) end

-- The part of a time-out is the phase that it was in; a proxy is connecting.
for phase in t.read("src/net/conn.c"):gmatch("PHASE_(%u+)") do
  if phase ~= "NONE" and phase ~= "PROXY" then note("timeout", phase:lower()) end
end

-- The name of an errno stands for all of them.
codes.io.ENOMEM = nil

local kinds = {}
for name in t.read("src/base/error.c"):match("kinds%[%] = (%b{})")
            :gmatch('"(%l+)"') do
  kinds[name] = true
end

t.test("the sources raise every kind", function ()
  local raised = { status = true }  -- its codes are numbers
  for kind in pairs(codes) do raised[kind] = true end
  same(kinds, raised)
end)

for _, kind in ipairs { "verify", "tls", "resolve", "connect", "timeout",
    "proxy", "protocol", "redirect", "decode", "json", "io", "cancelled", "usage" } do
  t.test("https.3 has every code of " .. kind, function ()
    same(items(section(module_page, "Ss", kind), "Cm"), codes[kind])
  end)
end

-- Codes in a row of README: those of verify are rows themselves.
t.test("README has every code", function ()
  local text = readme:match("\n## Verification\n(.*)$")
  for kind, set in pairs(codes) do
    local row = kind == "verify"
      and text:match("\n| code of `verify` .-\n\n")
      or text:match("\n| `" .. kind .. "` |([^\n]*)")
    t.ok(row, "a row for " .. kind)
    local found = {}
    for word in row:gmatch("`([^`]+)`") do found[word] = true end
    covers(found, set, kind)
  end
end)

---------------------------------------------------------------------------
-- The command.

local help = t.run { cmd = { t.lurl, "--help" } }.stdout

t.test("lurl.1 and --help have the same options", function ()
  local page, told = {}, {}
  for line in command_page:gmatch("\n%.It (Fl[^\n]*)") do
    if line == "Fl" then page["-"] = true end
    for word in line:gmatch("Fl ([^ ]+)") do page["-" .. word] = true end
  end
  for line in help:gmatch("\n  (%-[^\n]*)") do
    for word in line:match("^(.-)  "):gmatch("%f[^%s\0,]%-[%w-]*") do
      told[word] = true
    end
  end
  t.ok(next(told), "options in --help")
  same(page, told)
end)

t.test("lurl.1, --help and README name every script", function ()
  local real, told, helped = {}, {}, {}
  for _, path in ipairs(lines_of "ls scripts/*.lua") do
    real[path:match("([%w_]+)%.lua$")] = true
  end
  same(items(section(command_page, "Ss", "Installed scripts"), "Cm"), real)
  for name in readme:match("\n## Scripts\n(.-)\n## "):gmatch("\n| `(%w+)` |") do
    told[name] = true
  end
  same(told, real)
  for name in help:match(":\n(%l[%l%s]*)%.\n"):gmatch("%l+") do
    helped[name] = true
  end
  same(helped, real)
end)

t.test("lurl.1 and --help have the same exit statuses", function ()
  local page, told = {}, {}
  for n in section(command_page, "Sh", "EXIT STATUS"):gmatch("\n%.It (%d)") do
    page[n] = true
  end
  for n in help:match("Exit status: (.*)"):gmatch("%f[%d](%d) ") do
    told[n] = true
  end
  same(page, told)
end)

---------------------------------------------------------------------------
-- Form.

if os.execute("command -v mandoc >/dev/null") then
  for _, path in ipairs { "src/man/lurl.1", "src/man/https.3" } do
    t.test("mandoc has nothing to say of " .. path, function ()
      local r = t.run { cmd = "mandoc -Tlint -Wwarning " .. path .. " 2>&1" }
      t.eq(r.stdout, "", "mandoc")
      t.eq(r.status, 0, "status")
    end)
  end
end

t.finish()
