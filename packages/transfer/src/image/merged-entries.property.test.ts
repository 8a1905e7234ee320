import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { extract } from "./extract.ts";
import { flatten } from "./flatten.ts";
import { readTar } from "./tar-reader.ts";
import { ancestorsOf } from "./tar-path.ts";
import { bytesOf, type EntrySpec, imageOf, tarOf } from "./testing/archives.ts";

type Step = readonly [kind: "file" | "folder" | "symlink" | "hardlink" | "removed" | "opaque", path: string, other: string];

const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const kind = fc.constantFrom<Step[0]>("file", "file", "folder", "symlink", "hardlink", "hardlink", "removed", "opaque");
const layersArbitrary = fc.array(fc.array(fc.tuple(kind, path, path), { maxLength: 12 }), { minLength: 1, maxLength: 4 });

/** `/` for a folder that an entry names, else what a reader of the path finds. */
type Tree = Map<string, string>;

/** A layer, and the file system with it on top: a second, simpler account of the rules. */
function applyLayer(below: Tree, steps: readonly Step[], name: string): { readonly specs: readonly EntrySpec[]; readonly tree: Tree } {
  const specs: EntrySpec[] = [];
  const own: Tree = new Map();
  const implied = new Set<string>();
  const tree = new Map(below);
  const removeBelow = (at: string): void => {
    for (const one of tree.keys()) if (one.startsWith(`${at}/`)) tree.delete(one);
  };
  for (const [what, at, other] of steps) {
    const above = [...ancestorsOf(at)];
    if (above.some((folder) => own.has(folder) && own.get(folder) !== "/")) continue;
    if (what === "removed" || what === "opaque") {
      const isOpaque = what === "opaque";
      if (isOpaque && own.has(at) && own.get(at) !== "/") continue;
      specs.push({ path: isOpaque ? `${at}/.wh..wh..opq` : at.replace(/([^/]+)$/, ".wh.$1") });
      removeBelow(at);
      if (!isOpaque) tree.delete(at);
      continue;
    }
    if (own.has(at) || (implied.has(at) && what !== "folder")) continue;
    const text = `${name} ${at}`;
    if (what === "file") specs.push({ path: at, text });
    else if (what === "folder") specs.push({ path: `${at}/` });
    else if (what === "symlink") specs.push({ path: at, linkTarget: other });
    else if (own.has(other) && own.get(other) !== "/") specs.push({ path: at, type: "hardlink", linkTarget: other });
    else continue;
    own.set(at, what === "file" ? text : what === "folder" ? "/" : what === "symlink" ? `-> ${other}` : (own.get(other) ?? ""));
    for (const folder of above) implied.add(folder);
  }
  for (const folder of implied) if ((tree.get(folder) ?? "/") !== "/") tree.delete(folder);
  for (const [at, found] of own) {
    if (found !== "/") removeBelow(at);
    tree.set(at, found);
  }
  return { specs, tree };
}

async function readTree(tar: AsyncIterable<Uint8Array>): Promise<Tree> {
  const tree: Tree = new Map();
  for await (const { entry, content } of readTar(tar)) {
    const { path: at, type, linkTarget } = entry;
    const text = (await bytesOf(content)).toString();
    expect(tree.has(at) && tree.get(at) !== "/").toBe(false);
    if (type === "hardlink") expect(tree.get(linkTarget)).toBeDefined(); // what it leads to came before
    tree.set(
      at,
      type === "folder" ? "/" : type === "symlink" ? `-> ${linkTarget}` : type === "hardlink" ? (tree.get(linkTarget) ?? "") : text,
    );
  }
  return tree;
}

async function readFolder(folder: string, at = ""): Promise<Tree> {
  const tree: Tree = new Map();
  for (const found of await readdir(join(folder, at), { withFileTypes: true })) {
    const inside = at === "" ? found.name : `${at}/${found.name}`;
    if (found.isSymbolicLink()) tree.set(inside, `-> ${await readlink(join(folder, inside))}`);
    else if (found.isFile()) tree.set(inside, await readFile(join(folder, inside), "utf8"));
    else {
      tree.set(inside, "/");
      for (const [one, value] of await readFolder(folder, inside)) tree.set(one, value);
    }
  }
  return tree;
}

const sorted = (tree: Tree): readonly (readonly [string, string])[] => [...tree].sort(([a], [b]) => (a < b ? -1 : 1));

test("flatten() and extract() give the file system that layers make, one on top of the other", async () => {
  await fc.assert(
    fc.asyncProperty(layersArbitrary, async (layers) => {
      let tree: Tree = new Map();
      const tars: Buffer[] = [];
      for (const [index, steps] of layers.entries()) {
        const applied = applyLayer(tree, steps, String(index));
        tree = applied.tree;
        tars.push(tarOf(...applied.specs));
      }
      const image = imageOf(tars, { compression: "none" });
      expect(sorted(await readTree(await flatten(image, image.descriptor)))).toEqual(sorted(tree));
      const folder = await mkdtemp(join(tmpdir(), "berth-merged-"));
      try {
        await extract(image, image.descriptor, folder);
        const found = [...(await readFolder(folder))].filter(([at, value]) => value !== "/" || tree.has(at));
        expect(sorted(new Map(found))).toEqual(sorted(tree));
      } finally {
        await rm(folder, { recursive: true });
      }
    }),
    { numRuns: 40 },
  );
});
