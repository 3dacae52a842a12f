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
 * Driven by a transport (Inlet) and by its SessionHost. Everything is synchronous.
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
import type { Due } from "./due-heap.ts";
import { EngineRun } from "./engine-run.ts";
import { Failing } from "./failing.ts";
import type { Holder } from "./gate.ts";
import { Intake } from "./intake.ts";
import { JobCommands } from "./job-commands.ts";
import * as framing from "./line-framing.ts";
import { LineFraming } from "./line-framing.ts";
import { FINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import { Putting } from "./putting.ts";
import type { RoomWaiter, SessionHost } from "./session-host.ts";
import { TubeCommands } from "./tube-commands.ts";
import { NAMED_MAX } from "./who-is-there.ts";
import type { ConnectionFacts } from "./who-is-there.ts";

/** Input kept for a session that cannot run; beyond it the connection is not read from. */
const PENDING_BYTES_MAX = 65_536;
const MICROS = 1_000_000;

/** One connection's conversation. */
export class Session implements Inlet, Due, Holder, RoomWaiter {
  heldBytes = 0;
  /* Place among the blocked sessions. */
  dueMicros = 0;
  heapIndex = -1;

  readonly #host: SessionHost;
  readonly #outlet: Outlet;
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
  constructor(host: SessionHost, outlet: Outlet, token: number, isObserver = false) {
    this.#host = host;
    this.#outlet = outlet;
    this.#token = token;
    this.#openedMicros = host.now;
    this.#connection = new Connection(host.shards, token);
    this.#tubes = new TubeCommands(host, this.#connection, isObserver);
    this.#jobs = new JobCommands(host, this.#connection);
    this.#intake = new Intake(host);
    this.#putting = new Putting(host, this.#intake);
    this.#failing = new Failing(host, this.#connection, this.#intake);
    this.#engineRun = new EngineRun(host, this.#connection, this.#tubes.used.shard);
    if (!isObserver && !this.#tubes.isReady) {
      this.#closing = true;
      host.later(() => outlet.close());
    }
  }

  /** What there is to say about it. Called by the host, between turns. */
  describe(): ConnectionFacts {
    const { now, shards } = this.#host;
    const held = shards.map((shard) => this.#connection.held(shard, NAMED_MAX, now));
    const holds = held.flatMap(({ jobs }) => jobs).toSorted((a, b) => a.leftMicros - b.leftMicros);
    const { watched, usedName } = this.#tubes;
    return {
      token: this.#token,
      peer: this.#outlet.peer ?? "",
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
    const host = this.#host;
    if (this.#pending.length > 0 || this.#isHeldUp()) {
      this.#keep(bytes);
      return;
    }
    host.begin();
    host.output.begin(this.#outlet, this);
    this.#share = host.limits.commandsPerTurn;
    const at = this.#run(bytes, bytes.length);
    if (at < bytes.length && !this.#closing) this.#keep(bytes.subarray(at));
    this.#endTurn();
    host.end();
  }

  ended(): void {
    if (this.#closing || this.#gone || this.#ended) return;
    this.#ended = true;
    const host = this.#host;
    host.begin();
    host.output.begin(this.#outlet, this);
    if (this.#blocked) this.#stopWaiting(R.REPLY.TIMED_OUT);
    this.#goOn();
    host.end();
  }

  drained(): void {
    if (!this.#stalled || this.#gone || this.heldBytes > 0) return;
    this.#stalled = false;
    this.#resume();
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    const host = this.#host;
    host.begin();
    this.#leave();
    host.end();
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
    if (pause) this.#outlet.pause();
    else this.#outlet.resume();
  }

  /** A turn of its own for what was kept. */
  #resume(): void {
    if (this.#gone || this.#closing) return;
    this.#host.begin();
    this.#host.output.begin(this.#outlet, this);
    this.#goOn();
    this.#host.end();
  }

  /** Runs what was kept, within a turn whose output is this session's. */
  #goOn(): void {
    this.#share = this.#host.limits.commandsPerTurn;
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
    const host = this.#host;
    this.#unblock();
    host.forgetWaiter(this);
    this.#long?.drop?.();
    this.#long = undefined;
    this.#intake.drop();
    this.#connection.close(host.now);
    this.#tubes.close();
    if (this.#isProducer) host.count(COUNTER_PRODUCERS, -1);
    if (this.#isWorker) host.count(COUNTER_WORKERS, -1);
    this.#pending.length = 0;
    host.forget(this.#token);
  }

  #endTurn(): void {
    const { output } = this.#host;
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
    const waiting = this.#outlet.backlogBytes + this.heldBytes;
    if (waiting > this.#host.limits.maxOutputBytes) this.#stalled = true;
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
    const rest = this.#host.takeRest();
    if (rest === undefined) return;
    this.#long = rest;
    this.#yield();
  }

  #awaitRoom(): void {
    this.#awaitsRoom = true;
    this.#host.awaitRoom(this);
  }

  /** Whether the command has to wait for room in the journal's ring; then it is not begun. */
  #mustWait(op: number): boolean {
    if (this.#host.hasRoom() || !WRITES_RECORDS.has(op)) return false;
    this.#awaitRoom();
    return true;
  }

  /* RoomWaiter. */

  hasRoom(): boolean {
    return this.#long === undefined ? this.#host.hasRoom() : this.#long.hasRoom();
  }

  /** What waited for room goes on. Called by the host, between turns. */
  goOn(): void {
    this.#awaitsRoom = false;
    this.#resume();
  }

  /** Lets the others have their turn. */
  #yield(): void {
    this.#yielded = true;
    this.#host.later(() => {
      this.#yielded = false;
      this.#resume();
    });
  }

  /**
   * Runs commands from bytes[0, end) until they end or it cannot go on; returns how many bytes it
   * took.
   */
  #run(bytes: Uint8Array, end: number): number {
    const host = this.#host;
    const { output } = host;
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
    if (this.#host.isReadOnly) return at;
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
    if (found === framing.TOO_LONG) this.#host.output.reply(R.REPLY.BAD_FORMAT);
    if (found === framing.FOREIGN) this.#closing = true; // nothing that it sent is a command
    return lines.next;
  }

  #wholeLine(lines: LineFraming, bytes: Uint8Array, inputEnd: number): number {
    const { line, start, end, next } = lines;
    const op = parseLine(line, start, end, this.#host.command);
    if (op >= OP.BAD_FORMAT && looksLikeAnotherProtocol(line, start, end)) {
      this.#closing = true;
      return next;
    }
    if (this.#mustWait(op)) return lines.putBack();
    return this.#execute(op, line, bytes, next, inputEnd);
  }

  /**
   * Runs the host's command, whose names stand in `line` and whose body, if it has one, at
   * bytes[next, end).
   */
  #execute(op: number, line: Uint8Array, bytes: Uint8Array, next: number, end: number): number {
    const host = this.#host;
    host.count(COUNTER_OPS + op, 1);
    if (op === OP.PUT) return this.#put(bytes, next, end);
    if (host.command.hasFailure) {
      this.#failing.begin(op);
      return next;
    }
    if (host.isReadOnly && CHANGES_JOBS.has(op)) {
      host.output.reply(R.REPLY.OUT_OF_MEMORY);
      return next;
    }
    if (op === OP.RESERVE) this.#reserve(Infinity);
    else if (op === OP.RESERVE_WITH_TIMEOUT) this.#reserve(host.command.timeout * MICROS);
    else if (op === OP.RESERVE_JOB) this.#reserveJob();
    else if (op === OP.QUIT) this.#closing = true;
    else if (op === OP.DRAIN) drain(host);
    else if (op === OP.UNDRAIN) undrain(host);
    else if (op === OP.LIST_JOBS && host.command.garbage) host.output.reply(R.REPLY.BAD_FORMAT);
    else if (op === OP.UNKNOWN_COMMAND) host.output.reply(R.REPLY.UNKNOWN_COMMAND);
    else if (op === OP.BAD_FORMAT) host.output.reply(R.REPLY.BAD_FORMAT);
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
    this.#host.count(COUNTER_PRODUCERS, 1);
  }

  #becomeWorker(): void {
    if (this.#isWorker) return;
    this.#isWorker = true;
    this.#host.count(COUNTER_WORKERS, 1);
    const { peer } = this.#outlet;
    if (peer !== undefined) this.#connection.introduce(asciiBytes(peer).subarray(0, C.WHO_MAX));
  }

  /** The checks in beanstalkd's order: size, then what stands behind it. */
  #put(bytes: Uint8Array, at: number, end: number): number {
    const { command, limits, output } = this.#host;
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
    const { now, output } = this.#host;
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
    const host = this.#host;
    if (!writeJob(host, R.writeReserved, shard)) host.output.reply(R.REPLY.DEADLINE_SOON);
    this.#takeRest();
  }

  #block(dueMicros: number): void {
    const host = this.#host;
    this.#generation = (this.#generation + 1) >>> 0;
    const shard = this.#connection.wait(this.#generation, host.now);
    if (shard !== undefined) {
      this.#deliver(shard);
      return;
    }
    this.#blocked = true;
    host.count(COUNTER_WAITING, 1);
    this.dueMicros = dueMicros;
    if (dueMicros < C.NEVER_MICROS) host.blocked.add(this);
  }

  #unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#host.blocked.remove(this);
    this.#host.count(COUNTER_WAITING, -1);
  }

  /** Ends the waiting with a grant if one was made, else with `reply`. */
  #stopWaiting(reply: Uint8Array): void {
    this.#unblock();
    const delivered = this.#connection.stopWaiting(this.#host.now, (shard) => this.#deliver(shard));
    if (!delivered) this.#host.output.reply(reply);
  }

  /**
   * A grant for this session was collected (RESERVED) or had run out (LOST). Called by the host,
   * between turns.
   */
  granted(shard: Shard, answer: number): void {
    const host = this.#host;
    const wanted = this.#blocked && shard.field(C.RESULT_GENERATION) === this.#generation;
    if (!wanted) {
      if (answer === C.RESERVED) this.#connection.handBack(shard, host.now);
      return;
    }
    if (answer === C.LOST && !this.#connection.waitIn(shard, this.#generation, host.now)) return;
    host.output.begin(this.#outlet, this);
    this.#deliver(shard);
    this.#connection.stopWaitingBut(shard, host.now);
    this.#unblock();
    this.#goOn();
  }

  /**
   * Its time-out or a deadline of what it holds is due. Called by the host, between turns.
   */
  expire(): void {
    const { output, now } = this.#host;
    output.begin(this.#outlet, this);
    const soon = this.#soonMicros() <= now;
    this.#stopWaiting(soon ? R.REPLY.DEADLINE_SOON : R.REPLY.TIMED_OUT);
    this.#goOn();
  }
}
