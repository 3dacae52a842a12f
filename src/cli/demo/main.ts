/* The demo: hashes every file below a folder through a queue, and accounts for every job.
 *
 *   npm run demo                        the files of this project, a server of its own
 *   npm run demo -- FOLDER              another folder
 *   npm run demo -- --address HOST:PORT a server that runs already (any beanstalkd)
 *
 * One producer puts a job per file; several workers reserve jobs, hash the file (SHA-256) and
 * delete the job. A file that is too big or cannot be read is a job that failed: it is buried. In
 * the end put = deleted + buried must hold in the demo's own account and in the server's stats, or
 * the exit code is 1. It is 2 for wrong arguments.
 */
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { glob, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TCP } from "../../config/tcp-address.ts";
import { Account } from "./account.ts";
import type { ClientConnection } from "../../client/connection.ts";
import { startOwnServer, type DemoServer } from "./own-server.ts";
import { connectTo } from "../../transports/socket-wire.ts";

const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));
const TUBE = `demo-${process.pid}`;
const FILES_MAX = 10_000;
const FILE_BYTES_MAX = 1_000_000;
const WORKERS = 8;
/** Puts that are under way at once. */
const PIPELINE = 256;
const TTR_SECONDS = 120;
const FAILURES_SHOWN = 5;

/** Something answered what it must not answer here. */
class DemoError extends Error {
  override readonly name = "DemoError";
  readonly code = "HM_DEMO";
}

const USAGE = `Hashes every file below a folder through a queue, and accounts for every job.

  npm run demo                             the files of this project, a server of its own
  npm run demo -- FOLDER                   another folder
  npm run demo -- --address HOST:PORT      a server that runs already (any beanstalkd)
`;

const { values, positionals } = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const folder = folderOf(positionals);
const account = new Account();
const startedAt = performance.now();

try {
  const server = await serverAt(values.address);
  process.exitCode = (await run(server)) ? 0 : 1;
  server.stop();
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

/** The folder that is asked for; ends the process when it is none. */
function folderOf(words: readonly string[]): string {
  const [word = PROJECT, more] = words;
  if (more !== undefined) refuse(`one folder at a time; "${more}" is one too many`);
  const path = resolve(word);
  try {
    if (statSync(path).isDirectory()) return path;
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
  return refuse(`${path}: it is not a folder`);
}

/** Ends the process: what was asked for cannot be done. */
function refuse(why: string): never {
  console.error(`demo: ${why}`);
  process.exit(2);
}

/** Ends the process with the usage when they are wrong. */
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { address: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** Puts and works until all is done; true if the books balance. */
async function run({ host, port }: DemoServer): Promise<boolean> {
  const open = (): Promise<ClientConnection> => connectTo({ kind: "tcp", host, port });
  console.log(
    `hashing up to ${FILES_MAX} files below ${folder} through ${host}:${port}, tube ${TUBE}`,
  );
  // A tube and its counters vanish with the last that uses it: this connection does, from the first
  // job to the last question.
  const books = await open();
  await books.ask(`use ${TUBE}`);
  const stopProgress = showProgress();
  const workers = Array.from({ length: WORKERS }, async () => work(await open()));
  await Promise.all([produce(await open()), ...workers]);
  stopProgress();
  const isBalanced = await balance(books);
  books.close();
  return isBalanced;
}

async function serverAt(address: string | undefined): Promise<DemoServer> {
  if (address === undefined) return startOwnServer();
  const parsed = TCP.parse(address);
  if (parsed?.port === undefined) {
    return refuse(`--address must be HOST:PORT, not "${address}"`);
  }
  return { host: parsed.host, port: parsed.port, stop: () => {} };
}

/** Puts one job for each file; the body is the file's path below the folder. */
async function produce(connection: ClientConnection): Promise<void> {
  await connection.ask(`use ${TUBE}`);
  const underWay = new Set<Promise<void>>();
  for await (const path of files()) {
    const put = putFile(connection, path).finally(() => underWay.delete(put));
    underWay.add(put);
    if (underWay.size >= PIPELINE) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  connection.close();
  account.isOpen = false;
}

async function* files(): AsyncIterable<string> {
  let count = 0;
  const entries = glob("**/*", { cwd: folder, withFileTypes: true });
  for await (const entry of entries) {
    if (entry.isDirectory()) continue;
    if (++count > FILES_MAX) return;
    yield relative(folder, join(entry.parentPath, entry.name));
  }
}

async function putFile(connection: ClientConnection, path: string): Promise<void> {
  const body = Buffer.from(path);
  const { word, line } = await connection.ask(`put 1024 0 ${TTR_SECONDS} ${body.length}`, body);
  if (word !== "INSERTED") throw new DemoError(`put was answered ${line}`);
  account.put++;
}

/** Takes jobs until there are no more. */
async function work(connection: ClientConnection): Promise<void> {
  await connection.ask(`watch ${TUBE}`);
  await connection.ask("ignore default");
  while (account.isOpen || account.unsettled > account.inWork) {
    const { word, line, args, body } = await connection.ask("reserve-with-timeout 1");
    if (word === "TIMED_OUT") continue;
    const [job] = args;
    if (word !== "RESERVED" || job === undefined) {
      throw new DemoError(`reserve was answered ${line}`);
    }
    account.inWork++;
    await settle(connection, job, textOf(body));
    account.inWork--;
  }
  connection.close();
}

async function settle(connection: ClientConnection, job: string, path: string): Promise<void> {
  try {
    const bytes = await hash(join(folder, path));
    await expect(connection, `delete ${job}`, "DELETED");
    account.deleted++;
    account.hashedBytes += bytes;
  } catch (error) {
    if (error instanceof DemoError || !(error instanceof Error)) throw error;
    await expect(connection, `bury ${job} 1024`, "BURIED");
    account.failures.push({ job, path, reason: error.message });
  }
}

async function expect(connection: ClientConnection, command: string, reply: string): Promise<void> {
  const { word, line } = await connection.ask(command);
  if (word !== reply) throw new DemoError(`${command} was answered ${line}`);
}

/**
 * The work itself. Returns how many bytes were hashed; throws an Error if the file is too big or
 * cannot be read.
 */
async function hash(path: string): Promise<number> {
  const { size } = await stat(path);
  if (size > FILE_BYTES_MAX) throw new RangeError(`too big (${size} bytes)`);
  const sha256 = createHash("sha256");
  await pipeline(createReadStream(path), sha256);
  account.fingerprint ^= BigInt(`0x${sha256.digest("hex")}`);
  return size;
}

/**
 * Prints how far it is, over and over on the same line of a terminal, else a line each second.
 * Returns how to stop it.
 */
function showProgress(): () => void {
  const isTerminal = process.stdout.isTTY;
  const print = (): void => {
    const { put, deleted, failures, inWork, unsettled } = account;
    const alive = `waiting ${unsettled - inWork}  in work ${inWork}`;
    const line = `put ${put}  ${alive}  deleted ${deleted}  buried ${failures.length}`;
    process.stdout.write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
  };
  const timer = setInterval(print, isTerminal ? 100 : 1000);
  return () => {
    clearInterval(timer);
    print();
    if (isTerminal) process.stdout.write("\n");
  };
}

/** Prints the summary and asks the server for its own; true if they agree. */
async function balance(connection: ClientConnection): Promise<boolean> {
  const seconds = (performance.now() - startedAt) / 1000;
  const { body } = await connection.ask(`stats-tube ${TUBE}`);
  const disagreements = account.disagreements(keysAndValues(textOf(body)));
  const { put, deleted, failures, hashedBytes, fingerprint } = account;
  const megabytes = (hashedBytes / 1e6).toFixed(1);
  console.log(
    `hashed ${deleted} files (${megabytes} MB) in ${seconds.toFixed(1)} s with ${WORKERS} workers`,
  );
  console.log(`fingerprint of their contents ${fingerprint.toString(16).padStart(64, "0")}`);
  for (const { path, reason } of failures.slice(0, FAILURES_SHOWN))
    console.log(`buried ${path}: ${reason}`);
  if (failures.length > FAILURES_SHOWN)
    console.log(`... and ${failures.length - FAILURES_SHOWN} more`);
  console.log(`put ${put} = deleted ${deleted} + buried ${failures.length}`);
  for (const line of disagreements) console.error(`MISMATCH ${line}`);
  if (disagreements.length === 0)
    console.log("the server's own stats agree: every job is accounted for");
  // Leaves nothing behind on a server that is not ours.
  for (const { job } of failures) await connection.ask(`delete ${job}`);
  return disagreements.length === 0;
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body).toString();
}

function keysAndValues(yaml: string): Map<string, string> {
  return new Map(
    yaml.split("\n").map((line) => [line.split(": ")[0] ?? "", line.split(": ")[1] ?? ""]),
  );
}
