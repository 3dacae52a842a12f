/* Handler: joins a definition with the code that runs it. Workers hand `on` out, so that the type
 * of their state is inferred.
 */
import type { AnyJob, Handler, PayloadOf, ReturnedOf, Run } from "./job-definition.ts";

/** A handler. */
export function on<State, J extends AnyJob>(
  job: J,
  run: Run<State, PayloadOf<J>, ReturnedOf<J>>,
): Handler<State> {
  return { job, run };
}
