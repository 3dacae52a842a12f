/* Found jobs: a module whose handler runs whatever is in a tube, for a thread of any-job.test.ts.
 */
import { anyJob, bury } from "../../src/worker/public.ts";

export const found = anyJob("found", { onFailure: bury() });

export const handlers = [
  found.handler(({ type, payload }) => {
    const text = new TextDecoder().decode(payload as Uint8Array);
    if (type !== undefined || text === "fail") throw new Error("that is no plain text");
    return { text };
  }),
];
