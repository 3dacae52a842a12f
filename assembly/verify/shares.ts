/* Shares: the shares of each tube. Invariant of the walk: it takes what they hold off a sum that
 * the held jobs which are counted add to.
 */
import { COUNTED, Job } from "../job";
import { FIXED } from "../memory";
import { nameAt, isName } from "../names";
import { Share, allNode, shareOfAll, tubeSharesRoot } from "../shares";
import * as tree from "../tree";
import { Tube, addressOfTube } from "../tube";
import { live } from "./allocator";
import { Sums, expect, whole } from "./findings";
import { SHARE_HELD, SHARE_LINE } from "./invariants";
import { checkTree } from "./trees";

/** Checks the shares of a tube, but for their jobs. */
export function checkShares(tube: Tube): void {
  checkTree(tubeSharesRoot(tube));
  for (let at = tree.first(tubeSharesRoot(tube)); at != 0 && whole(); at = tree.next(at)) {
    const share = shareOfAll(at);
    const address = <u32>changetype<usize>(share);
    live(FIXED, address, offsetof<Share>());
    expect(<u32>changetype<usize>(allNode(share)) == at, SHARE_LINE);
    expect((share.owner == 0) == (share.count == 0), SHARE_LINE);
    expect((share.count | share.held) != 0, SHARE_HELD);
    expect(share.tube == addressOfTube(tube), SHARE_LINE);
    if (share.key != 0) expect(isName(<u32>share.key), SHARE_LINE);
    if (share.key != 0 && whole()) expect(nameAt(<u32>share.key).weight != 0, SHARE_LINE);
    Sums.shared += share.held;
  }
}

/** A job that is held. */
export function checkCounted(job: Job): void {
  if ((job.flags & COUNTED) != 0) Sums.counted++;
}

/** Compares both sums. */
export function checkCounts(): void {
  expect(Sums.shared == Sums.counted, SHARE_HELD);
}
