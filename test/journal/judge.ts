/* Judge: what a world remembers through its crashes, and the judgement of what a recovery brought
 * back: jobs by the ledger, ids, ages and delays by what is remembered here.
 *
 * Called by world.ts, and by its clients, who say when a job was put and whether somebody held it.
 */
import { syncsFirst } from "../../src/journal/journal-parts.ts";
import type { Recovered } from "../../src/journal/recovery-parts.ts";
import { LedgerError, groupOf, isResult, jobOf, shownTagsOf } from "./ledger.ts";
import type { Changing, Ledger, LedgerJob } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import { factsOf } from "./observer.ts";
import type { Observed, Observer } from "./observer.ts";
import type { WorldOptions } from "./world-options.ts";

/** The delay of a job as recoveries may find it. */
interface Delay {
  /** When it ends by the wall clock of the server that runs; 0 when it is over. */
  end: number;
  /** Every end that the journal may have. */
  readonly ends: Set<number>;
}

/** What a world counted. */
export interface Totals {
  crashes: number;
  powerCuts: number;
  recoveries: number;
  mutations: number;
  acknowledgedLost: number;
}

/** A server that has recovered. */
export interface Server {
  readonly machine: Machine;
  readonly observer: Observer;
  readonly shards: number;
  /** The engine's clock, in microseconds. */
  readonly now: number;
  readonly wall: number;
}

/** The judge of one world. */
export class Judge {
  readonly #options: WorldOptions;
  readonly #ledger: Ledger;
  readonly #totals: Totals;
  /** When each job was put, by the wall clock. */
  readonly #born = new Map<number, number>();
  /**
   * Jobs that somebody held or kicked: they need not be delayed any more, whether that was recorded
   * or not.
   */
  readonly #held = new Set<number>();
  /** Jobs that wait for no group any more, whether that was recorded or not. */
  readonly #free = new Set<number>();
  /** By job and by when it ends, as it was asked for. */
  readonly #delays = new Map<string, Delay>();
  /** The power went since the last recovery that came to its end. */
  #powerWent = false;
  /** How often the machine has started. */
  #boots = 1;
  #epochs = 0;
  /** What was synced on the machine that goes on has to be there, though no other has it. */
  keepsSynced = false;
  /** How often it had when the newest segment was begun. */
  #bootOfJournal = 1;
  /** Whether the last recovery came to its end. */
  #isJudged = true;
  /** When the server ended that recovery has to follow. */
  #stoppedAt = 0;
  /** What the wall clock showed then. */
  #stoppedWall = 0;

  constructor(options: WorldOptions, ledger: Ledger, totals: Totals) {
    this.#options = options;
    this.#ledger = ledger;
    this.#totals = totals;
  }

  /** The judge of a world that goes on from here with a ledger of its own. */
  copy(ledger: Ledger, totals: Totals): Judge {
    const copy = new Judge(this.#options, ledger, totals);
    for (const [id, born] of this.#born) copy.#born.set(id, born);
    for (const [key, delay] of this.#delays) {
      copy.#delays.set(key, { ...delay, ends: new Set(delay.ends) });
    }
    copy.#boots = this.#boots;
    copy.#epochs = this.#epochs;
    copy.#bootOfJournal = this.#bootOfJournal;
    copy.#powerWent = this.#powerWent;
    copy.#isJudged = this.#isJudged;
    copy.#stoppedAt = this.#stoppedAt;
    copy.#stoppedWall = this.#stoppedWall;
    for (const id of this.#held) copy.#held.add(id);
    for (const id of this.#free) copy.#free.add(id);
    return copy;
  }

  /** Another server leads: what this one is to know as another boot of the machine. */
  beganEpoch(): void {
    this.#epochs++;
  }

  /** What the system calls the time since its start. */
  get bootId(): string {
    const epoch = this.#epochs.toString(16).padStart(12, "0");
    return this.#boots.toString(16).padStart(20, "0") + epoch;
  }

  wasBorn(id: number, wall: number): void {
    this.#born.set(id, wall);
  }

  wasHeld(id: number): void {
    this.#held.add(id);
  }

  /** What a server shows of jobs that wait for groups, as long as it runs. */
  sawGroups(jobs: Iterable<LedgerJob>, observer: Observer, now: number): void {
    for (const job of jobs) {
      if (groupOf(job, "aft") === "") continue;
      const found = observer.observe(job.id, now);
      if (found?.due === 0) this.#free.add(job.id);
    }
  }

  isHeld(id: number): boolean {
    return this.#held.has(id);
  }

  /** A segment was begun. */
  beganJournal(): void {
    this.#bootOfJournal = this.#boots;
  }

  /** The server ended, at that millisecond, and perhaps the machine with it. */
  stopped(isPowerCut: boolean, at: number, wall: number): void {
    if (this.#isJudged) {
      this.#stoppedAt = at;
      this.#stoppedWall = wall;
    }
    this.#isJudged = false;
    if (!isPowerCut) return;
    this.#powerWent = true;
    this.#boots++;
  }

  /** Throws a LedgerError unless the recovery kept all promises. */
  judge({ report }: Recovered, server: Server): void {
    if (report.damagedBytes > 0) throw new LedgerError("what was torn was taken for damage");
    const { observer, now } = server;
    const observed = new Map<number, Observed | undefined>();
    const find = (id: number): Observed | undefined => {
      if (!observed.has(id)) observed.set(id, observer.observe(id, now));
      return observed.get(id);
    };
    const findings = {
      find: (id: number): Changing | undefined =>
        isResult(id)
          ? observer.resultOf(jobOf(id), now)
          : id < 0
            ? observer.cooldownOf(-id)
            : find(id),
      settingsOf: (tube: string): string | undefined => observer.settingsOf(tube, now),
    };
    const promised = (ackedAt: number): boolean => this.#isPromised(ackedAt);
    const lost = this.#ledger.judge(findings, promised, this.keepsSynced);
    this.#totals.acknowledgedLost += lost;
    this.#totals.recoveries++;
    this.#powerWent = false;
    this.#isJudged = true;
    for (const job of this.#ledger.jobs.values()) this.#compare(job, find(job.id), server.wall);
    for (const job of this.#ledger.jobs.values()) this.#compareHold(job, find(job.id));
    if (report.jobs !== this.#ledger.jobs.size) {
      const size = this.#ledger.jobs.size;
      throw new LedgerError(
        `${report.jobs} jobs came back, not ${size}: ${this.#strangers(server)}`,
      );
    }
    if (this.#totals.recoveries % 3 === 0) server.machine.verify();
    this.#ledger.begin(server.shards);
    this.#judgeIds(server.machine);
  }

  /** No id is given again that anybody was told; and none is passed over without need. */
  #judgeIds({ shards }: Machine): void {
    const ledger = this.#ledger;
    const lastId = shards[0]?.lastId() ?? 0;
    if (lastId < ledger.toldId) {
      throw new LedgerError(`ids go on behind ${lastId}, but ${ledger.toldId} was told`);
    }
    const isTold = this.#options.level === "replicated"; // some of them early, in other epochs
    const isSame = this.#boots === this.#bootOfJournal || this.#options.level === "sync";
    const mustGoOn = isSame && !isTold;
    if (mustGoOn && lastId > ledger.highestId) {
      throw new LedgerError(
        `ids go on behind ${lastId}, though none above ${ledger.highestId} was`,
      );
    }
    ledger.highestId = lastId;
  }

  /** Ids of jobs that no ledger knows any more. */
  #strangers({ observer, now }: Server): string {
    const ids: number[] = [];
    for (let id = this.#ledger.highestId; id > 0 && ids.length < 5; id--) {
      if (!this.#ledger.jobs.has(id) && observer.observe(id, now) !== undefined) ids.push(id);
    }
    return `${ids.join(", ")} should not be there`;
  }

  #isPromised(ackedAt: number): boolean {
    const { level, intervalMillis } = this.#options;
    if (!this.#powerWent || syncsFirst(level)) return true;
    return level === "interval" && this.#stoppedAt - ackedAt > intervalMillis;
  }

  #compare(job: LedgerJob, found: Observed | undefined, wall: number): void {
    if (found === undefined) throw new LedgerError(`job ${job.id} is lost`);
    if (
      found.tube !== job.tube ||
      found.ttrSeconds !== job.ttrSeconds ||
      found.bodyBytes !== job.bodyBytes ||
      found.tags !== shownTagsOf(job)
    ) {
      throw new LedgerError(`job ${job.id} came back altered`);
    }
    const born = this.#born.get(job.id) ?? 0;
    if (found.ageMicros !== wall - born) {
      throw new LedgerError(`job ${job.id} is ${found.ageMicros} us old`);
    }
    this.#compareDelay(job, found.leftMicros, wall);
  }

  /**
   * A job waits for a group only while that has a job; and it does, unless it was free before. Of
   * that there is a record that nobody waits for.
   */
  #compareHold(job: LedgerJob, found: Observed | undefined): void {
    const group = groupOf(job, "aft");
    if (group === "" || found === undefined) return;
    const isWaiting = found.due !== 0 && found.leftMicros === 0;
    const isAnyIn = [...this.#ledger.jobs.values()].some((one) => groupOf(one, "grp") === group);
    if (isWaiting && !isAnyIn)
      throw new LedgerError(`job ${job.id} waits for ${group}, which is complete`);
    if (found.due !== 0 || found.isBuried) return;
    if (isAnyIn && !this.#free.has(job.id) && !this.#held.has(job.id))
      throw new LedgerError(`job ${job.id} does not wait for ${group}`);
    this.#free.add(job.id);
  }

  /**
   * What is left of a delay is what the wall clock says, and never more than was asked for. Once
   * the clock has jumped there is more than one answer: the journal has the end that it had before,
   * or, if the job was written again since, the one that came of the last recovery.
   */
  #compareDelay(job: LedgerJob, leftMicros: number, wall: number): void {
    const key = `${job.id} until ${job.due}`;
    const delay = this.#delays.get(key) ?? { end: job.due, ends: new Set([job.due]) };
    if (delay.end <= this.#stoppedWall) delay.ends.add(0);
    const asked = job.delaySeconds * 1_000_000;
    const lefts = [...delay.ends].map((end) => Math.max(0, Math.min(end - wall, asked)));
    const wasTaken = leftMicros === 0 && this.#held.has(job.id);
    if (!wasTaken && !lefts.some((left) => Math.abs(leftMicros - left) <= 1)) {
      throw new LedgerError(
        `job ${job.id} is delayed for ${leftMicros} us, not ${lefts.join(" or ")}`,
      );
    }
    delay.end = leftMicros === 0 ? 0 : wall + leftMicros;
    delay.ends.add(delay.end);
    this.#delays.set(key, delay);
  }
}

/**
 * What of a server that found `jobs` is not as the ledger has it: what is lost, altered or back.
 */
export function harmOf(ledger: Ledger, { observer, now }: Server, jobs: number): readonly string[] {
  const harmed: string[] = [];
  let there = 0;
  for (const job of ledger.jobs.values()) {
    const found = observer.observe(job.id, now);
    if (found === undefined) harmed.push(`${job.id} is lost`);
    else {
      there++;
      const { pri, isBuried, tube, bodyBytes, ttrSeconds } = job;
      const isSame =
        found.pri === pri &&
        found.isBuried === isBuried &&
        found.tube === tube &&
        found.bodyBytes === bodyBytes &&
        factsOf(found) === factsOf(job) &&
        found.ttrSeconds === ttrSeconds;
      if (!isSame) harmed.push(`${job.id} is altered`);
    }
  }
  for (let back = jobs - there; back > 0; back--) harmed.push("a job came back");
  return harmed;
}
