/* Engine guard: refuses an engine that is anything but code and imports of one memory and the
 * board.
 *
 * Every thread instantiates the engine on memory that other threads are using. A data segment would
 * be written into it again, a start function would run again, a global would be one thread's
 * private truth. So the release build may have none of them; this reads the binary's sections
 * (https://webassembly.github.io/spec/core/binary/modules.html) and names what is there.
 *
 * Called by build.ts on every release engine.
 */

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const FORBIDDEN_SECTIONS: Readonly<Record<number, string>> = {
  4: "a table section",
  6: "a global section",
  8: "a start section",
  9: "an element section",
  11: "a data section",
  12: "a data count section",
};

/** What an engine may import: its memory, and the functions of the board that all shards share. */
const MEMORY_IMPORT = "memory env.memory";
const BOARD_IMPORT = /^function board\.\w+$/;

/**
 * Names the parts that an engine must not have.
 *
 * @param wasm the binary of a WebAssembly module
 * @returns one phrase each, such as "a data section" or "the import function env.abort"; empty when
 * it may run
 * @throws {RangeError} when the bytes are not a whole WebAssembly module
 */
export function findForbiddenParts(wasm: Uint8Array<ArrayBuffer>): string[] {
  const sections = readSectionIds(wasm).flatMap((id) => FORBIDDEN_SECTIONS[id] ?? []);
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasm))
    .map(({ kind, module, name }) => `${kind} ${module}.${name}`)
    .filter((imported) => imported !== MEMORY_IMPORT && !BOARD_IMPORT.test(imported));
  return [...sections, ...imports.map((imported) => `the import ${imported}`)];
}

/** The ids of the sections, in the order in which they stand. */
function readSectionIds(wasm: Uint8Array): number[] {
  if (MAGIC_AND_VERSION.some((byte, index) => wasm[index] !== byte)) {
    throw new RangeError("not a WebAssembly module");
  }
  const ids: number[] = [];
  let at = MAGIC_AND_VERSION.length;
  while (at < wasm.length) {
    ids.push(wasm[at] ?? 0);
    const size = readUnsigned(wasm, at + 1);
    at = size.end + size.value;
  }
  if (at !== wasm.length) throw new RangeError("the last section of the module is cut off");
  return ids;
}

/** Reads an unsigned LEB128 number of at most 32 bits. */
function readUnsigned(wasm: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let length = 0; length < 5; length++) {
    const byte = wasm[start + length] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * length);
    if (byte < 0x80) return { value, end: start + length + 1 };
  }
  throw new RangeError("a section's size is longer than 32 bits");
}
