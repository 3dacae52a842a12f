/* RabbitPublisher: puts messages into queues, which it declares first; and says when RabbitMQ has
 * them.
 *
 * Invariants: a message that is confirmed is in its queue: one that came back, since there was no
 * such queue, is not. What is published in one turn stays in its order. Used by rabbit-backend.ts,
 * and by the jobs that are held.
 */
import { Buffer } from "node:buffer";
import { clearTimeout, setTimeout } from "node:timers";
import { asError, LostError, TimeoutError } from "../client/errors.ts";
import type { RabbitConfirmChannel, RabbitModel, RabbitProperties } from "./rabbit-client.ts";
import { answered } from "./rabbit-connection.ts";
import type { RabbitConnection } from "./rabbit-connection.ts";
import type { RabbitQueue } from "./rabbit-queues.ts";
import { RabbitRefusedError } from "./rabbit-refused-error.ts";

const TIMEOUT_MS = 10_000;

/** What there is of one connection. */
interface Ways {
  readonly channel: RabbitConfirmChannel;
  /** Queues that were declared on it, or are being declared. */
  readonly declared: Map<string, Promise<void>>;
  /** Messages that came back. */
  readonly returned: Set<string>;
}

/** Publishes. */
export class RabbitPublisher {
  readonly #connection: RabbitConnection;
  readonly #ways = new WeakMap<RabbitModel, Promise<Ways>>();
  #serial = 0;
  #pending = 0;

  constructor(connection: RabbitConnection) {
    this.#connection = connection;
  }

  /** Declares a queue, unless that was done on this connection. */
  async declare(queue: RabbitQueue): Promise<void> {
    const model = await this.#free();
    const { declared } = await this.#waysOf(model);
    await declaredOn(model, queue, declared);
  }

  /** Resolves when RabbitMQ has it. Rejects with what became of it, or with HM_LOST. */
  async publish(queue: RabbitQueue, body: Uint8Array, properties: RabbitProperties): Promise<void> {
    const model = await this.#free();
    const ways = await this.#waysOf(model);
    await declaredOn(model, queue, ways.declared);
    this.#pending += 1;
    try {
      await this.#confirmed(ways, queue, body, properties);
    } finally {
      this.#pending -= 1;
    }
  }

  /** Publishes what may be lost, and into a queue that may be gone. */
  async tell(queue: string, body: Uint8Array, properties: RabbitProperties): Promise<void> {
    const { channel } = await this.#waysOf(await this.#free());
    channel.publish(
      "",
      queue,
      bufferOf(body),
      { ...properties, persistent: true },
      () => undefined,
    );
  }

  /** Rejects where RabbitMQ would not read what is sent: it has no memory, or no disk. */
  async #free(): Promise<RabbitModel> {
    const model = await this.#connection.model();
    const { blocked } = this.#connection;
    if (blocked === undefined) return model;
    throw new RabbitRefusedError("HM_OUT_OF_MEMORY", `rabbitmq takes nothing now: ${blocked}`);
  }

  #waysOf(model: RabbitModel): Promise<Ways> {
    const known = this.#ways.get(model);
    if (known !== undefined) return known;
    const ways = this.#newWays(model);
    this.#ways.set(model, ways);
    ways.catch(() => this.#ways.delete(model)); // whoever wants it is told
    return ways;
  }

  async #newWays(model: RabbitModel): Promise<Ways> {
    const channel = await answered("open a channel", model.createConfirmChannel());
    const ways: Ways = { channel, declared: new Map(), returned: new Set() };
    channel.on("error", () => undefined); // whoever published is told
    channel.on("close", () => this.#ways.delete(model));
    channel.on("return", ({ properties }) => {
      ways.returned.add(String(properties.headers?.["hm-serial"]));
    });
    return ways;
  }

  #confirmed(
    { channel, declared, returned }: Ways,
    { name }: RabbitQueue,
    body: Uint8Array,
    properties: RabbitProperties,
  ): Promise<void> {
    const serial = String(++this.#serial);
    const headers = { ...properties.headers, "hm-serial": serial };
    const options = { ...properties, headers, persistent: true, mandatory: true };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = (): void => reject(new TimeoutError(`publish ${name}`, TIMEOUT_MS, true));
    const timer = setTimeout(late, TIMEOUT_MS);
    const confirmed = (error: unknown): void => {
      clearTimeout(timer);
      if (returned.delete(serial)) {
        declared.delete(name);
        reject(new RabbitRefusedError("HM_RABBITMQ_REFUSED", `there is no queue ${name} any more`));
      } else if (error === null || error === undefined) resolve();
      else reject(refusalOf(name, asError(error)));
    };
    try {
      channel.publish("", name, bufferOf(body), options, confirmed);
    } catch (error) {
      clearTimeout(timer);
      reject(new LostError(`publish ${name}`, asError(error)));
    }
    return promise;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    const end = performance.now() + TIMEOUT_MS;
    while (this.#pending > 0 && performance.now() < end) {
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** On a channel of its own, which a refusal ends. */
function declaredOn(
  model: RabbitModel,
  queue: RabbitQueue,
  declared: Map<string, Promise<void>>,
): Promise<void> {
  const known = declared.get(queue.name);
  if (known !== undefined) return known;
  const declaring = answered(`declare ${queue.name}`, declare(model, queue));
  declared.set(queue.name, declaring);
  declaring.catch(() => declared.delete(queue.name)); // whoever wants it is told
  return declaring;
}

async function declare(model: RabbitModel, queue: RabbitQueue): Promise<void> {
  try {
    const channel = await model.createChannel();
    channel.on("error", () => undefined); // the call rejects with it
    await channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments });
    await channel.close();
  } catch (error) {
    const cause = asError(error);
    if (!("code" in cause)) throw new LostError(`declare ${queue.name}`, cause);
    const why = `rabbitmq refused the queue ${queue.name}: ${cause.message}`;
    throw new RabbitRefusedError("HM_RABBITMQ_REFUSED", why, { cause });
  }
}

/** A nack is a queue that is full; all else is a channel that ended. */
function refusalOf(name: string, error: Error): Error {
  if (error.message.includes("nacked")) {
    return new RabbitRefusedError("HM_TUBE_FULL", `the queue ${name} is full`, { cause: error });
  }
  return new LostError(`publish ${name}`, error);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
