/* A rough idea of what the server holds, so that generated commands hit something more often than
 * by luck.
 *
 * It is allowed to be wrong (nothing is ever compared with it): it follows well-formed commands
 * only, and knows neither drain mode nor every rule. The generator asks it for ids worth naming.
 */
import type { Request } from "./unit.ts";

/** What is believed about one job. */
interface EstimatedJob {
  readonly id: number;
  pri: number;
  readonly tube: string;
  state: "ready" | "delayed" | "buried";
  holder: number | undefined;
}

/** Follows the requests of all connections. */
export class Estimate {
  readonly #jobs = new Map<number, EstimatedJob>();
  readonly #used = new Map<number, string>();
  readonly #watched = new Map<number, Set<string>>();
  readonly #paused = new Set<string>();
  #nextId = 1;

  /** The id that the next `put` will probably get. */
  get nextId(): number {
    return this.#nextId;
  }

  /** So many ids were given to jobs that are not followed. */
  skipped(ids: number): void {
    this.#nextId += ids;
  }

  /** Ids that this connection probably holds. */
  heldBy(connection: number): number[] {
    return [...this.#jobs.values()].filter((job) => job.holder === connection).map((job) => job.id);
  }

  /** Ids of jobs that probably exist, held or not. */
  alive(): number[] {
    return [...this.#jobs.keys()];
  }

  /** Ids of jobs that are probably delayed or buried. */
  resting(): number[] {
    const jobs = [...this.#jobs.values()];
    return jobs
      .filter((job) => job.holder === undefined && job.state !== "ready")
      .map((job) => job.id);
  }

  /**
   * The connection is gone: what it held is ready again and a new one in its place starts afresh.
   */
  closed(connection: number): void {
    for (const id of this.heldBy(connection)) this.#letGo(id, "ready");
    this.#used.delete(connection);
    this.#watched.delete(connection);
  }

  /** Takes one request of this connection into account. */
  saw(connection: number, request: Request): void {
    if (request.put !== undefined) this.#put(connection, request.put);
    const [verb = "", ...words] = request.line.toString("latin1").split(/ +/);
    const id = Number(words[0]);
    const tube = words[0] ?? "";
    const mine = this.#jobs.get(id)?.holder === connection;
    if (verb === "use") this.#used.set(connection, tube);
    else if (verb === "watch") this.#watches(connection).add(tube);
    else if (verb === "ignore") this.#ignore(connection, tube);
    else if (verb === "pause-tube") this.#pause(tube, words[1] !== "0");
    else if (verb === "reserve" || verb === "reserve-with-timeout") this.#reserve(connection);
    else if (verb === "reserve-job") this.#take(connection, this.#jobs.get(id));
    else if (verb === "delete") this.#delete(connection, id);
    else if (verb === "release" && mine) this.#letGo(id, words[2] === "0" ? "ready" : "delayed");
    else if (verb === "bury" && mine) this.#letGo(id, "buried");
    else if (verb === "kick-job" && !this.#isHeld(id)) this.#letGo(id, "ready");
    else if (verb === "kick") this.#kick(this.#used.get(connection) ?? "default", id);
  }

  #pause(tube: string, on: boolean): void {
    if (on) this.#paused.add(tube);
    else this.#paused.delete(tube);
  }

  #watches(connection: number): Set<string> {
    const watched = this.#watched.get(connection) ?? new Set(["default"]);
    this.#watched.set(connection, watched);
    return watched;
  }

  #ignore(connection: number, tube: string): void {
    const watched = this.#watches(connection);
    if (watched.size > 1) watched.delete(tube);
  }

  #put(connection: number, put: NonNullable<Request["put"]>): void {
    const id = this.#nextId++;
    if (!put.wellEnded) return;
    const tube = this.#used.get(connection) ?? "default";
    const state = put.delaySeconds === 0 ? "ready" : "delayed";
    this.#jobs.set(id, { id, pri: put.pri, tube, state, holder: undefined });
  }

  #reserve(connection: number): void {
    const watched = this.#watches(connection);
    let best: EstimatedJob | undefined;
    for (const job of this.#jobs.values()) {
      if (job.holder !== undefined || job.state !== "ready") continue;
      if (!watched.has(job.tube) || this.#paused.has(job.tube)) continue;
      if (best === undefined || job.pri < best.pri) best = job;
    }
    this.#take(connection, best);
  }

  #take(connection: number, job: EstimatedJob | undefined): void {
    if (job !== undefined && job.holder === undefined) job.holder = connection;
  }

  #delete(connection: number, id: number): void {
    const holder = this.#jobs.get(id)?.holder;
    if (holder === undefined || holder === connection) this.#jobs.delete(id);
  }

  #isHeld(id: number): boolean {
    return this.#jobs.get(id)?.holder !== undefined;
  }

  #letGo(id: number, state: EstimatedJob["state"]): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.holder = undefined;
    job.state = state;
  }

  #kick(tube: string, bound: number): void {
    for (const job of this.#jobs.values()) {
      if (bound <= 0) return;
      if (job.tube !== tube || job.holder !== undefined || job.state === "ready") continue;
      job.state = "ready";
      bound--;
    }
  }
}
