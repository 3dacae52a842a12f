/* OutboxGuest: an outbox and its reader in a replicated world (../replica/replica-world.ts).
 *
 * The reader is the program's own; its queue is the world's engine and journal, in which rows and
 * their mark are one batch. Which jobs are a row's, and which mark names it, is noted here: in
 * worlds bodies are known from ids. Now and then a client puts a job with the key of a row, which
 * that then meets. Whoever leads has a reader; when its machine stops nothing of
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
  /** A planted bug of the queue: of a job that was met it tells before that is safe. */
  readonly tellsEarly?: boolean;
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
  readonly #tellsEarly: boolean;
  #waiting: Waiting[] = [];
  /** What was recovered is safe. */
  readonly #safe: number[];
  isOver = false;
  /** The machine stopped while the reader had its turn. */
  error: unknown;

  constructor(world: World, book: Book, tellsEarly: boolean) {
    this.#world = world;
    this.#book = book;
    this.#tellsEarly = tellsEarly;
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

  /** What a session says once it is safe, or `isEarly`; nothing when the machine has stopped. */
  #answer<Answer>(
    run: () => Answer,
    isEarly: (answer: Answer) => boolean = () => false,
  ): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.isOver) return;
      try {
        const answer = run();
        const heads = headsOf(this.#world);
        const answered = (): void => resolve(answer);
        if (isEarly(answer) || this.#isSafe(heads)) answered();
        else this.#waiting.push({ heads, answered });
      } catch (error) {
        this.error ??= error;
      }
    });
  }

  put(rows: readonly OutboxRow[]): Promise<OutboxAnswer> {
    const isEarly = ({ kind }: OutboxAnswer): boolean => this.#tellsEarly && kind === "met";
    return this.#answer(() => {
      if (this.#world.random(4) === 0) for (const row of rows) this.#putFor(row);
      const { jobs } = this.#world.ledger;
      const at = rows.findIndex(({ id }) => jobs.has(this.#book.met.get(id) ?? 0));
      return at < 0 ? this.#putAll(rows) : { kind: "met", at, isByAnother: false };
    }, isEarly);
  }

  /** A client was there before: it has put a job with the key of the row. */
  #putFor({ id }: OutboxRow): void {
    const { random, journal, clients, ledger } = this.#world;
    const hasJob = this.#book.jobs.get(id)?.some((job) => ledger.jobs.has(job)) === true;
    if (hasJob || journal.isFull || random(8) === 0) return;
    const put = clients.batches.putTo(GUEST_TUBE);
    if (put === undefined || !clients.batches.carryOut([put])) return;
    this.#book.add(id, put.order.id);
    this.#book.met.set(id, put.order.id);
  }

  #putAll(rows: readonly OutboxRow[]): OutboxAnswer {
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
      rows.map(({ name }) => name),
    );
    return { kind: "put", mark };
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
  /** Those of them that clients put, with the key of the row. */
  readonly met = new Map<string, number>();
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
    for (const [row, job] of this.met) if (!isThere(job)) this.met.delete(row);
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
    const life = new Life(world, this.#book, this.#code.tellsEarly === true);
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

  /** The jobs of a row that are there. */
  #jobsOf(row: string): readonly number[] {
    const jobs = this.#world?.ledger.jobs;
    return this.#book.jobs.get(row)?.filter((id) => jobs?.has(id) === true) ?? [];
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
    for (const row of this.#table.inserted) {
      const here = this.#jobsOf(row);
      const isThere = this.#table.rows.has(row);
      if (here.length > 1) throw new LedgerError(`row ${row} has the jobs ${here.join(" and ")}`);
      if (here.length === 0 && (isLast || !isThere)) throw new LedgerError(`row ${row} has no job`);
    }
  }
}
