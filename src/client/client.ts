/* Client: the protocol as methods, one for each command and by its name, over a connection that is
 * made anew when it is lost.
 *
 * Invariants: what is called in one turn leaves together, in that order. What each command does is
 * docs/protocol.md's; what its answer means here is in commands/. Users get a client from `connect`
 * (src/entries/client.ts).
 */
import type { ReserveMode } from "../protocol/reserve-mode.ts";
import type { Done } from "./awaits.ts";
import { Caller } from "./caller.ts";
import type { CallerLimits } from "./caller.ts";
import type { Body } from "./command-writer.ts";
import { batch, BatchBuilder } from "./commands/batch.ts";
import type { BatchCommand, BatchResults } from "./commands/batch.ts";
import * as ends from "./commands/ends.ts";
import * as looks from "./commands/looks.ts";
import * as many from "./commands/many.ts";
import { put } from "./commands/put.ts";
import type { Inserted, PutOptions } from "./commands/put.ts";
import { reserveBatch, reserveJob } from "./commands/reserves.ts";
import * as tubes from "./commands/tubes.ts";
import type { ClientPlace, TubeSettings } from "./commands/tubes.ts";
import { Direct } from "./direct.ts";
import type { Facts } from "./document.ts";
import { BadCommandError } from "./errors.ts";
import type { CallOptions, FinishOptions, Job, JobOwner } from "./job.ts";
import type { JobStream } from "./job-stream.ts";
import type { Places } from "./endpoint.ts";
import type { Surroundings } from "./link.ts";
import { Near } from "./near.ts";
import type { PushListener } from "./receiving.ts";
import { Support } from "./support.ts";
import type { Feature } from "./support.ts";

const PAGE_DEFAULT = 100;
const WINDOW_DEFAULT = 16;
const NO_OPTIONS: CallOptions = {};

/** One client of one server. */
export class Client implements JobOwner, AsyncDisposable {
  readonly #caller: Caller;
  readonly #near: Near;
  readonly #direct: Direct;

  /** Called by `connect` only. */
  constructor(places: Places, around: Surroundings, limits: CallerLimits) {
    this.#caller = new Caller(places, around, limits, this);
    this.#near = new Near(this.#caller);
    this.#direct = new Direct(this.#caller);
  }

  /** Whether there is a connection now. Calls may be made at any time. */
  get isConnected(): boolean {
    return this.#caller.link.isConnected;
  }

  /** The server's version; undefined of a plain beanstalkd. */
  get serverVersion(): string | undefined {
    return this.#caller.link.support?.version;
  }

  /** Whether the server knows a command, a tag (`"tag:idp"`) or the like. */
  can(feature: Feature): boolean {
    return (this.#caller.link.support ?? Support.plain).has(feature);
  }

  /** Resolves when there is a connection. */
  connected(options: CallOptions = NO_OPTIONS): Promise<void> {
    return this.#caller.connected(options);
  }

  /**
   * Resolves when little waits to be sent and answered: so a producer goes no faster than it can.
   */
  room(): Promise<void> {
    return this.#caller.link.room();
  }

  /** Tells what comes unasked, until what is returned is disposed of. */
  listen(listener: PushListener): Disposable {
    return this.#caller.receiving.listen(listener);
  }

  /**
   * Jobs as they come: `for await (const job of client.jobs())`. At most `window` are held at a
   * time, those in the loop's hands included. The signal ends the loop.
   */
  jobs(options: { readonly window?: number; readonly signal?: AbortSignal } = {}): JobStream {
    return this.#caller.jobs(options.window ?? WINDOW_DEFAULT, options.signal);
  }

  /** Ends it: waits for the answers that are due, gives back what nobody took, and hangs up. */
  close(): Promise<void> {
    return this.#caller.close();
  }

  /** `quit`: the same. */
  quit(): Promise<void> {
    return this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /* Producers. */

  put(body: Body, options?: PutOptions & CallOptions): Promise<Inserted> {
    return (
      this.#near.put(body, options) ??
      this.#direct.put(body, options) ??
      this.#caller.run(() => put(body, options), options)
    );
  }

  /**
   * `put` of each body in their order, all with the same options: what `Promise.all` of so many
   * puts comes to, for a tenth of what these cost. Rejects with a SomeFailedError unless all were
   * taken, also where the time is over or the signal aborted once they were sent.
   */
  putMany(
    bodies: readonly Body[],
    options?: PutOptions & CallOptions,
  ): Promise<readonly Inserted[]> {
    if (bodies.length === 0) return Promise.resolve([]);
    return (
      this.#near.putMany(bodies, options) ??
      this.#caller.run(() => many.putMany(bodies, options), options)
    );
  }

  use(tube: string, options?: CallOptions): Promise<string> {
    return this.#caller.run(() => tubes.use(tube, this.#caller.state), options);
  }

  /** Carries out commands in one step, all or none; returns what came of each. */
  batch<const Commands extends readonly BatchCommand<unknown>[]>(
    build: (commands: BatchBuilder) => Commands,
    options?: CallOptions,
  ): Promise<BatchResults<Commands>> {
    const { state, gone } = this.#caller;
    return this.#caller.run(() => batch(build(new BatchBuilder(state, gone))), options);
  }

  /* Workers. */

  /**
   * Waits until there is a job. While a window is open, jobs come by that alone. Where the queue is
   * in this process, bodies share one `ArrayBuffer`, each beginning at a multiple of 8 bytes: copy
   * one with `slice()` before its buffer is transferred, or if it is kept for long.
   */
  reserve(options: CallOptions = NO_OPTIONS): Promise<Job> {
    return (
      this.#near.reserve(options) ??
      this.#direct.reserve(options, this.#waitForJob) ??
      this.#waitForJob(options)
    );
  }

  readonly #waitForJob = async (options: CallOptions = NO_OPTIONS): Promise<Job> => {
    for (;;) {
      const job = await this.#caller.reserveFor(undefined, options);
      if (job !== undefined) return job;
      // A reserve is also over when its connection is, or where a window is open.
      if (this.#caller.state.window > 0) throw new BadCommandError("reserve: a window is open");
    }
  };

  /** A job, or undefined if none came within so many seconds. */
  reserveWithTimeout(seconds: number, options: CallOptions = NO_OPTIONS): Promise<Job | undefined> {
    return this.#caller.reserveFor(seconds, options);
  }

  /** A certain job, or undefined if there is no such job that nobody holds. */
  reserveJob(id: number, options?: CallOptions): Promise<Job | undefined> {
    return this.#caller.run(() => reserveJob(id, this.#caller.receiving), options);
  }

  /** Up to so many jobs, without waiting. */
  reserveBatch(count: number, options?: CallOptions): Promise<readonly Job[]> {
    return this.#caller.run(() => reserveBatch(count, this.#caller.receiving), options);
  }

  /**
   * Up to so many jobs, without waiting, on whatever server. The bodies of jobs that came together,
   * or one after the other where the queue is in this process, lie in one piece of memory, which
   * stays for as long as one of them is used: copy the body of a job that is kept when the others
   * are gone.
   */
  reserveMany(count: number, options: CallOptions = NO_OPTIONS): Promise<readonly Job[]> {
    return this.#near.reserveMany(count, options) ?? this.#caller.reserveMany(count, options);
  }

  reserveMode(mode: ReserveMode, options?: CallOptions): Promise<void> {
    return this.#caller.run(() => tubes.reserveMode(mode, this.#caller.state), options);
  }

  /** How many tubes are watched now. */
  watch(tube: string, options: { readonly weight?: number } & CallOptions = {}): Promise<number> {
    const { weight } = options;
    return this.#caller.run(() => tubes.watch(tube, weight, this.#caller.state), options);
  }

  /** How many tubes are watched now. */
  ignore(tube: string, options?: CallOptions): Promise<number> {
    return this.#caller.run(() => tubes.ignore(tube, this.#caller.state), options);
  }

  /**
   * Has jobs sent to `listen` while fewer than so many are held; see `jobs` for a loop, the window
   * of which this changes.
   */
  window(size: number, options?: CallOptions): Promise<void> {
    this.#caller.receiving.stream?.resize(size);
    return this.#caller.run(() => tubes.window(size, this.#caller.state), options);
  }

  delete(id: number, options?: CallOptions): Promise<void> {
    return (
      this.#near.delete(id, options) ??
      this.#direct.delete(id, options) ??
      this.#caller.run(() => ends.remove(id, this.#caller.gone), options)
    );
  }

  deleteBatch(ids: readonly number[], options?: CallOptions): Promise<ends.DeletedBatch> {
    return this.#caller.run(() => ends.deleteBatch(ids, this.#caller.gone), options);
  }

  /**
   * `delete` of each, in their order, on whatever server. Rejects with a SomeFailedError where one
   * came to something else than being deleted or not being there, or was not answered in time.
   */
  deleteMany(ids: readonly number[], options?: CallOptions): Promise<ends.DeletedBatch> {
    if (ids.length === 0) return Promise.resolve({ deleted: 0, notFound: 0 });
    return (
      this.#near.deleteMany(ids, options) ??
      this.#caller.run(() => many.deleteMany(ids, this.#caller.gone), options)
    );
  }

  release(id: number, options: ends.ReleaseOptions & CallOptions = {}): Promise<ends.Queued> {
    return this.#caller.run(() => ends.release(id, options, this.#caller.gone), options);
  }

  bury(id: number, options: ends.BuryOptions & CallOptions = {}): Promise<void> {
    return this.#caller.run(() => ends.bury(id, options, this.#caller.gone), options);
  }

  handBack(
    id: number,
    options: { readonly delaySeconds?: number } & CallOptions = {},
  ): Promise<ends.Queued> {
    const { delaySeconds = 0 } = options;
    return this.#caller.run(() => ends.handBack(id, delaySeconds, this.#caller.gone), options);
  }

  touch(id: number, options?: CallOptions): Promise<void> {
    return this.#caller.run(() => ends.touch(id, this.#caller.lost), options);
  }

  progress(id: number, note: Body, options?: CallOptions): Promise<void> {
    return this.#caller.run(() => ends.progress(id, note, this.#caller.lost), options);
  }

  finish(id: number, result: Body, options: FinishOptions & CallOptions = {}): Promise<void> {
    const { keepSeconds = ends.KEEP_DEFAULT_SECONDS } = options;
    return this.#caller.run(() => ends.finish(id, result, keepSeconds, this.#caller.gone), options);
  }

  move(
    id: number,
    tube: string,
    options: { readonly failure?: Body } & CallOptions = {},
  ): Promise<ends.Queued> {
    return this.#caller.run(() => ends.move(id, tube, options.failure, this.#caller.gone), options);
  }

  /**
   * Says what this client is called, for people who look at the server; the next connection is
   * called the same.
   */
  clientName(name: string, options: ClientPlace & CallOptions = {}): Promise<void> {
    return this.#caller.run(() => tubes.clientName(name, options, this.#caller.state), options);
  }

  /**
   * Shows a token, from then on first on each connection. `connect` does it by its option `token`,
   * before anything else.
   */
  auth(token: string, options?: CallOptions): Promise<void> {
    return this.#caller.run(() => tubes.auth(token, this.#caller.state), options);
  }

  /** This connection's token, which another one may vouch with. A new connection has another. */
  session(options?: CallOptions): Promise<string> {
    return this.#caller.run(() => tubes.session(), options);
  }

  /** How many jobs stay with that connection for so long. */
  vouch(token: string, seconds: number, options?: CallOptions): Promise<number> {
    return this.#caller.run(() => tubes.vouch(token, seconds), options);
  }

  /* Looking. */

  /** Waits until a job has ended, as long as that takes. */
  await(id: number, options: CallOptions = NO_OPTIONS): Promise<Done> {
    return this.#caller.done(id, options);
  }

  peek(id: number, options?: CallOptions): Promise<looks.Seen | undefined> {
    return this.#caller.run(() => looks.peek("peek", id), options);
  }

  peekReady(options?: CallOptions): Promise<looks.Seen | undefined> {
    return this.#caller.run(() => looks.peek("peek-ready"), options);
  }

  peekDelayed(options?: CallOptions): Promise<looks.Seen | undefined> {
    return this.#caller.run(() => looks.peek("peek-delayed"), options);
  }

  peekBuried(options?: CallOptions): Promise<looks.Seen | undefined> {
    return this.#caller.run(() => looks.peek("peek-buried"), options);
  }

  peekReserved(options?: CallOptions): Promise<looks.Seen | undefined> {
    return this.#caller.run(() => looks.peek("peek-reserved"), options);
  }

  peekFailure(id: number, options?: CallOptions): Promise<looks.Seen | undefined> {
    return this.#caller.run(() => looks.peek("peek-failure", id), options);
  }

  peekProgress(id: number, options?: CallOptions): Promise<looks.Seen | undefined> {
    return this.#caller.run(() => looks.peek("peek-progress", id), options);
  }

  stats(options?: CallOptions): Promise<Facts> {
    return this.#caller.run(() => looks.describe("stats"), options);
  }

  statsTube(tube: string, options?: CallOptions): Promise<Facts | undefined> {
    return this.#caller.run(() => looks.describeOne("stats-tube", tube), options);
  }

  statsGroup(name: string, options?: CallOptions): Promise<Facts | undefined> {
    return this.#caller.run(() => looks.describeOne("stats-group", name), options);
  }

  statsJob(id: number, options?: CallOptions): Promise<Facts | undefined> {
    return this.#caller.run(() => looks.describeOne("stats-job", id), options);
  }

  /** Why nobody gets a job, and what stands before it. */
  explain(id: number, options?: CallOptions): Promise<Facts | undefined> {
    return this.#caller.run(() => looks.describeOne("explain", id), options);
  }

  listTubes(options?: CallOptions): Promise<readonly string[]> {
    return this.#caller.run(() => looks.listNames("list-tubes"), options);
  }

  listTubesWatched(options?: CallOptions): Promise<readonly string[]> {
    return this.#caller.run(() => looks.listNames("list-tubes-watched"), options);
  }

  listTubeUsed(options?: CallOptions): Promise<string> {
    return this.#caller.run(() => looks.tubeUsed(), options);
  }

  /** A page of a tube's jobs; undefined if there is no such tube. */
  listJobs(
    tube: string,
    state: looks.ListedState,
    options: { readonly after?: number; readonly limit?: number } & CallOptions = {},
  ): Promise<looks.JobPage | undefined> {
    const { after = 0, limit = PAGE_DEFAULT } = options;
    return this.#caller.run(() => looks.listJobs(tube, state, after, limit), options);
  }

  listFailures(id: number, options?: CallOptions): Promise<readonly Facts[] | undefined> {
    return this.#caller.run(() => looks.listFailures(id), options);
  }

  features(options?: CallOptions): Promise<Facts> {
    return this.#caller.run(() => looks.features(), options);
  }

  /* Managing. */

  /** How many jobs are ready now that were buried, or delayed. */
  kick(bound: number, options?: CallOptions): Promise<number> {
    return this.#caller.run(() => tubes.kick(bound), options);
  }

  kickJob(id: number, options?: CallOptions): Promise<void> {
    return this.#caller.run(() => ends.kickJob(id), options);
  }

  updateJob(
    id: number,
    pri: number,
    options: { readonly delaySeconds?: number } & CallOptions = {},
  ): Promise<ends.Queued> {
    return this.#caller.run(() => ends.updateJob(id, pri, options.delaySeconds), options);
  }

  cancel(id: number, options?: CallOptions): Promise<"cancelled" | "cancelling"> {
    return this.#caller.run(() => ends.cancel(id), options);
  }

  pauseTube(tube: string, seconds: number, options?: CallOptions): Promise<void> {
    return this.#caller.run(() => tubes.pauseTube(tube, seconds), options);
  }

  /** How many jobs are gone. */
  flushTube(tube: string, options?: CallOptions): Promise<number> {
    return this.#caller.run(() => tubes.flushTube(tube), options);
  }

  setTube(tube: string, settings: TubeSettings, options?: CallOptions): Promise<void> {
    return this.#caller.run(() => tubes.setTube(tube, settings), options);
  }

  drain(options?: CallOptions): Promise<void> {
    return this.#caller.run(() => tubes.drain("drain"), options);
  }

  undrain(options?: CallOptions): Promise<void> {
    return this.#caller.run(() => tubes.drain("undrain"), options);
  }

  /**
   * Has another server lead, if at least so many stand by: one, if nothing is said. The connection
   * ends soon after; with the addresses of all servers the next one is to who leads then.
   */
  stepDown(options: { readonly standbys?: number } & CallOptions = {}): Promise<void> {
    return this.#caller.run(() => tubes.stepDown(options.standbys ?? 1), options);
  }
}
