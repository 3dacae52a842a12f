/* Our server as a target: the real process behind real sockets, in several shapes.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND } from "../../support/command.ts";
import { RUNTIMES } from "../../support/runtimes.ts";
import type { RuntimeName } from "../../support/runtimes.ts";
import { secureSocket } from "../../support/secure-socket.ts";
import type { Credentials } from "../../support/secure-socket.ts";
import { ServerProcess } from "../../support/server-process.ts";
import type { Address } from "../../support/server-process.ts";
import { webSocketUrl } from "../../support/web-socket-url.ts";
import type { ServerOptions } from "../dialogue.ts";
import type { Target } from "../stage.ts";
import { ProcessTarget, SocketWire } from "./processes.ts";
import type { Connect } from "./processes.ts";
import { WebSocketWire } from "./web-socket-wire.ts";

/** The shape of a server of ours. */
export interface Shape {
  readonly title: string;
  /** I/O threads. */
  readonly threads: number;
  readonly shards: number;
  readonly listen: "tcp" | "unix" | "ws" | "tls" | "wss";
  /** Of a server with TLS. */
  readonly credentials?: Credentials;
  /** A file of tokens, and one of them that may do everything; if absent, everybody may. */
  readonly tokens?: { readonly path: string; readonly root: string };
  /** Each process keeps its jobs in a directory of its own, synced. */
  readonly keepsJobs?: boolean;
  /** What runs it; if absent, Node. */
  readonly runtime?: RuntimeName;
}

// Tolerant on purpose: the address may stand anywhere in a line of the log, with or without quotes
// around it.
function boundAddress(output: string): Address | undefined {
  const [, path, host, port] =
    /listening on (?:unix:([^\s"]+)|(?:(?:wss?|tls):\/\/)?\[?([\w.:]+?)\]?:(\d+))/i.exec(output) ??
    [];
  if (path !== undefined) return { path };
  return host === undefined || port === undefined ? undefined : { host, port: Number(port) };
}

/** Our server in this shape. */
export function homemakerTarget(shape: Shape): Target {
  const directories: string[] = [];
  const target = new ProcessTarget({
    title: shape.title,
    server: shape.keepsJobs === true ? "homemaker with data" : "homemaker",
    processes: 6,
    connect: connectTo(shape),
    root: shape.tokens?.root,
    start: (options) => {
      const data = shape.keepsJobs === true ? dataFlags(directories) : [];
      return start([...where(shape), ...flagsOf(options), ...data], shape.runtime);
    },
  });
  return {
    title: target.title,
    server: target.server,
    realTime: target.realTime,
    open: (dialogue) => target.open(dialogue),
    async close(): Promise<void> {
      await target.close();
      for (const directory of directories) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A journal with the smallest segments in a new directory, which is added to `directories`. */
function dataFlags(directories: string[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), "dialogue-data-"));
  directories.push(directory);
  return ["--data", directory, "--durability", "sync", "--segment-size", "1MiB"];
}

/** Our server, listening on a Unix socket. */
export function startOnUnixSocket(path: string): Promise<ServerProcess> {
  return start(["-l", `unix:${path}`, "--threads", "1"]);
}

/** Our server, taking WebSockets on a free port, with more flags. */
export function startOnWebSocket(...flags: readonly string[]): Promise<ServerProcess> {
  return start(["-l", "ws://127.0.0.1:0", ...flags]);
}

function start(flags: readonly string[], runtime: RuntimeName = "node"): Promise<ServerProcess> {
  const [command, ...before] = RUNTIMES[runtime];
  return ServerProcess.start({
    command,
    arguments: [...before, COMMAND, ...flags],
    address: boundAddress,
    patienceMs: 30_000,
  });
}

function where(shape: Shape): string[] {
  const { threads, shards, tokens } = shape;
  const counts = ["--threads", String(threads), "--shards", String(shards)];
  return [...addressOf(shape), ...counts, ...(tokens ? ["--tokens", tokens.path] : [])];
}

function addressOf({ listen, credentials }: Shape): string[] {
  switch (listen) {
    case "tcp":
      return ["-l", "127.0.0.1", "-p", "0"];
    case "unix":
      return ["-l", `unix:${join(tmpdir(), `dialogue-${randomUUID()}.sock`)}`];
    case "ws":
      return ["-l", "ws://127.0.0.1:0"];
    case "tls":
    case "wss": {
      const { certPath = "", keyPath = "" } = credentials ?? {};
      return ["-l", `${listen}://127.0.0.1:0`, "--tls-cert", certPath, "--tls-key", keyPath];
    }
  }
}

/** How to connect to such a server; undefined: by the socket where it listens. */
function connectTo({ listen, credentials }: Shape): Connect | undefined {
  const ca = credentials?.ca ?? "";
  switch (listen) {
    case "ws":
    case "wss":
      return (server) => WebSocketWire.open(webSocketUrl(server, listen), ca);
    case "tls":
      return async ({ address }) => {
        const socket = secureSocket(address, ca);
        await once(socket, "secureConnect");
        return new SocketWire(socket);
      };
    default:
      return undefined;
  }
}

function flagsOf(options: ServerOptions): string[] {
  const flag = (name: string, value: number | undefined): string[] =>
    value === undefined ? [] : [name, String(value)];
  return [
    ...flag("-z", options.maxJobSize),
    ...flag("--max-failure-size", options.maxFailureSize),
    ...flag("--max-batch-size", options.maxBatchSize),
    ...flag("--max-result-size", options.maxResultSize),
    ...flag("--max-results", options.maxResults),
    ...flag("--keep-failures", options.keepFailures),
    ...flag("--max-tubes", options.maxTubes),
    ...flag("--max-watch", options.maxWatch),
  ];
}
