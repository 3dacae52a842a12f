/* ClientConnection: commands out and replies in over a wire, as many under way as the caller likes.
 *
 *   ask -> unsent -> wire -> sent -> reply
 *
 * Invariants: replies answer the commands in the order in which these were asked. A command is
 * either not sent, and then certainly not done, or sent, and then done or not; the errors say
 * which. What is asked in one turn leaves together. While the wire has a long backlog commands wait
 * here. What a server pushes goes to whoever listens, between the replies; what else answers
 * nothing, or is no reply, ends the connection. Used by the
 * command line, the demo and HTTP's routes.
 */
import { BadReplyError, quoted } from "../protocol/reply-line.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import { Calls, commandBytes } from "./call.ts";
import type { Call } from "./call.ts";
import { LostError, NotSentError } from "./errors.ts";
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
}

/** beanstalkd's and ours: what -z can be at most. */
const BODY_BYTES_MAX = 2 ** 30;
/** Commands are joined until there is so much to send. */
const SEND_BYTES = 65_536;
/** A wire with more than this still to send gets nothing more. */
const BACKLOG_BYTES_MAX = 1_048_576;
const NOTHING = new Uint8Array(0);

/** One connection to a server of beanstalkd's protocol. */
export class ClientConnection {
  readonly #wire: Wire;
  readonly #reader: ReplyReader;
  readonly #unsent = new Calls();
  readonly #sent = new Calls();
  readonly #busy: (isBusy: boolean) => void;
  readonly #pushed: ((push: Reply) => void) | undefined;
  readonly #ended: (cause: Error | undefined) => void;
  /** Commands that wait for their answers. */
  #waiting = 0;
  #willSend = false;
  #isOpen = true;
  /** Why it is not open any more, if something went wrong. */
  #cause: Error | undefined;

  constructor(open: OpenWire, options: ConnectionOptions = {}) {
    const { replyBodyBytesMax = BODY_BYTES_MAX, busy = () => undefined } = options;
    this.#busy = busy;
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
    return this.#isOpen;
  }

  /**
   * Sends a command, with its body if it has one, and resolves with the reply. Rejects with a
   * NotSentError or a LostError when the connection ends first, and with a BadReplyError or a
   * ReplyTooBigError when what comes cannot be taken. `quit` is never answered.
   *
   * @param command its line, without CRLF
   * @param body without CRLF; it is copied
   */
  ask(command: string, body?: Uint8Array): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (!this.#isOpen) throw new NotSentError(command, this.#cause);
      const bytes = commandBytes(command, body);
      this.#unsent.push({ command, bytes, resolve, reject, next: undefined });
      if (this.#waiting++ === 0) this.#busy(true);
      if (this.#willSend) return;
      this.#willSend = true;
      queueMicrotask(() => {
        this.#willSend = false;
        this.#send();
      });
    });
  }

  /** Ends the connection; what the server still owes is not waited for. */
  close(): void {
    this.#end(undefined);
    this.#wire.close();
  }

  #send(): void {
    while (this.#isOpen && this.#wire.backlogBytes <= BACKLOG_BYTES_MAX) {
      const bytes = this.#takeUnsent();
      if (bytes.length === 0) return;
      this.#wire.send(bytes);
    }
  }

  /** Takes some of what is to be sent; from now on it counts as sent. */
  #takeUnsent(): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (let bytes = 0; bytes < SEND_BYTES;) {
      const call = this.#unsent.shift();
      if (call === undefined) break;
      pieces.push(call.bytes);
      bytes += call.bytes.length;
      call.bytes = NOTHING;
      this.#sent.push(call);
    }
    return joined(pieces);
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    try {
      this.#reader.take(bytes);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      const call = this.#sent.shift();
      if (call !== undefined) this.#reject(call, cause);
      this.#end(cause);
      this.#wire.close();
    }
  }

  #answer(reply: Reply): void {
    if (reply.isPush && this.#pushed !== undefined) {
      this.#pushed(reply);
      return;
    }
    if (reply.isPush) throw new BadReplyError(`nobody listens for ${quoted(reply.line)}`);
    const call = this.#sent.shift();
    if (call === undefined) {
      throw new BadReplyError(`the server sent ${quoted(reply.line)}, which answers nothing`);
    }
    call.resolve(reply);
    this.#settled();
  }

  #reject(call: Call, error: Error): void {
    call.reject(error);
    this.#settled();
  }

  #settled(): void {
    if (--this.#waiting === 0) this.#busy(false);
  }

  #end(cause: Error | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#cause = cause;
    for (let call = this.#sent.shift(); call !== undefined; call = this.#sent.shift()) {
      this.#reject(call, new LostError(call.command, cause));
    }
    for (let call = this.#unsent.shift(); call !== undefined; call = this.#unsent.shift()) {
      this.#reject(call, new NotSentError(call.command, cause));
    }
    this.#ended(cause);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first = NOTHING] = pieces;
  if (pieces.length <= 1) return first;
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
