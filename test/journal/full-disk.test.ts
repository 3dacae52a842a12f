/*
 * Small disks that are filled and emptied. SEED=n begins there.
 */
import { expect, test } from "vitest";
import { fillAndDrain, queueUp } from "./full-disk.ts";

const SEEDS = 40;
const first = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test(
  `what a full disk keeps free suffices until the queue is empty (SEED=${first} npx vitest run test/journal/full-disk.test.ts)`,
  { timeout: 300_000 },
  () => {
    let crashes = 0;
    for (let seed = first; seed < first + SEEDS; seed++) {
      expect(() => (crashes += fillAndDrain(seed)), `SEED=${seed}`).not.toThrow();
    }
    expect(crashes).toBeGreaterThanOrEqual(3 * SEEDS);
  },
);

test(
  `a queue on a full disk goes on, however often it is killed (SEED=${first} npx vitest run test/journal/full-disk.test.ts)`,
  { timeout: 300_000 },
  () => {
    let crashes = 0;
    for (let seed = first; seed < first + SEEDS; seed++) {
      expect(() => (crashes += queueUp(seed)), `SEED=${seed}`).not.toThrow();
    }
    expect(crashes).toBeGreaterThanOrEqual(10 * SEEDS);
  },
);
