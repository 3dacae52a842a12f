/* Held back: reading what the engine says of what holds jobs of a tube back: the entries that a
 * piece of keysTaken or groupsAwaited left in the output slot (assembly/heldback.ts).
 */
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "./shard.ts";

/** A key or a group. */
export interface HeldBack {
  readonly name: string;
  /** Its slot on the board. */
  readonly slot: number;
  /** How many jobs it holds back, of those that the piece looked at. */
  readonly jobs: number;
}

const LATIN1 = new TextDecoder("latin1");

/** The entries of the last piece. */
export function heldBackEntries(shard: Shard): readonly HeldBack[] {
  const { buffer, byteOffset, byteLength } = shard.output;
  const view = new DataView(buffer, byteOffset, byteLength);
  const entries: HeldBack[] = [];
  let at = 0;
  for (let left = shard.field(C.RESULT_COUNT); left > 0; left--) {
    const end = at + L.BACK_NAME + view.getUint32(at + L.BACK_NAME_BYTES, true);
    entries.push({
      name: LATIN1.decode(shard.output.slice(at + L.BACK_NAME, end)),
      slot: view.getUint32(at + L.BACK_SLOT, true),
      jobs: view.getUint32(at + L.BACK_JOBS, true),
    });
    at = Math.ceil(end / 8) * 8;
  }
  return entries;
}
