/* Engine against model: random walks, all answers the same and all invariants whole after each
 * step.
 *
 * A walk that goes wrong prints its seed and path. Replay it with
 *   SEED=... WALK_PATH=... npx vitest run test/engine/model.test.ts
 * and walk longer with RUNS=100000.
 */
import { expect, test } from "vitest";
import { walkAtRandom } from "./walk.ts";
import type { WalksOptions } from "./walk.ts";

const runs = Number(process.env["RUNS"] ?? 3000);

/** The seed and path of a walk to replay, as the environment says. */
function replay(): Partial<WalksOptions> {
  const { SEED, WALK_PATH } = process.env;
  return {
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    ...(WALK_PATH === undefined ? {} : { path: WALK_PATH }),
  };
}

test("the engine answers as the model on every walk", { timeout: 600_000 }, () => {
  expect(walkAtRandom({ runs, steps: 60, ...replay() })).toBe(0);
});

test("on long walks too", { timeout: 600_000 }, () => {
  expect(walkAtRandom({ runs: runs / 20, steps: 400, ...replay() })).toBe(0);
});

test(
  "with little memory only clients are refused, and everything drains",
  { timeout: 600_000 },
  () => {
    const tight = { tight: true, budgetPages: 24, ...replay() };
    expect(walkAtRandom({ runs: runs / 6, steps: 120, ...tight })).toBeGreaterThan(0);
  },
);
