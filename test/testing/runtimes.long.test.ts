/* The queue for tests as a program on Node, Deno and Bun, from the sources. The package that npm
 * installs is test/toolchain's.
 */
import { expect, test } from "vitest";
import { tagsOn } from "../support/matrix.ts";
import { printedOn, ROOT, RUNTIME_NAMES } from "../support/runtimes.ts";
import { FOUND, ROUND } from "./round-found.ts";

for (const runtime of RUNTIME_NAMES) {
  test(`a queue for tests works on ${runtime}`, { tags: tagsOn(runtime) }, async () => {
    expect(await printedOn(runtime, ROOT, ROUND)).toEqual(FOUND);
  });
}
