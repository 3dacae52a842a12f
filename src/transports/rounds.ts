/* Rounds: looks after members one by one, each once in so long.
 *
 * Members stand in the order in which they are due, which is the order in which they were looked
 * after last, so one timer serves all. Whoever is late himself, because the process was frozen or
 * very busy, judges nobody: what he would miss may lie in the system's buffers. Used by
 * web-socket-door.ts.
 */
import type { Clock } from "../clock.ts";

const MILLI_MICROS = 1000;

/** One order of members. */
export class Rounds<Member> {
  readonly #clock: Clock;
  readonly #everyMillis: number;
  readonly #look: (member: Member) => void;
  /** When each is due, in microseconds. */
  readonly #due = new Map<Member, number>();
  #isSet = false;
  #cancel: () => void = () => undefined;

  /**
   * @param everyMillis Infinity is never
   * @param look called for each member; it may delete members
   */
  constructor(clock: Clock, everyMillis: number, look: (member: Member) => void) {
    this.#clock = clock;
    this.#everyMillis = everyMillis;
    this.#look = look;
  }

  /** Looks after it from now on. */
  add(member: Member): void {
    if (this.#everyMillis === Infinity) return;
    this.#due.delete(member); // so that it is the last one
    this.#due.set(member, this.#clock.now() + this.#everyMillis * MILLI_MICROS);
    this.#set();
  }

  /**
   * Does nothing if it is no member. With the last one goes the timer, which may keep the process
   * alive.
   */
  delete(member: Member): void {
    this.#due.delete(member);
    if (this.#due.size > 0) return;
    this.#cancel();
    this.#isSet = false;
  }

  #set(): void {
    const [due] = this.#due.values();
    if (this.#isSet || due === undefined) return;
    this.#isSet = true;
    const millis = Math.max(1, Math.ceil((due - this.#clock.now()) / MILLI_MICROS));
    this.#cancel = this.#clock.after(millis, () => {
      this.#goRound();
      this.#isSet = false;
      this.#set();
    });
  }

  #goRound(): void {
    const now = this.#clock.now();
    const lateMicros = (this.#everyMillis * MILLI_MICROS) / 2;
    for (const [member, due] of this.#due) {
      if (due > now) return;
      this.add(member);
      if (now - due < lateMicros) this.#look(member);
    }
  }
}
