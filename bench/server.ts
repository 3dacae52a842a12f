/* A server under test: started fresh for one measurement, pinned to its cores, and never outliving
 * this process.
 *
 * Every kind is declared once, with how it is started, what it needs on this host and how it names
 * its version. Called by the harness only; Linux only (taskset, prlimit and setpriv of util-linux
 * do the pinning, the file limit and the dying with the parent).
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { certificateFlags, OPENSSL } from "./certificate.ts";
import type { Scheme, ServerAddress } from "./load/order.ts";

const ROOT = join(import.meta.dirname, "..");
/** Recovering a million jobs is in it. */
const START_MILLIS = 60_000;
/**
 * How often a server that does not name its port is asked whether it is there; a restart is timed
 * to this.
 */
const LOOK_MILLIS = 10;
/** What a server printed last, kept for the message when it fails. */
const OUTPUT_CHARACTERS = 2000;

/** The kinds of server that can be measured. */
export type ServerKind = "homemaker" | "beanstalkd" | "fork" | "redis" | "mirror";

/** When what is acknowledged is synced: before, every 50 ms, or whenever the system likes. */
export type SyncLevel = "sync" | "interval" | "os";

/** The runtimes that npm installs with this package, and their command lines. */
const RUNTIMES = {
  node: [process.execPath],
  deno: [join(ROOT, "node_modules/.bin/deno"), "run", "-A"],
  bun: [join(ROOT, "node_modules/.bin/bun")],
} as const;

/** What Homemaker runs on. */
export type BenchRuntime = keyof typeof RUNTIMES;

/** How a server keeps its jobs on the disk. */
export interface Keeping {
  readonly level: SyncLevel;
  /** If absent: the server's own choice. */
  readonly segmentBytes?: number;
  /** A copy is on a PostgreSQL primary and its standby before anything is acknowledged. */
  readonly isCopied?: boolean;
  /** Where homemaker keeps what releases say; if absent, its own choice. */
  readonly releases?: "journal" | "hints";
  /** Bytes of bodies that homemaker has in memory; if absent, its own choice. */
  readonly memoryBytes?: number;
}

/** Which server, how. */
export interface ServerSpec {
  readonly kind: ServerKind;
  /**
   * I/O threads and shards; only homemaker has a choice, and it is its own where they are absent.
   */
  readonly threads?: number;
  readonly shards?: number;
  /** Processors in taskset's notation. */
  readonly cores: string;
  /** Commands of one wave; only the mirror must know. */
  readonly pipelined: number;
  /** If absent: in memory only. */
  readonly keeping?: Keeping & {
    readonly directory: string;
    /** Where its copy is to be. */
    readonly journalUrl?: string;
  };
  /** Whether it serves HTTP, on a port of its own choice; only homemaker does. */
  readonly http?: true;
  /** What homemaker runs on; the Node that runs this if absent. */
  readonly runtime?: BenchRuntime;
  /** What it listens for, TCP if absent; only homemaker has a choice. */
  readonly scheme?: Scheme;
}

const INTERVAL_MILLIS = 50;
const BEANSTALKD_SYNC: Record<SyncLevel, string> = {
  sync: "-f0",
  interval: `-f${INTERVAL_MILLIS}`,
  os: "-F",
};
/** The fork syncs once for all commands of a turn of its loop, and answers after that. */
const FORK_SYNC: Record<SyncLevel, string> = { ...BEANSTALKD_SYNC, sync: "-D" };

function homemakerKeeping({ keeping }: ServerSpec): readonly string[] {
  if (keeping === undefined) return [];
  const { directory, level, segmentBytes, releases, memoryBytes, journalUrl } = keeping;
  const size = segmentBytes === undefined ? [] : ["--segment-size", String(segmentBytes)];
  if (memoryBytes !== undefined) size.push("--memory", String(memoryBytes));
  if (releases !== undefined) size.push("--releases", releases);
  if (journalUrl !== undefined) return ["--data", directory, "--journal", journalUrl, ...size];
  const interval = level === "interval" ? ["--sync-interval", `${INTERVAL_MILLIS}ms`] : [];
  return ["--data", directory, "--durability", level, ...interval, ...size];
}

function beanstalkdKeeping(
  { keeping }: ServerSpec,
  syncs: Record<SyncLevel, string>,
): readonly string[] {
  if (keeping === undefined) return [];
  const { directory, level, segmentBytes } = keeping;
  const size = segmentBytes === undefined ? [] : ["-s", String(segmentBytes)];
  return ["-b", directory, syncs[level], ...size];
}

const REDIS_SYNC: Record<SyncLevel, string> = { sync: "always", interval: "everysec", os: "no" };

/** Redis without its snapshots, and with its append-only file if it keeps anything. */
function redisKeeping({ keeping }: ServerSpec): readonly string[] {
  if (keeping === undefined) return ["--appendonly", "no", "--save", ""];
  const { directory, level } = keeping;
  const synced = ["--appendonly", "yes", "--appendfsync", REDIS_SYNC[level]];
  return [...synced, "--dir", directory, "--save", ""];
}

function homemakerAddress({ scheme = "tcp" }: ServerSpec): readonly string[] {
  if (scheme === "tcp") return ["-l", "127.0.0.1", "-p", "0"];
  const files = scheme === "tls" ? certificateFlags() : [];
  return ["-l", `${scheme}://127.0.0.1:0`, ...files];
}

interface Recipe {
  /** What is missing on this host and how to get it, or undefined. */
  readonly missing: () => string | undefined;
  readonly command: (spec: ServerSpec, port: number) => readonly string[];
  /** Whether it picks its own port and prints it. */
  readonly namesPort: boolean;
  readonly version: () => string;
}

/** Where a fork of beanstalkd lies that takes part; it is built by whoever wants it. */
export const FORK_VARIABLE = "HOMEMAKER_BENCH_FORK";

function forkPath(): string | undefined {
  return process.env[FORK_VARIABLE] || undefined;
}

function chosen(flag: string, count: number | undefined): readonly string[] {
  return count === undefined ? [] : [flag, String(count)];
}

function beanstalkdVersion(program: string): string {
  const printed = execFileSync(program, ["-v"], { encoding: "utf8" });
  return printed.trim().replace(/^beanstalkd /, "");
}

const RECIPES: Record<ServerKind, Recipe> = {
  homemaker: {
    missing: () =>
      existsSync(join(ROOT, "src/cli/main.ts")) ? undefined : "src/cli/main.ts is missing",
    command: (spec) =>
      [...RUNTIMES[spec.runtime ?? "node"], join(ROOT, "src/cli/main.ts")].concat(
        homemakerAddress(spec),
        chosen("--threads", spec.threads),
        chosen("--shards", spec.shards),
        spec.http === undefined ? [] : ["--http-port", "0"],
        homemakerKeeping(spec),
      ),
    namesPort: true,
    version: () => `${packageVersion()} on Node ${process.version}`,
  },
  beanstalkd: {
    missing: () => missingProgram("beanstalkd", "beanstalkd"),
    command: (spec, port) =>
      ["beanstalkd", "-l", "127.0.0.1", "-p", String(port)].concat(
        beanstalkdKeeping(spec, BEANSTALKD_SYNC),
      ),
    namesPort: false,
    version: () => beanstalkdVersion("beanstalkd"),
  },
  fork: {
    missing: () => {
      const path = forkPath();
      if (path === undefined)
        return `the fork of beanstalkd was not given: --fork PATH or ${FORK_VARIABLE}`;
      return isExecutable(path) ? undefined : `the fork of beanstalkd cannot be run at ${path}`;
    },
    command: (spec, port) =>
      [forkPath() ?? "", "-l", "127.0.0.1", "-p", String(port)].concat(
        beanstalkdKeeping(spec, FORK_SYNC),
      ),
    namesPort: false,
    version: () => beanstalkdVersion(forkPath() ?? ""),
  },
  redis: {
    missing: () => missingProgram("redis-server", "redis-server"),
    command: (spec, port) =>
      ["redis-server", "--bind", "127.0.0.1", "--port", String(port)].concat(redisKeeping(spec)),
    namesPort: false,
    version: () =>
      /v=(\S+)/.exec(execFileSync("redis-server", ["--version"], { encoding: "utf8" }))?.[1] ??
      "unknown",
  },
  mirror: {
    missing: () => undefined,
    command: (spec, port) => [
      process.execPath,
      join(import.meta.dirname, "mirror.ts"),
      String(port),
      String(spec.pipelined),
    ],
    namesPort: false,
    version: () => `on Node ${process.version}`,
  },
};

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/**
 * What this host lacks to run such a server, with the way to get it; undefined when nothing is
 * missing.
 */
export function missingFor(kind: ServerKind, scheme?: Scheme): string | undefined {
  const missing = RECIPES[kind].missing();
  return scheme === "tls" ? (missing ?? missingProgram(OPENSSL, OPENSSL)) : missing;
}

/** The same of PostgreSQL, for a copy. */
export function missingPostgres(): string | undefined {
  return missingProgram("pg_ctlcluster", "postgresql");
}

/** The version that is measured. */
export function versionOf(kind: ServerKind): string {
  return RECIPES[kind].version();
}

/** The tool that the harness itself lacks, with the way to get it; undefined when all are there. */
export function missingTool(): string | undefined {
  if (process.platform !== "linux")
    return "the bench reads /proc and pins with taskset: it runs on Linux only";
  return ["taskset", "prlimit", "setpriv"]
    .map((tool) => missingProgram(tool, "util-linux"))
    .find((text) => text !== undefined);
}

/** Open files that a process may be given here: the hard limit. */
export function openFilesMax(): number {
  const line = /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec(
    readFileSync("/proc/self/limits", "latin1"),
  )?.[1];
  return line === undefined || line === "unlimited" ? 1_000_000 : Number(line);
}

/**
 * Spawns a command on the given cores with all the open files it may have, its output piped; it
 * dies when this process does.
 */
export function spawnPinned(cores: string, command: readonly string[]): ChildProcess {
  const files = openFilesMax();
  const child = spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      "prlimit",
      `--nofile=${files}:${files}`,
      "taskset",
      "-c",
      cores,
      ...command,
    ],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] },
  );
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}

/** A running server. */
export class Server {
  readonly address: ServerAddress;
  readonly #child: ChildProcess;
  readonly #output: Output;

  private constructor(child: ChildProcess, output: Output, address: ServerAddress) {
    this.#child = child;
    this.#output = output;
    this.address = address;
  }

  /**
   * Starts one and waits until it accepts a connection; rejects with what it printed when it does
   * not within a minute.
   */
  static async start(spec: ServerSpec): Promise<Server> {
    const recipe = RECIPES[spec.kind];
    const asked = recipe.namesPort ? 0 : await freePort();
    const child = spawnPinned(spec.cores, recipe.command(spec, asked));
    const output = new Output(child);
    const deadline = Date.now() + START_MILLIS;
    while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
      const port = recipe.namesPort ? output.port() : asked;
      if (port !== undefined && child.pid !== undefined && (await accepts(port)))
        return new Server(child, output, {
          port,
          pid: child.pid,
          ...directoryOf(spec),
          ...(spec.scheme && { scheme: spec.scheme }),
          ...output.http(),
        });
      await output.moreOr(LOOK_MILLIS);
    }
    child.kill("SIGKILL");
    throw new Error(`${spec.kind} did not start; it printed: ${output.text}`);
  }

  /** What it printed last. */
  get output(): string {
    return this.#output.text;
  }

  /** How it ended, or undefined while it runs. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null
      ? undefined
      : `ended with ${signalCode ?? exitCode}`;
  }

  /** Kills it and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.ended !== undefined) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}

/** The end of what a child printed on either stream. */
class Output {
  text = "";
  #port: number | undefined;
  #more = Promise.withResolvers<void>();

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => this.#add(text));
  }

  /** The port that it said it listens on. */
  port(): number | undefined {
    return this.#port;
  }

  /** The port that it said it serves HTTP on, before the other one. */
  http(): { readonly httpPort?: number } {
    const port = /dashboard on http:\/\/127\.0\.0\.1:(\d+)/.exec(this.text)?.[1];
    return port === undefined ? {} : { httpPort: Number(port) };
  }

  /** Resolves with the next output, or after the time. */
  async moreOr(millis: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, millis);
    await Promise.race([promise, this.#more.promise]);
    clearTimeout(timer);
  }

  #add(text: string): void {
    this.text = (this.text + text).slice(-OUTPUT_CHARACTERS);
    const port = /listening on (?:\w+:\/\/)?127\.0\.0\.1:(\d+)/.exec(this.text)?.[1];
    if (port !== undefined) this.#port ??= Number(port);
    this.#more.resolve();
    this.#more = Promise.withResolvers<void>();
  }
}

function directoryOf({ keeping }: ServerSpec): { readonly directory?: string } {
  return keeping === undefined ? {} : { directory: keeping.directory };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the kernel gave no port");
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const finish = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}

function missingProgram(program: string, aptPackage: string): string | undefined {
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .some((folder) => isExecutable(join(folder, program)));
  return found ? undefined : `${program} is not installed: apt-get install ${aptPackage}`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not for us: both mean that it cannot be run
  }
}

function packageVersion(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  );
  return manifest.version;
}
