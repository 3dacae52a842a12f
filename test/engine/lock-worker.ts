/* Lock worker: one thread that hammers a shard together with others, and claims every job that it
 * is given.
 *
 * A claim is a byte for each id: 1 while somebody holds the job, 2 once it is deleted. Claiming
 * what is claimed is the fault that the test looks for; it ends the thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { EngineShard } from "./engine.ts";
import type { Reply } from "./answers.ts";
import { randomFrom } from "./shuffle.ts";

/** What a worker is told. */
export interface LockWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
  readonly thread: number;
  readonly rounds: number;
  /** A byte for each id. */
  readonly claims: SharedArrayBuffer;
}

const FREE = 0;
const HELD = 1;
const DELETED = 2;
/** Connections of each thread. */
const CONNS = 4;
const NOW = 1_700_000_000_000_000;

interface Conn {
  readonly ref: number;
  readonly held: number[];
  waiting: boolean;
}

class LockWorker {
  readonly #shard: EngineShard;
  readonly #t: number;
  readonly #claims: Uint8Array;
  readonly #conns: readonly Conn[];
  readonly #tube: number;
  readonly #random: (below: number) => number;
  /** Jobs put and deleted by this thread. */
  put = 0;
  deleted = 0;

  constructor({ module, memory, threads, thread, claims }: LockWorkerData) {
    this.#shard = new EngineShard(module, memory, threads);
    this.#t = thread;
    this.#claims = new Uint8Array(claims);
    this.#random = randomFrom(thread + 1);
    this.#tube = this.#shard.useTube(thread, "work", 1).ref;
    this.#conns = Array.from({ length: CONNS }, (_, token) => {
      const { ref } = this.#shard.openConn(thread, token);
      this.#shard.watchTube(thread, ref, "work", 1);
      return { ref, held: [], waiting: false };
    });
  }

  /** Does something at random with one of the connections, after collecting what others granted. */
  step(): void {
    this.#collect();
    const conn = this.#conns[this.#random(CONNS)];
    if (conn === undefined) return;
    const action = this.#random(10);
    if (action < 3) this.#putJob();
    else if (conn.waiting) this.#claimFrom(conn, this.#shard.cancel(this.#t, conn.ref, NOW));
    else if (action < 6) this.#claimFrom(conn, this.#shard.wait(this.#t, conn.ref, 1, NOW));
    else this.#finish(conn, action);
  }

  /**
   * Takes part in emptying the shard: gives up waiting, deletes what is held, takes what is left.
   */
  drain(): void {
    for (const conn of this.#conns) {
      this.#claimFrom(conn, this.#shard.cancel(this.#t, conn.ref, NOW));
      for (let left = 1; left > 0; left = conn.held.length) {
        while (conn.held.length > 0) this.#finish(conn, 9);
        this.#claimFrom(conn, this.#shard.take(this.#t, conn.ref, NOW));
      }
    }
  }

  #putJob(): void {
    const id = this.#shard.raw(this.#t).nextId();
    const body = Buffer.alloc(this.#random(300), `${id}:`);
    const job = { id, pri: this.#random(5), ttrSeconds: 100, body };
    const { answer } = this.#shard.put(this.#t, this.#tube, job, NOW);
    if (answer !== "DONE") throw new Error(`put answered ${answer}`);
    this.put++;
  }

  #collect(): void {
    for (;;) {
      const reply = this.#shard.collect(this.#t, NOW);
      const conn = this.#conns.find(({ ref }) => ref === reply.conn);
      if (conn === undefined) return;
      this.#claimFrom(conn, reply);
    }
  }

  #claimFrom(conn: Conn, { answer, id = 0, body = "" }: Reply): void {
    conn.waiting = answer === "WAITING";
    if (answer !== "RESERVED") return;
    const before = Atomics.compareExchange(this.#claims, id, FREE, HELD);
    if (before !== FREE) throw new Error(`job ${id} was given to two holders (${before})`);
    if (body !== Buffer.alloc(body.length, `${id}:`).toString("latin1"))
      throw new Error(`job ${id} has another body`);
    conn.held.push(id);
  }

  /** Deletes, releases or buries and kicks a held job. */
  #finish(conn: Conn, action: number): void {
    const id = conn.held.pop();
    if (id === undefined) return;
    Atomics.store(this.#claims, id, action > 7 ? DELETED : FREE);
    if (action > 7) {
      this.#demand(this.#shard.deleteJob(this.#t, conn.ref, id, NOW));
      this.deleted++;
    } else if (action === 7) {
      this.#demand(this.#shard.release(this.#t, conn.ref, id, this.#random(5), 0, NOW));
    } else {
      this.#demand(this.#shard.bury(this.#t, conn.ref, id, 0, NOW));
      this.#shard.kickJob(this.#t, id, NOW);
    }
  }

  #demand({ answer }: Reply): void {
    if (answer !== "DONE") throw new Error(`a holder was answered ${answer}`);
  }
}

const data: LockWorkerData = workerData;
const worker = new LockWorker(data);
parentPort?.on("message", (phase: "hammer" | "drain") => {
  if (phase === "hammer") for (let round = 0; round < data.rounds; round++) worker.step();
  else worker.drain();
  parentPort?.postMessage({ put: worker.put, deleted: worker.deleted });
  if (phase === "drain") parentPort?.close();
});
