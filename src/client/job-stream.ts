/* JobStream: jobs as they come, to be gone through with `for await`.
 *
 *   WindowStream    the server sends jobs as long as fewer than `window` are held
 *   ReserveStream   of a server without windows: a reserve for each job
 *
 * Invariants: a job that was taken for the stream and that nobody was given is handed back when the
 * stream ends. A job that was lost before its turn came is passed over. The end of a stream, by
 * `return`, by its signal or with the client, is quiet: `next` says done. Made by caller.ts.
 */
import { BadReplyError } from "../protocol/reply-line.ts";
import type { Job } from "./job.ts";
import { RefusedError } from "./refused-error.ts";

/** What a stream works with; implemented by caller.ts. */
export interface StreamSource {
  /** Has the server send jobs while fewer than so many are held. */
  window(size: number): Promise<void>;
  /** No connection opens a window any more, whatever becomes of the command. */
  windowIsOver(): void;
  /** Waits for a job, for so many seconds or as long as it takes. */
  reserve(seconds: number | undefined, signal: AbortSignal): Promise<Job | undefined>;
  /** How many jobs are held. */
  readonly held: number;
  /** Resolves when a job is held no more, or after a while. */
  fewer(signal: AbortSignal): Promise<void>;
  /** Gives back a job that nobody wants. */
  leave(job: Job): void;
  /** Somebody begins, or ceases, to wait. */
  stay(isWaiting: boolean): void;
  /** What went wrong where nobody waits for it. */
  troubled(error: unknown): void;
}

type Next = IteratorResult<Job, undefined>;

interface Waiting {
  readonly resolve: (next: Next) => void;
  readonly reject: (error: unknown) => void;
}

const OVER: Next = { done: true, value: undefined };

/** Jobs as they come. */
export interface JobStream extends AsyncIterableIterator<Job, undefined>, AsyncDisposable {
  /** Ends it, and resolves when what it had left is given back. */
  return(): Promise<Next>;
}

/** A stream of a server that has windows. */
export class WindowStream implements JobStream {
  readonly #source: StreamSource;
  /** The most that the window has been. */
  #size: number;
  readonly #left: () => void;
  readonly #ready: Job[] = [];
  readonly #waiting: Waiting[] = [];
  #error: { readonly error: unknown } | undefined;
  #ending: Promise<void> | undefined;

  /** `left` is called when no job will be given to `take` any more. */
  constructor(source: StreamSource, size: number, left: () => void) {
    this.#source = source;
    this.#size = size;
    this.#left = left;
    source.window(size).catch((error: unknown) => this.#fail(error));
  }

  /** The window is set anew: so many jobs may come from now on, beside those that came before. */
  resize(size: number): void {
    this.#size = Math.max(this.#size, size);
  }

  /** A job came. Throws a BadReplyError when it is more than was asked for. */
  take(job: Job): void {
    if (this.#ready.length >= this.#size) this.#dropLost();
    if (this.#ready.length >= this.#size) {
      throw new BadReplyError(`the server sent more than ${this.#size} jobs to a window of them`);
    }
    const waiting = this.#ending === undefined ? this.#waiting.shift() : undefined;
    if (waiting === undefined) this.#ready.push(job);
    else this.#answer(waiting, job);
  }

  /** A job that was lost leaves room in the server's window: another one may come for it. */
  #dropLost(): void {
    const held = this.#ready.filter((job) => job.isHeld);
    this.#ready.splice(0, this.#ready.length, ...held);
  }

  async next(): Promise<Next> {
    if (this.#ending !== undefined) return this.#over();
    for (let job = this.#ready.shift(); job !== undefined; job = this.#ready.shift()) {
      if (job.isHeld) return { done: false, value: job };
    }
    return new Promise((resolve, reject) => {
      this.#source.stay(true);
      this.#waiting.push({ resolve, reject });
    });
  }

  async return(): Promise<Next> {
    await this.end();
    return OVER;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    for (const waiting of this.#waiting.splice(0)) {
      this.#source.stay(false);
      waiting.resolve(OVER);
    }
    this.#source.windowIsOver();
    try {
      if (this.#error === undefined) await this.#source.window(0);
    } catch (error) {
      this.#source.troubled(error);
    } finally {
      this.#left();
      for (const job of this.#ready.splice(0)) if (job.isHeld) this.#source.leave(job);
    }
  }

  #answer(waiting: Waiting, job: Job): void {
    this.#source.stay(false);
    waiting.resolve({ done: false, value: job });
  }

  #fail(error: unknown): void {
    this.#error = { error };
    for (const waiting of this.#waiting.splice(0)) {
      this.#source.stay(false);
      waiting.reject(error);
    }
    void this.end();
  }

  #over(): Next {
    const failed = this.#error;
    this.#error = undefined;
    if (failed !== undefined) throw failed.error;
    return OVER;
  }
}

/** A stream of a server that has no windows. */
export class ReserveStream implements JobStream {
  readonly #source: StreamSource;
  readonly #size: number;
  readonly #left: () => void;
  readonly #ending = new AbortController();

  /** `left` is called when it is over. */
  constructor(source: StreamSource, size: number, left: () => void) {
    this.#source = source;
    this.#size = size;
    this.#left = left;
  }

  /** While jobs are held it never waits in a reserve: their ends would have to wait behind it. */
  async next(): Promise<Next> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        const job = await this.#look(signal);
        if (job !== undefined) return { done: false, value: job };
      } catch (error) {
        if (signal.aborted) break;
        this.end(); // `for await` calls no `return` after `next` has thrown
        throw error;
      }
    }
    return OVER;
  }

  /** Looks for a job once; if there is none and some are held, waits until they are fewer. */
  async #look(signal: AbortSignal): Promise<Job | undefined> {
    const { held } = this.#source;
    let isSoon = false;
    if (held < this.#size) {
      try {
        const job = await this.#source.reserve(held > 0 ? 0 : undefined, signal);
        if (job !== undefined) return job;
      } catch (error) {
        if (!isDeadlineSoon(error)) throw error;
        isSoon = true;
      }
    }
    if (isSoon || this.#source.held > 0) await this.#source.fewer(signal);
    return undefined;
  }

  return(): Promise<Next> {
    this.end();
    return Promise.resolve(OVER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it. */
  end(): void {
    this.#ending.abort();
    this.#left();
  }
}

/** The server gives no job while one that is held has but a second left: that is not for ever. */
function isDeadlineSoon(error: unknown): boolean {
  return error instanceof RefusedError && error.code === "HM_DEADLINE_SOON";
}
