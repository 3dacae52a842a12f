/* HostLoop: calls a host of sessions when another thread wants it and when it is time, on whatever
 * thread it lives.
 *
 * Invariants: one timer, armed for the earliest moment that the host has named; a moment that moves
 * away is not chased, the timer goes off and is armed anew. Whoever wakes the host finds it looking
 * after that (engine/common.ts). After `stop` the host is called no more. What the host throws is
 * not caught here. Used by the I/O threads (server/thread.ts) and by a thread that serves itself
 * (broker/in-process.ts).
 */
import { NEVER_MICROS } from "../../assembly/constants.ts";
import { RING_MILLIS_MAX } from "../clock.ts";
import type { Clock } from "../clock.ts";
import type { LoopRuntime } from "../runtime.ts";
import type { Common } from "../engine/common.ts";

/** The part of a host that a loop drives; all of it is synchronous. */
export interface DrivenHost {
  /** Another thread did something that concerns a session of this one. */
  wake(): void;
  /** Does what is due. */
  tick(): void;
  /**
   * When `tick` has something to do, in microseconds of the clock; NEVER_MICROS when it has not.
   */
  nextDueMicros(): number;
  /** Calls `ended` after each turn: `nextDueMicros` may say something else then. */
  onTurn(ended: () => void): void;
}

/** The clock of a thread that runs sessions, unless it is given another one. */
export function clockOf(common: Common, runtime: LoopRuntime): Clock {
  return { now: common.clock(), after: (millis, ring) => runtime.after(millis, ring) };
}

/** Longest time that a timer can be set for, in milliseconds. */

/** The loop of one host. */
export class HostLoop {
  readonly #host: DrivenHost;
  readonly #common: Common;
  readonly #index: number;
  readonly #clock: Clock;
  #callOff: () => void = () => undefined;
  #armedMicros = NEVER_MICROS;
  #isStopped = false;

  /** A loop for the host of the thread with that index. */
  constructor(host: DrivenHost, common: Common, index: number, clock: Clock) {
    this.#host = host;
    this.#common = common;
    this.#index = index;
    this.#clock = clock;
    host.onTurn(() => this.#turnEnded());
  }

  /** Looks whenever another thread wants it to. Resolves when it was stopped. */
  async keepAwake(wait: NonNullable<LoopRuntime["waitForChange"]>): Promise<void> {
    while (!this.#isStopped) {
      this.wake();
      await this.#common.woken(this.#index, wait);
    }
  }

  /** The word is cleared before looking: whoever comes while we look makes us look again. */
  wake(): void {
    if (this.#isStopped) return;
    this.#common.clearWake(this.#index);
    this.#host.wake();
  }

  /** Arms the timer for what the host has to do next. */
  #turnEnded(): void {
    if (this.#isStopped) return;
    const dueMicros = this.#host.nextDueMicros();
    if (dueMicros < this.#armedMicros) this.#arm(dueMicros);
  }

  /** Lets go of everything: what waits to be woken is, and finds that it is over. */
  stop(): void {
    this.#isStopped = true;
    this.#callOff();
    this.#common.wake(this.#index);
  }

  #arm(dueMicros: number): void {
    this.#callOff();
    this.#armedMicros = dueMicros;
    const millis = Math.ceil((dueMicros - this.#clock.now()) / 1000);
    this.#callOff = this.#clock.after(Math.min(Math.max(millis, 0), RING_MILLIS_MAX), this.#tick);
  }

  readonly #tick = (): void => {
    this.#armedMicros = NEVER_MICROS;
    this.#host.tick();
  };
}
