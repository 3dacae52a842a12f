/* Imports: what a file of the project brings with it, for tests of what runs where. */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const IMPORTED = /\b(?:from |import |import\()"([^"]+)"/g;

/** Adds the file and all that it imports, types alone too; packages by their names. */
export function followImports(file: URL, seen: Set<string>): void {
  const name = relative(PROJECT, fileURLToPath(file));
  if (seen.has(name) || !existsSync(file)) return; // a text may name a file that it is about
  seen.add(name);
  for (const [, path = ""] of readFileSync(file, "utf8").matchAll(IMPORTED)) {
    if (path.startsWith(".")) followImports(new URL(path, file), seen);
    else seen.add(path);
  }
}
