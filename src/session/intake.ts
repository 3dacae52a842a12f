/* Intake: the one body of a connection that is on its way in, in pieces: to whoever wants it, or to
 * nowhere.
 *
 * A body ends with CR LF; one that does not is dropped and answered with EXPECTED_CRLF. What nobody
 * wants, because it is too big or there is no memory for it, is swallowed to its end, and then
 * answered. Used by the session, fed by Putting, Failing and Progress.
 */

import * as R from "../protocol/replies.ts";
import type { Desk } from "./desk.ts";

const CR = 13;
const LF = 10;
/** Bytes of the CRLF behind a body. */
export const TRAILER_BYTES = 2;

/** What `append` returns when there is no memory: the body is not wanted any more. */
export const REFUSED = -1;

/** Who wants a body. Exactly one of `finish`, `drop` and `spoil` is called, last. */
export interface Receiver {
  /**
   * Takes bytes[at, at + count), which stand at `position` of the body; `end` is the end of the
   * input. Returns how many it took: fewer when the journal has no room for more now; or REFUSED.
   */
  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number;
  /** What it does with a whole body writes no record: `finish` need not wait for room. */
  readonly isUnrecorded?: true;
  /** All of it came, and the journal has room for what it records. Answers the command. */
  finish(): void;
  /** It will not come, or is not as it should be. */
  drop(): void;
  /** Behind it stands no CR LF. Called instead of `drop`; absent: EXPECTED_CRLF answers that. */
  spoil?(): void;
}

/** Takes in the bodies of one connection, one at a time. */
export class Intake {
  readonly #desk: Desk;
  #receiver: Receiver | undefined;
  #bytes = 0;
  /** Bytes of the body that came. */
  #position = 0;
  /** Bytes of its CRLF that came. */
  #trailer = 0;
  /** Whether one of these was wrong. */
  #isWrong = false;
  #swallowBytes = 0;
  /** Whether `take` stopped because the journal has no room. */
  lacksRoom = false;
  #swallowReply: Uint8Array = R.REPLY.JOB_TOO_BIG;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Whether the next byte of input belongs to a body. */
  get isBusy(): boolean {
    return this.#receiver !== undefined || this.#swallowBytes > 0;
  }

  /** A body of `bytes` follows. */
  begin(bytes: number, receiver: Receiver): void {
    this.#receiver = receiver;
    this.#bytes = bytes;
    this.#position = 0;
    this.#trailer = 0;
    this.#isWrong = false;
  }

  /** A body of `bytes` follows that goes nowhere; `reply` is the answer. */
  swallow(bytes: number, reply: Uint8Array): void {
    this.#swallowBytes = bytes + TRAILER_BYTES;
    this.#swallowReply = reply;
  }

  /** Takes what belongs to the body from bytes[at, end); returns the position behind it. */
  take(bytes: Uint8Array, at: number, end: number): number {
    const receiver = this.#receiver;
    this.lacksRoom = false;
    if (receiver === undefined) return this.#takeSwallowed(at, end);
    if (this.#position === this.#bytes) return this.#takeTrailer(receiver, bytes, at);
    const count = Math.min(this.#bytes - this.#position, end - at);
    const taken = receiver.append(this.#position, bytes, at, count, end);
    if (taken !== REFUSED) {
      this.#position += taken;
      this.lacksRoom = taken < count;
      return at + taken;
    }
    const left = this.#bytes - this.#position - count;
    this.drop();
    this.swallow(left, R.REPLY.OUT_OF_MEMORY);
    return at + count;
  }

  #takeTrailer(receiver: Receiver, bytes: Uint8Array, at: number): number {
    const isLast = this.#trailer === TRAILER_BYTES - 1;
    this.lacksRoom = isLast && receiver.isUnrecorded !== true && !this.#desk.room.isThere;
    if (this.lacksRoom) return at;
    if (bytes[at] !== (this.#trailer === 0 ? CR : LF)) this.#isWrong = true;
    this.#trailer++;
    if (this.#trailer < TRAILER_BYTES) return at + 1;
    this.#receiver = undefined;
    if (!this.#isWrong) receiver.finish();
    else if (receiver.spoil !== undefined) receiver.spoil();
    else {
      receiver.drop();
      this.#desk.output.reply(R.REPLY.EXPECTED_CRLF);
    }
    return at + 1;
  }

  #takeSwallowed(at: number, end: number): number {
    const count = Math.min(this.#swallowBytes, end - at);
    this.#swallowBytes -= count;
    if (this.#swallowBytes === 0) this.#desk.output.reply(this.#swallowReply);
    return at + count;
  }

  /** Forgets a body that will not come to its end. */
  drop(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.drop();
  }
}
