/*
 * The bound on what the journal takes of the disk, over a long mixed run with one job that never
 * leaves. SEED=n replays.
 */
import { expect, test } from "vitest";
import { measureDisk } from "./disk-bound.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test.each([1, 2])(
  "the files of the journal stay below three times what lives and four segments (run %i)",
  { timeout: 120_000 },
  (run) => {
    const { overBytes, rotations } = measureDisk(seed + run, 4000);
    expect(rotations, `SEED=${seed}`).toBeGreaterThan(50);
    expect(overBytes, `SEED=${seed}`).toBeLessThanOrEqual(0);
  },
);
