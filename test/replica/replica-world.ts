/* Replica world: a server that keeps a copy of its journal in a remote log, with two machines that
 * it may run on, driven step by step through crashes and take-overs.
 *
 * Everything follows from the seed: who leads next, what the remote does with each call, when it
 * does it, and where machines stop. A machine that stopped may only have been paused: what it was
 * about to send it sends later, and nothing of that may count. Replies wait for the remote, those
 * about jobs of some tubes for this disk alone; what these told has to be there if the same machine
 * goes on. In some worlds all wait for the disk, and the same machine always does. The ledger
 * judges each recovery, and at the end what an empty machine gets of the log.
 */
import * as C from "../../assembly/constants.ts";
import { COPY_LAG_BYTES_MAX } from "../../src/broker/copying.ts";
import type { MirroredStorage } from "../../src/journal/mirrored-storage.ts";
import type { RemoteLog, RemoteOperation } from "../../src/remote-log.ts";
import type { TakenOver } from "../../src/journal/take-over.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { ownCode } from "../journal/code.ts";
import { LedgerError } from "../journal/ledger.ts";
import { Crash, NO_FAULTS, SimulatedDisk } from "../journal/simulated-disk.ts";
import { World } from "../journal/world.ts";
import { optionsOf } from "../journal/world-options.ts";
import type { WorldOptions } from "../journal/world-options.ts";
import { OWN } from "./replica-code.ts";
import type { ReplicaCode } from "./replica-code.ts";
import { SimulatedRemote } from "./simulated-remote.ts";

/** Leaders that one seed sees. */
const LEADERS = 12;
/** Turns that the remote may take for one thing. */
const PATIENCE = 20_000;
const WRITE_BYTES = 1_048_576;

/** What a seed found wrong. */
class ReplicaFailure extends Error {
  override readonly name = "ReplicaFailure";
  readonly code = "HM_TEST_REPLICA";
}

/** What many seeds came to. */
export interface ReplicaTotals {
  takeOvers: number;
  /** By another machine than the last. */
  failovers: number;
  /** Leaders that learned from the fence that they lead no more. */
  fenced: number;
  mutations: number;
}

/** Positions that are safe once so many operations are in the log. */
interface Note {
  readonly operations: number;
  readonly positions: readonly number[];
}

/** One leader: what it is to send, and what may be said once that is there. */
class Leading {
  readonly storage: MirroredStorage;
  readonly #code: ReplicaCode;
  readonly #taken: TakenOver;
  readonly #publish: (positions: readonly number[]) => void;
  #queue: RemoteOperation[] = [];
  #given = 0;
  #shipped = 0;
  #notes: Note[] = [];
  readonly positions: number[] = [];
  /** What has to be in the log before ids may be told that it may lack; undefined: not known. */
  #aheadAt: number | undefined;
  #isShipping = false;
  error: unknown;

  constructor(
    code: ReplicaCode,
    disk: SimulatedDisk,
    taken: TakenOver,
    publish: (positions: readonly number[]) => void,
  ) {
    this.#code = code;
    this.#taken = taken;
    this.#publish = publish;
    this.storage = new code.MirroredStorage(disk, (operations) => {
      this.#given += operations.length;
      this.#queue.push(...operations);
    });
  }

  /** Whether the log knows how far ids may have been told ahead, once something says that. */
  knowsAhead(isAheadWritten: boolean): boolean {
    if (!isAheadWritten) return false;
    if (this.storage.isClean) this.#aheadAt ??= this.#given;
    return this.#shipped >= (this.#aheadAt ?? Infinity);
  }

  /** Sends what there is, unless something is on its way. */
  pump(): void {
    const last = this.#notes.at(-1);
    const isSaid = last?.positions.every((position, at) => position === this.positions[at]);
    if (this.storage.isClean && isSaid !== true) {
      this.#notes.push({ operations: this.#given, positions: [...this.positions] });
    }
    if (this.isIdle || this.#isShipping || this.error !== undefined) return;
    this.#isShipping = true;
    void this.#ship().catch((error: unknown) => (this.error = error));
  }

  async #ship(): Promise<void> {
    const operations = this.#queue;
    this.#queue = [];
    await this.#taken.shipping.ship(this.#code.merged(operations, WRITE_BYTES));
    this.#shipped += operations.length;
    const safe = this.#notes.filter((note) => note.operations <= this.#shipped);
    this.#notes = this.#notes.slice(safe.length);
    const last = safe.at(-1);
    if (last !== undefined) this.#publish(last.positions);
    this.#isShipping = false;
  }

  get isIdle(): boolean {
    return !this.#isShipping && this.#queue.length === 0;
  }
}

/** Who lives in a world beside its clients. */
export interface Guest {
  /** A server leads. Throws a LedgerError. */
  booted(world: World): void;
  /** What waits for that stream up to there may be answered. */
  safe(shard: number, position: number): void;
  /** Something happens. */
  step(): void;
  /** Whatever is elsewhere takes a turn. */
  advance(): Promise<void>;
  /** Throws what stopped the machine while the guest did something. */
  check(): void;
  crashed(): void;
  /** Nothing goes wrong any more: it comes to its end. */
  calm(): void;
  /** A timer rings. */
  ring(): void;
  readonly isDone: boolean;
  /** Throws a LedgerError. */
  judge(isLast: boolean): void;
}

/** A server, its two machines and its log. */
class ReplicaWorld {
  readonly totals: ReplicaTotals = { takeOvers: 0, failovers: 0, fenced: 0, mutations: 0 };
  readonly #random: (below: number) => number;
  readonly #code: ReplicaCode;
  readonly #options: WorldOptions;
  readonly #remote: SimulatedRemote;
  readonly #world: World;
  readonly #disks: readonly SimulatedDisk[];
  #machine = 0;
  #leading: Leading | undefined;
  /** Who took over last; it may have stopped since. */
  #newest: Leading | undefined;
  /** Leaders of before, who may not know yet that they are. */
  #past: Leading[] = [];
  /** Where a server ran last, and whether another machine has tried to lead since. */
  #booted = 0;
  #isElsewhere = false;
  /** Up to where the shards' streams are in the log. */
  #promised: readonly number[] = [];
  /** Whether a reply may leave that says of what it waits for less than others. */
  #mayLeave: (shard: number, said: number) => boolean = () => false;
  /** The safe position at the index that a gate has for it. */
  #safe: (at: number) => number = () => 0;
  /** Replies wait for the disk alone, and nobody else takes over. */
  readonly #isLocal: boolean;

  readonly #guest: Guest | undefined;

  constructor(seed: number, code: ReplicaCode, invite?: Invite) {
    const random = randomFrom(seed);
    this.#random = random;
    this.#code = code;
    this.#guest = invite?.(random);
    const faults = { ...NO_FAULTS, shortWrite: random(2) * 6 };
    const options = { ...optionsOf(random), faults };
    this.#isLocal = random(4) === 0;
    this.#options = this.#isLocal
      ? { ...options, level: "sync" }
      : { ...options, level: "replicated", promises: C.ACK_REPLICATED };
    this.#remote = new SimulatedRemote(random, code.RemoteError);
    this.#world = new World(random, this.#options, ownCode());
    const other = new SimulatedDisk(random);
    other.faults = faults;
    this.#disks = [this.#world.disk, other];
  }

  async run(): Promise<void> {
    while (this.totals.takeOvers < LEADERS) {
      try {
        await this.#start();
        await this.#live();
      } catch (error) {
        if (!this.#world.isEnd(error)) throw error;
      }
      this.#crash();
    }
    this.#remote.isCalm = true;
    await this.#start();
    await this.#settle();
    await this.#seeOff();
    await this.#compareWithLog();
    this.totals.mutations = this.#world.totals.mutations;
  }

  /** Somebody takes over, and recovers. */
  async #start(): Promise<void> {
    const world = this.#world;
    const before = this.#machine;
    if (!this.#isLocal) this.#machine = this.#random(2);
    this.#isElsewhere ||= this.#machine !== this.#booted;
    world.judge.keepsSynced = !this.#isElsewhere;
    world.judge.beganEpoch();
    const disk = this.#disks[this.#machine] ?? world.disk;
    world.disk = disk;
    const isHarried = !this.#remote.isCalm && this.#random(4) === 0;
    if (isHarried) world.crashAfter(this.#random(40));
    const leader = `${this.#random(1_000_000)}-${this.totals.takeOvers}`;
    const log = this.#remote.connect();
    const pause = (): Promise<void> => Promise.resolve();
    const parts = { storage: disk, log, leader, pause, breathe: pause };
    const taken = await this.#answered(this.#code.takeOver(parts));
    this.totals.takeOvers++;
    if (this.#machine !== before) this.totals.failovers++;
    const leading = new Leading(this.#code, disk, taken, (positions) => {
      const { shipped } = taken.shipping;
      const there = this.#remote.rows.get(shipped);
      if (shipped > this.#remote.last || (there !== undefined && there.epoch !== taken.epoch)) {
        throw new LedgerError("what is not in the log counts as if it were");
      }
      if (this.#newest !== leading) return; // it learns late what came before its end
      if (this.#isLocal) return;
      this.#promised = positions;
      positions.forEach((_, shard) => this.#told(shard, this.#safe(shard)));
    });
    this.#newest = leading;
    world.mirror = {
      storageOf: () => leading.storage,
      synced: (shard, position) => {
        leading.positions[shard] = position;
        if (this.#isLocal) this.#told(shard, position);
      },
      missingBytes: taken.isFetched ? COPY_LAG_BYTES_MAX : 0,
    };
    world.boot();
    this.#booted = this.#machine;
    this.#isElsewhere = false;
    this.#promised = [];
    const { progress } = world;
    const { heardOf, safePositionOf } = this.#code;
    const safe = safePositionOf((shard) => this.#promised[shard] ?? 0, progress);
    this.#safe = safe;
    this.#mayLeave = (shard, said) => {
      const heard = heardOf(said);
      return heard === undefined || heard.at <= safe(heard.kind * progress.length + shard);
    };
    world.disk.onCall = () => {};
    this.#leading = leading;
    this.#guest?.booted(world);
    if (this.#random(3) === 0) await this.#sweep(log);
  }

  /** Replies leave that wait for a shard's stream up to there. */
  #told(shard: number, position: number): void {
    this.#world.acknowledge(shard, position);
    this.#guest?.safe(shard, position);
  }

  /** The guest comes to its end, undisturbed. */
  async #seeOff(): Promise<void> {
    const guest = this.#guest;
    if (guest === undefined) return;
    guest.calm();
    const isOver = (): boolean => guest.isDone;
    for (let left = PATIENCE; left > 0 && !isOver(); left--) {
      guest.ring();
      guest.check();
      this.#world.commit();
      this.#leading?.pump();
      await this.#advance();
    }
    if (!isOver()) throw new LedgerError("a guest does not come to an end");
    await this.#settle();
  }

  /**
   * Replies leave that wait for this disk alone, once ids may be told that the log lacks; false
   * when none does.
   */
  #hear(): boolean {
    const world = this.#world;
    const { journalShards, ledger } = world;
    if (this.#isLocal) return false;
    if (this.#leading?.knowsAhead(world.isAheadWritten) === true) {
      for (const shard of journalShards) shard.tellEarly();
    }
    const heard = journalShards.filter((_, shard) => {
      world.acknowledge(shard, this.#safe(shard));
      return ledger.heard(shard, (said) => this.#mayLeave(shard, said));
    });
    return heard.length > 0;
  }

  /** Has the remote take turns until that is answered. */
  async #answered<Answer>(asked: Promise<Answer>): Promise<Answer> {
    const state = { isDone: false };
    const end = (): boolean => (state.isDone = true);
    asked.then(end, end);
    for (let left = PATIENCE; !state.isDone && left > 0; left--) await this.#advance();
    if (!state.isDone) throw new LedgerError("a take-over does not end");
    return asked;
  }

  /** The remote takes a turn, and those learn what it says who wait for it. */
  async #advance(): Promise<void> {
    await this.#remote.advance();
    await this.#guest?.advance();
    for (const past of this.#past) {
      if (past.error === undefined) past.pump();
      else this.#learned(past.error);
    }
    this.#past = this.#past.filter(({ error }) => error === undefined);
    if (this.#leading?.error !== undefined) throw this.#leading.error;
  }

  /** An old leader ends, as it should. */
  #learned(error: unknown): void {
    if (!(error instanceof this.#code.RemoteError) || error.code !== "HM_REMOTE_FENCED") {
      throw error;
    }
    this.totals.fenced++;
  }

  async #sweep(log: RemoteLog): Promise<void> {
    await this.#answered(log.sweep().catch(() => false));
  }

  async #live(): Promise<void> {
    const world = this.#world;
    const steps = 2 + this.#random(this.#random(3) === 0 ? 100 : 25);
    if (this.#random(3) > 0) world.crashAfter(this.#random(300));
    const { onCall } = world.disk;
    world.disk.onCall = (kind, name) => {
      // Other threads look at any moment; and what they then say has to be so.
      if (this.#hear() && this.#random(4) === 0) throw new Crash("right behind a reply");
      onCall(kind, name);
    };
    for (let at = 0; at < steps; at++) {
      world.step();
      this.#guest?.step();
      this.#hear();
      this.#leading?.pump();
      for (let turns = this.#random(4); turns > 0; turns--) await this.#advance();
    }
    if (this.#random(3) === 0) await this.#settle();
  }

  /** Nothing more is on its way: all that the server said is known to be there. */
  async #settle(): Promise<void> {
    const leading = this.#leading;
    if (leading === undefined) return;
    this.#world.commit();
    for (let left = PATIENCE; left > 0; left--) {
      leading.pump();
      if (leading.isIdle) return;
      await this.#advance();
    }
    throw new LedgerError("shipping does not end");
  }

  /** The machine stops, or is paused for long enough. */
  #crash(): void {
    if (this.#leading !== undefined) this.#past.push(this.#leading);
    this.#leading = undefined;
    this.#guest?.crashed();
    this.#world.crash(this.#random(2) === 0);
  }

  /** What an empty directory gets of the log is what lies here, up to what is not used yet. */
  async #compareWithLog(): Promise<void> {
    const empty = new SimulatedDisk(this.#random);
    const log = this.#remote.connect();
    const breathe = (): Promise<void> => Promise.resolve();
    await this.#answered(this.#code.fetchAll({ storage: empty, log, breathe }));
    const { disk } = this.#world;
    const isSegment = (name: string): boolean => name.startsWith("journal.");
    const here = disk.names.filter(isSegment).toSorted();
    const there = empty.names.filter(isSegment).toSorted();
    if (here.join(" ") !== there.join(" ")) {
      throw new LedgerError(`the log has ${there.join(" ")}, the disk ${here.join(" ")}`);
    }
    this.#leading = undefined;
    const world = this.#world;
    world.crash(false);
    world.mirror = undefined;
    world.disk = empty;
    world.recover();
    this.#guest?.judge(true);
  }
}

/** Has a guest live in a world. */
export type Invite = (random: (below: number) => number) => Guest;

/** Runs the world of one seed. Throws a ReplicaFailure that names it. */
export async function runReplicaSeed(
  seed: number,
  code: ReplicaCode = OWN,
  invite?: Invite,
): Promise<ReplicaTotals> {
  const world = new ReplicaWorld(seed, code, invite);
  try {
    await world.run();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new ReplicaFailure(`${what} (replay: SEED=${seed})`, { cause: error });
  }
  return world.totals;
}
