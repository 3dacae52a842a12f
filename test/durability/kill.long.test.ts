/*
 * kill -9 in a longer loop, at each level, and for a minute on each runtime over each transport
 * (see kill.test.ts); and where memory is short, so that bodies are on the disk alone.
 *
 * @module-tag openssl
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { amount, someOf } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import type { Reach } from "../support/connect.ts";
import { LISTENING, reachOver } from "../support/reach.ts";
import { RUNTIME_NAMES } from "../support/runtimes.ts";
import { TRIAL_MS } from "../support/trials.ts";
import { runKillLoop } from "./kill-loop.ts";

const SEED = Number(process.env["KILL_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `KILL_SEED=${SEED} npx vitest run test/durability/kill.long.test.ts`;
/** Kills of each of the three levels on Node. */
const KILLS = Number(process.env["KILL_COUNT"] ?? amount({ usual: 6, thorough: 18 }));
/** Kills of each runtime over each transport, at least. */
const KILLS_ELSEWHERE = 2;
/** Jobs of which a mebibyte has no room for most bodies. */
const STOCK = 1000;
/** Generous, because several loops go on at a time. */
const LIFE_TIMEOUT_MS = 60_000;

describe.concurrent(`kill -9, many times (${REPLAY})`, () => {
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

  test.for(someOf(["sync", "interval", "os"] as const, 1, SEED))(
    "loses nothing at level %s, with most bodies on the disk alone",
    { ...inCell("node", "TCP", "recovery"), timeout: KILLS * LIFE_TIMEOUT_MS },
    async (level) => {
      const short = { flags: ["--memory", "1MiB"], stock: STOCK };
      const report = await runKillLoop({ seed: SEED, kills: KILLS, level, ...short });
      expect(report.problems.slice(0, 20)).toEqual([]);
      expect(report.kills).toBe(KILLS);
      expect(report.bodiesReadBack).toBeGreaterThan(0);
    },
  );

  for (const runtime of RUNTIME_NAMES) {
    for (const transport of LISTENING) {
      if (runtime === "node" && transport === "TCP") continue; // the levels are this
      test(
        `loses nothing on ${runtime}, over ${transport}`,
        {
          ...inCell(runtime, transport, "recovery"),
          timeout: TRIAL_MS + KILLS_ELSEWHERE * LIFE_TIMEOUT_MS,
        },
        async () => {
          const reach = (directory: string): Reach => reachOver(transport, directory);
          const about = { seed: SEED, level: "sync", runtime, reach } as const;
          const report = await runKillLoop({ ...about, kills: KILLS_ELSEWHERE, millis: TRIAL_MS });
          expect(report.problems.slice(0, 20)).toEqual([]);
          expect(report.kills).toBeGreaterThanOrEqual(KILLS_ELSEWHERE);
        },
      );
    }
  }
});
