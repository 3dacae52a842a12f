/* Schedule program: one of many that set and keep the same schedule, on a server that may be away.
 *
 *   schedule-program.ts SOCKET
 *
 * It prints a line for each run: the moment that it was for, and the job's id. Started by
 * schedules.long.test.ts, and ended by a signal.
 */
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";

const [, , socket = ""] = process.argv;
const tick = defineJob("tick", { payload: unchecked<string>() });

const queue = await openQueue(`homemaker+unix:${socket}`);
const every = { every: "1s", job: tick, payload: "", overlap: "allow", missed: "all" } as const;
await queue.schedules.set("tick", every);
const worker = createWorker(queue, {
  handlers: [
    tick.handler((_, { job }) => console.log(`${job.schedule?.due.getTime() ?? 0} ${job.id}`)),
  ],
});
await worker.run();
