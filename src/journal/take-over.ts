/* Take-over: begins an epoch in a remote log, and has the directory of who begins it agree with the
 * log.
 *
 * From the entry that begins the epoch on, nobody of an older one adds anything; so what is read
 * behind it is all that there is. Before it the directory says that it may be led by the new leader
 * too: a crash between the two leaves a directory of which it is known what it is. Called by the
 * replicator (broker/replicator.ts), once the lease is held, and when nobody else uses the
 * directory.
 */
import type { RemoteEnd } from "../remote-log.ts";
import type { Storage } from "../storage.ts";
import { fetchAll, missingIn, sign, signBoth, signUnfinished, standingOf } from "./catch-up.ts";
import type { CatchUpParts } from "./catch-up.ts";
import { isWorthAnother, Shipping } from "./shipping.ts";
import type { ShippingParts } from "./shipping.ts";

/** What a take-over needs. */
export interface TakeOverParts
  extends Pick<ShippingParts, "log" | "pause">, Pick<CatchUpParts, "breathe"> {
  readonly storage: Storage;
  /** Who begins the epoch: a word that nobody else ever has. */
  readonly leader: string;
}

/** What came of it. */
export interface TakenOver {
  readonly epoch: number;
  readonly shipping: Shipping;
  /** The directory is what another server has sent to the log. */
  readonly isFetched: boolean;
  /** Bytes that came from the log. */
  readonly fetchedBytes: number;
}

/**
 * Takes over. Rejects with a RemoteError where the directory is no copy of the log, and with what
 * `pause` rejects with; throws a StorageError.
 */
export async function takeOver(parts: TakeOverParts): Promise<TakenOver> {
  const { storage, leader } = parts;
  const { end, isAhead } = await begin(parts);
  const { epoch } = end;
  const shipping = new Shipping({ ...parts, epoch, sequence: end.sequence + 1 });
  const catchUp = catchUpOf(parts);
  let fetchedBytes = 0;
  if (isAhead) {
    for await (const operations of missingIn(catchUp)) await shipping.ship(operations);
  } else fetchedBytes = await fetchAll(catchUp);
  sign(storage, leader);
  return { epoch, shipping, isFetched: !isAhead && epoch > 1, fetchedBytes };
}

/** With a log each of whose answers is insisted on. */
function catchUpOf(parts: TakeOverParts): CatchUpParts {
  const { storage, breathe, log } = parts;
  return {
    storage,
    breathe,
    log: {
      entries: () => insist(parts, () => log.entries()),
      read: (sequence) => insist(parts, () => log.read(sequence)),
      digest: (body) => log.digest(body),
    },
  };
}

/** Begins the epoch, and has the directory say what it is. */
async function begin(
  parts: TakeOverParts,
): Promise<{ readonly end: RemoteEnd; readonly isAhead: boolean }> {
  const { log, storage, leader } = parts;
  for (;;) {
    const newest = await insist(parts, () => log.newest());
    const isAhead = standingOf(storage, newest?.leader) === "ahead";
    if (newest?.leader === leader) return { end: newest, isAhead };
    if (isAhead) signBoth(storage, newest?.leader, leader);
    else signUnfinished(storage);
    const sequence = (newest?.sequence ?? 0) + 1;
    const epoch = (newest?.epoch ?? 0) + 1;
    const isBegun = await log.lead(sequence, epoch, leader).catch(unknown(parts));
    if (isBegun === true) return { end: { sequence, epoch, leader }, isAhead };
  }
}

/** Tries again as long as it may; what was not answered may have been done. */
async function insist<Answer>(parts: TakeOverParts, call: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await unknown(parts)(error);
    }
  }
}

/** Waits, and connects anew; rejects with what trying again will not change. */
function unknown({ log, pause }: TakeOverParts): (error: unknown) => Promise<void> {
  return async (error) => {
    let why = error;
    for (;;) {
      if (!isWorthAnother(why)) throw why;
      await pause(why);
      try {
        await log.reconnect();
        return;
      } catch (again) {
        why = again;
      }
    }
  };
}
