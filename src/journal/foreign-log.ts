/* ForeignLog: knowing the directory of a beanstalkd's -b when one is given to us.
 *
 * Both programs call their directory -b. Ours would find no journal in a beanstalkd's, begin an
 * empty one beside its log, and serve none of its jobs. Asked by whoever is about to open a
 * directory as a journal, before anything is written into it: `lock` is a name in both.
 */

import { binlogNumber } from "./binlog.ts";
import { segmentNumber } from "./format.ts";

/** The directory holds a beanstalkd's log and no journal. */
export class ForeignLogError extends Error {
  override readonly name = "ForeignLogError";
  readonly code = "HM_FOREIGN_LOG";
}

/**
 * Throws a ForeignLogError if files of these names, in `directory`, are a beanstalkd's. Where there
 * is a journal as well it is the journal that counts; returns whether a log lies beside it.
 */
export function refuseForeignLog(directory: string, names: readonly string[]): boolean {
  const has = (numberOf: (name: string) => number | undefined): boolean =>
    names.some((name) => numberOf(name) !== undefined);
  if (!has(binlogNumber)) return false;
  if (has(segmentNumber)) return true;
  throw new ForeignLogError(
    `${directory}: it holds the log of a beanstalkd, not a journal; ` +
      `make one of it with: homemaker import ${directory} --data NEW-DIRECTORY`,
  );
}
