/* RabbitMQ (Debian's 3.10), for tests of the back end: a broker of one's own, with nothing of /etc
 * or /var, under a node name, ports and an epmd of its own. It takes many seconds to start, so
 * tests share one.
 *
 * The scripts of /usr/lib/rabbitmq/bin run as any user; Debian's wrapper on the PATH does not.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { program } from "./programs.ts";
import { until, within } from "./until.ts";

const SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl";
const PATIENCE_MS = 90_000;
const ANSWER_MS = 10_000;
/** Somebody else may take a port that was free. */
const STARTS_MAX = 3;
const OUTPUT_KEPT = 16_384;
const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** A broker, process after process in one directory. */
export class RabbitServer {
  readonly #directory = mkdtempSync(join(tmpdir(), "homemaker-rabbitmq-"));
  readonly #port: number;
  readonly #epmdPort: number;
  readonly #distPort: number;
  #epmd: ChildProcess | undefined;
  #broker: ChildProcess | undefined;
  #output = "";

  /** Starts one. Throws a MissingProgramError, and an Error with what it printed. */
  static async start(): Promise<RabbitServer> {
    program("rabbitmq-server");
    for (let times = 1; ; times++) {
      const [port = 0, epmdPort = 0, distPort = 0] = await freePorts(3);
      const server = new RabbitServer(port, epmdPort, distPort);
      try {
        await server.again();
        return server;
      } catch (error) {
        const hangs = server.#isRunning;
        await server.end();
        if (hangs || times === STARTS_MAX) throw error;
      }
    }
  }

  private constructor(port: number, epmdPort: number, distPort: number) {
    this.#port = port;
    this.#epmdPort = epmdPort;
    this.#distPort = distPort;
    mkdirSync(join(this.#directory, "home"));
    writeFileSync(join(this.#directory, "plugins"), "[].\n");
    writeFileSync(
      join(this.#directory, "rabbitmq.conf"),
      [
        `listeners.tcp.1 = 127.0.0.1:${port}`,
        "disk_free_limit.absolute = 50MB",
        "vm_memory_high_watermark.absolute = 1GB",
        "loopback_users.guest = true",
        "log.console = true",
        "log.file = false",
        "",
      ].join("\n"),
    );
  }

  get url(): `amqp://${string}` {
    return `amqp://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** It is there, for the first time or after it was killed. */
  async again(): Promise<void> {
    this.#epmd ??= this.#spawn("epmd", ["-port", String(this.#epmdPort), "-address", "127.0.0.1"]);
    this.#broker = this.#spawn(SCRIPT, ["-noinput"]);
    const end = performance.now() + PATIENCE_MS;
    while (!(await this.#answers())) {
      if (!this.#isRunning || performance.now() > end) {
        throw new Error(`RabbitMQ did not start:\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  get #isRunning(): boolean {
    return this.#broker?.exitCode === null && this.#broker.signalCode === null;
  }

  #spawn(command: string, words: readonly string[]): ChildProcess {
    const child = spawn(command, words, {
      stdio: ["ignore", "pipe", "pipe"],
      env: this.#environment(),
    });
    children.add(child);
    child.once("exit", () => children.delete(child));
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_KEPT);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    return child;
  }

  #environment(): NodeJS.ProcessEnv {
    const at = (name: string): string => join(this.#directory, name);
    return {
      PATH: process.env["PATH"],
      HOME: at("home"),
      LC_ALL: "C",
      RABBITMQ_NODENAME: `hm${this.#port}@localhost`,
      ERL_EPMD_PORT: String(this.#epmdPort),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_DIST_PORT: String(this.#distPort),
      RABBITMQ_MNESIA_BASE: at("mnesia"),
      RABBITMQ_LOG_BASE: at("log"),
      RABBITMQ_PID_FILE: at("pid"),
      RABBITMQ_LOGS: "-",
      RABBITMQ_CONF_ENV_FILE: at("env.conf"),
      RABBITMQ_CONFIG_FILE: at("rabbitmq.conf"),
      RABBITMQ_ADVANCED_CONFIG_FILE: at("advanced.config"),
      RABBITMQ_ENABLED_PLUGINS_FILE: at("plugins"),
      RABBITMQ_ALLOW_INPUT: "1",
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
    };
  }

  async #answers(): Promise<boolean> {
    try {
      await within("it answers", ANSWER_MS, this.#makeQueue());
      return true;
    } catch {
      return false; // it is not there yet
    }
  }

  async #makeQueue(): Promise<void> {
    const model = await connect(this.url, { timeout: 3000 });
    model.on("error", () => undefined);
    const channel = await model.createChannel();
    await channel.assertQueue("", { exclusive: true });
    await model.close();
  }

  /** Has it raise an alarm as if it had no memory, or take that back. */
  async alarm(isOn: boolean): Promise<void> {
    const words = ["set_vm_memory_high_watermark", ...(isOn ? ["0.0001"] : ["absolute", "1GB"])];
    const child = this.#spawn(CONTROL, words);
    await until("it was told", () => child.exitCode !== null);
    if (child.exitCode !== 0) throw new Error(`rabbitmqctl failed:\n${this.#output}`);
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    await ended(this.#broker);
  }

  /** Ends all of it. */
  async end(): Promise<void> {
    await ended(this.#broker);
    await ended(this.#epmd);
    rmSync(this.#directory, { recursive: true, maxRetries: 5 });
  }
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined) return;
  child.kill("SIGKILL");
  await until("it has ended", () => child.exitCode !== null || child.signalCode !== null);
}

/** Ports that nobody has now. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    ports.push(typeof address === "object" && address !== null ? address.port : 0);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}
