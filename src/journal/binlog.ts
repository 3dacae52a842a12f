/* Binlog: what a beanstalkd left in the directory of its -b, read back to the jobs.
 *
 * Nothing that it says is trusted: records that make sense are taken one by one for what the server
 * itself would accept, and a job that is not is refused, with a word, and harms no other.
 *
 * Version 7, of beanstalkd 1.12 and 1.13, as written on x86-64: a file is an int32 version and
 * records, then zeros. A record is an int32 length of the tube's name, the name, an 80-byte struct,
 * and the body with its CR LF; where the length is 0 there is neither name nor body, and the struct
 * says what became of a job whose whole record came before. There are no checksums: what is told
 * apart here is what is nonsense, and what a process that was killed between two writes left
 * unfinished.
 *
 *   struct: 0 id u64 | 8 pri u32 | 16 delay i64 | 24 ttr i64 | 32 body bytes i32 | 40 created i64
 *     | 48 deadline i64 | 56 counters 5 x u32 | 76 state u8
 *
 * Times are nanoseconds. Pure; used by `homemaker import`, and by whoever has to know such a log
 * when it sees one.
 */

import {
  STATE_BURIED,
  STATE_DELAYED,
  STATE_READY,
  TUBE_NAME_MAX,
} from "../../assembly/constants.ts";
import { JOB_BYTES_MAX } from "../config/option-values.ts";
import { isTubeName } from "../protocol/tube-name.ts";
import type { LoadedJob } from "./bulk-load.ts";

/** The version of the format that is read. */
const BINLOG_VERSION = 7;

/**
 * Highest id that is taken over, 2^52. As many are left behind it, which is enough for a million
 * puts a second for 142 years; an id beyond it is no beanstalkd's, which counts from 1.
 */
export const IMPORTED_ID_MAX = 4_503_599_627_370_496;

const STRUCT_BYTES = 80;
const LINE_END_BYTES = 2;
const SECONDS_MAX = 0xffff_ffff;
const NANOS = 1_000_000_000n;
const LATIN1 = new TextDecoder("latin1");

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

/** Number of the log file of that name; undefined for other files. */
export function binlogNumber(name: string): number | undefined {
  const digits = /^binlog\.(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** One record. */
interface BinlogRecord {
  readonly bytes: number;
  readonly id: bigint;
  /** beanstalkd's number. */
  readonly state: number;
  /** Absent in a record that only says what became of the job. */
  readonly tube: Uint8Array | undefined;
  readonly body: Uint8Array;
  readonly bodyBytes: number;
  readonly pri: number;
  readonly delayNanos: bigint;
  readonly ttrNanos: bigint;
  readonly createdMicros: number;
  readonly dueMicros: number;
}

/** Reads the files of one directory, one after the other, and holds what is alive in them. */
export class Binlog {
  /** The jobs, the buried ones in the order in which they were buried. */
  readonly jobs = new Map<number, LoadedJob>();
  readonly damage: BinlogDamage[] = [];
  /** Why jobs that are alive are not taken over, by their ids; one line each. */
  readonly refused = new Map<bigint, string>();
  /** Highest id that was seen and may be taken over, of a job that is gone too. */
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
    const { tube, state } = record;
    const id = Number(record.id);
    if (id <= IMPORTED_ID_MAX) this.lastId = Math.max(this.lastId, id);
    if (state === INVALID) {
      this.#forget(record.id);
      return undefined;
    }
    const known = this.jobs.get(id);
    // Without its whole record the job is gone: that stood in a file that was not needed any more.
    if (known === undefined && tube === undefined) return undefined;
    const refusal = refusalOf(record);
    if (refusal !== undefined) {
      this.#forget(record.id);
      this.refused.set(record.id, refusal);
      return undefined;
    }
    if (known !== undefined && known.body.length + LINE_END_BYTES !== record.bodyBytes) {
      return `job ${id} has changed its length`;
    }
    this.refused.delete(record.id);
    const job = jobOf(record, known);
    // The list of the buried is in the order of burying; a job that is only written again keeps its
    // place.
    if (job.state === STATE_BURIED && known?.state !== STATE_BURIED) this.jobs.delete(id);
    this.jobs.set(id, job);
    return undefined;
  }

  #forget(id: bigint): void {
    this.jobs.delete(Number(id));
    this.refused.delete(id);
  }
}

/** Why no server would have such a job, in a few words; undefined if one might. */
function refusalOf(record: BinlogRecord): string | undefined {
  const { id, tube, bodyBytes } = record;
  if (id > BigInt(IMPORTED_ID_MAX)) return `its id is above ${IMPORTED_ID_MAX}`;
  if (tube !== undefined && !isTubeName(tube)) {
    return `${JSON.stringify(LATIN1.decode(tube))} is no name of a tube`;
  }
  if (bodyBytes - LINE_END_BYTES > JOB_BYTES_MAX) {
    return `its body has more than ${JOB_BYTES_MAX} bytes`;
  }
  if (!isU32(secondsOf(record.delayNanos))) return "its delay is no number of seconds";
  if (!isU32(secondsOf(record.ttrNanos))) return "its time to run is no number of seconds";
  return undefined;
}

function secondsOf(nanos: bigint): number {
  return Number(nanos / NANOS);
}

function isU32(seconds: number): boolean {
  return seconds >= 0 && seconds <= SECONDS_MAX;
}

/** Position behind the last byte that is not zero. */
function endOfContent(bytes: Uint8Array): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}

function jobOf(record: BinlogRecord, known: LoadedJob | undefined): LoadedJob {
  const { id, pri, delayNanos, ttrNanos, createdMicros, dueMicros } = record;
  const isWhole = record.tube !== undefined;
  return {
    id: Number(id),
    tube: record.tube ?? known?.tube ?? new Uint8Array(0),
    body: isWhole ? record.body : (known?.body ?? record.body),
    state: STATES.get(record.state) ?? STATE_READY,
    pri,
    delaySeconds: secondsOf(delayNanos),
    ttrSeconds: Math.max(1, secondsOf(ttrNanos)), // as the server: a job has at least a second
    createdMicros,
    dueMicros: STATES.get(record.state) === STATE_DELAYED ? dueMicros : 0,
  };
}

/** The record at `at`; undefined if none stands there. */
function readRecord(bytes: Uint8Array, view: DataView, at: number): BinlogRecord | undefined {
  if (at + 4 + STRUCT_BYTES > bytes.length) return undefined;
  const nameBytes = view.getInt32(at, true);
  const from = at + 4 + nameBytes;
  if (nameBytes < 0 || from + STRUCT_BYTES > bytes.length) return undefined;
  const id = view.getBigUint64(from, true);
  const state = view.getUint8(from + 76);
  const bodyBytes = view.getInt32(from + 32, true);
  const isState = state === INVALID ? nameBytes === 0 : STATES.has(state);
  if (id === 0n || bodyBytes < LINE_END_BYTES || !isState) return undefined;
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
    delayNanos: view.getBigInt64(from + 16, true),
    ttrNanos: view.getBigInt64(from + 24, true),
    createdMicros: Number(view.getBigInt64(from + 40, true) / 1000n),
    dueMicros: Number(view.getBigInt64(from + 48, true) / 1000n),
  };
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
  if (nameBytes <= 0 || nameBytes > TUBE_NAME_MAX) return nameBytes === 0 && bytes.length - at < 84;
  const from = at + 4 + nameBytes;
  if (end <= from) return true;
  if (from + STRUCT_BYTES > bytes.length) return true;
  const isStruct = view.getBigUint64(from, true) !== 0n && STATES.has(view.getUint8(from + 76));
  return isStruct && end < from + STRUCT_BYTES + view.getInt32(from + 32, true);
}
