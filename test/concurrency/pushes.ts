/* The rules of the ledger about what comes unasked: no job beyond what its window has room for, and
 * none that the client holds; LOST for each lease that ended by itself, when its time may be over,
 * and for no other; CANCEL for what was cancelled. All as the client saw them, one after the other.
 */
import type { Account, Lease } from "./account.ts";
import type { Entry, Reserve, Settle, Told, WindowSet } from "./entries.ts";

/** One sentence for each broken rule. */
export function* brokenPushes(account: Account, entries: readonly Entry[]): Iterable<string> {
  for (const [client, list] of Map.groupBy(entries.filter(isOfAClient), ({ client: who }) => who)) {
    const view = new View(client, account, list);
    for (const entry of list) if (entry.what === "reserve") yield* view.brokenReserve(entry);
    for (const entry of list) if (entry.what === "told") yield* view.brokenTelling(entry);
    for (const lease of view.leases) yield* view.brokenSilence(lease);
  }
}

type Entered = Reserve | Settle | Told | WindowSet;

/** What a client has no lease after. */
const GIVING_UP = ["delete", "release", "bury", "finish", "hand-back", "move"] as const;
const OTHERS: ReadonlySet<string> = new Set(["gone", "await", "done"]);

function isOfAClient(entry: Entry): entry is Entered {
  return "client" in entry && !OTHERS.has(entry.what);
}

/** What one client saw. */
class View {
  readonly leases: readonly Lease[];
  readonly #client: number;
  readonly #account: Account;
  readonly #windows: readonly WindowSet[];
  readonly #losses: ReadonlyMap<number, readonly Told[]>;

  constructor(client: number, account: Account, entries: readonly Entered[]) {
    this.#client = client;
    this.#account = account;
    this.#windows = entries.filter((entry) => entry.what === "window");
    const told = entries.filter((entry) => entry.what === "told");
    this.#losses = Map.groupBy(
      told.filter(({ word }) => word === "LOST"),
      ({ job }) => job,
    );
    const jobs = new Set(entries.flatMap((entry) => (entry.what === "reserve" ? [entry.job] : [])));
    this.leases = [...jobs]
      .flatMap((job) => account.leases(job ?? 0))
      .filter(({ reserve }) => reserve.client === client);
  }

  /** Only of one that was pushed: other reserves fill no window. */
  *brokenReserve({ job, to, isPushed = false }: Reserve): Iterable<string> {
    if (!isPushed) return;
    const held = this.leases.filter((lease) => lease.reserve.to <= to && this.#endOf(lease) > to);
    if (held.some(({ reserve }) => reserve.job === job && reserve.to < to))
      yield `client ${this.#client} was sent job ${job}, which it held`;
    const size = this.#sizeAt(to);
    if (held.length > size)
      yield `client ${this.#client} was sent job ${job}, and held ${held.length} jobs in a window of ${size}`;
  }

  *brokenTelling({ word, job, to }: Told): Iterable<string> {
    const client = `client ${this.#client} was told ${word} of job ${job}`;
    const lease = this.leases.findLast(({ reserve }) => reserve.job === job && reserve.to <= to);
    if (this.#windows.length === 0) yield `${client} without a window`;
    else if (lease === undefined) yield `${client}, which it was not given`;
    else if (word === "LOST") yield* this.#brokenLoss(client, lease, to);
    else if (!this.#account.settled(job, "cancel").some(({ from }) => from <= to))
      yield `${client}, which nobody had cancelled`;
  }

  *#brokenLoss(client: string, lease: Lease, at: number): Iterable<string> {
    const { reserve, end, outOfTime } = lease;
    if (this.#lossesOf(lease).some(({ to }) => to < at)) yield `${client} twice`;
    if (end?.ok === true && end.to < at && end.from >= reserve.to)
      yield `${client}, which it had given up`;
    if (at < outOfTime) yield `${client} before its time was over`;
  }

  /** A lease that ended by itself was told. */
  *brokenSilence(lease: Lease): Iterable<string> {
    const { reserve, end } = lease;
    const openedAt = this.#windows[0]?.to ?? Infinity;
    if (reserve.to < openedAt || this.#account.hasHungUp(this.#client)) return;
    const isTold = this.#lossesOf(lease).some(({ to }) => to <= (end?.to ?? Infinity));
    if (isTold || (end !== undefined && end.ok !== false) || this.#isGivenUp(lease)) return;
    const how = end === undefined ? "in the end" : `before its ${end.what} was refused`;
    yield `client ${this.#client} was not told ${how} that it lost job ${reserve.job}`;
  }

  /** Given up, whenever, by a command of the client's that was about an earlier lease, and late. */
  #isGivenUp({ reserve }: Lease): boolean {
    const late = this.#account.settled(reserve.job ?? 0, ...GIVING_UP);
    return late.some(
      ({ client, from, to }) => client === this.#client && from < reserve.to && to >= reserve.to,
    );
  }

  /** What was told of the job from this lease on, which may be of a later one. */
  #lossesOf({ reserve }: Lease): readonly Told[] {
    const losses = this.#losses.get(reserve.job ?? 0) ?? [];
    return losses.filter(({ to }) => to >= reserve.to);
  }

  /** When the client knew, or said, that it does not hold the job any more. */
  #endOf(lease: Lease): number {
    if (this.#isGivenUp(lease)) return lease.reserve.to;
    return Math.min(lease.end?.from ?? Infinity, this.#lossesOf(lease)[0]?.to ?? Infinity);
  }

  /** The largest size that may be in force. */
  #sizeAt(at: number): number {
    const sent = this.#windows.filter(({ from }) => from <= at);
    const answered = sent.findLast(({ to }) => to < at);
    const open = sent.filter(({ to }) => to >= at);
    return Math.max(0, ...[answered, ...open].map((window) => window?.size ?? 0));
  }
}
