/* Progress: the notes that a connection leaves with the jobs that it holds, of how far they are.
 *
 * A note is short, so it is gathered here, and goes to its job's shard in one piece. Without memory
 * for it it is lost, and the lease is renewed all the same. Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import * as R from "../protocol/replies.ts";
import type { Intake, Receiver } from "./intake.ts";
import type { Desk } from "./desk.ts";
import type { Window } from "./window.ts";

/** What a connection says of how far its jobs are. */
export class Progress {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #intake: Intake;
  readonly #window: Window;

  constructor(desk: Desk, reserver: Reserver, intake: Intake, window: Window) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.#intake = intake;
    this.#window = window;
  }

  /** The `progress` that the desk's command names; its note follows. */
  begin(): void {
    const { id, bytes } = this.#desk.command;
    if (bytes > C.PROGRESS_BYTES_MAX) this.#intake.swallow(bytes, R.REPLY.JOB_TOO_BIG);
    else this.#intake.begin(bytes, new Note(bytes, (note) => this.#keep(id, note)));
  }

  #keep(id: number, note: Uint8Array): void {
    const { output, now } = this.#desk;
    for (const shard of this.#reserver.opened) {
      const record = this.#reserver.record(shard);
      const offset = this.#desk.stage(shard, note, 0, note.length, note.length);
      const answer = shard.withMemory(() => shard.progress(record, id, offset, note.length, now));
      if (answer === C.NOT_FOUND) continue;
      output.reply(R.REPLY.NOTED);
      return;
    }
    this.#window.tellAll();
    output.reply(R.REPLY.NOT_FOUND);
  }
}

/** A note on its way in. */
class Note implements Receiver {
  readonly isUnrecorded = true;
  readonly #bytes: Uint8Array;
  readonly #keep: (note: Uint8Array) => void;

  constructor(bytes: number, keep: (note: Uint8Array) => void) {
    this.#bytes = new Uint8Array(bytes);
    this.#keep = keep;
  }

  append(position: number, bytes: Uint8Array, at: number, count: number): number {
    this.#bytes.set(bytes.subarray(at, at + count), position);
    return count;
  }

  finish(): void {
    this.#keep(this.#bytes);
  }

  /** It lies here alone. */
  drop(): void {}
}
