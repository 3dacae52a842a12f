/*
 * Conversation: a connection to a server on which one command is answered before the next is sent.
 */
import type { Socket } from "node:net";
import { partsOf, ReplyReader } from "../support/reply-reader.ts";
import type { ServerProcess } from "../support/server-process.ts";

/** A reply: its line, and the body behind it, if it has one. */
export interface Answer {
  readonly line: string;
  readonly body: Buffer | undefined;
}

/** One connection. */
export class Conversation {
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  #waiting: PromiseWithResolvers<Answer> | undefined;

  /** Called by `with` only. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      for (const reply of this.#reader.take(bytes)) this.#waiting?.resolve(partsOf(reply));
    });
    socket.on("close", () => this.#waiting?.reject(new Error("the server closed the connection")));
  }

  /** Connects to `server`. */
  static async with(server: ServerProcess): Promise<Conversation> {
    return new Conversation(await server.connect());
  }

  /** Sends a command, without its line end, and resolves with the answer. */
  ask(command: string): Promise<Answer> {
    this.#waiting = Promise.withResolvers<Answer>();
    this.#socket.write(`${command}\r\n`);
    return this.#waiting.promise;
  }

  /**
   * Sends a command that is answered with a dictionary, whose values are freed of the quotes that
   * 1.13 gives some; undefined where the answer is another.
   */
  async dictionary(command: string): Promise<ReadonlyMap<string, string> | undefined> {
    const { body } = await this.ask(command);
    if (body === undefined) return undefined;
    const pairs = [...body.toString().matchAll(/^([\w-]+): "?(.*?)"?$/gm)];
    return new Map(pairs.map(([, key = "", value = ""]) => [key, value]));
  }
}
