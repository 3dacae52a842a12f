/* Every crash point of short scripts, where the operating system decides what is written when. */
import { expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { enumerateCrashes, TRACES } from "./traces.ts";

/** How many of the scripts. */
const USUAL = 6;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each(someOf(Object.entries(TRACES), USUAL, seed))(
  "wherever it stops at level os, recovery is right: %s",
  { timeout: 240_000 },
  (_, trace) => {
    const { points, recoveries } = enumerateCrashes(trace, "os");
    expect(points).toBeGreaterThan(10);
    expect(recoveries).toBeGreaterThan(points);
  },
);
