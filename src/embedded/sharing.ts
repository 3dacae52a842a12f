/* Sharing: a queue of this thread for other threads of the program, over message ports.
 *
 *   thread that joined: client -> PortWire ====> port -> wire -> session: thread that opened it
 *
 * All sessions run on the thread that opened the queue, which alone is in the engine's memory. So a
 * thread that vanishes, however it does, holds no lock and leaves nothing half done: its ports are
 * closed by the runtime, its sessions end as those of a lost connection do, and its jobs go back.
 * Each thread has a port of its own to ask for connections by; each connection has one for its
 * bytes. Ports keep no thread alive. Used by embedded-backend.ts, browser/ and src/entries/.
 */
import { ClosedError } from "../client/errors.ts";
import type { Wire, WireListener } from "../client/wire.ts";
import type { QueueBackend } from "../worker/backend.ts";
import { UnsupportedError } from "../worker/errors.ts";
import type { Port, Ports } from "./port.ts";
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

/** What more threads can join. */
interface Shareable {
  /** For one more thread. */
  share(): SharedQueue;
}

/** The queues of this thread that can be shared, by what keeps their jobs. */
const shareables = new WeakMap<QueueBackend, Shareable>();

/** From now on that back end's queue can be shared. */
export function offer(backend: QueueBackend, shareable: Shareable): void {
  shareables.set(backend, shareable);
}

/** Throws an UnsupportedError where the jobs are not in this thread. */
export function sharedOf(backend: QueueBackend): SharedQueue {
  const shareable = shareables.get(backend);
  if (shareable !== undefined) return shareable.share();
  throw new UnsupportedError(
    `a queue of the kind ${backend.name} is not shared: other threads open it as this one did`,
  );
}

/** One queue, and the threads that have joined it or may. */
export class Sharing implements Shareable {
  readonly #source: WireSource;
  readonly #isDurable: boolean;
  readonly #channels: Ports;
  readonly #ports = new Set<Port>();
  #isOver = false;

  constructor(source: WireSource, isDurable: boolean, channels: Ports) {
    this.#source = source;
    this.#isDurable = isDurable;
    this.#channels = channels;
  }

  share(): SharedQueue {
    const { own, other } = this.#channels.channel();
    this.serve(own);
    return { isDurable: this.#isDurable, port: other };
  }

  /** Gives connections to whoever asks for them by that port. */
  serve(port: Port): void {
    if (this.#isOver) {
      port.close();
      return;
    }
    this.#ports.add(port);
    port.listen(
      (said) => this.#asked(said),
      () => this.#ports.delete(port),
    );
  }

  /** The queue is closed, or of no use any more: whoever has joined it hears that. */
  close(): void {
    this.#isOver = true;
    for (const port of this.#ports) port.close();
    this.#ports.clear();
  }

  #asked(said: unknown): void {
    const port = this.#channels.taken(said);
    if (port !== undefined) this.#connect(port);
  }

  #connect(port: Port): void {
    const say = (news: PortNews): void => port.post(news);
    const over = (cause: Error | undefined): void => {
      say({ over: cause?.message, isClosed: cause instanceof ClosedError });
      port.close();
    };
    let untaken = 0;
    const told = (wire: Wire): void => {
      if (wire.backlogBytes > 0 || untaken === 0) return;
      say({ taken: untaken });
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
    const heard = (said: unknown): void => {
      if (!(said instanceof Uint8Array)) {
        wire.finish();
        return;
      }
      untaken += said.length;
      wire.send(said);
      told(wire);
    };
    port.listen(heard, () => wire.close());
  }
}

/** Posts a copy of bytes: they are good during the call only. */
export function post(port: Port, bytes: Uint8Array): void {
  const copy = new Uint8Array(bytes);
  port.post(copy, [copy.buffer]);
}
