/* Owner: a worker that opens a queue in a directory, says what is in it, and puts and deletes jobs
 * until it is terminated, at any moment. The workers that have its engine and its journal are its
 * own, and die with it, or alone: then it says what those heard who waited. Started by recovery.ts.
 */
import { terminate } from "./mortal-workers.ts"; // before anything starts a worker
import type { Part } from "./mortal-workers.ts";
import { tell as post } from "../../../src/browser/started-worker.ts";
import type { ClientConnection } from "../../../src/client/connection.ts";
import { createWorker, openQueue } from "../../../src/entries/browser.ts";
import type { JobQueue, Worker as QueueWorker } from "../../../src/entries/browser.ts";
import { codeOf } from "../../../src/system-error.ts";
import { Random } from "../../support/random.ts";
import { within } from "../../support/until.ts";
import { overPorts } from "./connecting.ts";
import { bodyOf, CrashLog, numberOf } from "./crash-log.ts";
import { numbered, resultOf } from "./numbered.ts";

/** What it is started with. */
export interface OwnerOrders {
  readonly kind: "begin";
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

/** One of its workers is terminated. */
export interface OwnersLoss {
  readonly kind: "lose";
  readonly part: Part;
}

/** What it found: ids with the numbers of their bodies, -1 of one that is not as it was put. */
export type OwnerNews =
  | { readonly kind: "ready" }
  | { readonly kind: "found"; readonly jobs: readonly (readonly [id: number, number: number])[] }
  | { readonly kind: "closed" }
  /** A worker of its own is gone: what those heard who waited, and who came later. */
  | { readonly kind: "bereft"; readonly codes: readonly string[] }
  | { readonly kind: "failed"; readonly why: string };

const CLIENTS = 4;
const SEGMENT_BYTES = 1_048_576;
const PATIENCE_MS = 60_000;
/** For all to hear that a worker is gone. */
const HEARING_MS = 20_000;
const RETRY_MS = 20;
const TEXT = new TextDecoder();
/** Which of its workers has been terminated. */
let lost: Part | undefined;
const loss = Promise.withResolvers<void>();

async function own(orders: OwnerOrders): Promise<void> {
  const opening = openPatiently(orders.directory);
  if (lost !== undefined) terminate(lost); // before it has begun
  const queue = await opening;
  const waiting = [workerOf(queue).run()];
  await Promise.race([loss.promise, use(queue, orders, waiting)]);
  if (lost === undefined) return; // it is closed
  const heard = Promise.all(waiting.map(codeOfEnd));
  const codes = await within("all have heard", HEARING_MS, heard);
  const later = await within("who comes later has", HEARING_MS, codeOfEnd(queue.stats()));
  await within("it is closed", HEARING_MS, queue.close());
  tell({ kind: "bereft", codes: [...codes, later] });
}

/** A worker for whom there is nothing to do. */
function workerOf(queue: JobQueue): QueueWorker {
  return createWorker(queue, { handlers: [numbered.handler(resultOf)] });
}

/**
 * Ends when the queue is closed. Those who wait for what a worker of the queue's answers are added
 * to `waiting` once it has answered them something.
 */
async function use(
  queue: JobQueue,
  orders: OwnerOrders,
  waiting: Promise<unknown>[],
): Promise<void> {
  const { words, seed, number, idsMax, isLast } = orders;
  const connect = overPorts(queue);
  const connections = await Promise.all(Array.from({ length: 1 + CLIENTS }, () => connect()));
  const [connection, ...others] = connections as [ClientConnection, ...ClientConnection[]];
  const jobs = await found(connection, idsMax);
  if (isLast) {
    tell({ kind: "found", jobs });
    for (const [id] of jobs) await connection.ask(`delete ${id}`);
    connection.close();
    await queue.close();
    return tell({ kind: "closed" });
  }
  await Promise.all(others.map((other) => other.ask("watch nothing")));
  const traffic = new Traffic(new CrashLog(words), new Random(seed), number, jobs);
  const clients = others.map((other) => traffic.go(other));
  waiting.push(...clients, reserving(connection));
  tell({ kind: "found", jobs });
  await Promise.all(clients);
  await loss.promise; // or the end of this worker
}

/** Waits for a job of a tube that has none. */
async function reserving(connection: ClientConnection): Promise<void> {
  await connection.ask("watch nothing");
  await connection.ask("ignore default");
  await connection.ask("reserve");
}

/** The code that it rejects with. */
function codeOfEnd(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "none", codeOf);
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

function failed(error: unknown): void {
  if (lost === undefined) tell({ kind: "failed", why: String(error) });
  else tell({ kind: "bereft", codes: [codeOf(error)] }); // it was not open yet
}

addEventListener("message", ({ data }: MessageEvent<OwnerOrders | OwnersLoss>) => {
  if (data.kind === "begin") void own(data).catch(failed);
  else {
    lost = data.part;
    loss.resolve();
    terminate(lost);
  }
});
tell({ kind: "ready" });
