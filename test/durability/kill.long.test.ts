/* kill -9 in a longer loop, at each level and on each runtime (see kill.test.ts). */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { amount } from "../support/amount.ts";
import { OTHER_RUNTIMES } from "../support/runtimes.ts";
import { runKillLoop } from "./kill-loop.ts";

const SEED = Number(process.env["KILL_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `KILL_SEED=${SEED} npx vitest run test/durability/kill.long.test.ts`;
/** Kills of each of the three levels on Node. */
const KILLS = Number(process.env["KILL_COUNT"] ?? amount({ usual: 6, thorough: 18 }));
const KILLS_ELSEWHERE = amount({ usual: 2, thorough: 4 });

describe.concurrent(`kill -9, many times (${REPLAY})`, () => {
  test.for(["sync", "interval", "os"] as const)(
    "loses nothing at level %s",
    { timeout: KILLS * 15_000 },
    async (level) => {
      const report = await runKillLoop({ seed: SEED, kills: KILLS, level });
      expect(report.problems.slice(0, 20)).toEqual([]);
      expect(report.kills).toBe(KILLS);
      expect(report.promises).toBeGreaterThan(0); // there must have been something to lose
    },
  );

  test.for(OTHER_RUNTIMES)("loses nothing on %s", { timeout: 120_000 }, async (runtime) => {
    const loop = { seed: SEED, kills: KILLS_ELSEWHERE, level: "sync", runtime } as const;
    const report = await runKillLoop(loop);
    expect(report.problems.slice(0, 20)).toEqual([]);
    expect(report.kills).toBe(KILLS_ELSEWHERE);
  });
});
