/* Dispatch: which part of a session does which command.
 *
 * A command has been parsed into the desk's `command`; what is wrong with the line itself is
 * replied here. What a command leaves behind is the session's to see to: that the conversation is
 * over (`isOver`), and a command that goes on in further turns (`takeLong`). Used by the session.
 */

import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import { BRINGS_BODY, CHANGES_JOBS, OP } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { DeleteBatch, ReserveBatch } from "./batches.ts";
import type { Batching } from "./batching.ts";
import type { Awaiting } from "./awaiting.ts";
import type { Clearance } from "./clearance.ts";
import { COUNTER_OPS, countRefusal } from "./counters.ts";
import type { Desk } from "./desk.ts";
import { drain, undrain } from "./draining.ts";
import { stepDown } from "./stepping-down.ts";
import type { EngineRun } from "./engine-run.ts";
import { Explaining } from "./explaining.ts";
import { Failing } from "./failing.ts";
import { Finishing } from "./finishing.ts";
import type { Identity } from "./identity.ts";
import type { Intake } from "./intake.ts";
import { JobCommands } from "./job-commands.ts";
import type { LongCommand } from "./long-command.ts";
import { Progress } from "./progress.ts";
import { Putting } from "./putting.ts";
import type { Reserving } from "./reserving.ts";
import { Moving } from "./moving.ts";
import type { Roles } from "./roles.ts";
import type { TubeCommands } from "./tube-commands.ts";
import type { Turns } from "./turns.ts";
import type { Window } from "./window.ts";

/** Their name may turn out to be none although the line was read to its end. */
const NAMED_IN_THE_MIDDLE: ReadonlySet<number> = new Set([OP.LIST_JOBS, OP.SET_TUBE]);
/** What only a client has use for. */
const NOT_FOR_OBSERVERS: ReadonlySet<number> = new Set([
  OP.WINDOW,
  OP.SESSION,
  OP.VOUCH,
  OP.AWAIT,
  OP.CLIENT_NAME,
]);

/** What a session's commands work with. */
export interface DispatchParts {
  readonly desk: Desk;
  readonly reserver: Reserver;
  readonly reserving: Reserving;
  readonly window: Window;
  readonly awaiting: Awaiting;
  readonly identity: Identity;
  /** It is none of the clients, and is sent nothing unasked. */
  readonly isObserver: boolean;
  readonly roles: Roles;
  readonly tubes: TubeCommands;
  readonly intake: Intake;
  readonly batching: Batching;
  readonly engineRun: EngineRun;
  readonly turns: Turns;
  /** Absent where everybody may do everything. */
  readonly clearance: Clearance | undefined;
}

/** The commands of one session. */
export class Dispatch {
  /** Nothing more of the connection is to be run. */
  isOver = false;
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #reserving: Reserving;
  readonly #window: Window;
  readonly #awaiting: Awaiting;
  readonly #identity: Identity;
  readonly #isObserver: boolean;
  readonly #roles: Roles;
  readonly #tubes: TubeCommands;
  readonly #intake: Intake;
  readonly #batching: Batching;
  readonly #engineRun: EngineRun;
  readonly #clearance: Clearance | undefined;
  readonly #jobs: JobCommands;
  readonly #putting: Putting;
  readonly #failing: Failing;
  readonly #finishing: Finishing;
  readonly #progress: Progress;
  readonly #moving: Moving;
  #long: LongCommand | undefined;

  constructor(parts: DispatchParts) {
    const { desk, reserver, intake } = parts;
    this.#desk = desk;
    this.#reserver = reserver;
    this.#reserving = parts.reserving;
    this.#window = parts.window;
    this.#awaiting = parts.awaiting;
    this.#identity = parts.identity;
    this.#isObserver = parts.isObserver;
    this.#roles = parts.roles;
    this.#tubes = parts.tubes;
    this.#intake = intake;
    this.#batching = parts.batching;
    this.#engineRun = parts.engineRun;
    this.#clearance = parts.clearance;
    this.#jobs = new JobCommands(desk, reserver, parts.window, parts.clearance);
    this.#putting = new Putting(desk, intake);
    this.#finishing = new Finishing(desk, reserver, intake, parts.window);
    this.#progress = new Progress(desk, reserver, intake, parts.window);
    this.#moving = new Moving(desk, reserver, parts.turns, parts.window, parts.clearance);
    this.#failing = new Failing(desk, reserver, intake, parts.window, this.#moving);
  }

  /** The command that the last `run` began and that goes on in further turns; now the caller's. */
  takeLong(): LongCommand | undefined {
    const long = this.#long;
    this.#long = undefined;
    return long;
  }

  /**
   * Runs the desk's command, whose names stand in `line` and whose body, if it has one, at
   * bytes[next, end); returns the position behind what it took. A reserve does not wait if the peer
   * `hasEnded`.
   */
  run(
    op: number,
    line: Uint8Array,
    bytes: Uint8Array,
    next: number,
    end: number,
    hasEnded: boolean,
  ): number {
    const desk = this.#desk;
    desk.count(COUNTER_OPS + op, 1);
    if (this.#clearance !== undefined && this.#isRefused(op, line)) return next;
    if (op === OP.PUT) return this.#put(bytes, next, end);
    if (op === OP.MOVE && desk.command.garbage) desk.output.reply(R.REPLY.BAD_FORMAT);
    else if (desk.command.hasFailure) this.#failing.begin(op, line);
    else if (op === OP.FINISH) this.#finishing.begin();
    else if (desk.isReadOnly && CHANGES_JOBS.has(op)) desk.output.reply(R.REPLY.OUT_OF_MEMORY);
    else if (op === OP.RESERVE) this.#reserve(Infinity, hasEnded);
    else if (op === OP.RESERVE_WITH_TIMEOUT) this.#reserve(desk.command.timeout * MICROS, hasEnded);
    else if (op === OP.RESERVE_JOB) this.#reserveJob();
    else if (this.#isObserver && NOT_FOR_OBSERVERS.has(op)) desk.output.reply(R.REPLY.BAD_FORMAT);
    else if (op === OP.WINDOW) this.#openWindow();
    else if (op === OP.PROGRESS) this.#progress.begin();
    else if (op === OP.AWAIT) this.#awaiting.begin();
    else if (op === OP.RESERVE_BATCH) this.#reserveBatch();
    else if (op === OP.DELETE_BATCH) this.#deleteBatch();
    else if (op === OP.BATCH) this.#batching.begin(desk.command.count);
    else if (op === OP.SESSION) this.#identity.tell();
    else if (op === OP.VOUCH) this.#identity.vouch();
    else if (op === OP.CLIENT_NAME) this.#identity.name();
    else if (op === OP.AUTH) this.#auth(line);
    else if (op === OP.MOVE) this.#long = this.#moving.moveByLine(line);
    else if (op === OP.EXPLAIN) this.#long = new Explaining(desk, this.#jobs, desk.command.id);
    else if (op === OP.QUIT) this.isOver = true;
    else if (op === OP.DRAIN) drain(desk);
    else if (op === OP.UNDRAIN) undrain(desk);
    else if (op === OP.STEP_DOWN) stepDown(desk);
    else if (desk.command.garbage && NAMED_IN_THE_MIDDLE.has(op))
      desk.output.reply(R.REPLY.BAD_FORMAT);
    else if (op === OP.UNKNOWN_COMMAND) desk.output.reply(R.REPLY.UNKNOWN_COMMAND);
    else if (op === OP.BAD_FORMAT) desk.output.reply(R.REPLY.BAD_FORMAT);
    else if (!this.#jobs.run(op)) this.#runInTube(op, line);
    return next;
  }

  /** Whether a right is missing: then it is answered, and its body, if it has one, goes nowhere. */
  #isRefused(op: number, line: Uint8Array): boolean {
    const reply = this.#clearance?.refusalOf(op, line);
    if (reply === undefined) return false;
    const { command, output } = this.#desk;
    if (reply === R.REPLY.NOT_FOUND) this.#jobs.explain();
    if (BRINGS_BODY.has(op) || command.hasFailure) this.#intake.swallow(command.bytes, reply);
    else output.reply(reply);
    return true;
  }

  /** Without tokens every one is right: a client may have one before the server asks for it. */
  #auth(line: Uint8Array): void {
    const desk = this.#desk;
    const isRight = this.#clearance?.show(desk.copyName(line)) ?? true;
    desk.output.reply(isRight ? R.REPLY.AUTHENTICATED : R.REPLY.DENIED);
    if (!isRight) this.#identity.tellWrongToken();
    const hasLost = this.#window.isOpen && this.#clearance?.mayReserve === false;
    if (!isRight || hasLost || !this.#awaiting.isAllowed) this.isOver = true;
  }

  #openWindow(): void {
    const { command } = this.#desk;
    if (command.n > 0) this.#roles.becomeWorker();
    this.#window.set(command.n);
  }

  #runInTube(op: number, line: Uint8Array): void {
    if (op === OP.WATCH || op === OP.IGNORE) this.#window.standDown(); // it waits where it watches
    if (!this.#tubes.run(op, line, this.#clearance)) this.#long = this.#tubes.undertake(op, line);
  }

  /** The checks in beanstalkd's order: size, then what stands behind it. */
  #put(bytes: Uint8Array, at: number, end: number): number {
    const { command, output } = this.#desk;
    if (this.#isTooBig(command.bytes)) {
      countRefusal(this.#desk, "job-too-big");
      this.#intake.swallow(command.bytes, R.REPLY.JOB_TOO_BIG);
      return at;
    }
    if (command.garbage) {
      output.reply(R.REPLY.BAD_FORMAT);
      return at;
    }
    if (command.hasWrongTags || command.tags.ackLevel > this.#desk.ackLevel) {
      this.#intake.swallow(command.bytes, R.REPLY.BAD_FORMAT);
      return at;
    }
    const { used } = this.#tubes;
    if (used.tube === 0) {
      this.isOver = true; // an observer that puts without having said where to
      return at;
    }
    this.#roles.becomeProducer();
    this.#engineRun.shard = used.shard;
    return this.#putting.put(used, bytes, at, end);
  }

  /** Whether the server, or the tube in use, takes no body of that length. */
  #isTooBig(bytes: number): boolean {
    if (bytes > this.#desk.limits.maxJobBytes) return true;
    const { shard, tube } = this.#tubes.used;
    const longest = tube === 0 ? C.NOT_SET : shard.longestBody(tube);
    return longest !== C.NOT_SET && bytes > longest;
  }

  #reserveJob(): void {
    const shard = this.#jobs.reserve();
    if (shard === undefined) return;
    this.#reserver.mayHoldIn(shard);
    this.#roles.becomeWorker();
    this.#reserving.deliver(shard);
  }

  /** It counts as a reserve, too, as in tuber. */
  #reserveBatch(): void {
    const desk = this.#desk;
    desk.count(COUNTER_OPS + OP.RESERVE, 1);
    this.#roles.becomeWorker();
    this.#window.standDown();
    this.#long = new ReserveBatch(desk, this.#reserver, desk.command.count);
  }

  /** Each of its ids counts as a delete, too, as in tuber. */
  #deleteBatch(): void {
    const desk = this.#desk;
    desk.count(COUNTER_OPS + OP.DELETE, desk.command.ids.length);
    this.#long = new DeleteBatch(desk, this.#jobs, this.#clearance);
  }

  #reserve(timeoutMicros: number, hasEnded: boolean): void {
    this.#roles.becomeWorker();
    this.#window.standDown();
    const shard = this.#window.isOpen
      ? this.#reserving.reserveNow()
      : this.#reserving.reserve(timeoutMicros, hasEnded);
    this.#engineRun.shard = shard ?? this.#reserver.onlyWatched ?? this.#engineRun.shard;
  }
}
