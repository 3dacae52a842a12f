/* Door bed: a queue in memory, a door to it, and callers that write lines to it by hand. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { openQueue, serveJson } from "../../src/entries/queue.ts";
import type { JobQueue, JsonDoor, JsonDoorOptions } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";

/** A door that is open. */
export class DoorBed implements AsyncDisposable {
  readonly queue: JobQueue;
  readonly door: JsonDoor;
  readonly #callers = new Set<Caller>();

  static async open(options: JsonDoorOptions = {}, queue?: JobQueue): Promise<DoorBed> {
    const own = queue ?? (await openQueue({ memory: true }));
    return new DoorBed(own, await serveJson(own, { port: 0, ...options }));
  }

  private constructor(queue: JobQueue, door: JsonDoor) {
    this.queue = queue;
    this.door = door;
  }

  /** Somebody who is connected. */
  async caller(): Promise<Caller> {
    const caller = await callerAt(this.door.port);
    this.#callers.add(caller);
    return caller;
  }

  /** The bodies of the jobs of a tube, as text. */
  async bodies(tube: string): Promise<readonly string[]> {
    const bodies: string[] = [];
    for await (const { body } of this.queue.backend.list({ tube, state: "ready" })) {
      bodies.push(Buffer.from(body).toString());
    }
    return bodies;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const caller of this.#callers) caller.socket.destroy();
    await this.door.close();
    await this.queue.close();
  }
}

/** Connects to a port of this machine. */
export async function callerAt(port: number): Promise<Caller> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
  await once(socket, "connect");
  return new Caller(socket);
}

/** A connection, and what came of it. */
export class Caller {
  readonly socket: Socket;
  isEnded = false;
  isClosed = false;
  #text = "";
  #taken = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => (this.#text += chunk.toString("latin1")));
    socket.on("end", () => (this.isEnded = true));
    socket.on("close", () => (this.isClosed = true));
    socket.on("error", () => (this.isClosed = true));
  }

  /** Sends bytes, or text with a line feed behind it. */
  send(what: string | Uint8Array): void {
    this.socket.write(typeof what === "string" ? `${what}\n` : what);
  }

  /** The next line that comes, parsed. */
  async line(): Promise<unknown> {
    const end = (): number => this.#text.indexOf("\n", this.#taken);
    await until(
      "a line comes",
      () => end() >= 0,
      () => this.#text.slice(this.#taken, 300),
    );
    const line = this.#text.slice(this.#taken, end());
    this.#taken = end() + 1;
    return JSON.parse(Buffer.from(line, "latin1").toString());
  }

  /** Sends a line, and resolves with the next one that comes. */
  ask(what: unknown): Promise<unknown> {
    this.send(typeof what === "string" ? what : JSON.stringify(what));
    return this.line();
  }

  /** The result of a JSON-RPC call. */
  async call(method: string, params?: unknown): Promise<unknown> {
    const answer = await this.ask({ jsonrpc: "2.0", id: 7, method, params });
    return (answer as { result?: unknown }).result ?? answer;
  }
}
