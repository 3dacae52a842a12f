/* The engine and the sessions alone as a target: no process, no socket, and a clock that only moves
 * when a dialogue says so.
 *
 * It plays the part of the transport for a World (support/session-world.ts) of one or several
 * threads, one after the other, so that every case takes the same course each time. It is a strict
 * transport: input is handed over in one buffer that is overwritten afterwards, as the real ones
 * do. Whenever nothing more happens by itself, the verify build of the engine walks each shard.
 * The sessions may stand behind the door for WebSockets; then the client frames at random.
 */
import { FAILURES_KEPT } from "../../../assembly/constants.ts";
import type { Door } from "../../../src/runtime.ts";
import type { SessionLimits } from "../../../src/session/desk.ts";
import type { Inlet, Outlet } from "../../../src/transport.ts";
import { bookOf } from "../../support/token-book.ts";
import { LIMITS, World } from "../../support/session-world.ts";
import { PLAIN_VOICE } from "../../support/voice.ts";
import type { Voice } from "../../support/voice.ts";
import { FramingClient } from "../../websocket/framing-client.ts";
import type { Case, ServerOptions } from "../dialogue.ts";
import { Inbox, readStats } from "../stage.ts";
import type { Stage, Target, Wire } from "../stage.ts";

/** Threads and shards of the server that is imitated. */
export interface SessionShape {
  readonly title: string;
  readonly threads: number;
  readonly shards: number;
  /** The text of a file of tokens; if absent, everybody may do everything. */
  readonly tokens?: string;
  /** The seed of how the clients of WebSockets frame; if absent, there are no WebSockets. */
  readonly framing?: number | undefined;
}

/** The world of a server of that shape. */
export function worldOf(
  { threads, shards, tokens }: SessionShape,
  options: ServerOptions,
  idle: () => boolean,
): World {
  return new World({
    threads,
    shards,
    limits: limitsOf(options),
    failuresKept: options.keepFailures ?? FAILURES_KEPT,
    idle,
    ...(tokens !== undefined && { tokens: bookOf(tokens) }),
  });
}

/** The voice of the connection with that number, whose WebSockets are framed by that seed. */
export function voiceOf(framing: number | undefined, index: number): Voice {
  return framing === undefined ? PLAIN_VOICE : new FramingClient(framing + index);
}

function limitsOf(options: ServerOptions): Partial<SessionLimits> {
  return {
    maxJobBytes: options.maxJobSize ?? LIMITS.maxJobBytes,
    maxFailureBytes: options.maxFailureSize ?? LIMITS.maxFailureBytes,
    maxBatchBytes: options.maxBatchSize ?? LIMITS.maxBatchBytes,
    maxResultBytes: options.maxResultSize ?? LIMITS.maxResultBytes,
    maxResultsBytes: options.maxResults ?? LIMITS.maxResultsBytes,
    maxTubes: options.maxTubes ?? LIMITS.maxTubes,
    maxWatch: options.maxWatch ?? LIMITS.maxWatch,
  };
}

/** One end of a connection and the transport in one. */
class VirtualWire implements Wire, Outlet {
  readonly inbox = new Inbox();
  readonly backlogBytes = 0;
  readonly peer = "nowhere";
  readonly #server: VirtualServer;
  readonly #voice: Voice;
  readonly #door: Door;
  readonly #inlet: Inlet;
  readonly #waiting: Buffer[] = [];
  #paused = false;
  #shut = false;
  #over = false;

  constructor(server: VirtualServer, door: Door, voice: Voice) {
    this.#server = server;
    this.#voice = voice;
    this.#door = door;
    door.admit();
    this.#inlet = door.open(this);
    this.#waiting.push(...voice.greet());
  }

  /* The client's side. */

  send(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(...this.#voice.say(bytes));
    this.#server.settle();
    return Promise.resolve();
  }

  shutdown(): void {
    const words = this.#voice.finish();
    if (words === undefined) this.#shut = true;
    else this.#waiting.push(...words);
    this.#server.settle();
  }

  close(): void {
    this.#end();
    this.#server.settle();
  }

  reset(): void {
    this.close();
  }

  /** Hands over what was sent; false when there is nothing that may be handed over. */
  deliver(): boolean {
    if (this.#over || this.#paused) return false;
    const bytes = this.#waiting.shift();
    if (bytes !== undefined) {
      this.#inlet.receive(bytes);
      bytes.fill("!");
      return true;
    }
    if (!this.#shut) return false;
    this.#shut = false;
    this.#inlet.ended();
    return true;
  }

  /* The server's side. */

  write(bytes: Uint8Array): boolean {
    const { data, answers } = this.#voice.hear(bytes);
    this.inbox.push(data);
    this.#waiting.push(...answers);
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  // A transport closes when its buffers are empty, not at once.
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.inbox.end();
    this.#server.world.later(() => {
      this.#door.left();
      this.#inlet.closed();
    });
  }
}

/** A world and the connections to it. */
class VirtualServer {
  readonly world: World;
  readonly #doors: readonly Door[];
  readonly #framing: number | undefined;
  readonly #wires: VirtualWire[] = [];

  constructor(shape: SessionShape, options: ServerOptions) {
    this.world = worldOf(shape, options, () => this.#idle());
    this.#framing = shape.framing;
    this.#doors = this.world.doors(this.#framing !== undefined);
  }

  /** A connection to one thread after the other. */
  connect(): VirtualWire {
    const index = this.#wires.length;
    const door = this.#doors[index % this.#doors.length];
    if (door === undefined) throw new RangeError("a server has a thread");
    const wire = new VirtualWire(this, door, voiceOf(this.#framing, index));
    this.#wires.push(wire);
    return wire;
  }

  settle(): void {
    this.world.settle();
  }

  #idle(): boolean {
    if (this.#wires.some((wire) => wire.deliver())) return true;
    this.world.verify();
    return false;
  }
}

class SessionStage implements Stage {
  readonly baseId = 0;
  readonly patienceMs = 0;
  readonly #server: VirtualServer;
  #control: VirtualWire | undefined;

  constructor(server: VirtualServer) {
    this.#server = server;
  }

  connect(): Promise<Wire> {
    return Promise.resolve(this.#server.connect());
  }

  advance(milliseconds: number): Promise<void> {
    this.#server.world.advance(milliseconds * 1000);
    return Promise.resolve();
  }

  signal(): void {
    this.#server.world.common.startDraining();
  }

  settle(): Promise<void> {
    this.#server.settle();
    return Promise.resolve();
  }

  stats(): Promise<ReadonlyMap<string, string>> {
    this.#control ??= this.#server.connect();
    return readStats(this.#control, this.patienceMs);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}

/** The sessions of this many threads on this many shards, in virtual time. */
export function sessionTarget(shape: SessionShape): Target {
  return {
    title: shape.title,
    server: "homemaker",
    realTime: false,
    open: (dialogue: Case): Promise<Stage> =>
      Promise.resolve(new SessionStage(new VirtualServer(shape, dialogue.options))),
    close: () => Promise.resolve(),
  };
}
