/* Inline job: a job that was never in the queue: a worker is handed it as if it had come from
 * there, and runs it in a slot, with its hooks and its failure mode. What ends it is told to
 * whoever waits; only the jobs that follow from it go to the queue. Made by test-queue.ts.
 */
import type { Completion, HeldJob, RawJob } from "../worker/backend.ts";

/** A job for one run. */
export class InlineJob implements HeldJob {
  readonly id: string;
  readonly tube: string;
  readonly attempt = 1;
  readonly body: Uint8Array;
  readonly signal = new AbortController().signal;
  /** What it was completed with. */
  result: Uint8Array = new Uint8Array(0);
  readonly #follow: (jobs: readonly RawJob[]) => Promise<void>;
  #isHeld = true;

  /** `follow` enqueues the jobs that follow from it, or rejects. */
  constructor(
    id: string,
    { tube, body }: Pick<RawJob, "tube" | "body">,
    follow: (jobs: readonly RawJob[]) => Promise<void>,
  ) {
    this.id = id;
    this.tube = tube;
    this.body = body;
    this.#follow = follow;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  async complete({ next = [], result }: Completion = {}): Promise<void> {
    await this.#follow(next);
    if (result !== undefined) this.result = result;
    this.#isHeld = false;
  }

  release(): Promise<void> {
    return this.#end();
  }

  handBack(): Promise<void> {
    return this.#end();
  }

  bury(): Promise<void> {
    return this.#end();
  }

  moveTo(): Promise<void> {
    return this.#end();
  }

  discard(): Promise<void> {
    return this.#end();
  }

  async renew(): Promise<void> {
    // nobody else could get it
  }

  async progress(): Promise<void> {
    // listeners of the worker are told
  }

  async #end(): Promise<void> {
    this.#isHeld = false;
  }
}
