/* Outbox reader: has the rows of an outbox table become jobs, each once.
 *
 *   take rows --> put jobs and a mark, in one step --> remove the rows --> forget the mark
 *
 * **Invariant: no row is taken while there is a mark.** A mark says that the jobs of its rows are
 * there, so the first thing that a reader does, at a start and whenever something went wrong, is to
 * remove what marks name. A crash before the put leaves the rows and nothing else; one behind it
 * leaves the mark. Rows that can never be jobs are set aside, with the reason; those whose tube is
 * full, or all if the queue takes none now, stay where they are.
 *
 * It lives from when the server serves, and so leads, to its end. Made by server.ts.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { OutboxQueue, OutboxRefusal, OutboxRow, OutboxTable } from "../outbox.ts";
import { RemoteError } from "../remote-log.ts";
import { HomemakerError } from "../protocol/homemaker-error.ts";
import { OutboxRound } from "./outbox-round.ts";
import { problemOf } from "./outbox-row.ts";

/** Rows that are taken at a time: a batch has a thousand commands, and each row may need two. */
export const OUTBOX_ROWS_MAX = 250;
/** How often it is looked whether there are rows of which nobody told. */
const LOOK_MILLIS = 1000;
/**
 * How long the rows of a tube are left that was full: longer than until the next look, so that one
 * finds others behind them.
 */
const ASIDE_MILLIS = 2500;
/** Pauses after something went wrong: the first, and the longest. */
const PAUSE_MILLIS = 100;
const PAUSE_MILLIS_MAX = 5000;
/** How long what is under way gets when it is told to stop. */
const STOP_MILLIS = 1000;
const MILLI_MICROS = 1000;

/** What was done since the start, and how it stands. */
export interface OutboxFigures {
  /** Rows that became jobs, or met one by their key. */
  taken: number;
  /** Rows that were set aside. */
  refused: number;
  /** How old the oldest row was when it was last looked; 0 if there was none. */
  oldestSeconds: number;
  /** Whether the table can be read. */
  isThere: boolean;
}

/** What a reader works with. */
export interface OutboxParts {
  readonly table: OutboxTable;
  readonly queue: OutboxQueue;
  readonly log: Pick<Log, "write">;
  readonly clock: Clock;
  /** The longest body that can be a job. */
  readonly bodyBytesMax: number;
  /** Bytes of bodies that go into one batch; at least `bodyBytesMax`. */
  readonly allBytesMax: number;
}

/** Reads one outbox. */
export class Outbox {
  readonly figures: OutboxFigures = { taken: 0, refused: 0, oldestSeconds: 0, isThere: false };
  readonly #parts: OutboxParts;
  /** Tubes that were full, and until when their rows are left, in milliseconds. */
  readonly #aside = new Map<string, number>();
  #isConnected = false;
  /** There is no mark. */
  #isSettled = false;
  #isStopping = false;
  /** There may be rows that came since it was looked. */
  #isCalled = false;
  #wake: () => void = () => undefined;
  #pauseMillis = PAUSE_MILLIS;
  /** Why it cannot be read, as it was told. */
  #told: string | undefined;
  /** Why no rows become jobs, as it was told. */
  #toldShut: string | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    parts.table.listen(() => this.#call());
  }

  /** Reads until it is stopped. Rejects with what only a defect can cause. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const millis = await this.#round();
      if (millis > 0) await this.#pause(millis);
    }
  }

  /** Takes nothing more, and ends when what is under way has ended, after a while by force. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#call();
    const running = this.#running?.catch(() => undefined); // told to whoever runs it
    const { table, queue, clock } = this.#parts;
    await Promise.race([running, new Promise<void>((ring) => void clock.after(STOP_MILLIS, ring))]);
    await table.close();
    await queue.close();
    await running;
  }

  #call(): void {
    this.#isCalled = true;
    this.#wake();
  }

  /** Resolves after so long, or when somebody calls. */
  async #pause(millis: number): Promise<void> {
    if (this.#isCalled) return;
    let callOff: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      callOff = this.#parts.clock.after(millis, resolve);
      this.#wake = resolve;
    });
    callOff();
    this.#wake = () => undefined;
  }

  /** Does what there is to do; resolves with how long there is nothing, if nobody calls. */
  async #round(): Promise<number> {
    this.#isCalled = this.#isStopping;
    try {
      if (!this.#isConnected) await this.#parts.table.reconnect();
      this.#isConnected = true;
      if (!this.#isSettled) await this.#settle();
      const isMore = await this.#take();
      this.#setLost(undefined);
      return isMore ? 0 : LOOK_MILLIS;
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.#isConnected = false;
      this.#isSettled = false;
      if (!this.#isStopping) this.#setLost(error.message);
      const millis = this.#pauseMillis;
      this.#pauseMillis = Math.min(2 * millis, PAUSE_MILLIS_MAX);
      return millis;
    }
  }

  /** Removes the rows that marks name, and the marks. */
  async #settle(): Promise<void> {
    const { table, queue } = this.#parts;
    for (let mark = await queue.mark(); mark !== undefined; mark = await queue.mark()) {
      await table.remove(mark.rows);
      await queue.forget(mark.id);
    }
    this.#isSettled = true;
  }

  /** Has some rows become jobs; resolves with whether there may be more. */
  async #take(): Promise<boolean> {
    const { table, queue } = this.#parts;
    const oldest = await table.oldest();
    this.figures.oldestSeconds = oldest ?? 0;
    if (oldest === undefined) return false;
    const { bodyBytesMax, allBytesMax } = this.#parts;
    const limits = { rowsMax: OUTBOX_ROWS_MAX, bodyBytesMax, allBytesMax };
    const rows = await table.take({ ...limits, tubesAside: this.#tubesAside() });
    const wrong = this.#wrongOf(rows);
    const round = new OutboxRound(
      rows.filter(({ id, body }) => body !== undefined && !wrong.has(id)),
    );
    this.#isSettled = false; // from here on there may be a mark
    await round.run(queue);
    this.figures.taken += round.removed.length;
    const refused = [...wrong.values(), ...round.refused];
    await table.end(round.removed, refused);
    for (const mark of round.marks) await queue.forget(mark);
    this.#isSettled = true;
    this.#tellRefused(refused);
    this.#tellShut(round.shutBy);
    const until = this.#nowMillis + ASIDE_MILLIS;
    for (const tube of round.fullTubes) this.#aside.set(tube, until);
    // Where none were removed there may be others behind those of tubes that are left now.
    return round.removed.length + refused.length + round.fullTubes.size > 0;
  }

  #wrongOf(rows: readonly OutboxRow[]): ReadonlyMap<string, OutboxRefusal> {
    const wrong = new Map<string, OutboxRefusal>();
    for (const row of rows) {
      const why = problemOf(row, this.#parts.bodyBytesMax);
      if (why !== undefined) wrong.set(row.id, { id: row.id, why });
    }
    return wrong;
  }

  #tellRefused(refused: readonly OutboxRefusal[]): void {
    this.figures.refused += refused.length;
    for (const { id, why } of refused) {
      this.#parts.log.write("warn", "a row of the outbox can be no job", { row: id, why });
    }
  }

  /** Tells each reason once, until rows become jobs again. */
  #tellShut(why: string | undefined): void {
    if (why !== undefined && why !== this.#toldShut) {
      this.#parts.log.write("warn", "rows of the outbox stay: the queue takes none", { why });
    }
    this.#toldShut = why;
  }

  #tubesAside(): readonly string[] {
    for (const [tube, until] of this.#aside) {
      if (until <= this.#nowMillis) this.#aside.delete(tube);
    }
    return [...this.#aside.keys()];
  }

  get #nowMillis(): number {
    return this.#parts.clock.now() / MILLI_MICROS;
  }

  /** Tells each reason once, until it can be read again. */
  #setLost(why: string | undefined): void {
    this.figures.isThere = why === undefined;
    if (why === undefined) this.#pauseMillis = PAUSE_MILLIS;
    if (why === this.#told) return;
    this.#told = why;
    const { log } = this.#parts;
    if (why === undefined) log.write("info", "the outbox is read again");
    else log.write("error", "the outbox cannot be read", { why });
  }
}

/** Whether it may be over when it is tried again, or somebody has mended it. */
function isExpected(error: unknown): error is Error {
  return error instanceof RemoteError || error instanceof HomemakerError;
}
