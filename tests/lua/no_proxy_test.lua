-- NO_PROXY: which URLs go without a proxy.  The rules are curl's and those of
-- requests; where the two differ the row says whose it is.
local t = require "tests.harness"
local core = require "https.core"
local no_proxy = require "https.no_proxy"

-- {NO_PROXY, host[:port] of the URL, whether it goes without a proxy}
local rows = {
  -- Names: the whole of it, or what is below it.
  { "a.test", "a.test", true },
  { "a.test", "www.a.test", true },
  { "a.test", "x.y.a.test", true },
  { "a.test", "ba.test", false },  -- requests: true, as any suffix
  { "a.test", "a.test.evil.test", false },
  { "a.test", "test", false },
  { "a.test", "b.test", false },
  { "test", "a.test", true },
  { "www.a.test", "a.test", false },
  { ".a.test", "www.a.test", true },
  { ".a.test", "a.test", true },
  { ".a.test", "ba.test", false },
  { "..a.test", "www.a.test", true },
  { ".", "a.test", false },
  { "A.Test", "a.test", true },
  { "a.test", "A.TEST", true },
  { "a.test.", "a.test", true },
  { "a.test", "a.test.", true },
  { "a.test.", "www.a.test.", true },
  { "localhost", "localhost", true },
  { "localhost", "localhost.test", false },
  { "bücher.test", "xn--bcher-kva.test", true },
  { "xn--bcher-kva.test", "bücher.test", true },
  { "under_score.test", "under_score.test", true },

  -- Lists.
  { "", "a.test", false },
  { "a.test,b.test", "b.test", true },
  { "a.test, b.test", "b.test", true },
  { "a.test b.test", "b.test", true },  -- curl's
  { "  a.test  ", "a.test", true },
  { ",,a.test,,", "a.test", true },
  { ",", "a.test", false },
  { "a.test;b.test", "b.test", false },
  { "c.test,d.test", "b.test", false },

  -- Everybody.
  { "*", "a.test", true },
  { "*", "192.0.2.1", true },
  { "*", "[::1]:8443", true },
  { "b.test,*", "a.test", true },
  { "*.a.test", "www.a.test", false },  -- neither has such patterns
  { "a*", "a.test", false },
  { "**", "a.test", false },

  -- Ports.
  { "a.test:8443", "a.test:8443", true },
  { "a.test:8443", "www.a.test:8443", true },
  { "a.test:8443", "a.test", false },
  { "a.test:443", "a.test", true },
  { "a.test:80", "a.test", false },
  { "a.test", "a.test:8443", true },
  { "a.test:99999", "a.test", false },
  { "a.test:x", "a.test", false },
  { "192.0.2.1:8443", "192.0.2.1:8443", true },
  { "192.0.2.1:8443", "192.0.2.1", false },
  { "[::1]:8443", "[::1]:8443", true },
  { "[::1]:8443", "[::1]", false },

  -- Addresses.
  { "192.0.2.1", "192.0.2.1", true },
  { "192.0.2.1", "192.0.2.10", false },
  { "2.1", "192.0.2.1", false },
  { ".2.1", "192.0.2.1", false },
  { "192.0.2.1", "x192.0.2.1.test", false },
  { "::1", "[::1]", true },
  { "[::1]", "[::1]", true },
  { "0:0:0:0:0:0:0:1", "[::1]", true },
  { "2001:DB8::1", "[2001:db8:0:0::1]", true },
  { "::1", "[::2]", false },
  { "127.0.0.1", "[::ffff:127.0.0.1]", false },
  { "127.0.0.1", "localhost", false },  -- nothing is looked up
  { "localhost", "127.0.0.1", false },

  -- Networks.
  { "192.0.2.0/24", "192.0.2.0", true },
  { "192.0.2.0/24", "192.0.2.255", true },
  { "192.0.2.0/24", "192.0.3.0", false },
  { "192.0.2.0/23", "192.0.3.255", true },
  { "192.0.2.77/24", "192.0.2.1", true },
  { "10.0.0.0/8", "10.255.1.2", true },
  { "10.0.0.0/8", "11.0.0.0", false },
  { "172.16.0.0/12", "172.31.255.255", true },
  { "172.16.0.0/12", "172.32.0.0", false },
  { "192.0.2.1/32", "192.0.2.1", true },
  { "192.0.2.1/32", "192.0.2.0", false },
  { "192.0.2.2/31", "192.0.2.3", true },
  { "192.0.2.2/31", "192.0.2.1", false },
  { "0.0.0.0/0", "203.0.113.9", true },
  { "0.0.0.0/0", "[::1]", false },
  { "0.0.0.0/0", "a.test", false },
  { "10.0.0.0/33", "10.0.0.0", false },
  { "10.0.0.0/", "10.0.0.0", false },
  { "10.0.0.0/x", "10.0.0.0", false },
  { "10.0.0/8", "10.0.0.0", false },
  { "10.0.0.0/-1", "10.0.0.0", false },
  { "10.0.0.0/99999999999999999999", "10.0.0.0", false },
  { "a.test/8", "a.test", false },
  { "2001:db8::/32", "[2001:db8:ffff::1]", true },
  { "2001:db8::/32", "[2001:db9::1]", false },
  { "[2001:db8::]/32", "[2001:db8::1]", true },
  { "fe80::/10", "[febf::1]", true },
  { "fe80::/10", "[fec0::1]", false },
  { "fd00::/8", "[fdff::1]", true },
  { "::/0", "[2001:db8::1]", true },
  { "::/0", "192.0.2.1", false },
  { "::1/128", "[::1]", true },
  { "::1/129", "[::1]", false },

  -- What is none of these.
  { "https://a.test", "a.test", false },
  { "https://a.test", "https", false },
  { "user@a.test", "a.test", false },
  { "a.test?b.test", "a.test", false },
  { "a.test#", "a.test", false },
  { "[::1", "[::1]", false },
  { "a..test", "a.test", false },
  { "127.1", "127.0.0.1", false },
}

for _, row in ipairs(rows) do
  local text, host, want = table.unpack(row)
  t.test(("%q for %s"):format(text, host), function ()
    local parts = core.url("https://" .. host .. "/")
    t.eq(no_proxy.new(text)(parts), want)
  end)
end

t.finish()
