/* What the client needs: nothing but itself and the protocol, so that it runs wherever JavaScript
 * does and brings nothing with it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const CLIENT = new URL("../../src/client/", import.meta.url);
const IMPORTED = /\b(?:from |import |import\()"([^"]+)"/g;

/** Adds the file and all that it imports, types alone too; packages by their names. */
function follow(file: URL, seen: Set<string>): void {
  const name = relative(PROJECT, fileURLToPath(file));
  if (seen.has(name)) return;
  seen.add(name);
  for (const [, path = ""] of readFileSync(file, "utf8").matchAll(IMPORTED)) {
    if (path.startsWith(".")) follow(new URL(path, file), seen);
    else seen.add(path);
  }
}

test("the client imports no package and no file but its own, the protocol's and the constants", () => {
  const seen = new Set<string>();
  for (const name of readdirSync(CLIENT)) follow(new URL(name, CLIENT), seen);
  const foreign = [...seen].filter((name) => !/^src\/(?:client|protocol)\//.test(name));
  expect(foreign).toEqual(["assembly/constants.ts"]);
  expect([...seen]).toEqual(expect.arrayContaining(["src/protocol/reply-reader.ts"]));
});
