/* Bits that turn over. SEED=n replays; flips.long.test.ts turns more. */
import { expect, test } from "vitest";
import { flipBits } from "./flips.ts";

const FLIPS = 150;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test.each([
  ["closed", true],
  ["marked", false],
] as const)(
  "a flipped bit of a journal that was %s is noticed and harms at most one job",
  { timeout: 120_000 },
  (_, closes) => {
    const totals = flipBits(seed, FLIPS, closes);
    expect(totals.flips, `SEED=${seed}`).toBe(FLIPS);
    expect(totals.harmed, `SEED=${seed}`).toBeGreaterThan(0);
  },
);
