/* Link: one connection after the other to one of several addresses, and the calls that wait for it.
 *
 *   idle -> dialing -> greeting -> open -> lost -> dialing ...
 *
 * Greeting asks what the server knows and sets the connection to what the last one was set to; only
 * then calls are sent, in the order in which they were made. While there is no connection and
 * somebody waits, there are rounds of attempts (dialer.ts), with pauses between them; while nobody
 * waits, nobody dials. Invariants: calls that a lost connection gives back stand before those made
 * since. Nothing here keeps a process alive unless somebody waits. Used by caller.ts.
 */
import type { Clock } from "../clock.ts";
import { quoted } from "../protocol/reply-line.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import { Aborts } from "./aborts.ts";
import { backOffMillis } from "./back-off.ts";
import { Calls } from "./call.ts";
import type { AnyCall, CallKeeper } from "./client-call.ts";
import { CommandWriter } from "./command-writer.ts";
import type { ClientConnection } from "./connection.ts";
import type { ConnectionState } from "./connection-state.ts";
import { Deadlines } from "./deadlines.ts";
import { Dialer } from "./dialer.ts";
import { asError, BacklogError, NotHeldError } from "./errors.ts";
import { NotSupportedError, UnreachableError } from "./errors.ts";
import type { Endpoint, Places } from "./endpoint.ts";
import { pause } from "./pause.ts";
import { refusalOf } from "./refused-error.ts";
import { Support } from "./support.ts";
import { showToken } from "./token.ts";

/** What a client needs of the runtime. */
export interface Surroundings {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** While it is busy, the process has something to wait for. */
  readonly stay: (isBusy: boolean) => void;
}

/** How long what may take, and how much may wait. */
export interface LinkLimits {
  /** One attempt at one address, with its greeting. */
  readonly dialTimeoutMs: number;
  /** The longest pause between two rounds of attempts. */
  readonly backOffMaxMs: number;
  /** A server that owes an answer and says nothing for so long is given up. */
  readonly silenceMs: number;
  /** What waits to be sent or answered may take so many bytes. */
  readonly pendingBytesMax: number;
  readonly replyBodyBytesMax: number | undefined;
}

/** What a link is made of. */
export interface LinkParts {
  readonly places: Places;
  readonly state: ConnectionState;
  readonly around: Surroundings;
  readonly limits: LinkLimits;
  readonly pushed: (push: Reply) => void;
  /** A connection has ended, and with it what it held. */
  readonly lost: (cause: Error | undefined) => void;
  /** A connection is there; what is run now goes before all calls that wait. */
  readonly greeted: () => void;
  /** Whether somebody wants a job that is held. */
  readonly holdsJobs: () => boolean;
  /** Told what went wrong where nobody waits for it. */
  readonly troubled: (error: Error) => void;
  /** The server does not know the token: there will be no connection any more. */
  readonly refused: (error: Error) => void;
}

const MILLI_MICROS = 1000;
/** What a call takes beside its bytes. */
const CALL_BYTES = 128;

/** The way to a server. */
export class Link implements CallKeeper {
  readonly #parts: LinkParts;
  readonly #deadlines: Deadlines;
  readonly #dialer: Dialer;
  readonly #aborts = new Aborts();
  readonly #writer = new CommandWriter();
  /** Calls that a connection gave back, to be sent before those that wait. */
  #returned = new Calls();
  /** Calls that were made since, and wait for a connection. */
  #waiting = new Calls();
  #connection: ClientConnection | undefined;
  #support: Support | undefined;
  #dialing: AbortController | undefined;
  #cause: Error | undefined;
  #failures = 0;
  /** Calls under way, and others that wait for something. */
  #busy = 0;
  /** Calls that wait for a job on this connection and that nobody waits for. */
  #orphans = 0;
  /** Those that somebody waits for. */
  #reserves = 0;
  /** This connection was finished to be followed by another. */
  #isTurning = false;
  #cancelTurn: () => void = () => undefined;
  #openedMicros = 0;
  /** When the server was last heard, or came to owe something. */
  #heardMicros = 0;
  #pendingBytes = 0;
  readonly #roomWaiters: (() => void)[] = [];
  readonly #idleWaiters: (() => void)[] = [];
  /** Why there will be no connection any more. */
  #closed: Error | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#deadlines = new Deadlines(parts.around.clock);
    this.#dialer = new Dialer({
      places: parts.places,
      clock: parts.around.clock,
      timeoutMs: parts.limits.dialTimeoutMs,
      hasToken: () => parts.state.token !== undefined,
      connect: (endpoint, signal) => this.#greet(endpoint, signal),
    });
  }

  /** What the server knows; undefined before the first connection. */
  get support(): Support | undefined {
    return this.#support;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether the other end is in this process. */
  get isNear(): boolean {
    return this.#connection?.isNear === true;
  }

  /** The connection, if a command can be exchanged on it now. */
  get free(): ClientConnection | undefined {
    const connection = this.#connection;
    return connection?.isFree === true ? connection : undefined;
  }

  /** Takes on a call that has been sent. */
  adopt(call: AnyCall): void {
    this.#writer.write(call, call.asked);
    this.#begin(call);
  }

  /** Runs a call, which hears what becomes of it. */
  run(call: AnyCall): void {
    if (!this.#admit(call)) return;
    // What brings jobs goes on the next connection: this one would end, and lose them.
    if (call.asked.bringsJobs === true) this.#clearWay();
    this.#begin(call);
    this.#send(call);
    if (!call.waits) this.#clearWay();
  }

  #begin(call: AnyCall): void {
    this.stay(true);
    call.cost = CALL_BYTES + call.to - call.from;
    this.#pendingBytes += call.cost;
    if (call.waits) this.#reserves++;
    if (call.timeoutMs !== Infinity) this.#deadlines.add(call, call.timeoutMs);
    if (call.signal !== undefined) this.#aborts.add(call.signal, call);
  }

  /** Looks whether it can be run, and writes it. */
  #admit(call: AnyCall): boolean {
    const lacking = this.#support?.lacks(call.asked.needs);
    if (call.signal?.aborted === true) call.fail(call.signal.reason);
    else if (this.#closed !== undefined) call.fail(this.#closed);
    else if (lacking !== undefined && this.isConnected) call.fail(unknownTo(call, lacking));
    else if (this.#pendingBytes >= this.#parts.limits.pendingBytesMax) {
      call.fail(new BacklogError(`${call.command}: ${this.#pendingBytes} bytes wait already`));
    } else {
      this.#writer.write(call, call.asked);
      return true;
    }
    return false;
  }

  #send(call: AnyCall): void {
    const connection = this.#connection;
    if (connection?.isOpen === true && call.asked.head === "") call.succeed(undefined);
    else if (connection?.isOpen === true) connection.send(call);
    else {
      this.#wait(call, this.#waiting);
      this.#dial();
    }
  }

  /** Resolves when so little waits that much may be asked again. */
  room(): Promise<void> {
    if (this.#pendingBytes <= this.#parts.limits.pendingBytesMax / 2) return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Somebody begins, or ceases, to wait for what comes unasked. */
  stay(isWaiting: boolean): void {
    this.#busy += isWaiting ? 1 : -1;
    if (isWaiting && this.#busy === 1) this.#parts.around.stay(true);
    if (!isWaiting && this.#busy === 0) this.#rest();
    if (isWaiting && this.#connection === undefined) this.#dial();
  }

  /** Resolves when no call is under way any more, or after so many milliseconds. */
  idle(mostMs: number): Promise<void> {
    if (this.#busy === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#parts.around.clock.after(mostMs, resolve);
      this.#idleWaiters.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Ends it: what still waits is told. */
  close(why: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    this.#dialing?.abort(this.#closed);
    this.#connection?.close(this.#closed);
    this.#deadlines.stop();
    for (const call of this.#takeWaiting()) call.fail(this.#closed);
  }

  #rest(): void {
    this.#parts.around.stay(false);
    for (const tell of this.#idleWaiters.splice(0)) tell();
  }

  /** Ends this connection, of which nothing good can be expected; the next one follows. */
  drop(cause: Error): void {
    this.#connection?.close(cause);
  }

  /* As CallKeeper. */

  again(call: AnyCall): void {
    if (this.#closed !== undefined) call.fail(this.#closed);
    else this.#wait(call, this.#returned);
  }

  /** For the next connection, which does not hold what this one held. */
  #wait(call: AnyCall, calls: Calls): void {
    if (call.heldJob === undefined) calls.push(call);
    else call.fail(notHeldThere(call.command, call.heldJob));
  }

  left(call: AnyCall): void {
    if (call.asked.isSafe === true) return;
    this.#pendingBytes -= call.cost - CALL_BYTES;
    call.cost = CALL_BYTES;
    if (this.#roomWaiters.length > 0) this.#tellRoom();
  }

  over(call: AnyCall): void {
    if (call.cost === 0) return; // it was never run
    this.#pendingBytes -= call.cost;
    if (call.waits) this.#reserves--;
    if (call.bucket !== undefined) this.#deadlines.remove(call);
    if (call.signal !== undefined) this.#aborts.remove(call.signal, call);
    if (this.#roomWaiters.length > 0) this.#tellRoom();
    this.stay(false);
  }

  heard(call: AnyCall): void {
    this.#failures = 0; // a connection that answers is a good one
    if (call.waits && call.isOver && this.#orphans > 0) this.#orphans--;
  }

  unreachable(): Error | undefined {
    if (this.isConnected) return undefined;
    return this.#cause ?? new UnreachableError("no server has answered yet");
  }

  abandoned(call: AnyCall): void {
    if (!call.waits || !call.wasSent) {
      this.#checkSilence();
      return;
    }
    this.#orphans++;
    if (this.#connection !== undefined && this.#connection.waiting > this.#orphans)
      this.#clearWay();
  }

  /**
   * What stands behind a reserve that nobody waits for any more would have to wait for a job. Where
   * no job is held that somebody wants, the server hears that nothing more comes on this
   * connection, and answers all at once; what is asked later goes on the next one. A server that
   * does not end the connection in time is given up.
   */
  #clearWay(): void {
    if (this.#isTurning || this.#orphans === 0 || this.#reserves > 0) return;
    if (this.#parts.holdsJobs()) return;
    const { limits, around } = this.#parts;
    const why = `the server has not ended the connection after ${limits.silenceMs} ms`;
    this.#isTurning = true;
    this.#cancelTurn = around.clock.after(limits.silenceMs, () =>
      this.drop(new UnreachableError(why)),
    );
    this.#connection?.finish();
  }

  /** A server that owes an answer for too long is not waited for any more. */
  #checkSilence(): void {
    const connection = this.#connection;
    if (connection?.oldest === undefined || connection.oldest.waits) return;
    const silentMs = (this.#parts.around.clock.now() - this.#heardMicros) / MILLI_MICROS;
    if (silentMs < this.#parts.limits.silenceMs) return;
    this.#dialer.passOver();
    this.drop(new UnreachableError(`the server has said nothing for ${Math.round(silentMs)} ms`));
  }

  #tellRoom(): void {
    if (this.#pendingBytes > this.#parts.limits.pendingBytesMax / 2) return;
    for (const tell of this.#roomWaiters.splice(0)) tell();
  }

  /** Sees to it that there will be a connection, if somebody waits for one. */
  #dial(): void {
    if (this.#dialing !== undefined || this.#closed !== undefined) return;
    if (this.#connection !== undefined || this.#busy === 0) return;
    const dialing = new AbortController();
    this.#dialing = dialing;
    void this.#dialUntilOpen(dialing.signal).finally(() => {
      this.#dialing = undefined;
      if (this.#connection === undefined) this.#dial(); // somebody came while it gave up
    });
  }

  async #dialUntilOpen(signal: AbortSignal): Promise<void> {
    while (this.#busy > 0 && !signal.aborted) {
      await this.#pause(signal);
      if (signal.aborted) return;
      const failed = await this.#dialer.round(signal);
      if (failed === undefined) return;
      if (failed.refusal !== undefined) {
        this.#giveUp(failed.refusal);
        return;
      }
      this.#cause = failed.cause;
      this.#failures++;
      if (this.#cause !== undefined) this.#parts.troubled(this.#cause);
    }
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts.around;
    const millis = backOffMillis(this.#failures, this.#parts.limits.backOffMaxMs, random());
    return millis === 0 ? Promise.resolve() : pause(clock, millis, signal);
  }

  /** A token does not become right by being shown again. */
  #giveUp(refusal: Error): void {
    this.close(refusal);
    this.#parts.refused(refusal);
  }

  /** Has a connection, asks what the server knows, and sets the connection to what it should be. */
  async #greet(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    const { pushed, limits } = this.#parts;
    const own: { connection?: ClientConnection } = {};
    const opened = await endpoint.open(
      {
        ...(limits.replyBodyBytesMax !== undefined && {
          replyBodyBytesMax: limits.replyBodyBytesMax,
        }),
        pushed,
        heard: () => this.#mark(),
        busy: (isBusy) => isBusy && this.#mark(),
        ended: (cause) => this.#ended(own.connection, cause),
      },
      signal,
    );
    own.connection = opened;
    const end = (): void => opened.close(asError(signal.reason));
    signal.addEventListener("abort", end, { once: true });
    try {
      signal.throwIfAborted();
      const { token } = this.#parts.state;
      const isShown = token === undefined ? undefined : showToken(opened, token);
      const asked = opened.ask("features");
      asked.catch(() => undefined); // what came of the token says more
      await isShown;
      const support = supportOf(await asked);
      const commands = this.#parts.state.commands(support);
      const replies = await Promise.all(commands.map((command) => opened.ask(command)));
      for (const [index, reply] of replies.entries()) checkGreeting(commands[index] ?? "", reply);
      if (!opened.isOpen) throw new UnreachableError("the server closed the connection at once");
      this.#adopt(opened, support);
    } catch (error) {
      opened.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  #mark(): void {
    this.#heardMicros = this.#parts.around.clock.now();
  }

  #adopt(connection: ClientConnection, support: Support): void {
    this.#connection = connection;
    this.#support = support;
    this.#cause = undefined;
    this.#openedMicros = this.#parts.around.clock.now();
    const waiting = this.#takeWaiting();
    this.#parts.greeted();
    for (const call of waiting) this.#flush(call, connection, support);
  }

  /** Takes all that is not with a connection, in its order. */
  #takeWaiting(): readonly AnyCall[] {
    return [...this.#returned.drain(), ...this.#waiting.drain()] as AnyCall[];
  }

  #flush(call: AnyCall, connection: ClientConnection, support: Support): void {
    const lacking = support.lacks(call.asked.needs);
    if (call.isOver) return;
    if (lacking !== undefined) call.fail(unknownTo(call, lacking));
    else if (call.asked.head === "") call.succeed(undefined);
    else connection.send(call);
  }

  /** `connection` is undefined if it ended before it was returned. */
  #ended(connection: ClientConnection | undefined, cause: Error | undefined): void {
    this.#parts.lost(cause);
    if (connection === undefined || connection !== this.#connection) return;
    this.#connection = undefined;
    this.#orphans = 0;
    this.#cause = new UnreachableError("the connection was lost", { cause });
    const { clock } = this.#parts.around;
    const lastedMs = (clock.now() - this.#openedMicros) / MILLI_MICROS;
    const isFirm = lastedMs > this.#parts.limits.backOffMaxMs;
    this.#failures = isFirm || this.#isTurning ? 0 : this.#failures + 1;
    this.#isTurning = false;
    this.#cancelTurn();
    if (cause !== undefined && this.#closed === undefined) this.#parts.troubled(cause);
    this.#dial();
  }
}

/** What the server knows, by its answer to `features`. */
function supportOf(reply: Reply): Support {
  if (reply.word === "UNKNOWN_COMMAND") return Support.plain;
  if (reply.word !== "OK") throw refusalOf("features", reply);
  return Support.of(reply.body);
}

function checkGreeting(command: string, reply: Reply): void {
  if (!["WATCHING", "USING", "WINDOW", "NAMED"].includes(reply.word))
    throw refusalOf(command, reply);
}

function notHeldThere(command: string, id: number): NotHeldError {
  return new NotHeldError(
    `${command}: the connection that held job ${id} ended before this was sent`,
  );
}

function unknownTo(call: AnyCall, feature: string): NotSupportedError {
  const why = feature === call.command.split(" ", 1)[0] ? "" : ` (${feature})`;
  return new NotSupportedError(`the server does not know ${quoted(call.command)}${why}`);
}
