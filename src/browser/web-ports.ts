/* Web ports: message channels of browsers, between pages and workers.
 *
 * Not every browser tells an end that the other one was closed, and none tells that of an end which
 * closed itself; so a closing end says it. Of one that is gone without a word, as a worker that was
 * terminated, the other end hears by thread-life.ts.
 */
import type { Port, Ports } from "../embedded/port.ts";
import { letGo, liveOn, watchLife } from "./thread-life.ts";

/** What an end says last. */
const CLOSED = "closed";

/** What an end says once: the name of the lock that is held where it is. */
interface LifeNews {
  readonly life: string;
}

class WebPort implements Port {
  readonly #port: MessagePort;
  #gone: () => void = () => undefined;
  #unwatch: () => void = () => undefined;
  #isListening = false;
  #isClosed = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  post(message: unknown, transfer: readonly object[] = []): void {
    if (!this.#isClosed) this.#port.postMessage(message, transfer as Transferable[]);
  }

  listen(heard: (said: unknown) => void, gone: () => void): () => void {
    this.#gone = gone;
    this.#isListening = true;
    this.#port.addEventListener("close", () => this.#end());
    this.#port.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (data === CLOSED) this.#end();
      else if (isLife(data)) this.#watch(data);
      else if (!this.#isClosed) heard(data);
    });
    this.#port.start();
    void liveOn().then((life) => this.post({ life } satisfies LifeNews));
    return () => void (this.#gone = () => undefined);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#port.postMessage(CLOSED);
    this.#leave();
    queueMicrotask(() => this.#tellGone());
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#leave();
    this.#tellGone();
  }

  #watch({ life }: LifeNews): void {
    if (!this.#isClosed) this.#unwatch = watchLife(life, () => this.#end());
  }

  #leave(): void {
    this.#isClosed = true;
    this.#port.close();
    this.#unwatch();
    if (this.#isListening) letGo();
  }

  #tellGone(): void {
    const gone = this.#gone;
    this.#gone = () => undefined;
    gone();
  }
}

function isLife(said: unknown): said is LifeNews {
  return typeof said === "object" && said !== null && "life" in said;
}

/** Those of browsers. */
export const WEB_PORTS: Ports = {
  channel() {
    const { port1, port2 } = new MessageChannel();
    return { own: new WebPort(port1), other: port2 };
  },
  taken: (other) => (other instanceof MessagePort ? new WebPort(other) : undefined),
};
