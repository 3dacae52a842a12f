/*
 * Crashes: each seed is a server that crashes at least 40 times; SEED=n begins there.
 * crashes.long.test.ts has them in great number, `node test/journal/soak.ts` goes on for longer.
 */
import { expect, test } from "vitest";
import { crashOften } from "./crashes.ts";

const CRASHES = 400;
const first = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test(
  "whatever crashes, what was acknowledged is there afterwards and nothing else",
  { timeout: 300_000 },
  () => {
    expect(crashOften(first, CRASHES)).toBeGreaterThanOrEqual(CRASHES);
  },
);
