/* RabbitReplies: what came of jobs that this process enqueued, told to it by their workers.
 *
 * Each is kept for a while, so that nobody need wait early: the newest REPLIES_MAX. The queue that
 * they come by survives a lost connection and RabbitMQ's own end. Made by rabbit-backend.ts.
 */
import { asError } from "../client/errors.ts";
import { RESULT_KEPT_MILLIS } from "../worker/backend.ts";
import type { RawEnd } from "../worker/backend.ts";
import type { RabbitMessage, RabbitModel } from "./rabbit-client.ts";
import type { RabbitQueue } from "./rabbit-queues.ts";

const REPLIES_MAX = 10_000;
const ENDS = ["buried", "deleted"] as const;

interface Kept {
  readonly end: RawEnd;
  readonly untilMillis: number;
}

/** Those of one process. */
export class RabbitReplies {
  readonly queue: RabbitQueue;
  readonly #kept = new Map<string, Kept>();
  readonly #waiting = new Map<string, Set<(end: RawEnd) => void>>();

  constructor(queue: RabbitQueue) {
    this.queue = queue;
  }

  /** Listens on a new connection. */
  async begin(model: RabbitModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on("error", () => undefined); // the next connection listens anew
    const { name, arguments: about } = this.queue;
    await channel.assertQueue(name, { durable: true, arguments: about });
    const take = (message: RabbitMessage | null): void => void (message && this.#take(message));
    await channel.consume(name, take, { noAck: true });
  }

  #take({ content, properties: { correlationId = "", type } }: RabbitMessage): void {
    const bytes = new Uint8Array(content);
    const end = ENDS.find((one) => one === type);
    const told: RawEnd =
      end === undefined
        ? { end: "finished", result: bytes }
        : { end, failure: bytes.length === 0 ? undefined : bytes };
    this.#keep(correlationId, told);
    for (const tell of this.#waiting.get(correlationId) ?? []) tell(told);
    this.#waiting.delete(correlationId);
  }

  #keep(id: string, end: RawEnd): void {
    const nowMillis = Date.now();
    this.#kept.delete(id);
    this.#kept.set(id, { end, untilMillis: nowMillis + RESULT_KEPT_MILLIS });
    for (const [oldest, { untilMillis }] of this.#kept) {
      if (untilMillis > nowMillis && this.#kept.size <= REPLIES_MAX) break;
      this.#kept.delete(oldest);
    }
  }

  /** Waits for the end of a job. Rejects with the signal's reason. */
  async wait(id: string, signal: AbortSignal): Promise<RawEnd> {
    signal.throwIfAborted();
    const kept = this.#kept.get(id);
    if (kept !== undefined && kept.untilMillis > Date.now()) return kept.end;
    const { promise, resolve, reject } = Promise.withResolvers<RawEnd>();
    const abort = (): void => reject(asError(signal.reason));
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    signal.addEventListener("abort", abort);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      waiting.delete(resolve);
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    }
  }
}
