/* Every crash point of short scripts, where all is synced; traces.long.test.ts has the level os. */
import { expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { enumerateCrashes, TRACES } from "./traces.ts";

/** How many of the scripts. */
const USUAL = 20;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each(someOf(Object.entries(TRACES), USUAL, seed))(
  "wherever it stops, recovery is right: %s",
  { timeout: 120_000 },
  (_, trace) => {
    const { points, recoveries } = enumerateCrashes(trace, "sync");
    expect(points).toBeGreaterThan(10);
    expect(recoveries).toBeGreaterThan(points);
  },
);
