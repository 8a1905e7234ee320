const WASM_PAGE = 65_536;

/** Of the language, but typed only for browsers. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer };
};

/**
 * Memory that begins with a page, as writes with `O_DIRECT` want it: that of a WebAssembly module without code, the one kind of which the
 * language promises it. Only what is touched of it takes memory.
 *
 * @param bytes a multiple of 65,536.
 * @returns undefined in a process with little address space, or without WebAssembly.
 */
export function pageMemory(bytes: number): Uint8Array | undefined {
  const pages = bytes / WASM_PAGE;
  try {
    return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer);
  } catch {
    return undefined;
  }
}
