/* Worlds: replicated worlds with an outbox, seed by seed, as the program stands or with a planted
 * bug.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Outbox } from "../../src/server/outbox.ts";
import { RemoteError } from "../../src/remote-log.ts";
import { loadFrom, plantIn } from "../journal/mutants.ts";
import type { Mutant } from "../journal/mutants.ts";
import { runReplicaSeed } from "../replica/replica-world.ts";
import { OutboxGuest } from "./outbox-guest.ts";
import type { OutboxCode } from "./outbox-guest.ts";

const OUTBOX = "src/server/outbox.ts";
const ROUND = "src/server/outbox-round.ts";

/** Faults that worlds find. */
export const OUTBOX_MUTANTS: readonly Mutant[] = [
  {
    fault: "what a crash left is not looked at",
    file: OUTBOX,
    find: "      if (!this.#isSettled) await this.#settle();\n",
    put: "",
  },
  {
    fault: "what a lost connection left is not looked at",
    file: OUTBOX,
    find: "      this.#isConnected = false;\n      this.#isSettled = false;\n",
    put: "      this.#isConnected = false;\n      this.#isSettled = true;\n",
  },
  {
    fault: "all rows that were taken go, whatever became of them",
    file: OUTBOX,
    find: "await table.end(round.removed, refused);",
    put: "await table.end(rows.map(({ id }) => id), refused);",
  },
  {
    fault: "a mark is forgotten before the rows are gone",
    file: OUTBOX,
    find: "    await table.end(round.removed, refused);\n",
    put: "    for (const mark of round.marks) await queue.forget(mark);\n    await table.end(round.removed, refused);\n",
  },
  {
    fault: "a mark that was found is forgotten before the rows are gone",
    file: OUTBOX,
    find: "      await table.remove(mark.rows);\n      await queue.forget(mark.id);\n",
    put: "      await queue.forget(mark.id);\n      await table.remove(mark.rows);\n",
  },
  {
    fault: "rows go before their jobs are safe",
    file: ROUND,
    find: "      const answer = await queue.put(group);\n",
    put: '      const answer = await Promise.race([queue.put(group), Promise.resolve({ kind: "put", mark: 0 } as const)]);\n',
  },
];

/** How many seeds a planted bug may survive. */
const SEEDS = 30;

/** Runs the world of one seed; resolves with how many rows became jobs. */
export async function runOutboxSeed(
  seed: number,
  code: OutboxCode = { Outbox, RemoteError },
): Promise<number> {
  let guest: OutboxGuest | undefined;
  await runReplicaSeed(seed, undefined, (random) => (guest = new OutboxGuest(random, code)));
  return guest?.rows ?? 0;
}

/** What gave a queue away that tells of a job that was met before that is safe. */
export function findEarlyQueue(seed: number): Promise<string | undefined> {
  return findIn({ Outbox, RemoteError, tellsEarly: true }, seed);
}

/** What gave a planted bug away, or undefined when it survived. */
export async function findOutboxFault(mutant: Mutant, seed: number): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "outbox-mutant-"));
  try {
    plantIn(folder, mutant);
    const code = {
      ...(await loadFrom(folder, OUTBOX)),
      ...(await loadFrom(folder, "src/remote-log.ts")),
    } as OutboxCode;
    return await findIn(code, seed);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function findIn(code: OutboxCode, seed: number): Promise<string | undefined> {
  for (let at = 0; at < SEEDS; at++) {
    try {
      await runOutboxSeed(seed + at, code);
    } catch (error) {
      return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
    }
  }
  return undefined;
}

if (import.meta.main) {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  const seeds = Number(process.env["SEEDS"] ?? 0);
  console.log(`seed ${seed}`);
  let rows = 0;
  for (let at = 0; at < seeds; at++) rows += await runOutboxSeed(seed + at);
  if (seeds > 0) console.log(`${seeds} seeds, ${rows} rows`);
  for (const mutant of seeds > 0 ? [] : OUTBOX_MUTANTS) {
    const began = Date.now();
    const found = await findOutboxFault(mutant, seed);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    if (found === undefined) process.exitCode = 1;
    console.log(
      `${found === undefined ? "SURVIVED" : "found"} in ${seconds} s: ${mutant.fault} (${found})`,
    );
  }
}
