/* Holders: the shard's connections in the order in which they came, and a walk through the jobs
 * that they hold, a bounded part of it at a time.
 *
 * No structure knows the reserved jobs of a tube, because it would cost every reserve something. So
 * they are looked for among all that is held: connection after connection, by its number, and in
 * each by deadline. Number, deadline and id say how far a walk has come, whatever comes and goes
 * between two parts of it. A touch only moves a job ahead, so a walk meets each job that is held
 * all the while by one connection; it may meet it twice. Used by flushing.ts and listing.ts.
 */
import { Conn, connAt, heldRoot } from "./conn";
import { Node, nodeAt } from "./node";
import { Shard, shard } from "./shard";
import * as tree from "./tree";

/** How far a walk has come; lies in a thread's result area. */
@unmanaged
export class HeldWalk {
  /** Number of the connection; 0 before the first. */
  conn: u64;
  /** Deadline and id of the last of its jobs that the walk has met. */
  major: u64;
  minor: u64;
  /** Jobs and connections that this part of the walk may still look at. */
  looksLeft: u32;
  /** Address of the connection's node; means nothing between two parts. 0: there is none left. */
  node: u32;
}

const NODE: usize = offsetof<Conn>("allLeft");

export function connsRoot(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("conns");
}

/** The connection of a node of that tree. */
export function connOfNode(node: u32): Conn {
  return connAt(<u32>(<usize>node - NODE));
}

function nodeOf(conn: Conn): Node {
  return changetype<Node>(changetype<usize>(conn) + NODE);
}

/** A new connection comes last. */
export function addConn(conn: Conn): void {
  conn.number = ++shard().lastConn;
  conn.allMinor = 0;
  tree.insert(connsRoot(), nodeOf(conn));
}

export function dropConn(conn: Conn): void {
  tree.remove(connsRoot(), nodeOf(conn));
}

/** Begins a part of the walk, of `looks` at most. */
export function beginPart(walk: HeldWalk, looks: u32): void {
  walk.looksLeft = looks;
  stepTo(walk, tree.findFrom(connsRoot(), walk.conn));
}

/** The walk is at that connection, or at its end. */
function stepTo(walk: HeldWalk, node: u32): void {
  walk.node = node;
  if (node == 0 || nodeAt(node).major == walk.conn) return;
  walk.conn = nodeAt(node).major;
  walk.major = 0;
  walk.minor = 0;
}

/** The next job that is held; 0 when there is none left, or the part has been long enough. */
export function nextHeld(walk: HeldWalk): u32 {
  while (walk.node != 0 && walk.looksLeft > 0) {
    walk.looksLeft--;
    const at = tree.firstBehind(heldRoot(connOfNode(walk.node)), walk.major, walk.minor);
    if (at != 0) {
      walk.major = nodeAt(at).major;
      walk.minor = nodeAt(at).minor;
      return at;
    }
    stepTo(walk, tree.next(walk.node));
  }
  return 0;
}

/** Whether a walk has come to its end. */
export function isOver(walk: HeldWalk): bool {
  return walk.node == 0;
}
