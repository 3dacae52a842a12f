/* The engine and the sessions alone as a target: no process, no socket, and a clock that only moves
 * when a dialogue says so.
 *
 * It plays the parts of transport and thread for one or several session hosts on the same shards,
 * one after the other, so that every case takes the same course each time. It is a strict
 * transport: input is handed over in one buffer that is overwritten afterwards, as the real ones
 * do. After everything that is sent, the verify build of the engine walks each shard.
 */
import { readFileSync } from "node:fs";
import { NEVER_MICROS } from "../../../assembly/constants.ts";
import { loadControl } from "../../../src/text/control.ts";
import type { Control } from "../../../src/text/control.ts";
import { FAILURES_KEPT } from "../../../assembly/constants.ts";
import { keepFailures, makeShards, openShards } from "../../../src/engine/shards.ts";
import { Common, COUNTER_ACCEPTED } from "../../../src/engine/common.ts";
import { SessionHost } from "../../../src/session/host.ts";
import type { SessionLimits } from "../../../src/session/desk.ts";
import type { Inlet, Outlet } from "../../../src/transport.ts";
import { EngineShard, loadVerifyModule } from "../../engine/engine.ts";
import type { Case, ServerOptions } from "../dialogue.ts";
import { Inbox, readStats } from "../stage.ts";
import type { Stage, Target, Wire } from "../stage.ts";
import { NO_PROCESS } from "../../support/no-process.ts";

const BUILD = new URL("../../../build/", import.meta.url);
const MEMORY_BYTES = 1_073_741_824;
const CHUNK_BYTES = 65_536;
const MOST_CONNECTIONS = 1000;
/** More rounds without time passing than any case needs: something runs in circles. */
const ROUNDS_MAX = 100_000;

/** The modules, compiled once for all cases. */
interface Modules {
  readonly engine: WebAssembly.Module;
  readonly control: Control;
}

/** Threads and shards of the server that is imitated. */
export interface SessionShape {
  readonly title: string;
  readonly threads: number;
  readonly shards: number;
}

async function loadModules(): Promise<Modules> {
  const control = await loadControl(new Uint8Array(readFileSync(new URL("control.wasm", BUILD))));
  const engine = await WebAssembly.compile(readFileSync(new URL("engine.wasm", BUILD)));
  return { engine, control };
}

function limitsOf(options: ServerOptions): SessionLimits {
  return {
    maxJobBytes: options.maxJobSize ?? 65_535,
    maxFailureBytes: options.maxFailureSize ?? 65_536,
    maxTubes: options.maxTubes ?? 100_000,
    maxWatch: options.maxWatch ?? 10_000,
    maxOutputBytes: 1_048_576,
    commandsPerTurn: 1024,
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

  constructor(server: VirtualServer, host: SessionHost) {
    this.#server = server;
    this.#inlet = host.open(this);
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
    this.#server.later(() => {
      this.#server.common.releaseConnection();
      this.#inlet.closed();
    });
  }
}

/** Threads and shards without threads, in virtual time. */
class VirtualServer {
  readonly common: Common;
  readonly #hosts: readonly SessionHost[];
  readonly #verifiers: readonly EngineShard[];
  readonly #wires: VirtualWire[] = [];
  readonly #later: (() => void)[] = [];
  /** Threads that somebody woke. */
  #woken = 0;
  #nowMicros = 0;

  constructor(modules: Modules, { threads, shards }: SessionShape, options: ServerOptions) {
    const made = makeShards(modules.engine, shards, threads, MEMORY_BYTES);
    keepFailures(made, options.keepFailures ?? FAILURES_KEPT);
    const { buffer } = Common.create(threads);
    this.common = new Common(buffer, (low) => {
      this.#woken |= low;
    });
    this.#verifiers = made.memories.map((memory) => new EngineShard(loadVerifyModule(), memory, 1));
    this.#hosts = Array.from(
      { length: threads },
      (_, threadIndex) =>
        new SessionHost({
          shards: openShards(made, threadIndex),
          common: this.common,
          threadIndex,
          clock: () => this.#nowMicros,
          limits: limitsOf(options),
          control: modules.control,
          facts: NO_PROCESS,
          later: (run) => this.later(run),
        }),
    );
  }

  /** A connection to one thread after the other. */
  connect(): VirtualWire {
    const index = this.#wires.length % this.#hosts.length;
    const host = this.#hosts[index];
    if (host === undefined) throw new RangeError("a server has at least one thread");
    this.common.admitConnection(MOST_CONNECTIONS);
    const counters = this.common.counters(index);
    counters[COUNTER_ACCEPTED] = (counters[COUNTER_ACCEPTED] ?? 0) + 1;
    const wire = new VirtualWire(this, host);
    this.#wires.push(wire);
    return wire;
  }

  /** Runs something after all that is under way. */
  later(run: () => void): void {
    this.#later.push(run);
  }

  /** Lets everything happen that needs no time to pass, then checks the shards. */
  settle(): void {
    for (let round = 0; this.#step(); round += 1) {
      if (round === ROUNDS_MAX) throw new Error("the sessions run in circles");
    }
    for (const verifier of this.#verifiers) verifier.verify();
  }

  /** Lets time pass, stopping at each moment at which something is due. */
  advance(milliseconds: number): void {
    const endMicros = this.#nowMicros + milliseconds * 1000;
    for (let round = 0; ; round += 1) {
      const dueMicros = Math.min(...this.#hosts.map((host) => host.nextDueMicros()), NEVER_MICROS);
      if (dueMicros > endMicros) break;
      if (round === ROUNDS_MAX) throw new Error("something stays due");
      this.#nowMicros = Math.max(this.#nowMicros, dueMicros);
      for (const host of this.#hosts) if (host.nextDueMicros() <= this.#nowMicros) host.tick();
      this.settle();
    }
    this.#nowMicros = endMicros;
    this.settle();
  }

  #step(): boolean {
    const run = this.#later.shift();
    if (run !== undefined) {
      run();
      return true;
    }
    if (this.#woken !== 0) {
      const woken = this.#woken;
      this.#woken = 0;
      for (const [index, host] of this.#hosts.entries()) if ((woken >>> index) & 1) host.wake();
      return true;
    }
    return this.#wires.some((wire) => wire.deliver());
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
    this.#server.advance(milliseconds);
    return Promise.resolve();
  }

  signal(): void {
    this.#server.common.startDraining();
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
  let modules: Promise<Modules> | undefined;
  return {
    title: shape.title,
    server: "homemaker",
    realTime: false,
    async open(dialogue: Case): Promise<Stage> {
      modules ??= loadModules();
      return new SessionStage(new VirtualServer(await modules, shape, dialogue.options));
    },
    close: () => Promise.resolve(),
  };
}
