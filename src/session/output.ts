/* Output: the buffer in which a thread gathers the replies of one connection's turn, so that they
 * leave in one write.
 *
 * It belongs to whichever session runs; `begin` names its outlet and `flush` empties it. What must
 * wait for the journal, or is still used by the transport, stays where it is: the thread writes on
 * behind it, and in another buffer when little of this one is left.
 */

import { REPLY_LINE_MAX, writeConstant, writeCrlf } from "../protocol/replies.ts";
import type { Outlet } from "../transport.ts";
import type { Gate, Holder } from "./gate.ts";
import { ReplyBuffer, ReplyBuffers } from "./reply-buffer.ts";

/** What one `room` may ask for without a larger buffer: a line and a full output slot. */
const RESERVE_BYTES = 65_536 + REPLY_LINE_MAX;

/** The bytes on their way out. */
export class Output {
  readonly #buffers = new ReplyBuffers();
  #buffer = new ReplyBuffer();
  /**
   * Where writers write, at `at`, after `room`. Read it anew after each `room`, `begin` or `flush`.
   */
  bytes = this.#buffer.bytes;
  /** Where in `bytes` the next byte goes. Writers move it; read it anew as `bytes`. */
  at = 0;
  /** Where what has gathered begins; what stands before it waits or is lent. */
  #from = 0;
  /** Absent without a journal: then everything is safe at once. */
  readonly gate: Gate | undefined;
  #outlet: Outlet | undefined;
  #holder: Holder | undefined;

  constructor(gate: Gate | undefined) {
    this.gate = gate;
  }

  /** From here on replies are for that outlet, and count for `holder` when they must wait. */
  begin(outlet: Outlet, holder: Holder): void {
    this.#outlet = outlet;
    this.#holder = holder;
    if (this.#from > 0 && this.at === this.#from && this.#buffer.isFree) this.#rewind();
  }

  #rewind(): void {
    this.at = 0;
    this.#from = 0;
  }

  #goOnIn(buffer: ReplyBuffer): void {
    this.#buffers.giveBack(this.#buffer);
    this.#buffer = buffer;
    this.bytes = buffer.bytes;
    this.#rewind();
  }

  /** Whether so much has gathered that it should leave before more is made. */
  get isFull(): boolean {
    return this.at > this.bytes.length - RESERVE_BYTES;
  }

  /** Makes sure that `count` bytes can be written. */
  room(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    this.flush();
    if (this.at + count <= this.bytes.length) return;
    this.#goOnIn(this.#buffers.take(count));
  }

  /** Adds a reply that is always the same. */
  reply(constant: Uint8Array): void {
    this.room(REPLY_LINE_MAX);
    this.at = writeConstant(this.bytes, this.at, constant);
  }

  /** Adds bytes from elsewhere and a CRLF. */
  chunk(source: Uint8Array): void {
    this.room(source.length + 2);
    this.bytes.set(source, this.at);
    this.at = writeCrlf(this.bytes, this.at + source.length);
  }

  /** Sends what has gathered. */
  flush(): void {
    const outlet = this.#outlet;
    const holder = this.#holder;
    if (this.at === this.#from || outlet === undefined || holder === undefined) return;
    if (!this.#send(outlet, holder)) this.at = this.#from;
    this.#from = this.at;
    const isUsedUp = this.bytes.length - this.at < 2 * RESERVE_BYTES;
    if (isUsedUp || this.#buffer.isLong) this.#goOnIn(this.#buffers.take());
  }

  /** As Outlet.write. */
  #send(outlet: Outlet, holder: Holder): boolean {
    const { gate } = this;
    if (gate !== undefined) return gate.write(outlet, this.#buffer, this.#from, this.at, holder);
    if (!outlet.write(this.bytes.subarray(this.#from, this.at))) return false;
    this.#buffer.isLent = true;
    return true;
  }

  /** Sends what has gathered and closes the outlet behind it. */
  close(): void {
    this.flush();
    const outlet = this.#outlet;
    const holder = this.#holder;
    if (outlet === undefined || holder === undefined) return;
    if (this.gate === undefined) outlet.close();
    else this.gate.close(outlet, holder);
  }
}
