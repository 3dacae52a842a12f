/* Tables: that the entries of a hash table stand in the buckets of their hashes. */
import { nodeAt } from "../node";
import { Table } from "../shard";
import { bucketOf, headAt, heads } from "../table";
import { expect, whole } from "./findings";
import { TABLE_BUCKET, TABLE_COUNT } from "./invariants";

/**
 * The first bucket from `b` on that has an entry, or the number of buckets. Most are empty: looks
 * at 16 at once.
 */
export function filled(table: Table, b: u32): u32 {
  const n = heads(table);
  while (b < n) {
    const head = headAt(table, b);
    if ((b & 15) != 0 || b + 16 > n) {
      if (load<u32>(head) != 0) return b;
      b++;
      continue;
    }
    let any: u64 = 0;
    for (let i: usize = 0; i < 64; i += 8) any |= load<u64>(head + i);
    if (any == 0) {
      b += 16;
    } else {
      while (load<u32>(headAt(table, b)) == 0) b++;
      return b;
    }
  }
  return n;
}

/**
 * Every entry stands in the bucket of its hash, there are as many as the table says, and no more of
 * them than heads.
 */
export function checkTable(table: Table): void {
  const n = heads(table);
  let count: u32 = 0;
  for (let b = filled(table, 0); b < n && whole(); b = filled(table, b + 1)) {
    let at = load<u32>(headAt(table, b));
    while (at != 0 && whole()) {
      expect(bucketOf(table, <u32>nodeAt(at).minor) == b, TABLE_BUCKET);
      expect(++count <= table.count, TABLE_COUNT);
      at = nodeAt(at).chain;
    }
  }
  expect(count == table.count, TABLE_COUNT);
  expect(count <= n, TABLE_COUNT);
}
