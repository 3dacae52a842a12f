/* Awaiting: the jobs whose end a connection awaits, and DONE, with which it is told.
 *
 * What is awaited stands in the engine (assembly/awaits.ts), with the connection's record in the
 * job's shard; whatever ends the job, on any thread, calls for this connection. Nothing is written
 * but between two replies: the session calls `tell` at the end of its turns, and does not while a
 * reply is under way or the peer does not read. A job that went to another shard is looked for
 * again. Where there are tokens the engine says as well into which tube a job comes, and what is in
 * one without the right, or has ended there, counts as deleted. Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import { asciiBytes } from "../protocol/ascii.ts";
import { AWAITS_MAX } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { depend, shownTube } from "./answers.ts";
import type { Clearance } from "./clearance.ts";
import type { Desk } from "./desk.ts";
import type { Window } from "./window.ts";

/** The words for how jobs end. */
const END_WORDS: ReadonlyMap<number, Uint8Array> = new Map([
  [C.OUTCOME_FINISHED, asciiBytes("finished")],
  [C.OUTCOME_BURIED, asciiBytes("buried")],
  [C.OUTCOME_DELETED, asciiBytes("deleted")],
  [C.OUTCOME_CANCELLED, asciiBytes("cancelled")],
  [C.OUTCOME_EXPIRED, asciiBytes("expired")],
  [C.OUTCOME_DEAD, asciiBytes("dead")],
]);
const DELETED = asciiBytes("deleted");

/* What there is to be told: nothing, how a job ended, or no more than that it has for it. */
const NOTHING = 0;
const AN_END = 1;
const HIDDEN = 2;

/** What one connection awaits. */
export class Awaiting {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #window: Window;
  readonly #clearance: Clearance | undefined;
  /** Jobs that it awaits. */
  #count = 0;
  /** Where there are tokens: the tubes in which these are, or were before they were moved. */
  readonly #tubes = new Set<string>();
  /** Where there is something to be told. */
  readonly #owed = new Set<Shard>();

  /** Where there is a `clearance`, it was asked before an `await` is begun. */
  constructor(desk: Desk, reserver: Reserver, window: Window, clearance?: Clearance) {
    this.#clearance = clearance;
    this.#desk = desk;
    this.#reserver = reserver;
    this.#window = window;
  }

  /** There is something to be told. */
  get isOwed(): boolean {
    return this.#owed.size > 0;
  }

  /** Whether it may hear of all the jobs that it awaits. */
  get isAllowed(): boolean {
    const clearance = this.#clearance;
    if (clearance === undefined || this.#count === 0) return true;
    return [...this.#tubes].every((tube) => clearance.mayHear(tube));
  }

  /** The command `await`. Of what is over it is told at once. */
  begin(): void {
    const desk = this.#desk;
    const { output } = desk;
    if (this.#count >= AWAITS_MAX) {
      output.reply(R.REPLY.OUT_OF_MEMORY);
      return;
    }
    const answer = this.#await(desk.command.id, 0);
    if (answer === C.NOT_FOUND) this.#window.tellAll();
    if (answer !== C.DONE) {
      output.reply(answer === C.NOT_FOUND ? R.REPLY.NOT_FOUND : R.REPLY.OUT_OF_MEMORY);
      return;
    }
    output.reply(R.REPLY.AWAITING);
    this.tell(() => true);
  }

  /** Has the engine call when the job ends: DONE, NOT_FOUND or OUT_OF_MEMORY. */
  #await(id: number, urgency: number): number {
    let answer: number = C.NOT_FOUND;
    const shard = this.#desk.seekJob(id, (one) => {
      answer = this.#awaitIn(one, id, urgency);
      return answer !== C.NOT_FOUND;
    });
    if (shard === undefined || answer !== C.DONE) return answer;
    depend(this.#desk, shard);
    if (this.#count === 0) this.#tubes.clear();
    this.#count++;
    this.#owed.add(shard); // it may be over
    return answer;
  }

  #awaitIn(shard: Shard, id: number, urgency: number): number {
    const { now } = this.#desk;
    const how = this.#clearance === undefined ? urgency : urgency | C.AWAIT_TUBE;
    const ask = (): number => {
      const record = this.#reserver.record(shard);
      return shard.withMemory(() => shard.awaitJob(record, id, how, now));
    };
    const answer = ask();
    if (answer !== C.MORE) return answer;
    // The first thing that this connection has in that shard.
    return this.#reserver.openRecord(shard) === 0 ? C.OUT_OF_MEMORY : ask();
  }

  /** Something that it awaits in that shard has ended. */
  ended(shard: Shard): void {
    this.#owed.add(shard);
  }

  /** Writes how jobs ended, while `mayGoOn`. */
  tell(mayGoOn: () => boolean): void {
    for (const shard of this.#owed) {
      if (!this.#tellIn(shard, mayGoOn)) return;
      this.#owed.delete(shard);
    }
  }

  #tellIn(shard: Shard, mayGoOn: () => boolean): boolean {
    const record = this.#reserver.record(shard);
    for (let found = this.#look(shard, record); found !== NOTHING;) {
      const id = shard.field(C.RESULT_ID);
      const word = END_WORDS.get(shard.field(C.RESULT_REF));
      if (found === AN_END && word !== undefined) this.#write(shard, record, id, word);
      shard.dropEnd(record);
      this.#count--;
      if (found === HIDDEN) this.#writeDeleted(id);
      else if (word === undefined) this.#follow(id);
      if (!mayGoOn()) return false;
      found = this.#look(shard, record);
    }
    return true;
  }

  /** What is to be told first. On the way it waits on for jobs in tubes of which it may hear. */
  #look(shard: Shard, record: number): number {
    const clearance = this.#clearance;
    if (clearance === undefined) return shard.nextEnd(record, 0) === C.DONE ? AN_END : NOTHING;
    while (shard.endTube(record) === C.DONE) {
      const end = shard.field(C.RESULT_REF);
      const tube = shownTube(shard);
      if (end !== C.OUTCOME_MOVED && !clearance.mayHear(tube)) return HIDDEN;
      if (end !== C.OUTCOME_IN_TUBE) {
        shard.nextEnd(record, 0);
        return AN_END;
      }
      this.#tubes.add(tube);
      shard.waitOn(record, shard.field(C.RESULT_COUNT));
    }
    return NOTHING;
  }

  /** Looks for a job that went to another shard. */
  #follow(id: number): void {
    if (this.#await(id, C.AWAIT_VITAL) !== C.DONE) this.#writeDeleted(id); // it ended meanwhile
  }

  #writeDeleted(id: number): void {
    const { output } = this.#desk;
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeDone(output.bytes, output.at, id, DELETED, 0);
    output.chunk(new Uint8Array(0));
  }

  /** Writes what `nextEnd` shows. */
  #write(shard: Shard, record: number, id: number, word: Uint8Array): void {
    const { output } = this.#desk;
    const bytes = shard.field(C.RESULT_BODY_BYTES);
    const lsn = shard.field(C.RESULT_LSN);
    output.room(R.REPLY_LINE_MAX + bytes + 2);
    const from = output.at;
    output.at = R.writeDone(output.bytes, from, id, word, bytes);
    for (let done = 0; done < bytes;) {
      if (done > 0) shard.nextEnd(record, done);
      const count = shard.field(C.RESULT_COUNT);
      this.#desk.writeReplies(shard, count);
      done += count;
    }
    output.at = R.writeCrlf(output.bytes, output.at);
    output.gate?.dependAlone(shard.index, lsn, from, output.at);
  }
}
