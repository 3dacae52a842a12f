/* Every crash point of short scripts. */
import { expect, test } from "vitest";
import { enumerateCrashes, TRACES } from "./traces.ts";

test.each(Object.entries(TRACES))(
  "wherever it stops, recovery is right: %s",
  { timeout: 120_000 },
  (_, trace) => {
    for (const level of ["sync", "os"] as const) {
      const { points, recoveries } = enumerateCrashes(trace, level);
      expect(points).toBeGreaterThan(10);
      expect(recoveries).toBeGreaterThan(points);
    }
  },
);
