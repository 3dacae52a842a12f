/* SpreadBackend: several servers that know nothing of each other, as one back end.
 *
 * Invariants: a job is on one server, and its id says on which. One with a unique or an exclusive
 * key is on the server of that key, whether that is there or not: so the key holds over all. All
 * others go round those that are there. A server that is away costs what it has, and no more. What
 * it can do is what all can. Made by src/entries/.
 */
import { ClosedError, asError } from "../client/errors.ts";
import type { Clock } from "../clock.ts";
import { HomemakerError } from "../protocol/homemaker-error.ts";
import { DEFAULT_TUBE } from "../protocol/tube-name.ts";
import type { Cancelled, Capabilities, ConsumeOptions } from "./backend.ts";
import type { Consumer, HeldJob, PutOutcome, QueueBackend, QueueStats } from "./backend.ts";
import type { RawEnd, RawFilter, RawJob, RawStatus, WaitOptions } from "./backend.ts";
import type { Abortable } from "./enqueue-options.ts";
import { UnsupportedError } from "./errors.ts";
import { runKey } from "./schedule-body.ts";
import { SpreadConsumer } from "./spread-consumer.ts";
import { WatchedHeldJob } from "./watched-held-job.ts";
import { unsupported } from "./unsupported.ts";

/** One of the servers. */
export interface SpreadMember {
  /** Stands in ids. */
  readonly label: string;
  readonly backend: QueueBackend;
}

const DELAYS = ["none", "steps", "any"] as const;
const RESULTS = ["none", "waiting", "kept"] as const;
/** The job was not sent, or not taken: another server may have it. */
const ELSEWHERE = new Set(["HM_UNREACHABLE", "HM_NOT_SENT", "HM_DRAINING", "HM_OUT_OF_MEMORY"]);
const AWAY = new Set([...ELSEWHERE, "HM_LOST", "HM_TIMEOUT"]);
/** What the keys of all schedules' runs begin with. */
const RUN_PREFIX = runKey("x").slice(0, -1);
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/** A server, and whether it answers as far as is known. */
class Member {
  readonly label: string;
  readonly backend: QueueBackend;
  #isDown = false;
  #probing: Promise<void> | undefined;

  constructor({ label, backend }: SpreadMember) {
    this.label = label;
    this.backend = backend;
  }

  /** Whether jobs may be given to it; one that did not answer is asked anew meanwhile. */
  get isThere(): boolean {
    const isThere = !this.#isDown && this.backend.isUp !== false;
    if (!isThere && this.#probing === undefined) this.#probing = this.#probe();
    return isThere;
  }

  async #probe(): Promise<void> {
    try {
      await this.backend.stats(DEFAULT_TUBE); // not all can count all tubes
      this.#isDown = false;
    } catch {
      this.#isDown = true; // it is asked again by whoever wants to know next
    } finally {
      this.#probing = undefined;
    }
  }

  async put(jobs: readonly RawJob[], options: Abortable): Promise<readonly PutOutcome[]> {
    try {
      const outcomes = await this.backend.put(jobs, options);
      this.#isDown ||= outcomes.some((outcome) => "error" in outcome && isOf(AWAY, outcome.error));
      return outcomes;
    } catch (error) {
      options.signal?.throwIfAborted();
      this.#isDown ||= isOf(AWAY, error);
      return jobs.map(() => ({ error: asError(error) }));
    }
  }

  /** How much it likes a key: of all servers the one that likes it most has it. */
  liking(key: string): number {
    let hash = HASH_START;
    for (const character of `${key}\0${this.label}`) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), HASH_PRIME) >>> 0;
    }
    return Math.imul(hash ^ (hash >>> 15), HASH_PRIME) >>> 0;
  }
}

/** Jobs on several servers. */
export class SpreadBackend implements QueueBackend {
  readonly name = "spread";
  readonly #members: readonly Member[];
  readonly #clock: Clock;
  readonly #consumers = new Set<SpreadConsumer>();
  #next = 0;
  #isClosed = false;

  /** One member or more, and no two with the same label. */
  constructor(members: readonly SpreadMember[], clock: Clock) {
    this.#members = members.map((member) => new Member(member));
    this.#clock = clock;
  }

  get can(): Capabilities {
    const all = this.#members.map(({ backend }) => backend.can);
    const [first, ...others] = all;
    if (first === undefined) throw new RangeError("a spread has a server");
    return others.reduce(both, first);
  }

  async put(jobs: readonly RawJob[], options: Abortable = {}): Promise<readonly PutOutcome[]> {
    options.signal?.throwIfAborted();
    if (this.#isClosed) {
      const error = new ClosedError("the queue is closed");
      return jobs.map(() => ({ error }));
    }
    const outcomes: PutOutcome[] = [];
    const byMember = new Map<Member, number[]>();
    for (const [at, job] of jobs.entries()) {
      const member = this.#memberFor(job);
      if (member instanceof Error) outcomes[at] = { error: member };
      else byMember.set(member, [...(byMember.get(member) ?? []), at]);
    }
    await Promise.all(
      [...byMember].map(async ([member, places]) => {
        const own = places.flatMap((at) => jobs[at] ?? []);
        const put = await this.#putOn(member, own, options);
        for (const [place, at] of places.entries()) {
          const outcome = put[place];
          if (outcome !== undefined) outcomes[at] = outcome;
        }
      }),
    );
    return outcomes;
  }

  /** On that server; what it did not take, and is bound to none, on the next one that is there. */
  async #putOn(
    first: Member,
    jobs: readonly RawJob[],
    options: Abortable,
  ): Promise<readonly PutOutcome[]> {
    const outcomes: PutOutcome[] = [];
    let left = [...jobs.keys()];
    const others = this.#members.filter((member) => member !== first);
    for (const member of [first, ...others]) {
      if (left.length === 0) break;
      if (member !== first && !member.isThere) continue;
      const put = await member.put(
        left.flatMap((at) => jobs[at] ?? []),
        options,
      );
      for (const [place, at] of left.entries()) {
        const outcome = put[place];
        if (outcome !== undefined) outcomes[at] = named(outcome, member.label);
      }
      left = left.filter((at) => {
        const outcome = outcomes[at];
        const isRefused = outcome !== undefined && "error" in outcome;
        return isRefused && isOf(ELSEWHERE, outcome.error) && boundTo(jobs[at]) === undefined;
      });
    }
    return outcomes;
  }

  #memberFor(job: RawJob): Member | Error {
    if (job.unique !== undefined && job.exclusive !== undefined) {
      return new UnsupportedError("spread: a job has a unique key or an exclusive one, not both");
    }
    const key = boundTo(job);
    if (key !== undefined) return this.#keeperOf(key);
    const there = this.#members.filter(({ isThere }) => isThere);
    const among = there.length === 0 ? this.#members : there;
    return among[this.#next++ % among.length] ?? new RangeError("a spread has a server");
  }

  #keeperOf(key: string): Member {
    return this.#members.reduce((best, member) =>
      member.liking(key) > best.liking(key) ? member : best,
    );
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    const sources = this.#members.map((member) => ({
      backend: member.backend,
      tubes,
      named: (held: HeldJob, moved: (isHere: boolean) => void) =>
        new WatchedHeldJob(held, {
          id: `${held.id}@${member.label}`,
          moved,
          putBefore: (next) => this.#putBefore(member, next),
        }),
    }));
    const consumer = new SpreadConsumer(sources, options, { clock: this.#clock, isOne: false });
    this.#consumers.add(consumer);
    void consumer.closed.then(() => this.#consumers.delete(consumer));
    return consumer;
  }

  /** Puts those that belong to other servers; returns the rest. */
  async #putBefore(member: Member, next: readonly RawJob[]): Promise<readonly RawJob[]> {
    const elsewhere = next.filter((job) => {
      const key = boundTo(job);
      const isRun = job.unique?.key.startsWith(RUN_PREFIX) === true;
      return key !== undefined && !isRun && this.#keeperOf(key) !== member;
    });
    if (elsewhere.length === 0) return next;
    const outcomes = await this.put(elsewhere);
    for (const outcome of outcomes) if ("error" in outcome) throw outcome.error;
    return next.filter((job) => !elsewhere.includes(job));
  }

  async status(id: string, options?: Abortable): Promise<RawStatus | undefined> {
    const [member, own] = this.#whose(id);
    const status = await member?.backend.status(own, options);
    return status === undefined ? undefined : { ...status, id };
  }

  async end(id: string, options: WaitOptions): Promise<RawEnd | undefined> {
    const [member, own] = this.#whose(id);
    return member?.backend.end(own, options);
  }

  async cancel(id: string, options?: Abortable): Promise<Cancelled> {
    const [member, own] = this.#whose(id);
    return member === undefined ? "not-found" : member.backend.cancel(own, options);
  }

  async move(id: string, tube: string, options?: Abortable): Promise<boolean> {
    const [member, own] = this.#whose(id);
    return member !== undefined && member.backend.move(own, tube, options);
  }

  async retry(id: string, options?: Abortable): Promise<boolean> {
    const [member, own] = this.#whose(id);
    return member !== undefined && member.backend.retry(own, options);
  }

  /** Those of servers that are there. */
  async *list(filter: RawFilter): AsyncIterable<RawStatus> {
    if (!this.can.listing) await unsupported(this.name, "lists of jobs");
    for (const { backend, label } of this.#members) {
      try {
        for await (const status of backend.list(filter)) {
          yield { ...status, id: `${status.id}@${label}` };
        }
      } catch (error) {
        if (!isOf(AWAY, error)) throw error;
      }
    }
  }

  async pause(tube: string, options?: Abortable): Promise<void> {
    if (!this.can.pause) await unsupported(this.name, "pauses");
    await this.#all(({ backend }) => backend.pause(tube, options));
  }

  async resume(tube: string, options?: Abortable): Promise<void> {
    if (!this.can.pause) await unsupported(this.name, "pauses");
    await this.#all(({ backend }) => backend.resume(tube, options));
  }

  /** Of servers that are there; rejects if none is. */
  async stats(tube: string | undefined, options?: Abortable): Promise<QueueStats> {
    const asked = await Promise.allSettled(
      this.#members.map(({ backend }) => backend.stats(tube, options)),
    );
    const told = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const failed = asked.flatMap((one) => (one.status === "rejected" ? [asError(one.reason)] : []));
    const worst = failed.find((error) => !isOf(AWAY, error)) ?? failed[0];
    if (worst !== undefined && (told.length === 0 || !isOf(AWAY, worst))) throw worst;
    return told.reduce((sum, one) => ({
      available: sum.available + one.available,
      scheduled: sum.scheduled + one.scheduled,
      active: sum.active + one.active,
      discarded: sum.discarded + one.discarded,
      workers: sum.workers + one.workers,
    }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    await this.#all(({ backend }) => backend.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Does it on each; rejects with the first error when all have been asked. */
  async #all(run: (member: Member) => Promise<void>): Promise<void> {
    const done = await Promise.allSettled(this.#members.map(run));
    for (const one of done) if (one.status === "rejected") throw asError(one.reason);
  }

  /** The server that an id names, and the id there. */
  #whose(id: string): readonly [Member | undefined, string] {
    const member = this.#members.find(({ label }) => id.endsWith(`@${label}`));
    return [member, member === undefined ? id : id.slice(0, -member.label.length - 1)];
  }
}

/** The key that says which server a job belongs to. */
function boundTo(job: RawJob | undefined): string | undefined {
  if (job?.exclusive !== undefined) return `exclusive/${job.exclusive.key}`;
  return job?.unique === undefined ? undefined : `unique/${job.tube}/${job.unique.key}`;
}

function named(outcome: PutOutcome, label: string): PutOutcome {
  return "id" in outcome ? { ...outcome, id: `${outcome.id}@${label}` } : outcome;
}

/** What both can. */
function both(one: Capabilities, other: Capabilities): Capabilities {
  const delay = DELAYS[Math.min(DELAYS.indexOf(one.delay), DELAYS.indexOf(other.delay))] ?? "none";
  const results =
    RESULTS[Math.min(RESULTS.indexOf(one.results), RESULTS.indexOf(other.results))] ?? "none";
  return {
    delay,
    results,
    priority: one.priority && other.priority,
    unique: one.unique && other.unique,
    exclusive: one.exclusive && other.exclusive,
    fair: one.fair && other.fair,
    expiry: one.expiry && other.expiry,
    attemptsMax: one.attemptsMax && other.attemptsMax,
    atomicNext: one.atomicNext && other.atomicNext,
    uncharged: one.uncharged && other.uncharged,
    failures: one.failures && other.failures,
    progress: one.progress && other.progress,
    cancelRunning: one.cancelRunning && other.cancelRunning,
    listing: one.listing && other.listing,
    move: one.move && other.move,
    retry: one.retry && other.retry,
    pause: one.pause && other.pause,
    lookup: one.lookup && other.lookup,
    leases: one.leases && other.leases,
    stats: one.stats === "all" ? other.stats : one.stats,
    durable: one.durable && other.durable,
  };
}

function isOf(codes: ReadonlySet<string>, error: unknown): boolean {
  return error instanceof HomemakerError && codes.has(error.code);
}
