/* Mutant walks: the thread of mutant-walker.ts. It is sent what to walk, and sends back what went
 * wrong, or undefined.
 */
import { parentPort } from "node:worker_threads";
import { walkAtRandom } from "./walk.ts";
import type { WalksOptions } from "./walk.ts";

function faultOn(options: WalksOptions): string | undefined {
  try {
    walkAtRandom(options);
    return undefined;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const [message = ""] = String(cause).split("\n", 1);
    // Time was up, and no fault had been seen.
    return message.includes("Property interrupted") ? undefined : message;
  }
}

parentPort?.on("message", (options: WalksOptions) => {
  parentPort?.postMessage(faultOn(options));
});
