/* BeanstalkdDirectory: the directory of a beanstalkd's -b, to be read while no beanstalkd has it.
 *
 * It holds binlog.1, binlog.2, ... and `lock`, on which a running beanstalkd has an fcntl lock; the
 * kernel lists these in /proc/locks. Nothing here writes. Used by `homemaker import`.
 */

import * as fs from "node:fs";
import { join } from "node:path";
import { binlogNumber } from "../journal/binlog.ts";
import { attempt, whyNoDirectory } from "./node-fs.ts";

const LOCKS = "/proc/locks"; // Linux
const LOCK_NAME = "lock";

/** One log file. */
export interface BinlogFile {
  readonly name: string;
  readonly number: number;
}

/** The directory of a beanstalkd. */
export class BeanstalkdDirectory {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Why it is no directory; undefined if it is one. Throws a StorageError. */
  whyNone(): string | undefined {
    return whyNoDirectory(this.#directory);
  }

  /** Names of all files. Throws a StorageError. */
  names(): readonly string[] {
    return attempt(this.#directory, () => fs.readdirSync(this.#directory));
  }

  /** The log files in the order in which they were written. Throws a StorageError. */
  files(): readonly BinlogFile[] {
    return this.names()
      .flatMap((name): BinlogFile[] => {
        const number = binlogNumber(name);
        return number === undefined ? [] : [{ name, number }];
      })
      .toSorted((a, b) => a.number - b.number);
  }

  /** All bytes of a file. Throws a StorageError. */
  read({ name }: BinlogFile): Uint8Array {
    const path = join(this.#directory, name);
    return attempt(path, () => fs.readFileSync(path));
  }

  /**
   * Id of the process that has the directory locked; undefined when nobody has. Throws a
   * StorageError.
   */
  holder(): number | undefined {
    const path = join(this.#directory, LOCK_NAME);
    const lock = attempt(path, () => fs.statSync(path, { throwIfNoEntry: false }));
    if (lock === undefined || !fs.existsSync(LOCKS)) return undefined;
    // "1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF"
    const held = new RegExp(`POSIX +ADVISORY +WRITE +(\\d+) +\\S+:${lock.ino} `);
    const pid = held.exec(fs.readFileSync(LOCKS, "utf8"))?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  /** Lengths and times of the files. If they are different later, somebody wrote meanwhile. */
  state(): string {
    return this.files()
      .map(({ name }) => {
        const path = join(this.#directory, name);
        const { size, mtimeMs } = attempt(path, () => fs.statSync(path));
        return `${name} ${size} ${mtimeMs}`;
      })
      .join("\n");
  }
}
