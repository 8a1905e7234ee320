const BLOCK = 512;

/** A file, folder (no content) or symlink of an archive. */
export interface TarEntry {
  /** At most 100 bytes, relative, without a leading slash. */
  readonly path: string;
  /** Of a file. */
  readonly content?: Uint8Array;
  /** Of a symlink: where it leads. */
  readonly linkTo?: string;
  /** Permission bits; default 0o755. */
  readonly mode?: number;
}

/** Packs entries as ustar with fixed owner and time: the same entries always give the same bytes. */
export function packTar(entries: readonly TarEntry[]): Buffer {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.content ?? new Uint8Array();
    blocks.push(header(entry, content.byteLength), content, Buffer.alloc((BLOCK - (content.byteLength % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100) throw new RangeError(`Cannot pack "${entry.path}": the path is longer than 100 bytes`);
  const type = entry.linkTo !== undefined ? "2" : entry.content !== undefined ? "0" : "5";
  const block = Buffer.alloc(BLOCK);
  block.write(entry.path, 0);
  block.write(octal(entry.mode ?? 0o755, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.fill(" ", 148, 156); // the sum is taken over spaces
  block.write(type, 156);
  block.write(entry.linkTo ?? "", 157);
  block.write("ustar\0" + "00", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)} `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}
