/* Client: a connection to a server of beanstalkd's protocol: commands out, replies in, in the same
 * order, as many under way as the caller likes.
 *
 * It knows just enough of the protocol to tell where a reply ends. Used by the shell's commands and
 * by the demo.
 */
import { connect, type Socket } from "node:net";
import type { BoundAddress } from "../config/listen-address.ts";

/** A reply: its line as words, and the body behind RESERVED, FOUND and OK. */
export interface Reply {
  readonly words: readonly string[];
  readonly body: Buffer | undefined;
}

/** The server closed the connection, or it broke. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
  readonly code = "HM_CONNECTION_LOST";
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

const BODY_LENGTH = /^(?:(?:RESERVED|FOUND) \d+|OK) (\d+)$/;

/** One connection. */
export class Client {
  readonly #socket: Socket;
  #input: Buffer = Buffer.alloc(0);
  #waiting: Waiting[] = [];
  #lost: ConnectionLostError | undefined;

  /** Connects; rejects with the socket's error if that fails. */
  static async open(address: BoundAddress): Promise<Client> {
    const socket = connect(
      address.kind === "unix"
        ? { path: address.path }
        : { host: address.host, port: address.port, noDelay: true },
    );
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new Client(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(undefined));
  }

  /**
   * Sends a command line, with its body if it has one. Rejects with a ConnectionLostError if no
   * reply can come any more.
   */
  ask(line: string, body?: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) return reject(this.#lost);
      this.#waiting.push({ resolve, reject });
      const command = Buffer.from(`${line}\r\n`);
      const crlf = Buffer.from("\r\n");
      this.#socket.write(body === undefined ? command : Buffer.concat([command, body, crlf]));
    });
  }

  /** Ends the connection; what the server still owes is not waited for. */
  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
    for (let reply = this.#takeReply(); reply !== undefined; reply = this.#takeReply()) {
      this.#waiting.shift()?.resolve(reply);
    }
  }

  #takeReply(): Reply | undefined {
    const lineEnd = this.#input.indexOf("\r\n");
    if (lineEnd < 0) return undefined;
    const line = this.#input.toString("latin1", 0, lineEnd);
    const length = BODY_LENGTH.exec(line)?.[1];
    const bodyEnd = lineEnd + 2 + Number(length ?? 0);
    const end = length === undefined ? bodyEnd : bodyEnd + 2;
    if (this.#input.length < end) return undefined;
    const body = length === undefined ? undefined : this.#input.subarray(lineEnd + 2, bodyEnd);
    this.#input = this.#input.subarray(end);
    return { words: line.split(" "), body };
  }

  #fail(cause: Error | undefined): void {
    this.#lost ??= new ConnectionLostError("the connection to the server is lost", { cause });
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#lost);
  }
}
