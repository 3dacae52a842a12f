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
import { takeOver } from "../journal/take-over.ts";
import { RemoteError } from "../remote-log.ts";
import type { RemoteLog, RemoteOperation } from "../remote-log.ts";
import type { Storage } from "../storage.ts";
import { copyBoardOf, journalBoardOf } from "./boards.ts";
import type { CopyBoard } from "./copy-board.ts";
import { bytesOf } from "./copying.ts";
import type { CopyOrder } from "./copying.ts";
import type { JournalBoard } from "./journal-board.ts";

/** What the broker's thread gives to the replicator; it can be posted. */
export interface ReplicatorSeed {
  readonly common: SharedArrayBuffer;
  /** Milliseconds that the lease lasts. */
  readonly leaseMillis: number;
  /** Replies wait for the copy; otherwise only the disk's positions are published. */
  readonly publishes: boolean;
}

/** What the replicator tells the broker's thread. */
export type ReplicatorReport =
  /** Another server leads; this one waits. */
  | { readonly kind: "standby"; readonly leader: string }
  | { readonly kind: "leading"; readonly epoch: number; readonly fetchedBytes: number }
  /** The log cannot be used for now, for that reason; or it can again, without one. */
  | { readonly kind: "copyLost"; readonly why: string | undefined };

/** What the replicator needs of its runtime. */
export interface ReplicatorSurroundings {
  /** Opens a connection to the log; nothing is connected yet. */
  readonly openLog: () => RemoteLog;
  /** The directory, of which nobody else makes use before this server leads. */
  readonly storage: Storage;
  /** A word for this process that no other has, and that says to people which it is. */
  readonly leader: string;
  readonly report: (report: ReplicatorReport) => void;
  /** Tells the committer that this server leads. */
  readonly led: (epoch: number) => void;
  /** Calls `heard` with each order of the committer's. */
  readonly listen: (heard: (order: CopyOrder) => void) => void;
  readonly pause: (millis: number) => Promise<void>;
}

/** While another leads, or nothing is reached, it is tried again this often. */
const RETRY_MILLIS = 500;
/** Of the lease's time this part is left over: the clocks of two machines differ. */
const MARGIN_PART = 0.2;
/** After so many removals what they leave is forgotten. */
const SWEEP_EVERY = 1;

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
  /** What is written goes over the one, the lease over the other. */
  readonly #log: RemoteLog;
  readonly #leaseLog: RemoteLog;
  #isLost = false;
  #isEnded = false;
  #removals = 0;

  constructor(seed: ReplicatorSeed, around: ReplicatorSurroundings) {
    this.#seed = seed;
    this.#around = around;
    this.#common = new Common(seed.common);
    this.#board = journalBoardOf(this.#common);
    this.#copyBoard = copyBoardOf(this.#common);
    const clock = this.#common.clock();
    this.#millis = () => clock() / 1000;
    this.#log = around.openLog();
    this.#leaseLog = around.openLog();
  }

  async run(): Promise<void> {
    await this.#untilClaimed();
    await Promise.race([this.#keepLease(), this.#lead()]);
    this.#isEnded = true;
    await this.#leaseLog.release(this.#around.leader).catch(() => undefined);
    await Promise.all([this.#log.close(), this.#leaseLog.close()]);
    this.#copyBoard.setEnded();
  }

  /** Resolves once this server may lead. */
  async #untilClaimed(): Promise<void> {
    const { leader, report, pause } = this.#around;
    let told = "";
    for (;;) {
      const began = this.#millis();
      try {
        const claim = await this.#leaseLog.claim(leader);
        this.#setLost(undefined);
        if (claim.isTaken) {
          this.#setLease(began);
          return;
        }
        if (claim.leader !== told) report({ kind: "standby", leader: claim.leader });
        told = claim.leader;
        await pause(Math.max(1, Math.min(claim.leftMillis, RETRY_MILLIS)));
      } catch (error) {
        if (!isUnreachable(error)) throw error; // how it is set up has to be mended first
        await this.#pauseFor(error);
        await this.#leaseLog.reconnect().catch(() => undefined);
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
        return;
      } catch (error) {
        if (!isWorthAnother(error)) throw error;
        await this.#around.pause(RETRY_MILLIS / 5);
        await this.#leaseLog.reconnect().catch(() => undefined);
      }
    }
  }

  /** Rejects when the lease has run out; resolves when it is prolonged. */
  async #runOut(): Promise<void> {
    const { leadsUntil } = this.#copyBoard;
    while (this.#copyBoard.leadsUntil === leadsUntil && !this.#isEnded) {
      const left = leadsUntil - this.#millis();
      if (left <= 0) throw new RemoteError("HM_REMOTE_FENCED", "the lease has run out");
      await this.#around.pause(Math.min(left, RETRY_MILLIS));
    }
  }

  /** Takes over, and sends all that comes until the committer ends. */
  async #lead(): Promise<void> {
    const { storage, leader, report, led } = this.#around;
    const pause = (why: Error): Promise<void> => this.#pauseFor(why);
    const { epoch, shipping, fetchedBytes } = await takeOver({
      storage,
      log: this.#log,
      leader,
      pause,
    });
    this.#setLost(undefined);
    this.#copyBoard.epoch = epoch;
    report({ kind: "leading", epoch, fetchedBytes });
    const inbox = new Inbox();
    this.#around.listen((order) => inbox.add(order));
    led(epoch);
    for (;;) {
      const orders = await inbox.taken();
      await this.#carryOut(orders, shipping);
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
    await shipping.ship(merged(operations, WRITE_BYTES_MAX));
    this.#setLost(undefined);
    this.#copyBoard.countWaiting(-bytesOf(operations));
    if (note !== undefined) this.#publish(note);
    this.#removals += operations.filter(({ kind }) => kind === "remove").length;
    if (this.#removals >= SWEEP_EVERY) this.#sweep();
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
    this.#removals = 0;
    const sweep = async (): Promise<void> => {
      while (!this.#isEnded && (await this.#leaseLog.sweep()));
    };
    sweep().catch(() => (this.#removals = 1));
  }

  /** Waits before another attempt; rejects when the lease has run out. */
  async #pauseFor(why: Error): Promise<void> {
    this.#setLost(why.message);
    await this.#around.pause(RETRY_MILLIS / 5);
  }

  #setLost(why: string | undefined): void {
    if (this.#isLost === (why !== undefined)) return;
    this.#isLost = why !== undefined;
    this.#around.report({ kind: "copyLost", why });
  }
}

function isUnreachable(error: unknown): error is RemoteError {
  return error instanceof RemoteError && error.code === "HM_REMOTE_UNREACHABLE";
}

/** Orders that have come and have not been taken. */
class Inbox {
  #orders: CopyOrder[] = [];
  #came: (() => void) | undefined;

  add(order: CopyOrder): void {
    this.#orders.push(order);
    this.#came?.();
  }

  /** Resolves with all that there are, at least one. */
  async taken(): Promise<readonly CopyOrder[]> {
    if (this.#orders.length === 0) {
      await new Promise<void>((came) => (this.#came = came));
      this.#came = undefined;
    }
    const orders = this.#orders;
    this.#orders = [];
    return orders;
  }
}
