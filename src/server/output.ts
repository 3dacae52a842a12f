/* Output: the buffer in which a thread gathers the replies of one connection's turn, so that they leave in one write.
 *
 * It belongs to whichever session runs; `begin` names its outlet and `flush` empties it. A transport that still uses the memory after a
 * write keeps it and the thread goes on with a new buffer.
 */

import { REPLY_LINE_MAX, writeConstant, writeCrlf } from "../protocol/replies.ts";
import type { Outlet } from "../transport.ts";
import type { Gate, Holder } from "./gate.ts";

const BUFFER_BYTES = 262_144;
/** What one `room` may ask for without a larger buffer: a line and a full output slot. */
const RESERVE_BYTES = 65_536 + REPLY_LINE_MAX;

/** The bytes on their way out. */
export class Output {
  /** Writers write here, at `at`, after `room`, and move `at`. Read anew after each `room` or `flush`. */
  bytes: Uint8Array = new Uint8Array(BUFFER_BYTES);
  at = 0;
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
  }

  /** Whether so much has gathered that it should leave before more is made. */
  get isFull(): boolean {
    return this.at > BUFFER_BYTES - RESERVE_BYTES;
  }

  /** Makes sure that `count` bytes can be written. */
  room(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    this.flush();
    if (count > this.bytes.length) this.bytes = new Uint8Array(count);
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
    if (this.at === 0 || outlet === undefined || holder === undefined) return;
    const view = this.bytes.subarray(0, this.at);
    this.at = 0;
    const { gate } = this;
    const kept = gate === undefined ? outlet.write(view) : gate.write(outlet, view, holder);
    if (kept || this.bytes.length > BUFFER_BYTES) this.bytes = new Uint8Array(BUFFER_BYTES);
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
