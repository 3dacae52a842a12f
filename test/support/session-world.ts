/* World: session hosts on shards of their own, with tests in the place of threads, transports and
 * clock.
 *
 * One SessionHost stands for one thread. Nothing happens by itself: an End hands its input over
 * when told to, threads that somebody woke and what was put off wait until `settle` or until a test
 * lets them go on one by one, and time stands still but for `advance`. The engine's runs can be
 * switched off, here and not in the server: then each command goes through the session's own
 * parser.
 */
import { readFileSync } from "node:fs";
import * as C from "../../assembly/constants.ts";
import { loadBuiltControl } from "../text/load-control.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { pageCounts } from "../../src/engine/page-budget.ts";
import { keepFailures, makeShards, openShards, shardOfTube } from "../../src/engine/shards.ts";
import type { ShardMemories } from "../../src/engine/shards.ts";
import { Common, COUNTER_ACCEPTED } from "../../src/engine/common.ts";
import { Gate } from "../../src/session/gate.ts";
import type { SafePositions } from "../../src/session/gate.ts";
import { SessionHost } from "../../src/session/host.ts";
import type { TokenBook } from "../../src/session/token-book.ts";
import type { SessionJournal, ShownFigures } from "../../src/session/session-journal.ts";
import type { SessionLimits } from "../../src/session/desk.ts";
import type { Door } from "../../src/runtime.ts";
import type { Inlet, Outlet } from "../../src/transport.ts";
import { webSocketDoor } from "../../src/transports/web-socket-door.ts";
import { EngineShard } from "../engine/engine.ts";
import { loadVerifyModule } from "../engine/verify-build.ts";
import { FramingClient } from "../websocket/framing-client.ts";
import { NO_PROCESS } from "./no-process.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { PLAIN_VOICE } from "./voice.ts";
import type { Voice } from "./voice.ts";

const BUILD = new URL("../../build/", import.meta.url);
const ENGINE = new WebAssembly.Module(readFileSync(new URL("engine.wasm", BUILD)));
const CONTROL = await loadBuiltControl();
const AMPLE_BYTES = 1_073_741_824;
/** More rounds without time passing than any test needs: something runs in circles. */
const ROUNDS_MAX = 100_000;
const WEB_SOCKETS = { wsOrigins: [], wsMessageBytes: 2 ** 31, wsIdleMillis: Infinity };
const NAMES = new TextEncoder();
const PAGES_MAX = 65536;
/** The wall clock's milliseconds at the beginning of every world: two worlds tell one time. */
const WALL_MILLIS = Date.UTC(2026, 0, 1);

/** Microseconds of a second. */
export const SECOND = 1_000_000;

/** The limits of a world that is told no others: a server's defaults. */
export const LIMITS: SessionLimits = {
  maxJobBytes: 65_535,
  maxFailureBytes: 65_536,
  maxBatchBytes: 16_777_216,
  maxResultBytes: 1_048_576,
  maxResultsBytes: 67_108_864,
  maxTubes: 100_000,
  maxWatch: 10_000,
  maxOutputBytes: 1_048_576,
  commandsPerTurn: 1024,
};

const NO_FIGURES: ShownFigures = {
  oldestSegment: 0,
  currentSegment: 0,
  segments: 0,
  bytes: 0,
  liveBytes: 0,
  syncs: 0,
  lastSyncMillis: 0,
  oldestUnsyncedMillis: 0,
};

/** What a world is made of. */
export interface WorldOptions {
  readonly threads?: number;
  readonly shards?: number;
  /**
   * Pages beside the threads' areas that each shard has for tables, records and bodies; if absent,
   * plenty.
   */
  readonly sparePages?: number;
  /** With sparePages: pages beside them for what must not be refused; if absent, none. */
  readonly vitalPages?: number;
  /**
   * With sparePages: the memories cannot grow at all, so that even what must not be refused finds
   * nothing.
   */
  readonly cannotGrow?: boolean;
  readonly limits?: Partial<SessionLimits>;
  /** Failures that a job keeps; if absent, what the engine keeps by itself. */
  readonly failuresKept?: number;
  /** False: the engine's runs take no command, so every command is the session's. */
  readonly runs?: boolean;
  /** The tokens that clients show; if absent, they may do everything. */
  readonly tokens?: TokenBook;
  /**
   * What the sessions have to do with a journal, or what makes that for each thread, whose gates
   * know nothing of one another; if absent, there is none.
   */
  readonly journal?: SessionJournal | (() => SessionJournal);
  /**
   * Bytes of a ring for records in each shard, which somebody takes out: then the engine writes
   * records, and there is one thread more, without sessions, for whoever does. If absent, none.
   */
  readonly ringBytes?: number;
  /**
   * Called when nothing more happens by itself; true if it has begun something, as a transport does
   * that hands over what waits with it.
   */
  readonly idle?: () => boolean;
}

/**
 * A journal that says up to where its streams are `safe`, has space, and lets nobody wait for room,
 * but for what `other` says.
 */
export function journalThat(
  safe: SafePositions,
  other: Partial<SessionJournal> = {},
): SessionJournal {
  return {
    gate: new Gate(safe, C.SHARDS_MAX, 3),
    level: C.ACK_SYNC,
    resultBytesMax: C.RESULT_BYTES_MAX,
    isFull: false,
    isReadOnly: false,
    awaitsRoom: () => undefined,
    wantsBodies: () => undefined,
    figures: () => NO_FIGURES,
    helpToRecover: () => undefined,
    onCommitted: () => undefined,
    woken: () => undefined,
    ...other,
  };
}

/** A journal that is safe up to what `safe` says of each shard, which may change. */
export function journalSafeTo(safe: readonly number[]): SessionJournal {
  return journalThat({ safePosition: (shard) => safe[shard] ?? 0, held: () => undefined });
}

function journalOf(journal: SessionJournal | (() => SessionJournal)): SessionJournal {
  return typeof journal === "function" ? journal() : journal;
}

/** A server of which every part waits for the test. */
export class World {
  readonly hosts: readonly SessionHost[];
  /** Each thread's handles on the shards. */
  readonly shards: readonly (readonly Shard[])[];
  readonly common: Common;
  readonly memories: ShardMemories;
  nowMicros = 0;
  /** Bytes that runs took, in all threads. */
  bytesRun = 0;
  /** What the operator was told. */
  readonly announced: string[] = [];
  readonly #verifiers: readonly EngineShard[];
  readonly #later: (() => void)[] = [];
  readonly #idle: () => boolean;
  #woken = 0;
  #drawn = 0;

  constructor(options: WorldOptions = {}) {
    const { threads = 1, shards = 1, limits = {} } = options;
    const made = makeMemories(options, shards, threads);
    this.memories = made;
    if (options.failuresKept !== undefined) keepFailures(made, options.failuresKept);
    this.#idle = options.idle ?? (() => false);
    const { buffer } = Common.create(threads, threads, 0, 0, WALL_MILLIS);
    this.common = new Common(buffer, (low) => {
      this.#woken |= low;
    });
    this.#verifiers = made.memories.map((memory) => new EngineShard(loadVerifyModule(), memory, 1));
    this.shards = Array.from({ length: threads }, (_, thread) =>
      openShards(made, thread).map((shard) => this.#watchRuns(shard, options.runs ?? true)),
    );
    this.hosts = this.shards.map(
      (own, threadIndex) =>
        new SessionHost({
          shards: own,
          common: this.common,
          threadIndex,
          clock: () => this.nowMicros,
          limits: { ...LIMITS, ...limits },
          control: CONTROL,
          facts: NO_PROCESS,
          later: (run) => this.#later.push(run),
          random: (bytes) => this.#draw(bytes),
          announce: (message) => void this.announced.push(message),
          ...(options.journal && { journal: journalOf(options.journal) }),
          tokens: options.tokens,
        }),
    );
  }

  /** Tokens that differ, and are the same in each world. */
  #draw(bytes: Uint8Array): void {
    bytes.fill(0xe0);
    bytes[0] = ++this.#drawn;
  }

  /**
   * Counts what the runs of `shard` take, or has them take nothing: then they still tell what is to
   * be told, when they would.
   */
  #watchRuns(shard: Shard, runs: boolean): Shard {
    const inner = shard.run.bind(shard);
    const run: Shard["run"] = (conn, tube, flags, bodyMax, offset, bytes, most, ...others) => {
      const commands = runs ? most : 0;
      const answer = inner(conn, tube, flags, bodyMax, offset, bytes, commands, ...others);
      this.bytesRun += shard.field(C.RESULT_COUNT);
      return answer;
    };
    return Object.assign(shard, { run });
  }

  /** How many batches the runs have carried out. */
  get batchesRun(): number {
    const threads = this.shards.length;
    const [own = []] = this.shards;
    return own.reduce((sum, shard) => sum + shard.commandCount(C.COUNT_BATCH, threads), 0);
  }

  /** The host of one thread. */
  host(thread = 0): SessionHost {
    const host = this.hosts[thread];
    if (host === undefined) throw new RangeError(`there is no thread ${thread}`);
    return host;
  }

  /** A new connection to a thread, of a client that is called that, if it has a name. */
  connect(thread = 0, peer?: string): End {
    return new End(this, this.door(thread), PLAIN_VOICE, peer);
  }

  /** A WebSocket to the first thread, whose client frames as that seed has it. */
  connectFramed(seed: number): End {
    return new End(this, this.webSocketDoor(0), new FramingClient(seed));
  }

  /**
   * What WebSockets to a thread come by. Nobody is asked whether he is there: hours pass at once
   * here, in which nobody could answer. What silence does is websocket/connection.test.ts's.
   */
  webSocketDoor(thread: number): Door {
    return webSocketDoor(this.door(thread), WEB_SOCKETS, new VirtualClock());
  }

  /** What each thread's transport opens its sessions by: one for WebSockets, or as it is. */
  doors(areForWebSockets: boolean): readonly Door[] {
    return this.hosts.map((_, thread) =>
      areForWebSockets ? this.webSocketDoor(thread) : this.door(thread),
    );
  }

  /** What a transport of that thread opens its sessions by. */
  door(thread: number): Door {
    const host = this.host(thread);
    return {
      admit: () => {
        const counters = this.common.counters(thread);
        counters[COUNTER_ACCEPTED] = (counters[COUNTER_ACCEPTED] ?? 0) + 1;
        return this.common.admitConnection(Infinity);
      },
      open: (outlet, token) => host.open(outlet, token),
      knows: (token) => host.knows(token),
      left: () => this.common.releaseConnection(),
      troubled: (message) => void this.announced.push(message),
    };
  }

  /** Runs something after what is under way. */
  later(run: () => void): void {
    this.#later.push(run);
  }

  /** Whether something was put off. */
  get hasLater(): boolean {
    return this.#later.length > 0;
  }

  /** Does the first thing that was put off. */
  goOn(): void {
    this.#later.shift()?.();
  }

  /** Whether a thread was woken and did not look yet. */
  isWoken(thread: number): boolean {
    return ((this.#woken >>> thread) & 1) === 1;
  }

  /** Has a thread look for what it was woken for. */
  wake(thread: number): void {
    this.#woken &= ~(1 << thread);
    this.host(thread).wake();
  }

  /** Lets everything happen that needs no time to pass. */
  settle(): void {
    for (let round = 0; this.hasLater || this.#woken !== 0 || this.#idle(); round += 1) {
      if (round === ROUNDS_MAX) throw new Error("the sessions run in circles");
      if (this.hasLater) this.goOn();
      else if (this.#woken !== 0) this.wake(31 - Math.clz32(this.#woken & -this.#woken));
    }
  }

  /** Lets time pass, stopping at each moment at which something is due. */
  advance(micros: number): void {
    const end = this.nowMicros + micros;
    for (let round = 0; ; round += 1) {
      const due = Math.min(...this.hosts.map((host) => host.nextDueMicros()));
      if (due > end) break;
      if (round === ROUNDS_MAX) throw new Error("something stays due");
      this.nowMicros = Math.max(this.nowMicros, due);
      for (const host of this.hosts) if (host.nextDueMicros() <= this.nowMicros) host.tick();
      this.settle();
    }
    this.nowMicros = end;
    this.settle();
  }

  /** Walks every shard; throws with the name of an invariant that does not hold. */
  verify(): void {
    for (const verifier of this.#verifiers) verifier.verify();
  }

  /** The highest id given out. */
  lastId(): number {
    return this.shards[0]?.[0]?.lastId() ?? 0;
  }
}

/** A name of a tube of that shard, of `shards`. */
export function tubeIn(shard: number, shards: number, prefix = "tube"): string {
  for (let number = 0; ; number += 1) {
    const name = `${prefix}${number}`;
    const bytes = NAMES.encode(name);
    if (shardOfTube(bytes, 0, bytes.length, shards) === shard) return name;
  }
}

function makeMemories(options: WorldOptions, shards: number, threads: number): ShardMemories {
  const { sparePages, ringBytes = 0 } = options;
  const all = ringBytes === 0 ? threads : threads + 1;
  const memoryBytes = sparePages === undefined ? AMPLE_BYTES : 0;
  const made = makeShards(ENGINE, shards, all, memoryBytes, ringBytes);
  return sparePages === undefined ? made : shrink(made, sparePages, options);
}

/** Shards as makeShards makes them, but with few pages. */
function shrink(like: ShardMemories, sparePages: number, options: WorldOptions): ShardMemories {
  const { vitalPages = 0, cannotGrow = false } = options;
  const { ringBytes } = like;
  const journal = ringBytes === 0 ? 0 : C.JOURNAL_BYTES + ringBytes;
  const areas = (C.THREADS_BASE + like.threads * C.THREAD_BYTES + journal) / C.PAGE_BYTES;
  const pages = areas + sparePages + vitalPages;
  const initial = Math.max((like.memories[0]?.buffer.byteLength ?? 0) / C.PAGE_BYTES, pages);
  const maximum = cannotGrow ? initial : PAGES_MAX;
  const memories = like.memories.map(
    () => new WebAssembly.Memory({ initial, maximum, shared: true }),
  );
  const made = { ...like, memories, pagesLeft: pageCounts(0, 0) };
  const opened = openShards(made, 0);
  for (const shard of opened) shard.open(shard.index, like.threads, ringBytes, pages, sparePages);
  const name = NAMES.encode("default");
  const shard = opened[shardOfTube(name, 0, name.length, memories.length)];
  shard?.input.set(name);
  shard?.pinTube(0, name.length, opened[0]?.nextNumber() ?? 1);
  return made;
}

/** One connection: the client and the transport in one. */
export class End implements Outlet {
  backlogBytes = 0;
  /** False: what is written stays with the transport, until `read`. */
  reads = true;
  /** True: the transport says of each write that it still uses the memory. */
  keeps = false;
  isPaused = false;
  /** The session has asked for the connection to be closed. */
  isClosed = false;
  /** The views that were written, not copied, while `keeps`. */
  readonly kept: Uint8Array[] = [];
  writes = 0;
  readonly peer: string | undefined;
  readonly #world: World;
  readonly #door: Door;
  readonly #voice: Voice;
  readonly #inlet: Inlet;
  #received: Buffer[] = [];
  #isGone = false;

  constructor(world: World, door: Door, voice: Voice, peer?: string) {
    this.peer = peer;
    this.#world = world;
    this.#door = door;
    this.#voice = voice;
    door.admit();
    this.#inlet = door.open(this);
    this.#deliver(voice.greet());
  }

  /* The client's side. */

  /** Hands input over in one buffer, which is overwritten afterwards, as a transport's is. */
  say(input: string | Uint8Array): this {
    this.#deliver(this.#voice.say(Buffer.from(input)));
    return this;
  }

  #deliver(pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      if (this.#isGone) return;
      this.#inlet.receive(piece);
      piece.fill("!");
    }
  }

  /** Hands over input that lies in a buffer which others use too. */
  receive(bytes: Uint8Array): void {
    this.#inlet.receive(bytes);
  }

  /** What came since the last time. */
  heard(): string {
    const text = Buffer.concat(this.#received).toString("latin1");
    this.#received = [];
    return text;
  }

  /** As `say`, then lets everything happen, then `heard`. */
  ask(input: string | Uint8Array): string {
    this.say(input);
    this.#world.settle();
    return this.heard();
  }

  /** Takes what the transport holds. */
  read(): void {
    this.backlogBytes = 0;
    if (!this.#isGone) this.#inlet.drained();
  }

  /** Says that nothing more will be sent. */
  shutdown(): void {
    if (!this.#isGone) this.#inlet.ended();
  }

  /** The connection is gone. */
  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#door.left();
    this.#inlet.closed();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /* The session's side. */

  write(bytes: Uint8Array): boolean {
    this.writes += 1;
    const { data, answers } = this.#voice.hear(bytes);
    this.#received.push(data);
    if (answers.length > 0) this.#world.later(() => this.#deliver(answers));
    if (!this.reads) this.backlogBytes += bytes.length;
    if (this.keeps) this.kept.push(bytes);
    return this.keeps;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  // A transport closes when its buffers are empty, not at once.
  close(): void {
    this.isClosed = true;
    this.#world.later(() => this.drop());
  }
}
