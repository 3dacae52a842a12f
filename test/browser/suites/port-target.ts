/* Port target: a page's queue in memory as a target of the dialogues, in real time, each case on a
 * queue of its own: its connections are message ports.
 */
import { openQueue } from "../../../src/entries/browser.ts";
import type { JobQueue } from "../../../src/entries/browser.ts";
import type { PortWire } from "../../../src/embedded/port-wire.ts";
import { converse, Inbox, readStats } from "../../dialogues/stage.ts";
import type { Stage, Target, Wire } from "../../dialogues/stage.ts";
import { wiresTo } from "./connecting.ts";

const PATIENCE_MS = 20_000;

class PortClient implements Wire {
  readonly inbox = new Inbox();
  readonly #wire: PortWire;

  constructor(open: ReturnType<typeof wiresTo>) {
    this.#wire = open({
      received: (bytes) => this.inbox.push(bytes),
      drained: () => undefined,
      ended: () => this.inbox.end(),
    });
  }

  send(bytes: Uint8Array): Promise<void> {
    this.#wire.send(bytes);
    return Promise.resolve();
  }

  shutdown(): void {
    this.#wire.finish();
  }

  close(): void {
    this.#wire.close();
  }

  reset(): void {
    this.#wire.close();
  }
}

class PortStage implements Stage {
  readonly baseId = 0;
  readonly patienceMs = PATIENCE_MS;
  readonly #queue: JobQueue;
  readonly #open: ReturnType<typeof wiresTo>;
  readonly #control: PortClient;

  constructor(queue: JobQueue) {
    this.#queue = queue;
    this.#open = wiresTo(queue);
    this.#control = new PortClient(this.#open);
  }

  connect(): Promise<Wire> {
    return Promise.resolve(new PortClient(this.#open));
  }

  async advance(milliseconds: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await this.settle();
  }

  signal(): void {
    throw new Error("nobody sends signals to a page");
  }

  async settle(): Promise<void> {
    await converse(this.#control, "list-tube-used\r\n", PATIENCE_MS);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }

  stats(): Promise<ReadonlyMap<string, string>> {
    return readStats(this.#control, PATIENCE_MS);
  }

  finish(): Promise<void> {
    return this.#queue.close();
  }
}

export const PORT_TARGET: Target = {
  title: "a queue of this page, over message ports",
  server: "homemaker",
  realTime: true,
  open: async () => new PortStage(await openQueue({ memory: true })),
  close: () => Promise.resolve(),
};
