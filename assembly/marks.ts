/* Marks: the tokens by which sessions are known to others, in a tree; see vouching.ts. */
import { Conn } from "./conn";
import { give } from "./memory";
import { Node } from "./node";
import { Shard, shard } from "./shard";
import * as tree from "./tree";

/** The token of one connection's session: major and minor are its 128 bits. */
@unmanaged
export class Mark extends Node {
  conn: u32;
}

export function marksRoot(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("marks");
}

export function markAt(address: u32): Mark {
  return changetype<Mark>(<usize>address);
}

/** Nobody can vouch for `conn` any more. */
export function dropMark(conn: Conn): void {
  if (conn.mark == 0) return;
  tree.remove(marksRoot(), markAt(conn.mark));
  give(conn.mark);
  conn.mark = 0;
}
