/* Every crash point of short scripts, where the operating system decides what is written when. */
import { expect, test } from "vitest";
import { enumerateCrashes, TRACES } from "./traces.ts";

test.each(Object.entries(TRACES))(
  "wherever it stops at level os, recovery is right: %s",
  { timeout: 240_000 },
  (_, trace) => {
    const { points, recoveries } = enumerateCrashes(trace, "os");
    expect(points).toBeGreaterThan(10);
    expect(recoveries).toBeGreaterThan(points);
  },
);
