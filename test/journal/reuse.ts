/* Reuse: a file that was a segment becomes one again, and the power goes while a frame is written
 * over what the earlier use left there: the header of the frame comes through, its records do not,
 * and in their place stand sound records of the earlier use. None of them counts. Used by
 * recovery.test.ts and mutants.ts.
 */
import * as C from "../../assembly/constants.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { FRAME_BYTES, segmentName } from "../../src/journal/format.ts";
import type { JournalShard } from "../../src/journal/journal-shard.ts";
import { LedgerError } from "./ledger.ts";
import { comingBytesOf, Machine } from "./machine.ts";
import { Crash, NO_FAULTS, SimulatedDisk } from "./simulated-disk.ts";
import { ownCode } from "./code.ts";
import type { Code } from "./code.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

const BODY_BYTES = 400;
const TUBE = Buffer.from("default");
const SECTION_BYTES = 16;
const PUTS_MAX = 20_000;
/**
 * What the disk has space for: too few for a spare to be made of zeros while there is a segment
 * that could become one.
 */
const FILES = 3;
/** Jobs that exist at a time: few enough for segments to be emptied, and reused, soon. */
const JOBS = 50;

/** A server with one shard and one tube. */
class Server {
  readonly #code: Code;
  readonly disk: SimulatedDisk;
  readonly #machine: Machine;
  readonly #shards: readonly JournalShard[];
  #tube = 0;
  #conn = 0;

  constructor(code: Code, disk: SimulatedDisk) {
    this.#code = code;
    this.disk = disk;
    this.#machine = new Machine(code.module, 1);
    this.#machine.reset(0, false);
    this.#shards = this.#machine.journalShards(code.JournalShard);
  }

  recover(): ReturnType<Code["recover"]> {
    const shards = this.#shards;
    const { checksum } = this.#machine;
    const rest = { now: 0, strict: true, progress: () => undefined };
    return this.#code.recover({ storage: this.disk, shards, checksum, ...rest });
  }

  begin(random: (below: number) => number): InstanceType<Code["Journal"]> {
    const { checksum } = this.#machine;
    const recovered = this.recover();
    const journal = new this.#code.Journal({
      storage: this.disk,
      shards: this.#shards,
      options: {
        level: "sync",
        intervalMillis: 50,
        segmentBytes: SEGMENT_BYTES,
        comingBytes: comingBytesOf(1),
      },
      checksum,
      state: new this.#code.CommitState(),
      monotonicMillis: () => performance.now(),
      wallMicros: () => 0,
      random: () => random(0x1_0000_0000),
      publish: () => undefined,
      ...recovered,
    });
    const { shard } = this;
    shard.openConn(0);
    this.#conn = shard.field(C.RESULT_REF);
    shard.input.set(TUBE);
    shard.useTube(0, TUBE.length, 1);
    this.#tube = shard.field(C.RESULT_REF);
    return journal;
  }

  get shard(): Machine["shards"][number] {
    const [shard] = this.#machine.shards;
    if (shard === undefined) throw new RangeError("a machine has a shard");
    return shard;
  }

  /** Puts a job that is as long as all others; returns its id. */
  put(): number {
    const id = this.shard.nextId();
    this.shard.put(this.#tube, id, 0, 0, 60, 0, BODY_BYTES, 0);
    return id;
  }

  delete(id: number): void {
    this.shard.deleteJob(this.#conn, id, 0);
  }

  has(id: number): boolean {
    return this.shard.statsJob(id, 0) === C.DONE;
  }
}

/** Throws a LedgerError when a record of an earlier use counts. */
export function tearOverEarlierUse(seed: number, code = ownCode()): void {
  const random = randomFrom(seed);
  const disk = new SimulatedDisk(random, code.StorageError);
  disk.faults = { ...NO_FAULTS, capacity: FILES * SEGMENT_BYTES };
  const server = new Server(code, disk);
  const journal = server.begin(random);
  const ids: number[] = [];
  for (let puts = 0; puts < PUTS_MAX; puts++) {
    // A random number, or frames might fall between those of the earlier use for ever.
    for (let left = random(3); left > 0 && ids.length > JOBS; left--)
      server.delete(ids.shift() ?? 0);
    journal.commit();
    for (let left = 10; left > 0 && journal.maintain(); left--);
    const id = server.put();
    const stale = commitAndTear(disk, journal, id, ids);
    if (stale !== undefined) return judge(code, disk, ids, stale);
    ids.push(id);
  }
  throw new LedgerError("no record was ever written where one of an earlier use stood");
}

/**
 * Commits the put of job `id`. If its record comes to lie where one of a job stood that is gone
 * now, the power goes before it is synced: returns that job's id.
 */
function commitAndTear(
  disk: SimulatedDisk,
  journal: InstanceType<Code["Journal"]>,
  id: number,
  ids: readonly number[],
): number | undefined {
  const name = segmentName(journal.figures.currentSegment);
  const before = Buffer.from(disk.seen(name));
  let stale: number | undefined;
  disk.onCall = (kind) => {
    const from = kind === "sync" ? putAt(disk.seen(name), before) : -1;
    if (from < 0 || idAt(disk.seen(name), from) !== id || ids.includes(idAt(before, from))) return;
    stale = idAt(before, from);
    disk.image(name).set(before.subarray(from, from + before.readUInt32LE(from)), from);
    throw new Crash("the power went");
  };
  try {
    journal.commit();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  }
  disk.onCall = () => undefined;
  return stale;
}

/**
 * Where in `now`, behind the header of the first frame that was not there before, a PUT record
 * stands where one as long stood; -1 without one.
 */
function putAt(now: Uint8Array, before: Buffer): number {
  const changed = now.findIndex((byte, at) => byte !== before[at]);
  if (changed < 0) return -1;
  const from = changed - (changed % 8) + FRAME_BYTES + SECTION_BYTES;
  const kinds = [now[from + 8], before[from + 8]];
  const isSame = viewOf(now).getUint32(from, true) === before.readUInt32LE(from);
  return isSame && kinds.every((kind) => kind === C.RECORD_PUT) ? from : -1;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Id of the job of the record at `from`. */
function idAt(bytes: Uint8Array, from: number): number {
  return Number(viewOf(bytes).getBigUint64(from + 16, true));
}

/** The put whose record is torn was never answered; all others are there, and nothing else is. */
function judge(code: Code, disk: SimulatedDisk, ids: readonly number[], stale: number): void {
  const after = new Server(code, disk);
  const { report } = after.recover();
  if (after.has(stale)) throw new LedgerError(`job ${stale} is back from an earlier use`);
  const missing = ids.filter((id) => !after.has(id));
  if (missing.length > 0) throw new LedgerError(`jobs ${missing.join(", ")} are lost`);
  if (report.jobs !== ids.length) throw new LedgerError(`${report.jobs} jobs are there`);
  if (report.tornBytes === 0) throw new LedgerError("the torn frame counts");
}
