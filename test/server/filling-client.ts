/* Filling client: sends commands in batches and awaits their replies; fills tubes until the server
 * has no memory for more. Called by the tests of memory.
 */
import type { Socket } from "node:net";
import { expect } from "vitest";
import { ReplyReader } from "../fuzz/raw-replies.ts";

/** The client. */
export class FillingClient {
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  #replies: string[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#replies.push(
        ...this.#reader.take(bytes).map((reply) => reply.toString("latin1").trim()),
      );
      this.#wake.resolve();
    });
    socket.on("close", () => this.#wake.reject(new Error("the server is gone")));
  }

  async ask(commands: readonly (string | Buffer)[], replies: number): Promise<string[]> {
    for (const command of commands) this.#socket.write(command);
    while (this.#replies.length < replies) {
      this.#wake = Promise.withResolvers<void>();
      await this.#wake.promise;
    }
    return this.#replies.splice(0, replies);
  }

  /** Puts jobs into the tube until one is refused or `most` are there; their ids. */
  async fill(tube: string, bytes: number, most = Infinity): Promise<string[]> {
    await this.ask([`use ${tube}\r\n`], 1);
    const one = Buffer.from(`put 0 0 60 ${bytes}\r\n${"x".repeat(bytes)}\r\n`);
    const batch = Math.max(1, Math.min(500, Math.floor(500_000 / bytes)));
    const ids: string[] = [];
    while (ids.length < most) {
      const replies = await this.ask(
        Array.from({ length: batch }, () => one),
        batch,
      );
      for (const reply of replies) {
        const [word, id = ""] = reply.split(" ");
        if (word === "INSERTED") ids.push(id);
        else expect(word).toBe("OUT_OF_MEMORY");
      }
      if (replies.includes("OUT_OF_MEMORY")) break;
    }
    return ids;
  }

  async delete(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += 1000) {
      const some = ids.slice(at, at + 1000);
      const replies = await this.ask([some.map((id) => `delete ${id}\r\n`).join("")], some.length);
      expect(new Set(replies)).toEqual(new Set(["DELETED"]));
    }
  }

  close(): void {
    this.#socket.removeAllListeners("close").destroy();
  }
}
