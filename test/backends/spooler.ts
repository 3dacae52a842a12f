/* Spooler: a process that enqueues numbers on a spool (spool-program.ts), and can be killed; and
 * what of its numbers is on the server. It ends with the test that started it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { JobQueue } from "../../src/entries/queue.ts";
import { eachLine } from "../support/each-line.ts";

const PROGRAM = fileURLToPath(new URL("spool-program.ts", import.meta.url));

/** What several of them are to do, and have done. */
export interface Spooling {
  readonly socket: string;
  readonly directory: string;
  /** Bytes behind each number. */
  readonly bytes?: number;
  /** The numbers that were acknowledged. */
  readonly taken: Set<number>;
  /** The codes of why others were not. */
  readonly refusals: Set<string>;
}

/** Starts one, which counts from `first`. */
export function startSpooler(
  { socket, directory, bytes = 0, taken, refusals }: Spooling,
  first: number,
): { kill(): Promise<unknown> } {
  const args = [PROGRAM, socket, directory, String(first), String(bytes)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  eachLine(child.stdout, (line) => {
    if (line.startsWith("!")) refusals.add(line.slice(2));
    else taken.add(Number(line));
  });
  const closed = once(child, "close");
  return {
    kill() {
      child.kill("SIGKILL");
      return closed;
    },
  };
}

/** The numbers that are on the server. */
export async function numbersIn(queue: JobQueue): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { payload } of queue.jobs({ tube: "note" }))
    found.push(Number.parseInt(String(payload), 10));
  return found;
}
