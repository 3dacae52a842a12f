/* SimulatedTable: an outbox table in memory, whose connections break as its seed says.
 *
 * It is answered as a simulated remote log is (../replica/simulated-remote.ts): a call waits until
 * somebody has the database take a turn, and is then carried out, or not, or much later. What was
 * committed stays. Rows that are taken are locked, and their locks end with the connection or with
 * what was to end them.
 */
import type { OutboxLimits, OutboxRefusal, OutboxRow, OutboxTable } from "../../src/outbox.ts";
import type { SimulatedRemote } from "../replica/simulated-remote.ts";

/** A row as an application inserts it. */
export function rowOf(id: number, more: Partial<OutboxRow> = {}): OutboxRow {
  const body = Buffer.from(`row ${id}`);
  const times = { delayMillis: 0, ttrSeconds: 60 };
  const job = { tube: "rows", body, bodyBytes: body.length, priority: 0, tags: "", ...times };
  return { id: String(id), name: `${id}@0`, ...job, ...more };
}

/** The table, of which each reader has a connection. */
export class SimulatedTable {
  readonly rows = new Map<string, OutboxRow>();
  readonly refused = new Map<string, string>();
  readonly locks = new Map<string, TableConnection>();
  /** All that were ever inserted. */
  readonly inserted: string[] = [];
  readonly #calls: SimulatedRemote;
  #next = 1;

  /** @param calls what becomes of each call */
  constructor(calls: SimulatedRemote) {
    this.#calls = calls;
  }

  /** An application inserts a row and commits. */
  insert(more: Partial<OutboxRow> = {}): string {
    const row = rowOf(this.#next++, more);
    this.rows.set(row.id, row);
    this.inserted.push(row.id);
    return row.id;
  }

  connect(): TableConnection {
    return new TableConnection(this, this.#calls);
  }
}

/** A reader's connection. */
export class TableConnection implements OutboxTable {
  readonly #table: SimulatedTable;
  readonly #calls: SimulatedRemote;
  #isBroken = true;
  /** Connections before this one; what those had is not this one's. */
  #age = 0;
  heard: () => void = () => undefined;

  constructor(table: SimulatedTable, calls: SimulatedRemote) {
    this.#table = table;
    this.#calls = calls;
  }

  async #call<Answer>(run: (isLate: boolean) => Answer): Promise<Answer> {
    if (this.#isBroken) throw this.#calls.unreachable();
    const age = this.#age;
    return this.#calls.call(
      () => run(this.#isBroken || age !== this.#age),
      () => this.#break(),
    );
  }

  #break(): void {
    this.#isBroken = true;
    for (const [id, owner] of this.#table.locks) {
      if (owner === this) this.#table.locks.delete(id);
    }
  }

  oldest(): Promise<number | undefined> {
    return this.#call(() => (this.#table.rows.size === 0 ? undefined : 1));
  }

  take({ rowsMax, bodyBytesMax, tubesAside }: OutboxLimits): Promise<readonly OutboxRow[]> {
    return this.#call((isLate) => {
      const { rows, locks } = this.#table;
      const free = [...rows.values()].filter(({ id, tube }) => {
        return !locks.has(id) && !tubesAside.includes(tube);
      });
      const taken = free.slice(0, rowsMax);
      if (!isLate) for (const { id } of taken) locks.set(id, this);
      return taken.map((row) => (row.bodyBytes > bodyBytesMax ? { ...row, body: undefined } : row));
    });
  }

  end(removed: readonly string[], refused: readonly OutboxRefusal[]): Promise<void> {
    return this.#call(() => {
      for (const id of removed) this.#table.rows.delete(id);
      for (const { id, why } of refused) {
        if (this.#table.rows.delete(id)) this.#table.refused.set(id, why);
      }
      for (const [id, owner] of this.#table.locks) {
        if (owner === this) this.#table.locks.delete(id);
      }
    });
  }

  remove(names: readonly string[]): Promise<void> {
    return this.#call(() => {
      for (const name of names) {
        const [id = ""] = name.split("@");
        if (this.#table.rows.get(id)?.name === name) this.#table.rows.delete(id);
      }
    });
  }

  listen(heard: () => void): void {
    this.heard = heard;
  }

  async reconnect(): Promise<void> {
    this.#break();
    this.#isBroken = false;
    this.#age++;
    await this.#call(() => undefined);
  }

  async close(): Promise<void> {
    this.#break();
  }
}
