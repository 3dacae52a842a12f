/* Entries made up for the tests of the ledger: each lasts one millisecond from `from` on, unless it
 * came unasked.
 */
import type { Entry, Put, Reserve, Settle } from "./entries.ts";

/** A put, tagged with nothing. */
export function put(job: number, from: number, more: Partial<Put> = {}): Put {
  return {
    what: "put",
    job,
    tube: "t",
    body: String(job),
    pri: 5,
    ready: true,
    ttrMs: 60_000,
    from,
    to: from + 1,
    ...more,
  };
}

/** A reserve, of tube "t". */
export function reserve(
  client: number,
  job: number | undefined,
  from: number,
  more: Partial<Reserve> = {},
): Reserve {
  const body = job === undefined ? undefined : String(job);
  return { what: "reserve", client, job, body, tubes: ["t"], from, to: from + 1, ...more };
}

/** A command that succeeded. */
export function settle(
  what: Settle["what"],
  client: number,
  job: number,
  from: number,
  more: Partial<Settle> = {},
): Settle {
  return { what, client, job, ok: true, from, to: from + 1, ...more };
}

/** The push DONE. */
export function done(client: number, job: number, end: string, from: number, text = ""): Entry {
  return { what: "done", client, job, end, text, from, to: from };
}

/** The push LOST or CANCEL. */
export function told(word: "LOST" | "CANCEL", client: number, job: number, from: number): Entry {
  return { what: "told", word, client, job, from, to: from };
}

/** A window that was set. */
export function window(client: number, size: number, from: number): Entry {
  return { what: "window", client, size, from, to: from + 1 };
}

/** The push JOB. */
export function pushed(client: number, job: number, to: number): Reserve {
  return reserve(client, job, 0, { tubes: [], isPushed: true, to });
}

/** An await. */
export function awaiting(client: number, job: number, from: number, ok = true): Entry {
  return { what: "await", client, job, ok, from, to: from + 1 };
}

/** Deletes these jobs at last, by the clients that have them. */
export function cleared(
  from: number,
  ...held: readonly (readonly [client: number, job: number])[]
): Entry[] {
  return held.map(([client, job]) => settle("delete", client, job, from));
}
