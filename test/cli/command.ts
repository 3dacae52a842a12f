/* The command as a user runs it, for tests of what it prints and how it ends.
 *
 * Every run has a deadline; a server that it starts ends with the test that started it.
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { execa } from "execa";
import { COMMAND } from "../support/command.ts";

/** The entry. */

const PATIENCE_MS = 20_000;

/** How the command runs; what is absent is as for the tests themselves. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Without root's right to read and write every file, if root runs the tests. */
  readonly obeysModes?: boolean;
}

/** How it ended. */
export interface Ending {
  /** Absent if a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that serves. */
export interface Serving extends AsyncDisposable {
  readonly pid: number;
  /** The lines of stdout that say where it listens. */
  readonly readyLines: readonly string[];
  /** The addresses in these lines: HOST:PORT or unix:PATH. */
  readonly addresses: readonly string[];
  /** What it has written to stderr so far. */
  readonly stderr: () => string;
  signal(name: "SIGTERM" | "SIGINT" | "SIGUSR1"): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ending>;
}

/** Runs the command to its end. */
export async function runCommand(
  argv: readonly string[],
  around: Surroundings = {},
): Promise<Ending> {
  return spawn(argv, around).ended;
}

/**
 * Starts the command and waits until it listens on `count` addresses. Throws with what it printed
 * when it ends instead.
 */
export async function serveCommand(
  argv: readonly string[],
  around: Surroundings & { readonly count?: number } = {},
): Promise<Serving> {
  const { child, ended } = spawn(argv, around);
  const { count = 1 } = around;
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => void (stderr += chunk.toString()));
  const readyLines = await readLines(child.stdout, count);
  if (readyLines.length < count)
    throw new Error(`it did not serve: ${JSON.stringify(await ended)}`);
  return {
    pid: child.pid ?? 0,
    readyLines,
    addresses: readyLines.map((line) => /listening on (\S+)/.exec(line)?.[1] ?? ""),
    stderr: () => stderr,
    signal: (name) => void child.kill(name),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A connection to an address of a ready line. */
export async function connectTo(address: string): Promise<Socket> {
  const path = /^unix:(.*)$/.exec(address)?.[1];
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  const socket =
    path === undefined ? connect({ host: host ?? "", port: Number(port) }) : connect({ path });
  await once(socket, "connect");
  return socket;
}

/** Sends `command` and resolves with the first line that comes back, without its CRLF. */
export async function ask(socket: Socket, command: string): Promise<string> {
  socket.write(command);
  let text = "";
  while (!text.includes("\r\n")) {
    const [chunk]: unknown[] = await once(socket, "data", {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    text += String(chunk);
  }
  return text.slice(0, text.indexOf("\r\n"));
}

/** Drops the capabilities to overrule the modes of files. */
const OBEYING_MODES = [
  "setpriv",
  "--bounding-set=-dac_override,-dac_read_search",
  "--inh-caps=-dac_override,-dac_read_search",
];

function spawn(argv: readonly string[], { env, cwd, obeysModes = false }: Surroundings) {
  const before = obeysModes && process.getuid?.() === 0 ? OBEYING_MODES : [];
  const [file = "", ...args] = [...before, process.execPath, COMMAND, ...argv];
  const child = execa(file, args, {
    reject: false,
    stdin: "ignore",
    buffer: true,
    timeout: 3 * PATIENCE_MS,
    killSignal: "SIGKILL",
    ...(env && { env }),
    ...(cwd && { cwd }),
  });
  const ended = child.then(({ exitCode, stdout, stderr }): Ending => ({
    code: exitCode,
    stdout,
    stderr,
  }));
  return { child, ended };
}

/** The first `count` lines, or fewer if the stream ends before. */
async function readLines(stream: NodeJS.ReadableStream, count: number): Promise<string[]> {
  let text = "";
  await new Promise<void>((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split("\n").length > count) resolve();
    });
    stream.once("end", resolve);
  });
  return text.split("\n").slice(0, -1).slice(0, count);
}
