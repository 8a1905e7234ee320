/** The parts of a manifest or index that the tests look at. */
export interface ParsedManifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: { readonly digest: string; readonly mediaType: string };
  readonly layers?: readonly { readonly digest: string; readonly mediaType: string }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly mediaType: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
  readonly subject?: { readonly digest: string };
}

/** Parses a manifest that a registry or client gave. */
export function parseManifest(text: string): ParsedManifest {
  const parsed: ParsedManifest = JSON.parse(text);
  return parsed;
}
