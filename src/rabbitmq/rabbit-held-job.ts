/* RabbitHeldJob: a job of RabbitMQ that a consumer holds.
 *
 * An attempt ends by copies that are published where the job is to be next, and then by the ack of
 * the one that is held: what dies in between leaves the job twice, and never not at all. It is held
 * as long as its channel is there. Made by rabbit-consumer.ts.
 */
import { NotHeldError } from "../client/errors.ts";
import type { Completion, HeldJob, RawJob } from "../worker/backend.ts";
import { unsupported } from "../worker/unsupported.ts";
import type { RabbitChannel, RabbitMessage } from "./rabbit-client.ts";
import { pause } from "./rabbit-connection.ts";
import { attemptOf, copyOf } from "./rabbit-message.ts";
import type { RabbitPublisher } from "./rabbit-publisher.ts";
import { stepFor } from "./rabbit-queues.ts";
import type { RabbitQueues } from "./rabbit-queues.ts";

const NOTHING = new Uint8Array(0);
const RETRY_MS = 500;

/** What held jobs need of their back end. */
export interface RabbitSurroundings {
  readonly publisher: RabbitPublisher;
  readonly queues: RabbitQueues;
  /** Whether the consumer stops. */
  isOver(): boolean;
  /** Puts jobs; rejects when one of them was not taken. */
  put(jobs: readonly RawJob[]): Promise<void>;
}

/** One job, held. */
export class RabbitHeldJob implements HeldJob {
  readonly id: string;
  readonly tube: string;
  readonly attempt: number;
  readonly body: Uint8Array;
  readonly #around: RabbitSurroundings;
  readonly #channel: RabbitChannel;
  readonly #message: RabbitMessage;
  readonly #gone: () => void;
  #isHeld = true;
  #reason: Error | undefined;
  #aborting: AbortController | undefined;

  /** `gone` is called once, when it is not held any more. */
  constructor(
    around: RabbitSurroundings,
    channel: RabbitChannel,
    message: RabbitMessage,
    gone: () => void,
  ) {
    this.id = message.properties.messageId ?? "";
    this.tube = around.queues.tubeOf(message.fields.routingKey);
    this.attempt = attemptOf(message);
    this.body = new Uint8Array(message.content);
    this.#around = around;
    this.#channel = channel;
    this.#message = message;
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

  async complete({ next = [], result = NOTHING }: Completion = {}): Promise<void> {
    this.#check();
    if (next.length > 0) await this.#around.put(next);
    this.#tell("finished", result);
    this.#end(() => this.#channel.ack(this.#message));
  }

  release(
    options: { readonly afterMillis?: number; readonly failure?: Uint8Array } = {},
  ): Promise<void> {
    return this.#again(this.tube, this.attempt, options.afterMillis, options.failure);
  }

  /**
   * The last that can be done with it, since no lease ends by itself here: so it is tried as long
   * as RabbitMQ takes nothing, and once the consumer stops the job goes back as it is, and is
   * counted.
   */
  async handBack({ afterMillis }: { readonly afterMillis?: number } = {}): Promise<void> {
    for (;;) {
      try {
        await this.#again(this.tube, this.attempt - 1, afterMillis, undefined);
        return;
      } catch (error) {
        if (!this.#isHeld) throw error;
        if (this.#around.isOver()) return this.#end(() => this.#requeue());
      }
      await pause(RETRY_MS);
    }
  }

  async bury({ failure }: { readonly failure?: Uint8Array } = {}): Promise<void> {
    this.#check();
    const { publisher, queues } = this.#around;
    const copy = copyOf(this.#message, this.attempt, undefined, failure);
    await publisher.publish(queues.dead(this.tube), this.body, copy);
    this.#tell("buried", failure ?? NOTHING);
    this.#end(() => this.#channel.ack(this.#message));
  }

  moveTo(tube: string, { failure }: { readonly failure?: Uint8Array } = {}): Promise<void> {
    return this.#again(tube, this.attempt, 0, failure);
  }

  async discard(): Promise<void> {
    this.#check();
    this.#tell("deleted", NOTHING);
    this.#end(() => this.#channel.ack(this.#message));
  }

  /** RabbitMQ knows no leases: it stays as long as its channel does. */
  renew(): Promise<void> {
    return Promise.resolve().then(() => this.#check());
  }

  progress(): Promise<void> {
    return unsupported("rabbitmq", "notes of how far jobs are");
  }

  /** It waits in one more step, if that is not the last one. */
  wait(millis: number): Promise<void> {
    return this.#again(this.tube, this.attempt - 1, millis, undefined);
  }

  async #again(
    tube: string,
    attempts: number,
    afterMillis = 0,
    failure: Uint8Array | undefined,
  ): Promise<void> {
    this.#check();
    const { publisher, queues } = this.#around;
    const dueMillis = afterMillis > 0 ? Date.now() + afterMillis : undefined;
    const queue =
      dueMillis === undefined ? queues.work(tube) : queues.delay(tube, stepFor(afterMillis));
    if (dueMillis !== undefined) await publisher.declare(queues.work(tube));
    const copy = copyOf(this.#message, attempts, dueMillis, failure);
    await publisher.publish(queue, this.body, copy);
    this.#end(() => this.#channel.ack(this.#message));
  }

  /** Tells whoever waits, who may be gone. */
  #tell(type: string, body: Uint8Array): void {
    const { replyTo, messageId } = this.#message.properties;
    if (replyTo === undefined || messageId === undefined) return;
    const about = { correlationId: messageId, type };
    this.#around.publisher.tell(replyTo, body, about).catch(() => undefined); // it waits in vain
  }

  #requeue(): void {
    this.#channel.nack(this.#message, false, true);
  }

  #end(end: () => void): void {
    this.#check();
    try {
      end();
    } catch (error) {
      throw this.lost(error); // the channel is gone
    }
    this.#over();
  }

  #check(): void {
    if (!this.#isHeld) throw this.lost(this.#reason);
  }

  /** Its channel is gone: somebody else gets it. */
  lost(cause?: unknown): NotHeldError {
    const error = new NotHeldError(`job ${this.id} was lost with its channel`, { cause });
    if (this.#isHeld) {
      this.#over();
      this.#reason = error;
      this.#aborting?.abort(error);
    }
    return error;
  }

  #over(): void {
    this.#isHeld = false;
    this.#gone();
  }
}
