/** What the check of docs/parity.md compares the page with. */
export interface ParityFacts {
  /** The page `api.md` of each package, by the package's name. */
  readonly apis: ReadonlyMap<string, string>;
  /** Ids that titles of tests begin with: `client/B-17`. */
  readonly ids: ReadonlySet<string>;
  /** Whether there is a file below `packages/`. */
  readonly hasFile: (path: string) => boolean;
}

/** A row of a table of names. */
interface Row {
  readonly line: number;
  readonly here: string;
  readonly proofs: string;
  /** Where counterparts are exported from when the row does not say. */
  readonly usual: string | undefined;
}

const CORE = "@berth/oci";
const HEADER = /^\| [^|]+ \| here \| proved by \|$/;

/**
 * What is wrong in the tables of names of a page: counterparts that no package exports, and tests that are not there. Each problem begins
 * with the line.
 */
export function parityProblems(page: string, facts: ParityFacts): readonly string[] {
  const found = rows(page);
  if (found.length === 0) return ["1: no table of names"];
  return found.flatMap((row) => [...exportProblems(row, facts), ...proofProblems(row, facts)].map((problem) => `${row.line}: ${problem}`));
}

function rows(page: string): readonly Row[] {
  const found: Row[] = [];
  let usual: string | undefined;
  let inside = false;
  let text = "";
  for (const [at, line] of page.split("\n").entries()) {
    if (line.startsWith("## ")) usual = undefined;
    text = line === "" ? "" : `${text} ${line}`;
    usual = /[Pp]ackage of the counterpart: `(@berth\/\w+)`/.exec(text.replaceAll(/\s+/g, " "))?.[1] ?? usual;
    if (HEADER.test(line)) inside = true;
    else if (!line.startsWith("|")) inside = false;
    else if (inside && !line.startsWith("|---")) {
      const [, , here = "", proofs = ""] = line.split(/(?<!\\)\|/);
      found.push({ line: at + 1, here: here.trim(), proofs: proofs.trim(), usual });
    }
  }
  return found;
}

/** Every type, constant and function that a row names is exported by its package, and every member is one of the types there or below. */
function exportProblems({ here, usual }: Row, { apis }: ParityFacts): readonly string[] {
  const named = [...here.matchAll(/`(@berth\/\w+)[^`]*`/g)].map(([, name = ""]) => name);
  const packages = new Set([...(usual === undefined ? [] : [usual]), ...named]);
  if (packages.size === 0) return [];
  const textOf = (names: Iterable<string>): string => [...names].map((name) => apis.get(name) ?? "").join("\n");
  const own = textOf(packages);
  const all = textOf(new Set([...packages, CORE])); // whose types the others extend
  const where = [...packages].join(" or ");
  const problems: string[] = [];
  for (const [, code = ""] of here.matchAll(/`([^`]+)`/g)) {
    const [, name = "", rest = ""] = /^([A-Za-z]\w*)([^]*)$/.exec(code) ?? [];
    if (name === "" || name in globalThis || /^\w*[-/ ]/.test(code)) continue; // a package, the language's own, words
    const isExport = /^[A-Z]/.test(name) || (rest.startsWith("(") && !isMember(all, name));
    if (isExport && !isExported(own, name)) problems.push(`"${name}" is not exported by ${where}`);
    if (!isExport && !isWord(all, name)) problems.push(`"${name}" is no word of the exports of ${where}`);
    const member = /^\.(\w+)/.exec(rest)?.[1];
    if (member !== undefined && !isMember(all, member)) problems.push(`"${name}" has no "${member}"`);
  }
  return problems;
}

function isExported(api: string, name: string): boolean {
  return new RegExp(`^export (?:abstract )?(?:class|const|function|interface|type|enum|declare|\\{) ?${name}\\b`, "m").test(api);
}

function isMember(api: string, name: string): boolean {
  return new RegExp(`^ +(?:readonly |static |get )*${name}[?]?[(<:]`, "m").test(api);
}

function isWord(api: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(api);
}

/** `client/B-8, B-32; server/P6` are ids; a path is a file of tests below `packages/`. */
function proofProblems({ proofs }: Row, { ids, hasFile }: ParityFacts): readonly string[] {
  const problems: string[] = [];
  if (proofs === "") problems.push("no proof is named");
  let prefix = "";
  for (const proof of proofs.split(/[,;] /)) {
    const id = /^(?:(client|server|engine)\/)?([A-Z]+-?\d+)$/.exec(proof);
    if (id !== null) {
      prefix = id[1] ?? prefix;
      if (!ids.has(`${prefix}/${id[2]}`)) problems.push(`no test has the id "${prefix}/${id[2]}"`);
    } else if (proof.endsWith(".ts")) {
      if (!hasFile(proof)) problems.push(`there is no file "packages/${proof}"`);
    }
  }
  return problems;
}
