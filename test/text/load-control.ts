/* The control module as it was built, for the tests of this folder. */
import { readFile } from "node:fs/promises";
import { loadControl } from "../../src/text/control.ts";
import type { Control } from "../../src/text/control.ts";

/** Loads build/control.wasm, which the tests' global setup built. */
export async function loadBuiltControl(): Promise<Control> {
  return loadControl(await readFile(new URL("../../build/control.wasm", import.meta.url)));
}
