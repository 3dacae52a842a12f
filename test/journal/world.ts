/* World: a server that is its engine, its journal and its recovery, on a simulated disk, driven
 * step by step through crash after crash.
 *
 * Everything follows from the seed: the level of durability, the number of shards, which failures
 * can happen, the commands, when the committer gets its turn, and at which call of the storage the
 * machine stops, in recovery too. Commands wait for room in the ring as in the server, and their
 * replies for the position that is published. Time is virtual. The commands are those of its
 * clients (clients.ts); its judge (judge.ts) and the ledger judge each recovery.
 */
import {
  FRAME_BYTES,
  frameHeaderBytes,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  STATEMENTS_BYTES,
} from "../../src/journal/format.ts";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "../../src/engine/shard.ts";
import type { CommitState } from "../../src/journal/commit-state.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { PROGRESS_NUMBERS } from "../../src/journal/journal-shard.ts";
import type { JournalShard } from "../../src/journal/journal-shard.ts";
import type { Lead } from "../../src/journal/lead.ts";
import type { Recovered } from "../../src/journal/recovery-parts.ts";
import type { Storage } from "../../src/storage.ts";
import type { ReadBack } from "../../src/journal/read-back.ts";
import { scanSegment } from "../../src/journal/scan.ts";
import { keyRecordBytes, recordBytes, resultRecordBytes, settingsRecordBytes } from "./bodies.ts";
import { Clients } from "./clients.ts";
import { ownCode } from "./code.ts";
import type { Code } from "./code.ts";
import { harmOf, Judge } from "./judge.ts";
import type { Server, Totals } from "./judge.ts";
import { Ledger, LedgerError, isResult } from "./ledger.ts";
import { comingBytesOf, Machine, RESERVE_BYTES } from "./machine.ts";
import { Observer } from "./observer.ts";
import { Crash, SimulatedDisk } from "./simulated-disk.ts";
import type { Surroundings } from "./surroundings.ts";
import { SEGMENT_BYTES, SHARD_COUNTS } from "./world-options.ts";
import type { WorldOptions } from "./world-options.ts";

/** More than it takes to have a body read back. */
const BRING_TRIES = 100;
/** All bodies stay in memory. */
const KEEPS_ALL = { keptBytes: Infinity, broughtBytes: Infinity };
/** Threads that lead. */
const LEADS = 2;
/** Longer than the journal waits before it tries again whether a full disk has space. */
const RETRIES_MILLIS = 2000;

/** Machines by module and shard count, ready to be used again. */
const machines = new Map<WebAssembly.Module, Map<number, Machine>>();

function machineFor(
  module: WebAssembly.Module,
  shards: number,
  wallBase: number,
  { keepsReleases, promises }: WorldOptions,
): Machine {
  let known = machines.get(module);
  if (known === undefined) machines.set(module, (known = new Map()));
  let machine = known.get(shards);
  if (machine === undefined || !machine.reset(wallBase, keepsReleases, RESERVE_BYTES, promises)) {
    machine = new Machine(module, shards);
    machine.reset(wallBase, keepsReleases, RESERVE_BYTES, promises);
    known.set(shards, machine);
  }
  return machine;
}

/** Keeps a copy of what a world's journal does elsewhere, and says when it is there. */
export interface Mirror {
  /** The storage through which the server sees that disk. */
  readonly storageOf: (disk: SimulatedDisk) => Storage;
  /** A shard's stream is safe up to there on the disk. */
  readonly synced: (shard: number, position: number) => void;
  /** As in RecoveryParts. */
  readonly missingBytes: number;
}

/** A server on a simulated disk. */
export class World implements Surroundings {
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
  readonly random: (below: number) => number;
  judge: Judge;
  readonly #code: Code;
  /** If there is one, replies wait for it: it says what is published. */
  mirror: Mirror | undefined;
  #machine: Machine | undefined;
  #observer: Observer | undefined;
  #clients: Clients | undefined;
  #journal: Journal | undefined;
  #readBack: ReadBack | undefined;
  /** What the last recovery found; undefined while one is under way. */
  #recovered: Recovered | undefined;
  #state: CommitState | undefined;
  /** Threads that lead commits. */
  #leads: readonly Lead[] = [];
  journalShards: readonly JournalShard[] = [];
  /** How far their streams have come. */
  #progress: readonly Float64Array[] = [];
  #shards = 1;
  /** Up to where each shard's stream is published. */
  #safe: number[] = [];
  /** Virtual milliseconds, going on through crashes. */
  clock = 0;
  /** What the wall clock shows when `clock` is 0. */
  wallShift = 1_700_000_000_000_000;
  #bootClock = 0;
  /** Somebody flipped bits: recoveries are not judged. */
  isDamaged = false;
  /** What the last recovery said. */
  lastReport: Recovered["report"] | undefined;

  constructor(random: (below: number) => number, options: WorldOptions, code: Code = ownCode()) {
    this.random = random;
    this.options = options;
    this.#code = code;
    this.disk = new SimulatedDisk(random, code.StorageError);
    this.disk.faults = options.faults;
    this.#shards = options.shards;
    this.ledger.begin(this.#shards);
    this.judge = new Judge(options, this.ledger, this.totals);
  }

  /** Another server on a copy of everything, as it is at this moment; it does not run. */
  fork(random: (below: number) => number): World {
    const fork = new World(random, this.options, this.#code);
    fork.disk = this.disk.copy(random);
    fork.ledger = this.ledger.copy();
    fork.judge = this.judge.copy(fork.ledger, fork.totals);
    fork.#shards = this.#shards;
    fork.clock = this.clock;
    fork.wallShift = this.wallShift;
    return fork;
  }

  get journal(): Journal {
    return running(this.#journal);
  }

  get machine(): Machine {
    return running(this.#machine);
  }

  get observer(): Observer {
    return running(this.#observer);
  }

  get clients(): Clients {
    return running(this.#clients);
  }

  /** The engine's clock, in microseconds. */
  get now(): number {
    return (this.clock - this.#bootClock) * 1000;
  }

  get wall(): number {
    return this.wallShift + this.clock * 1000;
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
    this.clock += this.random(3) === 0 ? this.random(20_000) : 1;
    this.#bootClock = this.clock;
    const wallBase = this.wall;
    const machine = machineFor(this.#code.module, this.#shards, wallBase, this.options);
    this.#machine = machine;
    this.#observer = new Observer(machine, wallBase, (shard, id) => this.bring(shard, id));
    this.#clients = undefined;
    this.#progress = machine.shards.map(() => new Float64Array(PROGRESS_NUMBERS));
    const shards = machine.journalShards(this.#code.JournalShard, this.#progress);
    this.journalShards = shards;
    const { checksum } = machine;
    const { bodies = KEEPS_ALL } = this.options;
    this.#recovered = undefined;
    const saltOf = (number: number): number | undefined =>
      this.#journal?.saltOf(number) ??
      this.#recovered?.segments.find((segment) => segment.number === number)?.salt;
    const { broughtBytes } = bodies;
    this.#readBack = new this.#code.ReadBack({
      storage: this.#storage,
      shards,
      saltOf,
      broughtBytes,
    });
    const recovered = this.#code.recover({
      storage: this.#storage,
      shards,
      checksum,
      now: 0,
      strict: !this.isDamaged, // unless bits were flipped nothing may look damaged
      bootId: this.judge.bootId,
      missingBytes: this.mirror?.missingBytes ?? 0,
      bodyBytes: bodies.keptBytes,
      progress: () => {},
    });
    this.#recovered = recovered;
    return recovered;
  }

  /** Once the machine has stopped there is nothing to read from. `between`: as in ReadBack.step. */
  bring(shard: Shard, id: number, between?: () => void): void {
    if (this.#readBack === undefined) return;
    for (let tries = 0; shard.seekBody(id) === C.AWAY; tries++) {
      if (tries === BRING_TRIES) throw new LedgerError(`the body of job ${id} never comes`);
      this.#readBack.step(between);
    }
  }

  #begin(recovered: Recovered): void {
    const { level, intervalMillis, segmentBytes, bodies = KEEPS_ALL } = this.options;
    const comingBytes = comingBytesOf(this.journalShards.length);
    const shards = this.journalShards;
    const { checksum } = this.machine;
    this.#safe = [];
    const parts = {
      storage: this.#storage,
      shards,
      options: { level, intervalMillis, segmentBytes, comingBytes, bodies },
      checksum,
      state: (this.#state = new this.#code.CommitState()),
      wallMicros: () => this.wall,
      monotonicMillis: () => this.clock,
      publish: (shard: number, position: number) => {
        this.#safe[shard] = position;
        if (this.mirror === undefined) this.acknowledge(shard, position);
        else this.mirror.synced(shard, position);
      },
    };
    this.#journal = new this.#code.Journal({
      ...parts,
      bootId: this.judge.bootId,
      random: () => this.random(0x1_0000_0000),
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
    this.judge.beganJournal();
    this.#clients = new Clients(this);
  }

  /** How far the shards' streams have come. */
  get progress(): readonly Float64Array[] {
    return this.#progress;
  }

  /** Whether what was written says how far ids may have been told ahead of it. */
  get isAheadWritten(): boolean {
    return this.#state?.isAheadWritten === true;
  }

  /** Replies leave that wait for a shard's stream up to there. */
  acknowledge(shard: number, position: number): void {
    this.ledger.published(shard, position, this.clock);
  }

  get #storage(): Storage {
    return this.mirror?.storageOf(this.disk) ?? this.disk;
  }

  #judge(recovered: Recovered): void {
    this.lastReport = recovered.report;
    if (!this.isDamaged) this.judge.judge(recovered, this.#server);
  }

  /** What is not as the ledger has it: jobs that are lost, altered or back. */
  harm(): readonly string[] {
    return harmOf(this.ledger, this.#server, this.lastReport?.jobs ?? 0);
  }

  get #server(): Server {
    const { machine, observer, now, wall } = this;
    return { machine, observer, now, wall, shards: this.#shards };
  }

  /** The wall clock jumps. */
  jumpWall(byMicros: number): void {
    this.wallShift += byMicros;
  }

  /** Another number of shards from the next start on, without `shards` any. */
  reshard(shards: number = SHARD_COUNTS[this.random(3)] ?? 2): void {
    this.#shards = shards;
  }

  /**
   * Somebody commits: the committer, or a thread that leads, which may leave it to the committer.
   */
  commit(): void {
    const lead = this.#leads[this.random(1 + LEADS)];
    if (lead?.commit() === "published") return;
    this.journal.commit();
  }

  /** Whether every ring has room for a command; the server holds commands back until then. */
  hasRoom(): boolean {
    return this.journalShards.every(
      ({ head, written, ringBytes }) => ringBytes - (head - written) >= RESERVE_BYTES,
    );
  }

  isSafe(shard: Shard, lsn: number): boolean {
    return lsn <= (this.#safe[shard.index] ?? 0);
  }

  /** Lets virtual time pass; the timer of level interval rings as it does in the server. */
  pass(millis: number): void {
    const end = this.clock + millis;
    while (this.clock < end) {
      // A timer that should have rung does not stop the clock.
      const due = Math.max(1, this.journal.syncDueMillis);
      this.clock = Math.min(end, this.clock + due);
      this.journal.syncIfDue();
    }
    for (const shard of this.machine.shards) {
      while (shard.tick(this.now) === C.MORE);
      this.clients.noteFailures(shard);
    }
    this.clients.windows.tell();
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

  /** One step, chosen at random. */
  step(): void {
    const choice = this.random(20);
    if (choice < 13) {
      for (let left = this.random(6); left >= 0; left--)
        if (!this.clients.command()) this.makeRoom();
    } else if (choice < 17) this.commit();
    else if (choice < 19)
      for (let left = this.random(8); left >= 0; left--) this.journal.maintain();
    else if (this.random(3) === 0) this.hint();
    else this.pass(this.random(4) === 0 ? this.random(8000) : this.random(100));
  }

  /** Writes hints about the journal, and none about jobs: the judge knows nothing of these. */
  hint(): void {
    const hints = new this.#code.HintWriter(this.disk, [], this.machine.checksum);
    hints.begin(this.journal.safeMark);
    while (hints.isBusy) hints.step();
  }

  /**
   * Commands wait: the committer writes, reclaims, and as a last resort somebody deletes a file
   * elsewhere.
   */
  makeRoom(): void {
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

  /** The same, and the server has had the time to try again. */
  outwaitFullDisk(): void {
    this.freeSpace();
    this.clock += RETRIES_MILLIS;
  }

  /** Checks every invariant of the engine, and what is counted once all is written. */
  checkCounts(): void {
    this.machine.verify();
    this.commit();
    this.machine.verify();
    if (!this.journalShards.every(({ head, written }) => head === written)) return; // no space
    let least = 0;
    for (const job of this.ledger.jobs.values()) {
      least += recordBytes(job);
      for (const failure of job.failures) least += failure.recordBytes;
    }
    for (const [tube, settings] of this.ledger.settings) {
      least += settingsRecordBytes(tube, settings);
    }
    for (const [id, job] of this.ledger.cooldowns)
      least += isResult(id) ? resultRecordBytes(job.bodyBytes) : keyRecordBytes(job);
    least += this.clients.uploads.recordBytes;
    const most = least + this.#moreBytes();
    const { liveBytes } = this.journal.figures;
    if (liveBytes < least || liveBytes > most) {
      throw new LedgerError(`${liveBytes} bytes count as live, not ${least} to ${most}`);
    }
  }

  /**
   * Most bytes of records that jobs may have beside those that the ledger counts: a STATE of each,
   * and the header of a PART where a job with a long body was copied to be moved by a batch.
   */
  #moreBytes(): number {
    let bytes = 0;
    for (const { bodyBytes } of this.ledger.jobs.values())
      bytes += bodyBytes > C.INLINE_BODY_MAX ? 64 + L.PART_BYTES : 64;
    return bytes;
  }

  /** The machine stops: the power goes, or only the process. */
  crash(isPowerCut: boolean, survives?: (index: number) => boolean | "torn"): void {
    this.totals.crashes++;
    this.#readBack = undefined;
    if (this.#journal !== undefined)
      this.judge.sawGroups(this.ledger.jobs.values(), this.observer, this.now);
    this.judge.stopped(isPowerCut, this.clock, this.wall);
    this.#journal = undefined;
    if (isPowerCut) {
      this.totals.powerCuts++;
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

/** What only a server that runs has. */
function running<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error("the server is not running");
  return thing;
}
