import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const PATH = /^(?:[.~/\\]|[A-Za-z]:[\\/])/;
const ARCHIVE = /\.(?:tar(?:\.(?:gz|zst))?|tgz)$/;
/** What could be an image of Docker Hub, but no image there has a dot in its name. */
const FILE_NAME = /^[^:@/]*\.[^:@/]*$/;

/** True for what is called like an archive: `app.tar`, `app.tar.gz`, `app.tgz`. */
export function isArchiveName(text: string): boolean {
  return ARCHIVE.test(text);
}

/** How an archive at a path is named. */
export function archiveForms(path: string): string {
  return `an archive is named oci-archive:${path} or docker-archive:${path}`;
}

/**
 * True for a text that is meant for a path: it starts like one (`./images`, `/images`, `~/images`, `C:\images`), is called like an archive, or
 * has a slash at its end, as shells complete it, and is the folder of a layout.
 */
export function isPath(text: string): boolean {
  return PATH.test(text) || isBareArchive(text) || (text.endsWith("/") && existsSync(join(text, "oci-layout")));
}

/** True for a file here that was given for a reference. */
export function isFile(text: string): boolean {
  return (isPath(text) || FILE_NAME.test(text)) && (statSync(text, { throwIfNoEntry: false })?.isFile() ?? false);
}

/** What is to be written for a path that was given for a reference; undefined when the text is none. */
export function pathAdvice(text: string): string | undefined {
  const path = /^[A-Za-z]:[\\/]/.test(text) ? text : text.replace(/:.*$/s, "");
  if (!isPath(text) && !isPath(path) && !existsSync(path)) return undefined;
  const named = text.replace(/^~(?=\/|$)/, "$HOME"); // a shell leaves a ~ behind a colon as it is
  return isArchiveName(path) ? archiveForms(named) : `a layout is named oci:${named}`;
}

/** What says neither a tag nor a host, which has a dot where a slash follows. */
function isBareArchive(text: string): boolean {
  return isArchiveName(text) && /^(?:[^:@/]+|(?!localhost\/)[^:@/.]+\/[^:@]+)$/.test(text);
}
