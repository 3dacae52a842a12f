/* Lease: keeps a job held while it waits for a slot and while it is run: renewed at a third of its
 * time, so that two renewals may fail. Made by worker.ts when a job comes, ended when it does.
 */
import type { Deadlines, Expiring } from "../client/deadlines.ts";
import type { HeldJob } from "./backend.ts";

const RENEWALS = 3;

/** The lease of one job. */
export class Lease implements Expiring {
  bucket: Expiring["bucket"];
  readonly #held: HeldJob;
  readonly #millis: number;
  readonly #deadlines: Deadlines;
  readonly #troubled: (error: unknown) => void;
  #lost: (() => void) | undefined;
  #isOver = false;

  /** `troubled` is told why a renewal failed of a job that is still held. */
  constructor(
    held: HeldJob,
    leaseMillis: number,
    deadlines: Deadlines,
    troubled: (error: unknown) => void,
  ) {
    this.#held = held;
    this.#millis = leaseMillis / RENEWALS;
    this.#deadlines = deadlines;
    this.#troubled = troubled;
    deadlines.add(this, this.#millis);
  }

  /** `lost` is called when a renewal finds that it is over. */
  onLost(lost: () => void): void {
    this.#lost = lost;
  }

  /** Called by its deadline. */
  expire(): void {
    if (!this.#held.isHeld) return;
    this.#deadlines.add(this, this.#millis);
    this.#held.renew().catch((error: unknown) => {
      if (this.#isOver) return;
      if (this.#held.isHeld) this.#troubled(error);
      else this.#lost?.();
    });
  }

  /** It is renewed no more. */
  end(): void {
    this.#isOver = true;
    this.#deadlines.remove(this);
  }
}
