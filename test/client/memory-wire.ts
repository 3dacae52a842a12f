/* MemoryWire: a wire without anything behind it. A test sees what was sent, says what comes, and
 * decides how much is still to leave.
 */
import { ClientConnection } from "../../src/client/connection.ts";
import type { ConnectionOptions } from "../../src/client/connection.ts";
import type { Wire, WireListener } from "../../src/client/wire.ts";

/** One wire. */
export class MemoryWire implements Wire {
  /** What was sent, a text for each call. */
  readonly sent: string[] = [];
  backlogBytes = 0;
  /** The client sends nothing more. */
  isFinished = false;
  /** Hears what is sent. */
  onSent: (text: string) => void = () => undefined;
  /** How often it was closed. */
  closings = 0;
  readonly #listener: WireListener;

  /** Called by `connect` only. */
  constructor(listener: WireListener) {
    this.#listener = listener;
  }

  /** A connection on a wire of its own. */
  static connect(options: ConnectionOptions = {}): {
    readonly wire: MemoryWire;
    readonly client: ClientConnection;
  } {
    const wires: MemoryWire[] = [];
    const client = new ClientConnection((listener) => {
      const wire = new MemoryWire(listener);
      wires.push(wire);
      return wire;
    }, options);
    const [wire] = wires;
    if (wire === undefined) throw new Error("the connection made no wire");
    return { wire, client };
  }

  send(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString("latin1");
    this.sent.push(text);
    this.onSent(text);
  }

  finish(): void {
    this.isFinished = true;
  }

  /** The client ends the wire; it hears of that when the test says so. */
  close(): void {
    this.closings++;
  }

  /** The server says something. */
  say(text: string): void {
    this.#listener.received(Buffer.from(text, "latin1"));
  }

  /** Everything has left. */
  drain(): void {
    this.backlogBytes = 0;
    this.#listener.drained();
  }

  /** The wire is gone. */
  end(cause?: Error): void {
    this.#listener.ended(cause);
  }
}
