import type { ErrorClass } from "./error-classes.ts";

/** What kind of step a {@link ErrorHint} names, for a program that has its own words for it. */
export type HintKind =
  | "ask-for-access"
  | "bring-layer"
  | "check-address"
  | "check-clock"
  | "check-credential-file"
  | "check-credential-helper"
  | "check-proxy"
  | "choose-image"
  | "convert-image"
  | "free-space"
  | "list-platforms"
  | "list-repositories"
  | "list-tags"
  | "log-in"
  | "plain-http"
  | "pull-files"
  | "trust-certificate"
  | "trust-realm"
  | "wait";

/** What to do next about an error. */
export interface ErrorHint {
  readonly kind: HintKind;
  /** One line, to be shown below the message. */
  readonly text: string;
}

const TEXTS: Readonly<Record<HintKind, string>> = {
  "ask-for-access": "the account is known but may not do this, or the repository does not exist: check the name and the account's rights",
  "bring-layer": "fetch it by other means and push it to where the image is, or leave external layers out",
  "check-address": "check that host and port are right and that the registry runs",
  "check-clock": "check the clocks here and there",
  "check-credential-file": "mend that file, or move it away and log in again",
  "check-credential-helper": "install or repair that helper, or take it out of the config file that names it",
  "check-proxy": "check HTTPS_PROXY, HTTP_PROXY, NO_PROXY and the proxy's credentials",
  "choose-image": "copy an image that is there alone, or bring the others to the source first",
  "convert-image": "convert the image to OCI first",
  "free-space": "free some space where the content goes, or choose another folder",
  "list-platforms": "choose one of the platforms that the image has",
  "list-repositories": "check the name of the repository, or list the repositories of the registry to see what is there",
  "list-tags": "list the tags of the repository to see what is there",
  "log-in": "log in to the registry, or check user name and password",
  "plain-http": "did you mean plain HTTP? Say so with the plain HTTP option",
  "pull-files": "an artifact is no image: pull its files",
  "trust-certificate": "give the certificate authority of the registry, or skip the check for a registry of your own",
  "trust-realm": "add the token server to the trusted realms if it is yours",
  wait: "wait, or log in: registries allow more to those they know",
};

/** By the code of ours, of Node, OpenSSL or undici that stands among the causes. */
const BY_CODE: Readonly<Record<string, HintKind>> = {
  CERT_HAS_EXPIRED: "check-clock",
  CERT_NOT_YET_VALID: "check-clock",
  DEPTH_ZERO_SELF_SIGNED_CERT: "trust-certificate",
  EAI_AGAIN: "check-address",
  ECONNREFUSED: "check-address",
  EHOSTUNREACH: "check-address",
  ENETUNREACH: "check-address",
  ENOTFOUND: "check-address",
  ERR_CREDENTIAL_FILE: "check-credential-file",
  ERR_CREDENTIAL_HELPER: "check-credential-helper",
  ERR_EXTERNAL_LAYER: "bring-layer",
  ERR_INDEX_ENTRY_UNKNOWN: "list-platforms",
  ERR_PROXY: "check-proxy",
  ERR_PROXY_UNAVAILABLE: "check-proxy",
  ERR_SCHEMA_V1_UNSUPPORTED: "convert-image",
  ERR_SPARSE_INDEX: "choose-image",
  ERR_SSL_HTTP_REQUEST: "plain-http",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "plain-http",
  ERR_SSL_WRONG_VERSION_NUMBER: "plain-http",
  ERR_TLS_CERT_ALTNAME_INVALID: "trust-certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "trust-certificate",
  UNABLE_TO_GET_ISSUER_CERT: "trust-certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "trust-certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "trust-certificate",
  UND_ERR_CONNECT_TIMEOUT: "check-address",
};

const BY_CLASS: Readonly<Partial<Record<ErrorClass, HintKind>>> = {
  Denied: "ask-for-access",
  NoMatchingPlatform: "list-platforms",
  NoSpace: "free-space",
  RateLimited: "wait",
  Unauthorized: "log-in",
};

/** What an error is about, beside its class. */
export interface HintSubject {
  /** What could not be found is a tag or manifest. */
  readonly isTag: boolean;
  /** A repository could not be found. */
  readonly isRepository: boolean;
  /** A proxy for plain HTTP may have answered in place of the registry. */
  readonly isOfProxy: boolean;
  /** A token server is not trusted. */
  readonly isOfRealm: boolean;
  /** An artifact was met where an image is wanted. */
  readonly isArtifact: boolean;
}

/** The next step for an error of a class with such codes among its causes. */
export function hintFor(
  errorClass: ErrorClass,
  codes: readonly string[],
  { isTag, isRepository, isOfProxy, isOfRealm, isArtifact }: HintSubject,
): ErrorHint | undefined {
  // a full disk, wherever it stands, is a full disk
  const byCode = errorClass === "NoSpace" ? undefined : codes.map((code) => BY_CODE[code]).find((kind) => kind !== undefined);
  const bySubject = bySubjectOf({ isTag, isRepository, isOfRealm, isArtifact });
  const usual = errorClass === "Denied" && isOfProxy ? "check-proxy" : BY_CLASS[errorClass];
  const kind = byCode ?? bySubject ?? usual;
  return kind === undefined ? undefined : { kind, text: TEXTS[kind] };
}

function bySubjectOf({ isTag, isRepository, isOfRealm, isArtifact }: Omit<HintSubject, "isOfProxy">): HintKind | undefined {
  if (isOfRealm) return "trust-realm";
  if (isTag) return "list-tags";
  if (isRepository) return "list-repositories";
  return isArtifact ? "pull-files" : undefined;
}
