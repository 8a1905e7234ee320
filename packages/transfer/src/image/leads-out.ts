/**
 * Whether a link that stands at `path` below a folder may lead out of that. It goes up from where it stands, which is a real folder, and then down, perhaps through other
 * links, all of which were checked: going up again from there could end anywhere, so that is refused.
 */
export function leadsOut(path: string, target: string): boolean {
  if (target.startsWith("/") || target.includes("\\")) return true;
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const down = parts.findIndex((part) => part !== "..");
  const ups = down < 0 ? parts.length : down;
  return ups > path.split("/").length - 1 || (down >= 0 && parts.slice(down).includes(".."));
}
