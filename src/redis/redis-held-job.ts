/* RedisHeldJob: a job in Redis that a consumer holds.
 *
 * It is held by a number that nobody else has: what is asked for it with that number is done only
 * while nobody took it since. So what was asked when a connection ended may be asked again. Made by
 * redis-consumer.ts.
 */
import { CancelledError, LostError, NotHeldError } from "../client/errors.ts";
import { RESULT_KEPT_MILLIS } from "../worker/backend.ts";
import type { Completion, HeldJob } from "../worker/backend.ts";
import { putWords } from "./redis-put.ts";
import { textOf } from "./redis-link.ts";
import type { RedisLink, Word } from "./redis-link.ts";

const NOTHING = new Uint8Array(0);
/** How often the same is asked, when one connection after the other ends under it. */
const ASKED_MAX = 5;

/** What the script says of a job that was taken. */
export interface TakenJob {
  readonly id: string;
  readonly tube: string;
  readonly attempt: number;
  readonly hold: string;
  readonly body: Uint8Array;
}

/** One job, held. */
export class RedisHeldJob implements HeldJob {
  readonly id: string;
  readonly tube: string;
  readonly attempt: number;
  readonly body: Uint8Array;
  readonly hold: string;
  readonly #link: RedisLink;
  readonly #bytesMax: number;
  readonly #gone: () => void;
  #isHeld = true;
  #reason: Error | undefined;
  #aborting: AbortController | undefined;

  /** `gone` is called once, when it is not held any more. */
  constructor(link: RedisLink, bytesMax: number, taken: TakenJob, gone: () => void) {
    this.id = taken.id;
    this.tube = taken.tube;
    this.attempt = taken.attempt;
    this.hold = taken.hold;
    this.body = taken.body;
    this.#link = link;
    this.#bytesMax = bytesMax;
    this.#gone = gone;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  get signal(): AbortSignal {
    this.#aborting ??= new AbortController();
    if (this.#reason !== undefined) this.#aborting.abort(this.#reason);
    return this.#aborting.signal;
  }

  async complete(completion: Completion = {}): Promise<void> {
    const { next = [], result, keepMillis = RESULT_KEPT_MILLIS } = completion;
    const words = next.flatMap((job) => putWords(job, this.#bytesMax));
    await this.#end("complete", Math.ceil(keepMillis), result ?? NOTHING, ...words);
  }

  release(
    options: { readonly afterMillis?: number; readonly failure?: Uint8Array } = {},
  ): Promise<void> {
    const { afterMillis = 0, failure } = options;
    return this.#end("release", Math.ceil(afterMillis), ...messageWords(failure));
  }

  handBack({ afterMillis = 0 }: { readonly afterMillis?: number } = {}): Promise<void> {
    return this.#end("handBack", Math.ceil(afterMillis));
  }

  bury({ failure }: { readonly failure?: Uint8Array } = {}): Promise<void> {
    return this.#end("bury", ...messageWords(failure));
  }

  moveTo(tube: string, { failure }: { readonly failure?: Uint8Array } = {}): Promise<void> {
    return this.#end("moveTo", tube, ...messageWords(failure));
  }

  discard(): Promise<void> {
    return this.#end("discard");
  }

  async renew(): Promise<void> {
    if ((await this.#ask("renew")) === "cancelled") this.cancelled();
  }

  async progress(note: Uint8Array): Promise<void> {
    if ((await this.#ask("progress", note)) === "cancelled") this.cancelled();
  }

  /** Somebody cancelled it. */
  cancelled(): void {
    this.#doomed(new CancelledError(`job ${this.id} was cancelled`));
  }

  /** Somebody else may have it. */
  lost(cause?: unknown): NotHeldError {
    const error = new NotHeldError(`job ${this.id} was lost: its lease is over, or it is gone`, {
      cause,
    });
    if (this.#isHeld) {
      this.#over();
      this.#doomed(error);
    }
    return error;
  }

  async #end(what: string, ...words: readonly Word[]): Promise<void> {
    await this.#ask(what, ...words);
    if (this.#isHeld) this.#over();
  }

  /**
   * Rejects with a LostError when it was asked again, since a connection ended, and it is not held
   * by then: that may be so because of the first time.
   */
  async #ask(what: string, ...words: readonly Word[]): Promise<string> {
    if (!this.#isHeld) throw this.lost(this.#reason);
    let unsure: LostError | undefined;
    for (let times = 1; ; times++) {
      try {
        const said = textOf(await this.#link.run(what, [this.id, this.hold, ...words]));
        if (said !== "not-held") return said;
      } catch (error) {
        if (!(error instanceof LostError) || times === ASKED_MAX) throw error;
        unsure = error;
        continue;
      }
      const lost = this.lost(unsure);
      throw unsure ?? lost;
    }
  }

  #doomed(reason: Error): void {
    this.#reason ??= reason;
    this.#aborting?.abort(this.#reason);
  }

  #over(): void {
    this.#isHeld = false;
    this.#gone();
  }
}

function messageWords(failure: Uint8Array | undefined): readonly Word[] {
  return failure === undefined ? ["0", ""] : ["1", failure];
}
