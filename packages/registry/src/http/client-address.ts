import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP } from "node:net";

/** Says whether the headers of a peer tell the truth about who it speaks for. */
export type ProxyTrust = (peer: string) => boolean;

/** Makes the rule of `http.trustedproxies`: everybody, or the named addresses and CIDR ranges. */
export function createProxyTrust(trusted: "all" | readonly string[]): ProxyTrust {
  if (trusted === "all") return () => true;
  const list = new BlockList();
  for (const entry of trusted) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (peer) => {
    const address = peer.startsWith("::ffff:") ? peer.slice("::ffff:".length) : peer;
    return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  };
}

/** The client's address: what a trusted proxy says of it, else the peer itself. */
export function clientAddress(headers: IncomingHttpHeaders, peer: string, isTrusted: ProxyTrust): string {
  const forwarded = headers["x-forwarded-for"];
  const real = headers["x-real-ip"];
  if ((forwarded === undefined && real === undefined) || !isTrusted(peer)) return peer;
  return [first(forwarded), first(real)].find((address) => isIP(address) !== 0) ?? peer;
}

function first(header: string | readonly string[] | undefined): string {
  const value = typeof header === "string" ? header : header?.[0];
  return value?.split(",", 1)[0]?.trim() ?? "";
}
