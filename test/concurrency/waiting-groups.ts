/* The rules of the ledger about groups: no job that waits for a group is handed out while that was
 * surely never empty; and as many members are counted as there are.
 */
import type { Account } from "./account.ts";
import type { Entry, GroupLook, Moments, Put } from "./entries.ts";

/** One sentence for each broken rule. */
export function* brokenGroups(account: Account, entries: readonly Entry[]): Iterable<string> {
  const puts = [...account.puts.values()];
  const members = Map.groupBy(
    puts.filter((put) => put.tags?.grp !== undefined),
    (put) => put.tags?.grp ?? "",
  );
  for (const put of puts) {
    const group = put.tags?.aft;
    // A kick and a reserve by id take one whose delay runs, whatever its group.
    if (group !== undefined && put.ready) yield* brokenWait(account, put, members.get(group) ?? []);
  }
  for (const entry of entries) {
    if (entry.what === "group look")
      yield* brokenCount(account, entry, members.get(entry.group) ?? []);
  }
}

/** It was free to go at some moment from its put to its first reserve. */
function* brokenWait(account: Account, put: Put, members: readonly Put[]): Iterable<string> {
  const { job, batch } = put;
  const first = account.history(job).find((entry) => entry.what === "reserve");
  if (first === undefined) return;
  // Members of the same batch were there when it came.
  const isAmongThem = batch !== undefined && members.some((member) => member.batch === batch);
  const from = isAmongThem ? account.doneBy(put) : put.from;
  const full = stretches(members.map((member) => account.life(member)));
  if (full.some((stretch) => stretch.from <= from && stretch.to > first.to))
    yield `job ${job} was handed out while its group ${put.tags?.aft} still had jobs`;
}

/** Stretches of time in which one of the lives went on, at least. */
function stretches(lives: readonly Moments[]): Moments[] {
  const joined: Moments[] = [];
  const sure = lives.filter(({ from, to }) => to > from);
  for (const life of sure.toSorted((one, other) => one.from - other.from)) {
    const last = joined.at(-1);
    if (last === undefined || life.from > last.to) joined.push(life);
    else joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, life.to) };
  }
  return joined;
}

function* brokenCount(
  account: Account,
  { group, pending, from, to }: GroupLook,
  members: readonly Put[],
): Iterable<string> {
  const lives = members.map((put) => ({ put, life: account.life(put) }));
  const least = lives.filter(({ life }) => life.from < from && life.to > to).length;
  const most = lives.filter(({ put, life }) => put.from < to && life.goneBy >= from).length;
  const lost = [...account.lostPuts.values()].filter(({ tags }) => tags?.grp === group).length;
  if (pending < least || pending > most + lost)
    yield `group ${group} was said to have ${pending} jobs, but had ${least} to ${most + lost}`;
}
