/* ClientConnection: commands out and replies in over a wire, as many under way as the caller likes.
 *
 *   ask -> unsent -> wire -> sent -> reply
 *
 * Invariants: replies answer the commands in the order in which these were asked; a call that is
 * many commands may read its own where they are common ones, which costs a tenth. A command is
 * either not sent, and then certainly not done, or sent, and then done or not; the errors say
 * which. What is asked in one turn leaves together. While the wire has a long backlog commands wait
 * here. What a server pushes goes to whoever listens, between the replies; what else answers
 * nothing, or is no reply, ends the connection. Used by link.ts,
 * the command line, the demo and HTTP's routes.
 */
import type { NearCommands } from "../near-commands.ts";
import { BadReplyError, quoted } from "../protocol/reply-line.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import { Call, Calls } from "./call.ts";
import { CommandWriter } from "./command-writer.ts";
import { asError, LostError, NotSentError } from "./errors.ts";
import type { OpenWire, Wire } from "./wire.ts";

/** What may be said about a connection. */
export interface ConnectionOptions {
  /** The longest body of a reply that is taken, in bytes; by default as much as a job may have. */
  readonly replyBodyBytesMax?: number;
  /**
   * Given what the server sends unasked, between the replies. Without it that ends the connection:
   * whoever sends no command that has it coming gets none.
   */
  readonly pushed?: (push: Reply) => void;
  /** Told once when the connection has ended, and why if something went wrong. */
  readonly ended?: (cause: Error | undefined) => void;
  /** Told when a first command waits for its answer, and when none does any more. */
  readonly busy?: (isBusy: boolean) => void;
  /** Told that something came, before it is looked at. */
  readonly heard?: () => void;
  /**
   * Calls what sends all that has been asked, later in this turn; in a microtask if absent. A wire
   * for which each `send` costs much has it wait until more has been asked.
   */
  readonly soon?: (send: () => void) => void;
}

/** A command that is mostly answered before it has been sent. */
export interface Exchange {
  /** Reads the answer, which is all of `bytes`; false, and nothing has happened, if it is not. */
  read(bytes: Uint8Array, bodyBytesMax: number): boolean;
  /** The call that waits for the answer, for which nothing else is to be sent. */
  call(): Call;
}

/** beanstalkd's and ours: what -z can be at most. */
const BODY_BYTES_MAX = 2 ** 30;
/** Commands are joined until there is so much to send. */
const SEND_BYTES = 65_536;
/** A wire with more than this still to send gets nothing more. */
const BACKLOG_BYTES_MAX = 1_048_576;
const NOTHING: Uint8Array = new Uint8Array(0);

/** One connection to a server of beanstalkd's protocol. */
export class ClientConnection {
  readonly #wire: Wire;
  readonly #reader: ReplyReader;
  readonly #writer = new CommandWriter();
  readonly #unsent = new Calls();
  readonly #sent = new Calls();
  readonly #busy: (isBusy: boolean) => void;
  readonly #heard: () => void;
  readonly #soon: (send: () => void) => void;
  readonly #pushed: ((push: Reply) => void) | undefined;
  readonly #ended: (cause: Error | undefined) => void;
  readonly #bodyBytesMax: number;
  /** What hears the answer to the command that is being sent. */
  #exchange: Exchange | undefined;
  #wasRead = false;
  /** The call that hears its answer just now. */
  #answering: Call | undefined;
  /** Commands that wait for their answers. */
  #waiting = 0;
  #willSend = false;
  #isOpen = true;
  #isFinishing = false;
  /** Why it is not open any more, if something went wrong. */
  #cause: Error | undefined;

  constructor(open: OpenWire, options: ConnectionOptions = {}) {
    const { replyBodyBytesMax = BODY_BYTES_MAX, busy = () => undefined } = options;
    this.#bodyBytesMax = replyBodyBytesMax;
    this.#busy = busy;
    this.#heard = options.heard ?? (() => undefined);
    // A browser's own, as a method of something else, is an illegal invocation.
    this.#soon = options.soon ?? ((send) => queueMicrotask(send));
    this.#pushed = options.pushed;
    this.#ended = options.ended ?? (() => undefined);
    this.#reader = new ReplyReader((reply) => this.#answer(reply), replyBodyBytesMax);
    this.#wire = open({
      received: (bytes) => this.#receive(bytes),
      ended: (cause) => this.#end(cause),
      drained: () => this.#send(),
    });
  }

  /** Whether what is asked now will be sent. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isFinishing;
  }

  /** Whether the other end is in this process, where an answer mostly comes at once. */
  get isNear(): boolean {
    return this.#wire.takesAtOnce !== undefined;
  }

  /**
   * Whether there can be an exchange: nothing is under way, and the other end takes all at once.
   */
  get isFree(): boolean {
    return (
      this.#waiting === 0 &&
      this.#exchange === undefined &&
      this.isOpen &&
      this.#wire.takesAtOnce === true
    );
  }

  /** Commands without bytes, while it `isFree`. */
  get near(): NearCommands | undefined {
    return this.isFree ? this.#wire.near : undefined;
  }

  /** Calls that wait for their answers. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The call whose answer comes next, of those that were sent. */
  get oldest(): Call | undefined {
    return this.#sent.first;
  }

  /**
   * Sends a command, with its body if it has one, and resolves with the reply. Rejects with a
   * NotSentError or a LostError when the connection ends first, and with a BadReplyError or a
   * ReplyTooBigError when what comes cannot be taken. `quit` is never answered.
   *
   * @param command its line, without CRLF
   * @param body without CRLF; it is copied
   * @param called what errors call it, where its line is nobody's business
   */
  ask(command: string, body?: Uint8Array, called: string = command): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call = new Asked(called, resolve, reject);
      if (this.isOpen) this.#writer.write(call, { head: command, body, saysBytes: true });
      this.send(call);
    });
  }

  /** Sends a call that has been written; it is told what becomes of it. */
  send(call: Call): void {
    if (!this.isOpen) {
      call.notSent(this.#cause);
      return;
    }
    this.#unsent.push(call);
    if (this.#waiting++ === 0) this.#busy(true);
    if (this.#willSend) return;
    this.#willSend = true;
    this.#soon(this.#sendAsked);
  }

  /**
   * Sends a command now, to an end in this process, while it `isFree`; the memory is the caller's
   * again afterwards. True if the exchange has read the answer; else it has made a call that hears
   * it later.
   */
  exchange(bytes: Uint8Array, exchange: Exchange): boolean {
    this.#exchange = exchange;
    this.#wasRead = false;
    this.#wire.send(bytes);
    if (this.#exchange !== undefined) this.#expect(exchange);
    return this.#wasRead;
  }

  /** The answer to an exchange is not there, or is another one: a call waits for it. */
  #expect(exchange: Exchange): void {
    this.#exchange = undefined;
    const call = exchange.call();
    call.wasSent = true;
    if (!this.#isOpen) {
      call.lost(this.#cause);
      return;
    }
    this.#sent.push(call);
    if (this.#waiting++ === 0) this.#busy(true);
  }

  /**
   * Sends what can be sent, and then nothing more: that is answered, and the server ends the
   * connection. What waits there for a job is told at once that there is none.
   */
  finish(): void {
    if (!this.isOpen) return;
    this.#send();
    this.#isFinishing = true;
    this.#wire.finish();
    this.#giveBackUnsent(undefined);
  }

  /** Ends the connection; what the server still owes is not waited for. */
  close(cause?: Error): void {
    this.#end(cause);
    this.#wire.close();
  }

  readonly #sendAsked = (): void => {
    this.#willSend = false;
    this.#send();
  };

  #send(): void {
    while (this.isOpen && this.#wire.backlogBytes <= BACKLOG_BYTES_MAX) {
      const bytes = this.#takeUnsent();
      if (bytes.length === 0) return;
      this.#wire.send(bytes);
    }
  }

  /** Takes some of what is to be sent; from now on it counts as sent. */
  #takeUnsent(): Uint8Array {
    const pieces: Uint8Array[] = [];
    let total = 0;
    let bytes: Uint8Array = NOTHING;
    let from = 0;
    let to = 0;
    while (total < SEND_BYTES) {
      const call = this.#unsent.shift();
      if (call === undefined) break;
      if (call.isOver) {
        this.#settled();
        continue;
      }
      if (call.bytes !== bytes || call.from !== to) {
        if (to > from) pieces.push(bytes.subarray(from, to));
        ({ bytes, from } = call);
      }
      ({ to } = call);
      total += to - call.from;
      call.wasSent = true;
      call.leaves();
      this.#sent.push(call);
    }
    if (to > from) pieces.push(bytes.subarray(from, to));
    return joined(pieces, total);
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    const exchange = this.#exchange;
    if (exchange !== undefined) {
      this.#wasRead = exchange.read(bytes, this.#bodyBytesMax);
      this.#exchange = undefined;
      if (this.#wasRead) return;
      this.#expect(exchange);
    }
    this.#heard();
    try {
      for (let at = 0; at < bytes.length && this.#isOpen;) at = this.#takeNext(bytes, at);
    } catch (error) {
      const cause = asError(error);
      const call = this.#answering ?? this.#sent.first;
      if (call !== undefined) {
        if (call === this.#sent.first) this.#sent.shift();
        call.failed(cause);
        this.#settled();
      }
      this.#end(cause);
      this.#wire.close();
    }
  }

  /** Takes the next replies at bytes[at, ...), and returns where the rest begins. */
  #takeNext(bytes: Uint8Array, at: number): number {
    const call = this.#sent.first;
    if (call?.isMany !== true || !this.#reader.isBetween) {
      return this.#reader.takeOne(bytes, at);
    }
    const next = call.skim(bytes, at, this.#bodyBytesMax);
    if (call.owed === 0) {
      this.#sent.shift();
      this.#settled();
    }
    return next > at ? next : this.#reader.takeOne(bytes, at);
  }

  #answer(reply: Reply): void {
    if (!this.#isOpen) return;
    if (reply.isPush && this.#pushed !== undefined) {
      this.#pushed(reply);
      return;
    }
    if (reply.isPush) throw new BadReplyError(`nobody listens for ${quoted(reply.line)}`);
    const call = this.#sent.first;
    if (call === undefined) {
      throw new BadReplyError(`the server sent ${quoted(reply.line)}, which answers nothing`);
    }
    if (--call.owed === 0) this.#sent.shift();
    this.#answering = call;
    call.answered(reply);
    this.#answering = undefined;
    if (call.owed === 0) this.#settled();
  }

  #settled(): void {
    if (--this.#waiting === 0) this.#busy(false);
  }

  #end(cause: Error | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#cause = cause;
    for (const call of this.#sent.drain()) {
      call.lost(cause);
      this.#settled();
    }
    this.#giveBackUnsent(cause);
    this.#ended(cause);
  }

  #giveBackUnsent(cause: Error | undefined): void {
    for (const call of this.#unsent.drain()) {
      call.notSent(cause);
      this.#settled();
    }
  }
}

/** A command that somebody asked of the connection itself, and that ends with it. */
class Asked extends Call {
  readonly command: string;
  readonly waits = false;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: Error) => void;

  constructor(command: string, resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    super();
    this.command = command;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  answered(reply: Reply): void {
    this.#resolve(reply);
  }

  failed(error: Error): void {
    this.#reject(error);
  }

  lost(cause: Error | undefined): void {
    this.#reject(new LostError(this.command, cause));
  }

  notSent(cause: Error | undefined): void {
    this.#reject(new NotSentError(this.command, cause));
  }

  leaves(): void {
    this.bytes = NOTHING;
  }
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first = NOTHING] = pieces;
  if (pieces.length <= 1) return first;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
