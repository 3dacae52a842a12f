/* Standstill: keeps what sessions hold whose thread stood still: a program that computes in its own
 * event loop, with a broker in it, cannot say meanwhile that it is alive, and nobody else could
 * have run its jobs.
 *
 * Only sessions that were asked for their token are kept so: who holds jobs and asks for none goes
 * by the clock. Invariant: no lease that lasted when the standstill began ends with it; what was
 * to be said meanwhile has TIME_MICROS to arrive. Made by host.ts for a broker without other
 * threads.
 */
import * as C from "../../assembly/constants.ts";
import type { Desk } from "./desk.ts";

/** How long a thread is silent at least that stood still. */
const STILL_MICROS = 100_000;
/** How long leases last after it. */
const TIME_MICROS = 5_000_000;
const SECOND_MICROS = 1_000_000;

/** What one thread's standstills are known by. */
export class Standstill {
  readonly #desk: Desk;
  readonly #tokens = new Set<Uint8Array>();
  #lastMicros: number;

  constructor(desk: Desk, nowMicros: number) {
    this.#desk = desk;
    desk.tokens = this.#tokens;
    this.#lastMicros = nowMicros;
  }

  /** A turn begins; nothing has happened in it yet. */
  turn(nowMicros: number): void {
    const lastMicros = this.#lastMicros;
    this.#lastMicros = nowMicros;
    if (nowMicros - lastMicros >= STILL_MICROS) this.#keep(lastMicros, nowMicros);
  }

  /** Vouches as of the last turn, when these leases lasted. */
  #keep(lastMicros: number, nowMicros: number): void {
    const seconds = Math.ceil((nowMicros - lastMicros + TIME_MICROS) / SECOND_MICROS);
    for (const token of this.#tokens) {
      if (!this.#vouch(token, seconds, lastMicros)) this.#tokens.delete(token);
    }
  }

  /** False if there is no session with that token any more. */
  #vouch(token: Uint8Array, seconds: number, lastMicros: number): boolean {
    let isThere = false;
    for (const shard of this.#desk.shards) {
      shard.who.set(token);
      let answer = shard.vouch(seconds, lastMicros);
      while (answer === C.MORE) answer = shard.vouch(seconds, lastMicros);
      if (answer === C.DONE) isThere = true;
    }
    return isThere;
  }
}
