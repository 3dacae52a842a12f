/* PostgreSQL (Debian's 15), for tests: a primary and a standby on whose disk is what the primary
 * answers, in a directory and on ports of their own, with nothing of /etc. Together they take two
 * or three seconds to start, so tests share a pair.
 *
 * The programs refuse root, so root's tests run them as another user. What initdb makes is kept in
 * the system's temporary directory and copied.
 */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { program } from "./programs.ts";
import { until } from "./until.ts";

const VERSIONS = "/usr/lib/postgresql";
/** Root runs them as this user and group: nobody. */
const NOBODY = 65_534;
const USER = "homemaker";
const DATABASE = "postgres";
const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** One server, process after process in one directory. */
export class PostgresServer {
  readonly port: number;
  readonly #directory: string;
  #child: ChildProcess | undefined;

  constructor(directory: string, port: number) {
    this.#directory = directory;
    this.port = port;
  }

  /** Its host, for a url of several. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const [command = "", ...words] = asUser(binary("postgres"), "-D", this.#directory);
    const options = { stdio: "ignore", env: environment() } as const;
    const child = spawn(command, [...words, "-p", String(this.port)], options);
    this.#child = child;
    children.add(child);
    child.once("exit", () => children.delete(child));
    const answers = (): Promise<boolean> => this.ask("select 1").then(isSo, isNot);
    await until("PostgreSQL answers", answers);
  }

  /** Runs a statement on a connection of its own; resolves with the first column of its rows. */
  async ask(statement: string): Promise<readonly unknown[]> {
    const client = new Client({
      host: "127.0.0.1",
      port: this.port,
      user: USER,
      database: DATABASE,
    });
    client.on("error", () => undefined); // told by what is asked of it
    await client.connect();
    try {
      const { rows } = await client.query<unknown[]>({ text: statement, rowMode: "array" });
      return rows.map((row) => row[0]);
    } finally {
      await client.end();
    }
  }

  /** It becomes the primary. */
  async promote(): Promise<void> {
    await this.ask("select pg_promote()");
  }

  /** All of its processes stand still, or go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    for (const pid of processesOf(this.#child?.pid)) process.kill(pid, signal);
  }

  /** As if the machine had lost it. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    for (const pid of processesOf(child.pid)) kill(pid);
    await exited;
  }
}

/** A primary and its standby. */
export class PostgresPair {
  readonly #directory: string;
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;

  /** Starts both. Throws a MissingProgramError. */
  static async start(): Promise<PostgresPair> {
    program("pg_ctlcluster");
    const template = await templateDirectory();
    const directory = mkdtempSync(join(tmpdir(), "homemaker-postgres-"));
    give(directory);
    const ports = await freePorts(2);
    const pair = new PostgresPair(directory, ports);
    try {
      await pair.#start(template, ports);
      return pair;
    } catch (error) {
      await pair.end();
      throw error;
    }
  }

  private constructor(directory: string, [first = 0, second = 0]: readonly number[]) {
    this.#directory = directory;
    this.primary = new PostgresServer(join(directory, "a"), first);
    this.standby = new PostgresServer(join(directory, "b"), second);
  }

  async #start(template: string, [first = 0]: readonly number[]): Promise<void> {
    const [a, b] = [join(this.#directory, "a"), join(this.#directory, "b")];
    await run("cp", "-a", template, a);
    await this.primary.start();
    const source = `host=127.0.0.1 port=${first} user=${USER} application_name=b`;
    const words = ["-D", b, "-R", "-X", "stream", "-c", "fast", "-C", "-S", "b", "-d", source];
    await run(binary("pg_basebackup"), ...words);
    await this.standby.start();
    await this.set("synchronous_standby_names", "ANY 1 (b)");
    const state = "select sync_state from pg_stat_replication";
    await until("the standby is one of the quorum", async () => {
      return (await this.primary.ask(state)).includes("quorum");
    });
  }

  /** Sets something of the primary for good. */
  async set(name: string, value: string, server = this.primary): Promise<void> {
    await server.ask(`alter system set ${name} = '${value}'`);
    await server.ask("select pg_reload_conf()");
    await until(`${name} is set`, async () => (await server.ask(`show ${name}`))[0] === value);
  }

  /** The url of a journal there. */
  url(journal: string, more = ""): string {
    const hosts = `${this.primary.host},${this.standby.host}`;
    return `postgres://${USER}@${hosts}/${DATABASE}?journal=${journal}${more}`;
  }

  async end(): Promise<void> {
    await Promise.all([this.primary.kill(), this.standby.kill()]);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** A directory as initdb makes it, set up for tests; made once. */
async function templateDirectory(): Promise<string> {
  const version = newest();
  const place = join(tmpdir(), `homemaker-postgres-${version}-${process.getuid?.() ?? 0}-1`);
  if (existsSync(join(place, "data"))) return join(place, "data");
  const making = mkdtempSync(`${place}-`);
  give(making);
  const data = join(making, "data");
  await run(binary("initdb"), "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync");
  appendFileSync(
    join(data, "postgresql.conf"),
    [
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
      "wal_level = replica",
      "wal_log_hints = on",
      "shared_buffers = 16MB",
      "max_wal_size = 64MB",
      "min_wal_size = 32MB",
      "max_connections = 40",
      "autovacuum_naptime = 5s",
      "log_min_messages = fatal",
      "jit = off",
      "",
    ].join("\n"),
  );
  try {
    renameSync(making, place);
  } catch (error) {
    if (!existsSync(join(place, "data"))) throw error; // another was faster
    rmSync(making, { recursive: true });
  }
  return join(place, "data");
}

function newest(): string {
  return readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a))[0] ?? "";
}

function binary(name: string): string {
  return join(VERSIONS, newest(), "bin", name);
}

const isSo = (): boolean => true;
const isNot = (): boolean => false;
const isRoot = process.getuid?.() === 0;

function asUser(...command: readonly string[]): readonly string[] {
  if (!isRoot) return command;
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return ["setpriv", ...user, ...command];
}

function give(directory: string): void {
  if (isRoot) chownSync(directory, NOBODY, NOBODY);
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
}

async function run(...command: readonly string[]): Promise<void> {
  const [first = "", ...words] = asUser(...command);
  await promisify(execFile)(first, words, { env: environment(), cwd: "/" });
}

/** A server's processes, its own first. */
function processesOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  const others = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return [pid, ...others.split(" ").filter(Boolean).map(Number)];
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
