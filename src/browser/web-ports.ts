/* Web ports: message channels of browsers, between pages and workers.
 *
 * Not every browser tells an end that the other one was closed, and none tells that of an end which
 * closed itself; so a closing end says it. That of a worker which is gone without a word is told
 * where the browser can; started-worker.ts notices it everywhere.
 */
import type { Port, Ports } from "../embedded/port.ts";

/** What an end says last. */
const CLOSED = "closed";

class WebPort implements Port {
  readonly #port: MessagePort;
  #gone: () => void = () => undefined;
  #isClosed = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  post(message: unknown, transfer: readonly object[] = []): void {
    if (!this.#isClosed) this.#port.postMessage(message, transfer as Transferable[]);
  }

  listen(heard: (said: unknown) => void, gone: () => void): () => void {
    this.#gone = gone;
    this.#port.addEventListener("close", () => this.#end());
    this.#port.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (data === CLOSED) this.#end();
      else if (!this.#isClosed) heard(data);
    });
    this.#port.start();
    return () => void (this.#gone = () => undefined);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#port.postMessage(CLOSED);
    this.#isClosed = true;
    this.#port.close();
    queueMicrotask(() => this.#tellGone());
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
    this.#tellGone();
  }

  #tellGone(): void {
    const gone = this.#gone;
    this.#gone = () => undefined;
    gone();
  }
}

/** Those of browsers. */
export const WEB_PORTS: Ports = {
  channel() {
    const { port1, port2 } = new MessageChannel();
    return { own: new WebPort(port1), other: port2 };
  },
  taken: (other) => (other instanceof MessagePort ? new WebPort(other) : undefined),
};
