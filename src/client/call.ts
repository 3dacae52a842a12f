/* Call: a command on its way, and whoever waits for its answer; Calls: some of them, in order.
 *
 * Calls are chained, so that taking the first costs the same however many are under way. A call is
 * in one chain at a time. Used by connection.ts, and by link.ts, whose calls outlive a connection.
 */
import type { Reply } from "../protocol/reply-reader.ts";

const NOTHING = new Uint8Array(0);

/**
 * A command, or many. Exactly one of the four that end it is called, unless nobody waits any more.
 */
export abstract class Call {
  next: Call | undefined;
  /** What is sent lies in bytes[from, to), until it has been sent for good. */
  bytes: Uint8Array = NOTHING;
  from = 0;
  to = 0;
  /** Nobody waits for the answer: if it has not been sent, it never is. */
  isOver = false;
  wasSent = false;
  /** Answers that are still to come: more than one where it is many commands in one. */
  owed = 1;
  /** Whether it is many commands, the answers to which it may read itself. */
  get isMany(): boolean {
    return false;
  }

  /** Its line, without CRLF. */
  abstract readonly command: string;
  /** It may wait for its answer as long as it likes. */
  abstract readonly waits: boolean;

  /** An answer. Throws a BadReplyError when it cannot be one. */
  abstract answered(reply: Reply): void;
  /**
   * Reads the answers at bytes[at, ...) that it knows at sight, with bodies of at most
   * `bodyBytesMax`, and returns where the others begin, which come by `answered`. Only asked where
   * an answer begins, and where `isMany`.
   */
  skim(_bytes: Uint8Array, at: number, _bodyBytesMax: number): number {
    return at;
  }
  /** An answer came that cannot be taken. */
  abstract failed(error: Error): void;
  /** It was sent, and the connection ended. */
  abstract lost(cause: Error | undefined): void;
  /** The connection ended before it was sent. */
  abstract notSent(cause: Error | undefined): void;
  /** It is sent now, in the wire's hands. */
  abstract leaves(): void;
}

/** Calls in the order in which they were made. */
export class Calls {
  #first: Call | undefined;
  #last: Call | undefined;

  /** The one that was made first. */
  get first(): Call | undefined {
    return this.#first;
  }

  push(call: Call): void {
    if (this.#last === undefined) this.#first = call;
    else this.#last.next = call;
    this.#last = call;
  }

  /** Takes the first; undefined when there is none. */
  shift(): Call | undefined {
    const first = this.#first;
    this.#first = first?.next;
    if (this.#first === undefined) this.#last = undefined;
    if (first !== undefined) first.next = undefined;
    return first;
  }

  /** Takes them all, in their order. */
  *drain(): Generator<Call> {
    for (let call = this.shift(); call !== undefined; call = this.shift()) yield call;
  }
}
