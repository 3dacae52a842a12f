/* Notes: what a handler says of how far its job is. Invariants: the newest note arrives, and at
 * most one in NOTE_MILLIS is sent. Used by context.ts.
 */
import type { Deadlines, Expiring } from "../client/deadlines.ts";
import type { HeldJob } from "./backend.ts";
import { encodeWith, json } from "./codec.ts";

const NOTE_MILLIS = 500;

/** The notes of one job. */
export class Notes implements Expiring {
  bucket: Expiring["bucket"];
  readonly #held: Pick<HeldJob, "isHeld" | "progress">;
  readonly #deadlines: Deadlines;
  readonly #troubled: (error: unknown) => void;
  #newest: Uint8Array | undefined;
  #isPausing = false;

  /** `troubled` is told what became of a note that did not arrive. */
  constructor(
    held: Pick<HeldJob, "isHeld" | "progress">,
    deadlines: Deadlines,
    troubled: (error: unknown) => void,
  ) {
    this.#held = held;
    this.#deadlines = deadlines;
    this.#troubled = troubled;
  }

  /** Throws a CodecError for what JSON cannot write. */
  note(value: unknown): void {
    this.#newest = encodeWith(json, value ?? null, "a progress note");
    if (!this.#isPausing) this.#send();
  }

  /** Called by its deadline. */
  expire(): void {
    this.#isPausing = false;
    if (this.#newest !== undefined) this.#send();
  }

  /** No note is sent any more. */
  end(): void {
    this.#newest = undefined;
    this.#deadlines.remove(this);
  }

  #send(): void {
    const note = this.#newest;
    if (note === undefined || !this.#held.isHeld) return;
    this.#newest = undefined;
    this.#isPausing = true;
    this.#deadlines.add(this, NOTE_MILLIS);
    this.#held.progress(note).catch((error: unknown) => {
      if (this.#held.isHeld) this.#troubled(error);
    });
  }
}
