const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+$/;
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;

/**
 * True for one or more of `/[A-Za-z0-9._-]+`. The components `.` and `..` are refused, which the bare grammar would let through,
 * so that a path can never leave the folder of a driver.
 */
export function isStoragePath(path: string): boolean {
  return PATH.test(path);
}

/** True for what may stand between two slashes of a path. */
export function isPathName(name: string): boolean {
  return NAME.test(name);
}

/** The path of a child; `folder` may be `/`. */
export function childPath(folder: string, name: string): string {
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}
