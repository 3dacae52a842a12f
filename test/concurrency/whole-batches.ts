/* The rule of the ledger about batches whose answer never came: all of it was done, or nothing. Of
 * those that were answered the other rules know what must be there, and what not.
 */
import type { Account } from "./account.ts";
import type { Entry, LostPut, Settle } from "./entries.ts";

/** One sentence for each batch of which a part was seen, and another part was not. */
export function* brokenBatches(account: Account, entries: readonly Entry[]): Iterable<string> {
  const parts = Map.groupBy(entries.filter(isOpenPart), ({ batch }) => batch ?? 0);
  for (const [batch, list] of parts) {
    const facts = list.map((part) =>
      part.what === "lost put" ? account.seen.has(part.body) : wasCarriedOut(account, part),
    );
    if (facts.includes(true) && facts.includes(false)) yield `batch ${batch} was done in part`;
  }
}

function isOpenPart(entry: Entry): entry is LostPut | Settle {
  if (!("batch" in entry) || entry.batch === undefined || entry.what === "put") return false;
  return entry.what === "lost put" || entry.ok === undefined;
}

/**
 * Whether this end of a job came. Not if the job came again that cannot have been out of time;
 * undefined if nothing tells.
 */
function wasCarriedOut(account: Account, end: Settle): boolean | undefined {
  if (end.what !== "delete" && end.what !== "finish") return undefined;
  const put = account.puts.get(end.job);
  if (put === undefined) return undefined;
  const cameAgain = account
    .history(end.job)
    .some(
      ({ what, from, to }) =>
        what === "reserve" && to > end.from && (from > end.from || to < put.from + put.ttrMs),
    );
  return cameAgain ? false : undefined;
}
