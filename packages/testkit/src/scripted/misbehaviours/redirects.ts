import { CONTENT, type Misbehaviour, PATHS } from "./misbehaviour.ts";

const to = (location: string): { readonly status: 307; readonly headers: { readonly location: string } } => ({
  status: 307,
  headers: { location },
});

/** Redirects that lead nowhere, or where nobody should go. */
export const REDIRECT_MISBEHAVIOURS: readonly Misbehaviour[] = [
  { name: "redirects a blob to itself", ask: "fetch blob", arrange: (r) => r.on("GET", PATHS.blob, to(PATHS.blob)) },
  {
    name: "redirects a blob on and on",
    ask: "fetch blob",
    arrange: (r) => {
      let count = 0;
      r.on("GET", /./, () => to(`/elsewhere/${count++}`));
    },
  },
  { name: "redirects a blob without saying where", ask: "fetch blob", arrange: (r) => r.on("GET", PATHS.blob, { status: 307 }) },
  { name: "redirects a blob to a file", ask: "fetch blob", arrange: (r) => r.on("GET", PATHS.blob, to("file:///etc/passwd")) },
  {
    name: "redirects a blob to the metadata service of a cloud",
    ask: "fetch blob",
    arrange: (r) => r.on("GET", PATHS.blob, to("http://169.254.169.254/latest/meta-data/")),
  },
  { name: "redirects a blob to nonsense", ask: "fetch blob", arrange: (r) => r.on("GET", PATHS.blob, to("http://[")) },
  {
    name: "redirects an upload to itself",
    ask: "push blob",
    arrange: (r) =>
      r
        .on("POST", PATHS.uploads, { status: 202, headers: { location: PATHS.upload } })
        .on("PATCH", PATHS.upload, to(PATHS.upload))
        .on("PUT", PATHS.upload, to(PATHS.upload)),
  },
  {
    name: "turns a pushed manifest into a page by a 302",
    ask: "push manifest",
    arrange: (r) =>
      r
        .on("PUT", PATHS.manifest, { status: 302, headers: { location: "/login" } })
        .on("GET", "/login", { headers: { "content-type": "text/html" }, body: "<html></html>" }),
  },
  {
    name: "sends uploads to the metadata service of a cloud",
    ask: "push blob",
    arrange: (r) => r.on("POST", PATHS.uploads, { status: 202, headers: { location: `http://169.254.169.254/${CONTENT.repository}` } }),
  },
];
