-- response.links: where an answer points to (RFC 8288).
local t = require "tests.harness"
local https = require "https"

local function links_of (header)
  return https.response{ url = "https://x.test/a/b?page=1",
    headers = { link = header } }.links
end

-- Link header (a list: several lines), {rel = url}
local rows = {
  { "<https://y.test/2>; rel=\"next\"", { next = "https://y.test/2" } },
  { "<https://y.test/2>; rel=next", { next = "https://y.test/2" } },
  { "<https://y.test/2>;rel=next", { next = "https://y.test/2" } },
  { " <https://y.test/2> ; rel = \"next\" ", { next = "https://y.test/2" } },
  { "<https://y.test/2>; REL=NEXT", { next = "https://y.test/2" } },
  -- Relative to the URL of the answer.
  { "</2>; rel=next", { next = "https://x.test/2" } },
  { "<2>; rel=next", { next = "https://x.test/a/2" } },
  { "<?page=2>; rel=next", { next = "https://x.test/a/b?page=2" } },
  { "<>; rel=self", { self = "https://x.test/a/b?page=1" } },
  { "<//y.test/2>; rel=next", { next = "https://y.test/2" } },
  -- Several.
  { "</1>; rel=prev, </3>; rel=next", { prev = "https://x.test/1",
    next = "https://x.test/3" } },
  { { "</1>; rel=prev", "</3>; rel=next" }, { prev = "https://x.test/1",
    next = "https://x.test/3" } },
  { "</1>; rel=\"first prev\"", { first = "https://x.test/1",
    prev = "https://x.test/1" } },
  { "</1>; rel=next, </2>; rel=next", { next = "https://x.test/1" } },
  { "</1>; rel=prev; rel=next", { prev = "https://x.test/1" } },
  { ", ,</1>; rel=next,,", { next = "https://x.test/1" } },
  -- Commas, semicolons and angles where they mean nothing.
  { "</a,b;c>; rel=next", { next = "https://x.test/a,b;c" } },
  { "</1>; title=\"a, b; rel=prev <x>\"; rel=next",
    { next = "https://x.test/1" } },
  { "</1>; title=\"say \\\"x\\\", y\"; rel=next, </2>; rel=last",
    { next = "https://x.test/1", last = "https://x.test/2" } },
  { "</1>; title=\"a\\\\\"; rel=next", { next = "https://x.test/1" } },
  { "</1>; title=\"\"; rel=next", { next = "https://x.test/1" } },
  { "</1>; a; rel=next", { next = "https://x.test/1" } },
  { "</1>;; rel=next", { next = "https://x.test/1" } },
  { "</1>; rel=\"https://y.test/rel\"",
    { ["https://y.test/rel"] = "https://x.test/1" } },
  -- None.
  { "", {} }, { "</1>", {} }, { "</1>; title=next", {} },
  { "/1; rel=next", {} }, { "</1; rel=next", {} }, { "nonsense", {} },
  { "</1>; rel=\"\"", {} }, { "</1>; rel", {} }, { ";,;,<", {} },
  { "</1>; rel=\"next", {} },
}

for i, row in ipairs(rows) do
  t.test("links, row " .. i, function ()
    local got = {}
    for rel, link in pairs(links_of(row[1])) do got[rel] = link.url end
    t.eq(got, row[2], "links")
  end)
end

t.test("parameters of a link", function ()
  local link = links_of("</2>; rel=next; title=\"a \\\"b\\\"\"; type=text/x; "
    .. "Media=print; flag").next
  t.eq({ link.url, link.rel, link.title, link.type, link.media, link.flag },
    { "https://x.test/2", "next", 'a "b"', "text/x", "print", "" }, "link")
end)

t.test("a target that is no URL stays as it is", function ()
  t.eq(links_of("<mailto:joe@x.test>; rel=author").author.url,
    "mailto:joe@x.test", "url")
end)

t.test("no Link header", function ()
  t.eq(https.response{}.links, {}, "links")
end)

t.test("a long one takes no long time", function ()
  for _, text in ipairs{ ("<a>;"):rep(20000), ("<a>; b=\"\\"):rep(10000),
      ("<a>; b=\"" .. ("\\x"):rep(30000)), ("< "):rep(30000),
      ("<a>; " .. (" "):rep(50000)), (","):rep(50000) } do
    local began = os.clock()
    local _ = links_of(text)
    t.ok(os.clock() - began < 5, ("%.20s took %.1f s"):format(text,
      os.clock() - began))
  end
end)

t.finish()
