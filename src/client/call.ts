/* Call: a command on its way, and whoever waits for its answer; Calls: some of them, in order.
 *
 * Calls are chained, so that taking the first costs the same however many are under way. A call is
 * in one chain at a time. Used by connection.ts.
 */
import { quoted } from "../protocol/reply-line.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import { BadCommandError } from "./errors.ts";

/** A command. */
export interface Call {
  /** Its line, without CRLF. */
  readonly command: string;
  /** The line and the body, each with its CRLF; empty once they are sent. */
  bytes: Uint8Array;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
  next: Call | undefined;
}

/** Calls in the order in which they were made. */
export class Calls {
  #first: Call | undefined;
  #last: Call | undefined;

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
}

const ENCODER = new TextEncoder();
const CRLF = ENCODER.encode("\r\n");
const LINE_BREAK = /[\r\n]/;

/** A command as it is sent; the body is copied. Throws a BadCommandError. */
export function commandBytes(command: string, body: Uint8Array | undefined): Uint8Array {
  if (LINE_BREAK.test(command)) {
    throw new BadCommandError(`${quoted(command)} is more than one line`);
  }
  const line = ENCODER.encode(`${command}\r\n`);
  if (body === undefined) return line;
  const bytes = new Uint8Array(line.length + body.length + CRLF.length);
  bytes.set(line);
  bytes.set(body, line.length);
  bytes.set(CRLF, line.length + body.length);
  return bytes;
}
