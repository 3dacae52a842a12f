/* World: a server that is its engine, its journal and its recovery, on a simulated disk, driven
 * step by step through crash after crash.
 *
 * Everything follows from the seed: the level of durability, the number of shards, which failures
 * can happen, the commands, when the committer gets its turn, and at which call of the storage the
 * machine stops, in recovery too. Commands wait for room in the ring as in the server, and their
 * replies for the position that is published. The ledger judges each recovery. Time is virtual.
 */
import { crc32 } from "node:zlib";
import * as C from "../../assembly/constants.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { shardOfTube } from "../../src/engine/shards.ts";
import type { Shard } from "../../src/engine/shard.ts";
import {
  FRAME_BYTES,
  frameHeaderBytes,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  STATEMENTS_BYTES,
} from "../../src/journal/format.ts";
import type { DurabilityLevel } from "../../src/journal/journal-parts.ts";
import { CommitState } from "../../src/journal/commit-state.ts";
import { Lead } from "../../src/journal/lead.ts";
import { Journal, NoSpaceError } from "../../src/journal/journal.ts";
import { JournalShard, PROGRESS_NUMBERS } from "../../src/journal/journal-shard.ts";
import { recover } from "../../src/journal/recovery.ts";
import type { Recovered } from "../../src/journal/recovery.ts";
import { scanSegment } from "../../src/journal/scan.ts";
import { StorageError } from "../../src/storage.ts";
import { Ledger, LedgerError } from "./ledger.ts";
import type { LedgerFailure, LedgerJob } from "./ledger.ts";
import { comingBytesOf, loadEngineModule, Machine, PART_BYTES, RESERVE_BYTES } from "./machine.ts";
import { Crash, NO_FAULTS, SimulatedDisk } from "./simulated-disk.ts";
import type { Faults } from "./simulated-disk.ts";

/** The parts of the program that a planted bug may replace. */
export interface Code {
  readonly module: WebAssembly.Module;
  readonly CommitState: typeof CommitState;
  readonly Journal: typeof Journal;
  readonly Lead: typeof Lead;
  readonly JournalShard: typeof JournalShard;
  readonly NoSpaceError: typeof NoSpaceError;
  readonly recover: typeof recover;
  readonly StorageError: typeof StorageError;
}

let own: Code | undefined;

/** The program as it stands. */
export function ownCode(): Code {
  own ??= {
    module: loadEngineModule(),
    CommitState,
    Journal,
    Lead,
    JournalShard,
    NoSpaceError,
    recover,
    StorageError,
  };
  return own;
}

/** What stays the same through the crashes of a world. */
export interface WorldOptions {
  readonly level: DurabilityLevel;
  readonly intervalMillis: number;
  readonly shards: number;
  readonly segmentBytes: number;
  readonly keepsReleases: boolean;
  /** Bodies that go to the journal in parts are put too, some longer than a ring and a segment. */
  readonly hasLongBodies: boolean;
  /** Failures come with messages; absent: they do. */
  readonly hasMessages?: boolean;
  readonly faults: Faults;
}

export const SEGMENT_BYTES = 131_072;
const SHARD_COUNTS = [1, 2, 4] as const;
const TUBES = ["default", "mails", "thumbnails", "a", "reports-of-the-night"];
const BODY_MAX = 6144;
/** Longer than a segment, and than two rings. */
const LONG_BODY_MAX = 300_000;
const LONG_BODY_MIN = 2 * PART_BYTES;
/** Long bodies that are there at a time. */
const LONG_JOBS_MAX = 3;
/** Long bodies that are coming at a time. */
const UPLOADS_MAX = 2;
const TEXT = new TextEncoder();
/** Threads that lead. */
const LEADS = 2;
const OFFSETS = 32_768;
/** What bodies are cut from. */
const NOISE = (() => {
  const random = randomFrom(7);
  return Buffer.from(Uint8Array.from({ length: LONG_BODY_MAX + OFFSETS }, () => random(256)));
})();

/** The body of a job: known from its id. */
function bodyOf(id: number, bytes: number): Buffer {
  const from = (id * 977) % OFFSETS;
  return NOISE.subarray(from, from + bytes);
}

function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Bytes of a job's PUT record and of the parts of its body. */
export function recordBytes({ tube, bodyBytes }: LedgerJob): number {
  const whole = roundUp8(80 + tube.length + bodyBytes);
  return whole <= 2 * PART_BYTES
    ? whole
    : roundUp8(80 + tube.length) + partsBytes(bodyBytes, bodyBytes);
}

/** Bytes of the PART records of a body of `bytes` of which `position` bytes came. */
function partsBytes(bytes: number, position: number): number {
  const whole = Math.floor(position / PART_BYTES) * (56 + PART_BYTES);
  const rest = position % PART_BYTES;
  return position === bytes && rest > 0 ? whole + roundUp8(56 + rest) : whole;
}

/** A body that is coming. */
interface Upload {
  readonly shard: Shard;
  readonly ref: number;
  readonly job: LedgerJob;
  position: number;
}

/** Ids of the records in a shard's ring from one position of its stream to another. */
function idsOfRecords({ ring, ringBytes }: JournalShard, from: number, to: number): number[] {
  const view = new DataView(ring.buffer, ring.byteOffset, ring.length);
  const ids: number[] = [];
  for (let at = from; at < to;) {
    const word = view.getUint32(at % ringBytes, true);
    const isRecord = (word & C.SKIP_MARK) === 0;
    if (isRecord) ids.push(Number(view.getBigUint64((at % ringBytes) + 16, true)));
    at += isRecord ? word : word & ~C.SKIP_MARK;
  }
  return ids;
}

/** Longest failure message: its record must fit the room of a command. */
const MESSAGE_MAX = 6000;
/** Bytes of a FAILURE record without name and message. */
const FAILURE_BYTES = 64;

/** A failure as the engine shows it. */
interface ObservedFailure extends LedgerFailure {
  readonly number: number;
  /** Position of its record in the stream, unless the job's own lies behind that. */
  readonly lsn: number;
}

/** A job as the engine shows it. */
interface Observed extends LedgerJob {
  readonly leftMicros: number;
  readonly ageMicros: number;
}

/** The delay of a job as recoveries may find it. */
interface Delay {
  /** When it ends by the wall clock of the server that runs; 0 when it is over. */
  end: number;
  /** Every end that the journal may have. */
  readonly ends: Set<number>;
}

/** Options and failures as a seed chooses them: swarm testing turns each kind on or off. */
export function optionsOf(random: (below: number) => number): WorldOptions {
  const odds = (of: number, rate: number): number => (random(of) === 0 ? rate : 0);
  const faults: Faults =
    random(2) === 0
      ? NO_FAULTS
      : {
          sync: odds(2, 40 + random(200)),
          dropsOnSync: random(2) === 0,
          write: odds(3, 60 + random(300)),
          shortWrite: odds(2, 3 + random(20)),
          read: odds(6, 100 + random(200)),
          shortRead: odds(3, 5),
          refusal: odds(3, 2 + random(60)),
          capacity: random(4) === 0 ? SEGMENT_BYTES * 5 + random(SEGMENT_BYTES * 8) : Infinity,
        };
  return {
    level: (["sync", "sync", "interval", "os"] as const)[random(4)] ?? "sync",
    intervalMillis: 10 + random(100),
    shards: SHARD_COUNTS[random(3)] ?? 2,
    segmentBytes: SEGMENT_BYTES,
    keepsReleases: random(2) === 0,
    hasLongBodies: random(2) === 0,
    faults,
  };
}

/** The failures of a job, in one line. */
function factsOf({ failures }: Pick<LedgerJob, "failures">): string {
  return failures.map(({ facts }) => facts).join("; ");
}

/** What a world counted. */
export interface Totals {
  crashes: number;
  powerCuts: number;
  recoveries: number;
  mutations: number;
  acknowledgedLost: number;
}

/** Machines by module and shard count, ready to be used again. */
const machines = new Map<WebAssembly.Module, Map<number, Machine>>();

function machineFor(
  module: WebAssembly.Module,
  shards: number,
  wallBase: number,
  keepsReleases: boolean,
): Machine {
  let known = machines.get(module);
  if (known === undefined) machines.set(module, (known = new Map()));
  let machine = known.get(shards);
  if (machine === undefined || !machine.reset(wallBase, keepsReleases)) {
    machine = new Machine(module, shards);
    machine.reset(wallBase, keepsReleases);
    known.set(shards, machine);
  }
  return machine;
}

/** A server on a simulated disk. */
export class World {
  disk: SimulatedDisk;
  ledger = new Ledger();
  readonly totals: Totals = {
    crashes: 0,
    powerCuts: 0,
    recoveries: 0,
    mutations: 0,
    acknowledgedLost: 0,
  };
  readonly options: WorldOptions;
  readonly #code: Code;
  readonly #random: (below: number) => number;
  #machine: Machine | undefined;
  #journal: Journal | undefined;
  /** Threads that lead commits. */
  #leads: readonly Lead[] = [];
  #journalShards: readonly JournalShard[] = [];
  /** How far their streams have come. */
  #progress: readonly Float64Array[] = [];
  readonly #conns: number[] = [];
  readonly #tubes = new Map<string, number>();
  readonly #uploads: Upload[] = [];
  #shards = 1;
  /** The wall clock at the engine's time 0. */
  #wallBase = 0;
  /** Virtual milliseconds, going on through crashes. */
  clock = 0;
  /** What the wall clock shows when `clock` is 0. */
  wallShift = 1_700_000_000_000_000;
  #bootClock = 0;
  /** When each job was put, by the wall clock. */
  readonly #born = new Map<number, number>();
  /** By job and by when it ends, as it was asked for. */
  readonly #delays = new Map<string, Delay>();
  /** The power went since the last recovery that came to its end. */
  #powerWent = false;
  /** How often the machine has started. */
  #boots = 1;
  /** How often it had when the newest segment was begun. */
  #bootOfJournal = 1;
  /** Whether the last recovery came to its end. */
  #isJudged = true;
  /** When the server ended that recovery has to follow. */
  #stoppedAt = 0;
  /** What the wall clock showed then. */
  #stoppedWall = 0;
  /**
   * Jobs that somebody held or kicked: they need not be delayed any more, whether that was recorded
   * or not.
   */
  readonly #held = new Set<number>();
  /** Somebody flipped bits: recoveries are not judged. */
  isDamaged = false;
  /** What the last recovery said. */
  lastReport: Recovered["report"] | undefined;

  constructor(random: (below: number) => number, options: WorldOptions, code: Code = ownCode()) {
    this.#random = random;
    this.options = options;
    this.#code = code;
    this.disk = new SimulatedDisk(random, code.StorageError);
    this.disk.faults = options.faults;
    this.#shards = options.shards;
    this.ledger.begin(this.#shards);
  }

  /** Another server on a copy of everything, as it is at this moment; it does not run. */
  fork(random: (below: number) => number): World {
    const fork = new World(random, this.options, this.#code);
    fork.disk = this.disk.copy(random);
    fork.ledger = this.ledger.copy();
    fork.#shards = this.#shards;
    fork.clock = this.clock;
    fork.wallShift = this.wallShift;
    for (const [id, born] of this.#born) fork.#born.set(id, born);
    for (const [key, delay] of this.#delays) {
      fork.#delays.set(key, { ...delay, ends: new Set(delay.ends) });
    }
    fork.#boots = this.#boots;
    fork.#bootOfJournal = this.#bootOfJournal;
    fork.#powerWent = this.#powerWent;
    fork.#isJudged = this.#isJudged;
    fork.#stoppedAt = this.#stoppedAt;
    fork.#stoppedWall = this.#stoppedWall;
    for (const id of this.#held) fork.#held.add(id);
    return fork;
  }

  get journal(): Journal {
    if (this.#journal === undefined) throw new Error("the server is not running");
    return this.#journal;
  }

  get machine(): Machine {
    if (this.#machine === undefined) throw new Error("the server is not running");
    return this.#machine;
  }

  get journalShards(): readonly JournalShard[] {
    return this.#journalShards;
  }

  /** The engine's clock, in microseconds. */
  get now(): number {
    return (this.clock - this.#bootClock) * 1000;
  }

  get wall(): number {
    return this.wallShift + this.clock * 1000;
  }

  get #bootId(): string {
    return this.#boots.toString(16).padStart(32, "0");
  }

  /**
   * Starts the server: recovers, judges, and begins to write. Throws what the storage throws, and a
   * LedgerError.
   */
  boot(): void {
    const recovered = this.#recover();
    recovered.unsettled?.settle(); // until then, what was found is not safe
    this.#judge(recovered);
    this.#begin(recovered);
  }

  /** Recovers and judges, no more. */
  recover(): Recovered {
    const recovered = this.#recover();
    this.#judge(recovered);
    return recovered;
  }

  #recover(): Recovered {
    this.#journal = undefined;
    this.clock += this.#random(3) === 0 ? this.#random(20_000) : 1;
    const { keepsReleases } = this.options;
    this.#bootClock = this.clock;
    const wallBase = this.wall;
    this.#wallBase = wallBase;
    const machine = machineFor(this.#code.module, this.#shards, wallBase, keepsReleases);
    this.#machine = machine;
    this.#progress = machine.shards.map(() => new Float64Array(PROGRESS_NUMBERS));
    const shards = machine.journalShards(this.#code.JournalShard, this.#progress);
    this.#journalShards = shards;
    const { checksum } = machine;
    return this.#code.recover({
      storage: this.disk,
      shards,
      checksum,
      now: 0,
      strict: !this.isDamaged, // unless bits were flipped nothing may look damaged
      bootId: this.#bootId,
      progress: () => {},
    });
  }

  #begin(recovered: Recovered): void {
    const { level, intervalMillis, segmentBytes } = this.options;
    const shards = this.#journalShards;
    const { checksum } = this.machine;
    const parts = {
      storage: this.disk,
      shards,
      options: { level, intervalMillis, segmentBytes, comingBytes: comingBytesOf(shards.length) },
      checksum,
      state: new this.#code.CommitState(),
      wallMicros: () => this.wall,
      monotonicMillis: () => this.clock,
      publish: (shard: number, position: number) =>
        this.ledger.published(shard, position, this.clock),
    };
    this.#journal = new this.#code.Journal({
      ...parts,
      bootId: this.#bootId,
      random: () => this.#random(0x1_0000_0000),
      segments: recovered.segments,
      unreadableSegments: recovered.unreadableSegments,
      nextSegment: recovered.nextSegment,
      nextFrame: recovered.nextFrame,
      newestEnd: recovered.newestEnd,
    });
    this.#leads = Array.from({ length: LEADS }, () => {
      const shared = this.machine.journalShards(this.#code.JournalShard, this.#progress);
      return new this.#code.Lead({ ...parts, shards: shared });
    });
    this.#bootOfJournal = this.#boots;
    this.#openSession();
  }

  #openSession(): void {
    this.#tubes.clear();
    this.#uploads.length = 0;
    this.#conns.length = 0;
    for (const shard of this.machine.shards) {
      this.#conns.push(this.#openConn(shard));
    }
    for (const name of TUBES) {
      const shard = this.#shardOf(name);
      const bytes = TEXT.encode(name);
      shard.input.set(bytes);
      const number = this.machine.shards[0]?.nextNumber() ?? 1;
      shard.useTube(0, bytes.length, number);
      this.#tubes.set(name, shard.field(C.RESULT_REF));
    }
  }

  #openConn(shard: Shard): number {
    shard.openConn(shard.index);
    const conn = shard.field(C.RESULT_REF);
    const who = TEXT.encode("10.0.0.1:".padEnd(this.#random(C.WHO_MAX), "7"));
    shard.who.set(who);
    if (who.length % 4 !== 0) shard.nameConn(conn, who.length);
    return conn;
  }

  #shardOf(tube: string): Shard {
    const bytes = TEXT.encode(tube);
    const { shards } = this.machine;
    const shard = shards[shardOfTube(bytes, 0, bytes.length, shards.length)];
    if (shard === undefined) throw new Error("no such shard");
    return shard;
  }

  /** What the engine knows of a job: checks what never changes, returns what may. */
  #observe(id: number): Observed | undefined {
    for (const shard of this.machine.shards) {
      shard.peek(id, this.now);
      const toldAt = shard.field(C.RESULT_LSN);
      shard.result[C.RESULT_LSN] = 0;
      if (shard.statsJob(id, this.now) !== C.DONE) continue;
      if (shard.field(C.RESULT_LSN) !== toldAt)
        throw new LedgerError(`job ${id} is told too early`);
      const figure = (which: number): number => shard.field(C.RESULT_STATS + which);
      const state = figure(C.JOB_STATE);
      const tube = Buffer.from(
        shard.output.subarray(0, shard.field(C.RESULT_NAME_BYTES)),
      ).toString();
      const job = {
        id,
        tube,
        pri: figure(C.JOB_PRI),
        ttrSeconds: figure(C.JOB_TTR_SECONDS),
        delaySeconds: figure(C.JOB_DELAY_SECONDS),
        isBuried: state === C.STATE_BURIED,
        due: state === C.STATE_DELAYED ? 1 : 0,
        leftMicros: figure(C.JOB_LEFT_MICROS),
        ageMicros: figure(C.JOB_AGE_MICROS),
      };
      shard.peek(id, this.now);
      const bodyBytes = shard.field(C.RESULT_BODY_BYTES);
      this.#checkBody(shard, id, bodyBytes);
      return { ...job, bodyBytes, failures: this.#failuresOf(shard, id) };
    }
    return undefined;
  }

  /** Compares a body, whose beginning is in the output slot. */
  #checkBody(shard: Shard, id: number, bytes: number): void {
    const body = bodyOf(id, bytes);
    for (let at = 0; at < bytes; at += C.OUTPUT_BYTES) {
      if (at > 0) shard.readBody(id, at);
      const piece = body.subarray(at, at + C.OUTPUT_BYTES);
      if (piece.equals(shard.output.subarray(0, piece.length))) continue;
      throw new LedgerError(`job ${id} came back with another body`);
    }
  }

  /** The failures that a job of that shard keeps, oldest first. */
  #failuresOf(shard: Shard, id: number): readonly ObservedFailure[] {
    const found: ObservedFailure[] = [];
    for (;;) {
      if (shard.nextFailure(id, found.at(-1)?.number ?? 0, this.now) !== C.DONE) return found;
      const shown = (which: number): number => shard.field(C.RESULT_STATS + which);
      const whoBytes = shard.field(C.RESULT_NAME_BYTES);
      const textBytes = whoBytes + shard.field(C.RESULT_COUNT);
      const text = Buffer.from(shard.output.subarray(0, textBytes)); // messages are shorter than an output slot
      const number = shown(C.FAILURE_NUMBER);
      const at = this.#wallBase + shown(C.FAILURE_AT_MICROS);
      const figures = [number, shown(C.FAILURE_ATTEMPT), shown(C.FAILURE_END), at];
      found.push({
        number,
        facts: [...figures, whoBytes, shown(C.FAILURE_MESSAGE_BYTES), crc32(text)].join(" "),
        recordBytes: (FAILURE_BYTES + textBytes + 7) & ~7,
        lsn: shard.field(C.RESULT_LSN),
      });
    }
  }

  #judge(recovered: Recovered): void {
    const { report } = recovered;
    this.lastReport = report;
    if (this.isDamaged) return;
    if (report.damagedBytes > 0) throw new LedgerError("what was torn was taken for damage");
    const observed = new Map<number, Observed | undefined>();
    const find = (id: number): Observed | undefined => {
      if (!observed.has(id)) observed.set(id, this.#observe(id));
      return observed.get(id);
    };
    const lost = this.ledger.judge({ find }, (ackedAt) => this.#isPromised(ackedAt));
    this.totals.acknowledgedLost += lost;
    this.totals.recoveries++;
    this.#powerWent = false;
    this.#isJudged = true;
    for (const job of this.ledger.jobs.values()) this.#compare(job, find(job.id));
    if (report.jobs !== this.ledger.jobs.size) {
      const size = this.ledger.jobs.size;
      throw new LedgerError(`${report.jobs} jobs came back, not ${size}: ${this.#strangers()}`);
    }
    if (this.totals.recoveries % 3 === 0) this.machine.verify();
    this.ledger.begin(this.#shards);
    this.#judgeIds();
  }

  /** No id is given again that anybody was told; and none is passed over without need. */
  #judgeIds(): void {
    const { ledger } = this;
    const lastId = this.machine.shards[0]?.lastId() ?? 0;
    if (lastId < ledger.toldId) {
      throw new LedgerError(`ids go on behind ${lastId}, but ${ledger.toldId} was told`);
    }
    const mustGoOn = this.#boots === this.#bootOfJournal || this.options.level === "sync";
    if (mustGoOn && lastId > ledger.highestId) {
      throw new LedgerError(
        `ids go on behind ${lastId}, though none above ${ledger.highestId} was`,
      );
    }
    ledger.highestId = lastId;
  }

  /** Ids of jobs that no ledger knows any more. */
  #strangers(): string {
    const ids: number[] = [];
    for (let id = this.ledger.highestId; id > 0 && ids.length < 5; id--) {
      if (!this.ledger.jobs.has(id) && this.#observe(id) !== undefined) ids.push(id);
    }
    return `${ids.join(", ")} should not be there`;
  }

  /** What is not as the ledger has it: jobs that are lost, altered or back. */
  harm(): readonly string[] {
    const harmed: string[] = [];
    let there = 0;
    for (const job of this.ledger.jobs.values()) {
      const found = this.#observe(job.id);
      if (found === undefined) harmed.push(`${job.id} is lost`);
      else {
        there++;
        const { pri, isBuried, tube, bodyBytes, ttrSeconds } = job;
        const isSame =
          found.pri === pri &&
          found.isBuried === isBuried &&
          found.tube === tube &&
          found.bodyBytes === bodyBytes &&
          factsOf(found) === factsOf(job) &&
          found.ttrSeconds === ttrSeconds;
        if (!isSame) harmed.push(`${job.id} is altered`);
      }
    }
    for (let back = (this.lastReport?.jobs ?? 0) - there; back > 0; back--) {
      harmed.push("a job came back");
    }
    return harmed;
  }

  #isPromised(ackedAt: number): boolean {
    const { level, intervalMillis } = this.options;
    if (!this.#powerWent || level === "sync") return true;
    return level === "interval" && this.#stoppedAt - ackedAt > intervalMillis;
  }

  #compare(job: LedgerJob, found: Observed | undefined): void {
    if (found === undefined) throw new LedgerError(`job ${job.id} is lost`);
    if (
      found.tube !== job.tube ||
      found.ttrSeconds !== job.ttrSeconds ||
      found.bodyBytes !== job.bodyBytes
    ) {
      throw new LedgerError(`job ${job.id} came back altered`);
    }
    const born = this.#born.get(job.id) ?? 0;
    if (found.ageMicros !== this.wall - born) {
      throw new LedgerError(`job ${job.id} is ${found.ageMicros} us old`);
    }
    this.#compareDelay(job, found.leftMicros);
  }

  /**
   * What is left of a delay is what the wall clock says, and never more than was asked for. Once
   * the clock has jumped there is more than one answer: the journal has the end that it had before,
   * or, if the job was written again since, the one that came of the last recovery.
   */
  #compareDelay(job: LedgerJob, leftMicros: number): void {
    const key = `${job.id} until ${job.due}`;
    const delay = this.#delays.get(key) ?? { end: job.due, ends: new Set([job.due]) };
    if (delay.end <= this.#stoppedWall) delay.ends.add(0);
    const asked = job.delaySeconds * 1_000_000;
    const lefts = [...delay.ends].map((end) => Math.max(0, Math.min(end - this.wall, asked)));
    const isHeld = leftMicros === 0 && this.#held.has(job.id);
    if (!isHeld && !lefts.some((left) => Math.abs(leftMicros - left) <= 1)) {
      throw new LedgerError(
        `job ${job.id} is delayed for ${leftMicros} us, not ${lefts.join(" or ")}`,
      );
    }
    delay.end = leftMicros === 0 ? 0 : this.wall + leftMicros;
    delay.ends.add(delay.end);
    this.#delays.set(key, delay);
  }

  /** The wall clock jumps. */
  jumpWall(byMicros: number): void {
    this.wallShift += byMicros;
  }

  /** Another number of shards from the next start on. */
  reshard(): void {
    this.#shards = SHARD_COUNTS[this.#random(3)] ?? 2;
  }

  /* Steps. */

  /**
   * Somebody commits: the committer, or a thread that leads, which may leave it to the committer.
   */
  commit(): void {
    const lead = this.#leads[this.#random(1 + LEADS)];
    if (lead?.commit() === "published") return;
    this.journal.commit();
  }

  /** Whether every ring has room for a command; the server holds commands back until then. */
  hasRoom(): boolean {
    return this.#journalShards.every(
      ({ head, written, ringBytes }) => ringBytes - (head - written) >= RESERVE_BYTES,
    );
  }

  /** Lets virtual time pass; the timer of level interval rings as it does in the server. */
  pass(millis: number): void {
    const end = this.clock + millis;
    while (this.clock < end) {
      const due = Math.max(1, this.journal.syncDueMillis); // a timer that should have rung does not stop the clock
      this.clock = Math.min(end, this.clock + due);
      this.journal.syncIfDue();
    }
    for (const shard of this.machine.shards) {
      while (shard.tick(this.now) === C.MORE);
      this.#noteFailures(shard);
    }
  }

  /**
   * Some attempts in that shard ended by themselves: what the engine kept of them is in the
   * journal, one after the other.
   */
  #noteFailures(shard: Shard): void {
    const noted = [...this.ledger.jobs.values()]
      .filter((job) => this.#held.has(job.id) && this.#shardOf(job.tube) === shard)
      .flatMap((job) => {
        const kept = this.#failuresOf(shard, job.id);
        const last = kept.at(-1);
        return last === undefined || factsOf({ failures: kept }) === factsOf(job)
          ? []
          : [{ id: job.id, kept, lsn: last.lsn }];
      });
    for (const { id, kept, lsn } of noted.toSorted((a, b) => a.lsn - b.lsn)) {
      const job = this.ledger.jobs.get(id);
      if (job === undefined) continue;
      this.totals.mutations++;
      this.ledger.changed(shard.index, lsn, [[id, { ...job, failures: kept }]]);
    }
  }

  /** The worker of one shard goes, and another one comes. */
  leave(): void {
    const shard = this.machine.shards[this.#random(this.machine.shards.length)];
    if (shard === undefined) return;
    while (shard.closeConn(this.#connOf(shard), this.now) === C.MORE);
    this.#conns[shard.index] = this.#openConn(shard);
    this.#noteFailures(shard);
  }

  /**
   * Bytes of records that the frames to come may have in the present segment: what the journal
   * keeps free behind them is left out.
   */
  roomInSegment(): number {
    const { currentSegment } = this.journal.figures;
    const bytes = this.disk.seen(segmentName(currentSegment));
    const header = readSegmentHeader(bytes, this.machine.checksum);
    const end = scanSegment(bytes, header?.salt ?? 0, this.machine.checksum).at(-1)?.to;
    const kept = frameHeaderBytes(64) + FRAME_BYTES + STATEMENTS_BYTES;
    return bytes.length - (end ?? SEGMENT_HEADER_BYTES) - kept;
  }

  #anyJob(): LedgerJob | undefined {
    const { jobs } = this.ledger;
    if (jobs.size === 0) return undefined;
    let at = this.#random(jobs.size);
    for (const job of jobs.values()) if (at-- === 0) return job;
    return undefined;
  }

  /** The job that was put last, of those that are there. */
  newestJob(): LedgerJob | undefined {
    return [...this.ledger.jobs.values()].at(-1);
  }

  /** Runs one command, chosen at random; returns whether there was room for it. */
  command(): boolean {
    if (!this.hasRoom()) return false;
    if (this.options.hasLongBodies && this.#random(6) === 0) {
      this.#goOnUploading();
      return true;
    }
    const choice = this.#random(this.ledger.jobs.size > 60 ? 24 : 17);
    if (choice < 7) {
      if (!this.journal.isFull) this.put();
      return true;
    }
    const job = this.#anyJob();
    if (job === undefined) return true;
    if (choice === 16 && this.#random(4) === 0) this.flush(job.tube);
    else if (choice < 10 || choice >= 16) this.delete(job);
    else if (choice < 12) this.bury(job);
    else if (choice < 13) this.kickJob(job);
    else if (choice < 14) this.reserveJob(job);
    else if (choice < 15) this.release(job);
    else if (this.#random(3) === 0) this.leave();
    else this.kick(job.tube);
    return true;
  }

  /** A new job, as it is to be. */
  #newJob(bodyBytes: number, delaySeconds: number): LedgerJob {
    const tube = TUBES[this.#random(TUBES.length)] ?? "default";
    const id = this.machine.shards[0]?.nextId() ?? 0;
    this.ledger.gaveOut(id);
    const pri = this.#random(4) === 0 ? this.#random(0xffff_ffff) : this.#random(4);
    const ttrSeconds = 1 + this.#random(100);
    const due = delaySeconds === 0 ? 0 : this.wall + delaySeconds * 1_000_000;
    const job = { id, tube, pri, ttrSeconds, delaySeconds, bodyBytes, isBuried: false, due };
    return { ...job, failures: [] };
  }

  put(bodyBytes = this.#bodyBytes(), delaySeconds = this.#delaySeconds()): number {
    const job = this.#newJob(bodyBytes, delaySeconds);
    const { id, tube, pri, ttrSeconds } = job;
    const shard = this.#shardOf(tube);
    shard.input.set(bodyOf(id, bodyBytes));
    if (
      shard.put(
        this.#tubes.get(tube) ?? 0,
        id,
        pri,
        delaySeconds,
        ttrSeconds,
        0,
        bodyBytes,
        this.now,
      ) !== C.DONE
    )
      return 0; // no memory
    this.#born.set(id, this.wall);
    this.#changed(shard, [[id, job]]);
    return id;
  }

  /* Long bodies: begun, a few bytes now and then, finished or given up. */

  /** Puts a job with a long body, waiting for room as often as it takes. */
  putLong(bodyBytes: number): void {
    const upload = this.beginUpload(bodyBytes, 0);
    if (upload === undefined) return;
    while (upload.position < bodyBytes && this.upload(upload, 30_000));
    this.finish(upload);
  }

  #goOnUploading(): void {
    const long = [...this.ledger.jobs.values()].filter((job) => job.bodyBytes > BODY_MAX);
    const uploads = this.#uploads;
    const upload = uploads[this.#random(UPLOADS_MAX)];
    if (upload === undefined) {
      if (uploads.length + long.length >= LONG_JOBS_MAX || this.journal.isFull) return;
      const bytes = this.#random(this.#random(3) === 0 ? LONG_BODY_MAX : 40_000);
      this.beginUpload(Math.max(LONG_BODY_MIN, bytes), this.#delaySeconds());
    } else if (this.#random(15) === 0) this.dropUpload(upload);
    else if (upload.position === upload.job.bodyBytes) this.finish(upload);
    else this.upload(upload, 1 + this.#random(50_000));
  }

  beginUpload(bodyBytes: number, delaySeconds: number): Upload | undefined {
    const job = this.#newJob(bodyBytes, delaySeconds);
    const shard = this.#shardOf(job.tube);
    if (shard.openUpload(bodyBytes) !== C.DONE) return undefined;
    const ref = shard.field(C.RESULT_REF);
    const tube = this.#tubes.get(job.tube) ?? 0;
    const upload = { shard, ref, job, position: 0 };
    if (shard.recordUpload(ref, tube, job.id) !== C.DONE) {
      shard.dropUpload(ref);
      return undefined;
    }
    this.#uploads.push(upload);
    return upload;
  }

  /** The body that began to come first, of those that are coming. */
  get firstUpload(): Upload | undefined {
    return this.#uploads[0];
  }

  /**
   * The next `most` bytes of a body at most; false when it was given up, for want of memory or of
   * space.
   */
  upload(upload: Upload, most: number): boolean {
    const { shard, ref, job } = upload;
    const piece = bodyOf(job.id, job.bodyBytes).subarray(upload.position, upload.position + most);
    for (let done = 0; done < piece.length;) {
      const rest = piece.length - done;
      shard.input.set(piece); // anew: here the journal reads segments into the same thread's slot when it makes room
      const answer = shard.appendUpload(ref, upload.position, done, rest);
      done += shard.field(C.RESULT_COUNT);
      upload.position += shard.field(C.RESULT_COUNT);
      if (answer === C.MORE) this.#makeRoom();
      if (answer === C.OUT_OF_MEMORY || this.journal.isFull) {
        this.dropUpload(upload);
        return false;
      }
    }
    return true;
  }

  dropUpload(upload: Upload): void {
    if (!this.hasRoom()) this.#makeRoom();
    this.#uploads.splice(this.#uploads.indexOf(upload), 1);
    upload.shard.dropUpload(upload.ref);
  }

  /** Makes a job of a body that has come to its end. */
  finish(upload: Upload): void {
    const { shard, ref, job, position } = upload;
    if (position < job.bodyBytes) return; // it was given up
    if (!this.hasRoom()) this.#makeRoom();
    this.#uploads.splice(this.#uploads.indexOf(upload), 1);
    const { id, tube, pri, delaySeconds, ttrSeconds } = job;
    const to = this.#tubes.get(tube) ?? 0;
    shard.commitUpload(ref, to, id, pri, delaySeconds, ttrSeconds, this.now);
    const due = delaySeconds === 0 ? 0 : this.wall + delaySeconds * 1_000_000;
    this.#born.set(id, this.wall);
    this.#changed(shard, [[id, { ...job, due }]]);
  }

  #bodyBytes(): number {
    const size = this.#random(8);
    if (size < 4) return this.#random(120);
    if (size < 6) return this.#random(1000);
    return size < 7 ? this.#random(BODY_MAX) : 3900 + this.#random(200);
  }

  #delaySeconds(): number {
    return this.#random(4) === 0 ? 1 + this.#random(60) : 0;
  }

  #changed(
    shard: Shard,
    changes: readonly (readonly [number, LedgerJob | undefined])[],
    lsn = shard.field(C.RESULT_LSN),
  ): void {
    this.totals.mutations++;
    this.ledger.changed(shard.index, lsn, changes);
  }

  #connOf(shard: Shard): number {
    return this.#conns[shard.index] ?? 0;
  }

  /**
   * Reserves a job, unless it is held already, and returns what the ledger has of it then: that it
   * was taken out of the delayed or buried ones must survive.
   */
  reserveJob(job: LedgerJob): LedgerJob {
    const shard = this.#shardOf(job.tube);
    shard.statsJob(job.id, this.now);
    const state = shard.field(C.RESULT_STATS + C.JOB_STATE);
    this.#held.add(job.id);
    if (state === C.STATE_RESERVED) return job;
    if (shard.reserveJob(this.#connOf(shard), job.id, this.now) !== C.RESERVED)
      throw new LedgerError(`job ${job.id} cannot be taken`);
    if (state === C.STATE_READY) return job;
    const taken = { ...job, isBuried: false, due: 0 };
    this.#changed(shard, [[job.id, taken]]);
    return taken;
  }

  delete(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    if (this.#random(2) === 0) this.reserveJob(job);
    if (shard.deleteJob(this.#connOf(shard), job.id, this.now) !== C.DONE)
      throw new LedgerError(`job ${job.id} cannot be deleted`);
    this.#changed(shard, [[job.id, undefined]]);
  }

  bury(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    const held = this.reserveJob(job);
    const pri = this.#random(2000);
    const failure = this.#openFailure(shard);
    if (shard.bury(this.#connOf(shard), job.id, pri, failure, this.now) !== C.DONE)
      throw new LedgerError(`job ${job.id} cannot be buried`);
    const lsn = shard.field(C.RESULT_LSN);
    const failed = this.#failed(shard, held, lsn);
    this.#changed(shard, [[job.id, { ...failed, pri, isBuried: true, due: 0 }]], lsn);
  }

  release(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    const held = this.reserveJob(job);
    // Without the option a release need not survive: then it changes nothing that is compared.
    const { keepsReleases } = this.options;
    const pri = keepsReleases ? this.#random(2000) : job.pri;
    const delaySeconds = keepsReleases ? this.#delaySeconds() : job.delaySeconds;
    if (!keepsReleases && delaySeconds !== 0) return;
    const conn = this.#connOf(shard);
    const failure = this.#openFailure(shard);
    if (shard.release(conn, job.id, pri, delaySeconds, failure, this.now) !== C.DONE)
      throw new LedgerError(`job ${job.id} cannot be released`);
    const replyLsn = shard.field(C.RESULT_LSN);
    const lsn = replyLsn === 0 ? (this.#failuresOf(shard, job.id).at(-1)?.lsn ?? 0) : replyLsn;
    const failed = this.#failed(shard, held, lsn);
    if (!keepsReleases) return;
    const due = delaySeconds === 0 ? 0 : this.wall + delaySeconds * 1_000_000;
    this.#changed(shard, [[job.id, { ...failed, pri, delaySeconds, due }]], lsn);
  }

  /**
   * What the holder says about a failure, every other time; 0 when nothing, or when there is no
   * memory.
   */
  #openFailure(shard: Shard): number {
    if (this.options.hasMessages === false || this.#random(2) === 0) return 0;
    const bytes = this.#random(this.#random(3) === 0 ? MESSAGE_MAX : 200);
    if (shard.openFailure(this.#connOf(shard), bytes) !== C.DONE) return 0;
    const failure = shard.field(C.RESULT_REF);
    shard.input.set(NOISE.subarray(bytes, 2 * bytes));
    if (shard.appendFailure(failure, 0, 0, bytes) === C.DONE) return failure;
    shard.dropFailure(failure);
    return 0;
  }

  /**
   * The job as it is known once a command at `lsn` has ended an attempt, whose record stands in
   * front of whatever else that did.
   */
  #failed(shard: Shard, job: LedgerJob, lsn: number): LedgerJob {
    const failed = { ...job, failures: this.#failuresOf(shard, job.id) };
    this.#changed(shard, [[job.id, failed]], lsn);
    return failed;
  }

  kickJob(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    if (shard.kickJob(job.id, this.now) !== C.DONE) return;
    this.#held.add(job.id);
    this.#changed(shard, [[job.id, { ...job, isBuried: false, due: 0 }]]);
  }

  /**
   * Kicks a few jobs of a tube. Each has a record of its own, and a crash may come between two of
   * them, where a segment ends: so each is a mutation, in the order of the records, and all are
   * acknowledged with the last.
   */
  kick(tube: string, bound = 1 + this.#random(4)): void {
    const shard = this.#shardOf(tube);
    const journalShard = this.#journalShards[shard.index];
    const from = journalShard?.head ?? 0;
    shard.kick(this.#tubes.get(tube) ?? 0, bound, C.KIND_ANY, this.now);
    const lsn = shard.field(C.RESULT_LSN);
    const kicked = shard.field(C.RESULT_COUNT);
    if (kicked === 0 || journalShard === undefined) return;
    const ids = idsOfRecords(journalShard, from, lsn);
    if (ids.length !== kicked) throw new LedgerError(`${kicked} kicked, ${ids.length} recorded`);
    for (const id of ids) {
      const job = this.ledger.jobs.get(id);
      if (job?.tube !== tube) throw new LedgerError(`job ${id} is not one to be kicked`);
      this.#held.add(id);
      this.totals.mutations++;
      this.ledger.changed(shard.index, lsn, [[id, { ...job, isBuried: false, due: 0 }]]);
    }
  }

  /**
   * Deletes what nobody holds of a tube and was put before a certain moment. As with `kick`, each
   * job has a record of its own.
   */
  flush(tube: string, last = this.ledger.highestId - this.#random(8)): void {
    const shard = this.#shardOf(tube);
    const journalShard = this.#journalShards[shard.index];
    const from = journalShard?.head ?? 0;
    shard.input.set(TEXT.encode(tube));
    const upTo = Math.max(0, last);
    const answer = shard.flushTube(0, tube.length, C.KIND_BURIED, 0, 0, upTo, this.now);
    if (answer !== C.DONE) throw new LedgerError(`${tube} cannot be flushed`);
    const lsn = shard.field(C.RESULT_LSN);
    const ids = journalShard === undefined ? [] : idsOfRecords(journalShard, from, lsn);
    const flushed = shard.field(C.RESULT_COUNT);
    if (ids.length !== flushed) throw new LedgerError(`${flushed} flushed, ${ids.length} recorded`);
    for (const id of ids) {
      const job = this.ledger.jobs.get(id);
      if (job?.tube !== tube || id > last) throw new LedgerError(`job ${id} is not to be flushed`);
      this.totals.mutations++;
      this.ledger.changed(shard.index, lsn, [[id, undefined]]);
    }
  }

  /** One step, chosen at random. */
  step(): void {
    const choice = this.#random(20);
    if (choice < 13) {
      for (let left = this.#random(6); left >= 0; left--) if (!this.command()) this.#makeRoom();
    } else if (choice < 17) this.commit();
    else if (choice < 19)
      for (let left = this.#random(8); left >= 0; left--) this.journal.maintain();
    else this.pass(this.#random(4) === 0 ? this.#random(8000) : this.#random(100));
  }

  /**
   * Commands wait: the committer writes, reclaims, and as a last resort somebody deletes a file
   * elsewhere.
   */
  #makeRoom(): void {
    this.commit();
    for (let left = 0; left < 200 && !this.hasRoom(); left++) {
      this.journal.maintain();
      this.commit();
    }
    if (!this.hasRoom()) this.freeSpace();
  }

  /** Someone makes space on the disk. */
  freeSpace(): void {
    this.disk.faults = { ...this.disk.faults, capacity: this.disk.bytes + 3 * SEGMENT_BYTES };
  }

  /** Checks every invariant of the engine, and what is counted once all is written. */
  checkCounts(): void {
    this.machine.verify();
    this.commit();
    this.machine.verify();
    if (!this.#journalShards.every(({ head, written }) => head === written)) return; // no space
    let least = 0;
    for (const job of this.ledger.jobs.values()) {
      least += recordBytes(job);
      for (const failure of job.failures) least += failure.recordBytes;
    }
    for (const { job, position } of this.#uploads) least += partsBytes(job.bodyBytes, position);
    const most = least + this.ledger.jobs.size * 56;
    const { liveBytes } = this.journal.figures;
    if (liveBytes < least || liveBytes > most) {
      throw new LedgerError(`${liveBytes} bytes count as live, not ${least} to ${most}`);
    }
  }

  /** The machine stops: the power goes, or only the process. */
  crash(isPowerCut: boolean, survives?: (index: number) => boolean | "torn"): void {
    this.totals.crashes++;
    if (this.#isJudged) {
      this.#stoppedAt = this.clock;
      this.#stoppedWall = this.wall;
    }
    this.#isJudged = false;
    this.#journal = undefined;
    if (isPowerCut) {
      this.totals.powerCuts++;
      this.#powerWent = true;
      this.#boots++;
      this.disk.cutPower(survives);
    } else this.disk.stopProcess();
  }

  /**
   * Whether an error is one that ends the process in an orderly way: the machine stopped, or the
   * storage failed.
   */
  isEnd(error: unknown): boolean {
    return (
      error instanceof Crash ||
      error instanceof this.#code.StorageError ||
      error instanceof this.#code.NoSpaceError
    );
  }

  /** From now on the machine stops at the call that comes after `calls` others. */
  crashAfter(calls: number): void {
    const at = this.disk.calls + calls;
    this.disk.onCall = () => {
      if (this.disk.calls > at) throw new Crash("the machine stopped");
    };
  }
}
