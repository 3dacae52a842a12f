/*
 * Batch bodies: the bodies and messages of a batch that come in pieces. What is wrong with one
 * refuses the batch; the rest of it is taken all the same. Fed by the intake.
 */
import * as C from "../../assembly/constants.ts";
import type { JobOrder, PutOrder } from "../engine/orders.ts";
import * as R from "../protocol/replies.ts";
import type { Batch } from "./batch.ts";
import type { Desk } from "./desk.ts";
import type { Receiver } from "./intake.ts";

/** A body that nobody wants: the batch will be refused. */
export class SkippedBody implements Receiver {
  readonly isUnrecorded = true;
  readonly #batch: Batch;
  readonly #index: number;

  constructor(batch: Batch, index: number) {
    this.#batch = batch;
    this.#index = index;
  }

  append(_position: number, _bytes: Uint8Array, _at: number, count: number): number {
    return count;
  }

  finish(): void {
    // It was refused before its body came.
  }

  spoil(): void {
    this.#batch.refuse(this.#index, R.REPLY.EXPECTED_CRLF);
  }

  drop(): void {
    // Nothing of it was kept.
  }
}

/** The body of a put: its upload grows as bytes come. */
export class PutBody implements Receiver {
  readonly isUnrecorded = true;
  readonly #desk: Desk;
  readonly #batch: Batch;
  readonly #order: PutOrder;
  #isRefused = false;

  constructor(desk: Desk, batch: Batch, order: PutOrder) {
    this.#desk = desk;
    this.#batch = batch;
    this.#order = order;
  }

  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    const { shard, upload, index } = this.#order;
    const offset = this.#desk.stage(shard, bytes, at, at + count, end);
    let refusedAt = -1;
    for (let done = 0; done < count && !this.#isRefused;) {
      const answer = shard.appendUpload(upload, position + done, offset + done, count - done);
      done += shard.field(C.RESULT_COUNT);
      if (answer !== C.OUT_OF_MEMORY) continue;
      this.#isRefused = !shard.growBudget(done === refusedAt);
      refusedAt = done;
    }
    if (this.#isRefused) this.#batch.refuse(index, R.REPLY.OUT_OF_MEMORY);
    return count;
  }

  finish(): void {
    // Its order has it, and the batch its order.
  }

  spoil(): void {
    this.#batch.refuse(this.#order.index, R.REPLY.EXPECTED_CRLF);
  }

  drop(): void {
    // The batch drops it with all others.
  }
}

/** What is said with a command: a MessageText or a ResultText. */
interface Text {
  append: Receiver["append"];
  /** Whether it can be kept. */
  readonly isInside?: boolean;
  /** It stands beyond the memory cap; and it may not. */
  readonly isBeyond?: boolean;
  readonly isRefused?: boolean;
  take(): number;
  drop(): void;
}

/** The message of a release or a bury, or the result of a finish. */
export class TextBody implements Receiver {
  readonly isUnrecorded = true;
  readonly #batch: Batch;
  readonly #order: JobOrder;
  readonly #text: Text;

  constructor(batch: Batch, order: JobOrder, text: Text) {
    this.#batch = batch;
    this.#order = order;
    this.#text = text;
  }

  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    return this.#text.append(position, bytes, at, count, end);
  }

  finish(): void {
    const order = this.#order;
    if (this.#text.isRefused === true) this.#batch.refuse(order.index, R.REPLY.JOB_TOO_BIG);
    else if (this.#text.isBeyond === true) this.#batch.beyondBytes += order.messageBytes;
    order.keepSeconds = this.#text.isInside === true ? order.keep : 0;
    order.text = this.#text.take(); // the batch drops it with all others
  }

  spoil(): void {
    this.#text.drop();
    this.#batch.refuse(this.#order.index, R.REPLY.EXPECTED_CRLF);
  }

  drop(): void {
    this.#text.drop();
  }
}
