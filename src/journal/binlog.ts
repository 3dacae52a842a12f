/* Binlog: what a beanstalkd left in the directory of its -b, read back to the jobs.
 *
 * Version 7, of beanstalkd 1.12 and 1.13, as written on x86-64: a file is an int32 version and
 * records, then zeros. A record is an int32 length of the tube's name, the name, an 80-byte struct,
 * and the body with its CR LF; where the length is 0 there is neither name nor body, and the struct
 * says what became of a job whose whole record came before. There are no checksums: what is told
 * apart here is what is nonsense, and what a process that was killed between two writes left
 * unfinished.
 *
 *   struct: 0 id u64 | 8 pri u32 | 16 delay i64 | 24 ttr i64 | 32 body bytes i32 | 40 created i64 | 48 deadline i64 | 56 counters 5 x u32 | 76 state u8
 *
 * Times are nanoseconds. Pure; used by `homemaker import`.
 */

import { STATE_BURIED, STATE_DELAYED, STATE_READY } from "../../assembly/constants.ts";
import type { LoadedJob } from "./bulk-load.ts";

/** The version of the format that is read. */
const BINLOG_VERSION = 7;

const STRUCT_BYTES = 80;
const NAME_BYTES_MAX = 200;
const LINE_END_BYTES = 2;

/** beanstalkd's own numbers of the states. */
const INVALID = 0;
const STATES: ReadonlyMap<number, number> = new Map([
  [1, STATE_READY],
  [2, STATE_READY], // reserved: its holder is gone
  [3, STATE_BURIED],
  [4, STATE_DELAYED],
]);

/** Something that cannot be read or taken over. */
export interface BinlogDamage {
  readonly file: string;
  /** One line, without the file's name. */
  readonly what: string;
}

/** One record. */
interface BinlogRecord {
  readonly bytes: number;
  readonly id: number;
  /** beanstalkd's number. */
  readonly state: number;
  /** Absent in a record that only says what became of the job. */
  readonly tube: Uint8Array | undefined;
  readonly body: Uint8Array;
  readonly bodyBytes: number;
  readonly pri: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  readonly createdMicros: number;
  readonly dueMicros: number;
}

/** Reads the files of one directory, one after the other, and holds what is alive in them. */
export class Binlog {
  /** The jobs, the buried ones in the order in which they were buried. */
  readonly jobs = new Map<number, LoadedJob>();
  readonly damage: BinlogDamage[] = [];
  /** Highest id that was seen, of a job that is gone too. */
  lastId = 0;
  /** Bytes at the very end of a record that was being written when the process was killed. */
  tornBytes = 0;
  #records = 0;

  /** Records that were read. */
  get records(): number {
    return this.#records;
  }

  /**
   * Reads the next file. `isLast`: nothing comes behind it, so that its last record may be
   * unfinished.
   */
  readFile(file: string, bytes: Uint8Array, isLast: boolean): void {
    const end = endOfContent(bytes);
    if (end === 0 && isLast) return; // made, and not yet begun
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const version = bytes.length < 4 ? 0 : view.getInt32(0, true);
    if (version !== BINLOG_VERSION) {
      this.damage.push({ file, what: `its version is ${version}, not ${BINLOG_VERSION}` });
      return;
    }
    let at = 4;
    while (at < end) {
      const record = readRecord(bytes, view, at);
      if (record === undefined) {
        this.#stop(file, bytes, { at, end, isLast });
        return;
      }
      const wrong = this.#apply(record);
      if (wrong !== undefined) {
        this.damage.push({ file, what: `at byte ${at}: ${wrong}; the rest was not read` });
        return;
      }
      this.#records++;
      at += record.bytes;
    }
  }

  #stop(
    file: string,
    bytes: Uint8Array,
    { at, end, isLast }: { at: number; end: number; isLast: boolean },
  ): void {
    if (isLast && isUnfinished(bytes, at, end)) {
      this.tornBytes = end - at;
      return;
    }
    const what = `at byte ${at}: no record; ${end - at} bytes from there on were not read`;
    this.damage.push({ file, what });
  }

  /** Returns what is wrong with the record, undefined if nothing is. */
  #apply(record: BinlogRecord): string | undefined {
    const { id, tube, state } = record;
    this.lastId = Math.max(this.lastId, id);
    const known = this.jobs.get(id);
    // Without its whole record the job is gone: that stood in a file that was not needed any more.
    if (known === undefined && tube === undefined) return undefined;
    if (state === INVALID) {
      this.jobs.delete(id);
      return undefined;
    }
    if (known !== undefined && known.body.length + LINE_END_BYTES !== record.bodyBytes) {
      return `job ${id} has changed its length`;
    }
    const job = jobOf(record, known);
    // The list of the buried is in the order of burying; a job that is only written again keeps its
    // place.
    if (job.state === STATE_BURIED && known?.state !== STATE_BURIED) this.jobs.delete(id);
    this.jobs.set(id, job);
    return undefined;
  }
}

/** Position behind the last byte that is not zero. */
function endOfContent(bytes: Uint8Array): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}

function jobOf(record: BinlogRecord, known: LoadedJob | undefined): LoadedJob {
  const { id, pri, delaySeconds, ttrSeconds, createdMicros, dueMicros } = record;
  const isWhole = record.tube !== undefined;
  return {
    id,
    tube: record.tube ?? known?.tube ?? new Uint8Array(0),
    body: isWhole ? record.body : (known?.body ?? record.body),
    state: STATES.get(record.state) ?? STATE_READY,
    pri,
    delaySeconds,
    ttrSeconds,
    createdMicros,
    dueMicros: STATES.get(record.state) === STATE_DELAYED ? dueMicros : 0,
  };
}

/** The record at `at`; undefined if none stands there. */
function readRecord(bytes: Uint8Array, view: DataView, at: number): BinlogRecord | undefined {
  if (at + 4 + STRUCT_BYTES > bytes.length) return undefined;
  const nameBytes = view.getInt32(at, true);
  const from = at + 4 + nameBytes;
  if (nameBytes < 0 || nameBytes > NAME_BYTES_MAX || from + STRUCT_BYTES > bytes.length) {
    return undefined;
  }
  const id = Number(view.getBigUint64(from, true));
  const state = view.getUint8(from + 76);
  const bodyBytes = view.getInt32(from + 32, true);
  const isState = state === INVALID ? nameBytes === 0 : STATES.has(state);
  if (id === 0 || !Number.isSafeInteger(id) || bodyBytes < LINE_END_BYTES || !isState) {
    return undefined;
  }
  const isWhole = nameBytes > 0;
  const end = from + STRUCT_BYTES + (isWhole ? bodyBytes : 0);
  if (isWhole && !endsLine(bytes, end)) return undefined;
  return {
    bytes: end - at,
    id,
    state,
    tube: isWhole ? bytes.subarray(at + 4, from) : undefined,
    body: isWhole
      ? bytes.subarray(from + STRUCT_BYTES, end - LINE_END_BYTES)
      : bytes.subarray(0, 0),
    bodyBytes,
    pri: view.getUint32(from + 8, true),
    delaySeconds: wholeSeconds(view.getBigInt64(from + 16, true)),
    ttrSeconds: Math.max(1, wholeSeconds(view.getBigInt64(from + 24, true))),
    createdMicros: Number(view.getBigInt64(from + 40, true) / 1000n),
    dueMicros: Number(view.getBigInt64(from + 48, true) / 1000n),
  };
}

function wholeSeconds(nanos: bigint): number {
  return Number(BigInt.asUintN(32, nanos / 1_000_000_000n));
}

function endsLine(bytes: Uint8Array, end: number): boolean {
  return end <= bytes.length && bytes[end - 2] === 0x0d && bytes[end - 1] === 0x0a;
}

/**
 * Whether what stands at `at`, up to `end`, is the beginning of a whole record: beanstalkd writes
 * length, name, struct and body one by one, and can be killed in between. What was not written is
 * zeros, or not there.
 */
function isUnfinished(bytes: Uint8Array, at: number, end: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (end - at < 4) return true;
  const nameBytes = view.getInt32(at, true);
  if (nameBytes <= 0 || nameBytes > NAME_BYTES_MAX)
    return nameBytes === 0 && bytes.length - at < 84;
  const from = at + 4 + nameBytes;
  if (end <= from) return true;
  if (from + STRUCT_BYTES > bytes.length) return true;
  const isStruct = view.getBigUint64(from, true) !== 0n && STATES.has(view.getUint8(from + 76));
  return isStruct && end < from + STRUCT_BYTES + view.getInt32(from + 32, true);
}
