/*
 * Mortal: a job whose handler does at each of its runs what its plan says: it ends well, throws,
 * dies, or goes on for ever. Every run writes lines into a book, a file that survives all who write
 * it: `7 ran 2` before, `7 done 2` after, job and attempt.
 *
 * Loaded by tests for the definition, and by threads and processes for the handler.
 */
import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";
import {
  Discard,
  defineJob,
  keepResult,
  retry,
  Snooze,
  unchecked,
} from "../../src/worker/public.ts";

/** What a run comes to. */
export const ACTS = [
  "well",
  "late",
  "throw",
  "discard",
  "snooze",
  "exit",
  "uncaught",
  "hang",
] as const;
export type Act = (typeof ACTS)[number];

export interface Plan {
  readonly at: number;
  /** The path of the book. */
  readonly book: string;
  /** What each run does, in their order; those after them end well. */
  readonly acts: readonly Act[];
}

/** More than chance makes of any job. */
export const ATTEMPTS = 30;
const LATE_MILLIS = 60;

export const mortal = defineJob("mortal", {
  payload: unchecked<Plan>(),
  result: unchecked<number>(),
  lease: "2s",
  timeout: "2s",
  onSuccess: keepResult("1h"),
  onFailure: retry({ attempts: ATTEMPTS, backoff: (attempt) => attempt * 5 }),
});

/** The lines of a book about one job, without its number. */
export function linesOf(book: string, at: number): readonly string[] {
  const head = `${at} `;
  const lines = readFileSync(book, "utf8").split("\n");
  return lines.filter((line) => line.startsWith(head)).map((line) => line.slice(head.length));
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

async function act(what: Act): Promise<void> {
  if (what === "late") await pause(LATE_MILLIS);
  if (what === "throw") throw new TypeError("a handler threw", { cause: new Error("by plan") });
  if (what === "discard") throw new Discard("it is hopeless");
  if (what === "snooze") throw new Snooze(20);
  if (what === "exit") process.exit(3);
  if (what === "uncaught") setTimeout(() => void Promise.reject(new RangeError("nobody waits")));
  if (what === "hang" || what === "uncaught") {
    await new Promise(() => setInterval(() => undefined, 1000));
  }
}

export const handlers = [
  mortal.handler(async ({ at, book, acts }, { job }) => {
    const runs = linesOf(book, at).filter((line) => line.startsWith("ran")).length;
    appendFileSync(book, `${at} ran ${job.attempt}\n`);
    await act(acts[runs] ?? "well");
    appendFileSync(book, `${at} done ${job.attempt}\n`);
    return at;
  }),
];
