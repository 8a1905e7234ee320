/** A host and port apart. */
export interface HostPort {
  /** Empty for every interface; without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Reads `host:port`, `:port` or `[::1]:port`; undefined when it is none of them. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match === null || port > 65_535 ? undefined : { host: match[1] ?? match[2] ?? "", port };
}

/** The form that `parseHostPort` reads. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
