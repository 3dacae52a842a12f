/* Stand-in for node:timers/promises in a browser. */
import { setImmediate as soon } from "./timers.ts";

export function setImmediate(): Promise<void> {
  return new Promise((resolve) => soon(resolve));
}
