/* Session: one connection's conversation: bytes in, bytes out.
 *
 * It runs one command after the other in order and writes each reply into the thread's output,
 * which leaves in one write at the end of a turn. It stops taking input while it is blocked in a
 * reserve, while the peer does not read, and when it has had its share of a turn; what arrives
 * meanwhile is kept, up to a bound, then not read.
 *
 *   receive -> EngineRun: common commands, in the engine
 *           -> LineFraming, parser -> JobCommands, TubeCommands, reserve -> output
 *           -> Putting, Failing: bodies            blocked: `granted` or `expire` goes on
 *
 * Driven by a transport (Inlet) and by its host (host.ts), which gives it its turns. Everything is
 * synchronous.
 */

import * as C from "../../assembly/constants.ts";
import { Connection } from "../engine/connection.ts";
import type { Shard } from "../engine/shard.ts";
import { asciiBytes } from "../protocol/ascii.ts";
import { CHANGES_JOBS, OP, WRITES_RECORDS } from "../protocol/commands.ts";
import { looksLikeAnotherProtocol } from "../protocol/foreign.ts";
import { parseLine } from "../protocol/line.ts";
import * as R from "../protocol/replies.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { writeJob } from "./answers.ts";
import { COUNTER_OPS, COUNTER_PRODUCERS, COUNTER_WAITING, COUNTER_WORKERS } from "./counters.ts";
import { drain, undrain } from "./draining.ts";
import { EngineRun } from "./engine-run.ts";
import { Failing } from "./failing.ts";
import { Intake } from "./intake.ts";
import { JobCommands } from "./job-commands.ts";
import * as framing from "./line-framing.ts";
import { LineFraming } from "./line-framing.ts";
import { FINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import { Putting } from "./putting.ts";
import type { Desk } from "./desk.ts";
import type { RoomWaiter } from "./room-queue.ts";
import { TubeCommands } from "./tube-commands.ts";
import type { Blocked, Turns } from "./turns.ts";
import { NAMED_MAX } from "./who-is-there.ts";
import type { ConnectionFacts } from "./who-is-there.ts";

/** Input kept for a session that cannot run; beyond it the connection is not read from. */
const PENDING_BYTES_MAX = 65_536;
const MICROS = 1_000_000;

/** One connection's conversation. */
export class Session implements Inlet, Blocked, RoomWaiter {
  readonly outlet: Outlet;
  heldBytes = 0;
  /* Place among the blocked sessions. */
  dueMicros = 0;
  heapIndex = -1;

  readonly #desk: Desk;
  readonly #turns: Turns;
  readonly #token: number;
  readonly #connection: Connection;
  readonly #tubes: TubeCommands;
  readonly #jobs: JobCommands;
  readonly #intake: Intake;
  readonly #putting: Putting;
  readonly #failing: Failing;
  readonly #framing = new LineFraming();
  readonly #engineRun: EngineRun;

  /** Input that waits for its turn. */
  readonly #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Commands that this turn may still run. */
  #share = 0;
  /** Waits in a reserve. */
  #blocked = false;
  /** Waits for the peer to read. */
  #stalled = false;
  /** Waits for the others to have their turn. */
  #yielded = false;
  /** The command that goes on in the next turns. */
  #long: LongCommand | undefined;
  /** What comes next writes into the journal's ring, which has no room. */
  #awaitsRoom = false;
  /** The transport was told to deliver nothing. */
  #paused = false;
  /** The peer will send no more. */
  #ended = false;
  /** Nothing more is to be run. */
  #closing = false;
  /** The connection is gone. */
  #gone = false;
  /** Nothing is held, watched or waited for any more. */
  #hasLeft = false;
  /** Number of the last reserve that blocked: grants name it. */
  #generation = 0;
  #isProducer = false;
  #isWorker = false;
  readonly #openedMicros: number;

  /**
   * A conversation on a new connection; `token` is what grants call it. An observer begins without
   * a tube.
   */
  constructor(desk: Desk, turns: Turns, outlet: Outlet, token: number, isObserver = false) {
    this.outlet = outlet;
    this.#desk = desk;
    this.#turns = turns;
    this.#token = token;
    this.#openedMicros = desk.now;
    this.#connection = new Connection(desk.shards, token);
    this.#tubes = new TubeCommands(desk, this.#connection, isObserver);
    this.#jobs = new JobCommands(desk, this.#connection);
    this.#intake = new Intake(desk);
    this.#putting = new Putting(desk, this.#intake);
    this.#failing = new Failing(desk, this.#connection, this.#intake);
    this.#engineRun = new EngineRun(desk, this.#connection, this.#tubes.used.shard);
    if (!isObserver && !this.#tubes.isReady) {
      this.#closing = true;
      desk.later(() => outlet.close());
    }
  }

  /** What there is to say about it. Called by the host, in a turn of nobody. */
  describe(): ConnectionFacts {
    const { now, shards } = this.#desk;
    const held = shards.map((shard) => this.#connection.held(shard, NAMED_MAX, now));
    const holds = held.flatMap(({ jobs }) => jobs).toSorted((a, b) => a.leftMicros - b.leftMicros);
    const { watched, usedName } = this.#tubes;
    return {
      token: this.#token,
      peer: this.outlet.peer ?? "",
      uses: usedName,
      watches: watched.names(NAMED_MAX),
      watchCount: watched.size,
      waiting: this.#blocked,
      holds: holds.slice(0, NAMED_MAX).map(({ id, tube, leftMicros }) => ({
        id,
        tube,
        leftSeconds: Math.max(0, leftMicros / MICROS),
      })),
      holdCount: held.reduce((sum, { count }) => sum + count, 0),
      ageSeconds: Math.max(0, (now - this.#openedMicros) / MICROS),
    };
  }

  /* Inlet. */

  receive(bytes: Uint8Array): void {
    if (this.#closing || this.#gone) return;
    if (this.#pending.length > 0 || this.#isHeldUp()) this.#keep(bytes);
    else this.#turns.turn(this, () => this.#take(bytes));
  }

  #take(bytes: Uint8Array): void {
    this.#share = this.#desk.limits.commandsPerTurn;
    const at = this.#run(bytes, bytes.length);
    if (at < bytes.length && !this.#closing) this.#keep(bytes.subarray(at));
    this.#endTurn();
  }

  ended(): void {
    if (this.#closing || this.#gone || this.#ended) return;
    this.#ended = true;
    this.#turns.turn(this, () => {
      if (this.#blocked) this.#stopWaiting(R.REPLY.TIMED_OUT);
      this.#goOn();
    });
  }

  drained(): void {
    if (!this.#stalled || this.#gone || this.heldBytes > 0) return;
    this.#stalled = false;
    this.#resume();
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#turns.turn(this, () => this.#leave());
  }

  /* Holder. */

  /** Replies that waited for the journal have left. Called by the gate, between turns. */
  released(): void {
    if (this.heldBytes === 0) this.drained();
  }

  get isGone(): boolean {
    return this.#gone;
  }

  /* Turns. */

  #isHeldUp(): boolean {
    return this.#blocked || this.#stalled || this.#yielded || this.#awaitsRoom;
  }

  /** Keeps input for later, and stops reading when it is much. */
  #keep(bytes: Uint8Array): void {
    this.#pending.push(Uint8Array.from(bytes)); // a Buffer's slice would not copy
    this.#pendingBytes += bytes.length;
    this.#updateReading();
  }

  #updateReading(): void {
    const pause = this.#stalled || this.#pendingBytes >= PENDING_BYTES_MAX;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.outlet.pause();
    else this.outlet.resume();
  }

  /** A turn of its own for what was kept. */
  #resume(): void {
    if (this.#gone || this.#closing) return;
    this.#turns.turn(this, () => this.#goOn());
  }

  /** Runs what was kept, within a turn of this session. */
  #goOn(): void {
    this.#share = this.#desk.limits.commandsPerTurn;
    if (this.#long !== undefined && !this.#isHeldUp()) this.#undertake(this.#long);
    for (let chunk = this.#pending[0]; chunk !== undefined; chunk = this.#pending[0]) {
      if (this.#isHeldUp() || this.#closing) break;
      const at = this.#run(chunk, chunk.length);
      this.#pendingBytes -= at;
      if (at < chunk.length) this.#pending[0] = chunk.subarray(at);
      else this.#pending.shift();
      if (this.#share <= 0 && this.#pending.length > 0 && !this.#isHeldUp()) this.#yield();
    }
    this.#endTurn();
  }

  /**
   * Gives back all that the conversation has. It happens before the connection's end can be seen:
   * a peer that sees it may count on the jobs being ready for others.
   */
  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    const desk = this.#desk;
    this.#unblock();
    desk.room.forget(this);
    this.#long?.drop?.();
    this.#long = undefined;
    this.#intake.drop();
    this.#connection.close(desk.now);
    this.#tubes.close();
    if (this.#isProducer) desk.count(COUNTER_PRODUCERS, -1);
    if (this.#isWorker) desk.count(COUNTER_WORKERS, -1);
    this.#pending.length = 0;
    this.#turns.forget(this.#token);
  }

  #endTurn(): void {
    const { output } = this.#desk;
    if (this.#ended && this.#pending.length === 0 && !this.#isHeldUp()) this.#closing = true;
    if (this.#closing) {
      this.#leave();
      output.close();
      return;
    }
    output.flush();
    this.#look();
    this.#updateReading();
  }

  /** Stops when the peer does not read. */
  #look(): void {
    const waiting = this.outlet.backlogBytes + this.heldBytes;
    if (waiting > this.#desk.limits.maxOutputBytes) this.#stalled = true;
  }

  /** Does the next piece of a command that takes several turns. */
  #undertake(long: LongCommand): void {
    this.#long = long;
    if (!long.hasRoom()) this.#awaitRoom();
    else if (long.step() !== FINISHED) this.#yield();
    else {
      this.#long = undefined;
      this.#takeRest();
    }
  }

  /** Sends the rest of a long body as a command of its own, before the next one. */
  #takeRest(): void {
    const rest = this.#desk.takeRest();
    if (rest === undefined) return;
    this.#long = rest;
    this.#yield();
  }

  #awaitRoom(): void {
    this.#awaitsRoom = true;
    this.#desk.room.wait(this);
  }

  /** Whether the command has to wait for room in the journal's ring; then it is not begun. */
  #mustWait(op: number): boolean {
    if (this.#desk.room.isThere || !WRITES_RECORDS.has(op)) return false;
    this.#awaitRoom();
    return true;
  }

  /* RoomWaiter. */

  hasRoom(): boolean {
    return this.#long === undefined ? this.#desk.room.isThere : this.#long.hasRoom();
  }

  /** What waited for room goes on. Called by the desk's queue, between turns. */
  goOn(): void {
    this.#awaitsRoom = false;
    this.#resume();
  }

  /** Lets the others have their turn. */
  #yield(): void {
    this.#yielded = true;
    this.#desk.later(() => {
      this.#yielded = false;
      this.#resume();
    });
  }

  /**
   * Runs commands from bytes[0, end) until they end or it cannot go on; returns how many bytes it
   * took.
   */
  #run(bytes: Uint8Array, end: number): number {
    const desk = this.#desk;
    const { output } = desk;
    let at = 0;
    while (at < end) {
      at = this.#step(bytes, at, end);
      if (output.isFull) {
        output.flush();
        this.#look();
      }
      if (--this.#share <= 0 && at < end && !this.#isHeldUp()) this.#yield();
      if (this.#isHeldUp() || this.#closing) break;
    }
    return at;
  }

  /**
   * Takes what comes next: common commands, as many as there are, and the one behind them; a part
   * of a body; a part of a line.
   */
  #step(bytes: Uint8Array, at: number, end: number): number {
    if (this.#intake.isBusy) return this.#takeBody(bytes, at, end);
    if (!this.#framing.isAtStart) return this.#frameLine(bytes, at, end);
    const next = this.#runInEngine(bytes, at, end);
    return next === end ? end : this.#frameLine(bytes, next, end);
  }

  #takeBody(bytes: Uint8Array, at: number, end: number): number {
    const next = this.#intake.take(bytes, at, end);
    if (this.#intake.lacksRoom) this.#awaitRoom();
    return next;
  }

  #runInEngine(bytes: Uint8Array, at: number, end: number): number {
    if (this.#desk.isReadOnly || !this.#desk.room.isThere) return at; // in any ring
    const run = this.#engineRun;
    const next = run.take(this.#tubes.used, bytes, at, end, Math.max(0, this.#share));
    this.#share -= run.commands;
    if (run.hasPut) this.#becomeProducer();
    if (run.hasReserved) this.#becomeWorker();
    return next;
  }

  #frameLine(bytes: Uint8Array, at: number, end: number): number {
    const lines = this.#framing;
    const found = lines.take(bytes, at, end);
    if (found === framing.LINE) return this.#wholeLine(lines, bytes, end);
    if (found === framing.TOO_LONG) this.#desk.output.reply(R.REPLY.BAD_FORMAT);
    if (found === framing.FOREIGN) this.#closing = true; // nothing that it sent is a command
    return lines.next;
  }

  #wholeLine(lines: LineFraming, bytes: Uint8Array, inputEnd: number): number {
    const { line, start, end, next } = lines;
    const op = parseLine(line, start, end, this.#desk.command);
    if (op >= OP.BAD_FORMAT && looksLikeAnotherProtocol(line, start, end)) {
      this.#closing = true;
      return next;
    }
    if (this.#mustWait(op)) return lines.putBack();
    lines.letGo();
    return this.#execute(op, line, bytes, next, inputEnd);
  }

  /**
   * Runs the desk's command, whose names stand in `line` and whose body, if it has one, at
   * bytes[next, end).
   */
  #execute(op: number, line: Uint8Array, bytes: Uint8Array, next: number, end: number): number {
    const desk = this.#desk;
    desk.count(COUNTER_OPS + op, 1);
    if (op === OP.PUT) return this.#put(bytes, next, end);
    if (desk.command.hasFailure) {
      this.#failing.begin(op);
      return next;
    }
    if (desk.isReadOnly && CHANGES_JOBS.has(op)) {
      desk.output.reply(R.REPLY.OUT_OF_MEMORY);
      return next;
    }
    if (op === OP.RESERVE) this.#reserve(Infinity);
    else if (op === OP.RESERVE_WITH_TIMEOUT) this.#reserve(desk.command.timeout * MICROS);
    else if (op === OP.RESERVE_JOB) this.#reserveJob();
    else if (op === OP.QUIT) this.#closing = true;
    else if (op === OP.DRAIN) drain(desk);
    else if (op === OP.UNDRAIN) undrain(desk);
    else if (op === OP.LIST_JOBS && desk.command.garbage) desk.output.reply(R.REPLY.BAD_FORMAT);
    else if (op === OP.UNKNOWN_COMMAND) desk.output.reply(R.REPLY.UNKNOWN_COMMAND);
    else if (op === OP.BAD_FORMAT) desk.output.reply(R.REPLY.BAD_FORMAT);
    else if (!this.#jobs.run(op) && !this.#tubes.run(op, line)) this.#begin(op, line);
    this.#takeRest();
    return next;
  }

  #begin(op: number, line: Uint8Array): void {
    const long = this.#tubes.undertake(op, line);
    if (long !== undefined) this.#undertake(long);
  }

  #becomeProducer(): void {
    if (this.#isProducer) return;
    this.#isProducer = true;
    this.#desk.count(COUNTER_PRODUCERS, 1);
  }

  #becomeWorker(): void {
    if (this.#isWorker) return;
    this.#isWorker = true;
    this.#desk.count(COUNTER_WORKERS, 1);
    const { peer } = this.outlet;
    if (peer !== undefined) this.#connection.introduce(asciiBytes(peer).subarray(0, C.WHO_MAX));
  }

  /** The checks in beanstalkd's order: size, then what stands behind it. */
  #put(bytes: Uint8Array, at: number, end: number): number {
    const { command, limits, output } = this.#desk;
    if (command.bytes > limits.maxJobBytes) {
      this.#intake.swallow(command.bytes, R.REPLY.JOB_TOO_BIG);
      return at;
    }
    if (command.garbage) {
      output.reply(R.REPLY.BAD_FORMAT);
      return at;
    }
    const { used } = this.#tubes;
    if (used.tube === 0) {
      this.#closing = true; // an observer that puts without having said where to
      return at;
    }
    this.#becomeProducer();
    this.#engineRun.shard = used.shard;
    return this.#putting.put(used, bytes, at, end);
  }

  /* Reserving. */

  #reserveJob(): void {
    const shard = this.#jobs.reserve();
    if (shard === undefined) return;
    this.#becomeWorker();
    this.#deliver(shard);
  }

  #reserve(timeoutMicros: number): void {
    const { now, output } = this.#desk;
    this.#becomeWorker();
    const shard = this.#connection.take(now);
    this.#engineRun.shard = shard ?? this.#connection.onlyWatched ?? this.#engineRun.shard;
    const soon = shard === undefined ? this.#soonMicros() : 0;
    if (shard !== undefined) this.#deliver(shard);
    else if (soon <= now) output.reply(R.REPLY.DEADLINE_SOON);
    else if (timeoutMicros === 0 || this.#ended) output.reply(R.REPLY.TIMED_OUT);
    else this.#block(Math.min(now + timeoutMicros, soon));
  }

  /** When DEADLINE_SOON is due for what this connection holds. */
  #soonMicros(): number {
    const soonest = this.#connection.soonestMicros();
    return soonest === C.NEVER_MICROS ? soonest : soonest - C.SAFETY_MARGIN_MICROS;
  }

  /**
   * Answers RESERVED. Its own TTR can only run out meanwhile if the thread stood still for that
   * long; DEADLINE_SOON says so.
   */
  #deliver(shard: Shard): void {
    const desk = this.#desk;
    if (!writeJob(desk, R.writeReserved, shard)) desk.output.reply(R.REPLY.DEADLINE_SOON);
    this.#takeRest();
  }

  #block(dueMicros: number): void {
    const desk = this.#desk;
    this.#generation = (this.#generation + 1) >>> 0;
    const shard = this.#connection.wait(this.#generation, desk.now);
    if (shard !== undefined) {
      this.#deliver(shard);
      return;
    }
    this.#blocked = true;
    desk.count(COUNTER_WAITING, 1);
    this.dueMicros = dueMicros;
    if (dueMicros < C.NEVER_MICROS) this.#turns.blocked.add(this);
  }

  #unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#turns.blocked.remove(this);
    this.#desk.count(COUNTER_WAITING, -1);
  }

  /** Ends the waiting with a grant if one was made, else with `reply`. */
  #stopWaiting(reply: Uint8Array): void {
    this.#unblock();
    const delivered = this.#connection.stopWaiting(this.#desk.now, (shard) => this.#deliver(shard));
    if (!delivered) this.#desk.output.reply(reply);
  }

  /**
   * A grant for this session was collected (RESERVED) or had run out (LOST). Called by the host, in
   * a turn of this session.
   */
  granted(shard: Shard, answer: number): void {
    const desk = this.#desk;
    const wanted = this.#blocked && shard.field(C.RESULT_GENERATION) === this.#generation;
    if (!wanted) {
      if (answer === C.RESERVED) this.#connection.handBack(shard, desk.now);
      return;
    }
    if (answer === C.LOST && !this.#connection.waitIn(shard, this.#generation, desk.now)) return;
    this.#deliver(shard);
    this.#connection.stopWaitingBut(shard, desk.now);
    this.#unblock();
    this.#goOn();
  }

  /**
   * Its time-out or a deadline of what it holds is due. Called by the host, in a turn of this
   * session.
   */
  expire(): void {
    const soon = this.#soonMicros() <= this.#desk.now;
    this.#stopWaiting(soon ? R.REPLY.DEADLINE_SOON : R.REPLY.TIMED_OUT);
    this.#goOn();
  }
}
