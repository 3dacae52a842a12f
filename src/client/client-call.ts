/* ClientCall: one call of a client's method, from the call to its end, over as many connections as
 * that takes.
 *
 *   waits for a connection -> sent -> answered
 *          ^                   |
 *          +---- lost, safe ---+---- lost, not safe: LostError
 *
 * Invariants: whoever called hears exactly once. What is asked for a job that this client holds is
 * sent on the connection that holds it, or never. An answer that comes when nobody waits any more
 * is read all the same, because it may say what the connection is set to, or bring a job, which
 * then goes to somebody else. Made by caller.ts, kept by link.ts.
 */
import { BadReplyError } from "../protocol/reply-line.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import type { Abortable } from "./aborts.ts";
import { Call } from "./call.ts";
import type { Command } from "./command.ts";
import { LostError, TimeoutError } from "./errors.ts";
import type { Expiring } from "./deadlines.ts";
import { wrongAnswer } from "./refused-error.ts";

/** Who has the calls; implemented by link.ts. */
export interface CallKeeper {
  /** It is to be sent on the next connection. */
  again(call: AnyCall): void;
  /** It is being sent. */
  left(call: AnyCall): void;
  /** Nobody waits any more. */
  over(call: AnyCall): void;
  /** Nobody waits any more, but the server may still do it and answer. */
  abandoned(call: AnyCall): void;
  /** It has had its answer, whether somebody waited for it or not. */
  heard(call: AnyCall): void;
  /** Why there is no connection; undefined when there is one. */
  unreachable(): Error | undefined;
}

/** What a call is bound to. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly heldJob: number | undefined;
}

/** A call, whatever comes of it. */
export type AnyCall = ClientCall<unknown>;

const NOTHING = new Uint8Array(0);

/** One call. */
export class ClientCall<Result> extends Call implements Expiring, Abortable {
  readonly #command: Command<Result>;
  readonly #keeper: CallKeeper;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (reason: unknown) => void;
  /** A job that it is for and that this client held when it was made. */
  readonly heldJob: number | undefined;
  bucket: Expiring["bucket"] = undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Bytes that it counts for in the backlog. */
  cost = 0;

  constructor(
    command: Command<Result>,
    keeper: CallKeeper,
    limits: CallLimits,
    resolve: (result: Result) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.#command = command;
    this.#keeper = keeper;
    this.signal = limits.signal;
    this.heldJob = limits.heldJob;
    this.timeoutMs = limits.timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get command(): string {
    const { head, body, called } = this.#command;
    if (called !== undefined) return called;
    return body === undefined ? head : head.trimEnd();
  }

  override get isMany(): boolean {
    return this.#command.many !== undefined;
  }

  get waits(): boolean {
    return this.#command.waits === true;
  }

  /** What is sent, what a server must know for it. */
  get asked(): Command<unknown> {
    return this.#command;
  }

  answered(reply: Reply): void {
    this.#keeper.heard(this as AnyCall);
    this.#checkBody(reply);
    this.#command.many?.take(reply);
    if (this.owed === 0) this.#conclude(reply);
  }

  override skim(bytes: Uint8Array, at: number, bodyBytesMax: number): number {
    const { many } = this.#command;
    const next = many?.skim(bytes, at, bodyBytesMax) ?? at;
    if (many === undefined || next === at) return at;
    this.#keeper.heard(this as AnyCall);
    this.owed = many.left;
    if (this.owed === 0) this.#conclude();
    return next;
  }

  /** All answers are there; `reply` is the only one, where there is but one. */
  #conclude(reply?: Reply): void {
    const { many, read } = this.#command;
    let result: Result;
    try {
      if (many !== undefined) result = many.result();
      else if (reply !== undefined) result = read(reply);
      else return;
    } catch (error) {
      if (error instanceof BadReplyError) throw error;
      this.fail(error);
      return;
    }
    if (this.isOver) this.#command.discard?.(result);
    else this.succeed(result);
  }

  /** What does not take the line has run the body as commands: no answer can be told any more. */
  #checkBody(reply: Reply): void {
    const { body, parts, tail = "" } = this.#command;
    if (body === undefined && parts === undefined) return;
    const isUnread = reply.word === "UNKNOWN_COMMAND";
    if (isUnread || (reply.word === "BAD_FORMAT" && tail === "")) {
      throw wrongAnswer(this.command, reply);
    }
  }

  failed(error: Error): void {
    this.#failSent(error);
  }

  lost(cause: Error | undefined): void {
    if (this.isOver) return;
    this.wasSent = false;
    const isSafe = this.#command.isSafe === true && this.heldJob === undefined;
    if (isSafe) this.#keeper.again(this as AnyCall);
    else this.failed(new LostError(this.command, cause));
  }

  notSent(): void {
    if (!this.isOver) this.#keeper.again(this as AnyCall);
  }

  leaves(): void {
    const { many } = this.#command;
    many?.begin();
    this.owed = many?.left ?? 1;
    this.#keeper.left(this as AnyCall);
    if (this.#command.isSafe !== true) this.bytes = NOTHING;
  }

  expire(): void {
    const unreachable = this.wasSent ? undefined : this.#keeper.unreachable();
    this.#giveUp(unreachable ?? new TimeoutError(this.command, this.timeoutMs, this.wasSent));
    this.#keeper.abandoned(this as AnyCall);
  }

  abort(reason: unknown): void {
    this.#giveUp(reason);
    this.#keeper.abandoned(this as AnyCall);
  }

  /** Nobody waits any more; of many that were sent, whoever called hears what is known. */
  #giveUp(reason: unknown): void {
    if (this.wasSent) this.#failSent(reason);
    else this.fail(reason);
  }

  #failSent(reason: unknown): void {
    const { many } = this.#command;
    this.fail(many === undefined ? reason : many.lost(reason));
  }

  /** Whoever called gets what came in answer to another call. */
  serve(result: Result): void {
    this.succeed(result);
    this.#keeper.abandoned(this as AnyCall);
  }

  /** Whoever called gets that. */
  succeed(result: Result): void {
    if (this.isOver) return;
    this.#end();
    this.#resolve(result);
  }

  fail(reason: unknown): void {
    if (this.isOver) return;
    this.#end();
    this.#reject(reason);
  }

  #end(): void {
    this.isOver = true;
    this.#keeper.over(this as AnyCall);
  }
}
