-- What to do about a failure, by kind and code, where the place that found it
-- had nothing better to say.
local M = {}

local table_of = {
  ["resolve/not-found"] =
    "check the spelling of the host name, and that this machine resolves "
    .. "names at all (getent hosts NAME)",
  ["resolve/temporary"] =
    "the name server did not answer: check the network and try again",
  ["connect/refused"] =
    "nothing listens there: check host and port, and that the service runs",
  ["connect/unreachable"] =
    "no route to that address: check network, VPN and firewall",
  ["connect/reset"] =
    "the server, or something on the way, dropped the connection",
  ["timeout/resolve"] = "the name server is slow or unreachable",
  ["timeout/connect"] =
    "the host does not answer: check address and firewall, or allow more "
    .. "with timeout={connect=SECONDS}",
  ["timeout/tls"] =
    "connected, but the server is silent: is this a TLS port?",
  ["timeout/read"] =
    "the server fell silent; allow more with timeout={read=SECONDS}",
  ["timeout/total"] = "the call's own limit: allow more with timeout=SECONDS",
  ["proxy/auth"] =
    "the proxy wants a user and password, or other ones: "
    .. 'proxy="http://user:password@host:port"',
  ["proxy/refused"] =
    "the proxy's rules do not allow it; proxy=false or NO_PROXY go without it",
  ["proxy/protocol"] =
    "is this a proxy, and of that kind: http, https, socks5?",
  ["verify/changed"] =
    "somebody was writing to the trust store: ask again, and what it holds "
    .. "then will count",
  ["decode/truncated"] =
    "the answer broke off, so what came of it is not complete: try again",
  ["decode/corrupt"] =
    "to look at the body as it came, ask without codings: compress=false",
  ["protocol/too-large"] =
    "raise max_body or max_header if so much is expected",
  ["protocol/truncated"] =
    "the answer broke off, so what came of it was thrown away: try again",
  ["protocol/closed"] =
    "the server closed the connection without an answer: see its log",
  ["tls/truncated"] =
    "nothing tells whether the answer is complete, so it was thrown away",
}

-- M.of(err) -> one sentence, or nil
function M.of (err)
  return table_of[err.kind .. "/" .. tostring(err.code)]
end

return M
