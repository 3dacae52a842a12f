/* Joining: the back end of a thread that uses a queue which another thread has, over a port on
 * which that one gives connections (sharing.ts).
 *
 * Invariants: when the other thread is gone, or says that the queue is closed, whoever waits here
 * hears why, once, and nothing waits for it any more. Used by join-queue.ts, and by
 * browser/page-queue.ts.
 */
import { connectTo } from "../client/connect.ts";
import type { InProcessTarget } from "../client/connect.ts";
import { ClientConnection } from "../client/connection.ts";
import { ClosedError } from "../client/errors.ts";
import type { WireListener } from "../client/wire.ts";
import type { Endpoint } from "../client/endpoint.ts";
import type { Surroundings } from "../client/link.ts";
import { ClientBackend } from "../worker/client-backend.ts";
import { engineCapabilities } from "../worker/engine-capabilities.ts";
import type { Port, Ports } from "./port.ts";
import { GONE, PortWire } from "./port-wire.ts";

/** How a queue is joined. */
export interface Joining {
  /** The kind of the back end, for people. */
  readonly name: string;
  readonly isDurable: boolean;
  /** How long the queue may take to answer; as other clients wait, if absent. */
  readonly connectTimeoutMs?: number | undefined;
  readonly ports: Ports;
  readonly around: Surroundings;
  /** Where another address leads: nowhere else is connected to. */
  readonly endpointOf: (address: string) => Endpoint;
  /**
   * Of whoever started the thread that has the queue. He hears why that is of no use any more, and
   * ends what was joined with it; the port says nothing of that. `closed` is called once it is
   * closed here, before the port is.
   */
  readonly owner?: { readonly closed: () => Promise<void> };
}

/** A queue that was joined. */
export interface Joined {
  readonly backend: ClientBackend;
  /** The queue is of no use any more: whoever waits hears that error, later ones too. */
  readonly end: (error: Error) => void;
}

/**
 * Joins. Rejects with a ClosedError if the queue is closed already, and with an UnreachableError
 * where it does not answer; the port is closed then. `ending` is what ends it meanwhile.
 */
export async function joinPort(
  port: Port,
  joining: Joining,
  ending: AbortSignal = new AbortController().signal,
): Promise<Joined> {
  const side = new JoinedSide(port, joining.ports, joining.owner !== undefined);
  const ended = (): void => side.end(ending.reason as Error);
  ending.addEventListener("abort", ended);
  try {
    const backend = await openBackend(side, joining);
    side.serve(backend);
    return { backend, end: (error) => side.end(error) };
  } catch (error) {
    side.leave(); // the other thread serves it no more, either
    throw error;
  } finally {
    ending.removeEventListener("abort", ended);
  }
}

function openBackend(side: JoinedSide, joining: Joining): Promise<ClientBackend> {
  const { name, isDurable, connectTimeoutMs, around, endpointOf, owner } = joining;
  const limits = connectTimeoutMs === undefined ? {} : { connectTimeoutMs };
  return ClientBackend.open({
    name,
    can: engineCapabilities(isDurable),
    connect: (onError, signal) => {
      const either = AbortSignal.any([signal, side.left]);
      return connectTo(side.target, { ...limits, onError, signal: either }, endpointOf, around);
    },
    async close() {
      try {
        await owner?.closed();
      } finally {
        side.leave();
      }
    },
  });
}

/** This side of the port. */
class JoinedSide {
  readonly #port: Port;
  readonly #channels: Ports;
  readonly #isOwned: boolean;
  readonly #left = new AbortController();
  readonly #unlisten: () => void;
  readonly #wires = new Set<PortWire>();
  #backend: ClientBackend | undefined;

  constructor(port: Port, channels: Ports, isOwned: boolean) {
    this.#port = port;
    this.#channels = channels;
    this.#isOwned = isOwned;
    this.#unlisten = port.listen(
      () => undefined,
      () => isOwned || this.end(new ClosedError(GONE)),
    );
  }

  /** Aborted when there are no connections any more. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  get target(): InProcessTarget {
    return {
      connect: (options) => {
        this.#left.signal.throwIfAborted();
        return new ClientConnection((listener) => this.#wire(listener), options);
      },
    };
  }

  #wire(listener: WireListener): PortWire {
    const ended = (cause: Error | undefined): void => {
      this.#wires.delete(wire);
      listener.ended(cause);
    };
    const forwarding = {
      received: (bytes: Uint8Array) => listener.received(bytes),
      drained: () => listener.drained(),
      ended,
    };
    const wire: PortWire = new PortWire(this.#connection(), forwarding, this.#isOwned);
    this.#wires.add(wire);
    return wire;
  }

  /** A connection's port; the other end of it is on its way. */
  #connection(): Port {
    const { own, other } = this.#channels.channel();
    this.#port.post(other, [other]);
    return own;
  }

  /** From now on that back end hears of an end. */
  serve(backend: ClientBackend): void {
    this.#backend = backend;
  }

  end(error: Error): void {
    if (this.#left.signal.aborted) return;
    this.#left.abort(error);
    this.#backend?.fail(error);
    for (const wire of this.#wires) wire.abandon(error);
    void this.#abandon();
  }

  /** Whoever waits has heard why. */
  async #abandon(): Promise<void> {
    try {
      await this.#backend?.close();
    } catch {
      return; // for the same reason
    }
  }

  /** Nobody waits any more. */
  leave(): void {
    this.#unlisten();
    this.#port.close();
  }
}
