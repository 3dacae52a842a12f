/* Putting: the bodies of a connection's puts, whole or in pieces, and what must be swallowed instead.
 *
 * A body that lies in one piece goes to the engine at once. Otherwise an upload is opened and its memory grows as bytes arrive, not as they
 * were announced; a long one goes to the journal as it comes, too, and waits there for room as commands do. A body that is too big, or for which there is no memory, is swallowed to its end, and then answered. Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import { depend } from "./answers.ts";
import type { SessionHost } from "./session-host.ts";

const CR = 13;
const LF = 10;
/** Bytes of the CRLF behind a body. */
const TRAILER_BYTES = 2;

/** The tube that is put to. */
export interface PutTube {
  readonly shard: Shard;
  /** Address of the tube in its shard. */
  readonly tube: number;
}

/** A body that comes in pieces. */
interface Upload {
  readonly to: PutTube;
  readonly address: number;
  readonly id: number;
  readonly pri: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  readonly bytes: number;
  /** It is so long that it goes to the journal as it comes. */
  readonly isRecorded: boolean;
  /** Bytes of the body that came, bytes of its CRLF that came, and whether they were wrong. */
  position: number;
  trailer: number;
  isWrong: boolean;
}

/** The puts of one connection. */
export class Putting {
  readonly #host: SessionHost;
  #upload: Upload | undefined;
  #swallowBytes = 0;
  #swallowReply: Uint8Array = R.REPLY.JOB_TOO_BIG;

  constructor(host: SessionHost) {
    this.#host = host;
  }

  /** Whether the next byte of input belongs to a body. */
  get isBusy(): boolean {
    return this.#upload !== undefined || this.#swallowBytes > 0;
  }

  /** Swallows a body that is larger than may be. */
  refuseTooBig(bytes: number): void {
    this.#swallow(bytes + TRAILER_BYTES, R.REPLY.JOB_TOO_BIG);
  }

  /** The put that the host's command names, its body at bytes[at, ...); answers the position behind what was taken of it now. */
  put(to: PutTube, bytes: Uint8Array, at: number, end: number): number {
    const host = this.#host;
    const { command, output } = host;
    const id = host.nextId(); // now, as beanstalkd: what goes wrong from here on burns it
    const bodyEnd = at + command.bytes;
    if (bodyEnd + TRAILER_BYTES > end) {
      this.#open(to, id);
      return at;
    }
    const refusal = host.putRefusal;
    if (bytes[bodyEnd] !== CR || bytes[bodyEnd + 1] !== LF) output.reply(R.REPLY.EXPECTED_CRLF);
    else if (refusal !== undefined) output.reply(refusal);
    else this.#putWhole(to, id, bytes, at, end);
    return bodyEnd + TRAILER_BYTES;
  }

  #putWhole(to: PutTube, id: number, bytes: Uint8Array, at: number, end: number): void {
    const { shard, tube } = to;
    const { engine, thread } = shard;
    const { command, now } = this.#host;
    const offset = this.#host.stage(shard, bytes, at, at + command.bytes, end);
    const { pri, delay, ttr } = command;
    let answer = C.OUT_OF_MEMORY;
    do {
      answer = shard.answer(
        engine.put(thread, tube, id, pri, delay, ttr, offset, command.bytes, now),
      );
    } while (answer === C.OUT_OF_MEMORY && shard.growBudget());
    this.#answer(shard, id, answer);
  }

  #answer(shard: Shard, id: number, answer: number): void {
    const host = this.#host;
    const { output } = host;
    if (answer === C.OUT_OF_MEMORY) {
      output.reply(R.REPLY.OUT_OF_MEMORY);
      return;
    }
    host.hint(id, shard);
    depend(host, shard);
    output.room(R.REPLY_LINE_MAX);
    const write = answer === C.DONE ? R.writeInserted : R.writeBuried;
    output.at = write(output.bytes, output.at, id);
  }

  #open(to: PutTube, id: number): void {
    const { shard } = to;
    const { bytes, pri, delay, ttr } = this.#host.command;
    let answer = C.OUT_OF_MEMORY;
    do {
      answer = shard.answer(shard.engine.openUpload(shard.thread, bytes));
    } while (answer === C.OUT_OF_MEMORY && shard.growBudget());
    const address = answer === C.DONE ? shard.field(C.RESULT_REF) : 0;
    const parts = address === 0 ? undefined : this.#record(to, address, id);
    if (parts === undefined) {
      this.#swallow(bytes + TRAILER_BYTES, R.REPLY.OUT_OF_MEMORY);
      return;
    }
    this.#upload = {
      to,
      address,
      id,
      pri,
      delaySeconds: delay,
      ttrSeconds: ttr,
      bytes,
      isRecorded: parts > 0,
      position: 0,
      trailer: 0,
      isWrong: false,
    };
  }

  /** In how many parts the body goes to the journal as it comes; undefined, and the upload is gone, without memory to keep track of them. */
  #record({ shard, tube }: PutTube, address: number, id: number): number | undefined {
    if (!this.#host.hasJournal) return 0;
    const { engine, thread } = shard;
    let answer = C.OUT_OF_MEMORY;
    do {
      answer = shard.answer(engine.recordUpload(thread, address, tube, id));
    } while (answer === C.OUT_OF_MEMORY && shard.growBudget());
    if (answer === C.DONE) return shard.field(C.RESULT_COUNT);
    shard.answer(engine.dropUpload(thread, address));
    return undefined;
  }

  /** Takes what belongs to the body from bytes[at, end); answers the position behind it. */
  take(bytes: Uint8Array, at: number, end: number): number {
    const upload = this.#upload;
    if (upload === undefined) return this.#takeSwallowed(at, end);
    if (upload.position === upload.bytes) return this.#takeTrailer(upload, bytes, at);
    const count = Math.min(upload.bytes - upload.position, end - at);
    if (!this.#append(upload, bytes, at, count, end)) {
      const left = upload.bytes - upload.position - count + TRAILER_BYTES;
      this.drop();
      this.#swallow(left, R.REPLY.OUT_OF_MEMORY);
      return at + count;
    }
    upload.position += count;
    return at + count;
  }

  /** False when there is no memory, or no space on the disk, for all of bytes[at, at + count). */
  #append(upload: Upload, bytes: Uint8Array, at: number, count: number, end: number): boolean {
    const { address, position, to, isRecorded } = upload;
    const { shard } = to;
    const { engine, thread } = shard;
    const offset = this.#host.stage(shard, bytes, at, at + count, end);
    let done = 0;
    while (done < count) {
      if (isRecorded && this.#host.isJournalFull) return false;
      const code = engine.appendUpload(
        thread,
        address,
        position + done,
        offset + done,
        count - done,
      );
      const answer = shard.answer(code);
      done += shard.field(C.RESULT_COUNT);
      if (answer === C.OUT_OF_MEMORY && !shard.growBudget()) return false;
      if (answer === C.MORE) this.#host.waitForRoom();
    }
    return true;
  }

  #takeTrailer(upload: Upload, bytes: Uint8Array, at: number): number {
    if (bytes[at] !== (upload.trailer === 0 ? CR : LF)) upload.isWrong = true;
    upload.trailer++;
    if (upload.trailer === TRAILER_BYTES) this.#finish(upload);
    return at + 1;
  }

  #finish(upload: Upload): void {
    const { output, now, putRefusal } = this.#host;
    const refusal = upload.isWrong ? R.REPLY.EXPECTED_CRLF : putRefusal;
    if (refusal !== undefined) {
      this.drop();
      output.reply(refusal);
      return;
    }
    this.#upload = undefined;
    const { to, address, id, pri, delaySeconds, ttrSeconds } = upload;
    const { engine, thread } = to.shard;
    const code = engine.commitUpload(
      thread,
      address,
      to.tube,
      id,
      pri,
      delaySeconds,
      ttrSeconds,
      now,
    );
    this.#answer(to.shard, id, to.shard.answer(code));
  }

  /** Forgets an upload that will not be finished. */
  drop(): void {
    const upload = this.#upload;
    if (upload === undefined) return;
    this.#upload = undefined;
    const { shard } = upload.to;
    if (upload.isRecorded) this.#host.waitForRoom(); // that it is not needed any more is a record
    shard.answer(shard.engine.dropUpload(shard.thread, upload.address));
  }

  #swallow(bytes: number, reply: Uint8Array): void {
    this.#swallowBytes = bytes;
    this.#swallowReply = reply;
  }

  #takeSwallowed(at: number, end: number): number {
    const count = Math.min(this.#swallowBytes, end - at);
    this.#swallowBytes -= count;
    if (this.#swallowBytes === 0) this.#host.output.reply(this.#swallowReply);
    return at + count;
  }
}
