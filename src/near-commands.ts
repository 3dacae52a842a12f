/* NearCommands: the seam between a client and a session in the same process for the commands that
 * make up nearly all traffic: they need no bytes of the protocol, which would be written and read
 * again for several times what the engine takes.
 *
 * Each of a call's commands does what it does as bytes. A call does as many as it can, in their
 * order, and stops before the first that is not the plain case: that and what is behind it is to be
 * sent as bytes, which says what came of it. Implemented by the session, used by the client.
 */

/** What `run` comes to within `turn`; 0 where that ends without it. */
export function countWithin(turn: (run: () => void) => void, run: () => number): number {
  let count = 0;
  turn(() => {
    count = run();
  });
  return count;
}

/** Everything is done, and heard by others, before a call returns. */
export interface NearCommands {
  /**
   * Puts the bodies without tags; `put` is told of each, also whether it was buried for want of
   * memory. `delaySeconds` and the others are whole numbers in the protocol's ranges. Returns how
   * many it put.
   */
  putMany(
    bodies: readonly Uint8Array[],
    pri: number,
    delaySeconds: number,
    ttrSeconds: number,
    put: (id: number, isBuried: boolean) => void,
  ): number;

  /** Reserves a job, if one is there. As `reserveMany`, but that it counts as a `reserve`. */
  reserve(
    roomFor: (bytes: number) => Uint8Array,
    reserved: (id: number, body: Uint8Array) => void,
  ): void;

  /**
   * Reserves up to so many jobs, without waiting. `roomFor` gives memory of so many bytes, which
   * begins at a multiple of 8, for a body or for several; `reserved` is told of the jobs when that
   * is filled. Returns how many there were.
   */
  reserveMany(
    most: number,
    roomFor: (bytes: number) => Uint8Array,
    reserved: (id: number, body: Uint8Array) => void,
  ): number;

  /** Deletes the jobs of these ids. Returns how many it deleted. */
  deleteMany(ids: readonly number[]): number;
}
