/*
 * Soak: crashes without end, or one seed again. `node test/journal/soak.ts [SECONDS]`; SEED=n runs
 * that seed alone, FIRST=n begins there.
 */
import { runSeed } from "./crashes.ts";
import type { Totals } from "./judge.ts";

const SECONDS = Number(process.argv[2] ?? 60);

function add(sum: Totals, one: Totals): void {
  sum.crashes += one.crashes;
  sum.powerCuts += one.powerCuts;
  sum.recoveries += one.recoveries;
  sum.mutations += one.mutations;
  sum.acknowledgedLost += one.acknowledgedLost;
}

const seeds = process.env["SEED"];
if (seeds !== undefined) {
  console.log(JSON.stringify(runSeed(Number(seeds))));
} else {
  const first = Number(process.env["FIRST"] ?? Date.now() % 1_000_000_000);
  const end = Date.now() + SECONDS * 1000;
  const sum: Totals = {
    crashes: 0,
    powerCuts: 0,
    recoveries: 0,
    mutations: 0,
    acknowledgedLost: 0,
  };
  let seed = first;
  let failures = 0;
  for (; Date.now() < end && failures < 10; seed++) {
    try {
      add(sum, runSeed(seed));
    } catch (error) {
      failures++;
      console.error(error instanceof Error ? error.message : error);
      if (process.env["TRACE"] !== undefined) console.error(error);
    }
  }
  console.log(`seeds ${first} to ${seed - 1}, ${failures} failures: ${JSON.stringify(sum)}`);
  process.exitCode = failures > 0 ? 1 : 0;
}
