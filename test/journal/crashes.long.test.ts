/* Crashes in great number; SEED=n begins there. */
import { expect, test } from "vitest";
import { amount } from "../support/amount.ts";
import { crashOften } from "./crashes.ts";

/** With THOROUGH=1 at least 20,000 crashes, in parts that say how far it is. */
const PARTS = amount({ usual: 1, thorough: 10 });
const CRASHES = 2000;
const first = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);

test.each(Array.from({ length: PARTS }, (_, part) => part))(
  "however often it crashes, what was acknowledged is there afterwards and nothing else (part %i)",
  { timeout: 300_000 },
  (part) => {
    expect(crashOften(first + part * 10_000, CRASHES)).toBeGreaterThanOrEqual(CRASHES);
  },
);
