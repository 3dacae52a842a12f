/* Account: what a ledger says of each job by itself: when it was surely there, who surely held it
 * and from when to when. The rules ask it (ledger.ts).
 */
import type { Entry, LostPut, Moments, Put, Reserve, Settle } from "./entries.ts";

/** A stretch of time in which a client surely held a job. */
export interface Hold extends Moments {
  readonly client: number;
  readonly job: number;
  /** Until when that is sure though it should not have touched the job. */
  readonly untouchedUntil: number;
}

/** One time that a client was given a job, and how that may have ended. */
export interface Lease {
  readonly reserve: Reserve;
  /** The client's first command that gave it up, answered or not. */
  readonly end: Settle | undefined;
  /** The earliest moment at which its time may have run out. */
  readonly outOfTime: number;
  readonly hold: Hold;
}

/** From when to when a job was surely there, and from when on it surely was not. */
export interface Life extends Moments {
  readonly goneBy: number;
}

/** Jobs one by one: what became of each. */
export class Account {
  readonly puts = new Map<number, Put>();
  readonly lostPuts = new Map<string, LostPut>();
  /** Bodies that somebody got to see, and when first. */
  readonly seen = new Map<string, number>();
  readonly #byJob = new Map<number, (Reserve | Settle)[]>();
  readonly #gone = new Map<number, number>();
  /** When somebody first knew that a batch had been carried out. */
  readonly #batches = new Map<number, number>();

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) this.#take(entry);
    for (const list of this.#byJob.values()) list.sort((one, other) => one.to - other.to);
    for (const entry of entries) this.#noteBatch(entry);
  }

  #take(entry: Entry): void {
    if (entry.what === "put") this.puts.set(entry.job, entry);
    else if (entry.what === "lost put") this.lostPuts.set(entry.body, entry);
    else if (entry.what === "gone") this.#gone.set(entry.client, entry.from);
    else if (entry.what === "found") this.#see(entry.body, Infinity);
    else if (entry.what === "reserve" || isSettle(entry)) {
      if (entry.job === undefined) return;
      if (entry.what === "reserve") this.#see(entry.body ?? "", entry.to);
      const list = this.#byJob.get(entry.job) ?? [];
      list.push(entry);
      this.#byJob.set(entry.job, list);
    }
  }

  #see(body: string, at: number): void {
    this.seen.set(body, Math.min(this.seen.get(body) ?? Infinity, at));
  }

  #noteBatch(entry: Entry): void {
    if (entry.what !== "put" || entry.batch === undefined) return;
    const at = Math.min(entry.to, this.seen.get(entry.body) ?? Infinity);
    this.#batches.set(entry.batch, Math.min(at, this.#batches.get(entry.batch) ?? Infinity));
  }

  get jobs(): Iterable<number> {
    return this.#byJob.keys();
  }

  hasHungUp(client: number): boolean {
    return this.#gone.has(client);
  }

  /** All that is known of a job after its put, by the time of the answer. */
  history(job: number): readonly (Reserve | Settle)[] {
    return this.#byJob.get(job) ?? [];
  }

  /** Its commands of these kinds that may have been carried out. */
  settled(job: number, ...kinds: readonly Settle["what"][]): Settle[] {
    return this.history(job)
      .filter((entry) => entry.what !== "reserve")
      .filter((entry) => entry.ok !== false && kinds.includes(entry.what));
  }

  /** By when a put or a settle had surely been carried out: of a batch any of it may tell. */
  doneBy({ to, batch = -1 }: Put | Settle): number {
    return Math.min(to, this.#batches.get(batch) ?? Infinity);
  }

  /** Those of its ends that surely came, each at once. */
  ends(job: number): Settle[] {
    const ends = this.settled(job, "delete", "finish", "cancel");
    return ends.filter(({ ok, isLater }) => ok === true && isLater !== true);
  }

  life(put: Put): Life {
    const { job } = put;
    const ends = this.settled(job, "delete", "finish", "cancel");
    return {
      from: this.doneBy(put),
      to: Math.min(...ends.map((entry) => entry.from)),
      goneBy: Math.min(...this.ends(job).map((entry) => this.doneBy(entry))),
    };
  }

  /** When each of its holders surely held this job. */
  holds(job: number): Hold[] {
    return this.leases(job)
      .map(({ hold }) => hold)
      .filter(({ from, to }) => to > from)
      .toSorted((one, other) => one.from - other.from);
  }

  /**
   * Each time that this job was given to somebody. It is held from the answer of the reserve until
   * the command that gave it up was sent, the client hung up, or the earliest moment at which its
   * time may have run out.
   */
  leases(job: number): Lease[] {
    const history = this.history(job);
    return history.flatMap((reserve, index) =>
      reserve.what === "reserve" ? [this.#lease(reserve, history.slice(index + 1))] : [],
    );
  }

  #lease(reserve: Reserve, later: readonly (Reserve | Settle)[]): Lease {
    const { client, job = 0 } = reserve;
    const mine = later
      .filter((entry) => entry.what !== "reserve")
      .filter((entry) => entry.client === client && entry.from >= reserve.to);
    const end = mine.find(({ what }) => what !== "touch" && what !== "cancel");
    const ttrMs = this.puts.get(job)?.ttrMs ?? 0;
    const untouchedUntil = this.#earliestGrant(reserve) + ttrMs;
    let outOfTime = untouchedUntil;
    for (const { what, ok, from, to } of mine) {
      if (what !== "touch" || ok !== true || from > (end?.from ?? Infinity)) continue;
      if (to < outOfTime) outOfTime = from + ttrMs;
    }
    const goneAt = this.#gone.get(client) ?? Infinity;
    const to = Math.min(end?.from ?? Infinity, outOfTime, goneAt);
    return { reserve, end, outOfTime, hold: { client, job, untouchedUntil, from: reserve.to, to } };
  }

  /**
   * A blocked reserve may be much older than its job: the job was taken neither before it was put
   * nor before it was last given back. A release whose answer was read earlier need not have been
   * earlier: the answer of the reserve may have lain unread until its time had run out and another
   * holder had released the job. That takes the job's time at least.
   */
  #earliestGrant(reserve: Reserve): number {
    const put = this.puts.get(reserve.job ?? 0);
    let earliest = Math.max(reserve.from, put?.from ?? 0);
    for (const entry of this.history(reserve.job ?? 0)) {
      if (entry.to >= reserve.to) break;
      if (entry.what === "reserve" || !GIVES_BACK.has(entry.what) || entry.ok !== true) continue;
      if (earliest + (put?.ttrMs ?? 0) > entry.to) earliest = Math.max(earliest, entry.from);
    }
    return earliest;
  }
}

const GIVES_BACK: ReadonlySet<string> = new Set(["release", "hand-back", "move"]);
const SETTLES: ReadonlySet<string> = new Set<Settle["what"]>([
  "delete",
  "release",
  "bury",
  "touch",
  "finish",
  "hand-back",
  "move",
  "cancel",
]);

function isSettle(entry: Entry): entry is Settle {
  return SETTLES.has(entry.what);
}
