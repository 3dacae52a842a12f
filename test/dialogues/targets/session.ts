/* The engine and the sessions alone as a target: no process, no socket, and a clock that only moves
 * when a dialogue says so.
 *
 * It plays the part of the transport for a World (support/session-world.ts) of one or several
 * threads, one after the other, so that every case takes the same course each time. It is a strict
 * transport: input is handed over in one buffer that is overwritten afterwards, as the real ones
 * do. Whenever nothing more happens by itself, the verify build of the engine walks each shard.
 */
import { FAILURES_KEPT } from "../../../assembly/constants.ts";
import type { SessionLimits } from "../../../src/session/desk.ts";
import type { Inlet, Outlet } from "../../../src/transport.ts";
import { bookOf } from "../../support/token-book.ts";
import { LIMITS, World } from "../../support/session-world.ts";
import type { Case, ServerOptions } from "../dialogue.ts";
import { Inbox, readStats } from "../stage.ts";
import type { Stage, Target, Wire } from "../stage.ts";

const CHUNK_BYTES = 65_536;

/** Threads and shards of the server that is imitated. */
export interface SessionShape {
  readonly title: string;
  readonly threads: number;
  readonly shards: number;
  /** The text of a file of tokens; if absent, everybody may do everything. */
  readonly tokens?: string;
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
  readonly #inlet: Inlet;
  readonly #waiting: Buffer[] = [];
  #paused = false;
  #shut = false;
  #over = false;

  constructor(server: VirtualServer, thread: number) {
    this.#server = server;
    this.#inlet = server.world.open(this, thread);
  }

  /* The client's side. */

  send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      this.#waiting.push(Buffer.from(bytes.subarray(at, at + CHUNK_BYTES)));
    }
    this.#server.settle();
    return Promise.resolve();
  }

  shutdown(): void {
    this.#shut = true;
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
    this.inbox.push(bytes);
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
    const { world } = this.#server;
    world.later(() => {
      world.common.releaseConnection();
      this.#inlet.closed();
    });
  }
}

/** A world and the connections to it. */
class VirtualServer {
  readonly world: World;
  readonly #wires: VirtualWire[] = [];

  constructor({ threads, shards, tokens }: SessionShape, options: ServerOptions) {
    this.world = new World({
      threads,
      shards,
      limits: limitsOf(options),
      failuresKept: options.keepFailures ?? FAILURES_KEPT,
      idle: () => this.#idle(),
      ...(tokens !== undefined && { tokens: bookOf(tokens) }),
    });
  }

  /** A connection to one thread after the other. */
  connect(): VirtualWire {
    const wire = new VirtualWire(this, this.#wires.length % this.world.hosts.length);
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
