/* Loopback: a server of pages for a browser of this machine, on the loopback address, and the
 * headers by which its pages may share memory with their workers.
 */
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** What a page is served with that may share memory. */
export const ISOLATING: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** A server that listens, until it is disposed of. */
export interface Loopback extends AsyncDisposable {
  readonly origin: string;
}

/** Listens on a port, any free one if none is given. */
export async function listenOnLoopback(answer: RequestListener, port = 0): Promise<Loopback> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => void http.listen(port, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
