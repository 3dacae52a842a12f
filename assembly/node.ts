/* Node: the 32 bytes that everything begins with that can stand in a tree or a table. */

@unmanaged
export class Node {
  /** Tree links; jobs in a list use `left` as next and `right` as previous. 0 = none. */
  left: u32;
  right: u32;
  parent: u32;
  /** Next entry of the same hash bucket. */
  chain: u32;
  /** Tree order: by `major`, then by `minor`. A table hashes on the low half of `minor`. */
  major: u64;
  minor: u64;
}

export function nodeAt(address: u32): Node {
  return changetype<Node>(<usize>address);
}

export function addressOf(node: Node): u32 {
  return <u32>changetype<usize>(node);
}

/** Whether a stands before b. */
export function before(a: Node, b: Node): bool {
  return a.major < b.major || (a.major == b.major && a.minor < b.minor);
}
