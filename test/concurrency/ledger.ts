/* The ledger: what every client of a crowd saw, and whether a correct queue can have shown them
 * that.
 *
 * It knows nothing of the server but what came over the sockets. Each entry is one command of one
 * client with the moments between which it happened: it was sent after `from` and its answer was
 * there at `to` (milliseconds of one clock for all clients). A rule is broken only if no order of
 * events within those moments explains what was seen, so that a slow client is never taken for a
 * broken server:
 *
 *   nothing is lost        every job that was put and not deleted is found when the queue is
 *                          emptied in the end
 *   nothing is invented    nothing else is found or handed out, and nothing after its delete
 *   one holder at a time   while a client surely holds a job, no other client gets it, and its
 *                          commands on it succeed
 *   order                  no reserve gives a job while a better one surely stood ready in a
 *                          watched tube all the while
 *   nobody waits in vain   no reserve times out while a job surely stood ready in a watched tube
 *                          all the while
 *
 * Called by crowd.ts; its own tests plant each kind of fault.
 */

import type { Entry, Found, Moments, Put, Reserve, Settle } from "./entries.ts";
import { brokenOrder } from "./order.ts";

/**
 * Finds every broken rule; each is one sentence. Returns nothing for a clean ledger.
 *
 * @param flightMs how long a job that became ready may be on its way to a waiting client. That
 * client may have got another job, from another shard, at the same moment; until the job is back
 * nobody else can see it. With one thread or one shard that cannot happen: 0.
 */
export function audit(entries: readonly Entry[], flightMs = 0): string[] {
  const account = new Account(entries);
  return [
    ...account.lostAndInvented(),
    ...account.holders(),
    ...brokenOrder(entries, (job) => account.history(job), flightMs),
  ];
}

/** A stretch of time in which a client surely held a job. */
interface Hold extends Moments {
  readonly client: number;
  readonly job: number;
}

/** Jobs one by one: what became of each. */
class Account {
  readonly #puts = new Map<number, Put>();
  readonly #bodies = new Set<string>();
  readonly #byJob = new Map<number, (Reserve | Settle)[]>();
  readonly #gone = new Map<number, number>();
  readonly #found: Found[] = [];

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      if (entry.what === "put") this.#puts.set(entry.job, entry);
      else if (entry.what === "lost put") this.#bodies.add(entry.body);
      else if (entry.what === "gone") this.#gone.set(entry.client, entry.from);
      else if (entry.what === "found") this.#found.push(entry);
      else if (entry.what !== "lost reserve" && entry.job !== undefined) {
        const list = this.#byJob.get(entry.job) ?? [];
        list.push(entry);
        this.#byJob.set(entry.job, list);
      }
    }
    for (const list of this.#byJob.values()) list.sort((one, other) => one.to - other.to);
  }

  /** All that is known of a job after its put, by the time of the answer. */
  history(job: number): readonly (Reserve | Settle)[] {
    return this.#byJob.get(job) ?? [];
  }

  *lostAndInvented(): Iterable<string> {
    const found = new Set<number>();
    for (const { job, body } of this.#found) {
      if (found.has(job)) yield `job ${job} was found twice in the end`;
      found.add(job);
      yield* this.#origin(job, body, "found in the end");
    }
    for (const job of this.#puts.keys()) yield* this.#fate(job, found.has(job));
    for (const entry of [...this.#byJob.values()].flat()) {
      if (entry.what === "reserve")
        yield* this.#origin(entry.job ?? 0, entry.body ?? "", "handed out");
    }
  }

  *#origin(job: number, body: string, how: string): Iterable<string> {
    const put = this.#puts.get(job);
    if (put === undefined && this.#bodies.has(body)) return;
    if (put === undefined) yield `job ${job} was ${how}, but nobody had put it`;
    else if (put.body !== body)
      yield `job ${job} was ${how} with another body than it was put with`;
  }

  *#fate(job: number, wasFound: boolean): Iterable<string> {
    const settled = this.history(job).filter((entry) => entry.what !== "reserve");
    const deletes = settled.filter((entry) => entry.what === "delete");
    const certain = deletes.filter((entry) => entry.ok === true);
    if (certain.length > 1) yield `job ${job} was deleted ${certain.length} times`;
    if (wasFound && certain.length > 0) yield `job ${job} was deleted, and yet found in the end`;
    const mayBeDeleted = deletes.some((entry) => entry.ok !== false);
    if (!wasFound && !mayBeDeleted) yield `job ${job} was put and never deleted, and is lost`;
    const deletedAt = Math.min(...certain.map((entry) => entry.to));
    for (const entry of this.history(job)) {
      if (entry.what === "reserve" && entry.from > deletedAt) {
        yield `job ${job} was handed out to client ${entry.client} after it had been deleted`;
      }
    }
  }

  *holders(): Iterable<string> {
    for (const job of this.#byJob.keys()) {
      const holds = [...this.#holds(job)].toSorted((one, other) => one.from - other.from);
      for (const [index, hold] of holds.entries()) {
        const next = holds[index + 1];
        if (next !== undefined && next.from < hold.to && next.to > hold.from) {
          yield `job ${job} was held by clients ${hold.client} and ${next.client} at the same time`;
        }
        yield* this.#refusals(hold);
      }
    }
  }

  /**
   * When each of its holders surely held this job: from the answer of the reserve until the command
   * that gave it up was sent, the client hung up, or the earliest moment at which its time may have
   * run out.
   */
  *#holds(job: number): Iterable<Hold> {
    const ttrMs = this.#puts.get(job)?.ttrMs ?? 0;
    const history = this.history(job);
    for (const [index, entry] of history.entries()) {
      if (entry.what !== "reserve") continue;
      const mine = history
        .slice(index + 1)
        .filter((later) => later.client === entry.client && later.from >= entry.to);
      const end = mine.find((later) => later.what !== "touch");
      let outOfTime = this.#earliestGrant(entry, history) + ttrMs;
      for (const touch of mine) {
        if (touch.what !== "touch" || touch.ok !== true || touch.from > (end?.from ?? Infinity))
          continue;
        if (touch.to < outOfTime) outOfTime = touch.from + ttrMs;
      }
      const goneAt = this.#gone.get(entry.client) ?? Infinity;
      const to = Math.min(end?.from ?? Infinity, outOfTime, goneAt);
      if (to > entry.to) yield { client: entry.client, job, from: entry.to, to };
    }
  }

  /**
   * A blocked reserve may be much older than its job: the job was taken neither before it was put
   * nor before it was last given back. A release whose answer was read earlier need not have been
   * earlier: the answer of the reserve may have lain unread until its time had run out and another
   * holder had released the job. That takes the job's time at least.
   */
  #earliestGrant(reserve: Reserve, history: readonly (Reserve | Settle)[]): number {
    const put = this.#puts.get(reserve.job ?? 0);
    let earliest = Math.max(reserve.from, put?.from ?? 0);
    for (const entry of history) {
      if (entry.to >= reserve.to) break;
      if (entry.what !== "release" || entry.ok !== true) continue;
      if (earliest + (put?.ttrMs ?? 0) > entry.to) earliest = Math.max(earliest, entry.from);
    }
    return earliest;
  }

  /**
   * A command of the holder on its job that was answered while it surely held it must have
   * succeeded.
   */
  *#refusals(hold: Hold): Iterable<string> {
    for (const entry of this.history(hold.job)) {
      if (entry.what === "reserve" || entry.client !== hold.client || entry.ok !== false) continue;
      if (entry.from >= hold.from && entry.from <= hold.to && this.#surelyHeldAt(hold, entry)) {
        yield `client ${hold.client} held job ${hold.job}, but its ${entry.what} was refused`;
      }
    }
  }

  #surelyHeldAt(hold: Hold, command: Settle): boolean {
    const ttrMs = this.#puts.get(hold.job)?.ttrMs ?? 0;
    const history = this.history(hold.job);
    const reserve = history.find((entry) => entry.what === "reserve" && entry.to === hold.from);
    if (reserve?.what !== "reserve") return false;
    return command.to < this.#earliestGrant(reserve, history) + ttrMs;
  }
}
