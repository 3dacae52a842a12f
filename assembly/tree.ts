/* Tree: an ordered set of nodes, linked in place (a treap).
 *
 * It needs no memory of its own, so moving a job between states cannot fail; any node can be
 * removed; and one operation costs O(log n), always: a heap with lazy or amortised costs would now
 * and then hold the lock for the length of the whole queue. The random priorities that keep a treap
 * flat are a hash of the node's address. A root is the address of a u32 that holds the address of
 * the top node, 0 when the tree is empty. Called by whatever keeps order: delayed jobs, held jobs,
 * buckets, timers.
 */
import { Node, addressOf, before, nodeAt } from "./node";
import { must } from "./shard";

const LEFT = offsetof<Node>("left");
const RIGHT = offsetof<Node>("right");

/** The finalizer of MurmurHash3: neighbours in memory get unrelated priorities. */
export function weight(address: u32): u32 {
  let h = address;
  h = (h ^ (h >>> 16)) * 0x85ebca6b;
  h = (h ^ (h >>> 13)) * 0xc2b2ae35;
  return h ^ (h >>> 16);
}

/** Puts `replacement` where `node` hangs from its parent. */
function hang(root: usize, node: Node, parent: u32, replacement: u32): void {
  if (parent == 0) store<u32>(root, replacement);
  else if (nodeAt(parent).left == addressOf(node)) nodeAt(parent).left = replacement;
  else nodeAt(parent).right = replacement;
}

/** Lifts `node` above its parent. */
function rotateUp(root: usize, node: Node): void {
  const at = addressOf(node);
  const parent = nodeAt(node.parent);
  const grandparent = parent.parent;
  hang(root, parent, grandparent, at);
  if (parent.left == at) {
    parent.left = node.right;
    if (node.right != 0) nodeAt(node.right).parent = addressOf(parent);
    node.right = addressOf(parent);
  } else {
    parent.right = node.left;
    if (node.left != 0) nodeAt(node.left).parent = addressOf(parent);
    node.left = addressOf(parent);
  }
  parent.parent = at;
  node.parent = grandparent;
}

/** Adds `node`, whose major and minor are set. */
export function insert(root: usize, node: Node): void {
  let parent: u32 = 0;
  let link = root;
  let current = load<u32>(root);
  while (current != 0) {
    parent = current;
    link = <usize>current + (before(node, nodeAt(current)) ? LEFT : RIGHT);
    current = load<u32>(link);
  }
  attach(root, node, parent, link);
}

/** As `insert`, for a tree in the order of the minors alone. */
export function insertByMinor(root: usize, node: Node): void {
  let parent: u32 = 0;
  let link = root;
  let current = load<u32>(root);
  while (current != 0) {
    parent = current;
    link = <usize>current + (node.minor < nodeAt(current).minor ? LEFT : RIGHT);
    current = load<u32>(link);
  }
  attach(root, node, parent, link);
}

/** Hangs `node` below `parent`, at its `link`, and lifts it to where its weight belongs. */
export function attach(root: usize, node: Node, parent: u32, link: usize): void {
  const at = addressOf(node);
  store<u32>(link, at);
  node.left = 0;
  node.right = 0;
  node.parent = parent;
  if (parent == 0) return;
  const mine = weight(at);
  while (node.parent != 0 && weight(node.parent) < mine) rotateUp(root, node);
}

/** Removes `node`, which stands in this tree. */
export function remove(root: usize, node: Node): void {
  while (node.left != 0 && node.right != 0) {
    const lift = weight(node.left) > weight(node.right) ? node.left : node.right;
    rotateUp(root, nodeAt(lift));
  }
  const child = node.left | node.right;
  must(node.parent != 0 || load<u32>(root) == addressOf(node));
  hang(root, node, node.parent, child);
  if (child != 0) nodeAt(child).parent = node.parent;
}

/** Address of the first node, or 0. */
export function first(root: usize): u32 {
  let at = load<u32>(root);
  if (at == 0) return 0;
  while (nodeAt(at).left != 0) at = nodeAt(at).left;
  return at;
}

/** Address of the node behind `at`, or 0. */
export function next(at: u32): u32 {
  const node = nodeAt(at);
  if (node.right != 0) {
    at = node.right;
    while (nodeAt(at).left != 0) at = nodeAt(at).left;
    return at;
  }
  let parent = node.parent;
  while (parent != 0 && nodeAt(parent).right == at) {
    at = parent;
    parent = nodeAt(at).parent;
  }
  return parent;
}

/** Address of the first node whose major is `major`, or 0. */
export function find(root: usize, major: u64): u32 {
  let at = load<u32>(root);
  while (at != 0 && nodeAt(at).major != major) {
    at = major < nodeAt(at).major ? nodeAt(at).left : nodeAt(at).right;
  }
  return at;
}

/** Address of the first node whose major is at least `major`, or 0. */
export function findFrom(root: usize, major: u64): u32 {
  let found: u32 = 0;
  let at = load<u32>(root);
  while (at != 0) {
    if (nodeAt(at).major >= major) {
      found = at;
      at = nodeAt(at).left;
    } else {
      at = nodeAt(at).right;
    }
  }
  return found;
}

/** Address of the last node before (`major`, `minor`), or 0. */
export function lastBefore(root: usize, major: u64, minor: u64): u32 {
  let found: u32 = 0;
  let at = load<u32>(root);
  while (at != 0) {
    const node = nodeAt(at);
    if (node.major < major || (node.major == major && node.minor < minor)) {
      found = at;
      at = node.right;
    } else {
      at = node.left;
    }
  }
  return found;
}

/** Address of the first node behind (`major`, `minor`), or 0. */
export function firstBehind(root: usize, major: u64, minor: u64): u32 {
  let found: u32 = 0;
  let at = load<u32>(root);
  while (at != 0) {
    const node = nodeAt(at);
    if (node.major > major || (node.major == major && node.minor > minor)) {
      found = at;
      at = node.left;
    } else {
      at = node.right;
    }
  }
  return found;
}

/** Address of the node before `at`, or 0. */
export function previous(at: u32): u32 {
  const node = nodeAt(at);
  if (node.left != 0) {
    at = node.left;
    while (nodeAt(at).right != 0) at = nodeAt(at).right;
    return at;
  }
  let parent = node.parent;
  while (parent != 0 && nodeAt(parent).left == at) {
    at = parent;
    parent = nodeAt(at).parent;
  }
  return parent;
}
