/* CRC-32C (Castagnoli), eight bytes at a time ("slicing by 8", Kounavis and Berry 2005).
 *
 * Its eight tables lie in the journal's first page and are made when the journal is opened: a release module has no data of its own.
 */
import { journalBase } from "./shard";

/** The polynomial, bits reversed. */
const POLYNOMIAL: u32 = 0x82f63b78;
const TABLE_BYTES: usize = 1024;

/** Makes the tables. */
export function openCrc(): void {
  const base = journalBase();
  for (let i: u32 = 0; i < 256; ++i) {
    let crc = i;
    for (let bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    store<u32>(base + ((<usize>i) << 2), crc);
  }
  for (let i: u32 = 0; i < 256; ++i) {
    let crc = load<u32>(base + ((<usize>i) << 2));
    for (let table: usize = 1; table < 8; ++table) {
      crc = (crc >>> 8) ^ load<u32>(base + ((<usize>(crc & 255)) << 2));
      store<u32>(base + table * TABLE_BYTES + ((<usize>i) << 2), crc);
    }
  }
}

function entry(base: usize, table: usize, byte: u32): u32 {
  return load<u32>(base + table * TABLE_BYTES + ((<usize>(byte & 255)) << 2));
}

/** The CRC of `bytes` bytes at `at`, beginning from `seed`: the salt, or the CRC of what stands before. */
export function crc32c(seed: u32, at: usize, bytes: u32): u32 {
  const base = journalBase();
  let crc = ~seed;
  let left = bytes;
  while (left >= 8) {
    const low = load<u32>(at) ^ crc;
    const high = load<u32>(at, 4);
    crc =
      entry(base, 7, low) ^
      entry(base, 6, low >>> 8) ^
      entry(base, 5, low >>> 16) ^
      entry(base, 4, low >>> 24) ^
      entry(base, 3, high) ^
      entry(base, 2, high >>> 8) ^
      entry(base, 1, high >>> 16) ^
      entry(base, 0, high >>> 24);
    at += 8;
    left -= 8;
  }
  while (left > 0) {
    crc = (crc >>> 8) ^ entry(base, 0, crc ^ load<u8>(at));
    at++;
    left--;
  }
  return ~crc;
}
