/* From callback: a handler of a function that says by a callback when it is done, as those that
 * were written for node-resque do.
 */
import { asError } from "../client/errors.ts";
import type { JobContext, Run } from "./job-definition.ts";

/** Called once: with what went wrong, or with the result. */
export type Done<Returned> = (error?: unknown, returned?: Returned) => void;

/** A handler that ends when `done` is called; what the function throws fails it as well. */
export function fromCallback<Payload, Returned = void, State = undefined>(
  run: (payload: Payload, done: Done<Returned>, context: JobContext<State>) => void,
): Run<State, Payload, Returned> {
  return (payload, context) =>
    new Promise<Returned>((resolve, reject) => {
      const done: Done<Returned> = (error, returned) => {
        if (error === undefined || error === null) resolve(returned as Returned);
        else reject(asError(error));
      };
      run(payload, done, context);
    });
}
