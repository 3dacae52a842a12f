/*
 * Memory over real sockets: what one tube had and gave back another has, and few survivors do not
 * keep the rest.
 */
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import { ReplyReader } from "../fuzz/raw-replies.ts";

const CAP_BYTES = 64 * 1024 * 1024;

/** A client that sends commands in batches and awaits their replies. */
class Client {
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

  /** Puts jobs into the tube until one is refused; the ids of the others. */
  async fill(tube: string, bytes: number): Promise<string[]> {
    await this.ask([`use ${tube}\r\n`], 1);
    const one = Buffer.from(`put 0 0 60 ${bytes}\r\n${"x".repeat(bytes)}\r\n`);
    const batch = Math.max(1, Math.min(500, Math.floor(500_000 / bytes)));
    const ids: string[] = [];
    for (;;) {
      const replies = await this.ask(
        Array.from({ length: batch }, () => one),
        batch,
      );
      for (const reply of replies) {
        const [word, id = ""] = reply.split(" ");
        if (word === "INSERTED") ids.push(id);
        else expect(word).toBe("OUT_OF_MEMORY");
      }
      if (replies.includes("OUT_OF_MEMORY")) return ids;
    }
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

async function withServer(
  flags: readonly string[],
  run: (client: Client) => Promise<void>,
): Promise<void> {
  const server = await startHomemaker({ flags: ["--memory", "64MiB", "-z", "1MiB", ...flags] });
  try {
    const client = new Client(await server.connect());
    await run(client);
    client.close();
  } finally {
    await server.stop();
  }
}

const TUBES = ["a", "b", "c", "d", "e", "f", "g", "h"];

test.each([{ threads: "1" }, { threads: "2" }, { threads: "4" }])(
  "each of eight tubes in turn has 90 % of --memory for bodies of 1 MB (threads: $threads)",
  { timeout: 120_000 },
  ({ threads }) =>
    withServer(["--threads", threads], async (client) => {
      for (const tube of TUBES) {
        const ids = await client.fill(tube, 1_000_000);
        expect((ids.length * 1_000_000) / CAP_BYTES).toBeGreaterThan(0.9);
        await client.delete(ids);
      }
    }),
);

test(
  "one job in a hundred of 100 bytes stays: 70 % of --memory are there for bodies of 10 kB",
  { timeout: 120_000 },
  () =>
    withServer(["--shards", "1"], async (client) => {
      const ids = await client.fill("small", 100);
      await client.delete(ids.filter((_, index) => index % 100 !== 0));
      const more = await client.fill("large", 10_000);
      expect((more.length * 10_000) / CAP_BYTES).toBeGreaterThan(0.7);
      const kept = ids[100] ?? "";
      const [reply = ""] = await client.ask([`peek ${kept}\r\n`], 1);
      expect(reply).toBe(`FOUND ${kept} 100\r\n${"x".repeat(100)}`);
      await client.delete(more);
    }),
);

test(
  "survivors in the tubes of other shards do not keep the memory either",
  { timeout: 120_000 },
  () =>
    withServer(["--threads", "2"], async (client) => {
      for (const tube of TUBES) {
        const ids = await client.fill(tube, 100);
        await client.delete(ids.filter((_, index) => index % 100 !== 0));
      }
      const more = await client.fill("large", 10_000);
      expect((more.length * 10_000) / CAP_BYTES).toBeGreaterThan(0.7);
    }),
);
