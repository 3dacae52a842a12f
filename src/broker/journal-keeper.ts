/* JournalKeeper: the broker's side of the journal: it starts the committer, says what recovery
 * found, and has it end.
 *
 * Used by broker.ts. Without a data directory there is none.
 */

import { isDamaged } from "../journal/recovery-report.ts";
import type { RecoveryReport } from "../journal/recovery-report.ts";
import type { Log } from "../log.ts";
import type { BrokerRuntime, CommitterSeed as RuntimeSeed, CommitterThread } from "../runtime.ts";
import type { CommitterReport, CommitterSeed } from "./committer.ts";
import { BrokenError, ClosedError, JournalError } from "./errors.ts";
import type { JournalBoard } from "./journal-board.ts";
import type { Leadership } from "./leadership.ts";
import type { ReplicatorSeed } from "./replicator.ts";

/** Shows how far something long is; a bar in a terminal, for instance. */
export interface ProgressDisplay {
  show(done: number, all: number): void;
  /** It is over. */
  clear(): void;
}

/** What a keeper works with. */
export interface JournalKeeperParts {
  readonly runtime: BrokerRuntime;
  readonly log: Pick<Log, "write">;
  readonly board: JournalBoard;
  /** Shows how far the recovery is; if absent, the log says it. */
  readonly bar?: ProgressDisplay | undefined;
  /** Whether a journal that fails ends the process. */
  readonly endsProcess: boolean;
  /** The journal's thread failed after the journal had been opened. */
  readonly broken: (error: BrokenError) => void;
  /** Told of who leads; absent where no copy is kept. */
  readonly leadership?: Leadership | undefined;
}

/** Where a copy of the journal is kept. */
export interface CopyPlace {
  readonly url: string;
  /** Milliseconds for which its leader may be out of reach. */
  readonly leaseMillis: number;
  /** Where clients reach this server. */
  readonly address: string;
  /** The epoch in which it led, and gave that up: others may lead first. Absent: none. */
  readonly gaveUpEpoch?: number | undefined;
}

function copySeedOf(
  { common, options }: CommitterSeed,
  copy: CopyPlace | undefined,
): Pick<RuntimeSeed, "copy"> {
  if (copy === undefined) return {};
  const { leaseMillis, gaveUpEpoch } = copy;
  const payload: ReplicatorSeed = {
    common,
    leaseMillis,
    gaveUpEpoch,
    publishes: options.level === "replicated",
  };
  return { copy: { ...copy, payload } };
}

/** What is told to whoever waits for a thread that was ended. */
const ENDED = "the journal's thread was ended";

/** Somebody who waits for something of the committer. */
interface Waiting {
  readonly came: () => void;
  readonly failed: (error: Error) => void;
}

/** The committer, as the broker sees it. */
export class JournalKeeper {
  readonly #runtime: BrokerRuntime;
  readonly #log: Pick<Log, "write">;
  readonly #board: JournalBoard;
  readonly #bar: ProgressDisplay | undefined;
  #committer: CommitterThread | undefined;
  readonly #endsProcess: boolean;
  readonly #broken: (error: BrokenError) => void;
  readonly #leadership: Leadership | undefined;
  /** Until the journal has been opened. */
  #opening: Waiting | undefined;
  /** Until it has been closed. */
  #stopping: Waiting | undefined;
  /** The thread was ended, and says nothing more. */
  #isEnded = false;

  constructor(parts: JournalKeeperParts) {
    this.#runtime = parts.runtime;
    this.#log = parts.log;
    this.#board = parts.board;
    this.#bar = parts.bar;
    this.#endsProcess = parts.endsProcess;
    this.#broken = parts.broken;
    this.#leadership = parts.leadership;
  }

  /** Resolves when the journal has been recovered; rejects with a JournalError. */
  recover(directory: string, seed: CommitterSeed, copy?: CopyPlace): Promise<void> {
    return new Promise((came, failed) => {
      this.#opening = { came, failed };
      this.#committer = this.#runtime.startCommitter(
        { directory, payload: seed, endsProcess: this.#endsProcess, ...copySeedOf(seed, copy) },
        {
          heard: (report) => this.#heard(report as CommitterReport),
          died: (why) => this.#died(why),
        },
      );
    });
  }

  #died(why: string): void {
    const what = `the journal's thread failed: ${why}`;
    if (this.#opening !== undefined) {
      this.#failed(what);
      return;
    }
    const error = new BrokenError(what);
    this.#stopping?.failed(error);
    this.#broken(error);
  }

  #failed(message: string, reason?: string): void {
    this.#opening?.failed(new JournalError(message, reason));
    this.#opening = undefined;
  }

  #heard(report: CommitterReport): void {
    switch (report.kind) {
      case "progress":
        this.#tellProgress(report.done, report.all);
        break;
      case "recovered":
        this.#bar?.clear();
        this.#tell(report);
        this.#opening?.came();
        this.#opening = undefined;
        break;
      case "failed":
        this.#bar?.clear();
        this.#failed(report.message, report.code);
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
      case "standby":
        this.#leadership?.hear(report);
        this.#tellStandby(report);
        break;
      case "stepDown":
        this.#leadership?.stepDown();
        break;
      case "copyCutShort":
        this.#log.write("warn", "stopped before the copy had everything: the lease runs out", {
          lackingBytes: report.lackingBytes,
        });
        break;
      case "leading":
        this.#leadership?.hear(report);
        this.#log.write("info", "this server leads", {
          epoch: report.epoch,
          fetchedBytes: report.fetchedBytes,
        });
        break;
      case "copyLost":
        this.#tellCopyLost(report.why);
        break;
      case "stopped":
        this.#stopping?.came();
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

  #tellCopyLost(why: string | undefined): void {
    if (why === undefined) this.#log.write("info", "the copy of the journal is kept again");
    else this.#log.write("error", "the copy of the journal cannot be kept", { why });
  }

  #tellStandby({ leader, epoch }: Extract<CommitterReport, { kind: "standby" }>): void {
    if (leader === "") this.#log.write("info", "this server leaves it to others to lead");
    else this.#log.write("info", "another server leads; this one stands by", { leader, epoch });
  }

  #tellFull(isFull: boolean): void {
    if (isFull) this.#log.write("error", "no space for the journal: puts are refused");
    else this.#log.write("info", "there is space for the journal again: puts are taken");
  }

  /**
   * Has everything written and synced. Resolves when it is; rejects with a BrokenError, and with a
   * ClosedError when the thread is ended before.
   */
  async stop(): Promise<void> {
    if (this.#committer === undefined) return;
    if (this.#isEnded) throw new ClosedError(ENDED);
    const stopped = new Promise<void>((came, failed) => (this.#stopping = { came, failed }));
    this.#board.stopCommitter();
    await stopped;
  }

  /** Ends the thread. What is awaited of it never comes: it is rejected. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#failed(ENDED);
    this.#stopping?.failed(new ClosedError(ENDED));
    this.#board.endCommitter();
    await this.#committer?.end();
  }
}
