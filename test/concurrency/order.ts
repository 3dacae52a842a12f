/* The two rules of the ledger that are about time: order, and that nobody waits in vain.
 *
 * Both need to know when a job surely stood ready: from the answer of the put or release that made
 * it ready until the next reserve that got it was sent. A tube from which a client took something
 * without our knowing (it hung up before the answer came) is left out, because there nothing is
 * sure.
 */
import type { Entry, Moments, Put, Reserve, Settle } from "./entries.ts";

/** A stretch of time in which a job surely stood ready. */
interface Standing extends Moments {
  readonly job: number;
  readonly pri: number;
  readonly tube: string;
}

/**
 * One sentence for each reserve that gave the wrong job or wrongly none. `history` gives all
 * entries of a job by their answers, `flightMs` is explained at `audit`.
 */
export function* brokenOrder(
  entries: readonly Entry[],
  history: (job: number) => readonly (Reserve | Settle)[],
  flightMs: number,
): Iterable<string> {
  const unsure = new Set(
    entries.flatMap((entry) => (entry.what === "lost reserve" ? entry.tubes : [])),
  );
  const puts = new Map(
    entries.flatMap((entry) => (entry.what === "put" ? [[entry.job, entry]] : [])),
  );
  const standings = [...puts.values()]
    .filter((put) => !unsure.has(put.tube) && isPlain(put, history(put.job)))
    .flatMap((put) => standingsOf(put, history(put.job), flightMs))
    .toSorted((one, other) => one.from - other.from);
  const reserves = entries
    .filter((entry) => entry.what === "reserve")
    .toSorted((one, other) => one.from - other.from);
  const tubes = new Tubes(standings);
  for (const reserve of reserves) {
    const got = reserve.job === undefined ? undefined : rankOf(reserve, puts, history);
    if (got === "unknown") continue;
    const better = tubes.bestDuring(reserve);
    if (better === undefined || (got !== undefined && !isBefore(better, got))) continue;
    const given = got === undefined ? "nothing" : `job ${got.job} (priority ${got.pri})`;
    const stood = `job ${better.job} (priority ${better.pri}) stood ready in ${better.tube}`;
    yield `client ${reserve.client} got ${given} while ${stood}`;
  }
}

/** Whether nothing but its commands says where it stands, and with what priority. */
function isPlain({ tags }: Put, history: readonly (Reserve | Settle)[]): boolean {
  const { con, idp, aft } = tags ?? {};
  const isTagged = con !== undefined || idp !== undefined || aft !== undefined;
  return !isTagged && !history.some(({ what }) => what === "move" || what === "cancel");
}

/** The order of jobs that are ready. */
interface Rank {
  readonly job: number;
  readonly pri: number;
}

function isBefore(one: Rank, other: Rank): boolean {
  return one.pri < other.pri || (one.pri === other.pri && one.job < other.job);
}

/** A moment from which a job was ready: made so by a command within these moments. */
type Readiness = Rank & Moments;

function* readinessOf(put: Put, history: readonly (Reserve | Settle)[]): Iterable<Readiness> {
  const { job } = put;
  if (put.ready) yield { job, pri: put.pri, from: put.from, to: put.to };
  for (const entry of history) {
    if (entry.what !== "release" || entry.ok !== true || entry.pri === undefined) continue;
    yield { job, pri: entry.pri, from: entry.from, to: entry.to };
  }
}

function standingsOf(
  put: Put,
  history: readonly (Reserve | Settle)[],
  flightMs: number,
): Standing[] {
  return [...readinessOf(put, history)].flatMap(({ job, pri, from, to }) => {
    // Its answer may have come before that of the command that made the job ready.
    const taken = history.find((entry) => entry.what === "reserve" && entry.to > from);
    const end = taken?.from ?? Infinity;
    const landed = to + flightMs;
    return end > landed ? [{ job, pri, tube: put.tube, from: landed, to: end }] : [];
  });
}

/**
 * The rank of the job that this reserve got; "unknown" if a command without an answer may have
 * changed it.
 */
function rankOf(
  reserve: Reserve,
  puts: ReadonlyMap<number, Put>,
  history: (job: number) => readonly (Reserve | Settle)[],
): Rank | "unknown" {
  const job = reserve.job ?? 0;
  // A put that met it may have given it a priority.
  if (puts.get(job)?.tags?.idp !== undefined) return "unknown";
  let pri = puts.get(job)?.pri;
  for (const entry of history(job)) {
    // One that was sent before and answered after has been executed before, or the job could not
    // have been taken.
    if (entry.from >= reserve.to) continue;
    if (entry.what !== "release" && entry.what !== "bury") continue;
    if (entry.ok === undefined) return "unknown";
    if (entry.ok) pri = entry.pri;
  }
  return pri === undefined ? "unknown" : { job, pri };
}

/** Answers what stood ready, for reserves in the order in which they were sent. */
class Tubes {
  readonly #coming: readonly Standing[];
  readonly #standing = new Map<string, Standing[]>();
  #next = 0;

  /** @param coming in the order in which they begin */
  constructor(coming: readonly Standing[]) {
    this.#coming = coming;
  }

  /**
   * The best job that surely stood ready in a watched tube from before the reserve was sent until
   * after it was answered.
   */
  bestDuring({ from, to, tubes }: Reserve): Standing | undefined {
    this.#advance(from);
    let best: Standing | undefined;
    for (const tube of tubes) {
      const still = (this.#standing.get(tube) ?? []).filter((standing) => standing.to > from);
      this.#standing.set(tube, still);
      for (const standing of still) {
        if (standing.to > to && (best === undefined || isBefore(standing, best))) best = standing;
      }
    }
    return best;
  }

  #advance(until: number): void {
    for (let each = this.#coming[this.#next]; each !== undefined && each.from < until;) {
      const list = this.#standing.get(each.tube) ?? [];
      list.push(each);
      this.#standing.set(each.tube, list);
      each = this.#coming[++this.#next];
    }
  }
}
