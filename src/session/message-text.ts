/* MessageText: the message of a failure on its way into the shard of its job, in pieces.
 *
 * Where there is no memory for it it is dropped, and the rest of it is skipped. Invariant: the text
 * is this object's until `take`. Used by failing.ts and the batches.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import type { Desk } from "./desk.ts";

/** One message of `bytes`. */
export class MessageText {
  readonly #desk: Desk;
  readonly #shard: Shard;
  /** Address of the failure, 0 when there is no memory for its message. */
  #address = 0;

  /** `record`: the connection's in that shard; 0, and nothing is kept, when it has none. */
  constructor(desk: Desk, shard: Shard, record: number, bytes: number) {
    this.#desk = desk;
    this.#shard = shard;
    if (record === 0) return;
    const answer = shard.withMemory(() => shard.openFailure(record, bytes));
    if (answer === C.DONE) this.#address = shard.field(C.RESULT_REF);
  }

  /** Takes all of it; as `append` of a Receiver. */
  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    const shard = this.#shard;
    const offset = this.#desk.stage(shard, bytes, at, at + count, end);
    let refusedAt = -1;
    for (let done = 0; done < count && this.#address !== 0;) {
      const answer = shard.appendFailure(
        this.#address,
        position + done,
        offset + done,
        count - done,
      );
      done += shard.field(C.RESULT_COUNT);
      if (answer !== C.OUT_OF_MEMORY) continue;
      if (!shard.growBudget(done === refusedAt)) this.drop();
      refusedAt = done;
    }
    return count;
  }

  /** The failure, which is the caller's now; 0 when there was no memory for it. */
  take(): number {
    const address = this.#address;
    this.#address = 0;
    return address;
  }

  drop(): void {
    if (this.#address !== 0) this.#shard.dropFailure(this.#address);
    this.#address = 0;
  }
}
