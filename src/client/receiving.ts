/* Receiving: what comes for a client beside plain answers: the jobs that it reserves or that a
 * window brings, and the news of jobs that it holds or awaits.
 *
 * Invariants: a job that comes goes to exactly one: to whoever reserved it, to the stream, to a
 * listener, or back to the server as if it had not been taken. Used by caller.ts.
 */
import type { Reply } from "../protocol/reply-reader.ts";
import type { Awaits } from "./awaits.ts";
import type { ClientCall } from "./client-call.ts";
import type { Receiver } from "./commands/reserves.ts";
import { Job } from "./job.ts";
import type { Holdings, JobOwner } from "./job.ts";
import type { WindowStream } from "./job-stream.ts";

/** Who hears what comes unasked. */
export interface PushListener {
  /** A job of a window; it is held. If nobody listens, it is handed back. */
  readonly job?: (job: Job) => void;
  /** A job is not held any more, and this client did not end it. */
  readonly lost?: (id: number) => void;
  /** A job that is held was cancelled. */
  readonly cancelled?: (id: number) => void;
}

/** A call that waits for the job of a reserve. */
type Reserve = ClientCall<Job | undefined>;

/** What receiving works with. */
export interface ReceivingParts {
  readonly owner: JobOwner;
  readonly holdings: Holdings;
  readonly awaits: Awaits;
  /** Gives a job back to the server, as if it had not been taken if it knows how. */
  readonly giveBack: (job: Job) => void;
  readonly troubled: (error: unknown) => void;
}

/** One client's. */
export class Receiving implements Receiver {
  readonly #parts: ReceivingParts;
  readonly #listeners = new Set<PushListener>();
  /** Those that somebody waits for, in their order, and which tubes are watched for each. */
  readonly #reserves = new Map<Reserve, number>();
  /** The one that has the jobs of the window. */
  stream: WindowStream | undefined;

  constructor(parts: ReceivingParts) {
    this.#parts = parts;
  }

  /** As Receiver. */
  take({ args: [id], body }: Reply): Job {
    return this.#hold(Number(id), body, undefined, undefined);
  }

  /** As Receiver. */
  hold(id: number, body: Uint8Array): Job {
    return this.#hold(id, body, undefined, undefined);
  }

  /** As Receiver. */
  leave(job: Job): void {
    this.#parts.giveBack(job);
  }

  /** Somebody waits for a job of a reserve. */
  waits(call: Reserve, watchVersion: number): void {
    this.#reserves.set(call, watchVersion);
  }

  /** It has ended. */
  waitsNoMore(call: Reserve): void {
    this.#reserves.delete(call);
  }

  /** A reserve that nobody waits for has brought a job: it is the next one's. */
  pass(job: Job, watchVersion: number): void {
    for (const [call, own] of this.#reserves) {
      if (own !== watchVersion) continue;
      call.serve(job);
      return;
    }
    this.leave(job);
  }

  /** Nobody waits for a job of a reserve any more. */
  stop(error: Error): void {
    for (const call of [...this.#reserves.keys()]) call.abort(error);
  }

  /** Tells the listener, until what is returned is disposed of. */
  listen(listener: PushListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** What the server sent unasked. Throws a BadReplyError. */
  pushed(push: Reply): void {
    if (push.word === "JOB") this.#job(push);
    else if (push.word === "DONE") this.#parts.awaits.pushed(push);
    else this.#news(push.word, Number(push.args[0]));
  }

  #job({ args: [id, attempt, tube], body }: Reply): void {
    const job = this.#hold(Number(id), body, Number(attempt), tube);
    if (this.stream !== undefined) this.stream.take(job);
    else if (!this.#tell((listener) => listener.job, job)) this.leave(job);
  }

  #news(word: string, id: number): void {
    if (word === "LOST") {
      this.#parts.holdings.lost(id);
      this.#tell((listener) => listener.lost, id);
    } else {
      this.#parts.holdings.cancelled(id);
      this.#tell((listener) => listener.cancelled, id);
    }
  }

  #hold(id: number, body: Uint8Array, attempt: number | undefined, tube: string | undefined): Job {
    const job = new Job(this.#parts.owner, id, body, attempt, tube);
    this.#parts.holdings.take(job);
    return job;
  }

  /** Whether anybody was told. What a listener throws is in nobody else's way. */
  #tell<News>(
    of: (listener: PushListener) => ((news: News) => void) | undefined,
    news: News,
  ): boolean {
    let isTold = false;
    for (const listener of this.#listeners) {
      const hear = of(listener);
      if (hear === undefined) continue;
      isTold = true;
      try {
        hear.call(listener, news);
      } catch (error) {
        this.#parts.troubled(error);
      }
    }
    return isTold;
  }
}
