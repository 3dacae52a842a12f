/* Place: on which host and in which process this runs, on Node, and on Deno and Bun, which offer
 * node:* too. Used by src/entries/.
 */
import { hostname } from "node:os";
import { pid } from "node:process";
import type { WorkerPlace } from "../worker/backend.ts";

/** This process's. */
export function thisPlace(): WorkerPlace {
  return { host: hostname(), pid };
}
