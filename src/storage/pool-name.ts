/* Pool name: how a file of a pool says what its name is (handle-pool.ts).
 *
 *   0                4096             8192
 *   +----------------+----------------+- - -
 *   | a name         | a name         | what the file holds
 *   +----------------+----------------+- - -
 *     magic 8, serial 8, length of the name 4, checksum 4, name
 *
 * The two are written in turn, each in a block of its own, and the one with the higher serial
 * counts: a write that is torn harms the one that does not count.
 */

/** Where what a file holds begins. */
export const HEAD_BYTES = 8192;

const SLOT_BYTES = 4096;
const RECORD_BYTES = 256;
const MAGIC = 0x31_6c_6f_6f_50_6d_48; // "HmPool1"
const SERIAL_AT = 8;
const LENGTH_AT = 16;
const SUM_AT = 20;
const NAME_AT = 24;
/** The longest name, in bytes. */
export const NAME_BYTES_MAX = RECORD_BYTES - NAME_AT;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** What a file says of itself. */
export interface PoolName {
  /** Empty: it is free. */
  readonly name: string;
  /** Of all records of a pool none has the same. */
  readonly serial: number;
  /** Which of the two places it stands in. */
  readonly slot: 0 | 1;
}

/** Where that record stands in its file. */
export function positionOf({ slot }: PoolName): number {
  return slot * SLOT_BYTES;
}

/** The record in bytes. */
export function encodeName({ name, serial }: PoolName): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, MAGIC);
  view.setFloat64(SERIAL_AT, serial);
  view.setUint32(LENGTH_AT, ENCODER.encodeInto(name, bytes.subarray(NAME_AT)).written);
  view.setUint32(SUM_AT, checksum(bytes));
  return bytes;
}

/** What the first HEAD_BYTES of a file say; undefined if there is no sound record in them. */
export function decodeName(head: Uint8Array): PoolName | undefined {
  const found = ([0, 1] as const).flatMap((slot) => {
    const at = slot * SLOT_BYTES;
    const record = decodeRecord(head.subarray(at, at + RECORD_BYTES));
    return record === undefined ? [] : [{ ...record, slot }];
  });
  return found.toSorted((one, other) => other.serial - one.serial)[0];
}

function decodeRecord(from: Uint8Array): Omit<PoolName, "slot"> | undefined {
  if (from.length < RECORD_BYTES) return undefined;
  const bytes = from.slice();
  const view = new DataView(bytes.buffer);
  const sum = view.getUint32(SUM_AT);
  const length = view.getUint32(LENGTH_AT);
  view.setUint32(SUM_AT, 0);
  if (view.getFloat64(0) !== MAGIC || length > NAME_BYTES_MAX || checksum(bytes) !== sum) {
    return undefined;
  }
  const name = DECODER.decode(bytes.subarray(NAME_AT, NAME_AT + length));
  return { name, serial: view.getFloat64(SERIAL_AT) };
}

/** FNV-1a: it tells a torn record. */
function checksum(bytes: Uint8Array): number {
  let sum = 0x81_1c_9d_c5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01_00_01_93);
  return sum >>> 0;
}
