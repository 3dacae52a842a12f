/* Trees: that a tree is linked both ways, shaped as its nodes' weights say and in order. */
import { before, nodeAt } from "../node";
import * as tree from "../tree";
import { expect, whole } from "./findings";
import { TREE_LINKS, TREE_ORDER, TREE_WEIGHTS } from "./invariants";

/** Checks the shape and the order of a tree; returns how many nodes it has. */
export function checkTree(root: usize): u32 {
  return checkTreeBy(root, false);
}

/** As checkTree; `byMinor` for one that is in the order of the minors alone. */
export function checkTreeBy(root: usize, byMinor: bool): u32 {
  const top = load<u32>(root);
  if (top == 0) return 0;
  expect(nodeAt(top).parent == 0, TREE_LINKS);
  const count = checkBelow(top);
  if (!whole()) return 0;
  let n: u32 = 1;
  let at = tree.first(root);
  let following = tree.next(at);
  while (following != 0 && n <= count) {
    const isOrdered = byMinor
      ? nodeAt(at).minor < nodeAt(following).minor
      : !before(nodeAt(following), nodeAt(at));
    expect(isOrdered, TREE_ORDER);
    n++;
    at = following;
    following = tree.next(at);
  }
  expect(n == count, TREE_LINKS);
  return count;
}

/** Checks the links and weights below a node; returns how many nodes there are, itself included. */
function checkBelow(at: u32): u32 {
  return 1 + checkChild(at, nodeAt(at).left) + checkChild(at, nodeAt(at).right);
}

function checkChild(parent: u32, child: u32): u32 {
  if (child == 0 || !whole()) return 0;
  expect(nodeAt(child).parent == parent, TREE_LINKS);
  expect(tree.weight(child) < tree.weight(parent), TREE_WEIGHTS);
  return whole() ? checkBelow(child) : 0;
}

export function stands(at: u32, root: usize): bool {
  let left = 4096;
  while (nodeAt(at).parent != 0 && --left > 0) at = nodeAt(at).parent;
  return load<u32>(root) == at;
}
