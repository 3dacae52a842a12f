/* Recent: what a worker remembers of the jobs that it saw last; what it has known for longest is
 * forgotten first. Used by deferrals.ts and silent-ends.ts.
 */

const REMEMBERED_MAX = 10_000;

/** Something about each of some jobs, by their ids. */
export class Recent<About> {
  readonly #jobs = new Map<string, About>();

  get(id: string): About | undefined {
    return this.#jobs.get(id);
  }

  set(id: string, about: About): void {
    this.#jobs.delete(id); // so that it is the newest
    this.#jobs.set(id, about);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > REMEMBERED_MAX && oldest !== undefined) this.#jobs.delete(oldest);
  }

  delete(id: string): void {
    this.#jobs.delete(id);
  }
}
