/* Heard: what a position of the result area says that a reply depends on (assembly/acks.ts).
 *
 * The gate's positions come in classes: what the server promises, and what a job may wait for
 * instead. Used by the commands' answers, and by whatever says up to where each class is safe.
 */
import * as C from "../../assembly/constants.ts";

/** As the server promises. */
export const PROMISED = 0;
/** Given to the operating system. */
export const WRITTEN = 1;
/** Synced on this machine. */
export const SYNCED = 2;
/** How many classes there are. */
export const CLASSES = 3;

/** A position of a shard's stream, in a class. */
export interface Heard {
  readonly at: number;
  readonly kind: number;
}

/** What a position of the result area means; undefined: nothing is waited for. */
export function heardOf(position: number): Heard | undefined {
  if (position >= 0) return { at: position, kind: PROMISED };
  if (position === C.HEARD_AT_ONCE) return undefined;
  const at = Math.floor(-position);
  return { at, kind: -position - at === C.HEARD_SYNCED ? SYNCED : WRITTEN };
}
