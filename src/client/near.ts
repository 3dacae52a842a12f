/* Near: puts, reserves and deletes where the other end is in this process and nothing else is under
 * way: they are done before the call returns, without a byte of the protocol.
 *
 * Invariants: what is asked here means what it means elsewhere; whatever is not the plain case is
 * done in the usual way, the rest of many that were begun here too. Used by client.ts.
 */
import type { NearCommands } from "../near-commands.ts";
import type { Caller } from "./caller.ts";
import { MANY_MAX } from "./command.ts";
import type { Body } from "./command-writer.ts";
import type { DeletedBatch } from "./commands/ends.ts";
import * as many from "./commands/many.ts";
import { isReadable } from "./commands/put.ts";
import type { Inserted, PutOptions } from "./commands/put.ts";
import { asError, SomeFailedError } from "./errors.ts";
import type { CallOptions, Job } from "./job.ts";
import { isPlain, plainPut } from "./plain-options.ts";
import { Slab } from "./slab.ts";

const DONE = Promise.resolve();

/** The near way of one client. What it returns is undefined where nothing was done. */
export class Near {
  readonly #caller: Caller;
  readonly #slab = new Slab();
  readonly #roomFor = (bytes: number): Uint8Array => this.#slab.cut(bytes);

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  get #commands(): NearCommands | undefined {
    return this.#caller.free?.near;
  }

  put(body: Body, options?: PutOptions & CallOptions): Promise<Inserted> | undefined {
    if (!isReadable(body)) return undefined;
    const [inserted] = this.#put([body], options);
    return inserted && Promise.resolve(inserted);
  }

  putMany(
    bodies: readonly Body[],
    options?: PutOptions & CallOptions,
  ): Promise<readonly Inserted[]> | undefined {
    if (!areBytes(bodies)) return undefined;
    const inserted = this.#put(bodies, options);
    if (inserted.length === bodies.length) return Promise.resolve(inserted);
    if (inserted.length === 0) return undefined;
    const rest = bodies.slice(inserted.length);
    return this.#caller
      .run(() => many.putMany(rest, options))
      .then((others) => [...inserted, ...others])
      .catch((error: unknown) => {
        throw withThose(inserted, rest.length, "put", error);
      });
  }

  #put(bodies: readonly Uint8Array[], options?: PutOptions & CallOptions): readonly Inserted[] {
    const inserted: Inserted[] = [];
    const how = plainPut(options);
    if (how === undefined) return inserted;
    const { pri, delaySeconds, ttrSeconds } = how;
    this.#commands?.putMany(bodies, pri, delaySeconds, ttrSeconds, (id, isBuried) => {
      inserted.push(isBuried ? { id, isNew: true, state: "buried" } : { id, isNew: true });
    });
    return inserted;
  }

  reserve(options: CallOptions): Promise<Job> | undefined {
    if (!isPlain(options)) return undefined;
    let job: Job | undefined;
    const { receiving } = this.#caller;
    this.#commands?.reserve(this.#roomFor, (id, body) => (job = receiving.hold(id, body)));
    return job && Promise.resolve(job);
  }

  reserveMany(count: number, options: CallOptions): Promise<readonly Job[]> | undefined {
    if (!Number.isInteger(count) || count < 1 || count > MANY_MAX) return undefined;
    const jobs = this.#reserve(count, options);
    return jobs.length > 0 ? Promise.resolve(jobs) : undefined;
  }

  #reserve(count: number, options: CallOptions): readonly Job[] {
    const jobs: Job[] = [];
    if (!isPlain(options)) return jobs;
    const { receiving } = this.#caller;
    while (jobs.length < count) {
      const some = this.#commands?.reserveMany(
        count - jobs.length,
        this.#roomFor,
        (id, body) => void jobs.push(receiving.hold(id, body)),
      );
      if (some === undefined || some === 0) break;
    }
    return jobs;
  }

  delete(id: number, options?: CallOptions): Promise<void> | undefined {
    if (options !== undefined && !isPlain(options)) return undefined;
    return this.#delete([id]) === 1 ? DONE : undefined;
  }

  deleteMany(ids: readonly number[], options?: CallOptions): Promise<DeletedBatch> | undefined {
    if (options !== undefined && !isPlain(options)) return undefined;
    const deleted = this.#delete(ids);
    if (deleted === ids.length) return Promise.resolve({ deleted, notFound: 0 });
    if (deleted === 0) return undefined;
    const rest = ids.slice(deleted);
    return this.#caller
      .run(() => many.deleteMany(rest, this.#caller.gone))
      .then((others) => ({ ...others, deleted: deleted + others.deleted }))
      .catch((error: unknown) => {
        throw withThose(
          Array.from({ length: deleted }, () => "deleted"),
          rest.length,
          "delete",
          error,
        );
      });
  }

  /** Deletes the first of them; returns how many. */
  #delete(ids: readonly number[]): number {
    if (!ids.every((id) => Number.isSafeInteger(id) && id >= 0)) return 0;
    const deleted = this.#commands?.deleteMany(ids) ?? 0;
    for (let index = 0; index < deleted; index++) this.#caller.gone(ids[index] ?? 0);
    return deleted;
  }
}

function areBytes(bodies: readonly Body[]): bodies is readonly Uint8Array[] {
  for (const body of bodies) if (!isReadable(body)) return false;
  return true;
}

/** What is told of many of which the rest, so many of them, has failed: something of each. */
function withThose(results: readonly unknown[], rest: number, what: string, error: unknown): Error {
  const others =
    error instanceof SomeFailedError
      ? error.results
      : Array.from({ length: rest }, () => asError(error));
  return new SomeFailedError(what, [...results, ...others]);
}
