/* Survivors: judges what is in a queue that was crashed, by the log of what had been asked of it.
 *
 * A put that was answered is there, whole, and a job whose delete was answered is not. What was
 * asked and not answered may have been done or not; once it is seen to be done, it stays so.
 */
import type { LogEntry } from "./crash-log.ts";

type State = "putting" | "live" | "deleting" | "gone";

/** What is known of the jobs, by the numbers of their bodies. */
export class Survivors {
  readonly #states = new Map<number, State>();
  readonly #ids = new Map<number, number>();

  /** No job has an id above this, but for those that are not known of. */
  get idsMax(): number {
    return Math.max(0, ...this.#ids.values());
  }

  /** How many have to be there. */
  get live(): number {
    return [...this.#states.values()].filter((state) => state === "live").length;
  }

  note({ kind, number, id }: LogEntry): void {
    if (id !== 0) this.#ids.set(number, id);
    if (kind === "put asked") this.#states.set(number, "putting");
    else if (kind === "put answered") this.#states.set(number, "live");
    else this.#states.set(number, kind === "delete asked" ? "deleting" : "gone");
  }

  /** All that was found has been deleted, and nobody has asked for anything else. */
  allDeleted(): void {
    for (const number of this.#states.keys()) this.#states.set(number, "gone");
  }

  /** What is wrong with these jobs, ids and numbers of bodies; and learns from them. */
  judge(jobs: readonly (readonly [id: number, number: number])[]): readonly string[] {
    const problems: string[] = [];
    const found = new Map(jobs.map(([id, number]) => [number, id]));
    if (found.size < jobs.length) problems.push("a body is there twice, or two are damaged");
    for (const [number, id] of found) {
      const state = this.#states.get(number);
      const known = this.#ids.get(number);
      if (state === undefined) problems.push(`job ${id} has a body that was never put: ${number}`);
      if (state === "gone") problems.push(`job ${id} is there, and was deleted`);
      if (known !== undefined && known !== id) problems.push(`job ${known} is called ${id} now`);
    }
    for (const [number, state] of this.#states) {
      const id = found.get(number);
      if (state === "live" && id === undefined) problems.push(`job ${number} is lost`);
      if (state === "deleting") this.#states.set(number, id === undefined ? "gone" : "live");
      if (state !== "putting" || id === undefined) continue;
      this.#states.set(number, "live");
      this.#ids.set(number, id);
    }
    return problems;
  }
}
