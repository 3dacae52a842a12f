/*
 * Planted bugs: three of the mutants in CI; `node test/engine/mutants.ts` tries them all. SEED=...
 * replays.
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MutantWalker } from "./mutant-walker.ts";
import { MUTANTS, findFault } from "./mutants.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each([
  "a grant leaves its connection among the waiters",
  "a reservation that was handed back stays counted",
  "a page with a free slot again is not offered again",
])("the walks find a planted bug: %s", { timeout: 120_000 }, async (fault) => {
  const mutant = MUTANTS.find((planted) => planted.fault === fault);
  if (mutant === undefined) throw new RangeError(`no such mutant: ${fault}`);
  expect(await findFault(mutant, seed), `SEED=${seed}`).toBeDefined();
});

/** A module that goes round in circles as soon as it is there. */
const ENDLESS = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x00, 0x08, 0x01, 0x00],
  ...[0x0a, 0x09, 0x01, 0x07, 0x00, 0x03, 0x40, 0x0c, 0x00, 0x0b, 0x0b],
);

test("a planted bug that has the engine go round for ever is found as well", async () => {
  const walker = new MutantWalker();
  const walks = { module: new WebAssembly.Module(ENDLESS), runs: 1, steps: 1 };
  expect(await walker.walk(walks, 3000)).toBe("the engine does not come to an end");
  expect(await walker.walk({ runs: 1, steps: 1 })).toBeUndefined();
});

test("each planted bug has one place in the sources", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const sources = globSync("assembly/**/*.ts", { cwd: root })
    .map((path) => readFileSync(root + path, "utf8"))
    .join("\n");
  const lost = MUTANTS.filter(({ find }) => sources.split(find).length !== 2);
  expect(lost.map(({ fault }) => fault)).toEqual([]);
});
