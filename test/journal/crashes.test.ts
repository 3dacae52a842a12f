/*
 * Crashes in great number: each seed is a server that crashes at least 40 times; SEED=n begins
 * there, `node test/journal/soak.ts` goes on for longer.
 */
import { expect, test } from "vitest";
import { runSeed } from "./crashes.ts";

/** Together at least 20,000 crashes, in parts that say how far it is. */
const PARTS = 10;
const CRASHES = 2000;
const first = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test.each(Array.from({ length: PARTS }, (_, part) => part))(
  "whatever crashes, what was acknowledged is there afterwards and nothing else (part %i)",
  { timeout: 300_000 },
  (part) => {
    let crashes = 0;
    for (let seed = first + part * 10_000; crashes < CRASHES; seed++) {
      crashes += runSeed(seed).crashes;
    }
    expect(crashes).toBeGreaterThanOrEqual(CRASHES);
  },
);
