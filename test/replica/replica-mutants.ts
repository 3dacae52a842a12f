/* Replica mutants: what keeps a copy elsewhere with one fault planted, to show that replicated
 * worlds find such faults.
 *
 * As in test/journal/mutants.ts: a piece of the sources and what stands there instead, in a copy of
 * src/. That operations are given away before the disk has them is no fault that worlds find: only
 * what is synced counts as safe, and whoever goes on in the directory has the log agree with it
 * first. mirrored-storage.test.ts holds it by itself.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFrom, plantIn } from "../journal/mutants.ts";
import type { Mutant } from "../journal/mutants.ts";
import type { ReplicaCode } from "./replica-code.ts";
import { runReplicaSeed } from "./replica-world.ts";

const SHIPPING = "src/journal/shipping.ts";
const MIRRORED = "src/journal/mirrored-storage.ts";
const CATCH_UP = "src/journal/catch-up.ts";
const TAKE_OVER = "src/journal/take-over.ts";

const HEARD = "src/session/heard.ts";
const SAFE = "src/broker/safe-positions.ts";

export const REPLICA_MUTANTS: readonly Mutant[] = [
  {
    fault: "what was sent counts before the log answers",
    file: SHIPPING,
    find: "      await this.#shipBatch(batch);",
    put: "      void this.#shipBatch(batch).catch(() => 0);",
  },
  {
    fault: "an append of which nothing was heard counts as done",
    file: SHIPPING,
    find: "          if (await this.#isThere(operations)) break;\n          isUnknown = false;",
    put: "          break;",
  },
  {
    fault: "what an attempt brought of which nothing was heard counts as another's",
    file: SHIPPING,
    find: "        if (await this.#isThere(operations)) break; // of",
    put: "        // of",
  },
  {
    fault: "another's entry counts as one's own",
    file: SHIPPING,
    find: '    if (found === "another\'s") throw fenced();\n    return found === "ours";',
    put: '    return found !== "nothing";',
  },
  {
    fault: "a stale directory counts as one that has all",
    file: CATCH_UP,
    find: '  if (said.length > 0 || !hasJournal) return "behind";',
    put: '  if (said.length > 0 || !hasJournal) return "ahead";',
  },
  {
    fault: "a segment that the log does not have stays",
    file: CATCH_UP,
    find: "segmentNumber(name) !== undefined && !files.has(name)",
    put: "false",
  },
  {
    fault: "what the log lacks of a directory does not get there",
    file: TAKE_OVER,
    find: "await shipping.ship(operations);",
    put: "void operations;",
  },
  {
    fault: "a crash in a take-over leaves a directory that says it is whole",
    file: TAKE_OVER,
    find: "    else signUnfinished(storage);",
    put: "    else sign(storage, leader);",
  },
  {
    fault: "an epoch begins that was begun already",
    file: TAKE_OVER,
    find: "    if (isBegun === true) return",
    put: "    if (isBegun !== undefined) return",
  },
  {
    fault: "what was written counts as synced",
    file: SAFE,
    find: "    if (kind === SYNCED) return progress[shard]?.[SYNCED_HERE] ?? 0;",
    put: "    if (kind === SYNCED) return progress[shard]?.[WRITTEN_HERE] ?? 0;",
  },
  {
    fault: "what waits for the log leaves once the disk has it",
    file: SAFE,
    find: "    return promised(shard);",
    put: "    return progress[shard]?.[SYNCED_HERE] ?? promised(shard);",
  },
  {
    fault: "what waits for the disk leaves once it is written",
    file: HEARD,
    find: "=== C.HEARD_SYNCED ? SYNCED : WRITTEN",
    put: "=== C.HEARD_SYNCED ? WRITTEN : SYNCED",
  },
  {
    fault: "that a segment goes is not told",
    file: MIRRORED,
    find: '    this.#add({ kind: "remove", file: name });',
    put: "    this.#endWriting();",
  },
];

/** How many seeds a mutant may survive. */
const SEEDS = 30;

/** What gave the mutant away, or undefined when it survived. */
export async function findReplicaFault(
  mutant: Mutant,
  seed: number,
  seeds = SEEDS,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "replica-mutant-"));
  try {
    plantIn(folder, mutant);
    const code = {
      ...(await loadFrom(folder, CATCH_UP)),
      ...(await loadFrom(folder, SHIPPING)),
      ...(await loadFrom(folder, MIRRORED)),
      ...(await loadFrom(folder, TAKE_OVER)),
      ...(await loadFrom(folder, SAFE)),
      ...(await loadFrom(folder, HEARD)),
      ...(await loadFrom(folder, "src/remote-log.ts")),
    } as ReplicaCode;
    for (let at = 0; at < seeds; at++) {
      try {
        await runReplicaSeed(seed + at, code);
      } catch (error) {
        return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
      }
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  const only = process.argv[2];
  console.log(`seed ${seed}`);
  for (const mutant of REPLICA_MUTANTS) {
    if (only !== undefined && !mutant.fault.includes(only)) continue;
    const began = Date.now();
    const found = await findReplicaFault(mutant, seed);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    const how = found === undefined ? "SURVIVED" : "found";
    if (found === undefined) process.exitCode = 1;
    console.log(`${how} in ${seconds} s: ${mutant.fault} (${(found ?? "").slice(0, 120)})`);
  }
}
