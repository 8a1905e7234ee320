/** What results say of a manifest and where it stands, field by field, for help. */
export const MANIFEST_FIELDS = {
  reference: "the place, with its digest",
  mediaType: "of the manifest",
  digest: "of the manifest",
  size: "bytes of the manifest",
} as const;
