/* Isolation: whether this page may share memory with its workers. An engine needs that; a browser
 * allows it to pages that are served with two headers, from https or from this machine.
 */
import { UnsupportedError } from "../worker/errors.ts";

/** The headers, as one says them. */
const HEADERS =
  "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";

/** Throws an UnsupportedError (HM_NOT_SUPPORTED) that says what to do where it may not. */
export function refuseUnlessIsolated(): void {
  if (!globalThis.crossOriginIsolated) {
    throw new UnsupportedError(
      "this page shares no memory with workers, so there is no queue in it: serve it, and the " +
        `scripts of its workers, with the headers ${HEADERS}, from https or localhost. A server's ` +
        'queue needs none of that: openQueue("wss://queue.example.org")',
    );
  }
  if ("waitAsync" in Atomics) return;
  throw new UnsupportedError(
    "this browser has no Atomics.waitAsync, so there is no queue in it; that of a server can be " +
      'used: openQueue("wss://queue.example.org")',
  );
}
