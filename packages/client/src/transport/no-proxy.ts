import { BlockList, isIP } from "node:net";
import { domainToASCII } from "node:url";

/** Says whether a host is reached without a proxy. `hostname` as `URL` gives it. */
export type NoProxyMatcher = (hostname: string, port: number) => boolean;

/**
 * Reads NO_PROXY by Go's rules, entries separated by commas: `*` everything; an address or a block in CIDR notation; a name with everything
 * below it; only what is below it when it begins with `.` or `*.`; each (but blocks) perhaps with a port. `localhost` and loopback
 * addresses never go through a proxy.
 *
 * @see golang.org/x/net/http/httpproxy
 */
export function parseNoProxy(value: string): NoProxyMatcher {
  const entries = value.split(",").map((entry) => entry.trim().toLowerCase());
  if (entries.includes("*")) return () => true;
  const rules = entries.flatMap((entry) => ruleOf(entry) ?? []);
  return (hostname, port) => {
    const host = unbracketed(hostname.trim().toLowerCase());
    if (host === "localhost" || (isIP(host) > 0 && contains(LOOPBACK, host))) return true;
    return rules.some((matches) => matches(host, port));
  };
}

type Rule = (host: string, port: number) => boolean;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

function ruleOf(entry: string): Rule | undefined {
  const block = cidr(entry);
  if (block !== undefined) return (host) => isIP(host) > 0 && contains(block, host);
  const { host, port } = splitPort(entry);
  if (host === "") return undefined;
  const portMatches = (actual: number): boolean => port === undefined || port === String(actual);
  const family = isIP(host);
  if (family > 0) {
    const one = new BlockList();
    one.addAddress(host, family === 4 ? "ipv4" : "ipv6");
    return (actual, actualPort) => isIP(actual) > 0 && contains(one, actual) && portMatches(actualPort);
  }
  const name = host.startsWith("*.") ? host.slice(1) : host;
  const onlyBelow = name.startsWith(".");
  const bare = onlyBelow ? name.slice(1) : name;
  const domain = domainToASCII(bare) || bare;
  return (actual, actualPort) =>
    isIP(actual) === 0 && (actual.endsWith(`.${domain}`) || (!onlyBelow && actual === domain)) && portMatches(actualPort);
}

function cidr(entry: string): BlockList | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(entry);
  const [, net = "", prefix = ""] = match ?? [];
  const family = isIP(net);
  if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(net, Number(prefix), family === 4 ? "ipv4" : "ipv6");
  return list;
}

/** IPv6 addresses that hold an IPv4 one are matched by both: `BlockList` sees to it. */
function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

/** `host:port`, `[v6]:port`; everything else is a host alone, a bare IPv6 address too. */
function splitPort(entry: string): { readonly host: string; readonly port?: string } {
  const match = /^(\[[^\]]*\]|[^:]*):([^:]*)$/.exec(entry);
  if (match === null) return { host: unbracketed(entry) };
  const [, host = "", port = ""] = match;
  return port === "" ? { host: unbracketed(host) } : { host: unbracketed(host), port };
}

function unbracketed(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
