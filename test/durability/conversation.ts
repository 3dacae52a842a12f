/* Conversation: one client's connection on which many commands may be on their way; answers come in
 * the order of the commands.
 *
 * When the connection ends, whatever was not answered stays unanswered: the promise of its answer
 * resolves with undefined.
 */
import type { Socket } from "node:net";
import { partsOf, ReplyReader } from "../support/reply-reader.ts";

/** An answer: its line, and its body if it has one. */
export interface Answer {
  readonly line: string;
  readonly body: Buffer | undefined;
}

type Taker = (answer: Answer | undefined) => void;

/** A client's side of a connection. */
export class Conversation {
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  readonly #takers: Taker[] = [];
  #taken = 0;
  #isOver = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      for (const reply of this.#reader.take(bytes)) this.#takers[this.#taken++]?.(partsOf(reply));
      this.#takers.splice(0, this.#taken);
      this.#taken = 0;
    });
    for (const event of ["end", "close", "error"]) socket.on(event, () => this.#end());
  }

  /** Whether the connection has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Commands that are not answered. */
  get unanswered(): number {
    return this.#takers.length - this.#taken;
  }

  /**
   * Sends a command, its CRLF excepted, with its body. Undefined: the connection ended before the
   * answer.
   */
  ask(command: string, body?: Uint8Array): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      if (this.#isOver) {
        resolve(undefined);
        return;
      }
      this.#takers.push(resolve);
      this.#socket.write(`${command}\r\n`);
      if (body !== undefined) this.#socket.write(Buffer.concat([body, CRLF]));
    });
  }

  /** As `ask`, for the line alone; "" when the connection ended. */
  async line(command: string, body?: Uint8Array): Promise<string> {
    return (await this.ask(command, body))?.line ?? "";
  }

  /** What is written until `uncork` leaves together. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Ends the connection without a word. */
  hangUp(): void {
    this.#socket.destroy();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    for (const taker of this.#takers.splice(0).slice(this.#taken)) taker(undefined);
    this.#taken = 0;
  }
}

const CRLF = Buffer.from("\r\n");
