/* The queue as a program on Node, Deno and Bun. As the package that npm installs it is
 * toolchain/package.long.test.ts's.
 */
import { expect, test } from "vitest";
import { inDirectory } from "../client/places.ts";
import { tagsOn } from "../support/matrix.ts";
import { printedOn, ROOT, RUNTIME_NAMES } from "../support/runtimes.ts";
import { FOUND, ROUND } from "./round-found.ts";

for (const runtime of RUNTIME_NAMES) {
  test(`a queue works on ${runtime}, from the sources`, { tags: tagsOn(runtime) }, async () => {
    await inDirectory(async (data) => {
      expect(await printedOn(runtime, ROOT, ROUND, data)).toEqual(FOUND);
    });
  });
}
