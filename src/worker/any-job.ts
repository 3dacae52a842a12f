/* AnyJob: all jobs of a tube that a worker has no handler for, of whatever kind: dead letters, and
 * jobs of other programs. Made by users, looked for by worker.ts.
 */
import { defineJob } from "./define-job.ts";
import type { JobOptions } from "./define-job.ts";
import { BadOptionError } from "./errors.ts";
import { on } from "./handler.ts";
import type { JobDefinition } from "./job-definition.ts";
import { unchecked } from "./standard-schema.ts";

/** A job as it was found. */
export interface FoundJob {
  /** The name of its definition; undefined if some other program put it. */
  readonly type: string | undefined;
  /** A value if it was put as JSON, else its bytes. */
  readonly payload: unknown;
}

/** What holds for each attempt at such a job. */
export type AnyJobOptions = Pick<
  JobOptions<FoundJob>,
  "lease" | "onFailure" | "onSuccess" | "timeout"
>;

/** A definition of what nobody defined. */
export type AnyJobDefinition = JobDefinition<string, never, FoundJob, unknown, unknown>;

/** By what it is found; definitions of users have no such names. */
export function anyJobName(tube: string): string {
  return `\0any of ${tube}`;
}

/** All jobs of a tube that have no handler of their own. Throws a BadOptionError. */
export function anyJob(tube: string, options: AnyJobOptions = {}): AnyJobDefinition {
  const base = defineJob(anyJobName(tube), {
    ...options,
    tube,
    payload: unchecked<FoundJob>(),
    result: unchecked<unknown>(),
  });
  const { name, version, settings } = base;
  const any: AnyJobDefinition = {
    name,
    tube,
    version,
    settings,
    handler: (run) => on<undefined, AnyJobDefinition>(any, run),
    keysOf: () => ({}),
    prepare() {
      throw new BadOptionError(`anyJob(${tube}): a job is enqueued by its own definition`);
    },
    payloadOf: ({ type, data }) => ({ type, payload: data }),
    encodeResult: (returned) => base.encodeResult(returned),
    decodeResult: (result) => base.decodeResult(result),
  };
  return any;
}
