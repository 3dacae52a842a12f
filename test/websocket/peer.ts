/* Peer: the client of the package ws at the other end of a real server, which was written by
 * others.
 */
import type { Socket } from "node:net";
import { expect } from "vitest";
import { WebSocket } from "ws";
import type { ClientOptions } from "ws";
import { until } from "../support/until.ts";

/** One connection, and what came over it. */
export class Peer {
  readonly socket: WebSocket;
  text = "";
  bytes = 0;
  /** The code and the reason of its end. */
  end: string | undefined;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on("message", (data: Buffer) => {
      this.bytes += data.length;
      if (this.text.length < 100_000) this.text += data.toString("latin1");
    });
    this.socket.on("error", (error) => (this.end ??= error.message));
    this.socket.on("close", (code, reason) => (this.end ??= `${code} ${reason.toString()}`.trim()));
  }

  static async open(url: string, options: ClientOptions = {}): Promise<Peer> {
    const peer = new Peer(url, options);
    await until("it is open", () => peer.socket.readyState === WebSocket.OPEN);
    return peer;
  }

  /** Says something, and resolves with what comes when it ends so. */
  async ask(words: string | Buffer, ending = "\r\n"): Promise<string> {
    this.text = "";
    this.socket.send(words);
    await until(`${JSON.stringify(ending)} comes`, () => this.text.endsWith(ending));
    return this.text;
  }

  async ends(): Promise<string> {
    await until("it ends", () => this.end !== undefined);
    return this.end ?? "";
  }
}

/** The TCP socket below. */
export function rawOf(socket: WebSocket): Socket {
  return Reflect.get(socket, "_socket");
}

/** One asks for 100 MB and does not read: it is not read from, and gets everything in the end. */
export async function expectHeldBack(open: () => Promise<Peer>): Promise<void> {
  const peer = await open();
  const body = "b".repeat(1_000_000);
  await peer.ask("use big\r\n");
  const inserted = await peer.ask(`put 0 0 60 1000000\r\n${body}\r\n`);
  const [, id = ""] = /INSERTED (\d+)/.exec(inserted) ?? [];
  peer.bytes = 0;
  const raw = rawOf(peer.socket);
  raw.pause();
  const other = await open();
  const before = await peeks(other);
  for (let count = 0; count < 100; count++) peer.socket.send(`peek ${id}\r\n`);
  const seen = [0];
  await until("it answers no more", async () => {
    const run = (await peeks(other)) - before;
    seen.push(run);
    return run > 0 && seen.slice(-10).every((earlier) => earlier === run);
  });
  expect(seen.at(-1)).toBeLessThan(80);
  raw.resume();
  const each = `FOUND ${id} 1000000\r\n`.length + 1_000_002;
  await until("all has come", () => peer.bytes === 100 * each);
  peer.socket.terminate();
  other.socket.terminate();
}

/** How many peeks the server has run. */
async function peeks(peer: Peer): Promise<number> {
  const stats = await peer.ask("stats\r\n", "\n\r\n");
  return Number(/^cmd-peek: (\d+)$/m.exec(stats)?.[1]);
}
