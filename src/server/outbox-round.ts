/* Outbox round: what becomes of the rows that were taken at a time.
 *
 * All are put at once. What keeps them from it, a row that can be no job, a tube that is full, too
 * much for one batch, is put right, and the rest is tried again; so no row holds up another.
 * Invariant: a row has one fate: its job is there with a mark, or one with its key was there before
 * (`removed`); it can never be a job (`refused`); or it stays. Used by outbox.ts.
 */
import type { OutboxAnswer, OutboxQueue, OutboxRefusal, OutboxRow } from "../outbox.ts";

/** One round. */
export class OutboxRound {
  readonly removed: string[] = [];
  readonly refused: OutboxRefusal[] = [];
  /** Marks of the rows that were put. */
  readonly marks: number[] = [];
  /** Tubes that were full. */
  readonly fullTubes = new Set<string>();
  /** Why no jobs were taken, if they were not. */
  shutBy: string | undefined;
  #groups: (readonly OutboxRow[])[];

  constructor(rows: readonly OutboxRow[]) {
    this.#groups = [rows];
  }

  /** Puts what can be put. Rejects as the queue does; then some may have been put, with marks. */
  async run(queue: Pick<OutboxQueue, "put">): Promise<void> {
    for (let group = this.#groups.shift(); group !== undefined; group = this.#groups.shift()) {
      if (group.length === 0) continue;
      const answer = await queue.put(group);
      if (answer.kind === "shut") {
        this.shutBy = answer.why;
        return;
      }
      this.#sort(group, answer);
    }
  }

  #sort(group: readonly OutboxRow[], answer: Exclude<OutboxAnswer, { kind: "shut" }>): void {
    if (answer.kind === "put") {
      this.removed.push(...group.map(({ id }) => id));
      this.marks.push(answer.mark);
    } else if (answer.kind === "tooMuch") this.#halve(group, answer.why);
    else {
      const row = group[answer.at];
      if (row === undefined) throw new RangeError("the answer is about none of the rows");
      this.#part(group, row, answer);
    }
  }

  #halve(group: readonly OutboxRow[], why: string): void {
    const half = Math.ceil(group.length / 2);
    const [only] = group;
    if (only !== undefined && group.length === 1) this.refused.push({ id: only.id, why });
    else this.#groups.unshift(group.slice(0, half), group.slice(half));
  }

  /** One of them is not to be put with the others. */
  #part(
    group: readonly OutboxRow[],
    row: OutboxRow,
    answer: Extract<OutboxAnswer, { at: number }>,
  ): void {
    if (answer.kind === "full") {
      // Those before it would have had room.
      const rest = [group.slice(answer.at), ...this.#groups];
      const others = rest.map((rows) => rows.filter(({ tube }) => tube !== row.tube));
      this.#groups = [group.slice(0, answer.at), ...others];
      this.fullTubes.add(row.tube);
    } else if (answer.kind === "met" && answer.isByAnother) {
      // It is known whether the other is a job once that has been put.
      this.#groups.unshift(group.slice(0, answer.at), group.slice(answer.at));
    } else {
      if (answer.kind === "met") this.removed.push(row.id);
      else this.refused.push({ id: row.id, why: answer.why });
      this.#groups.unshift(group.filter((one) => one !== row));
    }
  }
}
