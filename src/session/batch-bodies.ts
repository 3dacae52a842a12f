/*
 * Batch bodies: the bodies and messages of a batch that come in pieces. What is wrong with one
 * refuses the batch; the rest of it is taken all the same. Fed by the intake.
 */
import * as C from "../../assembly/constants.ts";
import type { JobOrder, PutOrder } from "../engine/orders.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import type { Batch } from "./batch.ts";
import type { Desk } from "./desk.ts";
import type { Receiver } from "./intake.ts";
import { ResultText } from "./result-text.ts";

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

/** The message of a release or a bury; without memory for it, it is lost. */
export class MessageBody implements Receiver {
  readonly isUnrecorded = true;
  readonly #desk: Desk;
  readonly #batch: Batch;
  readonly #order: JobOrder;
  readonly #shard: Shard;

  /** `record`: the connection's in that shard, in which it holds the job. */
  constructor(desk: Desk, batch: Batch, order: JobOrder, shard: Shard, record: number) {
    this.#desk = desk;
    this.#batch = batch;
    this.#order = order;
    this.#shard = shard;
    const answer = shard.withMemory(() => shard.openFailure(record, order.messageBytes));
    if (answer === C.DONE) order.text = shard.address();
  }

  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    const shard = this.#shard;
    const order = this.#order;
    const offset = this.#desk.stage(shard, bytes, at, at + count, end);
    let refusedAt = -1;
    for (let done = 0; done < count && order.text !== 0;) {
      const answer = shard.appendFailure(order.text, position + done, offset + done, count - done);
      done += shard.field(C.RESULT_COUNT);
      if (answer !== C.OUT_OF_MEMORY) continue;
      if (!shard.growBudget(done === refusedAt)) this.#lose();
      refusedAt = done;
    }
    return count;
  }

  #lose(): void {
    this.#shard.dropFailure(this.#order.text);
    this.#order.text = 0;
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

/** The result of a finish. */
export class ResultBody implements Receiver {
  readonly isUnrecorded = true;
  readonly #batch: Batch;
  readonly #order: JobOrder;
  readonly #text: ResultText;

  constructor(desk: Desk, batch: Batch, order: JobOrder, shard: Shard) {
    this.#batch = batch;
    this.#order = order;
    this.#text = new ResultText(desk, shard, order.messageBytes);
  }

  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    return this.#text.append(position, bytes, at, count, end);
  }

  finish(): void {
    const order = this.#order;
    order.keepSeconds = this.#text.isInside ? order.keep : 0;
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
