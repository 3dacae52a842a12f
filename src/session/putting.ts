/* Putting: the bodies of a connection's puts, whole or in pieces.
 *
 * A body that lies in one piece goes to the engine at once. Otherwise an upload is opened and its
 * memory grows as bytes arrive, not as they were announced; a long one goes to the journal as it
 * comes, too, and waits there for room as commands do. Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import { asciiBytes } from "../protocol/ascii.ts";
import * as R from "../protocol/replies.ts";
import { settingOf } from "../protocol/tube-settings.ts";
import { depend, heardEarly } from "./answers.ts";
import { countRefusal } from "./counters.ts";
import { REFUSED, TRAILER_BYTES } from "./intake.ts";
import type { Intake, Receiver } from "./intake.ts";
import type { Desk, PutTube } from "./desk.ts";

const CR = 13;
const LF = 10;

const NO_TAGS = new Uint8Array(0);
/** What a put that meets a job is told of it, by its state. */
export const STATE_WORDS: readonly Uint8Array[] = [
  asciiBytes("DELETED"),
  asciiBytes("READY"),
  asciiBytes("RESERVED"),
  asciiBytes("DELAYED"),
  asciiBytes("BURIED"),
];

/** The puts of one connection. */
export class Putting {
  readonly #desk: Desk;
  readonly #intake: Intake;

  constructor(desk: Desk, intake: Intake) {
    this.#desk = desk;
    this.#intake = intake;
  }

  /**
   * The put that the desk's command names, its body at bytes[at, ...); returns the position behind
   * what was taken of it now.
   */
  put(to: PutTube, bytes: Uint8Array, at: number, end: number): number {
    const desk = this.#desk;
    const { command, output } = desk;
    const id = desk.nextId(); // now, as beanstalkd: what goes wrong from here on burns it
    const bodyEnd = at + command.bytes;
    if (bodyEnd + TRAILER_BYTES > end) {
      if (id === 0) this.#refuse();
      else this.#open(to, id);
      return at;
    }
    const refusal = desk.putRefusal ?? (id === 0 ? R.REPLY.OUT_OF_MEMORY : undefined);
    if (bytes[bodyEnd] !== CR || bytes[bodyEnd + 1] !== LF) output.reply(R.REPLY.EXPECTED_CRLF);
    else if (refusal !== undefined) refuse(desk, refusal);
    else this.#putWhole(to, id, bytes, at, end);
    return bodyEnd + TRAILER_BYTES;
  }

  #putWhole(to: PutTube, id: number, bytes: Uint8Array, at: number, end: number): void {
    const { shard, tube } = to;
    const { command, now } = this.#desk;
    const offset = this.#desk.stage(shard, bytes, at, at + command.bytes, end);
    const { pri, delay, ttr, tags } = command;
    if (tags.length > 0) shard.tags.set(tags.bytes.subarray(0, tags.length));
    const answer = shard.withMemory(() =>
      tags.length === 0
        ? shard.put(tube, id, pri, delay, ttr, offset, command.bytes, now)
        : shard.putTagged(tube, id, pri, delay, ttr, offset, command.bytes, tags.length, now),
    );
    if (answer === C.KNOWN) this.#desk.giveBackIds(id, id);
    answerPut(this.#desk, shard, id, answer);
  }

  #open(to: PutTube, id: number): void {
    const { shard } = to;
    const { bytes } = this.#desk.command;
    const answer = shard.withMemory(() => shard.openUpload(bytes));
    const address = answer === C.DONE ? shard.field(C.RESULT_REF) : 0;
    const parts = address === 0 ? undefined : this.#record(to, address, id);
    if (parts === undefined) this.#refuse();
    else this.#intake.begin(bytes, new Upload(this.#desk, to, id, address, parts > 0));
  }

  /** The body that the desk's command announces goes nowhere. */
  #refuse(): void {
    countRefusal(this.#desk, "out-of-memory");
    this.#intake.swallow(this.#desk.command.bytes, R.REPLY.OUT_OF_MEMORY);
  }

  /**
   * In how many parts the body goes to the journal as it comes; undefined, and the upload is gone,
   * without memory to keep track of them.
   */
  #record({ shard, tube }: PutTube, address: number, id: number): number | undefined {
    if (!this.#desk.hasJournal) return 0;
    const { tags } = this.#desk.command;
    const answer = shard.withMemory(() => shard.recordUpload(address, tube, id, tags.length));
    if (answer === C.DONE) return shard.field(C.RESULT_COUNT);
    shard.dropUpload(address);
    return undefined;
  }
}

/** A put whose body comes in pieces: made of the desk's command. */
class Upload implements Receiver {
  readonly #desk: Desk;
  readonly #to: PutTube;
  readonly #id: number;
  readonly #address: number;
  readonly #pri: number;
  readonly #delaySeconds: number;
  readonly #ttrSeconds: number;
  readonly #tags: Uint8Array;
  /** It is so long that it goes to the journal as it comes. */
  readonly #isRecorded: boolean;

  constructor(desk: Desk, to: PutTube, id: number, address: number, isRecorded: boolean) {
    const { pri, delay, ttr, tags } = desk.command;
    this.#desk = desk;
    this.#to = to;
    this.#id = id;
    this.#address = address;
    this.#pri = pri;
    this.#delaySeconds = delay;
    this.#ttrSeconds = ttr;
    this.#tags = tags.length === 0 ? NO_TAGS : tags.bytes.slice(0, tags.length);
    this.#isRecorded = isRecorded;
  }

  append(position: number, bytes: Uint8Array, at: number, count: number, end: number): number {
    const desk = this.#desk;
    const { shard } = this.#to;
    const offset = desk.stage(shard, bytes, at, at + count, end);
    let done = 0;
    let refusedAt = -1;
    while (done < count) {
      if (this.#isRecorded && desk.isJournalFull) return this.#refused();
      const answer = shard.appendUpload(
        this.#address,
        position + done,
        offset + done,
        count - done,
      );
      done += shard.field(C.RESULT_COUNT);
      if (answer === C.OUT_OF_MEMORY) {
        if (!shard.growBudget(done === refusedAt)) return this.#refused();
        refusedAt = done;
      }
      if (answer === C.MORE) return done;
    }
    return count;
  }

  #refused(): typeof REFUSED {
    countRefusal(this.#desk, "out-of-memory");
    return REFUSED;
  }

  finish(): void {
    const desk = this.#desk;
    const { shard } = this.#to;
    const refusal = desk.putRefusal;
    if (refusal !== undefined) {
      this.drop();
      refuse(desk, refusal);
      return;
    }
    const answer = this.#tags.length === 0 ? this.#commit() : this.#commitTagged();
    // What was recorded of the body has this id for good.
    if (answer === C.KNOWN && !this.#isRecorded) desk.giveBackIds(this.#id, this.#id);
    answerPut(desk, shard, this.#id, answer);
    if (answer === C.OUT_OF_MEMORY || answer === C.FULL) this.drop();
  }

  #commit(): number {
    const { shard, tube } = this.#to;
    return shard.withMemory(() =>
      shard.commitUpload(
        this.#address,
        tube,
        this.#id,
        this.#pri,
        this.#delaySeconds,
        this.#ttrSeconds,
        this.#desk.now,
      ),
    );
  }

  #commitTagged(): number {
    const { shard, tube } = this.#to;
    shard.tags.set(this.#tags);
    return shard.withMemory(() =>
      shard.commitTagged(
        this.#address,
        tube,
        this.#id,
        this.#pri,
        this.#delaySeconds,
        this.#ttrSeconds,
        this.#tags.length,
        this.#desk.now,
      ),
    );
  }

  drop(): void {
    const { shard } = this.#to;
    const drop = (): void => {
      shard.dropUpload(this.#address);
    };
    // That it is not needed any more is a record.
    if (this.#isRecorded) this.#desk.room.whenThere(drop);
    else drop();
  }
}

/** A put is not taken; `reply` says why. */
function refuse(desk: Desk, reply: Uint8Array): void {
  countRefusal(desk, reply === R.REPLY.DRAINING ? "draining" : "out-of-memory");
  desk.output.reply(reply);
}

function answerPut(desk: Desk, shard: Shard, id: number, answer: number): void {
  const { output } = desk;
  if (answer === C.OUT_OF_MEMORY) {
    refuse(desk, R.REPLY.OUT_OF_MEMORY);
    return;
  }
  if (answer === C.FULL) {
    countRefusal(desk, "tube-full");
    answerFull(desk, shard);
    return;
  }
  depend(desk, shard);
  output.room(R.REPLY_LINE_MAX);
  if (answer === C.KNOWN) {
    const state = STATE_WORDS[shard.field(C.RESULT_STATS + C.JOB_STATE)] ?? NO_TAGS;
    const pri = shard.field(C.RESULT_STATS + C.JOB_PRI);
    output.at = R.writeKnown(output.bytes, output.at, shard.field(C.RESULT_ID), state, pri);
    return;
  }
  desk.hint(id, shard);
  const write = answer === C.DONE ? R.writeInserted : R.writeBuried;
  const from = output.at;
  output.at = write(output.bytes, from, id);
  heardEarly(desk, shard, shard.field(C.RESULT_LSN), from);
}

/** The tube has no room for the job; the shard's result area says what keeps it out. */
export function answerFull({ output }: Desk, shard: Shard): void {
  const { name } = settingOf(shard.field(C.RESULT_REF));
  output.room(R.REPLY_LINE_MAX);
  output.at = R.writeTubeFull(output.bytes, output.at, name, shard.field(C.RESULT_COUNT));
}
