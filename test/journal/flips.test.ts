/* Bits that turn over. SEED=n replays. */
import { expect, test } from "vitest";
import { flipBits } from "./flips.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test.each([
  ["closed", true],
  ["marked", false],
] as const)(
  "a flipped bit of a journal that was %s is noticed and harms at most one job",
  { timeout: 300_000 },
  (_, closes) => {
    let harmed = 0;
    for (let part = 0; part < 5; part++) {
      const totals = flipBits(seed + part * 100_000, 1000, closes);
      expect(totals.flips).toBe(1000);
      harmed += totals.harmed;
    }
    expect(harmed).toBeGreaterThan(0);
  },
);
