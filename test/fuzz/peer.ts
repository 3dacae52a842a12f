/*
 * One raw connection of the fuzzer: bytes out in whatever pieces are wanted, whole replies in,
 * every wait with a deadline.
 */
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { partsOf, ReplyReader } from "./raw-replies.ts";
import { Random } from "../support/random.ts";

/**
 * How a wait for replies ended: as wanted, by the server closing, or by nothing coming until the
 * deadline.
 */
export type Ending = "answered" | "closed" | "silent";

/**
 * The replies that came, and why no more were waited for. Bytes that are no whole reply count as
 * one reply at the end.
 */
export interface Answers {
  readonly replies: readonly Buffer[];
  readonly ending: Ending;
}

/** A client connection that sends and receives raw bytes. */
export class Peer {
  readonly #socket: Duplex;
  readonly #reader = new ReplyReader();
  #replies: Buffer[] = [];
  #closed = false;
  #news: () => void = () => {};

  /** @param socket connected, without Nagle's delay, and one that may be half-closed */
  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      for (const reply of this.#reader.take(bytes)) this.#replies.push(reply);
      this.#news();
    });
    const closed = (): void => {
      this.#closed = true;
      this.#news();
    };
    socket.on("end", closed);
    socket.on("close", closed);
    socket.on("error", closed); // a reset is as good as an end: what came before it is compared
  }

  /**
   * Sends the bytes: at once if `cuts` is 0, in two pieces if it is negative (-7: after byte 7),
   * else in pieces that depend on it.
   */
  async send(bytes: Buffer, cuts: number): Promise<void> {
    if (cuts < 0) {
      this.#socket.write(bytes.subarray(0, -cuts));
      await nextTurn();
      await nextTurn();
      this.#socket.write(bytes.subarray(-cuts));
      return;
    }
    if (cuts === 0) {
      this.#socket.write(bytes);
      return;
    }
    const random = new Random(cuts);
    const pieceMax = random.pick([1, 7, 230, 5000]);
    // Single bytes are for the beginning only, or a stream with long bodies would take minutes.
    const finelyUntil = pieceMax === 1 ? 300 : Infinity;
    for (let start = 0; start < bytes.length;) {
      const length = start < finelyUntil ? random.between(1, pieceMax) : bytes.length - start;
      this.#socket.write(bytes.subarray(start, start + length));
      start += length;
      if (random.oneIn(2)) await nextTurn();
    }
  }

  /** Sends FIN; what the server still answers can be read. */
  finish(): void {
    this.#socket.end();
  }

  /** Frees the socket, whatever state it is in. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Whether the reply with this line has come and was not fetched yet. */
  has(line: string): boolean {
    return this.#replies.some((reply) => partsOf(reply).line === line);
  }

  /** Whether the server has closed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Fetches one reply; undefined if none comes. */
  async nextReply(deadlineMs: number): Promise<Buffer | undefined> {
    await this.#until(() => this.#replies.length > 0, deadlineMs);
    return this.#replies.shift();
  }

  /** Fetches all replies before the one with this line, which is dropped. */
  async repliesBefore(line: string, deadlineMs: number): Promise<Answers> {
    const ending = await this.#until(() => this.has(line), deadlineMs);
    if (ending !== "answered") return this.#everything(ending);
    const end = this.#replies.findIndex((reply) => partsOf(reply).line === line);
    const replies = this.#replies.slice(0, end);
    this.#replies = this.#replies.slice(end + 1);
    return { replies, ending };
  }

  /** Fetches all replies until the server closes. */
  async repliesToEnd(deadlineMs: number): Promise<Answers> {
    const ending = await this.#until(() => this.#closed, deadlineMs);
    return this.#everything(ending === "answered" ? "closed" : ending);
  }

  #everything(ending: Ending): Answers {
    const rest = this.#reader.rest;
    return { replies: rest.length > 0 ? [...this.#replies, rest] : this.#replies, ending };
  }

  /**
   * Waits until the condition holds, the server has closed, or nothing at all has come for the
   * given time.
   */
  #until(condition: () => boolean, deadlineMs: number): Promise<Ending> {
    return new Promise((resolve) => {
      const done = (ending: Ending): void => {
        clearTimeout(deadline);
        this.#news = () => {};
        resolve(ending);
      };
      const deadline = setTimeout(() => done("silent"), deadlineMs);
      this.#news = () => {
        if (condition()) done("answered");
        else if (this.#closed) done("closed");
      };
      this.#news();
    });
  }
}
