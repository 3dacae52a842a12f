/* RedisLink: the way to one Redis: a connection for commands, and one for what is published.
 *
 * Invariants: a command is sent once, unless it does twice what it does once. Whoever calls hears
 * in time: with what came of it; with HM_UNREACHABLE, when it was not sent; with HM_LOST, when
 * nobody knows. Connections that are lost are made anew. Made by redis-backend.ts.
 */
import { Buffer } from "node:buffer";
import { clearTimeout, setTimeout } from "node:timers";
import { asError, ClosedError, LostError, TimeoutError } from "../client/errors.ts";
import { UnreachableError } from "../client/errors.ts";
import type { Abortable } from "../worker/enqueue-options.ts";
import { refusalOf } from "./redis-refused-error.ts";
import { SCRIPT } from "./redis-script.ts";

/** What is used of ioredis. */
export interface RedisClient {
  readonly status: string;
  callBuffer(command: string, args: (string | Buffer)[]): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  on(event: "ready" | "end", hear: () => void): unknown;
  on(event: "error", hear: (error: Error) => void): unknown;
  on(event: "messageBuffer", hear: (channel: Buffer, message: Buffer) => void): unknown;
  connect(): Promise<unknown>;
  disconnect(): void;
}

/** What a command is about: texts, numbers and bytes. */
export type Word = string | number | Uint8Array;

/** How a command is run. */
export interface RunOptions extends Abortable {
  /** Done twice it does what it does once: it is sent again when a connection ends under it. */
  readonly isSafe?: boolean;
}

/** A call takes no longer, nor does closing. */
export const TIMEOUT_MS = 10_000;
/** A command that finds no connection looks again so soon. */
const LOOK_MS = 20;

/** One Redis. */
export class RedisLink {
  readonly #commands: RedisClient;
  readonly #news: RedisClient;
  readonly #prefix: string;
  readonly #listeners = new Map<string, Set<(text: Uint8Array) => void>>();
  readonly #subscribed = new Map<string, Promise<unknown>>();
  readonly #renewed = new Set<() => void>();
  readonly #troubled: Set<(error: Error) => void> = new Set();
  #script: Promise<string> | undefined;
  #newest: Error | undefined;
  #isClosed = false;
  #calls = 0;

  /** `commands` and `news` are connected by `open`. */
  constructor(commands: RedisClient, news: RedisClient, prefix: string) {
    this.#commands = commands;
    this.#news = news;
    this.#prefix = `{${prefix}}`;
    for (const client of [commands, news]) {
      client.on("error", (error) => {
        this.#newest = error;
        for (const tell of this.#troubled) tell(error);
      });
    }
    news.on("messageBuffer", (channel, message) => {
      const hear = this.#listeners.get(channel.toString());
      if (hear !== undefined) for (const tell of [...hear]) tell(bytesOf(message));
    });
    news.on("ready", () => {
      for (const tell of [...this.#renewed]) tell();
    });
  }

  /** Resolves when both connections are there. Rejects with an UnreachableError. */
  async open(): Promise<void> {
    try {
      await Promise.all([this.#commands.connect(), this.#news.connect()]);
    } catch (error) {
      const cause = this.#newest ?? asError(error);
      this.close();
      throw new UnreachableError(`redis: no connection came about: ${cause.message}`, { cause });
    }
  }

  /** `tell` is called when what was published may have been missed. Returns what ends that. */
  onRenewed(tell: () => void): () => void {
    this.#renewed.add(tell);
    return () => this.#renewed.delete(tell);
  }

  /** `tell` is told of lost connections and failed attempts to connect. */
  onTroubled(tell: (error: Error) => void): () => void {
    this.#troubled.add(tell);
    return () => this.#troubled.delete(tell);
  }

  /** Hears a channel. Resolves, when nothing is missed any more, with what ends it. */
  async hear(name: string, tell: (text: Uint8Array) => void): Promise<() => void> {
    const channel = `${this.#prefix}:${name}`;
    const known = this.#listeners.get(channel);
    const listeners = known ?? new Set();
    this.#listeners.set(channel, listeners.add(tell));
    if (known === undefined) this.#subscribed.set(channel, this.#news.subscribe(channel));
    await within(this.#subscribed.get(channel) ?? Promise.resolve(), `subscribe ${channel}`);
    return () => {
      listeners.delete(tell);
      if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      this.#subscribed.delete(channel);
      // A connection that is lost has no channels any more.
      if (!this.#isClosed) this.#news.unsubscribe(channel).catch(() => undefined);
    };
  }

  /** Has the script do something. */
  run(what: string, words: readonly Word[], options: RunOptions = {}): Promise<unknown> {
    const rest = words.map((word) => (word instanceof Uint8Array ? bufferOf(word) : String(word)));
    return this.#send(what, options, async () => {
      const script = await this.#loaded();
      return this.#commands.callBuffer("EVALSHA", [script, "1", this.#prefix, what, ...rest]);
    });
  }

  /** Runs a command of Redis that changes nothing. */
  ask(command: string, ...words: string[]): Promise<unknown> {
    return this.#send(command, { isSafe: true }, () => this.#commands.callBuffer(command, words));
  }

  async #loaded(): Promise<string> {
    this.#script ??= this.#commands
      .callBuffer("SCRIPT", ["LOAD", SCRIPT])
      .then((name) => textOf(name))
      .catch((error: unknown) => {
        this.#script = undefined;
        throw new NotLoadedError(asError(error).message, { cause: error });
      });
    return this.#script;
  }

  async #send(what: string, options: RunOptions, send: () => Promise<unknown>): Promise<unknown> {
    const { signal, isSafe = false } = options;
    const end = performance.now() + TIMEOUT_MS;
    this.#calls += 1;
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (this.#isClosed) throw new ClosedError("the queue is closed");
        const left = end - performance.now();
        if (left <= 0) throw this.#unreachable();
        if (this.#commands.status !== "ready") {
          await pause(Math.min(LOOK_MS, left));
          continue;
        }
        try {
          return await aborted(within(send(), what, left), signal);
        } catch (error) {
          if (!this.#isToBeSentAgain(what, error, isSafe)) throw refusalOf(what, error);
          await pause(LOOK_MS); // that it is lost may be known a moment later than said
        }
      }
    } finally {
      this.#calls -= 1;
    }
  }

  /** Throws a LostError when nobody knows whether it was done. */
  #isToBeSentAgain(what: string, error: unknown, isSafe: boolean): boolean {
    const { message, name } = asError(error);
    if (message.startsWith("NOSCRIPT")) {
      this.#script = undefined;
      return true;
    }
    if (error instanceof NotLoadedError) {
      if (!isRefusal(error.cause)) return true; // the connection ended: nothing was sent
      throw refusalOf(what, error.cause);
    }
    if (message.includes("isn't writeable")) return true;
    const isLost = name === "MaxRetriesPerRequestError" || message === "Connection is closed.";
    if (!isLost) return false;
    if (isSafe) return true;
    if (this.#isClosed) throw new ClosedError("the queue is closed");
    throw new LostError(what, this.#newest);
  }

  #unreachable(): UnreachableError {
    const why = this.#newest === undefined ? "" : `: ${this.#newest.message}`;
    return new UnreachableError(`redis: no connection within ${TIMEOUT_MS} ms${why}`, {
      cause: this.#newest,
    });
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    const end = performance.now() + TIMEOUT_MS;
    while (this.#calls > 0 && performance.now() < end) await pause(1);
  }

  close(): void {
    this.#isClosed = true;
    this.#commands.disconnect();
    this.#news.disconnect();
  }
}

/** The script could not be loaded, so that nothing was done. */
class NotLoadedError extends Error {
  override readonly name = "NotLoadedError";
}

/** Whether Redis itself said no. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

/** What it resolves with; rejects with a TimeoutError when that takes too long. */
async function within(
  answer: Promise<unknown>,
  what: string,
  millis = TIMEOUT_MS,
): Promise<unknown> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimeoutError(what, millis, true)), millis);
  answer.catch(() => undefined); // it may reject when nobody waits any more
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function aborted(
  answer: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (signal === undefined) return answer;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(asError(signal.reason));
  signal.addEventListener("abort", abort);
  answer.catch(() => undefined); // it may reject when nobody waits any more
  try {
    return await Promise.race([answer, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes of an answer; none if it is none. */
export function bytesOf(answer: unknown): Uint8Array {
  if (!(answer instanceof Uint8Array)) return new Uint8Array(0);
  return new Uint8Array(answer.buffer, answer.byteOffset, answer.byteLength);
}

/** The text of an answer. */
export function textOf(answer: unknown): string {
  if (typeof answer === "string" || typeof answer === "number") return String(answer);
  return answer instanceof Uint8Array ? TEXT.decode(answer) : "";
}

const TEXT = new TextDecoder();
