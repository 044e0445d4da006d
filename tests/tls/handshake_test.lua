-- Servers that do not, or not properly, speak TLS; and the versions, ciphers
-- and groups that both sides must share.  None of it is a matter of trust, so
-- every row says the same with verify=false.
local t = require "tests.harness"
local servers = require "tests.tls.servers"
local https = require "https"

warn "@off"

-- label
-- steps:    what rawd does; or
-- args:     what openssl s_server is started with; or
-- relay:    true for relayd
-- want:     the code of the error, a list of them, or "ok"
-- kind:     of the error, default "tls"
-- timeout:  the option
-- version:  of TLS, that is then spoken
local hello = "tlsread"         -- once the ClientHello has come
local strong = "ALL:@SECLEVEL=0"

-- A TLS 1.2 record of an alert (RFC 5246 section 7.2); level 2 is fatal.
local function alert (level, number)
  return string.format("\\x15\\x03\\x03\\0\\x02\\x%02x\\x%02x", level, number)
end

local rows = {
  -- Not TLS at all.
  { label = "plain HTTP", want = "not-tls",
    steps = { hello, "send", "HTTP/1.1 400 Bad Request\\r\\n\\r\\n", "fin" } },
  { label = "plain HTTP, byte by byte", want = "not-tls",
    steps = { hello, "bytes", "HTTP/1.1 400 Bad Request\\r\\n\\r\\n", "fin" } },
  { label = "SSH, which speaks first", want = "not-tls",
    steps = { "plain", "SSH-2.0-OpenSSH_9.2\\r\\n", "wait" } },
  { label = "SMTP, which speaks first", want = "not-tls",
    steps = { "plain", "220 mail.test ESMTP\\r\\n", "wait" } },
  { label = "garbage", want = "not-tls",
    steps = { hello, "send", "\\xde\\xad\\xbe\\xef\\0\\x01\\x02", "wait" } },
  { label = "zeros", want = "not-tls",
    steps = { hello, "repeat", "100", "\\0", "wait" } },
  { label = "record of TLS that is too long", want = "other",
    steps = { hello, "send", "\\x16\\x03\\x03\\xff\\xff", "repeat", "70000",
      "x", "wait" } },
  { label = "record of TLS full of garbage", want = { "other", "alert" },
    steps = { hello, "send", "\\x16\\x03\\x03\\0\\x08garbage!", "wait" } },

  -- Closed in the handshake.
  { label = "closed at once", want = "closed", steps = { "fin" } },
  { label = "closed after the ClientHello", want = "closed",
    steps = { hello, "fin" } },
  { label = "closed in the ServerHello", want = "closed",
    steps = { hello, "send", "\\x16\\x03\\x03\\0\\x7a\\x02\\0", "fin" } },
  { label = "reset after the ClientHello", want = "closed",
    steps = { hello, "rst" } },
  -- libtls calls this a finished handshake.
  { label = "close_notify for an answer", want = "closed",
    steps = { hello, "send", alert(1, 0), "wait" } },
  { label = "close_notify and FIN", want = "closed",
    steps = { hello, "send", alert(1, 0), "fin" } },
  { label = "close_notify after a good certificate", want = "closed",
    relay = true },
  { label = "close_notify after another's certificate", want = "closed",
    relay = true, cert = "wrong" },

  -- Told why not: RFC 8446 section 6.2.
  { label = "alert handshake_failure", want = "cipher",
    steps = { hello, "send", alert(2, 40), "fin" } },
  { label = "alert protocol_version", want = "version",
    steps = { hello, "send", alert(2, 70), "fin" } },
  { label = "alert insufficient_security", want = "cipher",
    steps = { hello, "send", alert(2, 71), "fin" } },
  { label = "alert internal_error", want = "alert",
    steps = { hello, "send", alert(2, 80), "fin" } },
  { label = "alert unrecognized_name", want = "alert",
    steps = { hello, "send", alert(2, 112), "fin" } },
  { label = "alert unknown_ca", want = "client-cert",
    steps = { hello, "send", alert(2, 48), "fin" } },

  -- Silent.
  { label = "silent", kind = "timeout", want = "tls",
    timeout = { connect = 0.3 }, steps = { hello, "stall" } },
  { label = "silent, deaf", kind = "timeout", want = "tls",
    timeout = { connect = 0.3 }, steps = { "stall" } },
  { label = "silent in the ServerHello", kind = "timeout", want = "tls",
    timeout = { connect = 0.3 },
    steps = { hello, "send", "\\x16\\x03\\x03\\0\\x7a\\x02\\0", "stall" } },
  { label = "too slow", kind = "timeout", want = "tls",
    timeout = { connect = 0.3 },
    steps = { hello, "drip", "20", "\\x16\\x03\\x03\\0\\x7a" ..
      ("\\0"):rep(0x7a), "stall" } },
  { label = "silent, limit of the whole call", timeout = 0.3,
    kind = "timeout", want = "total", steps = { hello, "stall" } },

  -- Nothing in common.
  { label = "TLS 1.1 only", want = "version",
    args = { "-tls1_1", "-cipher", strong } },
  { label = "TLS 1.0 only", want = "version",
    args = { "-tls1", "-cipher", strong } },
  { label = "no cipher in common: CBC", want = "cipher",
    args = { "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA" } },
  { label = "no cipher in common: no forward secrecy", want = "cipher",
    cert = "rsa", args = { "-tls1_2", "-cipher", "AES128-GCM-SHA256" } },
  { label = "no cipher in common: neither", want = "cipher", cert = "rsa",
    args = { "-tls1_2", "-cipher", "AES128-SHA" } },
  { label = "no group in common, TLS 1.3", want = "cipher",
    args = { "-tls1_3", "-groups", "P-521" } },
  { label = "no group in common, TLS 1.2", want = "cipher",
    args = { "-tls1_2", "-groups", "P-521" } },
  { label = "client certificate wanted, TLS 1.2",
    want = { "client-cert", "cipher" },
    args = { "-tls1_2", "-Verify", "1", "-verify_return_error" } },

  -- Enough in common.
  { label = "TLS 1.2", want = "ok", version = "TLSv1.2",
    args = { "-tls1_2" } },
  { label = "TLS 1.3", want = "ok", version = "TLSv1.3",
    args = { "-tls1_3" } },
  { label = "TLS 1.1 and 1.2", want = "ok", version = "TLSv1.2",
    args = { "-no_tls1_3", "-cipher", strong } },
  { label = "ECDHE, RSA, AES-GCM", want = "ok", version = "TLSv1.2",
    cert = "rsa",
    args = { "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256" } },
  { label = "DHE, RSA, AES-GCM", want = "ok", version = "TLSv1.2",
    cert = "rsa",
    args = { "-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384" } },
  { label = "ECDHE, ECDSA, ChaCha20", want = "ok", version = "TLSv1.2",
    args = { "-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305" } },
  { label = "other group, HelloRetryRequest", want = "ok",
    version = "TLSv1.3", args = { "-tls1_3", "-groups", "P-384" } },
  { label = "client certificate welcome", want = "ok", version = "TLSv1.3",
    args = { "-verify", "1" } },
}

local function get (row, server, verify)
  local cert = row.cert or "good"
  local at = cert .. ".test:" .. server.port
  return https.get("https://" .. at .. "/", {
    verify = verify, timeout = row.timeout or 20,
    ca = verify == nil and servers.pki .. "/root.pem" or nil,
    resolve = { [at] = "127.0.0.1:" .. server.port },
  })
end

local function refused (row, server, verify)
  local err = t.raises(function() get(row, server, verify) end,
    row.kind or "tls", row.want)
  t.ok(https.is(err, err.kind, err.code), "https.is")
  t.eq(err.sent, false, "sent")
  t.eq(err.phase, "tls", "phase")
  t.match(err.message, "^[^\n]+$", "message")
  server:untouched()
end

local function accepted (row, server, verify)
  local response = get(row, server, verify)
  t.eq(response.tls.version, row.version, "version")
  t.eq(response.tls.verified, verify == nil, "verified")
  server:answered(row.cert, response)
end

local function run (row, verify)
  local o = { cert = row.cert or "good", steps = row.steps, args = row.args,
    answer = row.want == "ok" }
  local start = row.steps and servers.rawd or row.relay and servers.relayd or
    servers.s_server
  local server = start(o)
  local ok, err = pcall(row.want == "ok" and accepted or refused, row, server,
    verify)
  server:stop()
  if not ok then error(err, 0) end
end

for _, row in ipairs(rows) do
  t.test(row.label, function() run(row, nil) end)
  t.test(row.label .. ", verify=false", function() run(row, false) end)
end

t.finish()
