/* RabbitConnection: a connection to a RabbitMQ that is made anew when it is lost.
 *
 * Invariants: whoever needs it is told of each new one, before anybody else gets it. Made by
 * rabbit-target.ts: one to publish on, which RabbitMQ may hold up, and one to consume on.
 */
import { clearTimeout, setTimeout } from "node:timers";
import { asError, ClosedError, TimeoutError, UnreachableError } from "../client/errors.ts";
import { backOffMillis } from "../client/back-off.ts";
import type { RabbitModel } from "./rabbit-client.ts";

const PATIENCE_MS = 10_000;
const BACK_OFF_MAX_MS = 2000;
const LOOK_MS = 20;

/** One connection after the other. */
export class RabbitConnection {
  readonly #connect: () => Promise<RabbitModel>;
  readonly #setUps = new Set<(model: RabbitModel) => Promise<void>>();
  readonly #troubled = new Set<(error: Error) => void>();
  #model: RabbitModel | undefined;
  #blocked: string | undefined;
  #newest: Error | undefined;
  #isClosed = false;

  constructor(connect: () => Promise<RabbitModel>) {
    this.#connect = connect;
  }

  /** Why RabbitMQ takes nothing now, if so. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** Resolves with the first one. Rejects with an UnreachableError. */
  async open(): Promise<RabbitModel> {
    try {
      return await this.#begin();
    } catch (error) {
      this.#isClosed = true;
      const cause = asError(error);
      throw new UnreachableError(`rabbitmq: no connection came about: ${cause.message}`, { cause });
    }
  }

  /** Whether that is the one that there is. */
  isOn(model: RabbitModel): boolean {
    return this.#model === model;
  }

  /** The one that there is, waited for. Rejects with an UnreachableError, and a ClosedError. */
  async model(): Promise<RabbitModel> {
    const end = performance.now() + PATIENCE_MS;
    while (this.#model === undefined) {
      this.#checkOpen();
      if (performance.now() > end) throw this.#unreachable();
      await pause(LOOK_MS);
    }
    this.#checkOpen();
    return this.#model;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new ClosedError("the queue is closed");
  }

  #unreachable(): UnreachableError {
    const why = this.#newest === undefined ? "" : `: ${this.#newest.message}`;
    const cause = this.#newest;
    return new UnreachableError(`rabbitmq: no connection within ${PATIENCE_MS} ms${why}`, {
      cause,
    });
  }

  /** `setUp` is run on each new connection, and now if there is one. Returns what ends that. */
  async each(setUp: (model: RabbitModel) => Promise<void>): Promise<() => void> {
    this.#setUps.add(setUp);
    if (this.#model !== undefined) await setUp(this.#model);
    return () => this.#setUps.delete(setUp);
  }

  /** `tell` is told of lost connections and failed attempts to connect. */
  onTroubled(tell: (error: Error) => void): () => void {
    this.#troubled.add(tell);
    return () => this.#troubled.delete(tell);
  }

  async #begin(): Promise<RabbitModel> {
    const model = await answered("connect", this.#connect());
    if (this.#isClosed) {
      await answered("close", model.close());
      throw new ClosedError("the queue is closed");
    }
    model.on("error", (error) => this.#trouble(error));
    model.on("blocked", (reason) => (this.#blocked = reason));
    model.on("unblocked", () => (this.#blocked = undefined));
    model.on("close", () => this.#lost(model));
    this.#model = model;
    this.#blocked = undefined;
    for (const setUp of [...this.#setUps]) {
      setUp(model).catch((error: unknown) => this.#trouble(asError(error)));
    }
    return model;
  }

  #lost(model: RabbitModel): void {
    if (this.#model !== model) return;
    this.#model = undefined;
    if (this.#isClosed) return;
    this.#trouble(new Error("the connection to RabbitMQ was lost"));
    void this.#again();
  }

  async #again(): Promise<void> {
    for (let times = 1; !this.#isClosed; times++) {
      try {
        await this.#begin();
        return;
      } catch (error) {
        if (this.#isClosed) return;
        this.#trouble(asError(error));
      }
      await pause(backOffMillis(times, BACK_OFF_MAX_MS, Math.random()));
    }
  }

  #trouble(error: Error): void {
    this.#newest = error;
    for (const tell of [...this.#troubled]) tell(error);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const model = this.#model;
    this.#model = undefined;
    try {
      if (model !== undefined) await answered("close", model.close());
    } catch (error) {
      this.#trouble(asError(error)); // it was lost at the same time
    }
  }
}

/**
 * What it resolves with; rejects with a TimeoutError when that takes too long: of what a connection
 * that ends was asked, some is never answered.
 */
export async function answered<Answer>(what: string, answer: Promise<Answer>): Promise<Answer> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimeoutError(what, PATIENCE_MS, true)), PATIENCE_MS);
  answer.catch(() => undefined); // it may reject when nobody waits any more
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after so many milliseconds. */
export function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
