/* Session: one connection's conversation: bytes in, bytes out.
 *
 * It runs one command after the other in order and writes each reply into the thread's output,
 * which leaves in one write at the end of a turn. It stops taking input while it is blocked in a
 * reserve, while the peer does not read, and when it has had its share of a turn; what arrives
 * meanwhile is kept, up to a bound, then not read.
 *
 *   receive -> EngineRun: common commands, in the engine
 *           -> LineFraming, parser -> Dispatch: all other commands -> output
 *           -> Intake: bodies                      blocked: `granted` or `expire` goes on
 *
 * Driven by a transport (Inlet) and by its host (host.ts), which gives it its turns. Everything is
 * synchronous.
 */

import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import { OP, WRITES_RECORDS } from "../protocol/commands.ts";
import { looksLikeAnotherProtocol } from "../protocol/foreign.ts";
import { parseLine } from "../protocol/line.ts";
import * as R from "../protocol/replies.ts";
import type { NearCommands } from "../near-commands.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { Group } from "../engine/group.ts";
import { Batching, wasToBeBatch } from "./batching.ts";
import { Awaiting } from "./awaiting.ts";
import { Clearance } from "./clearance.ts";
import { Dispatch } from "./dispatch.ts";
import { EngineRun, NO_GENERATION } from "./engine-run.ts";
import { Intake } from "./intake.ts";
import { KeptInput } from "./kept-input.ts";
import * as framing from "./line-framing.ts";
import { LineFraming } from "./line-framing.ts";
import { NearSession } from "./near-session.ts";
import { Identity } from "./identity.ts";
import { FINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import { Reserving } from "./reserving.ts";
import { Roles } from "./roles.ts";
import type { Desk } from "./desk.ts";
import type { RoomWaiter } from "./room-queue.ts";
import type { Bearer } from "./token-book.ts";
import { TubeCommands } from "./tube-commands.ts";
import type { Blocked, Turns } from "./turns.ts";
import { Window } from "./window.ts";
import { NAMED_MAX } from "./who-is-there.ts";
import type { ConnectionFacts } from "./who-is-there.ts";

/** Input kept for a session that cannot run; beyond it the connection is not read from. */
const PENDING_BYTES_MAX = 65_536;

/** Whom a conversation is with. */
export interface Guise {
  /** It is none of the clients, and begins without a tube. */
  readonly isObserver?: boolean;
  /** Who says what it may; absent: it may do everything. */
  readonly bearer?: Bearer | undefined;
}

const CLIENT: Guise = {};

/** One connection's conversation. */
export class Session implements Inlet, Blocked, RoomWaiter {
  readonly outlet: Outlet;
  readonly isObserver: boolean;
  heldBytes = 0;
  heldClass = 0;
  /* Place among the blocked sessions. */
  dueMicros = 0;
  heapIndex = -1;

  readonly #desk: Desk;
  readonly #turns: Turns;
  readonly #token: number;
  readonly #reserver: Reserver;
  readonly #reserving: Reserving;
  readonly #window: Window;
  readonly #awaiting: Awaiting;
  readonly #identity: Identity;
  readonly #roles: Roles;
  readonly #tubes: TubeCommands;
  readonly #commands: Dispatch;
  readonly #intake: Intake;
  readonly #batching: Batching;
  readonly #framing = new LineFraming();
  readonly #engineRun: EngineRun;
  readonly #near: NearSession;
  /** Absent where everybody may do everything; the engine runs nothing of a session with one. */
  readonly #clearance: Clearance | undefined;

  readonly #kept = new KeptInput();
  /** Commands that this turn may still run. */
  #share = 0;
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
  readonly #openedMicros: number;

  /** A conversation on a new connection; `token` is what grants call it. */
  constructor(desk: Desk, turns: Turns, outlet: Outlet, token: number, guise: Guise = CLIENT) {
    const { isObserver = false, bearer } = guise;
    this.outlet = outlet;
    this.isObserver = isObserver;
    this.#desk = desk;
    this.#turns = turns;
    this.#token = token;
    this.#openedMicros = desk.now;
    this.#reserver = new Reserver(desk.shards, token);
    this.#reserving = new Reserving(desk, turns, this.#reserver, this);
    this.#window = new Window(desk, this.#reserver, () => this.#resume());
    this.#tubes = new TubeCommands(desk, this.#reserver, isObserver);
    if (bearer !== undefined) this.#clearance = new Clearance(desk, this.#tubes, bearer);
    this.#awaiting = new Awaiting(desk, this.#reserver, this.#window, this.#clearance);
    this.#identity = new Identity(desk, this.#reserver, outlet);
    this.#roles = new Roles(desk, this.#identity);
    this.#intake = new Intake(desk);
    this.#engineRun = new EngineRun(desk, this.#reserver, this.#tubes.used.shard);
    this.#batching = this.#makeBatching();
    const turn = (run: () => void): void => turns.turn(this, () => this.#takeNear(run));
    this.#near = new NearSession(desk, this.#reserver, this.#tubes, this.#roles, turn);
    this.#commands = new Dispatch({
      desk,
      reserver: this.#reserver,
      reserving: this.#reserving,
      window: this.#window,
      awaiting: this.#awaiting,
      identity: this.#identity,
      isObserver,
      roles: this.#roles,
      tubes: this.#tubes,
      intake: this.#intake,
      batching: this.#batching,
      engineRun: this.#engineRun,
      turns,
      clearance: this.#clearance,
    });
    if (!isObserver && !this.#tubes.isReady) {
      this.#closing = true;
      desk.later(() => outlet.close());
    }
  }

  #makeBatching(): Batching {
    const desk = this.#desk;
    const parts = {
      desk,
      reserver: this.#reserver,
      group: this.#makeGroup(),
      tubes: this.#tubes,
      roles: this.#roles,
      window: this.#window,
      engineRun: this.#engineRun,
      clearance: this.#clearance,
    };
    return new Batching(parts, this.#intake);
  }

  #makeGroup(): Group {
    const desk = this.#desk;
    const likely = (id: number): Shard => desk.likelyShard(id);
    return new Group(desk.shards, this.#reserver, likely, () => desk.common.countMove());
  }

  /** Whether it has reserved, and its client has a name. */
  get isNamedWorker(): boolean {
    return this.#roles.isWorker && this.#identity.client.name !== "";
  }

  /** What there is to say about it. Called by the host, in a turn of nobody. */
  describe(): ConnectionFacts {
    const { now } = this.#desk;
    const { usedName, watched } = this.#tubes;
    const { jobs, count } = this.#reserver.held(NAMED_MAX, now);
    const { name, host, pid = null } = this.#identity.client;
    return {
      token: this.#token,
      peer: this.outlet.peer ?? "",
      name,
      host,
      pid,
      uses: usedName,
      watches: watched.names(NAMED_MAX),
      watchCount: watched.size,
      window: this.#window.size,
      waiting: this.#reserving.isBlocked || this.#window.isWaiting,
      holds: jobs.map(({ id, tube, leftMicros }) => ({
        id,
        tube,
        leftSeconds: leftMicros / MICROS,
      })),
      holdCount: count,
      ageSeconds: Math.max(0, (now - this.#openedMicros) / MICROS),
    };
  }

  /**
   * The tokens are others now: what it may do may be less. One whose token is none any more is to
   * end, and one that waits for jobs that it may not have, or awaits the end of some of which it
   * may not hear. It is given nothing from here on. Called by the host, in a turn of nobody; true
   * if `end` is to follow.
   */
  losesClearance(): boolean {
    const clearance = this.#clearance;
    if (clearance === undefined || this.#closing || this.#gone) return false;
    const isWaiting = this.#reserving.isBlocked || this.#window.isOpen;
    const mayWait = (!isWaiting || clearance.mayReserve) && this.#awaiting.isAllowed;
    if (clearance.isGood && mayWait) return false;
    this.#closing = true;
    this.#reserving.standDown();
    this.#window.close();
    return true;
  }

  /** Ends the conversation if that has not happened. Called by the host, in a turn of it. */
  end(): void {
    this.#closing = true;
    if (!this.#hasLeft) this.#endTurn();
  }

  /* Inlet. */

  receive(bytes: Uint8Array): void {
    if (this.#closing || this.#gone) return;
    if (!this.#kept.isEmpty || this.#isHeldUp()) this.#keep(bytes);
    else this.#turns.turn(this, () => this.#take(bytes));
  }

  /** As in Inlet: without a journal, and only where everybody may do everything. */
  get near(): NearCommands | undefined {
    if (this.#closing || this.#gone || this.#ended || this.isObserver) return undefined;
    if (this.#clearance !== undefined || this.#desk.hasJournal) return undefined;
    if (!this.#kept.isEmpty || this.#isHeldUp() || this.#long !== undefined) return undefined;
    if (this.#intake.isBusy || !this.#framing.isAtStart) return undefined;
    return this.#batching.isOpen || this.#window.isOpen ? undefined : this.#near;
  }

  #takeNear(run: () => void): void {
    run();
    this.#endTurn();
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
      this.#window.close();
      this.#reserving.end();
      this.#takeRest();
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
    return this.#reserving.isBlocked || this.#stalled || this.#yielded || this.#awaitsRoom;
  }

  /** Keeps input for later, and stops reading when it is much. */
  #keep(bytes: Uint8Array): void {
    this.#kept.keep(bytes);
    this.#updateReading();
  }

  #updateReading(): void {
    const pause = this.#stalled || this.#kept.bytes >= PENDING_BYTES_MAX;
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
    if (this.#closing) {
      this.#endTurn();
      return;
    }
    this.#share = this.#desk.limits.commandsPerTurn;
    if (this.#long !== undefined && !this.#isHeldUp()) this.#undertake(this.#long);
    for (let chunk = this.#kept.first; chunk !== undefined; chunk = this.#kept.first) {
      if (this.#isHeldUp() || this.#closing) break;
      this.#kept.drop(this.#run(chunk, chunk.length));
      if (this.#share <= 0 && !this.#kept.isEmpty && !this.#isHeldUp()) this.#yield();
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
    this.#reserving.unblock();
    this.#window.leave();
    desk.room.forget(this);
    this.#long?.drop?.();
    this.#long = undefined;
    this.#intake.drop();
    this.#batching.drop();
    this.#reserver.close(desk.now);
    this.#tubes.close();
    this.#roles.leave();
    this.#kept.clear();
    this.#turns.forget(this.#token);
  }

  #endTurn(): void {
    const { output } = this.#desk;
    if (this.#awaiting.isOwed) this.#tellEnds();
    if (this.#ended && this.#kept.isEmpty && !this.#isHeldUp()) this.#closing = true;
    if (this.#closing) {
      this.#leave();
      output.close();
      return;
    }
    if (this.#window.isTold) this.#attend();
    output.flush();
    this.#look();
    if (this.#stalled || this.#long !== undefined) this.#window.standDown();
    this.#updateReading();
  }

  /** Gives the window its turn, but not within a reply or while the peer does not read. */
  #attend(): void {
    if (this.#long !== undefined || this.#stalled) return;
    this.#window.attend(() => this.#mayWriteOn());
    this.#engineRun.shard = this.#window.lastShard ?? this.#engineRun.shard;
    this.#takeRest();
  }

  /** Tells how jobs ended, but not within a reply or while the peer does not read. */
  #tellEnds(): void {
    if (this.#long !== undefined || this.#stalled || this.#closing) return;
    this.#awaiting.tell(() => this.#mayWriteOn());
  }

  /** Sends what has gathered if it is much; false when the peer does not read. */
  #mayWriteOn(): boolean {
    const { output } = this.#desk;
    if (output.isFull) {
      output.flush();
      this.#look();
    }
    return !this.#stalled;
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
      if (long.isOver === true) this.#closing = true;
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
    if (!this.#framing.isAtStart || this.#batching.isOpen) return this.#frameLine(bytes, at, end);
    const next = this.#runInEngine(bytes, at, end);
    const isOver = next === end || this.#reserving.isBlocked || this.#desk.output.isFull;
    return isOver ? next : this.#frameLine(bytes, next, end);
  }

  #takeBody(bytes: Uint8Array, at: number, end: number): number {
    const next = this.#intake.take(bytes, at, end);
    if (this.#intake.lacksRoom) this.#awaitRoom();
    this.#carryOut();
    this.#takeRest();
    return next;
  }

  #runInEngine(bytes: Uint8Array, at: number, end: number): number {
    if (this.#clearance !== undefined) return at; // which the engine does not know
    if (this.isObserver) return at; // there all are counted
    if (this.#desk.isReadOnly || !this.#desk.room.isThere) return at; // in any ring
    const run = this.#engineRun;
    const mayWait = !this.#ended && !this.#window.isOpen;
    run.generation = mayWait ? this.#reserving.nextGeneration : NO_GENERATION;
    const next = run.take(this.#tubes.used, bytes, at, end, Math.max(0, this.#share));
    this.#share -= run.commands;
    if (run.isWaiting) this.#reserving.blockAfterRun(run.shard); // reads what the run left there
    if (run.hasPut) this.#roles.becomeProducer();
    if (run.hasReserved) this.#roles.becomeWorker();
    return next;
  }

  #frameLine(bytes: Uint8Array, at: number, end: number): number {
    const lines = this.#framing;
    const found = lines.take(bytes, at, end);
    if (found === framing.LINE) return this.#wholeLine(lines, bytes, end);
    if (found === framing.TOO_LONG) this.#refuseLong();
    if (found === framing.FOREIGN) this.#closing = true; // nothing that it sent is a command
    return lines.next;
  }

  #refuseLong(): void {
    if (!this.#batching.isOpen) this.#desk.output.reply(R.REPLY.BAD_FORMAT);
    else this.#batching.tooLong();
    this.#carryOut();
  }

  /** Carries out the batch that has been read, if one has. */
  #carryOut(): void {
    const commit = this.#batching.takeCommit();
    if (commit !== undefined) this.#undertake(commit);
  }

  #wholeLine(lines: LineFraming, bytes: Uint8Array, inputEnd: number): number {
    const { line, start, end, next } = lines;
    const op = parseLine(line, start, end, this.#desk.command);
    if (op >= OP.BAD_FORMAT && looksLikeAnotherProtocol(line, start, end)) {
      this.#closing = true;
      return next;
    }
    if (this.#batching.isOpen) {
      const behind = this.#batching.take(op, line, start, end, bytes, next, inputEnd);
      lines.forget();
      this.#carryOut();
      return behind;
    }
    if (this.#mustWait(op)) return lines.putBack();
    lines.forget();
    const commands = this.#commands;
    const at = commands.run(op, line, bytes, next, inputEnd, this.#ended);
    if (commands.isOver || wasToBeBatch(op, line, start, end)) this.#closing = true;
    const long = commands.takeLong();
    if (long !== undefined) this.#undertake(long);
    this.#takeRest();
    return at;
  }

  /* Reserving. */

  /**
   * A grant for this session was collected (RESERVED) or had run out (LOST), or it is to be told
   * something (NOTED), or how jobs ended (ENDED). Called by the host, in a turn of this session.
   */
  called(shard: Shard, answer: number): void {
    if (answer === C.ENDED) this.#awaiting.ended(shard);
    else if (answer === C.NOTED) this.#window.noted(shard, this.#long === undefined);
    else if (!this.#window.granted(shard, answer) && !this.#reserving.granted(shard, answer))
      return;
    this.#takeRest();
    this.#goOn();
  }

  /**
   * Its time-out or a deadline of what it holds is due. Called by the host, in a turn of this
   * session.
   */
  expire(): void {
    this.#reserving.expire();
    this.#takeRest();
    this.#goOn();
  }
}
