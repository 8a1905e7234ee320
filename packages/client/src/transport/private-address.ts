import { BlockList, isIP } from "node:net";

const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8], // unspecified, "this network"
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // carriers' inner networks
  ["169.254.0.0", 16], // link-local, where clouds serve their secrets
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["224.0.0.0", 3], // multicast, reserved, broadcast
] as const) {
  PRIVATE.addSubnet(net, prefix, "ipv4");
}
for (const [net, prefix] of [
  ["::", 128],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  PRIVATE.addSubnet(net, prefix, "ipv6");
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** True for `localhost`, names below it, and addresses that mean this machine. `hostname` as `URL` gives it: IPv6 in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost") || matches(LOOPBACK, name);
}

/**
 * True for addresses that a public server has no business to send us to: loopback, private, link-local, unspecified, multicast. Names
 * are not resolved, so that only literal addresses and `localhost` are caught.
 *
 * @param hostname as `URL` gives it: IPv6 in brackets, IPv4 in its usual form.
 */
export function isPrivateHost(hostname: string): boolean {
  return isLoopbackHost(hostname) || matches(PRIVATE, hostname.toLowerCase().replace(/\.$/, ""));
}

function matches(list: BlockList, name: string): boolean {
  const address = name.startsWith("[") ? name.slice(1, -1) : name;
  const family = isIP(address);
  if (family === 4) return list.check(address, "ipv4");
  if (family !== 6) return false;
  const inner = embeddedIpv4(address);
  return list.check(address, "ipv6") || (inner !== undefined && list.check(inner, "ipv4"));
}

/** The IPv4 address within `::ffff:a.b.c.d` and `64:ff9b::a.b.c.d`, which `URL` writes as `::ffff:102:304`. */
function embeddedIpv4(address: string): string | undefined {
  const match = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (match === null) return undefined;
  const words = [Number.parseInt(match[1] ?? "", 16), Number.parseInt(match[2] ?? "", 16)];
  return words.flatMap((word) => [word >> 8, word & 0xff]).join(".");
}
