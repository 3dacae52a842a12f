/* Runtime: the seam between Homemaker and the JavaScript runtime that it runs on.
 *
 * The server names no runtime; what it needs of one (threads, sockets, signals, files, users) is
 * declared here and implemented in src/runtimes/. There are two halves: `Runtime` is for the main
 * thread, which supervises; `ThreadRuntime` is for an I/O thread, which listens and serves.
 * Sessions run on both, and what they need is `LoopRuntime`; what a broker needs, in a server or in
 * a program of the user's, is `BrokerRuntime`. What the threads say to each other are the messages
 * below, plain data that any runtime can post.
 */
import type { BoundAddress } from "./config/listen-address.ts";
import type { BoundTcp } from "./config/tcp-address.ts";
import type { TokenList } from "./config/token-file.ts";
import type { UnixAddress } from "./config/unix-address.ts";
import type { WebSocketOptions } from "./config/web-socket-options.ts";
import type { TlsOptions } from "./config/tls-options.ts";
import type { LogFields, LogLevel, LogSink } from "./log.ts";
import type { Storage } from "./storage.ts";
import type { BarTerminal } from "./terminal.ts";
import type { Inlet, Outlet } from "./transport.ts";

/** What sessions ask of the runtime, whichever thread they run on. */
export interface LoopRuntime {
  /** Calls `callback` after the events that are waiting now. */
  soon(callback: () => void): void;
  /** Calls `ring` as a clock does (clock.ts). */
  after(millis: number, ring: () => void): () => void;
  /** What there is to say about the process and the machine. */
  readonly process: ProcessFacts;
  /**
   * Resolves when `words[index]` is no longer `value` and someone notified it, or at once if it is
   * another value already. Absent where the runtime cannot do that; the main thread then passes
   * wake-ups on.
   */
  readonly waitForChange?: (words: Int32Array, index: number, value: number) => Promise<void>;
  /**
   * Absent where nothing copies faster between shared memory and other memory than the language
   * itself.
   */
  readonly copy?: CopyBytes;
  /**
   * Opens a journal's directory; absent where this thread must not wait for a disk, as the main
   * thread must not.
   */
  readonly openStorage?: (directory: string) => Storage;
}

/** What a broker asks of the runtime. */
export interface BrokerRuntime extends LoopRuntime {
  /** Bytes of memory that this machine has, or that this process is confined to. */
  readonly memoryBytes: number;
  /** The module build/NAME.wasm. Rejects with a ModuleMissingError if it has not been built. */
  readModule(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Starts the thread of the journal, which does not keep the process alive. */
  startCommitter(seed: CommitterSeed, supervisor: CommitterSupervisor): CommitterThread;
  /** Keeps the process alive until what it returns is called. */
  keepAlive(): () => void;
}

/** What can tell a token by its digest. */
interface Digesting {
  /** The SHA-256 of these bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
}

/** What can end the process. */
interface Mortal {
  /**
   * Writes `line` to standard error and ends the whole process at once, with a non-zero code,
   * whatever its threads are doing.
   */
  die(line: string): never;
}

/** What can listen. */
export interface Listening {
  /** Listens. Rejects with a BindError. */
  listen(address: BoundAddress, manner: ListenManner, door: Door): Promise<Listener>;
}

/** What the main thread asks of the runtime. */
export interface Runtime extends BrokerRuntime, Listening, Digesting, Mortal {
  /** Name and version, for instance "node 26.10.0". */
  readonly name: string;
  /** Processors that this process may use, at least 1. */
  readonly processors: number;
  /** Most files and sockets that this process may have open; Infinity where nobody says. */
  readonly openFilesMax: number;
  /** Starts an I/O thread. It says "ready" once it takes orders. */
  startThread(seed: ThreadSeed, supervisor: ThreadSupervisor): Thread;
  /**
   * The address with numbers for names. Rejects with a BindError if there is no such host, for
   * instance.
   */
  lookUp(address: BoundAddress): Promise<BoundAddress>;
  /**
   * Looks whether addresses that were looked up exist and nobody listens there. Resolves with the
   * addresses, with free ports in place of 0. Rejects with a BindError. What only listening itself
   * can tell it leaves to that.
   */
  probe(sockets: readonly ProbedSocket[]): Promise<readonly BoundAddress[]>;
  /**
   * Keeps other servers from beginning to listen there until what it resolves with is called.
   * Rejects with a BindError if somebody listens there already, or others are about to for too long
   * or until `signal` is aborted.
   */
  takeTurns(sockets: readonly ProbedSocket[], signal?: AbortSignal): Promise<() => void>;
  /**
   * Whether it takes a privilege to listen there: one that is given up by becoming another user.
   */
  needsPrivilege(address: BoundAddress): boolean;
  /**
   * Where a socket listens that was handed over with that number. Rejects with a BindError if there
   * is none, or it listens for no streams.
   */
  whereListens(fd: number): Promise<BoundTcp | UnixAddress>;
  /** Whether it is an address that several threads listen on, if they can. */
  isShared(address: BoundAddress): boolean;
  /** Whether several threads of this process can listen on one address. Looks by trying. */
  canSharePorts(): Promise<boolean>;
  /**
   * Calls `handler` each time that the process gets the signal, instead of what it would do by
   * itself.
   */
  onSignal(signal: Signal, handler: () => void): void;
  /**
   * The ids behind a user's name, and its group's. Rejects with a UserError if there is none of
   * that name.
   */
  lookUpUser(name: string): Promise<Identity>;
  /** The id behind a group's name or number. Rejects with a UserError if there is none. */
  lookUpGroup(group: string): Promise<number>;
  /** Becomes that user, in all threads and for good. Throws a UserError if the process may not. */
  become(identity: Identity): void;
  /** What is in a small file. Throws a FileError. */
  readText(path: string): string;
  /** Another text whenever the file has changed, or how it can be seen. */
  stateOf(path: string): string;
  /** Writes one line to standard output, however long that takes. */
  print(line: string): void;
  /** Standard output and standard error, for a server: nobody need read them. */
  readonly output: LineSink;
  readonly errors: LineSink;
  /** Standard error, if it is a terminal. */
  readonly terminal?: BarTerminal;
  /** Writes one line to standard error, however long that takes. */
  complain(line: string): void;
}

/** Takes lines without waiting for whoever reads them. */
export interface LineSink extends LogSink {
  /** Resolves when all has been read, or after that time. */
  finish(withinMillis: number): Promise<void>;
}

/** What an I/O thread asks of the runtime. */
export interface ThreadRuntime extends LoopRuntime, Listening, Digesting, Mortal {
  /**
   * Calls `handler` for every message of the main thread; from then on the thread lives until it is
   * ended.
   */
  onOrder(handler: (order: Order) => void): void;
  /** Tells the main thread something. */
  report(report: Report): void;
}

/** Copies from[start, end) to `to`, beginning at `at`. */
export type CopyBytes = (
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
) => void;

/** The process and the machine, as `stats` names them. */
export interface ProcessFacts {
  readonly pid: number;
  readonly hostname: string;
  /** The operating system's version, as uname(2) has it. */
  readonly os: string;
  /** The kind of processor, as uname(2) has it. */
  readonly platform: string;
  /** CPU time of the process so far, in microseconds. */
  cpuMicros(): { readonly user: number; readonly system: number };
  /** Bytes of the machine's memory that the process takes up, what threads share counted once. */
  residentBytes(): number;
}

/** The signals that the server minds. */
export type Signal = "SIGTERM" | "SIGINT" | "SIGUSR1" | "SIGHUP";

/**
 * A signal that comes so soon after the one before is the same request: who signals a whole group
 * reaches a process twice.
 */
export const SAME_SIGNAL_MS = 200;

/**
 * What a new thread gets to know. Only what can be posted; memories and the module are shared, not
 * copied.
 */
export interface ThreadSeed {
  /** This thread's place, counted from 0. */
  readonly threadIndex: number;
  /** The SharedArrayBuffer behind `Common`. */
  readonly common: SharedArrayBuffer;
  /** Most open connections of all threads together. */
  readonly maxConnections: number;
  readonly trace: TraceSettings;
  /** Whether the thread measures how late its event loop runs. */
  readonly measuresLag: boolean;
  /** Who may do what; absent: everybody everything. */
  readonly tokens?: TokenList | undefined;
  /**
   * What the thread's host needs: the engine's module and memories, the options. The runtime only
   * passes it on.
   */
  readonly payload: unknown;
}

/** What a thread tells the log beside what needs attention. */
export interface TraceSettings {
  /** 0: nothing; 1: each binding, accepting and closing; 2 and more: each command and reply too. */
  readonly verbosity: number;
  /** What a put may bring; a command too large for that has its body swallowed. */
  readonly maxJobBytes: number;
}

/** What the journal's thread gets to know. */
export interface CommitterSeed {
  /** Where the journal lies. */
  readonly directory: string;
  /** What the committer needs: memories, options. The runtime only passes it on. */
  readonly payload: unknown;
  /** Whether a journal that fails ends the process, from the thread itself. */
  readonly endsProcess: boolean;
  /** Where a copy is kept, and what who keeps it needs; absent: nowhere. */
  readonly copy?: {
    readonly url: string;
    readonly leaseMillis: number;
    /** Where clients reach this server. */
    readonly address: string;
    readonly payload: unknown;
  };
}

/** The journal's thread, seen from the main thread. Orders reach it through the common memory. */
export interface CommitterThread {
  /** Ends it without another word. Resolves when it is gone. */
  end(): Promise<void>;
}

/** Who hears what becomes of the journal's thread. */
export interface CommitterSupervisor {
  /** It said something; see broker/committer.ts. */
  heard(report: unknown): void;
  /** It failed, or ended without having been told to. `why` is one line. */
  died(why: string): void;
}

/** A thread, seen from the main thread. */
export interface Thread {
  /** Gives it an order. */
  post(order: Order): void;
  /** Ends it without another word. Resolves when it is gone; the supervisor hears nothing of it. */
  end(): Promise<void>;
}

/** Who hears what becomes of a thread. */
export interface ThreadSupervisor {
  /** It said something. */
  heard(report: Report): void;
  /** It failed, or ended without having been told to. `why` is one line. */
  died(why: string): void;
}

/** What the main thread tells an I/O thread. */
export type Order =
  /** Take part in the recovery of the journal, and wait until it is over. */
  | { readonly kind: "recover" }
  /** Listen on all of these, then report "listening" or "failed". */
  | { readonly kind: "listen"; readonly sockets: readonly ListenOrder[] }
  /** Stop accepting, let replies leave, close; report "stopped" when done or after that time. */
  | { readonly kind: "stop"; readonly withinMillis: number }
  /** Report "connections": of these without the first `offset`, at most `limit`. */
  | {
      readonly kind: "connections";
      readonly question: number;
      readonly offset: number;
      readonly limit: number;
      readonly which: "all" | "named-workers";
    }
  /** From now on these tokens count. */
  | { readonly kind: "tokens"; readonly list: TokenList }
  /** Wake up (only where threads cannot do that by themselves). */
  | { readonly kind: "wake" };

/** One socket that a thread shall listen on. */
export interface ListenOrder {
  readonly address: BoundAddress;
  readonly manner: ListenManner;
}

/** How to bind. */
export interface ListenManner {
  /** The number of the socket that listens there already; absent: it is to be opened. */
  readonly fd?: number | undefined;
  /** Other threads of this process listen on the same address, if it can be shared. */
  readonly shared: boolean;
  /** An IPv6 wildcard takes no IPv4 connections, because another socket does. */
  readonly onlyIpv6: boolean;
  /** What WebSockets are taken with. */
  readonly webSocket: WebSocketOptions;
  /** What an address that speaks TLS shows of itself. */
  readonly tls: TlsOptions;
  /** Who may connect by a Unix socket. */
  readonly file: SocketFileAccess;
}

/** Who may connect by the file of a socket. */
export interface SocketFileAccess {
  /** Its permissions; absent means that the umask says. */
  readonly mode: number | undefined;
  /** Its group; absent means the process's. */
  readonly groupId: number | undefined;
}

/** What an I/O thread tells the main thread. */
export type Report =
  /** It takes orders. */
  | { readonly kind: "ready" }
  /** It listens on all that it was told to. */
  | { readonly kind: "listening" }
  /** It could not listen; `message` is one line. */
  | { readonly kind: "failed"; readonly message: string }
  /** Something for the log. */
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly message: string;
      readonly fields?: LogFields;
    }
  /**
   * What it was asked with the same number; see session/who-is-there.ts. The runtime only passes it
   * on.
   */
  | { readonly kind: "connections"; readonly question: number; readonly page: unknown }
  /** Wake these threads (only where threads cannot do that by themselves). */
  | { readonly kind: "wake"; readonly low: number; readonly high: number }
  /** All its connections are closed. */
  | { readonly kind: "stopped" };

/** What a listening socket does with those who come; implemented by the I/O thread. */
export interface Door {
  /**
   * Whether there is room for one more. If not, the connection is closed at once and nothing else
   * is called for it.
   */
  admit(): boolean;
  /** The session of an admitted connection, which has shown `token` already if there is one. */
  open(outlet: Outlet, token?: Uint8Array): Inlet;
  /** Whether that token is one; undefined if none is needed. */
  knows(token: Uint8Array): boolean | undefined;
  /** An admitted connection is gone, and its Inlet knows. */
  left(): void;
  /** Something about the socket that an operator should know; may come often. */
  troubled(message: string): void;
}

/** A socket that is listened on. */
export interface Listener {
  /** Takes no more connections; those that there are go on. */
  stopAccepting(): void;
  /**
   * Delivers no more input, flushes every connection and closes it. Resolves when all are gone;
   * after `withinMillis` they are cut off.
   */
  finish(withinMillis: number): Promise<void>;
}

/** An address that shall be free. */
export interface ProbedSocket<Address extends BoundAddress = BoundAddress> {
  readonly address: Address;
  /** As in ListenManner. */
  readonly onlyIpv6: boolean;
}

/** A user, as the operating system counts. */
export interface Identity {
  readonly userName: string;
  readonly userId: number;
  readonly groupId: number;
}

/** An address could not be bound. The message is one line for the operator. */
export class BindError extends Error {
  override readonly name = "BindError";
  readonly code = "HM_BIND";
}

/** A compiled module is not there. */
export class ModuleMissingError extends Error {
  override readonly name = "ModuleMissingError";
  readonly code = "HM_MODULE_MISSING";
}

/** A file cannot be read. The message names it and says why. */
export class FileError extends Error {
  override readonly name = "FileError";
  readonly code = "HM_FILE";
}

/**
 * There is no such user or group, or it cannot be become. The message is one line for the operator.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly code = "HM_USER";
}
