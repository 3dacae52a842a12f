/* Start-up: how long a server takes to start, and what it takes of the machine while nothing
 * happens.
 *
 *   node bench/start-up.ts [--runs N] [NAME=COMMAND ...]
 *
 * COMMAND is a program and its arguments, with blanks between; by default it is the one of this
 * clone. They start in turn, so that what else the machine does falls on all of them alike. Of N
 * runs (11 if absent) the medians are printed, as a table: milliseconds until the line "listening
 * on" and until the first answer, milliseconds of CPU until then, and in megabytes, after two quiet
 * seconds, the resident memory, the part of it that no other process shares, and the proportional
 * share. Linux only.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cpuMicros } from "./process-cost.ts";

const QUIET_MS = 2000;
const COLUMNS = ["ready", "answer", "cpu", "rss", "own", "pss"] as const;
type Figures = Readonly<Record<(typeof COLUMNS)[number], number>>;

const SOURCES = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const { values, positionals } = parseArgs({
  options: { runs: { type: "string", default: "11" } },
  allowPositionals: true,
});
const words = positionals.length > 0 ? positionals : [`sources=${process.execPath} ${SOURCES}`];
const contenders = words.map((word) => {
  const [, name = word, command = word] = /^([^=]+)=(.*)$/.exec(word) ?? [];
  return { name, command: command.split(" "), runs: [] as Figures[] };
});

for (let run = 0; run < Number(values.runs); run++) {
  for (const one of contenders) one.runs.push(await measured(one.command));
}
console.log(["", ...COLUMNS].map((cell) => cell.padStart(10)).join(""));
for (const { name, runs } of contenders) {
  const cells = COLUMNS.map((column) => median(runs.map((run) => run[column])).toFixed(0));
  console.log([name, ...cells].map((cell) => cell.padStart(10)).join(""));
}

async function measured([program = "", ...args]: readonly string[]): Promise<Figures> {
  const began = performance.now();
  const flags = ["-l", "127.0.0.1", "-p", "0", "--threads", "1"];
  const child = spawn(program, [...args, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await portOf(child);
    const ready = performance.now() - began;
    await answered(port);
    const answer = performance.now() - began;
    const { pid = 0 } = child;
    const cpu = cpuMicros(pid) / 1000;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    return { ready, answer, cpu, ...memoryOf(pid) };
  } finally {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  let said = "";
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk);
    const port = /listening on \S+:(\d+)/.exec(said)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`it ended and had not listened: ${said}`);
}

async function answered(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.write("use here\r\n");
  await once(socket, "data");
  socket.destroy();
}

/** In megabytes. */
function memoryOf(pid: number): Pick<Figures, "rss" | "own" | "pss"> {
  const sums = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}: +(\\d+) kB$`, "m").exec(sums)?.[1]) / 1000;
  const own = megabytes("Private_Clean") + megabytes("Private_Dirty");
  return { rss: megabytes("Rss"), own, pss: megabytes("Pss") };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
