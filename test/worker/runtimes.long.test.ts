/* The queue as a program on Node, Deno and Bun. As the package that npm installs it is
 * toolchain/package.long.test.ts's.
 */
import { expect, test } from "vitest";
import { inDirectory } from "../client/places.ts";
import { printedOn, ROOT, RUNTIME_NAMES } from "../support/runtimes.ts";
import { FOUND, ROUND } from "./round-found.ts";

test.each(RUNTIME_NAMES)("a queue works on %s, from the sources", async (runtime) => {
  await inDirectory(async (data) => {
    expect(await printedOn(runtime, ROOT, ROUND, data)).toEqual(FOUND);
  });
});
