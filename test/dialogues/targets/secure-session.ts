/* The engine and the sessions alone behind TLS: what listens is the server's own transport, and the
 * clients are Node's, but threads and clock are a World's (support/session-world.ts), where time
 * only passes when a dialogue says so. The sessions may stand behind the door for WebSockets as
 * well, as behind wss://; then the client frames at random.
 *
 * Bytes take a while to cross a socket. So each connection is counted at both ends, and a stage is
 * settled when all has arrived that was sent: then the replies are there, or there are none.
 */
import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DEFAULT_OPTIONS } from "../../../src/config/options.ts";
import { webSocketOptionsOf } from "../../../src/config/web-socket-options.ts";
import type { Door, Listener } from "../../../src/runtime.ts";
import type { Inlet, Outlet } from "../../../src/transport.ts";
import { TCP_TRANSPORT } from "../../../src/transports/tcp.ts";
import { TLS_TRANSPORT } from "../../../src/transports/tls-transport.ts";
import { secureSocket } from "../../support/secure-socket.ts";
import type { Credentials } from "../../support/secure-socket.ts";
import type { World } from "../../support/session-world.ts";
import { utter } from "../../support/voice.ts";
import type { Voice } from "../../support/voice.ts";
import type { Case } from "../dialogue.ts";
import { Inbox, readStats } from "../stage.ts";
import type { Stage, Target, Wire } from "../stage.ts";
import { voiceOf, worldOf } from "./session.ts";
import type { SessionShape } from "./session.ts";

const HOST = "127.0.0.1";
/** Longer than any bytes are under way on a busy machine. */
const PATIENCE_MS = 20_000;

/** The server's end of a connection, between the transport and the session. */
class ServerEnd implements Inlet, Outlet {
  gotBytes = 0;
  wroteBytes = 0;
  hasEnded = false;
  isPaused = false;
  isClosing = false;
  isClosed = false;
  readonly #outlet: Outlet;
  readonly #inlet: Inlet;
  readonly #door: Door;
  readonly #world: World;

  constructor(outlet: Outlet, door: Door, world: World) {
    this.#outlet = outlet;
    this.#door = door;
    this.#world = world;
    door.admit();
    this.#inlet = door.open(this);
  }

  /* Inlet, of the transport's connection. */

  receive(bytes: Uint8Array): void {
    this.gotBytes += bytes.length;
    this.#inlet.receive(bytes);
    this.#world.settle();
  }

  ended(): void {
    this.hasEnded = true;
    this.#inlet.ended();
    this.#world.settle();
  }

  closed(): void {
    this.isClosed = true;
    this.#door.left();
    this.#inlet.closed();
    this.#world.settle();
  }

  drained(): void {
    this.#inlet.drained();
    this.#world.settle();
  }

  /* Outlet, of the session. */

  write(bytes: Uint8Array): boolean {
    this.wroteBytes += bytes.length;
    return this.#outlet.write(bytes);
  }

  get backlogBytes(): number {
    return this.#outlet.backlogBytes;
  }

  get peer(): string | undefined {
    return this.#outlet.peer;
  }

  pause(): void {
    this.isPaused = true;
    this.#outlet.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.#outlet.resume();
  }

  close(): void {
    this.isClosing = true;
    this.#outlet.close();
  }
}

/** The client's end, which knows the other one. */
class SecureWire implements Wire {
  readonly inbox = new Inbox();
  readonly #socket: TLSSocket;
  readonly #voice: Voice;
  readonly #settle: () => Promise<void>;
  readonly #far: ServerEnd;
  #saidBytes = 0;
  #heardBytes = 0;
  #hasEnded = false;
  #isGone = false;

  constructor(socket: TLSSocket, far: ServerEnd, voice: Voice, settle: () => Promise<void>) {
    this.#socket = socket;
    this.#far = far;
    this.#voice = voice;
    this.#settle = settle;
    socket.on("data", (bytes: Buffer) => this.#hear(bytes));
    for (const end of ["error", "end", "close"]) socket.on(end, () => this.inbox.end());
    this.#say(voice.greet());
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.#settle(); // what is done elsewhere comes first
    this.#say(this.#voice.say(bytes));
    await this.#settle();
  }

  shutdown(): void {
    const words = this.#voice.finish();
    if (words !== undefined) return this.#say(words);
    this.#hasEnded = true;
    this.#socket.end();
  }

  close(): void {
    this.#isGone = true;
    this.#socket.destroy();
  }

  reset(): void {
    this.close(); // a socket with TLS has none of its own
  }

  #hear(bytes: Buffer): void {
    this.#heardBytes += bytes.length;
    const { data, answers } = this.#voice.hear(bytes);
    if (data.length > 0) this.inbox.push(data);
    this.#say(answers);
  }

  #say(pieces: readonly Buffer[]): void {
    utter(pieces, (piece) => {
      this.#saidBytes += piece.length;
      this.#socket.write(piece);
    });
  }

  /** Whether all has arrived that either end has sent. */
  get isQuiet(): boolean {
    const far = this.#far;
    if (this.#isGone || far.isClosed) return far.isClosed;
    if (far.isClosing) return this.inbox.ended && far.isClosed;
    const hasHeard = this.#heardBytes === far.wroteBytes;
    const hasSaid = this.#saidBytes === far.gotBytes && this.#hasEnded === far.hasEnded;
    return hasHeard && (hasSaid || far.isPaused);
  }
}

/** What listens, once for all worlds; each connection is in the world of whoever has made it. */
class SecurePort {
  readonly #credentials: Credentials;
  readonly port: number;
  readonly #arrivals = new Map<string, (outlet: Outlet) => Inlet>();
  #listener: Listener | undefined;

  static async open(credentials: Credentials): Promise<SecurePort> {
    const free = { address: { kind: "tcp", host: HOST, port: 0 }, onlyIpv6: false } as const;
    const [{ port } = { port: 0 }] = (await TCP_TRANSPORT.probe?.([free])) ?? [];
    const one = new SecurePort(credentials, port);
    await one.#listen();
    return one;
  }

  private constructor(credentials: Credentials, port: number) {
    this.#credentials = credentials;
    this.port = port;
  }

  async #listen(): Promise<void> {
    const { certPath: tlsCert, keyPath: tlsKey } = this.#credentials;
    const manner = {
      shared: false,
      onlyIpv6: false,
      webSocket: webSocketOptionsOf(DEFAULT_OPTIONS),
      tls: { tlsCert, tlsKey, tlsClientCa: undefined },
      file: { mode: undefined, groupId: undefined },
    };
    const door: Door = {
      admit: () => true,
      open: (outlet) => this.#open(outlet),
      knows: () => undefined,
      left: () => undefined, // each world counts its own
      troubled: (message) => {
        throw new Error(message);
      },
    };
    const address = { kind: "tls", host: HOST, port: this.port } as const;
    this.#listener = await TLS_TRANSPORT.listen(address, manner, door, false);
  }

  #open(outlet: Outlet): Inlet {
    const open = this.#arrivals.get(outlet.peer ?? "");
    if (open === undefined) throw new Error(`nobody expects ${outlet.peer}`);
    return open(outlet);
  }

  /**
   * A new connection, whose other end `open` makes. On a machine that is busy enough the server
   * takes the time of a handshake for over: then it is tried again.
   */
  async connect(open: (outlet: Outlet) => ServerEnd): Promise<[TLSSocket, ServerEnd]> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#tryToConnect(open);
      } catch (error) {
        if (performance.now() > giveUpAt) throw error;
      }
    }
  }

  async #tryToConnect(open: (outlet: Outlet) => ServerEnd): Promise<[TLSSocket, ServerEnd]> {
    const socket = secureSocket({ host: HOST, port: this.port }, this.#credentials.ca);
    const failed = Promise.withResolvers<never>();
    socket.on("error", failed.reject);
    socket.on("close", () => failed.reject(new Error("it was closed in its handshake")));
    await Promise.race([once(socket, "connect"), failed.promise]);
    const opened = Promise.withResolvers<ServerEnd>();
    const peer = `${HOST}:${socket.localPort}`;
    this.#arrivals.set(peer, (outlet) => {
      const end = open(outlet);
      opened.resolve(end);
      return end;
    });
    const secure = once(socket, "secureConnect");
    const [end] = await Promise.race([Promise.all([opened.promise, secure]), failed.promise]);
    this.#arrivals.delete(peer);
    return [socket, end];
  }

  async close(): Promise<void> {
    this.#listener?.stopAccepting();
    await this.#listener?.finish(0);
  }
}

class SecureStage implements Stage {
  readonly baseId = 0;
  readonly patienceMs = PATIENCE_MS;
  readonly #port: SecurePort;
  readonly #world: World;
  readonly #doors: readonly Door[];
  readonly #framing: number | undefined;
  readonly #wires: SecureWire[] = [];
  #control: Wire | undefined;

  constructor(port: SecurePort, shape: SessionShape, dialogue: Case) {
    this.#port = port;
    this.#world = worldOf(shape, dialogue.options, () => {
      this.#world.verify();
      return false;
    });
    this.#framing = shape.framing;
    this.#doors = this.#world.doors(this.#framing !== undefined);
  }

  /** To one thread after the other. */
  async connect(): Promise<SecureWire> {
    const index = this.#wires.length;
    const door = this.#doors[index % this.#doors.length];
    if (door === undefined) throw new RangeError("a server has a thread");
    const [socket, end] = await this.#port.connect(
      (outlet) => new ServerEnd(outlet, door, this.#world),
    );
    const voice = voiceOf(this.#framing, index);
    const wire = new SecureWire(socket, end, voice, () => this.settle());
    this.#wires.push(wire);
    return wire;
  }

  async advance(milliseconds: number): Promise<void> {
    await this.settle();
    this.#world.advance(milliseconds * 1000);
    await this.settle();
  }

  signal(): void {
    this.#world.common.startDraining();
  }

  async settle(): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    this.#world.settle(); // each arrival does so itself
    while (!this.#wires.every((wire) => wire.isQuiet)) {
      if (performance.now() > giveUpAt) throw new Error("some bytes never arrive");
      await nextTurn();
    }
  }

  async stats(): Promise<ReadonlyMap<string, string>> {
    this.#control ??= await this.connect();
    return readStats(this.#control, PATIENCE_MS);
  }

  async finish(): Promise<void> {
    for (const wire of this.#wires) wire.close();
    await this.settle();
  }
}

/** The sessions of that shape behind TLS, in virtual time. */
export function secureSessionTarget(shape: SessionShape, credentials: Credentials): Target {
  let port: Promise<SecurePort> | undefined;
  return {
    title: shape.title,
    server: "homemaker",
    realTime: false,
    async open(dialogue) {
      port ??= SecurePort.open(credentials);
      return new SecureStage(await port, shape, dialogue);
    },
    async close() {
      await (await port)?.close();
    },
  };
}
