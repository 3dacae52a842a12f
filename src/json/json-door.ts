/* JsonDoor: a TCP port at which jobs are inserted with lines of JSON, as KQS had one: for programs
 * in any language, without a client library.
 *
 * It is on the loopback address unless told otherwise, since it asks nobody who they are.
 * Invariants: connections, their lines, calls and answers are bounded, one by one and together;
 * whoever takes no answer, or begins a line and does not go on, is cut off. Made by users through
 * `serveJson`, and by a server (server-door.ts).
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { formatListenAddress } from "../config/listen-address.ts";
import { isLoopback } from "../config/tcp-address.ts";
import { listenAlone, lookUpHost } from "../transports/tcp.ts";
import { checkFunction, checkLogger, fieldsOf, shown } from "../worker/checked.ts";
import { BadOptionError } from "../worker/errors.ts";
import { checkNames } from "../worker/known-options.ts";
import type { Known } from "../worker/known-options.ts";
import type { AnyJob } from "../worker/job-definition.ts";
import type { JobQueue } from "../worker/job-queue.ts";
import { harmlessLogger } from "../worker/harmless.ts";
import type { Logger } from "../worker/logger.ts";
import { CallLog } from "./call-log.ts";
import type { CallRecord } from "./call-log.ts";
import { Conversation } from "./conversation.ts";
import type { ConversationParts } from "./conversation.ts";
import { Methods } from "./methods.ts";
import { Room } from "./room.ts";

/** What may be said about a door. */
export interface JsonDoorOptions {
  /** 14151 if absent; 0 is any free port. */
  readonly port?: number;
  /** 127.0.0.1 if absent. Whoever reaches it may insert jobs. */
  readonly host?: string;
  /** The kinds of jobs that are taken, and checked by their schemas; if absent, any is. */
  readonly jobs?: readonly AnyJob[];
  /** The longest line, in bytes; 67,108,864 if absent, which is the most. */
  readonly lineBytesMax?: number;
  /** What lines under way of all connections may take beyond 64 KiB each; 268,435,456 if absent. */
  readonly roomBytes?: number;
  /** Most connections; one above it is closed at once. 1,000 if absent. */
  readonly connectionsMax?: number;
  /** Called when a caller on this machine asks to quit; if absent, nobody may. */
  readonly onQuit?: () => void;
  /** Why callers should not count on it, for `health`; undefined if there is no reason. */
  readonly trouble?: () => string | undefined;
  /** Is told of each call, at level debug. */
  readonly logger?: Logger;
  /** What time it is, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** A door that is open. */
export interface JsonDoor extends AsyncDisposable {
  /** HOST:PORT. */
  readonly address: string;
  readonly port: number;
  /** The newest calls, 1,000 at most, oldest first. */
  calls(): readonly CallRecord[];
  /** Takes no more calls, answers those that are under way, and closes. The queue stays open. */
  close(): Promise<void>;
}

const DOOR_OPTIONS: Known<JsonDoorOptions> = {
  port: true,
  host: true,
  jobs: true,
  lineBytesMax: true,
  roomBytes: true,
  connectionsMax: true,
  onQuit: true,
  trouble: true,
  logger: true,
  now: true,
};
const PORT_MAX = 65_535;
/** KQS's. */
const PORT_DEFAULT = 14_151;
const LINE_BYTES_MAX = 67_108_864;
const ROOM_BYTES = 268_435_456;
const FREE_BYTES = 65_536;
const CONNECTIONS_MAX = 1000;
/** How long a caller may take nothing of an answer, or send nothing of a line that it began. */
const STALL_MS = 60_000;
/** A caller whose machine is gone is noticed by such probes. */
const KEEP_ALIVE_MS = 30_000;
/** How long a caller that was answered may take to close its half. */
const REST_MS = 500;
/** How long what is under way may take when the door is closed. */
const CLOSE_MS = 5000;

/** Opens a door to a queue. Rejects with a BadOptionError, and with a BindError (HM_BIND). */
export async function serveJson(queue: JobQueue, options: JsonDoorOptions = {}): Promise<JsonDoor> {
  checkNames("serveJson", options, DOOR_OPTIONS);
  const { port = PORT_DEFAULT, host = "127.0.0.1" } = options;
  checkAddress(host, port);
  const door = new Door(queue, options);
  await door.listen(host, port);
  return door;
}

class Door implements JsonDoor {
  readonly #log: CallLog;
  readonly #logger: Logger | undefined;
  readonly #server: Server;
  readonly #parts: ConversationParts;
  readonly #connectionsMax: number;
  readonly #open = new Map<Socket, Conversation>();
  #address = "";
  #port = 0;
  #closing: Promise<void> | undefined;

  constructor(queue: JobQueue, options: JsonDoorOptions) {
    const { lineBytesMax = LINE_BYTES_MAX, roomBytes = ROOM_BYTES, jobs } = options;
    check("lineBytesMax", lineBytesMax, LINE_BYTES_MAX);
    check("roomBytes", roomBytes, Number.MAX_SAFE_INTEGER);
    this.#connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
    check("connectionsMax", this.#connectionsMax, Number.MAX_SAFE_INTEGER);
    for (const name of ["onQuit", "trouble", "now"] as const) checkFunction(name, options[name]);
    checkLogger(options.logger);
    const logger = options.logger && harmlessLogger(options.logger);
    this.#logger = logger;
    this.#log = new CallLog(logger);
    const methods = new Methods({
      queue,
      definitions: jobs === undefined ? undefined : byName(jobs),
      log: this.#log,
      now: options.now ?? Date.now,
      trouble: options.trouble ?? (() => undefined),
      connections: () => this.#open.size,
      quit: options.onQuit,
      failed: (error) => logger?.error({ error }, "a call failed"),
    });
    this.#parts = {
      methods,
      room: new Room(roomBytes),
      limits: { lineBytesMax, freeBytes: FREE_BYTES },
    };
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#admit(socket);
    });
  }

  get address(): string {
    return this.#address;
  }

  get port(): number {
    return this.#port;
  }

  calls(): readonly CallRecord[] {
    return this.#log.newest();
  }

  async listen(name: string, wanted: number): Promise<void> {
    const { host, port } = await lookUpHost({ kind: "tcp", host: name, port: wanted });
    this.#port = await listenAlone(this.#server, { host, port });
    this.#server.on("error", (err) => {
      this.#logger?.warn({ err }, "the JSON port has trouble");
    });
    this.#address = formatListenAddress({ kind: "tcp", host, port: this.#port });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    const cut = setTimeout(() => {
      for (const socket of this.#open.keys()) socket.destroy();
    }, CLOSE_MS);
    for (const conversation of this.#open.values()) conversation.stop();
    await closed;
    clearTimeout(cut);
  }

  #admit(socket: Socket): void {
    if (this.#open.size >= this.#connectionsMax || this.#closing !== undefined) {
      socket.destroy();
      return;
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const { remoteAddress = "", remotePort = 0 } = socket;
    const host = remoteAddress.replace(/^::ffff:/, "");
    const peer = formatListenAddress({ kind: "tcp", host, port: remotePort });
    const conversation = new Conversation(
      this.#parts,
      { peer, isLoopback: isLoopback(host) },
      {
        write: (line, left) => void socket.write(`${line}\n`, () => left()),
        get hasRoom() {
          return !socket.writableNeedDrain;
        },
        pause: () => void socket.pause(),
        resume: () => void socket.resume(),
        end: () => endOf(socket),
      },
    );
    this.#open.set(socket, conversation);
    socket.on("data", (chunk: Uint8Array) => conversation.push(chunk));
    socket.on("drain", () => conversation.drained());
    socket.on("end", () => conversation.ended());
    socket.on("error", () => socket.destroy()); // a caller that goes away is no trouble
    socket.setTimeout(STALL_MS, () => {
      if (conversation.isStuck || socket.writableLength > 0) socket.destroy();
    });
    socket.once("close", () => {
      this.#open.delete(socket);
      conversation.close();
    });
  }
}

/**
 * What else comes is thrown away, so that the answers arrive: a socket that is closed with
 * something unread in it takes them back.
 */
function endOf(socket: Socket): void {
  socket.end();
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), REST_MS);
  socket.once("close", () => clearTimeout(cut));
}

function check(what: string, value: number, most: number): void {
  if (Number.isInteger(value) && value > 0 && value <= most) return;
  throw new BadOptionError(`${what}: ${value} is no whole number from 1 to ${most}`);
}

function checkAddress(host: unknown, port: unknown): void {
  if (typeof host !== "string" || host === "") {
    throw new BadOptionError(`host: ${shown(host)} is no host`);
  }
  if (Number.isInteger(port) && Number(port) >= 0 && Number(port) <= PORT_MAX) return;
  throw new BadOptionError(`port: ${shown(port)} is no whole number from 0 to ${PORT_MAX}`);
}

function byName(jobs: unknown): ReadonlyMap<string, AnyJob> {
  if (!Array.isArray(jobs)) throw new BadOptionError("jobs: an array of what defineJob made");
  const definitions = new Map<string, AnyJob>();
  for (const job of jobs as readonly unknown[]) {
    if (!isJob(job)) throw new BadOptionError(`jobs: ${shown(job)} is not what defineJob made`);
    if (definitions.has(job.name)) throw new BadOptionError(`jobs: ${job.name} stands there twice`);
    definitions.set(job.name, job);
  }
  return definitions;
}

function isJob(value: unknown): value is AnyJob {
  const { name, prepare } = fieldsOf(value);
  return typeof name === "string" && typeof prepare === "function";
}
