/* JournalKeeper: the main thread's side of the journal: it starts the committer, says what recovery
 * found, and has it end.
 *
 * Used by server.ts. Without a data directory there is none.
 */

import { PROGRAM } from "../version.ts";
import { isDamaged } from "../journal/recovery-report.ts";
import type { RecoveryReport } from "../journal/recovery-report.ts";
import type { Log } from "../log.ts";
import type { CommitterThread, Runtime } from "../runtime.ts";
import type { CommitterReport, CommitterSeed } from "./committer.ts";
import type { JournalBoard } from "./journal-board.ts";

/**
 * The journal cannot be opened: another server has it, it is damaged and strict was asked for, it
 * is newer than this program, ...
 */
export class JournalError extends Error {
  override readonly name = "JournalError";
  readonly code = "HM_JOURNAL";
}

/** Shows how far something long is; a bar in a terminal, for instance. */
export interface ProgressDisplay {
  show(done: number, all: number): void;
  /** It is over. */
  clear(): void;
}

/** The committer, as the main thread sees it. */
export class JournalKeeper {
  readonly #runtime: Runtime;
  readonly #log: Log;
  readonly #board: JournalBoard;
  readonly #bar: ProgressDisplay | undefined;
  #committer: CommitterThread | undefined;
  #settle: { recovered: () => void; failed: (error: JournalError) => void } | undefined;
  #stopped: () => void = () => undefined;

  /** `bar` shows how far the recovery is; if absent, the log says it. */
  constructor(runtime: Runtime, log: Log, board: JournalBoard, bar?: ProgressDisplay) {
    this.#runtime = runtime;
    this.#log = log;
    this.#board = board;
    this.#bar = bar;
  }

  /** Resolves when the journal has been recovered; rejects with a JournalError. */
  recover(directory: string, seed: CommitterSeed): Promise<void> {
    return new Promise((recovered, failed) => {
      this.#settle = { recovered, failed };
      this.#committer = this.#runtime.startCommitter(
        { directory, payload: seed },
        {
          heard: (report) => this.#heard(report as CommitterReport),
          died: (why) => this.#runtime.die(`${PROGRAM}: the journal's thread failed: ${why}`),
        },
      );
    });
  }

  #heard(report: CommitterReport): void {
    switch (report.kind) {
      case "progress":
        this.#tellProgress(report.done, report.all);
        break;
      case "recovered":
        this.#bar?.clear();
        this.#tell(report);
        this.#settle?.recovered();
        break;
      case "failed":
        this.#bar?.clear();
        this.#settle?.failed(new JournalError(report.message));
        break;
      case "readOnly":
        this.#tellReadOnly(report.why);
        break;
      case "full":
        this.#tellFull(report.isFull);
        break;
      case "weakLease":
        this.#log.write("warn", "servers in other containers are not kept out of the data", {
          why: report.why,
        });
        break;
      case "stopped":
        this.#stopped();
        break;
    }
  }

  #tellProgress(done: number, all: number): void {
    if (this.#bar !== undefined) this.#bar.show(done, all);
    else this.#log.write("info", "recovering", { percent: Math.floor((100 * done) / all) });
  }

  #tell(recovered: Extract<CommitterReport, { kind: "recovered" }>): void {
    const { report, millis, hasForeignLog } = recovered;
    const { segments, jobs, bytes, tornBytes } = report;
    if (segments > 0) {
      this.#log.write("info", "recovered", { jobs, segments, bytes, millis: Math.round(millis) });
    }
    if (tornBytes > 0) {
      this.#log.write("warn", "cut off what was being written when the server ended", {
        tornBytes,
      });
    }
    if (hasForeignLog) {
      this.#log.write(
        "warn",
        "beside the journal lies a beanstalkd's log: its jobs are not served",
      );
    }
    this.#tellDamage(report);
  }

  #tellDamage(report: RecoveryReport): void {
    const { unreadableBytes, damagedBytes, damagedSegments, incompleteJobs } = report;
    const { missingSegments, strangeSegments } = report;
    if (unreadableBytes > 0) {
      this.#log.write("error", "the device cannot read all of the journal", { unreadableBytes });
    }
    if (isDamaged(report)) {
      const message = "the journal is damaged: jobs may be missing, deleted ones may be back";
      this.#log.write("error", message, {
        damagedBytes,
        segments: damagedSegments.join(" "),
        ...(missingSegments.length > 0 && { missing: missingSegments.join(" ") }),
        ...(strangeSegments.length > 0 && { strange: strangeSegments.join(" ") }),
        ...(incompleteJobs > 0 && { incompleteJobs }),
      });
    }
  }

  #tellReadOnly(why: string | undefined): void {
    if (why === undefined) {
      this.#log.write("info", "the journal can be written again: jobs are served");
      return;
    }
    const message = "the journal cannot be written: jobs can be looked at and nothing else";
    this.#log.write("error", message, { why });
  }

  #tellFull(isFull: boolean): void {
    if (isFull) this.#log.write("error", "no space for the journal: puts are refused");
    else this.#log.write("info", "there is space for the journal again: puts are taken");
  }

  /** Has everything written and synced. Resolves when it is. */
  async stop(): Promise<void> {
    if (this.#committer === undefined) return;
    const stopped = new Promise<void>((resolve) => (this.#stopped = resolve));
    this.#board.stopCommitter();
    await stopped;
  }

  /** Ends the thread. What is awaited of it never comes: it is rejected. */
  async end(): Promise<void> {
    this.#settle?.failed(new JournalError("the journal's thread was ended"));
    await this.#committer?.end();
  }
}
