/* Matrix: what runs the queue (a runtime), how it is reached (a transport), and what is tried there
 * (a trial): each combination is a cell, with tests or with a reason why it has none.
 *
 * A test, or a `describe`, says with `inCell` to which cell it belongs; it then has the runtime's
 * tag as well, by which `npm run test:deno` and `npm run test:bun` choose. matrix-table.ts counts
 * the tests of each cell after a run.
 */
import type { RuntimeName } from "./runtimes.ts";

/** Where the queue is. */
export const PLACES = ["node", "deno", "bun", "chromium"] as const;
/** How it is reached. */
export const TRANSPORTS = ["TCP", "Unix", "TLS", "WebSocket", "MessagePort", "in-process"] as const;
/** What is tried. */
export const TRIALS = ["dialogues", "ledger", "recovery"] as const;

export type Place = (typeof PLACES)[number];
export type Transport = (typeof TRANSPORTS)[number];
export type Trial = (typeof TRIALS)[number];

/** One combination. */
export interface Cell {
  readonly place: Place;
  readonly transport: Transport;
  readonly trial: Trial;
}

/** A runtime's tag; Node, on which all tests run, has none, and Chromium's is a program's. */
export type RuntimeTag = Exclude<RuntimeName, "node">;

declare module "vitest" {
  interface TaskMeta {
    /** The cell of the matrix that a test belongs to. */
    readonly cell?: Cell;
    /** How long it took in another process, where it was one of that. */
    elsewhereMillis?: number;
  }
  interface TestTags {
    readonly runtimes: RuntimeTag;
  }
}

/** The tags that choose the tests of a runtime. */
export const RUNTIME_TAGS: readonly { name: RuntimeTag; description: string }[] = [
  { name: "deno", description: "runs on Deno" },
  { name: "bun", description: "runs on Bun" },
];

/** The tags of what runs on that runtime. */
export function tagsOn(runtime: RuntimeName): RuntimeTag[] {
  return runtime === "node" ? [] : [runtime];
}

/** What a test or a `describe` is given that tries this on that runtime, over that transport. */
export function inCell(place: RuntimeName, transport: Transport, trial: Trial) {
  return { tags: tagsOn(place), meta: { cell: { place, transport, trial } } };
}

/** All cells, row by row. */
export const CELLS: readonly Cell[] = PLACES.flatMap((place) =>
  TRANSPORTS.flatMap((transport) => TRIALS.map((trial) => ({ place, transport, trial }))),
);

const NO_SOCKETS = "a page opens no such sockets";
const NO_OWN_QUEUE = "the queue is a server's, which is tried on the other runtimes";
const NO_OWN_SESSIONS = "a page reaches its queue over message ports alone";
const NO_OTHER_JOURNAL = "the queue is the one in the process, which keeps its journal";
const NO_OTHER_SESSIONS = "the sessions are those in the process; the ports carry whole commands";

/** Why there can be no test in a cell; undefined where there is one. */
export function reasonAgainst({ place, transport, trial }: Cell): string | undefined {
  if (transport === "MessagePort" && trial !== "ledger") {
    return trial === "recovery" ? NO_OTHER_JOURNAL : NO_OTHER_SESSIONS;
  }
  if (place !== "chromium" || transport === "MessagePort") return undefined;
  if (transport === "WebSocket") return trial === "ledger" ? undefined : NO_OWN_QUEUE;
  if (transport !== "in-process") return NO_SOCKETS;
  return trial === "ledger" ? NO_OWN_SESSIONS : undefined;
}
