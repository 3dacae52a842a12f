/* What the tests with crowds expect: that a ledger is clean; else they show the first job's story.
 * A crowd cannot be replayed exactly.
 */
import { expect } from "vitest";
import { patientConnect } from "../support/patient-connect.ts";
import { overSockets } from "../support/connect.ts";
import type { Connect } from "../support/connect.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { within } from "../support/until.ts";
import type { CrowdReport } from "./crowd.ts";
import type { Entry } from "./entries.ts";
import { audit } from "./ledger.ts";
import { runMixedCrowd, type MixedCrowdOptions } from "./mixed-crowd.ts";

/**
 * How long a job may be on its way, see `audit`: generous, because all of this may run on two busy
 * cores. Non-overlapping commands are compared exactly in test/fuzz.
 */
export const FLIGHT_MS = 2_000;

/** Longer than any mixed crowd takes: one that is not over waits for an answer. */
const CROWD_MS = 100_000;

/** Expects that nothing is wrong with what a crowd saw. */
export function expectSound({ entries, problems }: CrowdReport, flightMs: number): void {
  const violations = [...problems, ...audit(entries, flightMs)];
  const story = storyOf(violations[0], entries);
  expect(violations.slice(0, 20), `the first job's story:\n${story}`).toEqual([]);
}

/** All that was seen of the job that a violation names first. */
function storyOf(violation: string | undefined, entries: readonly Entry[]): string {
  const job = Number(/jobs? (\d+)/.exec(violation ?? "")?.[1]);
  const story = entries.filter((entry) => "job" in entry && entry.job === job);
  return story.map((entry) => JSON.stringify(entry)).join("\n");
}

/**
 * Lets a mixed crowd loose on the server, over TCP if it is not given how to connect, and ends
 * that. Returns what was seen.
 */
export async function expectSoundMixedCrowd(
  server: ServerProcess,
  seed: number,
  size: Pick<MixedCrowdOptions, "producers" | "workers" | "rounds">,
  connect: Connect = overSockets(() => patientConnect(server)),
): Promise<readonly Entry[]> {
  try {
    const crowd = runMixedCrowd({ connect, seed, ...size });
    const report = await within("the crowd is over", CROWD_MS, crowd, () => server.output);
    expectSound(report, FLIGHT_MS);
    expect(server.running).toBe(true);
    return report.entries;
  } finally {
    await server.stop();
  }
}

/** Kinds of entries that a mixed crowd must have had, or the ledger had nothing to say. */
export const KINDS: readonly string[] = [
  "await",
  "batch",
  "cancel",
  "done",
  "finish",
  "group look",
  "hand-back",
  "look",
  "lost put",
  "met",
  "move",
  "told CANCEL",
  "told LOST",
  "window",
];

/** Those of KINDS that are in the ledger. */
export function kindsIn(entries: readonly Entry[]): string[] {
  const kinds = entries.flatMap((entry) => [
    entry.what === "told" ? `told ${entry.word}` : entry.what,
    ...("batch" in entry && entry.batch !== undefined ? ["batch"] : []),
  ]);
  return KINDS.filter((kind) => kinds.includes(kind));
}
