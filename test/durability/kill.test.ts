/*
 * kill -9 in a loop on real files: whatever the level, nothing that was answered is lost, and
 * nothing deleted comes back. kill.long.test.ts kills more often, and on all runtimes.
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { inCell } from "../support/matrix.ts";
import { runKillLoop } from "./kill-loop.ts";

const SEED = Number(process.env["KILL_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `KILL_SEED=${SEED} npx vitest run test/durability/kill.test.ts`;
/** Kills of each level. */
const KILLS = 3;
/** Generous, because the machine may be busy. */
const LIFE_TIMEOUT_MS = 40_000;

describe.concurrent(`kill -9, again and again (${REPLAY})`, () => {
  test.for(["sync", "interval", "os"] as const)(
    "loses nothing at level %s",
    { ...inCell("node", "TCP", "recovery"), timeout: KILLS * LIFE_TIMEOUT_MS },
    async (level) => {
      const report = await runKillLoop({ seed: SEED, kills: KILLS, level });
      expect(report.problems.slice(0, 20)).toEqual([]);
      expect(report.kills).toBe(KILLS);
      expect(report.promises).toBeGreaterThan(0); // there must have been something to lose
    },
  );
});
