/* Ledger: what a server promised its clients, written down as they ask and hear, and the judge of
 * what it has after a restart.
 *
 * A promise is an answer. What was asked and not answered may have happened or not; after a restart
 * what is found is the truth from then on. Every body begins with the job's own number, so that a
 * job is known again whatever its id. Called by crowd.ts and the tests here.
 */
import type { Conversation } from "../support/conversation.ts";
import { Random } from "../support/random.ts";

/** How a job was put. */
export interface Put {
  readonly tube: string;
  readonly priority: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  /** Length of its body; the number that the body begins with is not cut. */
  readonly bodyBytes: number;
}

/** What a restart must not change; who had reserved a job has not any more: it is ready. */
export interface Standing {
  readonly state: string;
  readonly pri: number;
  /** The delay that was asked for last. */
  readonly delaySeconds: number;
}

/** One job, as far as its clients know. */
export interface Job extends Put {
  readonly serial: number;
  id: number | undefined;
  isRefused: boolean;
  /** A delete was asked for: it may be gone. */
  mayBeGone: boolean;
  /** A delete was answered, or a restart has shown that it is not there. */
  isGone: boolean;
  /** What its put or the last answered change made of it; undefined if nobody can know. */
  stands: Standing | undefined;
  /** Changes asked for. */
  changes: number;
  /** Changes that are not answered yet. */
  changing: number;
  /** The tube's kicks when `stands` was written down. */
  kicksSeen: number;
  /** What was asked and answered, for whoever has to find out what went wrong. */
  readonly story: string[];
}

interface Tube {
  /** Counts kicks, once when asked and once when answered. */
  kicks: number;
  kicking: number;
}

const POOL = new Random(1).bytes(65_536);
const IDS_AT_ONCE = 500;
/** Deleted jobs that each inspection looks for; the last one looks for all. */
const GONE_SAMPLE = 300;

/** The body of the job with that number. */
export function bodyOf({ serial, bodyBytes }: Pick<Job, "serial" | "bodyBytes">): Buffer {
  const head = Buffer.from(`${serial}:`);
  const from = (serial * 31) % (POOL.length / 2);
  const rest = Math.min(Math.max(0, bodyBytes - head.length), POOL.length / 2);
  return Buffer.concat([head, POOL.subarray(from, from + rest)]);
}

/** A server ended while it was looked at. */
class HungUp extends Error {
  constructor() {
    super("the server hung up during an inspection");
  }
}

/** All that was promised by the servers of one data directory. */
export class Ledger {
  /** What was wrong, in words. */
  readonly problems: string[] = [];
  /** Every put costs one id at most, and no restart any. */
  idsGoOn = false;
  /** Answers that promised something. */
  promises = 0;
  readonly #jobs: Job[] = [];
  readonly #byId = new Map<number, Job>();
  readonly #tubes = new Map<string, Tube>();
  #highestId = 0;
  /** Ids up to here have been inspected. */
  #inspectedTo = 0;
  #live = 0;

  /** Jobs that are there for all one knows. */
  get liveCount(): number {
    return this.#live;
  }

  get jobCount(): number {
    return this.#jobs.length;
  }

  /** The jobs that an answer put there and no delete was asked for. */
  get promisedJobs(): readonly Job[] {
    return this.#jobs.filter((job) => job.id !== undefined && !job.isGone && !job.mayBeGone);
  }

  /** A put is about to be asked. */
  begin(put: Put): Job {
    const job = { ...put, serial: this.#jobs.length, id: undefined, isRefused: false };
    const { priority: pri, delaySeconds } = put;
    const state = delaySeconds > 0 ? "delayed" : "ready";
    const unchanged = {
      stands: { state, pri, delaySeconds },
      changes: 0,
      changing: 0,
      kicksSeen: 0,
      story: [`put in ${put.tube}`],
    };
    const whole: Job = { ...job, mayBeGone: false, isGone: false, ...unchanged };
    this.#jobs.push(whole);
    return whole;
  }

  /** The answer to a put; undefined if there was none. */
  putAnswered(job: Job, line: string | undefined): void {
    job.story.push(line ?? "nothing");
    if (line === undefined) return;
    const id = /^INSERTED (\d+)$/.exec(line)?.[1];
    if (id === undefined) job.isRefused = true;
    else this.#learnId(job, Number(id));
    if (id !== undefined) this.promises++;
  }

  /** Somebody reserved a job; undefined when it is none that was put here. */
  reserved(line: string, body: Buffer): Job | undefined {
    const [word, id] = line.split(" ");
    if (word !== "RESERVED") return undefined;
    const job = this.#recognize(Number(id), body, "reserved");
    if (job !== undefined) this.promises++;
    job?.story.push("reserved");
    return job;
  }

  #recognize(id: number, body: Buffer, where: string): Job | undefined {
    const serial = Number(/^(\d+):/.exec(body.toString("latin1", 0, 12))?.[1]);
    const job = this.#jobs[serial];
    const looks = `${body.length} bytes, ${body.toString("latin1", 0, 40)}`;
    if (job === undefined) this.#blame(`${where} job ${id}: nobody ever put it (${looks})`);
    else if (!bodyOf(job).equals(body))
      this.#blame(`${where} job ${id}: another body (${looks})`, job);
    else if (job.isRefused) this.#blame(`${where} job ${id}: its put was refused`);
    else this.#learnId(job, id);
    return job;
  }

  #learnId(job: Job, id: number): void {
    if (job.id === id) return;
    const other = this.#byId.get(id);
    if (job.id !== undefined) this.#blame(`job ${job.id} is there as job ${id} as well`);
    else if (other !== undefined) this.#blame(`id ${id} was given to two jobs`);
    job.id = id;
    this.#byId.set(id, job);
    this.#highestId = Math.max(this.#highestId, id);
    this.#live++;
  }

  /** A delete is about to be asked. */
  beginDelete(job: Job): void {
    job.mayBeGone = true;
    job.story.push("delete");
  }

  /** Its answer. NOT_FOUND says nothing: another connection may hold the job. */
  deleteAnswered(job: Job, line: string | undefined): void {
    if (line !== undefined) job.story.push(line);
    if (line !== "DELETED") return;
    this.promises++;
    this.#gone(job);
  }

  #gone(job: Job): void {
    if (!job.isGone && job.id !== undefined) this.#live--;
    job.isGone = true;
  }

  /**
   * A bury, release, kick-job or reserve-job is about to be asked. Returns what takes its answer:
   * whether the job is buried now; undefined where nobody can know.
   */
  beginChange(job: Job, command: string): (isBuried: boolean | undefined) => void {
    const before = job.stands;
    const tube = this.#tube(job.tube);
    const change = ++job.changes;
    const isAlone = job.changing++ === 0 && tube.kicking === 0;
    const { kicks } = tube;
    job.stands = undefined;
    job.story.push(command);
    return (isBuried) => {
      job.story.push(`${command} answered: ${isBuried === true ? "buried" : "not buried"}`);
      job.changing--;
      if (isBuried !== undefined) this.promises++;
      if (!isAlone || job.changes !== change || isBuried === undefined) return;
      job.stands = standingAfter(command, isBuried, before);
      job.kicksSeen = kicks;
    };
  }

  /** A kick of a whole tube is about to be asked; call what it answers when it was answered. */
  beginKick(name: string): () => void {
    const tube = this.#tube(name);
    tube.kicks++;
    tube.kicking++;
    return () => {
      tube.kicks++;
      tube.kicking--;
    };
  }

  #tube(name: string): Tube {
    const tube = this.#tubes.get(name) ?? { kicks: 0, kicking: 0 };
    this.#tubes.set(name, tube);
    return tube;
  }

  /**
   * Looks at all that the server has, compares it with what was promised, and takes what is there
   * for the truth.
   *
   * @param isComplete look for every job that was ever deleted, not for some of them
   * @throws {HungUp} the server ended meanwhile; another inspection can follow
   */
  async inspect(client: Conversation, isComplete: boolean): Promise<void> {
    const highest = await this.#probe(client);
    const found = new Map<number, Job>();
    for (const ids of slices([...this.#idsToInspect(highest, isComplete)])) {
      await this.#peekAt(client, ids, found);
    }
    for (const jobs of slices([...found.values()])) await this.#checkStates(client, jobs);
    for (const job of this.#jobs) if (!found.has(job.serial)) this.#absent(job);
    for (const tube of this.#tubes.values()) tube.kicking = 0;
    this.#inspectedTo = highest;
  }

  /** An id behind all others. */
  async #probe(client: Conversation): Promise<number> {
    const job = this.begin({ ...PROBE });
    const line = await client.line(putLine(job), bodyOf(job));
    const seen = this.#highestId;
    this.putAnswered(job, line);
    if (job.id === undefined) return seen + 20_000; // no puts now
    if (job.id <= seen) this.#blame(`id ${job.id} is given out again: ${seen} was known already`);
    if (this.idsGoOn && job.id > this.jobCount + IDS_SET_ASIDE) {
      this.#blame(`id ${job.id} is given out after ${this.jobCount} puts`);
    }
    this.beginDelete(job);
    this.deleteAnswered(job, await client.line(`delete ${job.id}`));
    return job.id;
  }

  #idsToInspect(highest: number, isComplete: boolean): ReadonlySet<number> {
    const ids = new Set<number>();
    const from = isComplete ? 0 : this.#inspectedTo;
    for (let id = from + 1; id <= highest; id++) ids.add(id);
    const gone: number[] = [];
    for (const { id, isGone } of this.#jobs) {
      if (id !== undefined && isGone) gone.push(id);
      else if (id !== undefined) ids.add(id);
    }
    for (const id of gone.slice(-GONE_SAMPLE)) ids.add(id);
    return ids;
  }

  async #peekAt(
    client: Conversation,
    ids: readonly number[],
    found: Map<number, Job>,
  ): Promise<void> {
    const answers = await Promise.all(ids.map((id) => client.ask(`peek ${id}`)));
    for (const [at, answer] of answers.entries()) {
      const id = ids[at] ?? 0;
      if (answer === undefined) throw new HungUp();
      if (answer.body === undefined) continue;
      const job = this.#recognize(id, answer.body, "found");
      if (job === undefined) continue;
      if (job.isGone) this.#blame(`job ${id} is back: it was gone for good`, job);
      found.set(job.serial, job);
    }
  }

  async #checkStates(client: Conversation, jobs: readonly Job[]): Promise<void> {
    const answers = await Promise.all(jobs.map(({ id }) => client.ask(`stats-job ${id}`)));
    for (const [at, job] of jobs.entries()) {
      const answer = answers[at];
      if (answer === undefined) throw new HungUp();
      const yaml = answer.body?.toString() ?? "";
      this.#checkState(job, (key) => new RegExp(`^${key}: "?([^"\n]*)`, "m").exec(yaml)?.[1] ?? "");
    }
  }

  #checkState(job: Job, stat: (key: string) => string): void {
    const blame = (key: string, wanted: unknown): void =>
      this.#blame(`job ${job.id} has ${key} ${stat(key)}, not ${String(wanted)}`, job);
    const { tube, ttrSeconds } = job;
    if (stat("tube") !== tube) blame("tube", tube);
    if (stat("ttr") !== String(ttrSeconds)) blame("ttr", ttrSeconds);
    const tubeOfIt = this.#tube(tube);
    const isKicked = job.kicksSeen !== tubeOfIt.kicks;
    const stands = job.changing === 0 ? job.stands : undefined;
    if (stands !== undefined) {
      const { state, pri, delaySeconds } = stands;
      if (stat("pri") !== String(pri)) blame("pri", pri);
      if (stat("delay") !== String(delaySeconds)) blame("delay", delaySeconds);
      if (stat("state") !== state && !(isKicked && stat("state") === "ready"))
        blame("state", state);
    }
    const longest = Math.max(Number(stat("delay")), ttrSeconds);
    if (Number(stat("time-left")) > longest) blame("time-left", longest);
    job.story.push(`inspected: ${stat("state")}, pri ${stat("pri")}, delay ${stat("delay")}`);
    job.stands = {
      state: stat("state"),
      pri: Number(stat("pri")),
      delaySeconds: Number(stat("delay")),
    };
    Object.assign(job, { mayBeGone: false, changing: 0, kicksSeen: tubeOfIt.kicks });
  }

  #absent(job: Job): void {
    if (job.isGone) return;
    const isPromised = job.id !== undefined && !job.mayBeGone;
    if (isPromised) this.#blame(`job ${job.id} is lost: nobody asked for its end`, job);
    this.#gone(job);
  }

  #blame(problem: string, job?: Job): void {
    this.problems.push(job === undefined ? problem : `${problem} (${job.story.join(", ")})`);
  }
}

/** What a command that was answered made of a job; undefined where that depends on what it was. */
function standingAfter(
  command: string,
  isBuried: boolean,
  before: Standing | undefined,
): Standing | undefined {
  const [verb, , pri, delay] = command.split(" ");
  const state = isBuried ? "buried" : Number(delay) > 0 ? "delayed" : "ready";
  if (verb === "release") return { state, pri: Number(pri), delaySeconds: Number(delay) };
  if (before === undefined) return undefined;
  return { ...before, state, ...(verb === "bury" && { pri: Number(pri) }) };
}

/**
 * Ids that threads set aside for puts of a chunk and did not give back, at most: a run ahead of
 * what may have been told is far more.
 */
const IDS_SET_ASIDE = 50_000;

const PROBE: Put = {
  tube: "default",
  priority: 0,
  delaySeconds: 0,
  ttrSeconds: 60,
  bodyBytes: 20,
};

/** The line of the put of that job. */
export function putLine(job: Job): string {
  const { priority, delaySeconds, ttrSeconds } = job;
  return `put ${priority} ${delaySeconds} ${ttrSeconds} ${bodyOf(job).length}`;
}

/** Cuts a list into pieces that can be asked about in one write. */
export function slices<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / IDS_AT_ONCE);
  return Array.from({ length: count }, (_, at) =>
    items.slice(at * IDS_AT_ONCE, (at + 1) * IDS_AT_ONCE),
  );
}
