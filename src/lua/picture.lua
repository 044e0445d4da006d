-- A report of https.inspect as lines for a person: the chain from the root
-- down, who signed whom at a glance, and below what is wrong.
local core = require "https.core"
local explain = require "https.explain"

local M = {}

local DEPTH_SHOWN = 8  -- of a chain; a longer one is drawn straight down

local styles = {
  utf8 = { branch = "└─ ", good = "✓", bad = "✗", doubt = "!", unknown = "?",
           cut = "…" },
  ascii = { branch = "`- ", good = "+", bad = "x", doubt = "!",
              unknown = "?", cut = "~" },
}

local colors = { good = "32", bad = "31", doubt = "33", unknown = "31",
                 dim = "2", bold = "1" }

-- A pen: how words are painted, and characters drawn.
local function new_pen (options)
  local pen = { style = options.utf8 and styles.utf8 or styles.ascii,
                utf8 = options.utf8,
                width = math.max(options.width or 80, 40) }
  function pen.paint (color, text)
    if not options.color then return text end
    return "\27[" .. colors[color] .. "m" .. text .. "\27[0m"
  end
  return pen
end

-- Text as this terminal can show it.  Names come from core.examine without
-- control characters; what is not ASCII only a UTF-8 terminal knows.
local function plain (pen, text)
  text = text:gsub("%c", "?")
  if pen.utf8 then return text end
  return (text:gsub("[\128-\255]+", "?"))
end

local function length (text) return utf8.len(text) or #text end

-- At most so many characters.
local function cut (pen, text, max)
  text = plain(pen, text)
  if length(text) <= max then return text end
  return text:sub(1, (utf8.offset(text, max) or max) - 1) .. pen.style.cut
end

local function pad (text, width)
  return text .. (" "):rep(width - length(text))
end

---------------------------------------------------------------------------
-- One line for each certificate.

-- How bad it is, by what is said of that certificate.
local function mark_of (report, fact)
  local mark = fact.trusted and "good"
    or report.path[#report.path].trusted and "good" or "unknown"
  for _, warning in ipairs(report.warnings) do
    if warning.subject == fact.subject then mark = "doubt" end
  end
  for _, problem in ipairs(report.problems) do
    if problem.subject == fact.subject and problem.code ~= "unknown-issuer"
       and problem.code ~= "incomplete-chain" then
      mark = "bad"
    end
  end
  return mark
end

local function until_when (fact, when)
  local left = (fact.not_after or 0) - when
  if left < 0 then
    return "EXPIRED " .. explain.date(fact.not_after)
  elseif when < (fact.not_before or 0) then
    return "from " .. explain.date(fact.not_before)
  end
  return ("until %s, %d days"):format(explain.date(fact.not_after),
    left // 86400)
end

-- The lines of the tree as {mark=, name=, facts=}, the root first.
local function rows_of (report, when)
  local rows, path = {}, report.path
  local top = path[#path]
  if not top.trusted and not top.self_signed then
    rows[1] = { mark = "unknown", name = top.issuer_name,
                facts = "not sent, and not trusted here" }
  end
  for i = #path, 1, -1 do
    local fact = path[i]
    local facts = ("%-9s %s"):format(fact.key, until_when(fact, when))
    if fact.trusted then
      facts = facts .. ", trusted"
    elseif i == #path and fact.self_signed then
      facts = facts .. ", not trusted"
    end
    rows[#rows + 1] = { mark = mark_of(report, fact), facts = facts,
                        name = explain.label(fact) }
  end
  return rows
end

local function draw_tree (pen, report, lines, when)
  local rows = rows_of(report, when)
  local widest = 0
  for i, row in ipairs(rows) do
    local depth = math.min(i - 2, DEPTH_SHOWN)
    local indent = i == 1 and "" or (" "):rep(3 * depth) .. pen.style.branch
    row.text = indent .. cut(pen, row.name, 40)
    widest = math.max(widest, length(row.text))
  end
  for _, row in ipairs(rows) do
    lines[#lines + 1] = ("  %s %s  %s"):format(
      pen.paint(row.mark, pen.style[row.mark]), pad(row.text, widest),
      row.mark == "good" and row.facts or pen.paint(row.mark, row.facts))
  end
end

---------------------------------------------------------------------------
-- What is around the tree.

-- A text in lines that fit, each behind the same indent.
local function wrap (pen, text, indent, lines)
  local line = ""
  for word in plain(pen, text):gmatch("%S+") do
    if line ~= "" and #indent + length(line) + 1 + length(word) > pen.width
    then
      lines[#lines + 1] = indent .. line
      line = ""
    end
    line = line == "" and word or line .. " " .. word
  end
  if line ~= "" then lines[#lines + 1] = indent .. line end
end

local function draw_list (pen, list, mark, lines)
  for _, item in ipairs(list) do
    local first = #lines + 1
    wrap(pen, item.code .. ": " .. item.message, "    ", lines)
    lines[first] = "  " .. pen.paint(mark, pen.style[mark]) .. " "
      .. pen.paint(mark, item.code) .. lines[first]:sub(5 + #item.code)
    if item.hint then wrap(pen, item.hint, "      ", lines) end
  end
end

local function draw_head (pen, report, lines)
  local place = report.host:find(":") and "[" .. report.host .. "]"
    or report.host
  local words = { pen.paint("bold", place .. ":" .. report.port) }
  for _, name in ipairs { "version", "cipher", "alpn" } do
    words[#words + 1] = report[name]
  end
  if report.ocsp then words[#words + 1] = "OCSP: " .. report.ocsp end
  lines[#lines + 1] = table.concat(words, "  ")
  local said = report.verified and { "good", "verified" }
    or report.error and { "bad", "refused" }
    or { "doubt", "not verified, as it was asked" }
  lines[#lines + 1] = pen.paint(said[1], said[2]) .. "  trust: "
    .. plain(pen, report.trust)
  lines[#lines + 1] = ""
end

-- A text behind its name, in lines that fit.
local function draw_field (pen, name, text, lines)
  local first = #lines + 1
  wrap(pen, text, (" "):rep(12), lines)
  lines[first] = ("  %-9s %s"):format(name, (lines[first] or ""):sub(13))
end

local function draw_own (pen, report, lines)
  local own = report.chain[1]
  lines[#lines + 1] = ""
  draw_field(pen, "for", explain.names(own, 6) or "no host", lines)
  draw_field(pen, "sha256", own.sha256, lines)
  draw_field(pen, "pin", own.pin, lines)
end

-- What was sent and is on no way.
local function draw_strays (pen, report, lines)
  local used, strays = {}, {}
  for _, fact in ipairs(report.path) do
    if fact.index then used[fact.index] = true end
  end
  for i, fact in ipairs(report.chain) do
    if not used[i] then
      strays[#strays + 1] = cut(pen, explain.label(fact), 40)
    end
  end
  if #strays > 0 then
    lines[#lines + 1] = ""
    wrap(pen, "also sent, and not needed: " .. table.concat(strays, ", "),
      "  ", lines)
  end
end

local function draw_offers (pen, report, lines)
  lines[#lines + 1] = ""
  for _, line in ipairs(require "https.offers".lines(report.offers)) do
    local first = #lines + 1
    draw_field(pen, line.name, line.text, lines)
    if line.doubt then
      lines[first] = pen.paint("doubt", pen.style.doubt) .. lines[first]:sub(2)
    end
  end
end

local function draw_chain (pen, report, lines)
  if #report.path == 0 then
    lines[#lines + 1] = "  no certificate was seen"
    return
  end
  draw_tree(pen, report, lines, report.when)
  draw_strays(pen, report, lines)
end

-- M.chain(report, as) -> the tree alone, and what there is to know of the
-- server's own certificate
function M.chain (report, as)
  local pen, lines = new_pen(as), {}
  draw_chain(pen, report, lines)
  if #report.chain > 0 then draw_own(pen, report, lines) end
  return table.concat(lines, "\n")
end

-- M.draw(report, {color=, utf8=, width=}) -> lines, as one string
function M.draw (report, as)
  local pen, lines = new_pen(as), {}
  draw_head(pen, report, lines)
  draw_chain(pen, report, lines)
  if #report.chain > 0 then draw_own(pen, report, lines) end
  if report.offers then draw_offers(pen, report, lines) end
  if #report.problems + #report.warnings > 0 then lines[#lines + 1] = "" end
  draw_list(pen, report.problems, "bad", lines)
  draw_list(pen, report.warnings, "doubt", lines)
  return table.concat(lines, "\n") .. "\n"
end

-- M.terminal(file number) -> {color=, utf8=, width=}, as that terminal takes
-- it and the environment asks (https://no-color.org)
function M.terminal (descriptor)
  local width, is_utf8 = core.terminal(descriptor)
  if not width then return { utf8 = core.is_utf8(), width = 80 } end
  local no_color = os.getenv("NO_COLOR")
  local term = os.getenv("TERM")
  return {
    color = (no_color == nil or no_color == "") and term ~= nil
      and term ~= "" and term ~= "dumb",
    utf8 = is_utf8, width = width,
  }
end

return M
