/* WatchedHeldJob: a job that a consumer holds, on behalf of another one that counts what it has.
 * Used by spread-backend.ts and worker-limits.ts.
 */
import type { Completion, HeldJob, RawJob } from "./backend.ts";

/** Who watches. */
export interface HeldWatch {
  /** What the job is called there. */
  readonly id: string;
  /** It is held, or is not held any more. */
  readonly moved: (isHere: boolean) => void;
  /** Whether `moved` is told before its end is asked for, so that no other job comes for it. */
  readonly isEarly?: boolean;
  /** Puts some of the jobs that follow before it ends; resolves with the others. */
  readonly putBefore?: (next: readonly RawJob[]) => Promise<readonly RawJob[]>;
}

/** A job of another consumer. */
export class WatchedHeldJob implements HeldJob {
  readonly id: string;
  readonly #held: HeldJob;
  readonly #watch: HeldWatch;

  constructor(held: HeldJob, watch: HeldWatch) {
    this.id = watch.id;
    this.#held = held;
    this.#watch = watch;
  }

  get tube(): string {
    return this.#held.tube;
  }

  get attempt(): number {
    return this.#held.attempt;
  }

  get body(): Uint8Array {
    return this.#held.body;
  }

  get signal(): AbortSignal {
    return this.#held.signal;
  }

  get isHeld(): boolean {
    return this.#held.isHeld;
  }

  complete(completion: Completion = {}): Promise<void> {
    const { next = [] } = completion;
    const { putBefore } = this.#watch;
    return this.#ending(async () => {
      if (next.length === 0 || putBefore === undefined) return this.#held.complete(completion);
      await this.#held.complete({ ...completion, next: await putBefore(next) });
    });
  }

  release(options?: Parameters<HeldJob["release"]>[0]): Promise<void> {
    return this.#ending(() => this.#held.release(options));
  }

  handBack(options?: Parameters<HeldJob["handBack"]>[0]): Promise<void> {
    return this.#ending(() => this.#held.handBack(options));
  }

  bury(options?: Parameters<HeldJob["bury"]>[0]): Promise<void> {
    return this.#ending(() => this.#held.bury(options));
  }

  moveTo(tube: string, options?: Parameters<HeldJob["moveTo"]>[1]): Promise<void> {
    return this.#ending(() => this.#held.moveTo(tube, options));
  }

  discard(): Promise<void> {
    return this.#ending(() => this.#held.discard());
  }

  renew(): Promise<void> {
    return this.#held.renew();
  }

  progress(note: Uint8Array): Promise<void> {
    return this.#held.progress(note);
  }

  async #ending(end: () => Promise<void>): Promise<void> {
    const { moved, isEarly = false } = this.#watch;
    if (isEarly) moved(false);
    try {
      await end();
    } finally {
      if (!this.#held.isHeld) moved(false);
      else if (isEarly) moved(true);
    }
  }
}
