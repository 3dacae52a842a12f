/* Bits that turn over. SEED=n replays; flips.long.test.ts turns more. */
import { expect, test } from "vitest";
import { flipBits } from "./flips.ts";

/** Several, as in one of them perhaps hardly a job is left that could come to harm. */
const WORLDS = 3;
/** In each of them. */
const FLIPS = 50;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test.each([
  ["closed", true],
  ["marked", false],
] as const)(
  "a flipped bit of a journal that was %s is noticed and harms at most one job",
  { timeout: 120_000 },
  (_, closes) => {
    let harmed = 0;
    for (let world = 0; world < WORLDS; world++) {
      const totals = flipBits(seed + world * 100_000, FLIPS, closes);
      expect(totals.flips, `SEED=${seed}`).toBe(FLIPS);
      harmed += totals.harmed;
    }
    expect(harmed, `SEED=${seed}`).toBeGreaterThan(0);
  },
);
