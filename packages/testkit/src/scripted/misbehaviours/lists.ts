import { endless, type Misbehaviour, PATHS } from "./misbehaviour.ts";

const json = { "content-type": "application/json" };
const index = { "content-type": "application/vnd.oci.image.index.v1+json" };
const next = (target: string): string => `<${target}>; rel="next"`;
const page = (target: string): object => ({ headers: { ...json, link: next(target) }, body: '{"tags":["a"]}' });

/** Pages that lead in circles or elsewhere, and lists that are none. */
export const LIST_MISBEHAVIOURS: readonly Misbehaviour[] = [
  { name: "links a page of tags to itself", ask: "list tags", arrange: (r) => r.on("GET", PATHS.tags, page(PATHS.tags)) },
  {
    name: "links two pages of tags to each other",
    ask: "list tags",
    arrange: (r) => r.on("GET", PATHS.tags, page(`${PATHS.tags}?last=a`), page(`${PATHS.tags}?last=b`), page(`${PATHS.tags}?last=a`)),
  },
  {
    name: "has a next page of tags for ever",
    ask: "list tags",
    arrange: (r) => {
      let count = 0;
      r.on("GET", PATHS.tags, () => ({ headers: { ...json, link: next(`${PATHS.tags}?last=${count++}`) }, body: '{"tags":[]}' }));
    },
  },
  {
    name: "links a page of tags to another host",
    ask: "list tags",
    arrange: (r) => r.on("GET", PATHS.tags, page("http://127.0.0.2:1/v2/x/tags/list")),
  },
  {
    name: "links a page of tags to the metadata service of a cloud",
    ask: "list tags",
    arrange: (r) => r.on("GET", PATHS.tags, page("http://169.254.169.254/")),
  },
  {
    name: "answers a list of tags with a page for people",
    ask: "list tags",
    arrange: (r) => r.on("GET", PATHS.tags, { headers: { "content-type": "text/html" }, body: "<html>Please log in</html>" }),
  },
  {
    name: "has tags that are no list",
    ask: "list tags",
    arrange: (r) => r.on("GET", PATHS.tags, { headers: json, body: '{"tags":{"a":1}}' }),
  },
  {
    name: "has tags that are no names",
    ask: "list tags",
    arrange: (r) => r.on("GET", PATHS.tags, { headers: json, body: '{"tags":[1,{}]}' }),
  },
  {
    name: "has tags in a list without end",
    ask: "list tags",
    arrange: (r) => r.on("GET", PATHS.tags, () => ({ headers: json, body: endless('{"tags":["a"') })),
  },
  {
    name: "nests a list deeper than any parser goes",
    ask: "list tags",
    arrange: (r) => r.on("GET", PATHS.tags, { headers: json, body: `{"tags":${"[".repeat(2_000_000)}` }),
  },
  {
    name: "answers a list of repositories with a page for people",
    ask: "list repositories",
    arrange: (r) => r.on("GET", PATHS.catalog, { headers: { "content-type": "text/html" }, body: "<html>Please log in</html>" }),
  },
  {
    name: "links a page of repositories to itself",
    ask: "list repositories",
    arrange: (r) => r.on("GET", PATHS.catalog, { headers: { ...json, link: next(PATHS.catalog) }, body: '{"repositories":["a"]}' }),
  },
  {
    name: "links a page of referrers to itself",
    ask: "list referrers",
    arrange: (r) =>
      r.on("GET", PATHS.referrers, { headers: { ...index, link: next(PATHS.referrers) }, body: '{"schemaVersion":2,"manifests":[]}' }),
  },
  {
    name: "has referrers in a list without end",
    ask: "list referrers",
    arrange: (r) => r.on("GET", PATHS.referrers, () => ({ headers: index, body: endless('{"manifests":[') })),
  },
];
