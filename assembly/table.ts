/* Table: a hash table that grows and shrinks one bucket at a time (linear hashing, Litwin 1980).
 *
 * No operation ever rehashes the whole: an insert splits at most one bucket, a removal joins at
 * most two pairs, so a table of a million jobs never makes anybody wait. Heads lie in pages of
 * 16,384, named by a directory in the shard's header page. Entries are linked through Node.chain
 * and hashed by the low half of Node.minor; dense ids therefore spread perfectly.
 */
import { Node, addressOf, nodeAt } from "./node";
import { DIRECTORY_PAGES, Table, must } from "./shard";
import { givePage, takePage } from "./memory";

const HEADS_SHIFT: u32 = 14;
const HEADS: u32 = 1 << HEADS_SHIFT;
/** Heads that a table never goes below: its first page. */
const HEADS_MIN: u32 = HEADS;

/** Makes an empty table; false when there is no memory for its first page. */
export function openTable(table: Table, directory: u32): bool {
  table.count = 0;
  table.mask = HEADS_MIN - 1;
  table.split = 0;
  table.directory = directory;
  const page = takePage(true);
  if (page == 0) return false;
  memory.fill(page, 0, HEADS << 2);
  store<u32>(directory, page);
  return true;
}

/** Address of the head of a bucket. */
export function headAt(table: Table, bucket: u32): usize {
  const page = load<u32>(table.directory + ((bucket >> HEADS_SHIFT) << 2));
  return <usize>page + ((bucket & (HEADS - 1)) << 2);
}

/** The bucket that `hash` belongs to. */
export function bucketOf(table: Table, hash: u32): u32 {
  const bucket = hash & table.mask;
  return bucket < table.split ? hash & ((table.mask << 1) | 1) : bucket;
}

/**
 * Address of the first entry that shares a bucket with `hash`, or 0; the caller follows Node.chain.
 */
export function bucket(table: Table, hash: u32): u32 {
  return load<u32>(headAt(table, bucketOf(table, hash)));
}

/**
 * Splits the next bucket in two. Its heads are vital: they are bounded by the entries, and without
 * them every look-up walks long chains.
 */
function split(table: Table): void {
  const low = table.split;
  const high = table.mask + 1 + low;
  if ((high & (HEADS - 1)) == 0) {
    if (high >> HEADS_SHIFT >= DIRECTORY_PAGES) return;
    const page = takePage(true);
    if (page == 0) return;
    store<u32>(table.directory + ((high >> HEADS_SHIFT) << 2), page);
  }
  const lowHead = headAt(table, low);
  let at = load<u32>(lowHead);
  let stays: u32 = 0;
  let goes: u32 = 0;
  while (at != 0) {
    const node = nodeAt(at);
    const chain = node.chain;
    if ((<u32>node.minor & (table.mask + 1)) != 0) {
      node.chain = goes;
      goes = at;
    } else {
      node.chain = stays;
      stays = at;
    }
    at = chain;
  }
  store<u32>(lowHead, stays);
  store<u32>(headAt(table, high), goes);
  table.split++;
  if (table.split > table.mask) {
    table.mask = (table.mask << 1) | 1;
    table.split = 0;
  }
}

/** Joins the last bucket with the one that it was split from. */
function join(table: Table): void {
  if (table.split == 0) {
    table.mask >>= 1;
    table.split = table.mask + 1;
  }
  table.split--;
  const low = table.split;
  const high = table.mask + 1 + low;
  const highHead = headAt(table, high);
  let at = load<u32>(highHead);
  if (at != 0) {
    while (nodeAt(at).chain != 0) at = nodeAt(at).chain;
    nodeAt(at).chain = load<u32>(headAt(table, low));
    store<u32>(headAt(table, low), load<u32>(highHead));
  }
  if ((high & (HEADS - 1)) == 0)
    givePage(load<u32>(table.directory + ((high >> HEADS_SHIFT) << 2)));
}

function joinIfSparse(table: Table): void {
  const n = heads(table);
  if (n > HEADS_MIN && table.count < n >> 1) join(table);
}

/** Address of the first entry in bucket number `bucket`, below `heads`, or 0. */
export function head(table: Table, bucket: u32): u32 {
  return load<u32>(headAt(table, bucket));
}

export function heads(table: Table): u32 {
  return table.mask + 1 + table.split;
}

/** Adds an entry whose minor is set. */
export function add(table: Table, node: Node): void {
  const head = headAt(table, bucketOf(table, <u32>node.minor));
  node.chain = load<u32>(head);
  store<u32>(head, addressOf(node));
  table.count++;
  if (table.count > heads(table)) split(table);
}

/** Puts `entry`, which has the links of the one at `from`, in its place. */
export function replace(table: Table, from: u32, entry: Node): void {
  const head = headAt(table, bucketOf(table, <u32>entry.minor));
  let current = load<u32>(head);
  if (current == from) {
    store<u32>(head, addressOf(entry));
    return;
  }
  while (nodeAt(current).chain != from) {
    current = nodeAt(current).chain;
    must(current != 0); // the entry stands in its bucket
  }
  nodeAt(current).chain = addressOf(entry);
}

/** Takes out an entry that is there. */
export function drop(table: Table, node: Node): void {
  const at = addressOf(node);
  const head = headAt(table, bucketOf(table, <u32>node.minor));
  let current = load<u32>(head);
  if (current == at) {
    store<u32>(head, node.chain);
  } else {
    while (nodeAt(current).chain != at) {
      current = nodeAt(current).chain;
      must(current != 0); // the entry stands in its bucket
    }
    nodeAt(current).chain = node.chain;
  }
  table.count--;
  // Half as many entries as heads before it shrinks: a count that swings by one must not split and
  // join for ever. Two at once: so the heads have gone when the entries have.
  joinIfSparse(table);
  joinIfSparse(table);
}
