/* Replicator: keeps a copy of the journal in a remote log, and this server its leader.
 *
 * It waits until no other server leads, takes over, and from then on sends what the committer gives
 * it (copying.ts), in appends that take all that has come meanwhile; so the slower the log, the
 * more each of them brings. When one has got there it publishes up to where the shards' streams are
 * safe, and wakes the threads that hold replies.
 *
 * The lease is prolonged at a third of its time, over a connection of its own. When it was not in
 * time, no thread lets anything out any more (host-journal.ts looks at the clock), and the
 * replicator ends the process: it throws. It runs in a thread of its own, started by the runtime's
 * replicator entry.
 */
import { Common } from "../engine/common.ts";
import { WRITE_BYTES_MAX } from "../journal/mirrored-storage.ts";
import { isWorthAnother, merged } from "../journal/shipping.ts";
import type { Shipping } from "../journal/shipping.ts";
import { standingOf } from "../journal/catch-up.ts";
import { takeOver } from "../journal/take-over.ts";
import { RemoteError } from "../remote-log.ts";
import type { RemoteLog, RemoteOperation } from "../remote-log.ts";
import type { Storage } from "../storage.ts";
import { copyBoardOf, journalBoardOf } from "./boards.ts";
import type { CopyBoard } from "./copy-board.ts";
import { bytesOf } from "./copying.ts";
import type { CopyOrder, Lead } from "./copying.ts";
import type { JournalBoard } from "./journal-board.ts";

/** What the broker's thread gives to the replicator; it can be posted. */
export interface ReplicatorSeed {
  readonly common: SharedArrayBuffer;
  /** Milliseconds that the lease lasts. */
  readonly leaseMillis: number;
  /**
   * The epoch in which this server led, and gave that up: for as long as a lease lasts others may
   * begin the next one. Absent: none.
   */
  readonly gaveUpEpoch?: number | undefined;
  /** Replies wait for the copy; otherwise only the disk's positions are published. */
  readonly publishes: boolean;
}

/** What the replicator tells the broker's thread. */
export type ReplicatorReport =
  /**
   * Another server leads, that of that address, in that epoch, or may do so, without an address;
   * this one waits.
   */
  | { readonly kind: "standby"; readonly leader: string; readonly epoch: number }
  | { readonly kind: "leading"; readonly epoch: number; readonly fetchedBytes: number }
  /** The log cannot be used for now, for that reason; or it can again, without one. */
  | { readonly kind: "copyLost"; readonly why: string | undefined };

/** What the replicator needs of its runtime. */
export interface ReplicatorSurroundings {
  /**
   * Opens a connection to the log, on which an answer may take so long; nothing is connected yet.
   */
  readonly openLog: (patienceMillis: number) => RemoteLog;
  /** The directory, of which nobody else makes use before this server leads. */
  readonly storage: Storage;
  /** For this process, as leaderOf makes it. */
  readonly leader: string;
  readonly report: (report: ReplicatorReport) => void;
  /** Tells the committer that this server leads. */
  readonly led: (lead: Lead) => void;
  /** Calls `heard` with each order of the committer's. */
  readonly listen: (heard: (order: CopyOrder) => void) => void;
  readonly pause: (millis: number) => Promise<void>;
  /** Lets timers and connections have their turn, and no more. */
  readonly breathe: () => Promise<void>;
}

/** While another leads, or nothing is reached, it is tried again this often. */
const RETRY_MILLIS = 500;
/** Of the lease's time this part is left over: the clocks of two machines differ. */
const MARGIN_PART = 0.2;
/** Most that an answer may take, however long the lease is. */
const PATIENCE_MILLIS_MAX = 30_000;
/** Least that an answer about the lease gets, where a third of its time is more: disks are slow. */
const LEASE_PATIENCE_MILLIS_MIN = 1000;

/**
 * The word for a server that leads, which no other has if `id` is another one in each: behind it
 * stands the address at which clients reach the server.
 */
export function leaderOf(address: string, id: string): string {
  return `${id} ${address}`;
}

/** That address. */
function addressOf(leader: string): string {
  return leader.slice(leader.indexOf(" ") + 1);
}

/** Keeps the copy until the committer ends. Rejects with a RemoteError when it cannot. */
export async function runReplicator(
  seed: ReplicatorSeed,
  around: ReplicatorSurroundings,
): Promise<void> {
  await new Replicator(seed, around).run();
}

class Replicator {
  readonly #seed: ReplicatorSeed;
  readonly #around: ReplicatorSurroundings;
  readonly #common: Common;
  readonly #board: JournalBoard;
  readonly #copyBoard: CopyBoard;
  readonly #millis: () => number;
  /** What is written goes over one, the lease over another, and what may wait over a third. */
  readonly #log: RemoteLog;
  readonly #leaseLog: RemoteLog;
  readonly #sideLog: RemoteLog;
  /** What was told of why the log cannot be used; nothing while it can. */
  readonly #losses = new Set<string>();
  #isLed = false;
  #isEnded = false;
  #epoch = 0;
  #hasRemoved = false;
  #isSweeping = false;

  constructor(seed: ReplicatorSeed, around: ReplicatorSurroundings) {
    this.#seed = seed;
    this.#around = around;
    this.#common = new Common(seed.common);
    this.#board = journalBoardOf(this.#common);
    this.#copyBoard = copyBoardOf(this.#common);
    const clock = this.#common.clock();
    this.#millis = () => clock() / 1000;
    const patience = Math.min(seed.leaseMillis, PATIENCE_MILLIS_MAX);
    this.#log = around.openLog(patience);
    this.#leaseLog = around.openLog(leasePatience(seed.leaseMillis));
    this.#sideLog = around.openLog(patience);
  }

  async run(): Promise<void> {
    try {
      await this.#untilKnown();
      await this.#leaveToOthers();
      await this.#untilClaimed();
      await Promise.race([this.#keepLease(), this.#lead()]);
      await this.#end();
    } catch (error) {
      // Once it has led, others may follow only when the lease has run out: threads still go on.
      if (!this.#isLed) await this.#end();
      throw error;
    } finally {
      this.#isEnded = true;
    }
    this.#copyBoard.setEnded();
  }

  /** Gives the lease back, if it is this server's. */
  async #end(): Promise<void> {
    this.#isEnded = true;
    await this.#leaseLog.release(this.#around.leader).catch(() => undefined);
    await Promise.all([this.#log, this.#leaseLog, this.#sideLog].map((log) => log.close()));
  }

  /** Resolves once the directory may become what the log says. Rejects where it is no copy. */
  async #untilKnown(): Promise<void> {
    const newest = await this.#insist(this.#log, () => this.#log.newest());
    standingOf(this.#around.storage, newest?.leader);
    await this.#log.close(); // it may be long until this server leads
  }

  /** Who gave up to lead lets others do so first. */
  async #leaveToOthers(): Promise<void> {
    const { gaveUpEpoch: epoch, leaseMillis } = this.#seed;
    if (epoch === undefined) return;
    this.#around.report({ kind: "standby", leader: "", epoch });
    for (const until = this.#millis() + leaseMillis; this.#millis() < until;) {
      const newest = await this.#insist(this.#leaseLog, () => this.#leaseLog.newest());
      if (newest === undefined || newest.epoch > epoch) return;
      await this.#around.pause(RETRY_MILLIS);
    }
  }

  /** Resolves once this server may lead. */
  async #untilClaimed(): Promise<void> {
    const { leader, report, pause } = this.#around;
    let told = "";
    for (;;) {
      const [claim, askedAt] = await this.#insist(this.#leaseLog, async () => {
        const now = this.#millis();
        return [await this.#leaseLog.claim(leader), now] as const;
      });
      if (claim.isTaken) {
        this.#setLease(askedAt);
        return;
      }
      const { epoch } = claim;
      const seen = `${claim.leader} ${epoch}`;
      if (seen !== told) report({ kind: "standby", leader: addressOf(claim.leader), epoch });
      told = seen;
      await pause(Math.max(1, Math.min(claim.leftMillis, RETRY_MILLIS)));
    }
  }

  /** Asks until there is an answer. Rejects where how it is set up has to be mended first. */
  async #insist<Answer>(log: RemoteLog, ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      try {
        const answer = await ask();
        this.#setLost(undefined);
        return answer;
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        await this.#pauseFor(error);
        await log.reconnect().catch(() => undefined);
      }
    }
  }

  #setLease(askedAt: number): void {
    this.#copyBoard.leadsUntil = askedAt + this.#seed.leaseMillis * (1 - MARGIN_PART);
  }

  /** Prolongs the lease as long as it can. Rejects when it has run out. */
  async #keepLease(): Promise<never> {
    for (;;) {
      await this.#around.pause(this.#seed.leaseMillis / 3);
      await Promise.race([this.#renew(), this.#runOut()]);
    }
  }

  async #renew(): Promise<void> {
    while (!this.#isEnded) {
      const askedAt = this.#millis();
      try {
        if (!(await this.#leaseLog.renew(this.#around.leader))) {
          throw new RemoteError("HM_REMOTE_FENCED", "another server leads");
        }
        this.#setLease(askedAt);
        this.#countStandbys();
        return;
      } catch (error) {
        if (!isWorthAnother(error)) throw error;
        await this.#around.pause(RETRY_MILLIS / 5);
        await this.#leaseLog.reconnect().catch(() => undefined);
      }
    }
  }

  /** Beside what goes on; where it fails, the next count tells. */
  #countStandbys(): void {
    if (!this.#isLed) return;
    const set = (count: number): void => this.#copyBoard.setLeading(this.#epoch, count);
    const failed = (): Promise<void> => this.#sideLog.reconnect();
    void this.#sideLog
      .standbys()
      .then(set, failed)
      .catch(() => undefined);
  }

  /** Rejects when the lease has run out; resolves when it is prolonged. */
  async #runOut(): Promise<void> {
    const { leadsUntil } = this.#copyBoard;
    while (this.#copyBoard.leadsUntil === leadsUntil && !this.#isEnded) {
      const left = leadsUntil - this.#millis();
      if (left <= 0) throw runOut();
      await this.#around.pause(Math.min(left, RETRY_MILLIS));
    }
  }

  /** Takes over, and sends all that comes until the committer ends. */
  async #lead(): Promise<void> {
    const { storage, leader, report, led, breathe } = this.#around;
    const pause = (why: Error): Promise<void> => this.#pauseFor(why);
    const parts = { storage, log: this.#log, leader, pause, breathe };
    const { epoch, shipping, isFetched, fetchedBytes } = await takeOver(parts);
    if (this.#isEnded) throw runOut();
    this.#isLed = true;
    this.#epoch = epoch;
    this.#copyBoard.setLeading(epoch, 0);
    this.#copyBoard.setReached(shipping.shipped, undefined);
    this.#countStandbys();
    this.#setLost(undefined);
    report({ kind: "leading", epoch, fetchedBytes });
    const inbox = new Inbox(this.#millis);
    this.#around.listen((order) => inbox.add(order));
    led({ epoch, isFetched });
    for (;;) {
      const { orders, since } = await inbox.taken();
      this.#copyBoard.setReached(shipping.shipped, since);
      await this.#carryOut(orders, shipping);
      this.#copyBoard.setReached(shipping.shipped, inbox.since);
      if (orders.some(({ kind }) => kind === "end")) return;
    }
  }

  async #carryOut(orders: readonly CopyOrder[], shipping: Shipping): Promise<void> {
    const operations: RemoteOperation[] = [];
    let note: Extract<CopyOrder, { kind: "note" }> | undefined;
    for (const order of orders) {
      if (order.kind === "operations") operations.push(...order.operations);
      if (order.kind === "note") note = order;
    }
    await shipping.ship(merged(operations, WRITE_BYTES_MAX), (part) => {
      this.#copyBoard.countWaiting(-bytesOf(part));
    });
    this.#setLost(undefined);
    if (note !== undefined) this.#publish(note);
    this.#hasRemoved ||= operations.some(({ kind }) => kind === "remove");
    if (this.#hasRemoved && !this.#isSweeping) this.#sweep();
  }

  #publish({ note, positions }: Extract<CopyOrder, { kind: "note" }>): void {
    this.#copyBoard.noted = note;
    if (!this.#seed.publishes) return;
    positions.forEach((position, shard) => this.#board.publish(shard, position));
    const { low, high } = this.#board.waiting(this.#common.seats);
    if ((low | high) !== 0) this.#common.wakeThreads(low, high);
  }

  /** Forgets what is not needed any more, beside what goes on; what fails is done next time. */
  #sweep(): void {
    const sweep = async (): Promise<void> => {
      while (this.#hasRemoved && !this.#isEnded) {
        this.#hasRemoved = false;
        while (!this.#isEnded && (await this.#sideLog.sweep()));
      }
    };
    const failed = async (): Promise<void> => {
      this.#hasRemoved = true;
      await this.#sideLog.reconnect().catch(() => undefined); // the next one tells
    };
    this.#isSweeping = true;
    void sweep()
      .catch(failed)
      .finally(() => (this.#isSweeping = false));
  }

  /** Waits before another attempt; rejects when it has ended meanwhile. */
  async #pauseFor(why: Error): Promise<void> {
    this.#setLost(why.message);
    await this.#around.pause(RETRY_MILLIS / 5);
    if (this.#isEnded) throw runOut();
  }

  /** Tells each reason once until the log can be used again. */
  #setLost(why: string | undefined): void {
    const isTold = why === undefined ? this.#losses.size === 0 : this.#losses.has(why);
    if (isTold) return;
    if (why === undefined) this.#losses.clear();
    else this.#losses.add(why);
    this.#around.report({ kind: "copyLost", why });
  }
}

/** What an answer about the lease may take: so little that another server can be tried in time. */
function leasePatience(leaseMillis: number): number {
  return Math.max(leaseMillis / 6, Math.min(leaseMillis / 3, LEASE_PATIENCE_MILLIS_MIN));
}

function runOut(): RemoteError {
  return new RemoteError("HM_REMOTE_FENCED", "the lease has run out");
}

function isUnreachable(error: unknown): error is RemoteError {
  return error instanceof RemoteError && error.code === "HM_REMOTE_UNREACHABLE";
}

/** Orders that have come and have not been taken. */
class Inbox {
  readonly #millis: () => number;
  #orders: CopyOrder[] = [];
  #since: number | undefined;
  #came: (() => void) | undefined;

  constructor(millis: () => number) {
    this.#millis = millis;
  }

  /** When the oldest of them came; undefined while there is none. */
  get since(): number | undefined {
    return this.#since;
  }

  add(order: CopyOrder): void {
    this.#orders.push(order);
    this.#since ??= this.#millis();
    this.#came?.();
  }

  /** Resolves with all that there are, at least one, and when the oldest of them came. */
  async taken(): Promise<{
    readonly orders: readonly CopyOrder[];
    readonly since: number | undefined;
  }> {
    if (this.#orders.length === 0) {
      await new Promise<void>((came) => (this.#came = came));
      this.#came = undefined;
    }
    const orders = this.#orders;
    const since = this.#since;
    this.#orders = [];
    this.#since = undefined;
    return { orders, since };
  }
}
