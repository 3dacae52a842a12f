/* A connection that asks one thing and awaits the whole answer: for preparing a server, and where
 * each answer is timed alone.
 *
 * Knows beanstalkd's two shapes of reply: a line, and a line that ends in a length followed by that
 * many bytes. Not fast, and not used where throughput is measured.
 */
import { connect, type Socket } from "node:net";

/**
 * A reply without its final CRLF, and the moment (performance.now) at which its last bytes were
 * read.
 */
export interface Answer {
  readonly line: string;
  readonly body: string;
  readonly at: number;
}

const WITH_BODY = /^(?:OK|RESERVED \d+|FOUND \d+) (\d+)$/;

/** One connection; answers arrive in the order of the questions. */
export class Asker {
  readonly #socket: Socket;
  readonly #waiting: PromiseWithResolvers<Answer>[] = [];
  #heard = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#receive(text));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  /** Connects to the port on 127.0.0.1. */
  static async open(port: number): Promise<Asker> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.once("error", reject);
    socket.once("connect", resolve);
    await promise;
    socket.off("error", reject);
    return new Asker(socket);
  }

  /** Sends the bytes of one command, CRLF included; rejects when the connection is lost first. */
  ask(command: string): Promise<Answer> {
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.push(waiting);
    this.#socket.write(command, "latin1");
    return waiting.promise;
  }

  /** Asks and throws unless the reply's line begins with `expected`. */
  async expect(expected: string, command: string): Promise<Answer> {
    const answer = await this.ask(command);
    if (answer.line.startsWith(expected)) return answer;
    throw new Error(
      `expected ${expected} for ${JSON.stringify(command.slice(0, 80))}, got ${answer.line}`,
    );
  }

  /** Closes at once; whoever still waits for an answer is rejected. */
  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#heard += text;
    for (;;) {
      const lineEnd = this.#heard.indexOf("\r\n");
      if (lineEnd < 0) return;
      const line = this.#heard.slice(0, lineEnd);
      const bodyLength = WITH_BODY.exec(line)?.[1];
      const end = bodyLength === undefined ? lineEnd + 2 : lineEnd + 4 + Number(bodyLength);
      if (this.#heard.length < end) return;
      const body = bodyLength === undefined ? "" : this.#heard.slice(lineEnd + 2, end - 2);
      this.#heard = this.#heard.slice(end);
      this.#waiting.shift()?.resolve({ line, body, at: performance.now() });
    }
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
