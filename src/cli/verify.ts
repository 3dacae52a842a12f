/*
 * Verify: `homemaker verify DIR`: says what is in a journal and whether it is sound. Called by
 * main.ts.
 */

import type { VerifyCommand } from "./subcommands.ts";
import { PROGRAM } from "../version.ts";
import { FormatError } from "../journal/format.ts";
import { ForeignLogError, refuseForeignLog } from "../journal/foreign-log.ts";
import { compare } from "../journal/comparison.ts";
import type { Comparison } from "../journal/comparison.ts";
import { inspect } from "../journal/inspection.ts";
import type { Inspection } from "../journal/inspection.ts";
import { isDamaged } from "../journal/recovery-report.ts";
import { RecoveryError } from "../journal/recovery.ts";
import type { Runtime } from "../runtime.ts";
import { RemoteError } from "../remote-log.ts";
import { StorageError } from "../storage.ts";
import { bootId } from "../storage/boot-id.ts";
import { openRemoteLog } from "../storage/remote-logs.ts";
import { lookInto } from "../storage/storages.ts";

const EXIT_CLEAN = 0;
const EXIT_DAMAGED = 1;
const EXIT_UNSEEN = 2;
/** For an answer about the copy. */
const PATIENCE_MILLIS = 30_000;

/** Looks through a journal and prints what it found; returns the exit code. */
export async function verify(command: VerifyCommand, runtime: Runtime): Promise<number> {
  try {
    const { directory, journalUrl, asJson } = command;
    const found = await look(directory, runtime);
    if (typeof found === "string") return complain(found, runtime);
    const copy =
      journalUrl === undefined ? undefined : await compareWith(journalUrl, directory, runtime);
    const lines = asJson
      ? [JSON.stringify({ ...found, ...(copy && { copy }) })]
      : [...report(found), ...(copy === undefined ? [] : reportOfCopy(copy))];
    for (const line of lines) runtime.print(line);
    const isClean = !isDamaged(found) && (copy?.differences.length ?? 0) === 0;
    return isClean ? EXIT_CLEAN : EXIT_DAMAGED;
  } catch (error) {
    const isExpected =
      error instanceof StorageError ||
      error instanceof RemoteError ||
      error instanceof FormatError ||
      error instanceof ForeignLogError ||
      error instanceof RecoveryError;
    if (!isExpected) throw error;
    return complain(error.message, runtime);
  }
}

function complain(why: string, runtime: Runtime): number {
  runtime.complain(`${PROGRAM}: verify: ${why}`);
  return EXIT_UNSEEN;
}

/** What was found, or why nothing could be. */
async function look(directory: string, runtime: Runtime): Promise<Inspection | string> {
  const storage = lookInto(directory);
  refuseForeignLog(directory, storage.list());
  const holder = await storage.holder();
  if (holder !== undefined) return `${directory}: a server uses it${holder}`;
  const engine = await WebAssembly.compile(await runtime.readModule("engine"));
  const found = inspect(storage, engine, Date.now() * 1000, bootId());
  const isNone = found.segments.length === 0 && !isDamaged(found); // hints may know of one
  return isNone ? `${directory}: there is no journal in it` : found;
}

/** Compares it with its copy, on which nobody else waits meanwhile. */
async function compareWith(url: string, directory: string, runtime: Runtime): Promise<Comparison> {
  const times = { leaseMillis: PATIENCE_MILLIS, patienceMillis: PATIENCE_MILLIS };
  const log = openRemoteLog(url, { ...times, onlyReads: true });
  const breathe = (): Promise<void> => new Promise((resolve) => runtime.soon(resolve));
  try {
    return await compare({ storage: lookInto(directory), log, breathe });
  } finally {
    await log.close();
  }
}

/** What people read of it. */
function reportOfCopy({ standing, files, differences }: Comparison): string[] {
  const lines = differences.map(({ file, kind, position, bytes }) => {
    const where = kind === "different" ? `, the first at ${position}` : "";
    return `${file}: ${kind}, ${bytes} bytes${where}`;
  });
  const isSame = differences.length === 0;
  const head = `copy: ${files} files, ${isSame ? "the same" : `${differences.length} not the same`}`;
  const since =
    standing === "behind"
      ? ["another server has led since: what differs is fetched when one starts here"]
      : ["nobody has led since: what the copy lacks is sent when a server starts here"];
  return [head, ...lines, ...(isSame ? [] : since)];
}

/** The lines that people read. */
function report(found: Inspection): string[] {
  const { segments, spares, frames, records, jobs, failures, lastId } = found;
  const all = Object.values(records).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(records).map(([kind, count]) => `${count} ${kind}`);
  const count = jobs.ready + jobs.delayed + jobs.buried;
  return [
    ...segments.map(
      (one) => `${one.name}: ${one.bytes} bytes, ${one.frames} frames, ${one.records} records`,
    ),
    `segments: ${segments.length}, and ${spares} spare`,
    `frames: ${frames}`,
    `records: ${all} (${kinds.join(", ")})`,
    `jobs: ${count} (${jobs.ready} ready, ${jobs.delayed} delayed, ${jobs.buried} buried)`,
    `failures of these jobs: ${failures}`,
    `ids go on at: ${lastId + 1}`,
    `torn end: ${found.tornBytes === 0 ? "none" : `${found.tornBytes} bytes, never known to be safe`}`,
    `damage: ${damageOf(found)}`,
  ];
}

function damageOf(found: Inspection): string {
  const { damagedSegments, damagedBytes, incompleteJobs, missingSegments, strangeSegments } = found;
  const damage = [
    ...(damagedSegments.length > 0
      ? [`${damagedBytes} bytes, in ${damagedSegments.join(", ")}`]
      : []),
    ...(missingSegments.length > 0 ? [`missing: ${missingSegments.join(", ")}`] : []),
    ...(strangeSegments.length > 0 ? [`of another journal: ${strangeSegments.join(", ")}`] : []),
    ...(incompleteJobs > 0 ? [`jobs without their whole body: ${incompleteJobs}`] : []),
  ];
  return damage.length === 0 ? "none" : damage.join("; ");
}
