/* RabbitConsumer: jobs of some tubes of a RabbitMQ, as they come.
 *
 * It has a channel, and on it a consumer for each tube. RabbitMQ sends each of them as many jobs as
 * the window says: what is more than the window altogether waits here for its turn.
 *
 * Invariants: each job that comes goes to `take`, or back. What is held is lost with the channel.
 * Made by rabbit-backend.ts.
 */
import { asError } from "../client/errors.ts";
import type { ConsumeOptions, Consumer } from "../worker/backend.ts";
import type { RabbitChannel, RabbitMessage, RabbitModel } from "./rabbit-client.ts";
import { answered, pause } from "./rabbit-connection.ts";
import type { RabbitConnection } from "./rabbit-connection.ts";
import { RabbitHeldJob } from "./rabbit-held-job.ts";
import type { RabbitSurroundings } from "./rabbit-held-job.ts";
import { waitOf } from "./rabbit-message.ts";

/** The most that RabbitMQ can be told; a window beyond it is as large as that. */
const WINDOW_MAX = 65_535;
/** A job may run when no more than that is left: queues that hold it up have their own clock. */
const EARLY_MILLIS = 50;
const RETRY_MS = 500;

/** A channel, and what it is set to. */
interface Session {
  readonly model: RabbitModel;
  readonly channel: RabbitChannel;
  tags: readonly string[];
  /** The window that it was told, and what tells it another one. */
  size: number;
  setting: Promise<void> | undefined;
  isOver: boolean;
}

/** A consumer. */
export class RabbitConsumer implements Consumer {
  readonly closed: Promise<void>;
  readonly #connection: RabbitConnection;
  readonly #tubes: readonly string[];
  readonly #options: ConsumeOptions;
  readonly #around: RabbitSurroundings;
  /** Jobs that `take` was given. */
  readonly #held = new Set<RabbitHeldJob>();
  /** Jobs that came before their turn. */
  readonly #early = new Set<RabbitHeldJob>();
  readonly #endings: (() => void)[] = [];
  #session: Session | undefined;
  #window: number;
  /** The connection on which it begins. */
  #beginning: RabbitModel | undefined;
  #isOver = false;
  #closing: Promise<void> | undefined;
  readonly #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  /** `left` is called when it is closed. */
  constructor(
    connection: RabbitConnection,
    tubes: readonly string[],
    options: ConsumeOptions,
    around: Omit<RabbitSurroundings, "isOver">,
    left: () => void,
  ) {
    this.#connection = connection;
    this.#tubes = tubes;
    this.#options = options;
    this.#around = { ...around, isOver: () => this.#isOver };
    this.#window = windowOf(options.window);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.closed = promise.finally(left);
    this.closed.catch(() => undefined); // whoever wants to know looks
    this.#settle = { resolve, reject };
    this.#endings.push(connection.onTroubled((error) => this.#troubled(error)));
    void this.#listen();
  }

  /** How many jobs it holds. */
  get held(): number {
    return this.#held.size + this.#early.size;
  }

  async #listen(): Promise<void> {
    try {
      this.#endings.push(await this.#connection.each((model) => this.#begin(model)));
    } catch (error) {
      this.#troubled(asError(error)); // #begin tries again by itself
    }
  }

  /** Begins on a connection, as often as that takes; once at a time, or it had two channels. */
  async #begin(model: RabbitModel): Promise<void> {
    if (this.#beginning === model) return;
    this.#beginning = model;
    while (this.#connection.isOn(model) && !this.#isOver && this.#session?.model !== model) {
      try {
        await this.#open(model);
      } catch (error) {
        this.#troubled(asError(error));
        await pause(RETRY_MS);
      }
    }
    if (this.#beginning === model) this.#beginning = undefined;
  }

  async #open(model: RabbitModel): Promise<void> {
    const { publisher, queues } = this.#around;
    const dead = this.#tubes.map((tube) => publisher.declare(queues.dead(tube)));
    await Promise.all([
      ...dead,
      ...this.#tubes.map((tube) => publisher.declare(queues.work(tube))),
    ]);
    const channel = await answered("open a channel", model.createChannel());
    const begun = { size: 0, setting: undefined, isOver: false };
    const session: Session = { model, channel, tags: [], ...begun };
    channel.on("error", (error) => this.#troubled(error));
    channel.on("close", () => this.#lost(session));
    this.#session = session;
    await this.#set();
  }

  #lost(session: Session): void {
    if (session.isOver) return;
    session.isOver = true;
    for (const held of [...this.#held, ...this.#early]) held.lost();
    if (this.#session !== session) return;
    this.#session = undefined;
    if (!this.#isOver) void this.#begin(session.model);
  }

  window(jobs: number): void {
    this.#window = windowOf(jobs);
    void this.#set();
  }

  /** One size after the other. What a channel that ended was asked holds up no other one. */
  async #set(): Promise<void> {
    const session = this.#session;
    if (session !== undefined) {
      session.setting ??= this.#setAll(session);
      await session.setting;
    }
    if (this.#wanted === 0) this.#giveBack();
  }

  async #setAll(session: Session): Promise<void> {
    try {
      while (!session.isOver && session.size !== this.#wanted) {
        await answered("consume", this.#setTo(session, this.#wanted));
      }
    } catch (error) {
      this.#troubled(asError(error));
      void this.#anew(session);
    } finally {
      session.setting = undefined;
    }
  }

  /** Ends the channel, if it has not ended: another one is made then. */
  async #anew(session: Session | undefined): Promise<void> {
    if (session === undefined || session.isOver) return;
    try {
      await answered("close", session.channel.close());
    } catch (error) {
      this.#troubled(asError(error)); // it was lost at the same time
    }
    this.#lost(session); // it may never say that it is closed
  }

  get #wanted(): number {
    return this.#isOver ? 0 : this.#window;
  }

  async #setTo(session: Session, size: number): Promise<void> {
    const { channel } = session;
    const { queues } = this.#around;
    await Promise.all(session.tags.map((tag) => channel.cancel(tag)));
    session.tags = [];
    session.size = size;
    if (size === 0) return;
    await channel.prefetch(size);
    const tags = this.#tubes.map(async (tube) => {
      const { name } = queues.work(tube);
      const take = (message: RabbitMessage | null): void => this.#come(session, message);
      return (await channel.consume(name, take, { noAck: false })).consumerTag;
    });
    session.tags = await Promise.all(tags);
  }

  #come(session: Session, message: RabbitMessage | null): void {
    if (message === null) return this.#cancelled(session);
    const held = new RabbitHeldJob(this.#around, session.channel, message, () => this.#gone(held));
    this.#early.add(held);
    const millis = waitOf(message, Date.now());
    if (millis > EARLY_MILLIS) void this.#putOff(held, () => held.wait(millis));
    else this.#next();
    if (this.#wanted === 0) this.#giveBack();
  }

  /** RabbitMQ has ended a consumer: its queue is gone. The channel is made anew, and the queue. */
  #cancelled(session: Session): void {
    this.#troubled(new Error("a queue was deleted under its consumer"));
    void this.#anew(session);
  }

  /** Gives what came early to `take`, as far as the window goes. */
  #next(): void {
    for (const held of this.#early) {
      if (this.#held.size >= this.#wanted) return;
      if (this.#leaving.has(held)) continue;
      this.#early.delete(held);
      this.#held.add(held);
      void this.#hand(held);
    }
  }

  /** Jobs that are on their way back. */
  readonly #leaving = new WeakSet<RabbitHeldJob>();

  #giveBack(): void {
    for (const held of this.#early) void this.#putOff(held, () => held.handBack());
  }

  async #putOff(held: RabbitHeldJob, leave: () => Promise<void>): Promise<void> {
    if (this.#leaving.has(held)) return;
    this.#leaving.add(held);
    try {
      await leave();
    } catch (error) {
      if (held.isHeld) this.#leaving.delete(held);
      this.#troubled(asError(error));
    }
  }

  #gone(held: RabbitHeldJob): void {
    this.#held.delete(held);
    this.#early.delete(held);
    this.#next();
  }

  /** Calls `take` at once. */
  async #hand(held: RabbitHeldJob): Promise<void> {
    try {
      await this.#options.take(held);
    } catch (error) {
      this.#troubled(asError(error));
      if (held.isHeld) await this.#putOff(held, () => held.handBack());
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#set();
    await this.#settled(this.#early);
  }

  /** Waits until those have left that are on their way. */
  async #settled(jobs: ReadonlySet<RabbitHeldJob>): Promise<void> {
    while ([...jobs].some((held) => this.#leaving.has(held))) await pause(1);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.stop();
      await Promise.all([...this.#held].map((held) => this.#putOff(held, () => held.handBack())));
      await this.#anew(this.#session);
    } catch (error) {
      this.#troubled(asError(error));
    } finally {
      for (const end of this.#endings) end();
      this.#settle.resolve();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #troubled(error: Error): void {
    try {
      this.#options.troubled?.(error);
    } catch {
      // Whoever is told of trouble and throws has nobody left to be told.
    }
  }
}

function windowOf(jobs: number): number {
  return Math.max(0, Math.min(WINDOW_MAX, Math.floor(jobs)));
}
