/* Results of: what comes of many jobs, as it comes. */
import type { AnyJob, ResultOf } from "./job-definition.ts";
import type { Enqueued, ResultOptions } from "./job-queue.ts";

/** What came of one of the jobs, as `Promise.allSettled` says it. */
export type JobOutcome<J extends AnyJob> = PromiseSettledResult<ResultOf<J>> & {
  readonly job: Enqueued<J>;
};

/**
 * What comes of each of these jobs, in the order in which they end: `status` is "fulfilled", with
 * the result as `value`, or "rejected", with what `result()` rejects with as `reason`. Never throws
 * itself; who leaves the loop waits for no more, and the jobs go on.
 *
 * @param options `timeout` is for each job, from the first step of the loop on; a minute if absent
 */
export async function* resultsOf<J extends AnyJob>(
  jobs: Iterable<Enqueued<J>>,
  { timeout, signal }: ResultOptions = {},
): AsyncGenerator<JobOutcome<J>, void, undefined> {
  const leaving = new AbortController();
  const ends = signal === undefined ? [leaving.signal] : [leaving.signal, signal];
  const options = { ...(timeout !== undefined && { timeout }), signal: AbortSignal.any(ends) };
  const come: JobOutcome<J>[] = [];
  let news = Promise.withResolvers<void>();
  let left = 0;
  const wait = async (job: Enqueued<J>): Promise<void> => {
    const [outcome] = await Promise.allSettled([job.result(options)]);
    come.push({ ...outcome, job });
    news.resolve();
  };
  for (const job of jobs) {
    left++;
    void wait(job);
  }
  try {
    while (left > 0) {
      await news.promise;
      news = Promise.withResolvers();
      for (let next = come.shift(); next !== undefined; next = come.shift()) {
        left--;
        yield next;
      }
    }
  } finally {
    leaving.abort();
  }
}
