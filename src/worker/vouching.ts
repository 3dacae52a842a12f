/* Vouching: keeps the jobs of a worker whose event loop is held up by a handler that computes: a
 * helper on another thread, with a connection of its own, says to the server that it is alive.
 *
 * The worker stamps a word that both see, and says with it how long the helper may go on from
 * there. Invariants: while the stamps come nothing is sent. The helper ends with what it was
 * allowed: a handler that never ends loses its jobs after `maxBlock`, or its own time-out. Used by
 * worker.ts; the helper's side, Vouching, runs in runtimes/voucher-thread.ts.
 */
import type { Client } from "../client/client.ts";
import type { ServerPlace } from "../client/server-place.ts";
import type { Clock } from "../clock.ts";

/** By what others can keep what a consumer holds. */
export interface Ticket {
  /** Where its server is; absent if it is in this process. */
  readonly place: ServerPlace | undefined;
  readonly token: string;
}

/** What a helper is made of; it can be posted. */
export interface VoucherSeed {
  /** STAMP and ALLOWED. */
  readonly words: Int32Array;
  readonly leaseMillis: number;
}

/** What a helper is told. */
export type ToVoucher =
  | { readonly kind: "ticket"; readonly ticket: Ticket }
  | { readonly kind: "stop" };

/** A helper that was started. */
export interface Voucher {
  post(message: ToVoucher): void;
  /** Resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts a helper on another thread. */
export type StartVoucher = (seed: VoucherSeed) => Voucher;

/** Counts the stamps. */
const STAMP = 0;
/** How many milliseconds the helper may go on from the newest one. */
const ALLOWED = 1;
const WORD_BYTES = 4;
const INT32_MAX = 2_147_483_647;
/** A lease is vouched for so many times while it lasts, and is late after one such part. */
const PARTS = 4;
const PART_MILLIS_MAX = 10_000;
const SECOND = 1000;

/** How often a lease is vouched for: so often, too, that one that fails does no harm. */
function partOf(leaseMillis: number): number {
  return Math.min(PART_MILLIS_MAX, leaseMillis / PARTS);
}

/** What the worker's side is made of. */
export interface StampsParts {
  readonly start: StartVoucher;
  readonly clock: Clock;
  /** The shortest lease of its jobs. */
  readonly leaseMillis: number;
  /** How long the helper may go on from now. */
  readonly allowedMillis: () => number;
}

/** The worker's side. */
export class Stamps {
  readonly #parts: StampsParts;
  readonly #words = new Int32Array(new SharedArrayBuffer(2 * WORD_BYTES));
  #voucher: Voucher | undefined;
  #cancel: () => void = () => undefined;

  constructor(parts: StampsParts) {
    this.#parts = parts;
  }

  /** The consumer has a connection; the helper is started for the first one to a server. */
  ticket(ticket: Ticket): void {
    if (ticket.place === undefined) return; // the engine in the process sees to it by itself
    const { start, leaseMillis } = this.#parts;
    this.#stamp();
    if (this.#voucher === undefined) this.#wait();
    this.#voucher ??= start({ words: this.#words, leaseMillis });
    this.#voucher.post({ kind: "ticket", ticket });
  }

  /** A handler is called that may take no longer than the newest stamp allows. */
  changed(): void {
    if (this.#voucher !== undefined) this.#stamp();
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#voucher?.stop();
  }

  #wait(): void {
    const { clock, leaseMillis } = this.#parts;
    this.#cancel = clock.after(partOf(leaseMillis) / 2, () => {
      this.#stamp();
      this.#wait();
    });
  }

  #stamp(): void {
    const allowed = Math.max(0, Math.min(INT32_MAX, this.#parts.allowedMillis()));
    Atomics.store(this.#words, ALLOWED, Math.ceil(allowed));
    Atomics.add(this.#words, STAMP, 1);
  }
}

/** The helper's side. */
export class Vouching {
  readonly #seed: VoucherSeed;
  readonly #clock: Clock;
  readonly #connect: (place: ServerPlace) => Promise<Client>;
  #opening: Promise<Client> | undefined;
  #client: Client | undefined;
  #token = "";
  #stamp = 0;
  /** When the newest stamp was seen, and it was vouched last. */
  #stampedMillis: number;
  #vouchedMillis = -Infinity;
  #cancel: () => void = () => undefined;

  constructor(seed: VoucherSeed, clock: Clock, connect: (place: ServerPlace) => Promise<Client>) {
    this.#seed = seed;
    this.#clock = clock;
    this.#connect = connect;
    this.#stampedMillis = this.#now;
    this.#wait();
  }

  /** From now on it is this session that is vouched for. */
  ticket({ place, token }: Ticket): void {
    this.#token = token;
    if (place === undefined) return;
    this.#opening ??= this.#open(place);
    this.#opening.catch(() => {
      this.#opening = undefined; // the next ticket tries again
    });
  }

  async #open(place: ServerPlace): Promise<Client> {
    this.#client = await this.#connect(place);
    return this.#client;
  }

  async stop(): Promise<void> {
    this.#cancel();
    await Promise.allSettled([this.#opening]);
    await this.#client?.close();
  }

  get #now(): number {
    return this.#clock.now() / SECOND;
  }

  #wait(): void {
    this.#cancel = this.#clock.after(partOf(this.#seed.leaseMillis) / PARTS, () => {
      this.#look();
      this.#wait();
    });
  }

  #look(): void {
    const { words, leaseMillis } = this.#seed;
    const [stamp, now] = [Atomics.load(words, STAMP), this.#now];
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#stampedMillis = now;
      return;
    }
    const part = partOf(leaseMillis);
    const lateMillis = now - this.#stampedMillis;
    const isHeldUp = lateMillis >= part && lateMillis <= Atomics.load(words, ALLOWED);
    if (!isHeldUp || now - this.#vouchedMillis < part) return;
    this.#vouchedMillis = now;
    const seconds = Math.ceil((PARTS * part) / SECOND);
    // What was not said now is said soon; the worker itself says what becomes of its jobs.
    this.#client?.vouch(this.#token, seconds).catch(() => undefined);
  }
}
