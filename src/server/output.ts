/* Output: the buffer in which a thread gathers the replies of one connection's turn, so that they leave in one write.
 *
 * It belongs to whichever session runs; `begin` names its outlet and `flush` empties it. A transport that still uses the memory after a
 * write keeps it and the thread goes on with a new buffer.
 */

import { REPLY_LINE_MAX, writeConstant, writeCrlf } from "../protocol/replies.ts";
import type { Outlet } from "../transport.ts";
import type { Gate } from "./gate.ts";

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

  constructor(gate: Gate | undefined) {
    this.gate = gate;
  }

  /** From here on replies are for that outlet. */
  begin(outlet: Outlet): void {
    this.#outlet = outlet;
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
    if (this.at === 0 || outlet === undefined) return;
    const view = this.bytes.subarray(0, this.at);
    this.at = 0;
    const kept = this.gate === undefined ? outlet.write(view) : this.gate.write(outlet, view);
    if (kept || this.bytes.length > BUFFER_BYTES) this.bytes = new Uint8Array(BUFFER_BYTES);
  }

  /** Sends what has gathered and closes the outlet behind it. */
  close(): void {
    this.flush();
    const outlet = this.#outlet;
    if (outlet === undefined) return;
    if (this.gate === undefined) outlet.close();
    else this.gate.close(outlet);
  }
}
