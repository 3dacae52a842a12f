/* Ages: since when the oldest ready job of a tube is there.
 *
 * Within a bucket that is its best job, the one with the lowest id, which is at hand. Over the
 * buckets nothing is kept in order, so that no put or reserve pays for it; a look goes through them
 * instead, and through at most LOOKS of them: with more priorities in use at once, the next look
 * goes on where this one ended. The oldest job that was ever seen is remembered by its id: as long
 * as it is ready it is the answer, unless an older one turns up. Of those that stand aside
 * (lanes.ts) as many are looked at. So up to LOOKS priorities the
 * answer is exact; with more, an old job shows when its turn comes.
 */
import { STATE_READY } from "./constants";
import { jobAt } from "./job";
import { oldestAside } from "./lanes";
import { bestOf, bucketAt } from "./bucket";
import { bucketsRoot } from "./ready";
import { findJob } from "./states";
import { Tube, addressOfTube } from "./tube";
import * as tree from "./tree";

/** Most buckets that one look goes through. */
export const LOOKS: u32 = 64;

/** The job remembered as the oldest when it is still ready in this tube, else 0. */
function remembered(tube: Tube): u32 {
  const at = tube.oldestId == 0 ? 0 : findJob(tube.oldestId);
  if (at == 0) return 0;
  const job = jobAt(at);
  return job.state == STATE_READY && job.tube == addressOfTube(tube) ? at : 0;
}

/** The oldest ready job of the tube that is known, or 0; `lookPri` of the tube moves on. */
export function oldestReady(tube: Tube): u32 {
  const root = bucketsRoot(tube);
  let oldest = remembered(tube);
  let at = tree.findFrom(root, tube.lookPri);
  if (at == 0) at = tube.firstBucket;
  const start = at;
  for (let looks: u32 = 0; at != 0 && looks < LOOKS; ++looks) {
    const best = bestOf(bucketAt(at));
    if (oldest == 0 || jobAt(best).minor < jobAt(oldest).minor) oldest = best;
    at = tree.next(at);
    if (at == 0) at = tube.firstBucket;
    if (at == start) break;
  }
  const aside = oldestAside(tube);
  if (aside != 0 && (oldest == 0 || jobAt(aside).minor < jobAt(oldest).minor)) oldest = aside;
  tube.lookPri = at == 0 ? 0 : bucketAt(at).major;
  tube.oldestId = oldest == 0 ? 0 : jobAt(oldest).minor;
  return oldest;
}

/** Buckets that `oldestReady` looks at, at most, as far as one can tell beforehand. */
export function looksOf(tube: Tube): u32 {
  return min(tube.ready, LOOKS);
}

/** Microseconds since the tube's oldest ready job was put, -1 when it has none. */
export function oldestMicros(tube: Tube, now: f64): f64 {
  const at = tube.ready == 0 ? 0 : oldestReady(tube);
  return at == 0 ? -1 : max<f64>(now - <f64>jobAt(at).createdMicros, 0);
}
