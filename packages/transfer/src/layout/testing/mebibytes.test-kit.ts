/** A MiB that is like no other. */
export function mebibyte(at: number): Buffer {
  return Buffer.alloc(1_048_576, `block ${at}; `);
}

/** That many MiB. */
export function mebibytes(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, at) => mebibyte(at)));
}
