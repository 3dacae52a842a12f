/* Import: `homemaker import DIR --data TARGET`: makes a journal of the jobs in a beanstalkd's log.
 * Called by main.ts.
 *
 * All of the log is read before anything is written. What cannot be read and each job that cannot
 * be taken over is named, and then nothing is imported unless that was asked for. The journal is
 * read back before it is called imported.
 */

import { STATE_BURIED, STATE_DELAYED, STATE_READY } from "../../assembly/constants.ts";
import { EXIT_USAGE } from "./quiet-command.ts";
import type { ImportCommand } from "./subcommands.ts";
import { PROGRAM } from "../version.ts";
import { Binlog } from "../journal/binlog.ts";
import { BulkLoad } from "../journal/bulk-load.ts";
import type { LoadedJob } from "../journal/bulk-load.ts";
import { segmentNumber } from "../journal/format.ts";
import { inspect } from "../journal/inspection.ts";
import { isDamaged } from "../journal/recovery-report.ts";
import { RecoveryError } from "../journal/recovery.ts";
import { openReplica } from "../journal/replica.ts";
import type { Runtime } from "../runtime.ts";
import { StorageError } from "../storage.ts";
import type { Storage } from "../storage.ts";
import { BeanstalkdDirectory } from "../storage/beanstalkd-directory.ts";
import { isOfLease } from "../storage/lease.ts";
import { openStorage } from "../storage/storages.ts";

const EXIT_IMPORTED = 0;
const EXIT_INCOMPLETE = 1;

/** The log or the directory to make is not fit for an import. */
class ImportError extends Error {
  override readonly name = "ImportError";
  readonly code = "HM_IMPORT";
}

/** What was named on the command line cannot be what it is to be. */
class WrongDirectoryError extends ImportError {}

/** Imports and says what it did; returns the exit code. */
export async function importBinlog(command: ImportCommand, runtime: Runtime): Promise<number> {
  const complain = (text: string): void => runtime.complain(`${PROGRAM}: import: ${text}`);
  try {
    return await run(command, runtime, complain);
  } catch (error) {
    const isExpected =
      error instanceof StorageError ||
      error instanceof RecoveryError ||
      error instanceof ImportError;
    if (!isExpected) throw error;
    complain(error.message);
    return error instanceof WrongDirectoryError ? EXIT_USAGE : EXIT_INCOMPLETE;
  }
}

async function run(
  command: ImportCommand,
  runtime: Runtime,
  complain: (text: string) => void,
): Promise<number> {
  const engine = await WebAssembly.compile(await runtime.readModule("engine"));
  const binlog = readLog(command.from);
  const jobs = [...binlog.jobs.values()];
  const { damage, refused } = binlog;
  for (const { file, what } of damage) complain(`${file}: ${what}`);
  for (const [id, why] of refused) complain(`job ${id}: ${why}`);
  if (refused.size > 0) complain(`${refused.size} of ${refused.size + jobs.length} jobs refused`);
  const isWhole = damage.length === 0 && refused.size === 0;
  if (!isWhole && !command.salvages) {
    complain("nothing was imported; --salvage imports the rest");
    return EXIT_INCOMPLETE;
  }
  if (binlog.tornBytes > 0) {
    complain(
      `${binlog.tornBytes} bytes at the end, of a put that was never answered, are left out`,
    );
  }
  await write(command, jobs, binlog.lastId, engine);
  runtime.print(summary(command, jobs, binlog.lastId));
  return isWhole ? EXIT_IMPORTED : EXIT_INCOMPLETE;
}

/** Reads the whole log of a beanstalkd that does not run. */
function readLog(from: string): Binlog {
  const directory = new BeanstalkdDirectory(from);
  const why = directory.whyNone();
  if (why !== undefined) throw new WrongDirectoryError(`${from}: ${why}`);
  const files = directory.files();
  if (files.length === 0) throw new ImportError(`${from}: ${whyEmpty(directory)}`);
  const holder = directory.holder();
  if (holder !== undefined) {
    throw new ImportError(`${from}: process ${holder} uses it; stop that beanstalkd first`);
  }
  const before = directory.state();
  const binlog = new Binlog();
  let expected = files[0]?.number ?? 0;
  for (const file of files) {
    if (file.number !== expected) {
      binlog.damage.push({ file: `binlog.${expected}`, what: "it is missing" });
    }
    binlog.readFile(file.name, directory.read(file), file === files.at(-1));
    expected = file.number + 1;
  }
  if (directory.state() !== before) throw new ImportError(`${from}: somebody is writing there`);
  return binlog;
}

/** What a directory without a log is instead. */
function whyEmpty(directory: BeanstalkdDirectory): string {
  return directory.names().some((name) => segmentNumber(name) !== undefined)
    ? `it holds a journal, not a beanstalkd's log; start the server with --data on it`
    : "there is no binlog in it";
}

/** Makes the journal and reads it back. */
async function write(
  { to, segmentBytes }: ImportCommand,
  jobs: readonly LoadedJob[],
  lastId: number,
  engine: WebAssembly.Module,
): Promise<void> {
  const storage = openStorage(to);
  mustBeEmpty(storage, to); // before the lease is signed for, in a file that may be somebody's
  const lease = await storage.lease();
  try {
    mustBeEmpty(storage, to);
    const { checksum } = openReplica(engine, 1, 0);
    const random = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    const wallMicros = Date.now() * 1000;
    const parts = { storage, checksum, segmentBytes, lastId, wallMicros, random };
    const load = new BulkLoad(parts);
    for (const job of jobs) load.add(job);
    load.finish();
    readBack(storage, engine, jobs.length);
  } finally {
    lease.release();
  }
}

function mustBeEmpty(storage: Storage, to: string): void {
  const isEmpty = storage.list().every((name) => isOfLease(name));
  if (!isEmpty) throw new WrongDirectoryError(`${to}: it must be new or empty`);
}

function readBack(storage: Storage, engine: WebAssembly.Module, count: number): void {
  const inspection = inspect(storage, engine, Date.now() * 1000);
  const { jobs, tornBytes } = inspection;
  const found = jobs.ready + jobs.delayed + jobs.buried;
  if (found === count && tornBytes === 0 && !isDamaged(inspection)) return;
  throw new ImportError(`of ${count} jobs ${found} could be read back: do not use the journal`);
}

function summary({ to }: ImportCommand, jobs: readonly LoadedJob[], lastId: number): string {
  const count = (state: number): number => jobs.filter((job) => job.state === state).length;
  return (
    `imported ${jobs.length} jobs (${count(STATE_READY)} ready, ${count(STATE_DELAYED)} delayed, ` +
    `${count(STATE_BURIED)} buried) into ${to}; ids go on at ${lastId + 1}`
  );
}
