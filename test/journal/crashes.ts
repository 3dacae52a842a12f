/*
 * Crashes: worlds that crash again and again, one for each seed. Used by the tests, by soak.ts and
 * by mutants.ts.
 */
import { randomFrom } from "../engine/shuffle.ts";
import { ownCode } from "./code.ts";
import type { Code } from "./code.ts";
import type { Totals } from "./judge.ts";
import { World } from "./world.ts";
import { optionsOf } from "./world-options.ts";
import { NO_FAULTS } from "./simulated-disk.ts";

/** Crashes that one seed brings about, at least. */
const CRASHES = 40;

/** What a seed found wrong. */
class CrashFailure extends Error {
  override readonly name = "CrashFailure";
  readonly code = "HM_TEST_CRASHES";
}

/** Starts the server, crashing a few times in recovery first. */
function start(world: World, random: (below: number) => number): void {
  for (let tries = 0; ; tries++) {
    if (tries < 4 && random(3) === 0) world.crashAfter(random(random(2) === 0 ? 12 : 60));
    if (tries > 4) world.freeSpace();
    if (tries > 12) world.disk.faults = NO_FAULTS;
    try {
      world.boot();
      world.disk.onCall = () => {};
      return;
    } catch (error) {
      if (!world.isEnd(error) || tries > 20) throw error;
      world.crash(random(2) === 0);
    }
  }
}

function live(world: World, random: (below: number) => number): void {
  const steps = 2 + random(random(4) === 0 ? 120 : 30);
  if (random(5) > 0) world.crashAfter(random(random(3) === 0 ? 150 : 30));
  for (let at = 0; at < steps; at++) world.step();
  if (random(3) === 0) world.checkCounts();
  if (random(4) === 0) {
    world.journal.close();
    // At the end of an orderly stop nothing waits any more.
    world.pass(0);
  }
}

/** By how much somebody sets the clock: past all delays, or to the middle of them. */
function jumpMicros(random: (below: number) => number): number {
  const most = random(2) === 0 ? 10_000 : 60;
  return (random(2 * most) - most) * 1_000_000;
}

/** Runs the world of one seed. Throws a CrashFailure that names it. */
export function runSeed(seed: number, code: Code = ownCode(), crashes = CRASHES): Totals {
  const random = randomFrom(seed);
  const options = optionsOf(random);
  const world = new World(random, options, code);
  const jumps = random(4) === 0;
  const reshards = random(4) === 0;
  try {
    while (world.totals.crashes < crashes) {
      if (reshards && random(3) === 0) world.reshard();
      if (jumps && random(2) === 0) world.jumpWall(jumpMicros(random));
      world.disk.faults = random(4) === 0 ? NO_FAULTS : options.faults;
      start(world, random);
      try {
        live(world, random);
      } catch (error) {
        if (!world.isEnd(error)) throw error;
      }
      world.crash(random(5) < 3);
    }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new CrashFailure(
      `${what} (replay: SEED=${seed} node test/journal/soak.ts; ${JSON.stringify(options)}; crash ${world.totals.crashes})`,
      { cause: error },
    );
  }
  return world.totals;
}

/** Runs seeds, from this one on, until they have crashed so often; returns how often it was. */
export function crashOften(first: number, crashes: number): number {
  let sum = 0;
  for (let seed = first; sum < crashes; seed++) sum += runSeed(seed).crashes;
  return sum;
}
