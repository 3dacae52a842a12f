/*
 * Queue client: fills a server over the protocol, many commands at a time, and asks it what became
 * of them.
 */
import type { Socket } from "node:net";
import { partsOf, ReplyReader } from "../support/reply-reader.ts";
import type { ServerProcess } from "../support/server-process.ts";

interface Waiting {
  readonly left: number;
  readonly replies: Buffer[];
  readonly resolve: (replies: Buffer[]) => void;
}

/** A connection. */
export class QueueClient implements Disposable {
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  #waiting: Waiting | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#take(Buffer.from(bytes)));
  }

  /** Connects to a server. */
  static async connect(server: ServerProcess): Promise<QueueClient> {
    return new QueueClient(await server.connect());
  }

  /**
   * Sends commands, each with its body behind it if it has one; resolves with the lines of the
   * replies.
   */
  async send(...commands: readonly (string | Uint8Array)[]): Promise<string[]> {
    return (await this.#ask(commands.map(commandBytes))).map((reply) => partsOf(reply).line);
  }

  /** The figures of stats, stats-tube or stats-job. */
  async stats(command: string): Promise<Record<string, string>> {
    const [reply = Buffer.alloc(0)] = await this.#ask([commandBytes(command)]);
    const lines = partsOf(reply).body?.toString().split("\n").slice(1) ?? [];
    return Object.fromEntries(lines.map((line) => line.split(": ") as [string, string]));
  }

  #ask(commands: readonly Uint8Array[]): Promise<Buffer[]> {
    return new Promise((resolve) => {
      this.#waiting = { left: commands.length, replies: [], resolve };
      this.#socket.write(Buffer.concat(commands));
    });
  }

  #take(bytes: Buffer): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    waiting.replies.push(...this.#reader.take(bytes).map((reply) => Buffer.from(reply)));
    if (waiting.replies.length >= waiting.left) waiting.resolve(waiting.replies);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A put with its body. */
export function put(
  body: string | Uint8Array,
  pri = 1024,
  delaySeconds = 0,
  ttrSeconds = 60,
): Buffer {
  return withBody(`put ${pri} ${delaySeconds} ${ttrSeconds}`, body);
}

/** A bury that says why. */
export function bury(id: number, message: string | Uint8Array): Buffer {
  return withBody(`bury ${id} 0`, message);
}

/** A release that says why. */
export function release(id: number, message: string | Uint8Array): Buffer {
  return withBody(`release ${id} 0 0`, message);
}

function withBody(command: string, body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(`${command} ${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
}

function commandBytes(command: string | Uint8Array): Uint8Array {
  return typeof command === "string" ? Buffer.from(`${command}\r\n`) : command;
}
