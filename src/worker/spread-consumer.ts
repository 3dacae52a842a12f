/* SpreadConsumer: jobs of several servers that know nothing of each other, or of several tubes of
 * one, as many at a time as one consumer may have, and of each no more than its own limit.
 *
 * Invariants: no more than the window are given on. Each server is asked for all that is free,
 * since nobody knows which one has jobs; what comes beyond that goes back uncounted, and marks its
 * server as busy. Of busy servers one at a time, in turn, is asked for what is free; one that does
 * not use its turn is not busy. Where one of them gives back at a cost, each has a quota instead. A
 * server that is lost is tried again, and the others go on; but tubes of one end together. Made by
 * spread-backend.ts and worker-limits.ts.
 */
import { backOffMillis } from "../client/back-off.ts";
import { asError } from "../client/errors.ts";
import { pause } from "../client/pause.ts";
import type { Clock } from "../clock.ts";
import type { Consumer, ConsumeOptions, HeldJob, QueueBackend } from "./backend.ts";
import { SpreadQuotas } from "./spread-quotas.ts";
import type { StartRate } from "./start-rate.ts";

/** One of the servers, as its consumer sees it. */
export interface SpreadSource {
  readonly backend: QueueBackend;
  readonly tubes: readonly string[];
  /** How many of its jobs may be held, and taken in a while. */
  readonly limit?: { readonly atOnce: number; readonly rate: StartRate | undefined };
  /** The job, as it is known to those who hold it; `moved` is told when it is held no more. */
  named(held: HeldJob, moved: (isHere: boolean) => void): HeldJob;
}

/** What it goes by. */
export interface SpreadSettings {
  readonly clock: Clock;
  /** All sources are one back end: what ends one of them ends all. */
  readonly isOne: boolean;
}

const TURN_MILLIS = 20;
const QUOTA_MILLIS = 250;
const AGAIN_MILLIS_MAX = 5000;

/** Jobs of several servers. */
export class SpreadConsumer implements Consumer {
  readonly closed: Promise<void>;
  readonly #options: ConsumeOptions;
  readonly #clock: Clock;
  readonly #isOne: boolean;
  readonly #shares: readonly Share[];
  readonly #quotas: SpreadQuotas;
  readonly #ending = new AbortController();
  #window: number;
  #turn = 0;
  #cancelTurn: (() => void) | undefined;

  constructor(
    sources: readonly SpreadSource[],
    options: ConsumeOptions,
    { clock, isOne }: SpreadSettings,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#isOne = isOne;
    this.#window = options.window;
    this.#shares = sources.map((source) => new Share(source));
    this.#quotas = new SpreadQuotas(sources.length);
    for (const { limit } of sources) limit?.rate?.onRoom(() => this.#update());
    const running = this.#shares.map((share, place) => this.#run(share, place));
    this.closed = Promise.all(running).then(() => undefined);
    this.closed.catch(() => undefined); // whoever wants to know looks
  }

  /** Has the jobs of one server come, for as long as they are wanted. */
  async #run(share: Share, place: number): Promise<void> {
    const { signal } = this.#ending;
    const troubled = (error: Error): void => this.#options.troubled?.(error);
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const window = this.#windows()[place] ?? 0;
        const { called } = this.#options;
        const take = (held: HeldJob): Promise<void> | void => this.#take(share, held);
        share.open({ window, take, troubled, ...(called !== undefined && { called }) });
        await share.closed;
        if (signal.aborted || this.#isOne) return;
      } catch (error) {
        if (this.#isOne) throw error;
        troubled(asError(error));
      }
      await pause(this.#clock, backOffMillis(failures, AGAIN_MILLIS_MAX, Math.random()), signal);
    }
  }

  #take(share: Share, held: HeldJob): Promise<void> | void {
    for (const one of this.#shares) one.forgetLost();
    if (this.#free <= 0 || share.room <= 0 || this.#ending.signal.aborted) {
      share.isBusy = true;
      this.#update();
      return held.handBack();
    }
    const named = share.add(held, () => this.#update());
    if (share === this.#inTurn) this.#nextTurn();
    this.#update();
    return this.#options.take(named);
  }

  get #free(): number {
    return this.#window - this.#shares.reduce((sum, share) => sum + share.count, 0);
  }

  get #inTurn(): Share | undefined {
    const busy = this.#shares.filter(({ isBusy }) => isBusy);
    return busy[this.#turn % busy.length];
  }

  #wanted(share: Share): number {
    const free = Math.max(0, this.#free);
    return share.count + (share.isBusy && share !== this.#inTurn ? 0 : free);
  }

  get #counts(): readonly number[] {
    return this.#shares.map(({ count }) => count);
  }

  get #hasQuotas(): boolean {
    return this.#shares.some(({ takesBack }) => !takesBack);
  }

  /** How many jobs each is asked for. */
  #windows(): readonly number[] {
    const windows = this.#hasQuotas
      ? this.#quotas.windows(this.#window, this.#counts)
      : this.#shares.map((share) => this.#wanted(share));
    return this.#shares.map(({ count, room }, at) => Math.min(windows[at] ?? 0, count + room));
  }

  /** How many are held has changed, or how many may be. */
  #update(): void {
    for (const share of this.#shares) share.forgetLost();
    const windows = this.#windows();
    for (const [place, share] of this.#shares.entries()) share.want(windows[place] ?? 0);
    if (this.#cancelTurn !== undefined || this.#ending.signal.aborted) return;
    if (this.#hasQuotas) {
      if (!this.#quotas.isUneven(this.#counts)) return;
      this.#cancelTurn = this.#clock.after(QUOTA_MILLIS, () => this.#divide());
    } else if (this.#free > 0 && this.#inTurn !== undefined) {
      this.#cancelTurn = this.#clock.after(TURN_MILLIS, () => this.#missTurn());
    }
  }

  #divide(): void {
    this.#cancelTurn = undefined;
    for (const share of this.#shares) share.forgetLost();
    this.#quotas.divide(this.#counts);
    this.#update();
  }

  /** It had no job. */
  #missTurn(): void {
    const share = this.#inTurn;
    if (share !== undefined && this.#free > 0) share.isBusy = false;
    this.#nextTurn();
    this.#update();
  }

  #nextTurn(): void {
    this.#turn++;
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
  }

  window(jobs: number): void {
    this.#window = jobs;
    this.#update();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#cancelTurn?.();
    await Promise.all(this.#shares.map((share) => share.stop()));
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.all(this.#shares.map((share) => share.close()));
    await Promise.allSettled([this.closed]); // who waits for it hears of it
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What is had of one server. */
class Share {
  /** It had more than could be taken, when that was seen last. */
  isBusy = false;
  readonly #source: SpreadSource;
  readonly #held = new Set<HeldJob>();
  #consumer: Consumer | undefined;
  #wanted = 0;

  constructor(source: SpreadSource) {
    this.#source = source;
  }

  open(options: ConsumeOptions): void {
    const { backend, tubes } = this.#source;
    this.#wanted = options.window;
    this.#consumer = backend.consume(tubes, options);
  }

  get closed(): Promise<void> {
    return this.#consumer?.closed ?? Promise.resolve();
  }

  get count(): number {
    return this.#held.size;
  }

  /** Without a cost: no attempt is counted, and the job has its place again, in one step. */
  get takesBack(): boolean {
    const { uncharged, atomicNext } = this.#source.backend.can;
    return uncharged && atomicNext;
  }

  /** How many more its limit lets it have. */
  get room(): number {
    const { atOnce = Infinity, rate } = this.#source.limit ?? {};
    return Math.max(0, Math.min(atOnce - this.count, rate?.left ?? Infinity));
  }

  add(held: HeldJob, changed: () => void): HeldJob {
    this.#held.add(held);
    this.#source.limit?.rate?.began();
    return this.#source.named(held, (isHere) => {
      if (isHere) this.#held.add(held);
      else this.#held.delete(held);
      changed();
    });
  }

  /** A job that is lost leaves without a word. */
  forgetLost(): void {
    for (const held of this.#held) if (!held.isHeld) this.#held.delete(held);
  }

  want(window: number): void {
    if (window === this.#wanted) return;
    this.#wanted = window;
    this.#consumer?.window(window);
  }

  async stop(): Promise<void> {
    this.#source.limit?.rate?.stop();
    await this.#consumer?.stop();
  }

  async close(): Promise<void> {
    await this.#consumer?.close();
  }
}
