/* Sharing: a queue of this thread for other threads of the program, over message ports.
 *
 *   thread that joined: client -> PortWire ====> port -> wire -> session: thread that opened it
 *
 * All sessions run on the thread that opened the queue, which alone is in the engine's memory. So a
 * thread that vanishes, however it does, holds no lock and leaves nothing half done: its ports are
 * closed by the runtime, its sessions end as those of a lost connection do, and its jobs go back.
 * Each thread has a port of its own to ask for connections by; each connection has one for its
 * bytes. Ports keep no thread alive. Used by embedded-backend.ts and src/entries/.
 */
import { MessageChannel } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { ClosedError } from "../client/errors.ts";
import type { Wire, WireListener } from "../client/wire.ts";
import type { QueueBackend } from "../worker/backend.ts";
import { UnsupportedError } from "../worker/errors.ts";
import type { SharedQueue } from "./shared-queue.ts";

/** What the thread that has the queue says on a connection's port, beside bytes. */
export type PortNews =
  /** So many bytes have been taken. */
  | { readonly taken: number }
  /** It is over; why, unless this thread asked for it, and whether the queue was closed. */
  | { readonly over: string | undefined; readonly isClosed: boolean };

/** What is said on a connection's port, beside bytes, by the thread that joined. */
export const FINISH = "finish";

/** Gives connections: a broker (broker/broker.ts). */
interface WireSource {
  wire(listener: WireListener): Wire;
}

/** The queues of this thread that can be shared, by what keeps their jobs. */
const sharings = new WeakMap<QueueBackend, Sharing>();

/** Throws an UnsupportedError where the jobs are not in this thread. */
export function sharedOf(backend: QueueBackend): SharedQueue {
  const sharing = sharings.get(backend);
  if (sharing !== undefined) return sharing.share();
  throw new UnsupportedError(
    `a queue of the kind ${backend.name} is not shared: other threads open it as this one did`,
  );
}

/** One queue, and the threads that have joined it or may. */
export class Sharing {
  readonly #source: WireSource;
  readonly #isDurable: boolean;
  readonly #ports = new Set<MessagePort>();
  #isOver = false;

  constructor(source: WireSource, isDurable: boolean) {
    this.#source = source;
    this.#isDurable = isDurable;
  }

  /** From now on that back end's queue can be shared. */
  offer(backend: QueueBackend): void {
    sharings.set(backend, this);
  }

  /** For one more thread. */
  share(): SharedQueue {
    const { port1, port2 } = new MessageChannel();
    if (this.#isOver) port1.close();
    else this.#serve(port1);
    return { isDurable: this.#isDurable, port: port2 };
  }

  /** The queue is closed, or of no use any more: whoever has joined it hears that. */
  close(): void {
    this.#isOver = true;
    for (const port of this.#ports) port.close();
    this.#ports.clear();
  }

  #serve(port: MessagePort): void {
    this.#ports.add(port);
    port.on("message", (connection: MessagePort) => this.#connect(connection));
    port.on("close", () => this.#ports.delete(port));
    port.unref();
  }

  #connect(port: MessagePort): void {
    const over = (cause: Error | undefined): void => {
      const isClosed = cause instanceof ClosedError;
      port.postMessage({ over: cause?.message, isClosed } satisfies PortNews);
      port.close();
    };
    let untaken = 0;
    const told = (wire: Wire): void => {
      if (wire.backlogBytes > 0 || untaken === 0) return;
      port.postMessage({ taken: untaken } satisfies PortNews);
      untaken = 0;
    };
    let wire: Wire;
    try {
      wire = this.#source.wire({
        received: (bytes) => post(port, bytes),
        ended: over,
        drained: () => told(wire),
      });
    } catch (error) {
      over(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    port.on("message", (said: Uint8Array | typeof FINISH) => {
      if (said === FINISH) {
        wire.finish();
        return;
      }
      untaken += said.length;
      wire.send(said);
      told(wire);
    });
    port.on("close", () => wire.close());
    port.unref();
  }
}

/** Posts a copy of bytes: they are good during the call only. */
export function post(port: MessagePort, bytes: Uint8Array): void {
  const copy = new Uint8Array(bytes);
  port.postMessage(copy, [copy.buffer]);
}
