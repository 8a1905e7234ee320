"use strict";

const fs = require("node:fs");
const { createRequire } = require("node:module");
const { dirname, join } = require("node:path");
const { Script } = require("node:vm");

/** What every script begins with; no line of its own, so that lines stay what they are; columns do by the offset below. */
const HEAD = '(function (exports, require, _mport, module, __filename, __dirname) { "use strict"; ';

/** Bytes of the number before a table. */
const NUMBER = 4;

/** Milliseconds: a file that is being written for longer was left by a process that was killed. */
const ABANDONED = 60_000;

/**
 * Runs a bundle, script after script as they are required, and keeps what V8 made of them, for each verb by itself: with the functions that
 * it called. Node's own compile cache has scripts as they were before they ran, and a short verb spends more time on those functions than on
 * all else.
 *
 * @param {string} folder where the scripts are
 * @param {string} main the script that all others are required from; the names of the others change with what is in them
 * @param {string | undefined} kept the folder to keep code in; undefined: none is kept
 */
exports.runBundle = (folder, main, kept) => {
  const source = readSource(folder, main);
  const [verb = ""] = process.argv.slice(2);
  const file = kept && join(kept, `${/^[a-z][a-z-]*$/.test(verb) ? verb : "berth"}.code`);
  const known = file ? readCodes(file, source) : new Map();
  const modules = new Map();
  const scripts = new Map();
  let isNew = false;

  const load = (name, text) => {
    const filename = join(folder, name);
    const cachedData = known.get(name);
    const script = new Script(`${HEAD}${text}\n})`, { filename, cachedData, columnOffset: -HEAD.length });
    isNew ||= cachedData === undefined || script.cachedDataRejected === true;
    scripts.set(name, script);
    const module = { exports: {} };
    modules.set(name, module);
    script.runInThisContext()(module.exports, requireOne, importModule, module, filename, folder);
    return module.exports;
  };
  const requireOther = createRequire(join(folder, main));
  const requireOne = (specifier) => {
    if (!specifier.startsWith("./")) return requireOther(specifier);
    const name = specifier.slice(2);
    return modules.has(name) ? modules.get(name).exports : load(name, readSource(folder, name));
  };

  if (file) {
    // Not of a verb that failed: it did not get to the functions that matter, or is no verb.
    process.once("exit", (code) => {
      if (isNew && code === 0)
        keepCodes(file, source, new Map([...known, ...[...scripts].map(([name, one]) => [name, one.createCachedData()])]));
    });
  }
  load(main, source);
};

exports.makeFolders = makeFolders;

/** Of another package: scripts cannot `import` by themselves. */
function importModule(specifier) {
  return import(specifier);
}

function readSource(folder, name) {
  return fs.readFileSync(join(folder, name), "utf8");
}

/** What was kept of the bundle with that main script; nothing when the file is another's, as what is in it is run, or is damaged. */
function readCodes(file, main) {
  const codes = new Map();
  try {
    const fd = fs.openSync(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    try {
      const stats = fs.fstatSync(fd);
      if (!stats.isFile() || stats.uid !== (process.getuid?.() ?? 0)) return codes;
      const all = fs.readFileSync(fd);
      const bytes = all.subarray(0, all.byteLength / 2);
      if (!bytes.equals(all.subarray(bytes.byteLength))) return codes;
      let at = NUMBER + bytes.readUInt32LE(0);
      const table = JSON.parse(bytes.toString("utf8", NUMBER, at));
      if (table.main !== main) return codes;
      for (const [name, size] of table.codes) codes.set(name, bytes.subarray(at, (at += size)));
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    codes.clear();
  }
  return codes;
}

/** Best effort: a folder that cannot be written keeps nothing. */
function keepCodes(file, main, codes) {
  const table = Buffer.from(JSON.stringify({ main, codes: [...codes].map(([name, { byteLength }]) => [name, byteLength]) }));
  const size = Buffer.alloc(NUMBER);
  size.writeUInt32LE(table.byteLength);
  // Twice, to be compared: V8 ends the process over damaged code, and Node's modules that make checksums take longer to load than this to read.
  const once = [size, table, ...codes.values()];
  try {
    makeFolders(dirname(file));
    const unfinished = `${file}.new`;
    dropAbandoned(unfinished);
    // Exclusively, for there may be others at it. Flushed: half of it after a power cut could look whole.
    fs.writeFileSync(unfinished, Buffer.concat([...once, ...once]), { mode: 0o600, flag: "wx", flush: true });
    fs.renameSync(unfinished, file);
  } catch {
    // the next run may be luckier
  }
}

/** The folder, the one it is in, and the one that is in; not all at once, which never ends below some folders that no system can make. */
function makeFolders(folder) {
  for (const one of [dirname(dirname(folder)), dirname(folder), folder]) {
    if (!fs.existsSync(one)) fs.mkdirSync(one, { mode: 0o700 });
  }
}

function dropAbandoned(unfinished) {
  const stats = fs.statSync(unfinished, { throwIfNoEntry: false });
  if (stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED) fs.unlinkSync(unfinished);
}
