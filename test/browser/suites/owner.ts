/* Owner: a worker that opens a queue in a directory, says what is in it, and puts and deletes jobs
 * until it is terminated, at any moment. The workers that have its engine and its journal are its
 * own, and die with it. Started by recovery.ts.
 */
import { tell as post } from "../../../src/browser/started-worker.ts";
import type { ClientConnection } from "../../../src/client/connection.ts";
import { openQueue } from "../../../src/entries/browser.ts";
import type { JobQueue } from "../../../src/entries/browser.ts";
import { Random } from "../../support/random.ts";
import { overPorts } from "./connecting.ts";
import { bodyOf, CrashLog, numberOf } from "./crash-log.ts";

/** What it is started with. */
export interface OwnerOrders {
  readonly directory: string;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly seed: number;
  /** Of the next body. */
  readonly number: number;
  /** Jobs have ids from 1 to this. */
  readonly idsMax: number;
  /** It deletes all that it finds, and closes the queue, and is not terminated. */
  readonly isLast: boolean;
}

/** What it found: ids with the numbers of their bodies, -1 of one that is not as it was put. */
export type OwnerNews =
  | { readonly kind: "ready" }
  | { readonly kind: "found"; readonly jobs: readonly (readonly [id: number, number: number])[] }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly why: string };

const CLIENTS = 4;
const SEGMENT_BYTES = 1_048_576;
const PATIENCE_MS = 60_000;
const RETRY_MS = 20;
const TEXT = new TextDecoder();

async function own(orders: OwnerOrders): Promise<void> {
  const { directory, words, seed, number, idsMax, isLast } = orders;
  const queue = await openPatiently(directory);
  const connect = overPorts(queue);
  const connection = await connect();
  const jobs = await found(connection, idsMax);
  tell({ kind: "found", jobs });
  if (isLast) {
    for (const [id] of jobs) await connection.ask(`delete ${id}`);
    connection.close();
    await queue.close();
    return tell({ kind: "closed" });
  }
  const traffic = new Traffic(new CrashLog(words), new Random(seed), number, jobs);
  await Promise.all(Array.from({ length: CLIENTS }, async () => traffic.go(await connect())));
}

/** A browser takes its time to release what the one before had. */
async function openPatiently(directory: string): Promise<JobQueue> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await openQueue({ directory, segmentBytes: SEGMENT_BYTES });
    } catch (error) {
      const { reason } = error as { readonly reason?: string };
      if (reason !== "HM_STORAGE_BUSY" || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function found(
  connection: ClientConnection,
  idsMax: number,
): Promise<readonly (readonly [number, number])[]> {
  const jobs: (readonly [number, number])[] = [];
  for (let id = 1; id <= idsMax; id++) {
    const { line, body } = await connection.ask(`peek ${id}`);
    if (line === "NOT_FOUND") continue;
    if (!line.startsWith(`FOUND ${id} `)) throw new Error(`peek ${id}: ${line}`);
    jobs.push([id, numberOf(TEXT.decode(body)) ?? -1]);
  }
  return jobs;
}

/** What its clients do. */
class Traffic {
  readonly #log: CrashLog;
  readonly #random: Random;
  /** Jobs that are there, by their ids. */
  readonly #live: Map<number, number>;
  #number: number;

  constructor(
    log: CrashLog,
    random: Random,
    number: number,
    jobs: readonly (readonly [number, number])[],
  ) {
    this.#log = log;
    this.#random = random;
    this.#number = number;
    this.#live = new Map(jobs);
  }

  async go(connection: ClientConnection): Promise<void> {
    while (!this.#log.isFull) {
      const [id, number] = this.#random.pick([...this.#live, [0, 0] as const]);
      if (id !== 0 && this.#random.oneIn(2)) await this.#delete(connection, id, number);
      else await this.#put(connection);
    }
  }

  async #put(connection: ClientConnection): Promise<void> {
    const number = this.#number++;
    const body = bodyOf(number);
    this.#log.add("put asked", number);
    const { line } = await connection.ask(
      `put 0 0 60 ${body.length}`,
      new TextEncoder().encode(body),
    );
    const id = Number(/^INSERTED (\d+)$/.exec(line)?.[1]);
    if (Number.isNaN(id)) throw new Error(`put was answered ${line}`);
    this.#log.add("put answered", number, id);
    this.#live.set(id, number);
  }

  async #delete(connection: ClientConnection, id: number, number: number): Promise<void> {
    this.#live.delete(id);
    this.#log.add("delete asked", number, id);
    const { line } = await connection.ask(`delete ${id}`);
    if (line !== "DELETED") throw new Error(`delete ${id} was answered ${line}`);
    this.#log.add("delete answered", number, id);
  }
}

function tell(news: OwnerNews): void {
  post(news);
}

const begin = ({ data }: MessageEvent<OwnerOrders>): void => {
  own(data).catch((error: unknown) => tell({ kind: "failed", why: String(error) }));
};
addEventListener("message", begin, { once: true });
tell({ kind: "ready" });
