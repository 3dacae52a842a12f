/* A connection that asks and awaits whole answers, through the client's connection: for preparing a
 * server, and where each answer is timed alone. Not used where throughput is measured.
 */
import type { ClientConnection } from "../../src/client/connection.ts";
import { connectTo } from "../../src/transports/socket-wire.ts";

/**
 * A reply without its CRLFs, and the moment (performance.now) at which its last bytes were read.
 */
export interface Answer {
  readonly line: string;
  readonly body: string;
  readonly at: number;
}

/** One connection; answers arrive in the order of the questions. */
export class Asker {
  readonly #client: ClientConnection;

  private constructor(client: ClientConnection) {
    this.#client = client;
  }

  /** Connects to the port on 127.0.0.1. */
  static async open(port: number): Promise<Asker> {
    return new Asker(await connectTo({ kind: "tcp", host: "127.0.0.1", port }));
  }

  /** Asks, with a body if the command has one; rejects when the connection is lost first. */
  async ask(command: string, text?: string): Promise<Answer> {
    const { line, body } = await this.#client.ask(
      command,
      text === undefined ? undefined : Buffer.from(text, "latin1"),
    );
    const at = performance.now();
    return { line, body: Buffer.from(body).toString("latin1"), at };
  }

  /** Asks and throws unless the reply's line begins with `expected`. */
  async expect(expected: string, command: string, text?: string): Promise<Answer> {
    const answer = await this.ask(command, text);
    if (answer.line.startsWith(expected)) return answer;
    throw new Error(`expected ${expected} for ${JSON.stringify(command)}, got ${answer.line}`);
  }

  /** Closes at once; whoever still waits for an answer is rejected. */
  close(): void {
    this.#client.close();
  }
}
