/* The rule of the ledger about awaited ends: each await that was answered AWAITING is told one end,
 * once, and one that the job may have come to. An await of a job that is there finds it.
 */
import type { Account } from "./account.ts";
import type { Await, Done, Entry, Settle } from "./entries.ts";

/** The command that ends a job so. */
const COMMANDS: Readonly<Record<string, Settle["what"]>> = {
  finished: "finish",
  buried: "bury",
  deleted: "delete",
  cancelled: "cancel",
};

/** One sentence for each broken rule. */
export function* brokenEnds(account: Account, entries: readonly Entry[]): Iterable<string> {
  const awaits = entries.filter((entry) => entry.what === "await");
  const told = Map.groupBy(
    entries.filter((entry) => entry.what === "done"),
    pairOf,
  );
  const asked = Map.groupBy(awaits, pairOf);
  for (const pair of new Set([...told.keys(), ...asked.keys()])) {
    yield* brokenCount(account, asked.get(pair) ?? [], told.get(pair) ?? []);
  }
  for (const done of [...told.values()].flat()) yield* brokenEnd(account, done);
  for (const entry of awaits) yield* brokenAwait(account, entry);
}

function pairOf({ client, job }: Await | Done): string {
  return `client ${client} of job ${job}`;
}

function* brokenCount(
  account: Account,
  asked: readonly Await[],
  told: readonly Done[],
): Iterable<string> {
  const [any] = [...asked, ...told];
  if (any === undefined) return;
  for (const [index, { to }] of told.entries()) {
    const awaited = asked.filter(({ ok, from }) => ok !== false && from <= to).length;
    if (awaited <= index) yield `${pairOf(any)} was told an end that it did not await`;
  }
  const due = asked.filter(({ ok }) => ok === true).length;
  if (told.length < due && !account.hasHungUp(any.client))
    yield `${pairOf(any)} awaited ${due} times and was told ${told.length} times`;
}

function* brokenEnd(account: Account, done: Done): Iterable<string> {
  const { job, end, text, to } = done;
  const what = COMMANDS[end];
  const ends = what === undefined ? [] : account.settled(job, what);
  const may = ends.filter(({ from, result = "" }) => from <= to && result === text);
  if (may.length === 0)
    yield `${pairOf(done)} was told that it is ${end} (${text}), which nobody had said`;
}

function* brokenAwait(account: Account, { client, job, ok, from, to }: Await): Iterable<string> {
  const put = account.puts.get(job);
  if (ok !== false || put === undefined) return;
  const life = account.life(put);
  if (life.from < from && life.to > to)
    yield `client ${client} was refused the end of job ${job}, which was there`;
}
