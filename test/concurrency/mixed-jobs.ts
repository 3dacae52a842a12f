/* The jobs that a mixed crowd puts: of all tubes and times to run, one by one and in batches. */
import type { Random } from "../support/random.ts";
import type { Tags } from "./entries.ts";
import type { Wanted } from "./mixed-client.ts";
import { TUBES, type Scene } from "./mixed-scene.ts";

const LONG_TTR_SECONDS = 120;
const SHORT_TTR_SECONDS = 1;

/** A job with these tags; one in six has a short time to run. */
export function wanted(scene: Scene, random: Random, tags: Tags): Wanted {
  return {
    tube: random.pick(TUBES),
    pri: random.below(4),
    delaySeconds: random.oneIn(20) ? 1 : 0,
    ttrSeconds: random.oneIn(6) ? SHORT_TTR_SECONDS : LONG_TTR_SECONDS,
    body: scene.body(random),
    tags,
  };
}

/**
 * A batch of so many jobs, in a group of their own; their bodies say which batch that is, and which
 * jobs it ends.
 */
export function batchOf(
  scene: Scene,
  random: Random,
  count: number,
  ended: readonly number[],
): { number: number; puts: Wanted[] } {
  const number = scene.batch();
  const puts = Array.from({ length: count }, () => ({
    ...wanted(scene, random, { grp: `batch-${number}` }),
    ttrSeconds: LONG_TTR_SECONDS,
    body: scene.body(random, `of batch ${number} instead of ${ended.join(",")};`),
  }));
  if (count > 1 && random.oneIn(3)) {
    const tags = { aft: `batch-${number}` };
    puts.push({ ...wanted(scene, random, tags), ttrSeconds: LONG_TTR_SECONDS });
  }
  return { number, puts };
}
