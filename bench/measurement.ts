/*
 * One run of one contender: starts what is measured, fresh, lets the load or the program run, and
 * takes everything down again.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LOAD_CORE } from "./cores.ts";
import { DataDirectory, freeDiskBytes } from "./data-directory.ts";
import type { Sample } from "./figures.ts";
import { Asker } from "./load/asker.ts";
import type { Order } from "./load/order.ts";
import type { Contender, ProgramContender, RestartContender, ServedContender } from "./scenario.ts";
import { PostgresPair } from "../test/support/postgres.ts";
import { missingFor, missingPostgres, Server, spawnPinned, type ServerSpec } from "./server.ts";

const LOAD = join(import.meta.dirname, "load/main.ts");
const PROGRAMS: Record<ProgramContender["program"], string> = {
  session: join(import.meta.dirname, "session.ts"),
  inside: join(import.meta.dirname, "inside.ts"),
  "engine-calls": join(import.meta.dirname, "engine-calls.ts"),
  "disk-probe": join(import.meta.dirname, "disk-probe.ts"),
};
/** A run that takes longer is killed: a slow server is filled with a million jobs in that time. */
const RUN_SECONDS = 150;

/**
 * What keeps a contender from being measured here, with the way to get it; undefined when nothing
 * does.
 */
export function missingForContender(contender: Contender): string | undefined {
  if ("server" in contender) {
    const missing = missingFor(contender.server, contender.scheme) ?? missingDisk(contender);
    return missing ?? (contender.keeping?.isCopied === true ? missingPostgres() : undefined);
  }
  const { program } = contender;
  return existsSync(PROGRAMS[program]) ? undefined : `bench/${program}.ts is missing`;
}

function missingDisk({ diskBytes = 0 }: ServedContender | RestartContender): string | undefined {
  const free = freeDiskBytes();
  if (free >= diskBytes) return undefined;
  const inGigabytes = (bytes: number): string => `${Math.floor(bytes / 1e9)} GB`;
  return `the disk has ${inGigabytes(free)} free, not ${inGigabytes(diskBytes)}`;
}

/** Measures once; rejects with what was said on the way when anything failed. */
export function measure(contender: Contender): Promise<Sample> {
  if ("program" in contender) return measureProgram(contender);
  return "stock" in contender ? measureRestart(contender) : measureServed(contender);
}

async function measureServed(contender: ServedContender): Promise<Sample> {
  using directory = new DataDirectory();
  const { order } = contender;
  const pipelined = order.kind === "pipelined" ? order.pipelined : 1;
  const spec = specOf(contender, directory, pipelined);
  return contender.keeping?.isCopied === true
    ? await withCopy(spec, (copied) => runLoad(copied, order, contender))
    : await runLoad(spec, order, contender);
}

/** Runs that with a PostgreSQL primary and its standby for the copy. */
async function withCopy(
  spec: ServerSpec,
  run: (spec: ServerSpec) => Promise<Sample>,
): Promise<Sample> {
  const { keeping } = spec;
  if (keeping === undefined) throw new RangeError("a copy is of what is kept");
  const pair = await PostgresPair.start();
  try {
    return await run({ ...spec, keeping: { ...keeping, journalUrl: pair.url("bench") } });
  } finally {
    await pair.end();
  }
}

function specOf(
  contender: ServedContender | RestartContender,
  directory: DataDirectory,
  pipelined: number,
): ServerSpec {
  const { server: kind, threads, shards, cores, keeping, http, runtime, scheme } = contender;
  const spec = {
    ...{ kind, cores, pipelined },
    ...(threads && { threads }),
    ...(shards && { shards }),
    ...(http && { http }),
    ...(runtime && { runtime }),
    ...(scheme && { scheme }),
  };
  if (keeping === undefined) return spec;
  return { ...spec, keeping: { ...keeping, directory: directory.path } };
}

/** Starts the server, runs the load on it, and kills it. */
async function runLoad(
  spec: ServerSpec,
  order: Order,
  { loadCores = LOAD_CORE, runSeconds }: ServedContender | RestartContender,
): Promise<Sample> {
  const server = await Server.start(spec);
  try {
    const command = [process.execPath, LOAD, JSON.stringify(server.address), JSON.stringify(order)];
    return await runProgram(loadCores, command, runSeconds);
  } catch (error) {
    throw new Error(
      `the server ${server.ended ?? "kept running"}; it printed: ${server.output || "nothing"}`,
      { cause: error },
    );
  } finally {
    await server.stop();
  }
}

/**
 * Kills the server twice, once before and once after the jobs were put, and times the starts that
 * follow: both find the same files on the disk and in the system's cache, so the difference is what
 * the jobs take.
 */
async function measureRestart(contender: RestartContender): Promise<Sample> {
  using directory = new DataDirectory();
  const { stock } = contender;
  const spec = specOf(contender, directory, 1);
  await (await Server.start(spec)).stop();
  const emptyRestartSeconds = await restartSeconds(spec, 0);
  await runLoad(spec, stock, contender);
  const seconds = await restartSeconds(spec, stock.jobs);
  return {
    restartSeconds: seconds,
    emptyRestartSeconds,
    recoverySeconds: ((seconds - emptyRestartSeconds) / stock.jobs) * 1e6,
  };
}

/**
 * From the start of the process until it has said how many jobs it has; beanstalkd accepts
 * connections before it has looked.
 */
async function restartSeconds(spec: ServerSpec, jobs: number): Promise<number> {
  const began = performance.now();
  const server = await Server.start(spec);
  try {
    const asker = await Asker.open(server.address.port);
    const { body, at } = await asker.expect("OK", "stats");
    asker.close();
    const found = /^current-jobs-ready: (\d+)$/m.exec(body)?.[1];
    if (found !== String(jobs)) throw new Error(`${found} of ${jobs} jobs are back`);
    return (at - began) / 1000;
  } finally {
    await server.stop();
  }
}

function measureProgram(contender: ProgramContender): Promise<Sample> {
  return runProgram(contender.cores, [
    process.execPath,
    PROGRAMS[contender.program],
    JSON.stringify(contender.ask),
  ]);
}

/** Runs a program that prints one sample as JSON. */
async function runProgram(
  cores: string,
  command: readonly string[],
  seconds = RUN_SECONDS,
): Promise<Sample> {
  const child = spawnPinned(cores, command);
  const printed: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (printed.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text));
  const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once("error", reject);
  child.once("close", () => resolve());
  await promise;
  clearTimeout(timer);
  if (child.signalCode !== null)
    throw new Error(`killed by ${child.signalCode}, at the latest after ${seconds} s`);
  if (child.exitCode !== 0)
    throw new Error(printed.stderr.trim() || `ended with ${child.exitCode}`);
  const sample: Sample = JSON.parse(printed.stdout);
  return sample;
}
