/* Async storage: what is known of whoever calls, however many awaits lie between: what was stored
 * around the function that calls, on Node, Deno and Bun. Used by src/entries/testing.ts.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** Storage with nothing in it. */
export function asyncStorage<Stored>(): AsyncLocalStorage<Stored> {
  return new AsyncLocalStorage<Stored>();
}
