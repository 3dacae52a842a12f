/* Node ports: message channels of Node, and of Deno and Bun, which offer node:* too. */
import { MessageChannel, MessagePort } from "node:worker_threads";
import type { Transferable } from "node:worker_threads";
import type { Port, Ports } from "./port.ts";

class NodePort implements Port {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  post(message: unknown, transfer: readonly object[] = []): void {
    this.#port.postMessage(message, transfer as Transferable[]);
  }

  listen(heard: (said: unknown) => void, gone: () => void): () => void {
    this.#port.on("message", heard);
    this.#port.on("close", gone);
    this.#port.unref();
    return () => void this.#port.off("message", heard).off("close", gone);
  }

  close(): void {
    this.#port.close();
  }
}

/** Those of this runtime. */
export const NODE_PORTS: Ports = {
  channel() {
    const { port1, port2 } = new MessageChannel();
    return { own: new NodePort(port1), other: port2 };
  },
  taken: (other) => (other instanceof MessagePort ? new NodePort(other) : undefined),
};
