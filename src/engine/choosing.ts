/* Choosing: from which of the watched tubes a reserve takes its job when its mode is a weighted
 * one.
 *
 * One of the tubes that have a job to give is drawn at random, each as likely as its weight says;
 * then its best job is taken, whatever stands in the others. In the mode weighted-fair a weight is
 * divided by how long the jobs of its tube lately took, so that each tube gets its share of the
 * workers' time and not of the jobs. Heads are looked at without a lock, as reserving.ts says; a
 * tube that was drawn may have nothing any more when its shard is entered. Used by the Reserver.
 */

import * as C from "../../assembly/constants.ts";
import type { ReserveMode } from "../protocol/reserve-mode.ts";
import type { Shard } from "./shard.ts";

/** A watched tube: its shard, its address there, and its weight. */
export interface WatchedTube {
  readonly shard: Shard;
  readonly tube: number;
  weight: number;
}

/** Least time that counts, in seconds. */
const PACE_SECONDS_MIN = 0.01;
/** A tube of which fewer jobs were processed has no pace. */
const PACE_SAMPLES_MIN = 10;
const MICROS = 1_000_000;

/** Lets happen what is due: a delay that is over is not seen before. */
export function letHappen(shards: readonly Shard[], now: number): void {
  for (const shard of shards) while (shard.nextDueMicros() <= now && shard.tick(now) === C.MORE);
}

/**
 * Draws one of the tubes that have a job to give; undefined when none has. `random` gives a number
 * from 0 to 1, the latter left out.
 */
export function drawTube(
  tubes: readonly WatchedTube[],
  mode: ReserveMode,
  random: () => number,
): WatchedTube | undefined {
  const candidates = tubes.filter(hasJob);
  if (candidates.length < 2) return candidates[0];
  const shares = candidates.map((one) => (mode === "weighted" ? one.weight : fairShare(one)));
  let left = random() * shares.reduce((sum, share) => sum + share, 0);
  const at = shares.findIndex((share) => (left -= share) < 0);
  return candidates[at] ?? candidates.at(-1); // where rounding left a little
}

function hasJob({ shard, tube }: WatchedTube): boolean {
  shard.readHead(tube);
  return (
    shard.field(C.RESULT_STATS + C.HEAD_HIGH) !== 0 ||
    shard.field(C.RESULT_STATS + C.HEAD_LOW) !== 0
  );
}

function fairShare({ shard, tube, weight }: WatchedTube): number {
  shard.readPace(tube);
  const seconds = shard.field(C.RESULT_STATS + C.PACE_MICROS) / MICROS;
  const count = shard.field(C.RESULT_STATS + C.PACE_COUNT);
  return count < PACE_SAMPLES_MIN ? weight : weight / Math.max(seconds, PACE_SECONDS_MIN);
}
