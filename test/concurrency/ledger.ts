/* The ledger: judges what the clients of a crowd saw.
 *
 * Each entry is one command of one client and when it happened: it was sent after `from` and its
 * answer was there at `to` (milliseconds of one clock for all clients). A rule is broken only if no
 * order of events within those moments explains what was seen, so that a slow client is never taken
 * for a broken server:
 *
 *   nothing is lost        every job that was put and not deleted is found when the queue is
 *                          emptied in the end
 *   nothing is invented    nothing else is found or handed out, and nothing after its delete
 *   one holder at a time   while a client surely holds a job, no other client gets it, and its
 *                          commands on it succeed
 *   order                  no reserve gives a job while a better one surely stood ready in a
 *                          watched tube all the while (order.ts)
 *   nobody waits in vain   no reserve times out while a job surely stood ready in a watched tube
 *                          all the while (order.ts)
 *   keys                   never are more jobs of a key surely held than may be, nor two jobs
 *                          there with one key of a tube (shared-keys.ts)
 *   groups                 no job comes while its group is surely not empty (waiting-groups.ts)
 *   batches                of each batch all is seen, or nothing (whole-batches.ts)
 *   pushes                 no more than a window has room for, each lost lease told, no other
 *                          (pushes.ts)
 *   ends                   each end that is awaited is told once, as it was (told-ends.ts)
 *
 * Called by the tests with crowds; its own tests plant each kind of fault.
 */
import { Account } from "./account.ts";
import type { Hold } from "./account.ts";
import type { Entry, Look } from "./entries.ts";
import { brokenOrder } from "./order.ts";
import { brokenPushes } from "./pushes.ts";
import { brokenKeys } from "./shared-keys.ts";
import { brokenEnds } from "./told-ends.ts";
import { brokenGroups } from "./waiting-groups.ts";
import { brokenBatches } from "./whole-batches.ts";

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
    ...lostAndInvented(account, entries),
    ...brokenHolders(account),
    ...brokenOrder(entries, (job) => account.history(job), flightMs),
    ...brokenKeys(account, entries),
    ...brokenGroups(account, entries),
    ...brokenBatches(account, entries),
    ...brokenPushes(account, entries),
    ...brokenEnds(account, entries),
  ];
}

function* lostAndInvented(account: Account, entries: readonly Entry[]): Iterable<string> {
  const found = new Set<number>();
  for (const entry of entries) {
    if (entry.what === "look") yield* brokenLook(account, entry);
    if (entry.what !== "found") continue;
    const { job, body } = entry;
    if (found.has(job)) yield `job ${job} was found twice in the end`;
    found.add(job);
    yield* brokenOrigin(account, job, body, "found in the end");
  }
  for (const job of account.puts.keys()) yield* brokenFate(account, job, found.has(job));
  for (const entry of [...account.jobs].flatMap((job) => account.history(job))) {
    if (entry.what === "reserve")
      yield* brokenOrigin(account, entry.job ?? 0, entry.body ?? "", "handed out");
  }
}

function* brokenOrigin(
  { puts, lostPuts }: Account,
  job: number,
  body: string,
  how: string,
): Iterable<string> {
  const put = puts.get(job);
  if (put === undefined && lostPuts.has(body)) return;
  if (put === undefined) yield `job ${job} was ${how}, but nobody had put it`;
  else if (put.body !== body) yield `job ${job} was ${how} with another body than it was put with`;
}

function* brokenFate(account: Account, job: number, wasFound: boolean): Iterable<string> {
  const ends = account.settled(job, "delete", "finish", "cancel");
  const certain = account.ends(job);
  if (certain.length > 1) yield `job ${job} was deleted ${certain.length} times`;
  if (wasFound && ends.some(({ ok }) => ok === true))
    yield `job ${job} was deleted, and yet found in the end`;
  if (!wasFound && ends.length === 0) yield `job ${job} was put and never deleted, and is lost`;
  const deletedAt = Math.min(...certain.map((entry) => account.doneBy(entry)));
  for (const entry of account.history(job)) {
    if (entry.what === "reserve" && entry.from > deletedAt) {
      yield `job ${job} was handed out to client ${entry.client} after it had been deleted`;
    }
  }
}

function* brokenLook(account: Account, { job, isThere, from, to }: Look): Iterable<string> {
  const put = account.puts.get(job);
  if (put === undefined) return;
  const life = account.life(put);
  if (isThere && life.goneBy < from) yield `job ${job} was seen after it had been deleted`;
  if (!isThere && life.from < from && life.to > to)
    yield `job ${job} was not seen although it was there`;
}

function* brokenHolders(account: Account): Iterable<string> {
  for (const job of account.jobs) {
    const holds = account.holds(job);
    for (const [index, hold] of holds.entries()) {
      const next = holds[index + 1];
      if (next !== undefined && next.from < hold.to && next.to > hold.from) {
        yield `job ${job} was held by clients ${hold.client} and ${next.client} at the same time`;
      }
      yield* brokenCommands(account, hold);
    }
  }
}

/**
 * A command of the holder on its job that was answered while it surely held it must have succeeded.
 */
function* brokenCommands(account: Account, hold: Hold): Iterable<string> {
  for (const entry of account.history(hold.job)) {
    if (entry.what === "reserve" || entry.client !== hold.client || entry.ok !== false) continue;
    if (entry.from < hold.from || entry.from > hold.to) continue;
    if (entry.to < hold.untouchedUntil)
      yield `client ${hold.client} held job ${hold.job}, but its ${entry.what} was refused`;
  }
}
