/* Conversation: the client's connection as most tests use it: over a socket that the test has and
 * may do more with.
 *
 * When the connection ends, whatever was not answered stays unanswered: the promise of its answer
 * resolves with undefined. All that is asked in one turn goes to the socket in that turn, however
 * much is there already, so that a test sees there what the server does not take.
 */
import type { Socket } from "node:net";
import { ClientConnection } from "../../src/client/connection.ts";
import { LostError, NotSentError } from "../../src/client/errors.ts";
import { SocketWire } from "../../src/transports/socket-wire.ts";
import type { ServerProcess } from "./server-process.ts";

/** An answer: its line, and its body if it has one. */
export interface Answer {
  readonly line: string;
  readonly body: Buffer | undefined;
}

function overSocket(socket: Socket): ClientConnection {
  return new ClientConnection((listener) => {
    const wire = new SocketWire(socket, listener);
    return {
      backlogBytes: 0,
      send: (bytes) => wire.send(bytes),
      finish: () => wire.finish(),
      close: () => wire.close(),
    };
  });
}

/** A client's side of a connection. */
export class Conversation {
  readonly #client: ClientConnection;
  #unanswered = 0;
  #hasHungUp = false;

  /** @param link a connection that is no socket sends when it likes to */
  constructor(link: Socket | ClientConnection) {
    this.#client = link instanceof ClientConnection ? link : overSocket(link);
  }

  /** Connects to `server`. */
  static async with(server: ServerProcess): Promise<Conversation> {
    return new Conversation(await server.connect());
  }

  /** Whether the connection has ended. */
  get isOver(): boolean {
    return this.#hasHungUp || !this.#client.isOpen;
  }

  /** Commands that are not answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /**
   * Sends a command, its CRLF excepted, with its body. Undefined: the connection ended before the
   * answer.
   */
  async ask(command: string, body?: Uint8Array): Promise<Answer | undefined> {
    this.#unanswered++;
    try {
      const { line, bodyBytes, body: bytes } = await this.#client.ask(command, body);
      return { line, body: bodyBytes === undefined ? undefined : Buffer.from(bytes.buffer) };
    } catch (error) {
      if (error instanceof LostError || error instanceof NotSentError) return undefined;
      throw error;
    } finally {
      this.#unanswered--;
    }
  }

  /** As `ask`; throws when the connection ended. */
  async answer(command: string, body?: Uint8Array): Promise<Answer> {
    const answer = await this.ask(command, body);
    if (answer === undefined) throw new Error(`${command}: the server closed the connection`);
    return answer;
  }

  /** As `ask`, for the line alone; "" when the connection ended. */
  async line(command: string, body?: Uint8Array): Promise<string> {
    return (await this.ask(command, body))?.line ?? "";
  }

  /**
   * Asks for a dictionary, whose values are freed of the quotes that 1.13 gives some; undefined
   * where the answer is another.
   */
  async dictionary(command: string): Promise<ReadonlyMap<string, string> | undefined> {
    const { body } = await this.answer(command);
    if (body === undefined) return undefined;
    const pairs = [...body.toString().matchAll(/^([\w-]+): "?(.*?)"?$/gm)];
    return new Map(pairs.map(([, key = "", value = ""]) => [key, value]));
  }

  /** Ends the connection without a word; what was asked before has left. */
  hangUp(): void {
    this.#hasHungUp = true;
    queueMicrotask(() => this.#client.close());
  }
}
