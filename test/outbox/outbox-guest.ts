/* OutboxGuest: an outbox and its reader in a replicated world (../replica/replica-world.ts).
 *
 * The reader is the program's own; its queue is the world's engine and journal, in which rows and
 * their mark are one batch. Which jobs are a row's, and which mark names it, is noted here: in
 * worlds bodies are known from ids. Whoever leads has a reader; when its machine stops nothing of
 * it is answered any more, but what it had asked of the database may still be carried out. Judged
 * after each recovery: a row has no two jobs, and is not gone without one; in the end each has one.
 */
import type { Outbox } from "../../src/server/outbox.ts";
import type { OutboxAnswer, OutboxMark, OutboxQueue, OutboxRow } from "../../src/outbox.ts";
import type { RemoteError } from "../../src/remote-log.ts";
import { GUEST_TUBE } from "../journal/clients.ts";
import { LedgerError } from "../journal/ledger.ts";
import type { World } from "../journal/world.ts";
import { SimulatedRemote } from "../replica/simulated-remote.ts";
import { SimulatedTable } from "./simulated-table.ts";
import type { TableConnection } from "./simulated-table.ts";

/** The parts of the program that a planted bug may replace. */
export interface OutboxCode {
  readonly Outbox: typeof Outbox;
  readonly RemoteError: typeof RemoteError;
}

/** Somebody who waits until all is safe that was recorded when he asked. */
interface Waiting {
  readonly heads: readonly number[];
  readonly answered: () => void;
}

/** One server's life as the reader's queue. */
class Life implements OutboxQueue {
  readonly #world: World;
  readonly #book: Book;
  #waiting: Waiting[] = [];
  /** What was recovered is safe. */
  readonly #safe: number[];
  isOver = false;
  /** The machine stopped while the reader had its turn. */
  error: unknown;

  constructor(world: World, book: Book) {
    this.#world = world;
    this.#book = book;
    this.#safe = headsOf(world);
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Replies leave that wait for a shard's stream up to there. */
  safe(shard: number, position: number): void {
    this.#safe[shard] = position;
    const ready = this.#waiting.filter(({ heads }) => this.#isSafe(heads));
    this.#waiting = this.#waiting.filter((one) => !ready.includes(one));
    for (const { answered } of ready) answered();
  }

  #isSafe(heads: readonly number[]): boolean {
    return heads.every((head, shard) => head <= (this.#safe[shard] ?? 0));
  }

  /** What a session says once it is safe; nothing when the machine has stopped. */
  #answer<Answer>(run: () => Answer): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.isOver) return;
      try {
        const answer = run();
        const heads = headsOf(this.#world);
        const answered = (): void => resolve(answer);
        if (this.#isSafe(heads)) answered();
        else this.#waiting.push({ heads, answered });
      } catch (error) {
        this.error ??= error;
      }
    });
  }

  put(rows: readonly OutboxRow[]): Promise<OutboxAnswer> {
    return this.#answer((): OutboxAnswer => {
      const { batches } = this.#world.clients;
      const planned = [...rows, undefined].map(() => batches.putTo(GUEST_TUBE));
      const made = planned.filter((one) => one !== undefined);
      const isShut = this.#world.journal.isFull || this.#world.random(8) === 0;
      const isFull = isShut || made.length < planned.length;
      const isPut = !isFull && batches.carryOut(made);
      if (isFull) batches.giveUp(made);
      if (!isPut) return { kind: "shut", why: "OUT_OF_MEMORY" };
      const ids = made.map(({ order }) => order.id);
      const mark = ids.at(-1) ?? 0;
      for (const [at, { id }] of rows.entries()) this.#book.add(id, ids[at] ?? 0);
      this.#book.marks.set(
        mark,
        rows.map(({ id }) => id),
      );
      return { kind: "put", mark };
    });
  }

  mark(): Promise<OutboxMark | undefined> {
    return this.#answer(() => {
      const { jobs } = this.#world.ledger;
      for (const [id, rows] of this.#book.marks) if (jobs.has(id)) return { id, rows };
      return undefined;
    });
  }

  forget(mark: number): Promise<void> {
    return this.#answer(() => {
      const { batches } = this.#world.clients;
      const job = this.#world.ledger.jobs.get(mark);
      if (job !== undefined) batches.carryOut([batches.delete(job)]);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function headsOf(world: World): number[] {
  return world.machine.shards.map((shard) => shard.journalHead());
}

/** Which jobs were put for a row, and which rows a mark names. */
class Book {
  readonly jobs = new Map<string, number[]>();
  readonly marks = new Map<number, readonly string[]>();

  add(row: string, job: number): void {
    const jobs = this.jobs.get(row);
    if (jobs === undefined) this.jobs.set(row, [job]);
    else jobs.push(job);
  }

  /** What a crash lost was told to nobody, so its id may be given again. */
  prune(isThere: (id: number) => boolean): void {
    for (const [row, jobs] of this.jobs) this.jobs.set(row, jobs.filter(isThere));
    for (const mark of this.marks.keys()) if (!isThere(mark)) this.marks.delete(mark);
  }
}

/** An outbox in a world. */
export class OutboxGuest {
  readonly #random: (below: number) => number;
  readonly #code: OutboxCode;
  readonly #database: SimulatedRemote;
  readonly #table: SimulatedTable;
  readonly #book = new Book();
  #world: World | undefined;
  #life: Life | undefined;
  #rings = new Set<() => void>();
  /** The reader's, behind those of readers before of which the database does not know the end. */
  #connections: TableConnection[] = [];

  constructor(random: (below: number) => number, code: OutboxCode) {
    this.#random = random;
    this.#code = code;
    this.#database = new SimulatedRemote(random, code.RemoteError);
    this.#table = new SimulatedTable(this.#database);
  }

  /** Rows that were inserted. */
  get rows(): number {
    return this.#table.inserted.length;
  }

  /** A server leads, and its reader begins. */
  booted(world: World): void {
    this.#world = world;
    this.#book.prune((id) => world.ledger.jobs.has(id));
    this.judge(false);
    const life = new Life(world, this.#book);
    this.#life = life;
    this.#rings = new Set();
    const connection = this.#table.connect();
    this.#connections.push(connection);
    const outbox = new this.#code.Outbox({
      table: connection,
      queue: life,
      log: { write: () => undefined },
      clock: {
        now: () => world.clock * 1000,
        after: (_, ring) => {
          this.#rings.add(ring);
          return () => this.#rings.delete(ring);
        },
      },
      bodyBytesMax: 1000,
      allBytesMax: 10_000,
    });
    outbox.run().catch((error: unknown) => (life.error ??= error));
  }

  safe(shard: number, position: number): void {
    this.#life?.safe(shard, position);
  }

  /** Somebody inserts, or a timer rings. Throws what stopped the machine in the reader's turn. */
  step(): void {
    if (this.#random(3) === 0) this.#table.insert();
    this.check();
    if (this.#random(2) === 0) this.ring();
    if (this.#random(10) === 0) this.#letGo();
  }

  /** The database finds out who is gone. */
  #letGo(): void {
    for (const one of this.#connections.splice(0, this.#connections.length - 1)) void one.close();
  }

  check(): void {
    if (this.#life?.error !== undefined) throw this.#life.error;
  }

  ring(): void {
    const [ring] = this.#rings;
    if (ring === undefined) return;
    this.#rings.delete(ring);
    ring();
  }

  /** The database takes a turn. */
  async advance(): Promise<void> {
    await this.#database.advance();
  }

  /** From now on nothing goes wrong, and nobody inserts. */
  calm(): void {
    this.#database.isCalm = true;
    this.#letGo();
  }

  /** Whether each row has become a job, and nothing is left to do. */
  get isDone(): boolean {
    const jobs = this.#world?.ledger.jobs;
    const hasMark = [...this.#book.marks.keys()].some((mark) => jobs?.has(mark) === true);
    return this.#table.rows.size === 0 && !hasMark && this.#life?.isIdle === true;
  }

  /** The machine has stopped. */
  crashed(): void {
    if (this.#life !== undefined) this.#life.isOver = true;
    this.#life = undefined;
  }

  /** Throws a LedgerError where a row has two jobs, or is gone without one. */
  judge(isLast: boolean): void {
    const jobs = this.#world?.ledger.jobs;
    for (const row of this.#table.inserted) {
      const here = this.#book.jobs.get(row)?.filter((id) => jobs?.has(id) === true) ?? [];
      const isThere = this.#table.rows.has(row);
      if (here.length > 1) throw new LedgerError(`row ${row} has the jobs ${here.join(" and ")}`);
      if (here.length === 0 && (isLast || !isThere)) throw new LedgerError(`row ${row} has no job`);
    }
  }
}
