/* Bits that turn over, 10,000 of them where THOROUGH is set. SEED=n replays. */
import { expect, test } from "vitest";
import { amount } from "../support/amount.ts";
import { flipBits } from "./flips.ts";

/** Several, as in one of them perhaps hardly a job is left that could come to harm. */
const WORLDS = amount({ usual: 4, thorough: 20 });
/** In each of them. */
const FLIPS = 250;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test.each([
  ["closed", true],
  ["marked", false],
] as const)(
  "many flipped bits of a journal that was %s are noticed, and each harms at most one job",
  { timeout: 300_000 },
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
