/* Desk: what a command may touch: the shards, the time of its turn, the buffer that its reply goes
 * into, the input slots, ids, limits, counters and the journal's state.
 *
 * There is one for each thread that runs sessions, and it lies below them: it knows no session.
 * Whose turn it is, and when one begins and ends, is the host's to say (host.ts). Invariant: what
 * it says lies in a shard's input slot lies there; whoever brings something else there does so
 * through it. Used by the sessions and their commands, and by whoever looks at the shards beside
 * them.
 */

import * as C from "../../assembly/constants.ts";
import type { Control } from "../text/control.ts";
import type { Shard } from "../engine/shard.ts";
import { shardOfTube } from "../engine/shards.ts";
import type { Wakes } from "../engine/wakes.ts";
import { Command } from "../protocol/line.ts";
import { REPLY } from "../protocol/replies.ts";
import type { CopyBytes } from "../runtime.ts";
import type { Common } from "../engine/common.ts";
import type { ServerFacts } from "./facts.ts";
import type { LongCommand } from "./long-command.ts";
import { Output } from "./output.ts";
import { RoomQueue } from "./room-queue.ts";
import type { SessionJournal } from "./session-journal.ts";

/** A tube that is put to, or where a job goes. */
export interface PutTube {
  readonly shard: Shard;
  /** Address of the tube in its shard. */
  readonly tube: number;
}

/** What bounds a session. */
export interface SessionLimits {
  readonly maxJobBytes: number;
  readonly maxFailureBytes: number;
  readonly maxBatchBytes: number;
  readonly maxResultBytes: number;
  /** Of all results that are kept. */
  readonly maxResultsBytes: number;
  readonly maxTubes: number;
  readonly maxWatch: number;
  readonly maxOutputBytes: number;
  readonly commandsPerTurn: number;
}

/** What a desk is made of. */
export interface DeskParts {
  readonly shards: readonly Shard[];
  readonly common: Common;
  readonly threadIndex: number;
  readonly limits: SessionLimits;
  readonly control: Control;
  readonly facts: ServerFacts;
  /** Runs something after other connections have had their turn. */
  readonly later: (run: () => void) => void;
  /** Fills bytes with what nobody can guess. */
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** Tells the operator of something that changed; absent if nobody listens. */
  readonly announce?: (message: string) => void;
  /** The fastest way that the runtime has to copy bytes; if absent, a portable one. */
  readonly copy?: CopyBytes;
  /** Absent without a journal. */
  readonly journal?: SessionJournal;
}

/** Ids whose shard is remembered; a power of two. */
const HINTS = 8192;
/**
 * Up to so many bytes are copied by hand: 16 bytes take 33 ns, the least that the runtime's own
 * copy takes.
 */
const COPY_BY_HAND_BYTES = 16;
/** Where `stageName` brings numbers: behind the longest name. */
const STAGED_NUMBERS = 256;
const DEFAULT_NAME = new TextEncoder().encode("default");

/** What the commands of one thread work with. */
export class Desk {
  readonly shards: readonly Shard[];
  readonly common: Common;
  readonly thread: number;
  readonly limits: SessionLimits;
  readonly control: Control;
  readonly facts: ServerFacts;
  readonly later: (run: () => void) => void;
  readonly announce: (message: string) => void;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly output: Output;
  readonly journal: SessionJournal | undefined;
  readonly isOnlyShard: boolean;
  /** The grants that this thread has made in any shard. */
  readonly wakes: Wakes;
  /** Those that wait for room in the journal's rings. */
  readonly room: RoomQueue;
  /** Scratch of the session that runs. */
  readonly command = new Command();
  readonly counters: Float64Array;
  /** Whether what runs is counted; observers are nobody, so nothing of theirs is. */
  isCounting = true;
  /** The time of the turn that runs, in microseconds. */
  now = 0;
  /** When a wrong token was told of last, and how many were not since. */
  readonly wrongTokens = { toldMicros: -Infinity, untold: 0 };
  /** The tokens that sessions were asked for; absent where nobody wants to know. */
  tokens: Set<Uint8Array> | undefined;
  /** What the reply that was just made still needs to be sent, for its session to take. */
  rest: LongCommand | undefined;
  /** Long bodies of which a part has been sent; counted by themselves. */
  bodiesUnderWay = 0;

  readonly #chance = new Uint8Array(4);
  readonly #copyMany: CopyBytes;
  readonly #first: Shard;
  /** Shard of the id that last had this remainder. */
  readonly #hints = new Uint8Array(HINTS);
  readonly #mask: number;
  /* What of the running turn's input lies in each shard's input slot. */
  #stagedBytes: (Uint8Array | undefined)[];
  readonly #stagedFrom: Float64Array;
  readonly #stagedTo: Float64Array;

  constructor(parts: DeskParts) {
    const [first] = parts.shards;
    if (first === undefined) throw new RangeError("a server has at least one shard");
    this.shards = parts.shards;
    this.common = parts.common;
    this.thread = parts.threadIndex;
    this.limits = parts.limits;
    this.control = parts.control;
    this.facts = parts.facts;
    this.later = parts.later;
    this.random = parts.random;
    this.announce = parts.announce ?? (() => undefined);
    this.output = new Output(parts.journal?.gate);
    this.isOnlyShard = parts.shards.length === 1;
    this.#copyMany = parts.copy ?? copyPortably;
    this.counters = parts.common.counters(parts.threadIndex);
    this.journal = parts.journal;
    this.room = new RoomQueue(parts.shards, parts.journal, parts.later);
    this.wakes = first.wakes;
    this.#first = first;
    this.#mask = parts.shards.length - 1;
    this.#stagedBytes = parts.shards.map(() => undefined);
    this.#stagedFrom = new Float64Array(parts.shards.length);
    this.#stagedTo = new Float64Array(parts.shards.length);
  }

  /** A turn begins at that time, whose input is not the last one's. */
  beginTurn(now: number): void {
    this.now = now;
    this.#unstage();
  }

  /** The rest of the reply that was just made, which is now the caller's to send. */
  takeRest(): LongCommand | undefined {
    const { rest } = this;
    this.rest = undefined;
    return rest;
  }

  /**
   * What a put gets instead of being taken; undefined when puts are taken. Drain mode may end
   * between two looks.
   */
  get putRefusal(): Uint8Array | undefined {
    if (this.common.draining) return REPLY.DRAINING;
    return this.isJournalFull ? REPLY.OUT_OF_MEMORY : undefined;
  }

  get hasJournal(): boolean {
    return this.journal !== undefined;
  }

  /** What replies wait for, ACK_*: no job can ask for more. */
  get ackLevel(): number {
    return this.journal?.level ?? C.ACK_MEMORY;
  }

  /** Whether the journal's disk has no space for what puts add. */
  get isJournalFull(): boolean {
    return this.journal?.isFull === true;
  }

  /** Nothing can be recorded: what a command would change could not be kept. */
  get isReadOnly(): boolean {
    return this.journal?.isReadOnly === true;
  }

  /** A number from 0 to 1, the latter left out, by chance. */
  chance(): number {
    this.random(this.#chance);
    return this.#chance.reduceRight((rest, byte) => (byte + rest) / 256, 0);
  }

  /** The highest id given out so far. */
  lastId(): number {
    return this.#first.lastId();
  }

  /** The next job id; 0 when there is none left. */
  nextId(): number {
    return this.#first.nextId();
  }

  /** The number of a tube that may be made now; 0 when there are as many as there may be. */
  nextTubeNumber(): number {
    let tubes = 0;
    for (const shard of this.shards) tubes += shard.tubeCount();
    return tubes < this.limits.maxTubes ? this.#first.nextNumber() : 0;
  }

  /** Counts in this thread's row, unless the session that runs is an observer's. */
  count(counter: number, by: number): void {
    if (!this.isCounting) return;
    this.counters[counter] = (this.counters[counter] ?? 0) + by;
  }

  /** The shard of the tube named bytes[start, end). */
  shardOfTube(bytes: Uint8Array, start: number, end: number): Shard {
    return this.shards[shardOfTube(bytes, start, end, this.shards.length)] ?? this.#first;
  }

  /** The shard of the tube "default", whose name is now in that shard's input slot, at 0. */
  stageDefault(): Shard {
    const shard = this.shardOfTube(DEFAULT_NAME, 0, DEFAULT_NAME.length);
    this.#stagedBytes[shard.index] = undefined;
    shard.input.set(DEFAULT_NAME);
    return shard;
  }

  /**
   * The name that the command has in its line, as bytes of its own. Input may be a Buffer, of which
   * `slice` is a view of memory that the transport goes on using.
   */
  copyName(line: Uint8Array): Uint8Array {
    const { nameStart, nameEnd } = this.command;
    return new Uint8Array(line.subarray(nameStart, nameEnd));
  }

  /**
   * Brings a name, which is not of the running turn's input, to the beginning of the shard's input
   * slot; returns where `numbers` are.
   */
  stageName(shard: Shard, name: Uint8Array, numbers: ArrayLike<number> = []): number {
    this.#stagedBytes[shard.index] = undefined;
    shard.input.set(name);
    const { buffer, byteOffset } = shard.input;
    new Float64Array(buffer, byteOffset + STAGED_NUMBERS, numbers.length).set(numbers);
    return STAGED_NUMBERS;
  }

  /** The tube of that name, made if need be, and used; undefined where it cannot be made. */
  useTube(name: Uint8Array): PutTube | undefined {
    const shard = this.shardOfTube(name, 0, name.length);
    this.stageName(shard, name);
    if (shard.useTube(0, name.length, this.nextTubeNumber()) !== C.DONE) return undefined;
    return { shard, tube: shard.address() };
  }

  /** Remembers where job `id` is. */
  hint(id: number, shard: Shard): void {
    this.#hints[id & (HINTS - 1)] = shard.index;
  }

  /**
   * The shard that `has` job `id`. One that goes to another shard meanwhile may have been in
   * neither when they were asked: then all are asked again.
   */
  seekJob(id: number, has: (shard: Shard) => boolean): Shard | undefined {
    const likely = this.likelyShard(id);
    for (;;) {
      const { moves } = this.common;
      if (has(likely)) return likely;
      for (const shard of this.shards) if (shard !== likely && has(shard)) return shard;
      if (this.common.moves === moves) return undefined;
    }
  }

  /** The shard of the job, whose result area shows it as `statsJob` does. */
  shardOfJob(id: number): Shard | undefined {
    return this.seekJob(id, (shard) => shard.statsJob(id, this.now) === C.DONE);
  }

  /** The shard to ask first for job `id`. */
  likelyShard(id: number): Shard {
    return this.shards[(this.#hints[id & (HINTS - 1)] ?? 0) & this.#mask] ?? this.#first;
  }

  /**
   * Brings bytes[from, to), at most INPUT_BYTES, into the shard's input slot and returns where they
   * are. What follows them in `bytes` up to `end` is brought along: one copy serves all commands of
   * a chunk.
   */
  stage(shard: Shard, bytes: Uint8Array, from: number, to: number, end: number): number {
    const index = shard.index;
    const base = this.#stagedFrom[index] ?? 0;
    const isThere =
      this.#stagedBytes[index] === bytes && from >= base && to <= (this.#stagedTo[index] ?? 0);
    if (isThere) return from - base;
    const until = Math.min(end, from + C.INPUT_BYTES);
    this.#copy(bytes, from, until, shard.input, 0);
    this.#stagedBytes[index] = bytes;
    this.#stagedFrom[index] = from;
    this.#stagedTo[index] = until;
    return 0;
  }

  /**
   * Fills `body` with that of job `id`, which is held and begins in the output slot; false if the
   * job has gone meanwhile.
   */
  copyBody(shard: Shard, id: number, body: Uint8Array): boolean {
    let done = Math.min(body.length, C.OUTPUT_BYTES);
    this.#copy(shard.output, 0, done, body, 0);
    while (done < body.length && shard.readBody(id, done) === C.DONE) {
      const count = shard.field(C.RESULT_COUNT);
      this.#copy(shard.output, 0, count, body, done);
      done += count;
    }
    return done === body.length;
  }

  /** What is not of the turn's input comes into the input slot. */
  giveUpInput(shard: Shard): void {
    this.#stagedBytes[shard.index] = undefined;
  }

  /** Copies the beginning of the output slot to `target`, as much as fits there. */
  copyOutput(shard: Shard, target: Uint8Array): void {
    this.#copy(shard.output, 0, target.length, target, 0);
  }

  /** Adds `count` bytes of replies that stand in the output slot. */
  writeReplies(shard: Shard, count: number): void {
    const { output } = this;
    output.room(count);
    this.#copy(shard.output, 0, count, output.bytes, output.at);
    output.at += count;
  }

  /**
   * Adds the body of job `id`, whose beginning is in the output slot, and a CRLF; false when the
   * job went away before its end.
   */
  writeBody(shard: Shard, id: number, bodyBytes: number): boolean {
    const { output } = this;
    output.room(bodyBytes + 2);
    let done = Math.min(bodyBytes, C.OUTPUT_BYTES);
    this.#copy(shard.output, 0, done, output.bytes, output.at);
    while (done < bodyBytes) {
      if (shard.readBody(id, done) !== C.DONE) return false;
      const count = shard.field(C.RESULT_COUNT);
      this.#copy(shard.output, 0, count, output.bytes, output.at + done);
      done += count;
    }
    const end = output.at + bodyBytes;
    output.bytes[end] = 13;
    output.bytes[end + 1] = 10;
    output.at = end + 2;
    return true;
  }

  /**
   * Forgets what lies in the input slots: the memory that the input is in may hold other bytes from
   * now on.
   */
  #unstage(): void {
    this.#stagedBytes.fill(undefined);
  }

  #copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
    if (end - start > COPY_BY_HAND_BYTES) {
      this.#copyMany(from, start, end, to, at);
      return;
    }
    for (let index = start; index < end; index++) to[at + index - start] = from[index] ?? 0;
  }

  /** The first of `count` ids that are this thread's to use; 0 when there are not so many left. */
  takeIds(count: number): number {
    return this.#first.takeIds(count);
  }

  /** The ids from `first` to `last` were not used. */
  giveBackIds(first: number, last: number): void {
    if (first <= last) this.#first.giveBackIds(first, last);
  }
}

function copyPortably(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  to.set(from.subarray(start, end), at);
}
