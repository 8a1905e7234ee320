import type { ErrorClassification, HintKind } from "@berth/transfer";

/** What to do next, in words of this command line. `message`: what is said already. `subject`: the reference that it was about. */
export function hintText(
  { hint, registry, code }: Pick<ErrorClassification, "hint" | "registry" | "code">,
  message: string,
  subject?: string,
): string | undefined {
  const host = registry ?? "HOST";
  if (hint === undefined) return code === "NAME_UNKNOWN" ? `see which repositories there are: berth ls ${host}` : undefined;
  const reference = subject ?? "HOST/NAME";
  const texts: Readonly<Partial<Record<HintKind, string>>> = {
    "ask-for-access": `check the name, and who you are: berth whoami ${host}`,
    "list-platforms": `see which platforms there are: berth inspect ${reference}`,
    "list-tags": `see which tags there are: berth ls ${withoutReference(reference)}`,
    "log-in": `sign in: berth login ${host}`,
    "plain-http": "did you mean http? add --plain-http",
    "trust-certificate": "trust its authority with --ca-file FILE, or any certificate with --insecure",
    wait: `wait, or sign in for a higher limit: berth login ${host}`,
  };
  // what the client advises in general stands behind its semicolon already
  return texts[hint.kind] ?? (message.includes("; ") ? undefined : hint.text);
}

/** The repository of a reference, or the layout of one of its images. */
function withoutReference(reference: string): string {
  const [name = ""] = reference.split("@", 1);
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") && !/^[a-z-]+$/.test(name.slice(0, colon)) ? name.slice(0, colon) : name;
}
