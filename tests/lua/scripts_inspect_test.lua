-- lurl inspect: the picture, JSON, PEM, exit statuses; and what the host says
-- of a certificate that a request has refused.
local t = require "tests.harness"
local peer = require "tests.lua.peer"
local s = require "tests.lua.scripts"
local https = require "https"
local explain = require "https.explain"
local picture = require "https.picture"

local root = peer.pem "root"

local function run (server, host, words, env)
  local all = { "--address", "127.0.0.1", "--ca", root, "--no-offers",
                host .. ":" .. server.port }
  table.move(words or {}, 1, #(words or {}), #all + 1, all)
  return s.run("inspect", all, env)
end

---------------------------------------------------------------------------
-- The picture of a fixed report.

local NOW = 1700000000
local DAY = 86400

local function certificate (fields)
  local fact = { names = {}, key = "EC 256", not_before = NOW - 10 * DAY,
    not_after = NOW + 90 * DAY, sha256 = ("ab"):rep(32),
    pin = "sha256//" .. ("A"):rep(43) .. "=", self_signed = false }
  for name, value in pairs(fields) do fact[name] = value end
  fact.subject = fact.subject or "CN=" .. tostring(fact.common_name)
  return fact
end

local leaf = certificate { common_name = "www.example.org", index = 1,
  names = { "www.example.org", "example.org" }, issuer_name = "R1" }
local middle = certificate { common_name = "R1", index = 2, key = "RSA 2048",
  issuer_name = "Example Root" }
local top = certificate { common_name = "Example Root", trusted = true,
  self_signed = true, not_after = NOW + 5000 * DAY }
local stray = certificate { common_name = "Stranger", index = 3 }
local unsigned = certificate { common_name = "R1", index = 2,
  key = "RSA 2048", issuer_name = "Unheard Of" }
local late = certificate { common_name = "old.example.org", index = 1,
  not_after = NOW - DAY, names = { "old.example.org" }, issuer_name = "R1" }

local function report_of (fields)
  local report = { host = "www.example.org", port = 443, verified = true,
    version = "TLSv1.3", cipher = "TLS_AES_256_GCM_SHA384", when = NOW,
    trust = "system: /etc/ssl/certs", problems = {}, warnings = {},
    chain = { leaf, middle }, path = { leaf, middle, top } }
  for name, value in pairs(fields or {}) do report[name] = value end
  return report
end

local OWN = [[

  for       www.example.org, example.org
  sha256    abababababababababababababababababababababababababababababababab
  pin       sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
]]

-- label, report, how, picture
local pictures = {
  { "good", report_of(), {}, [[
www.example.org:443  TLSv1.3  TLS_AES_256_GCM_SHA384
verified  trust: system: /etc/ssl/certs

  + Example Root           EC 256    until 2037-07-23, 5000 days, trusted
  + `- R1                  RSA 2048  until 2024-02-12, 90 days
  +    `- www.example.org  EC 256    until 2024-02-12, 90 days
]] .. OWN },
  { "good, in UTF-8", report_of(), { utf8 = true }, [[
www.example.org:443  TLSv1.3  TLS_AES_256_GCM_SHA384
verified  trust: system: /etc/ssl/certs

  ✓ Example Root           EC 256    until 2037-07-23, 5000 days, trusted
  ✓ └─ R1                  RSA 2048  until 2024-02-12, 90 days
  ✓    └─ www.example.org  EC 256    until 2024-02-12, 90 days
]] .. OWN },
  { "an unknown root", report_of { verified = false, error = {},
      path = { leaf, unsigned }, chain = { leaf, unsigned },
      problems = { { code = "unknown-issuer", index = 2,
        subject = unsigned.subject, message = "nobody knows it",
        hint = "ask" } } }, {}, [[
www.example.org:443  TLSv1.3  TLS_AES_256_GCM_SHA384
refused  trust: system: /etc/ssl/certs

  ? Unheard Of             not sent, and not trusted here
  ? `- R1                  RSA 2048  until 2024-02-12, 90 days
  ?    `- www.example.org  EC 256    until 2024-02-12, 90 days
]] .. OWN .. [[

  x unknown-issuer: nobody knows it
      ask
]] },
  { "expired, soon, and a stray", report_of { verified = false, error = {},
      path = { late, middle, top }, chain = { late, middle, stray },
      problems = { { code = "expired", index = 1, subject = late.subject,
        message = "it has" } },
      warnings = { { code = "expires-soon", index = 2,
        subject = middle.subject, message = "it will" } } }, {}, [[
www.example.org:443  TLSv1.3  TLS_AES_256_GCM_SHA384
refused  trust: system: /etc/ssl/certs

  + Example Root           EC 256    until 2037-07-23, 5000 days, trusted
  ! `- R1                  RSA 2048  until 2024-02-12, 90 days
  x    `- old.example.org  EC 256    EXPIRED 2023-11-13

  also sent, and not needed: Stranger

  for       old.example.org
  sha256    abababababababababababababababababababababababababababababababab
  pin       sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

  x expired: it has
  ! expires-soon: it will
]] },
  { "nothing seen", report_of { verified = false, error = {}, chain = {},
      path = {}, version = false, cipher = false, problems = { {
      code = "expired", message = "it has" } } }, {}, [[
www.example.org:443
refused  trust: system: /etc/ssl/certs

  no certificate was seen

  x expired: it has
]] },
  { "not asked to verify, IPv6, and offers", report_of { host = "::1",
      verified = false, offers = {
        { version = "1.3", offered = true, ciphers = { "TLS_A_GCM" } },
        { version = "1.2", offered = true, all = true,
          ciphers = { "ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA" } },
        { version = "1.1", offered = false }, { version = "1.0" } } }, {}, [[
[::1]:443  TLSv1.3  TLS_AES_256_GCM_SHA384
not verified, as it was asked  trust: system: /etc/ssl/certs

  + Example Root           EC 256    until 2037-07-23, 5000 days, trusted
  + `- R1                  RSA 2048  until 2024-02-12, 90 days
  +    `- www.example.org  EC 256    until 2024-02-12, 90 days
]] .. OWN .. [[

  TLS 1.3   TLS_A_GCM
! TLS 1.2   ECDHE-RSA-AES128-GCM-SHA256, AES128-SHA (weak)
  TLS 1.1   not offered
  TLS 1.0   not tried
]] },
}

for _, row in ipairs(pictures) do
  t.test("picture: " .. row[1], function ()
    for _, name in ipairs { "version", "cipher" } do
      if row[2][name] == false then row[2][name] = nil end
    end
    local got = picture.draw(row[2], row[3])
    if got ~= row[4] then error("got\n" .. got .. "want\n" .. row[4]) end
  end)
end

t.test("picture: colours are those of good and bad", function ()
  local good = picture.draw(report_of(), { color = true })
  t.match(good, "\27%[32mverified\27%[0m", "verified")
  t.match(good, "\27%[32m%+\27%[0m", "marks")
  t.eq(good:find("\27[31m", 1, true), nil, "no red")
  local bad = picture.draw(report_of { verified = false, error = {},
    path = { late, middle, top }, problems = { { code = "expired",
      subject = late.subject, message = "it has" } } }, { color = true })
  t.match(bad, "\27%[31mrefused\27%[0m", "refused")
  t.match(bad, "\27%[31mEC 256 +EXPIRED 2023%-11%-13\27%[0m", "the line")
  t.eq(bad:gsub("\27%[%d+m", ""), picture.draw(report_of { verified = false,
    error = {}, path = { late, middle, top }, problems = { {
      code = "expired", subject = late.subject, message = "it has" } } }, {}),
    "nothing but colours")
end)

t.test("picture: names that would draw on the terminal", function ()
  local evil = certificate { common_name = "\27[2J\r\n\7", index = 1,
    names = { "a\27]0;x\7" }, issuer_name = "\27[31m\194\155" }
  for _, utf8 in ipairs { false, true } do
    local got = picture.draw(report_of { path = { evil }, chain = { evil },
      trust = "ca: \27[1m.pem" }, { utf8 = utf8 })
    t.eq(got:gsub("\n", ""):find("%c"), nil, "a control character")
    if not utf8 then t.eq(got:find("[\128-\255]"), nil, "not ASCII") end
  end
end)

t.test("picture: a hundred certificates", function ()
  local path = {}
  for i = 1, 100 do
    path[i] = certificate { common_name = "n" .. i, issuer_name = "x" }
  end
  local got = picture.draw(report_of { path = path }, {})
  for line in got:gmatch("[^\n]+") do
    t.ok(#line <= 90, "too long: " .. line)
  end
end)

t.test("picture: a name longer than the line", function ()
  local long = certificate { common_name = ("x"):rep(5000), index = 1,
    names = { ("y"):rep(200) }, issuer_name = "R1" }
  local got = picture.draw(report_of { path = { long, middle, top } }, {})
  t.match(got, "x~ ", "cut")
end)

---------------------------------------------------------------------------
-- The words.

t.test("spans of time", function ()
  local rows = { { 0, "0 minutes" }, { 60, "1 minute" }, { 7200, "2 hours" },
    { -3 * DAY, "3 days" }, { 365 * DAY, "365 days" },
    { 10 * 366 * DAY, "10 years" } }
  for _, row in ipairs(rows) do t.eq(explain.span(row[1]), row[2]) end
end)

t.test("dates", function ()
  local rows = { { 0, "1970-01-01" }, { 253402300799, "9999-12-31" },
    { 253402300800, "an unreadable date" }, { -62135596800, "0001-01-01" },
    { -62167219200, "an unreadable date" },
    { math.mininteger, "an unreadable date" } }
  for _, row in ipairs(rows) do t.eq(explain.date(row[1]), row[2]) end
  t.eq(explain.date(nil), "an unreadable date", "none")
end)

local function hint_at (when, code, fact)
  local found = { when = when, path = { fact }, host = "x",
    faults = { { code = code, message = "m", at = 1 } } }
  return explain.problems(found)[1].hint
end

t.test("a clock that is wrong", function ()
  local future = certificate { common_name = "a", index = 1,
    not_before = NOW + 30 * DAY, not_after = NOW + 60 * DAY }
  local built = explain.built
  explain.built = "Nov  1 2023"
  t.match(hint_at(1000000000, "not-yet-valid", future),
    "clock says 2001%-09%-09, which is before this program was built")
  t.match(hint_at(NOW, "not-yet-valid", future), "clock is behind; this "
    .. "machine's clock says 2023%-11%-14")
  t.match(hint_at(NOW + 4000 * DAY, "expired", future),
    "years after the end of every certificate")
  t.match(hint_at(NOW + 70 * DAY, "expired", future), "must renew")
  explain.built = built
end)

t.test("the day of the build can be read", function ()
  t.match(explain.built, "^%a%a%a [ %d]%d %d%d%d%d$")
end)

---------------------------------------------------------------------------
-- The command.

t.test("good", function ()
  local server <close> = peer.httpsd { "good" }
  local got = run(server, "good.test")
  s.check_status(got, 0, "good")
  t.match(got.stdout, "^good%.test:%d+  TLSv1%.3  %S+\nverified  trust: ca: ")
  t.eq(got.stderr, "", "stderr")
  t.match(server:stop()[1], "requests=0 bytes=0", "what the server got")
end)

-- label, certificate, words, status, stdout
local commands = {
  { "quiet and good", "good", { "--quiet" }, 0, "^$" },
  { "quiet and refused", "expired", { "--quiet" }, 5, "expired: 'expired'" },
  { "refused", "wrong", {}, 5, "name%-mismatch: .* not for 'wrong%.test'" },
  { "days enough", "good", { "--days", "100" }, 0, "verified" },
  { "too few days", "good", { "--days", "10000", "--quiet" }, 5,
    "expires%-soon: 'good' expires on" },
  { "servername", "good", { "--servername", "other.test" }, 5,
    "good%.test, not for 'other%.test'" },
  { "unreadable ca", "good", { "--ca", "/nowhere" }, 2, "^$", "/nowhere" },
}

for _, row in ipairs(commands) do
  t.test("command: " .. row[1], function ()
    local server <close> = peer.httpsd { row[2] }
    local got = run(server, row[2] .. ".test", row[3])
    s.check_status(got, row[4], row[1])
    t.match(got.stdout, row[5], "stdout")
    t.match(got.stderr, row[6] or "^$", "stderr")
  end)
end

t.test("command: nobody there", function ()
  local server = peer.httpsd { "good" }
  server:stop()
  local got = run(server, "good.test")
  s.check_status(got, 4, "refused")
  t.match(got.stderr, "connect/refused")
end)

t.test("command: no TLS there", function ()
  local server <close> = peer.rawd { "send", "220 mail\r\n", "wait" }
  local got = run(server, "good.test")
  s.check_status(got, 5, "no TLS")
  t.match(got.stderr, "tls/not%-tls")
end)

t.test("command: JSON", function ()
  for name, status in pairs { good = 0, ["expired-wrong"] = 5 } do
    local server <close> = peer.httpsd { name }
    local got = run(server, name .. ".test", { "--json" })
    s.check_status(got, status, name)
    local line, rest = got.stdout:match("^([^\n]*)\n(.*)$")
    t.eq(rest, "", "one line")
    local report = https.json.decode(line)
    t.eq(report.verified, name == "good", "verified")
    t.eq(#report.chain, 2, "chain")
    t.eq(#report.path, 3, "path")
    t.eq(report.path[1], report.chain[1].sha256, "path")
    t.eq(report.error and report.error.code, name ~= "good" and "expired"
      or nil, "error")
    t.eq(#report.problems, name == "good" and 0 or 2, "problems")
    t.match(line, '"warnings":%[%]', "an empty list")
    t.match(line, '"names":%[%]', "another")
  end
end)

t.test("command: PEM, for a file", function ()
  local server <close> = peer.httpsd { "good" }
  local got = run(server, "good.test", { "--pem" })
  s.check_status(got, 0, "pem")
  t.eq(got.stdout, t.read(peer.pki .. "/good-chain.pem"), "as it was sent")
end)

-- The output under a terminal, which script(1) makes.
local function on_terminal (server, host, env)
  local words = { t.lurl, "scripts/inspect.lua", "--address", "127.0.0.1",
    "--ca", root, "--no-offers", host .. ":" .. server.port }
  for i, word in ipairs(words) do words[i] = t.quote(word) end
  env.LC_ALL = env.LC_ALL or "C"
  return t.run { cmd = { "script", "-qec", table.concat(words, " "),
                         "/dev/null" }, env = env }.stdout:gsub("\r\n", "\n")
end

local terminals = {
  { "colour", { TERM = "xterm", NO_COLOR = false }, true },
  { "NO_COLOR", { TERM = "xterm", NO_COLOR = "1" }, false },
  { "an empty NO_COLOR", { TERM = "xterm", NO_COLOR = "" }, true },
  { "dumb", { TERM = "dumb", NO_COLOR = false }, false },
  { "no TERM", { TERM = false, NO_COLOR = false }, false },
  { "UTF-8", { TERM = "dumb", LC_ALL = "C.UTF-8" }, false, "✓" },
}

if os.execute("command -v script >/dev/null") then
  for _, row in ipairs(terminals) do
    t.test("terminal: " .. row[1], function ()
      local server <close> = peer.httpsd { "good" }
      local got = on_terminal(server, "good.test", row[2])
      t.eq(got:find("\27[32m", 1, true) ~= nil, row[3], "colour")
      t.match(got, row[4] or "%+", "mark")
    end)
  end
end

---------------------------------------------------------------------------
-- The host's report of an uncaught error.

local function uncaught (server, host, options)
  local code = ("https.get('https://%s:%s/', {resolve={['%s:%s']='127.0.0.1'}"
    .. "%s})"):format(host, server.port, host, server.port,
    options or ", ca='" .. root .. "'")
  return t.run { cmd = { t.lurl, "-e", code }, env = { LC_ALL = "C" } }
end

-- certificate, what is said, connections
local reports = {
  { "self", "x self +EC 256 .*would pass with ca=\"self%.test%.pem\".*only if "
    .. "its owner", 2 },
  { "unknown", "%? unknown%-root +not sent.*would pass with ca=\"root%.pem\", "
    .. "the root certificate of 'unknown%-root'\n    not if", 2 },
  { "missing", "would pass with ca={\"system\", \"issuer%.pem\"}", 2 },
  { "expired", "EXPIRED.*would pass with verify={time=false}\n    never", 2 },
  { "wrong", "would pass with servername=\"other%.test\"\n    only if", 2 },
  { "expired-wrong", "more than one thing is wrong", 2 },
}

for _, row in ipairs(reports) do
  t.test("uncaught: " .. row[1], function ()
    local server <close> = peer.httpsd { row[1] }
    local got = uncaught(server, row[1] .. ".test")
    s.check_status(got, 5, row[1])
    t.match(got.stderr, "^lurl: https://[^\n]+\n  hint: [^\n]+\n  kind: "
      .. "verify, [^\n]+\n", "what was there before")
    t.match(got.stderr, row[2], "certificate")
    t.eq(got.stderr:gsub("\n", ""):find("%c"), nil, "control characters")
    local lines = server:stop()
    t.eq(#lines, row[3], "connections")
    for _, line in ipairs(lines) do t.match(line, "bytes=0", "bytes") end
  end)
end

t.test("uncaught: the server is gone by then", function ()
  local server <close> = peer.rawd { { "handshake" }, { "fin" },
    cert = "expired" }
  local got = uncaught(server, "expired.test")
  s.check_status(got, 5, "expired")
  t.match(got.stderr, "hint: the server's owner must renew", "hint")
  t.eq(got.stderr:find("EXPIRED"), nil, "no picture")
end)

t.test("uncaught: an error that no request raised", function ()
  local got = t.run { cmd = { t.lurl, "-e", "error(https.error{kind='verify',"
    .. "code='expired', message='m', host='127.0.0.1', port=1})" } }
  s.check_status(got, 5, "made up")
  t.match(got.stderr, "^lurl: m %(verify/expired%)\n  kind: [^\n]+\n$")
end)

t.finish()
