/* Around: a back end that is another one, but for what a test has it do itself. */
import type { QueueBackend } from "../../src/entries/queue.ts";

/** A back end that hands on to `backend` what `own` does not have. */
export function around(backend: QueueBackend, own: Partial<QueueBackend>): QueueBackend {
  return {
    name: backend.name,
    can: backend.can,
    put: (jobs, options) => backend.put(jobs, options),
    consume: (tubes, options) => backend.consume(tubes, options),
    status: (id, options) => backend.status(id, options),
    end: (id, options) => backend.end(id, options),
    cancel: (id, options) => backend.cancel(id, options),
    move: (id, tube, options) => backend.move(id, tube, options),
    retry: (id, options) => backend.retry(id, options),
    list: (filter) => backend.list(filter),
    pause: (tube, options) => backend.pause(tube, options),
    resume: (tube, options) => backend.resume(tube, options),
    stats: (tube, options) => backend.stats(tube, options),
    close: () => backend.close(),
    [Symbol.asyncDispose]: () => backend.close(),
    ...own,
  };
}
