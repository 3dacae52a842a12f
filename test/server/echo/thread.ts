/* Echo thread: an I/O thread whose sessions understand a few words of their own, so that threads
 * and sockets can be tested without the engine. A line of input is one of
 *
 *   trap       fails as the engine does when an invariant is broken
 *   hang       says so, and never comes back, as if it waited for a lock that nobody gives back
 *   flood N    answers with N bytes
 *   quit       closes behind what was written
 *   draining   answers whether drain mode is on
 *   wake N     wakes thread N, which then says "woken" to all of its connections
 *   timer N    says "time" to all of the thread's connections N milliseconds from now
 *   thread     answers the thread's index
 *   anything else comes back as it is
 *
 * and when the peer has finished sending it says "bye" and closes.
 */
import { NEVER_MICROS } from "../../../assembly/constants.ts";
import type { HostSurroundings } from "../../../src/broker/open-host.ts";
import { threadRuntime, threadSeed } from "../../../src/runtimes/thread-runtime.ts";
import { runThread, type ThreadHost } from "../../../src/server/thread.ts";
import type { Inlet, Outlet } from "../../../src/transport.ts";

/** (module (func (export "trap") unreachable)) */
const TRAP = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0,
  10, 5, 1, 3, 0, 0, 11,
]);
const OUTPUT_MAX_BYTES = 1_048_576;
const encoder = new TextEncoder();

class EchoHost implements ThreadHost {
  readonly holdsReplies = false;
  readonly surroundings: HostSurroundings;
  readonly #outlets = new Set<Outlet>();
  dueMicros = NEVER_MICROS;
  /** To be called when something else may be due next. */
  turnEnded: () => void = () => undefined;

  constructor(surroundings: HostSurroundings) {
    this.surroundings = surroundings;
  }

  open(outlet: Outlet): Inlet {
    this.#outlets.add(outlet);
    return new EchoSession(this, outlet);
  }

  forget(outlet: Outlet): void {
    this.#outlets.delete(outlet);
  }

  wake(): void {
    this.#tellAll("woken\r\n");
  }

  tick(): void {
    if (this.surroundings.clock() >= this.dueMicros) {
      this.dueMicros = NEVER_MICROS;
      this.#tellAll("time\r\n");
    }
    this.turnEnded();
  }

  nextDueMicros(): number {
    return this.dueMicros;
  }

  onTurn(ended: () => void): void {
    this.turnEnded = ended;
  }

  #tellAll(line: string): void {
    for (const outlet of this.#outlets) outlet.write(encoder.encode(line));
  }
}

class EchoSession implements Inlet {
  readonly #host: EchoHost;
  readonly #outlet: Outlet;
  #floodBytes = 0;

  constructor(host: EchoHost, outlet: Outlet) {
    this.#host = host;
    this.#outlet = outlet;
  }

  receive(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    for (const line of text.split("\r\n").slice(0, -1)) this.#obey(line);
    if (this.#outlet.backlogBytes > OUTPUT_MAX_BYTES) this.#outlet.pause();
  }

  #obey(line: string): void {
    const { common, clock, threadIndex } = this.#host.surroundings;
    const [word, argument] = line.split(" ");
    const number = Number(argument);
    switch (word) {
      case "trap":
        trap();
        break;
      case "hang":
        this.#say("hangs");
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        break;
      case "flood":
        this.#floodBytes += number;
        this.#flood();
        break;
      case "quit":
        this.#outlet.close();
        break;
      case "draining":
        this.#say(String(common.draining));
        break;
      case "wake":
        common.wakeThreads(number < 32 ? 1 << number : 0, number < 32 ? 0 : 1 << (number - 32));
        break;
      case "timer":
        this.#host.dueMicros = clock() + number * 1000;
        this.#host.turnEnded();
        break;
      case "thread":
        this.#say(String(threadIndex));
        break;
      default:
        this.#say(line);
    }
  }

  /** Writes until the peer does not take any more, as a session does. */
  #flood(): void {
    while (this.#floodBytes > 0 && this.#outlet.backlogBytes <= OUTPUT_MAX_BYTES) {
      const bytes = Math.min(this.#floodBytes, 65_536);
      this.#floodBytes -= bytes;
      this.#outlet.write(new Uint8Array(bytes).fill(120));
    }
    if (this.#floodBytes > 0) this.#outlet.pause();
  }

  #say(line: string): void {
    this.#outlet.write(encoder.encode(`${line}\r\n`));
  }

  ended(): void {
    this.#say("bye");
    this.#outlet.close();
  }

  closed(): void {
    this.#host.forget(this.#outlet);
  }

  drained(): void {
    this.#flood();
    if (this.#floodBytes === 0) this.#outlet.resume();
  }
}

function trap(): void {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(TRAP));
  const unreachable = exports["trap"];
  if (typeof unreachable === "function") unreachable();
}

await runThread(threadSeed(), threadRuntime(), (_payload, surroundings) =>
  Promise.resolve(new EchoHost(surroundings)),
);
