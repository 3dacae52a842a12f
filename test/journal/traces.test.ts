/* Every crash point of short scripts, where all is synced; traces.long.test.ts has the level os. */
import { expect, test } from "vitest";
import { enumerateCrashes, TRACES } from "./traces.ts";

test.each(Object.entries(TRACES))(
  "wherever it stops, recovery is right: %s",
  { timeout: 120_000 },
  (_, trace) => {
    const { points, recoveries } = enumerateCrashes(trace, "sync");
    expect(points).toBeGreaterThan(10);
    expect(recoveries).toBeGreaterThan(points);
  },
);
