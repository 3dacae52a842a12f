/* The rules of the ledger about keys that jobs have in common: no more jobs with a concurrency key
 * are held than its limit says, in all tubes together; in a tube one job at most has an idempotency
 * key, and who is told that a job has it is told of one that may have it.
 */
import type { Account, Hold } from "./account.ts";
import type { Entry, Met, Moments, Put } from "./entries.ts";

/** One sentence for each broken rule. */
export function* brokenKeys(account: Account, entries: readonly Entry[]): Iterable<string> {
  const puts = [...account.puts.values()];
  const limited = Map.groupBy(
    puts.filter((put) => put.tags?.con !== undefined),
    (put) => put.tags?.con?.key ?? "",
  );
  for (const [key, jobs] of limited) yield* brokenLimit(account, key, jobs);
  const keyed = Map.groupBy(
    puts.filter((put) => put.tags?.idp !== undefined),
    (put) => `${put.tags?.idp} of ${put.tube}`,
  );
  for (const [key, jobs] of keyed) yield* brokenOneness(account, key, jobs);
  for (const entry of entries) if (entry.what === "met") yield* brokenMeeting(account, entry);
}

function* brokenLimit(account: Account, key: string, jobs: readonly Put[]): Iterable<string> {
  const limit = Math.max(...jobs.map((put) => put.tags?.con?.limit ?? 1));
  const holds = jobs.flatMap(({ job }) => account.holds(job));
  let held: Hold[] = [];
  for (const hold of holds.toSorted((one, other) => one.from - other.from)) {
    held = [...held.filter(({ to }) => to > hold.from), hold];
    if (held.length > limit)
      yield `jobs ${held.map(({ job }) => job).join(", ")} of key ${key} were held at the same time`;
  }
}

function* brokenOneness(account: Account, key: string, jobs: readonly Put[]): Iterable<string> {
  const claims = jobs.map((put) => ({ job: put.job, ...claimOf(account, put) }));
  let last: (Moments & { readonly job: number }) | undefined;
  for (const claim of claims.toSorted((one, other) => one.from - other.from)) {
    if (last !== undefined && claim.from < last.to && claim.to > claim.from)
      yield `jobs ${last.job} and ${claim.job} had key ${key} at the same time`;
    if (last === undefined || claim.to > last.to) last = claim;
  }
}

/** From when to when this job surely had its key in the tube that it was put into. */
function claimOf(account: Account, put: Put): Moments {
  const { from, to } = account.life(put);
  const moves = account.settled(put.job, "move").map((entry) => entry.from);
  return { from, to: Math.min(to, ...moves) };
}

function* brokenMeeting(account: Account, met: Met): Iterable<string> {
  const { job, tube, idp, from } = met;
  const put = account.puts.get(job);
  if (put === undefined) {
    const lost = [...account.lostPuts.values()];
    if (!lost.some(({ tags }) => tags?.idp === idp))
      yield `a put met job ${job} by key ${idp}, but nobody had put it`;
    return;
  }
  const tubes = [put.tube, ...account.settled(job, "move").map((move) => move.tube)];
  if (put.tags?.idp !== idp || !tubes.includes(tube))
    yield `a put met job ${job} by key ${idp} of ${tube}, which that job does not have`;
  if (account.life(put).goneBy < from)
    yield `a put met job ${job} by key ${idp} after it had been deleted`;
}
