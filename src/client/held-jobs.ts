/* HeldJobs: the jobs that a client holds, by their ids.
 *
 * Those that it holds at a time have ids close together, mostly: each has the place that the last
 * bits of its id say. One whose place is taken is in a Map, in which to add and to delete costs ten
 * times as much. Used by Holdings of job.ts.
 */

const PLACES = 512;

/** Of one client. */
export class HeldJobs<Job extends { readonly id: number }> {
  readonly #places = Array.from<Job | undefined>({ length: PLACES });
  readonly #others = new Map<number, Job>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Job | undefined {
    const job = this.#places[id & (PLACES - 1)];
    return job?.id === id ? job : this.#others.get(id);
  }

  /** There is none of its id. */
  add(job: Job): void {
    const place = job.id & (PLACES - 1);
    if (this.#places[place] === undefined) this.#places[place] = job;
    else this.#others.set(job.id, job);
    this.#size++;
  }

  delete(id: number): void {
    const place = id & (PLACES - 1);
    if (this.#places[place]?.id === id) this.#places[place] = undefined;
    else if (!this.#others.delete(id)) return;
    this.#size--;
  }

  /** Takes all out; returns them, in no order. */
  takeAll(): readonly Job[] {
    const jobs = [...this.#places.flatMap((job) => job ?? []), ...this.#others.values()];
    this.#places.fill(undefined);
    this.#others.clear();
    this.#size = 0;
    return jobs;
  }
}
