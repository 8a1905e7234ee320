import { type Descriptor, formatPlatform } from "@berth/oci";
import type { ErrorClassification, HintKind } from "@berth/transfer";
import type { ErrorContext } from "./error-report.ts";

/** A failure in words of this command line. */
export interface Told {
  readonly message: string;
  /** What to do next. */
  readonly hint: string | undefined;
}

/** What was found out of an error, and the error. */
type Classified = Pick<ErrorClassification, "class" | "hint" | "registry"> & { readonly error: unknown };

/** What is known about the command. */
type TellContext = Pick<ErrorContext, "subject" | "proof" | "hasMaxRatio">;

/** What the client advises who calls it from a program, by the name of its options. */
const OF_LIBRARY = /; (?:[^;]*\b(?:tls\.\w+|plain HTTP option|trustedRealms)\b.*)$/;

/** What helps where TLS fails, by the code of Node or OpenSSL. */
const TLS_HINTS: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "use a name that the certificate is for, or take any certificate with --insecure",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "prove who you are with --cert FILE and --key FILE",
};

/** Tells a failure in words of this command line: what is advised to programs is left out, and what helps here is said instead. */
export function told(found: Classified, message: string, context: TellContext): Told {
  const { subject } = context;
  const own = message.replace(OF_LIBRARY, "");
  const named =
    found.class === "DigestMismatch" && subject !== undefined
      ? own.replace(" of the source:", ` of "${subject}":`).replace(/^Cannot accept content:/, `Cannot accept content of "${subject}":`)
      : own;
  return { message: named, hint: hintText(found, named, context) };
}

function hintText(
  { hint, registry, error }: Classified,
  message: string,
  { subject, proof, hasMaxRatio }: TellContext,
): string | undefined {
  const host = registry ?? "HOST";
  if (hasMaxRatio === true && message.endsWith("(maxRatio)")) return "if you trust whoever made it, allow more: --max-ratio NUMBER";
  const ofTls = tlsHint(error);
  if (ofTls !== undefined) return ofTls;
  if (hint === undefined) return undefined;
  if (hint.kind === "log-in") {
    const given = proof?.();
    if (given === "password") return `check name and password: "${host}" refuses them`;
    if (given === "token") return `check the token: "${host}" refuses it, or it has run out`;
  }
  const variable = hint.kind === "check-credential-file" ? /"\$(\w+)"/.exec(message)?.[1] : undefined;
  if (variable !== undefined) return `mend that variable, or take it away: unset ${variable}`;
  const reference = subject ?? "HOST/NAME";
  const platforms = platformsHere(error);
  const texts: Readonly<Partial<Record<HintKind, string | undefined>>> = {
    "ask-for-access": `check the name, and who you are: berth whoami ${host}`,
    "bring-layer": `fetch it by other means and put it where the image is: berth blob put ${withoutReference(reference)} FILE; or leave --external away`,
    "choose-image":
      platforms[0] &&
      `copy an image that is there alone: berth cp --platform ${platforms[0]} SOURCE DESTINATION; or what is there of the index, into a layout, an archive or a registry that takes such an index: --platforms ${platforms.join(",")}`,
    "convert-image": "make an image of OCI of it first: berth convert --to oci --output PLACE HOST/NAME:TAG",
    "list-platforms": `see which platforms there are: berth inspect ${reference}`,
    "list-repositories": `see which repositories there are: berth ls ${host}`,
    "list-tags": `see which tags there are: berth ls ${withoutReference(reference)}`,
    "log-in": `sign in: berth login ${host}`,
    "pull-files": reference.startsWith("docker-archive:") ? undefined : `an artifact has files instead: berth pull ${reference}`,
    "plain-http": "did you mean http? add --plain-http",
    "trust-certificate": "trust its authority with --ca-file FILE, or any certificate with --insecure",
    "trust-realm": `name it in trustedRealms of "${host}" in the config file, if it is yours: berth help env`,
    wait: `wait, or sign in for a higher limit: berth login ${host}`,
  };
  // what the client advises in general stands behind its semicolon already
  return texts[hint.kind] ?? (message.includes("; ") ? undefined : hint.text);
}

function tlsHint(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const hint = "code" in at && typeof at.code === "string" ? TLS_HINTS[at.code] : undefined;
    if (hint !== undefined) return hint;
  }
  return undefined;
}

/** Of an index that is not all there, the platforms of the images that are. The shape is looked at: it is not worth loading the engine for. */
function platformsHere(error: unknown): readonly string[] {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!("present" in at) || !Array.isArray(at.present)) continue;
    const images: readonly Pick<Descriptor, "platform">[] = at.present;
    return [...new Set(images.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)])))];
  }
  return [];
}

/** The repository of a reference, or the layout of one of its images. */
function withoutReference(reference: string): string {
  const [name = ""] = reference.split("@", 1);
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") && !/^[a-z-]+$/.test(name.slice(0, colon)) ? name.slice(0, colon) : name;
}
