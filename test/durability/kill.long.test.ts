/*
 * kill -9 in a longer loop, at each level, and on each runtime over each transport; where THOROUGH
 * is not set, over TCP and one other (see kill.test.ts).
 *
 * @module-tag openssl
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { amount } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import type { Reach } from "../support/connect.ts";
import { reachOver, someTransports } from "../support/reach.ts";
import { RUNTIME_NAMES } from "../support/runtimes.ts";
import { runKillLoop } from "./kill-loop.ts";

const SEED = Number(process.env["KILL_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `KILL_SEED=${SEED} npx vitest run test/durability/kill.long.test.ts`;
/** Kills of each of the three levels on Node. */
const KILLS = Number(process.env["KILL_COUNT"] ?? amount({ usual: 6, thorough: 18 }));
/** Kills of each runtime over each transport. */
const KILLS_ELSEWHERE = amount({ usual: 2, thorough: 12 });

describe.concurrent(`kill -9, many times (${REPLAY})`, () => {
  test.for(["sync", "interval", "os"] as const)(
    "loses nothing at level %s",
    { ...inCell("node", "TCP", "recovery"), timeout: KILLS * 15_000 },
    async (level) => {
      const report = await runKillLoop({ seed: SEED, kills: KILLS, level });
      expect(report.problems.slice(0, 20)).toEqual([]);
      expect(report.kills).toBe(KILLS);
      expect(report.promises).toBeGreaterThan(0); // there must have been something to lose
    },
  );

  for (const [index, runtime] of RUNTIME_NAMES.entries()) {
    for (const transport of someTransports(SEED + index)) {
      if (runtime === "node" && transport === "TCP") continue; // the levels are this
      test(
        `loses nothing on ${runtime}, over ${transport}`,
        { ...inCell(runtime, transport, "recovery"), timeout: KILLS_ELSEWHERE * 60_000 },
        async () => {
          const kills = KILLS_ELSEWHERE;
          const reach = (directory: string): Reach => reachOver(transport, directory);
          const loop = { seed: SEED, kills, level: "sync", runtime, reach } as const;
          const report = await runKillLoop(loop);
          expect(report.problems.slice(0, 20)).toEqual([]);
          expect(report.kills).toBe(kills);
        },
      );
    }
  }
});
