/* Suites: what is tested inside a browser, each in a worker of its own. The page lists them, the
 * site bundles them, and suites.long.test.ts runs them in Chromium.
 */
import type { Cell, Transport, Trial } from "../support/matrix.ts";

/** One. */
export interface Suite {
  /** Its file in suites/, and its name in the page's address. */
  readonly name: string;
  /** What it is about, in a sentence or two. */
  readonly about: string;
  /** Where it stands in the matrix of the tests, if it does. */
  readonly cell?: Cell;
}

export const SUITES: readonly Suite[] = [
  {
    name: "dialogues",
    about:
      "Conversations with the server's sessions that must go exactly as written, in virtual time. " +
      "Whenever nothing more happens, every invariant of the engine is checked.",
    cell: cell("in-process", "dialogues"),
  },
  {
    name: "ports",
    about:
      "The same conversations with the page's queue, over message ports and in real time: one of " +
      "each file.",
  },
  {
    name: "model",
    about:
      "Random walks on the engine and on a plain model of it. All answers must be the same, and " +
      "every invariant is checked after each step.",
  },
  {
    name: "client-tests",
    about:
      "The client's own tests, with scripted servers, a broker in the suite's worker, and a real " +
      "server over WebSockets.",
    cell: cell("WebSocket", "ledger"),
  },
  {
    name: "worker-tests",
    about:
      "The tests of queues and their workers, on engines in the suite's worker, in memory and in " +
      "files of this origin, and on a real server over WebSockets.",
  },
  {
    name: "ledger",
    about:
      "A crowd of clients at the page's queue, over message ports, with all that the protocol has. " +
      "What each of them saw is written down and audited: nothing lost, nothing held twice.",
    cell: cell("MessagePort", "ledger"),
  },
  {
    name: "workers",
    about:
      "Workers that share the page's queue and are terminated at any moment. Each job comes to its " +
      "result, and none is held by two.",
  },
  {
    name: "recovery",
    about:
      "A queue in files of this origin whose workers are terminated at any moment, all of them, or " +
      "only the one that has the queue or the journal. Whoever waits hears so by an error. Opened " +
      "again, it has all that it had answered for, and nothing that was deleted.",
    cell: cell("in-process", "recovery"),
  },
];

function cell(transport: Transport, trial: Trial): Cell {
  return { place: "chromium", transport, trial };
}
