/*
 * One client's connection: one command at a time, its answer with the moments between which it was
 * given.
 */
import type { Socket } from "node:net";
import { partsOf, ReplyReader } from "../support/reply-reader.ts";
import type { Moments } from "./ledger.ts";

/** An answer; `line` is undefined if the connection ended before it came. */
export interface Answer extends Moments {
  readonly line: string | undefined;
  readonly body: Buffer | undefined;
}

/** A connection for commands that are answered in order. */
export class Wire {
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  #answer: ((reply: Buffer | undefined) => void) | undefined;
  #isOver = false;

  /** @param socket connected, without Nagle's delay */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      for (const reply of this.#reader.take(bytes)) this.#settle(reply);
    });
    for (const event of ["end", "close", "error"]) socket.on(event, () => this.#end());
  }

  /**
   * Sends a command (with its body, without the last CRLF) and waits for its answer, however long
   * it takes.
   */
  async ask(command: string): Promise<Answer> {
    const from = performance.now();
    const answered = new Promise<Buffer | undefined>((resolve) => {
      this.#answer = resolve;
    });
    if (this.#isOver) this.#settle(undefined);
    else this.#socket.write(`${command}\r\n`);
    const reply = await answered;
    const to = performance.now();
    if (reply === undefined) return { line: undefined, body: undefined, from, to };
    return { ...partsOf(reply), from, to };
  }

  /** Ends the connection without a word; a command that waits gets no answer. */
  hangUp(): void {
    this.#socket.destroy();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#settle(undefined);
  }

  #settle(reply: Buffer | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(reply);
  }
}
