/* The queue for tests as a program on Node, Deno and Bun, from the sources. The package that npm
 * installs is test/toolchain's.
 */
import { expect, test } from "vitest";
import { printedOn, ROOT, RUNTIME_NAMES } from "../support/runtimes.ts";
import { FOUND, ROUND } from "./round-found.ts";

test.each(RUNTIME_NAMES)("a queue for tests works on %s", async (runtime) => {
  expect(await printedOn(runtime, ROOT, ROUND)).toEqual(FOUND);
});
