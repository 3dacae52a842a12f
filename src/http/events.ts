/* Events: the overview once a second, as Server-Sent Events to whoever subscribes.
 *
 * One timer makes one text for all, and runs only while somebody listens. Invariants: subscribers
 * are bounded; one that does not read is skipped, and cut off when that lasts. A stream ends after
 * an hour, so that whoever is no longer let in is not served for ever; browsers come again by
 * themselves. Used by routes.ts.
 */
import type { ServerResponse } from "node:http";
import { HttpError } from "./handler.ts";
import type { Answer } from "./handler.ts";

const SUBSCRIBERS_MAX = 32;
const PERIOD_MS = 1000;
/**
 * A subscriber with so much on its way is skipped; one that was skipped so often in a row is cut
 * off.
 */
const BACKLOG_BYTES_MAX = 262_144;
const SKIPS_MAX = 15;
const LIFETIME_MS = 3_600_000;
/** What browsers wait before they come again. */
const RETRY_MS = 2000;

interface Subscriber {
  readonly response: ServerResponse;
  readonly end: () => void;
  readonly endsAt: number;
  skips: number;
}

/** The streams. */
export class Events {
  readonly #overview: () => Promise<unknown>;
  readonly #subscribers = new Set<Subscriber>();
  #timer: NodeJS.Timeout | undefined;
  #isMaking = false;

  /**
   * `overview` makes what is sent, and never rejects. It gives undefined when there is nothing more
   * to send.
   */
  constructor(overview: () => Promise<unknown>) {
    this.#overview = overview;
  }

  /** A new stream. Throws an HttpError when there are too many. */
  subscribe(): Answer {
    if (this.#subscribers.size >= SUBSCRIBERS_MAX) {
      const headers = { "retry-after": "10" };
      throw new HttpError(503, "HM_HTTP_BUSY", "too many pages are looking already", headers);
    }
    return {
      type: "text/event-stream",
      headers: { "x-accel-buffering": "no" },
      stream: (response, signal) => this.#serve(response, signal),
    };
  }

  async #serve(response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const isLate = this.#subscribers.size >= SUBSCRIBERS_MAX; // several may have come at one moment
    if (signal.aborted || isLate) return;
    const endsAt = performance.now() + LIFETIME_MS;
    const subscriber = { response, end: resolve, endsAt, skips: 0 };
    this.#subscribers.add(subscriber);
    signal.addEventListener("abort", () => resolve());
    response.write(`retry: ${RETRY_MS}\n\n`);
    this.#timer ??= setInterval(() => void this.#tick(), PERIOD_MS);
    this.#send(subscriber, await this.#text());
    await promise;
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #text(): Promise<string | undefined> {
    const overview = await this.#overview();
    return overview === undefined
      ? undefined
      : `event: overview\ndata: ${JSON.stringify(overview)}\n\n`;
  }

  /** A tick that finds the one before it still at work leaves it to that. */
  async #tick(): Promise<void> {
    if (this.#isMaking) return;
    this.#isMaking = true;
    const text = await this.#text();
    this.#isMaking = false;
    for (const subscriber of this.#subscribers) this.#send(subscriber, text);
  }

  #send(subscriber: Subscriber, text: string | undefined): void {
    const { response } = subscriber;
    if (text === undefined || performance.now() > subscriber.endsAt) {
      subscriber.end();
      return;
    }
    if (response.writableLength <= BACKLOG_BYTES_MAX) {
      subscriber.skips = 0;
      response.write(text);
    } else if (++subscriber.skips > SKIPS_MAX) {
      response.destroy();
    }
  }
}
