/* Targets that are server processes behind sockets: the real beanstalkd, and ours in several
 * shapes.
 *
 * A `@fresh` case gets a process of its own. The others share a few processes, one case at a time
 * on each: before a case one job is put and deleted to learn where the ids stand; after it the
 * runner sees to it that nothing is left: no connection, no job, no pause, no limit, no tube. A
 * process that cannot be brought back to that state is ended, as is one on which a case failed.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { TUBE_SETTINGS } from "../../../src/protocol/tube-settings.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import type { Case, ServerOptions, Signal } from "../dialogue.ts";
import { readStats, converse, Inbox } from "../stage.ts";
import type { ServerName, Stage, Target, Wire } from "../stage.ts";

/** How long a server may take for a reply. */
const PATIENCE_MS = 10_000;

/** Takes away whatever is set for the default tube. */
const UNSET_DEFAULT = `set-tube default ${TUBE_SETTINGS.map(({ name }) => `${name}=`).join(" ")}\r\n`;

/** What `stats` says when nothing is left of a case. */
const FRESH_STATS: Readonly<Record<string, string>> = {
  "current-jobs-ready": "0",
  "current-jobs-reserved": "0",
  "current-jobs-delayed": "0",
  "current-jobs-buried": "0",
  "current-tubes": "1",
};

/** Connects to a server. */
export type Connect = (server: ServerProcess) => Promise<Wire>;

/** What makes a target out of a server. */
export interface ProcessTargetOptions {
  readonly title: string;
  readonly server: ServerName;
  start(options: ServerOptions): Promise<ServerProcess>;
  /** If absent, by a socket where it says that it listens. */
  readonly connect?: Connect | undefined;
  /** The token that the runner's own connections show; if absent, they show none. */
  readonly root?: string | undefined;
  /** How many processes may run at once. */
  readonly processes: number;
}

/** A socket, as the player wants it. */
export class SocketWire implements Wire {
  readonly inbox = new Inbox();
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.inbox.push(bytes));
    // A reset is an end as well; writing to a connection that the server has closed is not the
    // dialogue's business.
    socket.on("error", () => this.inbox.end());
    socket.on("end", () => this.inbox.end());
    socket.on("close", () => this.inbox.end());
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#socket.write(bytes) || this.inbox.ended) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.once("drain", resolve).once("close", resolve);
    await promise;
    this.#socket.off("drain", resolve).off("close", resolve);
  }

  shutdown(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  reset(): void {
    // Only TCP knows a reset.
    const isTcp = this.#socket.remoteAddress !== undefined && !(this.#socket instanceof TLSSocket);
    if (isTcp) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }
}

/** Takes a stage back that a case has left. */
type Leave = (stage: ProcessStage, reusable: boolean) => Promise<void>;

/** A connection to a server, as the player wants it. */
export async function connectWire(server: ServerProcess): Promise<SocketWire> {
  return new SocketWire(await server.connect());
}

/**
 * A server process, the runner's own connection to it, and the wires of the case that it serves.
 */
class ProcessStage implements Stage {
  baseId = 0;
  readonly patienceMs = PATIENCE_MS;
  readonly #server: ServerProcess;
  readonly #connect: Connect;
  readonly #root: string | undefined;
  readonly #leave: Leave;
  #control: Promise<Wire> | undefined;
  #wires: Wire[] = [];

  constructor(server: ServerProcess, options: ProcessTargetOptions, leave: Leave) {
    this.#server = server;
    this.#connect = options.connect ?? connectWire;
    this.#root = options.root;
    this.#leave = leave;
  }

  get usable(): boolean {
    return this.#server.running;
  }

  async connect(): Promise<Wire> {
    const wire = await this.#connect(this.#server);
    this.#wires.push(wire);
    return wire;
  }

  async advance(milliseconds: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    // The server's timers run between two events: one more event, and they have.
    await this.settle();
  }

  signal(signal: Signal): void {
    this.#server.signal(signal);
  }

  async settle(): Promise<void> {
    await this.#say("list-tube-used\r\n");
    await new Promise(setImmediate);
  }

  async stats(): Promise<ReadonlyMap<string, string>> {
    return readStats(await this.#controlWire(), PATIENCE_MS);
  }

  async finish(clean: boolean): Promise<void> {
    for (const wire of this.#wires) wire.close();
    this.#wires = [];
    await this.#leave(this, clean && (await this.#cleanUp()));
  }

  /** Learns where the ids stand. */
  async prepare(): Promise<void> {
    this.baseId = await this.#burnId();
  }

  async stop(): Promise<void> {
    (await this.#control)?.close();
    await this.#server.stop();
  }

  #controlWire(): Promise<Wire> {
    this.#control ??= this.#openControl();
    return this.#control;
  }

  async #openControl(): Promise<Wire> {
    const wire = await this.#connect(this.#server);
    if (this.#root !== undefined) await converse(wire, `auth ${this.#root}\r\n`, PATIENCE_MS);
    return wire;
  }

  async #say(command: string): Promise<string> {
    const { line } = await converse(await this.#controlWire(), command, PATIENCE_MS);
    return line;
  }

  async #burnId(): Promise<number> {
    const line = await this.#say("put 0 4294967295 1 0\r\n\r\n");
    const id = /^INSERTED (\d+)$/.exec(line)?.[1];
    if (id === undefined || (await this.#say(`delete ${id}\r\n`)) !== "DELETED") return Number.NaN;
    return Number(id);
  }

  // Whether the server could be brought back to the state of a fresh one. A few tries: connections
  // end when the server gets to it.
  async #cleanUp(): Promise<boolean> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while ((await this.stats()).get("current-connections") !== "1")
      if (performance.now() > deadlineMs) return false;
    await this.#say(UNSET_DEFAULT); // of no use where it is unknown
    const last = await this.#burnId();
    if (Number.isNaN(last)) return false;
    for (let id = this.baseId + 1; id < last; id += 1) await this.#say(`delete ${id}\r\n`);
    await this.#say("flush-tube default\r\n"); // cooldowns end, where there are any
    await this.#say("pause-tube default 0\r\n");
    const stats = await this.stats();
    return Object.entries(FRESH_STATS).every(([key, value]) => stats.get(key) === value);
  }
}

/** A target whose servers are processes. */
export class ProcessTarget implements Target {
  readonly title: string;
  readonly server: ServerName;
  readonly realTime = true;
  readonly #options: ProcessTargetOptions;
  readonly #idle: ProcessStage[] = [];
  readonly #all = new Set<ProcessStage>();
  readonly #queue: (() => void)[] = [];
  #places: number;

  constructor(options: ProcessTargetOptions) {
    this.#options = options;
    this.title = options.title;
    this.server = options.server;
    this.#places = options.processes;
  }

  async open(dialogue: Case): Promise<Stage> {
    await this.#enter();
    try {
      return await this.#stageFor(dialogue);
    } catch (error) {
      this.#exit();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((stage) => stage.stop()));
    this.#all.clear();
  }

  async #stageFor(dialogue: Case): Promise<Stage> {
    if (dialogue.fresh) {
      // At most as many processes as places: an idle one makes room.
      await this.#discard(this.#idle.pop());
      return this.#start(dialogue.options, false);
    }
    const idle = this.#idle.pop();
    const stage = idle?.usable === true ? idle : await this.#start({}, true);
    await stage.prepare();
    return stage;
  }

  async #start(options: ServerOptions, shared: boolean): Promise<ProcessStage> {
    const server = await this.#options.start(options);
    const stage = new ProcessStage(server, this.#options, async (left, reusable) => {
      if (shared && reusable) this.#idle.push(left);
      else await this.#discard(left);
      this.#exit();
    });
    this.#all.add(stage);
    return stage;
  }

  async #discard(stage: ProcessStage | undefined): Promise<void> {
    if (stage === undefined) return;
    this.#all.delete(stage);
    await stage.stop();
  }

  async #enter(): Promise<void> {
    if (this.#places > 0) this.#places -= 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  #exit(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#places += 1;
    else next();
  }
}
