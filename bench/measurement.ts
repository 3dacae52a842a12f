/* One run of one contender: starts what is measured, fresh, lets the load or the program run, and takes everything down again. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LOAD_CORE } from "./cores.ts";
import type { Sample } from "./figures.ts";
import type { Contender, InProcessContender, ServedContender } from "./scenarios.ts";
import { missingFor, Server, spawnPinned } from "./server.ts";

const LOAD = join(import.meta.dirname, "load/main.ts");
const SESSION = join(import.meta.dirname, "session.ts");
/** A run that takes longer is killed: filling a slow server with a million jobs takes most of it. */
const RUN_MILLIS = 150_000;

/** What keeps a contender from being measured here, with the way to get it; undefined when nothing does. */
export function missingForContender(contender: Contender): string | undefined {
  if ("server" in contender) return missingFor(contender.server);
  return existsSync(SESSION) ? undefined : "bench/session.ts is missing";
}

/** Measures once; rejects with what was said on the way when anything failed. */
export function measure(contender: Contender): Promise<Sample> {
  return "server" in contender ? measureServed(contender) : measureInProcess(contender);
}

async function measureServed(contender: ServedContender): Promise<Sample> {
  const { server: kind, threads, cores, order } = contender;
  const pipelined = order.kind === "pipelined" ? order.pipelined : 1;
  const server = await Server.start({ kind, threads, cores, pipelined });
  try {
    const command = [process.execPath, LOAD, JSON.stringify(server.address), JSON.stringify(order)];
    return await runProgram(LOAD_CORE, command);
  } catch (error) {
    throw new Error(
      `the server ${server.ended ?? "kept running"}; it printed: ${server.output || "nothing"}`,
      { cause: error },
    );
  } finally {
    await server.stop();
  }
}

function measureInProcess(contender: InProcessContender): Promise<Sample> {
  return runProgram(contender.cores, [
    process.execPath,
    SESSION,
    JSON.stringify(contender.session),
  ]);
}

/** Runs a program that prints one sample as JSON. */
async function runProgram(cores: string, command: readonly string[]): Promise<Sample> {
  const child = spawnPinned(cores, command);
  const printed: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (printed.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text));
  const timer = setTimeout(() => child.kill("SIGKILL"), RUN_MILLIS);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once("error", reject);
  child.once("close", () => resolve());
  await promise;
  clearTimeout(timer);
  if (child.signalCode !== null)
    throw new Error(`killed by ${child.signalCode}, at the latest after ${RUN_MILLIS / 1000} s`);
  if (child.exitCode !== 0)
    throw new Error(printed.stderr.trim() || `ended with ${child.exitCode}`);
  const sample: Sample = JSON.parse(printed.stdout);
  return sample;
}
