/* Node: the main thread's runtime, for Node and for Deno and Bun, which offer node:* too.
 *
 * This file and its neighbours are the only ones that know which runtime they are on. Made by
 * cli/main.ts.
 */
import { readFileSync, writeSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import type { BarTerminal } from "../terminal.ts";
import { UserError } from "../runtime.ts";
import type { Identity, LineSink, Order, Report, Runtime, Signal, Thread } from "../runtime.ts";
import type { ThreadSeed, ThreadSupervisor } from "../runtime.ts";
import { whereListens } from "../transports/handed-socket.ts";
import { canSharePorts } from "../transports/tcp.ts";
import {
  isShared,
  listen,
  lookUp,
  needsPrivilege,
  probe,
  takeTurns,
} from "../transports/transports.ts";
import { die } from "./die.ts";
import { brokerRuntime, startCommitter } from "./node-broker.ts";
import { sha256 } from "./sha256.ts";
import { readText, stateOf } from "./small-file.ts";
import { nonBlocking, StandardStream } from "./standard-stream.ts";
import { entryOf, startWorker } from "./worker.ts";

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

/** What each I/O thread runs. */
const THREAD_ENTRY = entryOf("node-thread");
/**
 * What the young generation of an I/O thread's heap may take. Unbounded it grows to 96 MB when many
 * connections come at once, and never shrinks; a thread that serves makes hardly any garbage.
 */
const THREAD_YOUNG_MB = 6;

/**
 * The runtime that this process runs on.
 *
 * @param threadEntry the module that each thread runs; if absent, the one that serves jobs
 */
export function nodeRuntime(threadEntry: URL = THREAD_ENTRY): Runtime {
  const errors = new StandardStream(nonBlocking(STANDARD_ERROR));
  return {
    ...brokerRuntime,
    die,
    name: runtimeName(),
    processors: availableParallelism(),
    openFilesMax: openFilesMax(),
    startThread: (seed, supervisor) => startThread(threadEntry, seed, supervisor),
    startCommitter: (seed, supervisor) => startCommitter(seed, supervisor, errors.fd),
    lookUp,
    probe,
    takeTurns,
    listen: (address, manner, door) => listen(address, manner, door, false),
    needsPrivilege,
    whereListens,
    isShared,
    canSharePorts,
    onSignal: (signal: Signal, handler: () => void) => void process.on(signal, handler),
    lookUpUser,
    lookUpGroup,
    become,
    sha256,
    readText,
    stateOf,
    print: (line) => void writeSync(STANDARD_OUTPUT, `${line}\n`),
    output: new StandardStream(nonBlocking(STANDARD_OUTPUT)),
    errors,
    ...(isatty(STANDARD_ERROR) && { terminal: errorTerminal(errors) }),
    complain: (line) => void writeSync(STANDARD_ERROR, `${line}\n`),
  };
}

function errorTerminal(errors: LineSink): BarTerminal {
  return {
    get columns() {
      return process.stderr.columns || 0;
    },
    write: (text) => errors.write(text),
  };
}

function runtimeName(): string {
  const { bun, deno, node } = process.versions as NodeJS.Dict<string>;
  if (bun !== undefined) return `bun ${bun}`;
  if (deno !== undefined) return `deno ${deno}`;
  return `node ${node}`;
}

/** The soft limit, which Node and Bun raise to the hard one when they start. */
function openFilesMax(): number {
  const soft = /^Max open files\s+(\d+)/m.exec(ownLimits())?.[1];
  return soft === undefined ? Infinity : Number(soft);
}

/** Empty where nobody says: elsewhere than on Linux, and in a Deno that may not do everything. */
function ownLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}

function startThread(entry: URL, seed: ThreadSeed, supervisor: ThreadSupervisor): Thread {
  const heard = (report: unknown): void => supervisor.heard(report as Report);
  const limits = { maxYoungGenerationSizeMb: THREAD_YOUNG_MB };
  const { worker, end } = startWorker(entry, seed, heard, (why) => supervisor.died(why), limits);
  return { post: (order: Order) => worker.postMessage(order), end };
}

/** Asks id(1), which knows users that are in no file (LDAP, systemd). */
async function lookUpUser(name: string): Promise<Identity> {
  const ask = async (flag: string): Promise<number> => {
    return Number(await outputOf("id", flag, "--", name));
  };
  try {
    return { userName: name, userId: await ask("-u"), groupId: await ask("-g") };
  } catch (cause) {
    throw new UserError(`there is no user ${name}`, { cause });
  }
}

/** Asks getent(1), which knows groups that are in no file, too. */
async function lookUpGroup(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  try {
    const line = await outputOf("getent", "group", group);
    return Number(line.split(":")[2]);
  } catch (cause) {
    throw new UserError(`there is no group ${group}`, { cause });
  }
}

/** Most servers ask nobody, and so load nothing that could. */
async function outputOf(program: string, ...words: readonly string[]): Promise<string> {
  const { execFile } = await import("node:child_process");
  return (await promisify(execFile)(program, words)).stdout;
}

/** The groups go first: afterwards nothing may be given up any more. */
function become({ userName, userId, groupId }: Identity): void {
  try {
    process.setgroups?.([groupId]);
    process.setgid?.(groupId);
    process.setuid?.(userId);
  } catch (cause) {
    throw new UserError(`no permission to become user ${userName}`, { cause });
  }
}
