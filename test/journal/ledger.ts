/* Ledger: every request and what was acknowledged of it, and the judgement of what a recovery
 * brought back.
 *
 * Each shard's mutations are a sequence, each with its position in the shard's stream (LSN).
 * Whatever happened, what a recovery brings back must be what some prefix of that sequence had
 * made, job by job; and the prefix must reach beyond everything that the level of durability
 * promised. So nothing acknowledged is lost, nothing deleted comes back, nothing is there twice or
 * altered, and there are no holes.
 */
import { shardOfTube } from "../../src/engine/shards.ts";

/** What the journal must know of an attempt that failed. */
export interface LedgerFailure {
  /** Everything that the engine tells of it. */
  readonly facts: string;
  readonly recordBytes: number;
}

/** What the journal must know of a job. */
export interface LedgerJob {
  readonly id: number;
  readonly tube: string;
  readonly pri: number;
  readonly ttrSeconds: number;
  readonly delaySeconds: number;
  readonly bodyBytes: number;
  readonly isBuried: boolean;
  /** Wall clock in microseconds until which it is delayed; 0 when it is not. */
  readonly due: number;
  /** What it keeps, oldest first. */
  readonly failures: readonly LedgerFailure[];
  /** As behind <bytes> of its put, each with a space in front. */
  readonly tags: string;
  /** It has died once: of its tags those that were limits are shown no more. */
  readonly isDead?: boolean;
  /** It is dead, buried, and to go to the dead-letter tube of its tube. */
  readonly leaves?: boolean;
}

/** What of a job may differ from time to time. */
export type Changing = Pick<
  LedgerJob,
  "tube" | "isBuried" | "pri" | "delaySeconds" | "failures" | "leaves"
>;

/** How long cooldowns are that are not over in any world. */
export const COOLDOWN_SECONDS = 1_000_000_000;

/** The group that a job is in (`grp`) or waits for (`aft`); empty when there is none. */
export function groupOf({ tags }: LedgerJob, tag: "grp" | "aft"): string {
  return new RegExp(` ${tag}:([^ ]+)`).exec(tags)?.[1] ?? "";
}

/** Under which id the ledger has the result of a job. */
export function resultId(job: number): number {
  return -job - 0.5;
}

/** Whether an id is that of a result. */
export function isResult(id: number): boolean {
  return !Number.isInteger(id);
}

/** The job whose result has that id. */
export function jobOf(id: number): number {
  return -id - 0.5;
}

/** The tags that the engine shows of a job. */
export function shownTagsOf({ tags, isDead }: Pick<LedgerJob, "tags" | "isDead">): string {
  return isDead === true ? tags.replaceAll(/ (?:exp|max):\d+/g, "") : tags;
}

/** All that is set for a tube, in one line; undefined for nothing. */
export type TubeSetting = readonly [tube: string, settings: string | undefined];

interface Mutation {
  lsn: number;
  /**
   * What became of jobs, and by the negative ids of deleted ones, of their keys' cooldowns, and by
   * `resultId` of their results; undefined when they are gone.
   */
  readonly changes: readonly (readonly [id: number, job: LedgerJob | undefined])[];
  /** What was set for a tube; undefined when nothing is any more. */
  readonly setting?: TubeSetting;
  /** Of a batch, which is there as a whole or not at all, in whatever shards. */
  readonly batch?: number;
  /** What its reply waits for where that is less than others do, as the result area says it. */
  readonly said?: number;
  /** Virtual milliseconds at which it was acknowledged. */
  ackedAt: number | undefined;
  /** Its reply left because what it waits for, less than others do, had been done. */
  isHeard?: boolean;
}

/** What a batch changed in one shard. */
export interface BatchPart {
  readonly shard: number;
  readonly lsn: number;
  readonly changes: Mutation["changes"];
}

/** What a recovery brought back, as far as the ledger asks. */
export interface Findings {
  /**
   * The job of that id, or the cooldown of a negative one, or a result, with what may differ from
   * the ledger's; undefined when there is none.
   */
  find(id: number): Changing | undefined;
  /** All that is set for a tube, in one line; undefined for nothing. */
  settingsOf(tube: string): string | undefined;
}

/** A recovery broke a promise. */
export class LedgerError extends Error {
  override readonly name = "LedgerError";
  readonly code = "HM_TEST_LEDGER";
}

/** Two jobs of one id that differ in what may change have different digests, almost surely. */
function digest(job: Changing, id: number): number {
  let mixed = Math.imul(id ^ 0x9e3779b9, 0x85ebca6b) ^ (job.isBuried ? 0x5bd1e995 : 0);
  if (job.leaves === true) mixed ^= 0x2545f491;
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ job.pri, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ job.delaySeconds, 0x27d4eb2f);
  const tube = id > 0 ? job.tube : ""; // that of a cooldown is not asked for
  for (let at = 0; at < tube.length; at++) {
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ tube.charCodeAt(at), 0x85ebca6b);
  }
  for (const { facts } of job.failures) {
    for (let at = 0; at < facts.length; at++) {
      mixed = Math.imul(mixed ^ (mixed >>> 15) ^ facts.charCodeAt(at), 0x85ebca6b);
    }
  }
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The same for what is set for a tube; 0 for nothing. */
function digestOfSettings([tube, settings]: TubeSetting): number {
  let mixed = 0;
  if (settings === undefined) return mixed;
  for (const character of `${tube} ${settings}`) {
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ (character.codePointAt(0) ?? 0), 0x85ebca6b);
  }
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const encoder = new TextEncoder();
const tubeHashes = new Map<string, Uint8Array>();

function shardOf(tube: string, shards: number): number {
  let name = tubeHashes.get(tube);
  if (name === undefined) tubeHashes.set(tube, (name = encoder.encode(tube)));
  return shardOfTube(name, 0, name.length, shards);
}

/** The jobs of a server through its crashes. */
export class Ledger {
  /** Jobs as they are now, were nothing ever lost. */
  readonly jobs = new Map<number, LedgerJob>();
  /** What is set for tubes, were nothing ever lost. */
  readonly settings = new Map<string, string>();
  /** Deleted jobs whose key is in its cooldown, by their negative ids; and results (resultId). */
  readonly cooldowns = new Map<number, LedgerJob>();
  /** Jobs as the last recovery left them. */
  #base = new Map<number, LedgerJob>();
  #baseSettings = new Map<string, string>();
  #streams: Mutation[][] = [[]];
  #acked: number[] = [0];
  /** Up to where each stream was published last, and when. */
  #published: { readonly lsn: number; readonly at: number }[] = [];
  #batches = 0;
  /** Highest id given out, as far as the server that runs knows. */
  highestId = 0;
  /** Highest id that a reply told. */
  toldId = 0;

  /** The same ledger again, to be judged by another recovery. */
  copy(): Ledger {
    const copy = new Ledger();
    for (const [id, job] of this.jobs) copy.jobs.set(id, job);
    for (const [tube, settings] of this.settings) copy.settings.set(tube, settings);
    for (const [id, job] of this.cooldowns) copy.cooldowns.set(id, job);
    copy.#base = new Map(this.#base);
    copy.#baseSettings = new Map(this.#baseSettings);
    copy.#streams = this.#streams.map((stream) => stream.map((mutation) => ({ ...mutation })));
    copy.#acked = [...this.#acked];
    copy.#published = [...this.#published];
    copy.highestId = this.highestId;
    copy.toldId = this.toldId;
    return copy;
  }

  /** A server begins with that many shards. */
  begin(shards: number): void {
    this.#base = new Map([...this.jobs, ...this.cooldowns]);
    this.#baseSettings = new Map(this.settings);
    this.#streams = Array.from({ length: shards }, () => []);
    this.#acked = this.#streams.map(() => 0);
    this.#published = [];
  }

  /**
   * A job goes from one shard to another. `to` is its record there, at `lsn`: once that is safe it
   * has moved, though nobody was told. Returns what says that the other's tombstone is written.
   */
  moves(from: number, to: number, lsn: number, job: LedgerJob): (lsn: number) => void {
    const left: Mutation = { lsn: Infinity, changes: [[job.id, undefined]], ackedAt: undefined };
    this.#streams[from]?.push(left);
    this.changed(to, lsn, [[job.id, job]]);
    return (tombstone) => {
      left.lsn = tombstone;
      this.#tellAgain(from);
    };
  }

  /** A new id was given out. */
  gaveOut(id: number): void {
    if (id <= this.highestId) throw new LedgerError(`id ${id} was given out again`);
    this.highestId = id;
  }

  /**
   * A command changed jobs; its reply waits for `lsn`, and goes out at once if that was published.
   */
  changed(shard: number, lsn: number, changes: Mutation["changes"]): void {
    if (changes.length === 0) return;
    const early = lsn < 0 ? { said: lsn } : {};
    this.#push(shard, { lsn: Math.floor(Math.abs(lsn)), changes, ...early, ackedAt: undefined });
  }

  /**
   * Up to where what became of a job in that shard waits to be safe; 0 when nothing does. Of a
   * batch any record is as good as the last.
   */
  awaitedFor(shard: number, id: number): number {
    const stream = this.#streams[shard] ?? [];
    const newest = stream.findLast(({ changes }) => changes.some(([changed]) => changed === id));
    const isAwaited = newest?.ackedAt === undefined && newest?.batch === undefined;
    return isAwaited ? (newest?.lsn ?? 0) : 0;
  }

  /** A batch changed jobs, perhaps in several shards. */
  changedTogether(parts: readonly BatchPart[]): void {
    this.#batches++;
    const changing = parts.filter(({ changes }) => changes.length > 0);
    for (const { shard, lsn, changes } of changing) {
      const mutation = { lsn, changes, batch: this.#batches, ackedAt: undefined };
      this.#streams[shard]?.push(mutation);
    }
    // A job that moved has left one shard before it came to another.
    const all = changing.flatMap(({ changes }) => changes);
    const left = all.filter(([, job]) => job === undefined);
    const rest = all.filter(([, job]) => job !== undefined);
    const changes = [...left, ...rest];
    apply({ lsn: 0, changes, ackedAt: undefined }, this.jobs, this.settings, this.cooldowns);
    for (const { shard } of changing) this.#tellAgain(shard);
  }

  /** A command set something for a tube, or took it away; as `changed`. */
  wasSet(shard: number, lsn: number, setting: TubeSetting): void {
    this.#push(shard, { lsn, changes: [], setting, ackedAt: undefined });
  }

  #push(shard: number, mutation: Mutation): void {
    this.#streams[shard]?.push(mutation);
    apply(mutation, this.jobs, this.settings, this.cooldowns);
    this.#tellAgain(shard);
  }

  /** What was published when it happened is known at once. */
  #tellAgain(shard: number): void {
    const published = this.#published[shard];
    if (published !== undefined) this.published(shard, published.lsn, published.at);
  }

  /** Replies that wait for the shard's stream up to `lsn` went out. */
  published(shard: number, lsn: number, now: number): void {
    this.#published[shard] = { lsn, at: now };
    const stream = this.#streams[shard] ?? [];
    let at = this.#acked[shard] ?? 0;
    for (; at < stream.length; at++) {
      const mutation = stream[at];
      if (mutation === undefined || mutation.lsn > lsn) break;
      mutation.ackedAt = now;
      for (const [id] of mutation.changes) this.toldId = Math.max(this.toldId, id);
    }
    this.#acked[shard] = at;
  }

  /**
   * Replies of a shard leave that wait for less than others, where `may` says so of what they wait
   * for; false when none does.
   */
  heard(shard: number, may: (said: number) => boolean): boolean {
    let isAny = false;
    for (const mutation of this.#streams[shard] ?? []) {
      if (mutation.said === undefined || mutation.isHeard === true || !may(mutation.said)) continue;
      mutation.isHeard = true;
      isAny = true;
      for (const [id] of mutation.changes) this.toldId = Math.max(this.toldId, id);
    }
    return isAny;
  }

  /**
   * Judges what a recovery found, and goes on with it. `promised` says which acknowledged mutations
   * had to survive; with `keepsHeard` those had to that were heard early. Throws a LedgerError.
   *
   * @returns how many mutations were lost, none of them promised
   */
  judge(findings: Findings, promised: (ackedAt: number) => boolean, keepsHeard = false): number {
    const states = this.#streams.map((_, shard) => this.#baseOf(shard));
    const candidates = this.#streams.map((stream, shard) => {
      let promisedCount = 0;
      stream.forEach(({ ackedAt, isHeard }, at) => {
        const isKept = isHeard === true && keepsHeard;
        if (isKept || (ackedAt !== undefined && promised(ackedAt))) promisedCount = at + 1;
      });
      return this.#candidates(shard, stream, promisedCount, findings, states[shard] ?? new Map());
    });
    const lengths = agreeing(this.#streams, candidates);
    let lost = 0;
    for (const [shard, stream] of this.#streams.entries()) {
      const length = lengths[shard] ?? 0;
      lost += stream.length - length;
      const state = states[shard] ?? new Map<number, LedgerJob>();
      for (const one of stream.slice(0, length)) apply(one, state, this.#baseSettings);
    }
    this.#base = new Map(states.flatMap((state) => [...state]));
    this.jobs.clear();
    this.cooldowns.clear();
    for (const [id, job] of this.#base) (id < 0 ? this.cooldowns : this.jobs).set(id, job);
    this.settings.clear();
    for (const [tube, settings] of this.#baseSettings) this.settings.set(tube, settings);
    return lost;
  }

  /** The jobs of one shard, as the last recovery left them. */
  #baseOf(shard: number): Map<number, LedgerJob> {
    const shards = this.#streams.length;
    return new Map([...this.#base].filter(([, job]) => shardOf(job.tube, shards) === shard));
  }

  /** The lengths of all prefixes that explain what was found in a shard that began as `base`. */
  #candidates(
    shard: number,
    stream: readonly Mutation[],
    least: number,
    findings: Findings,
    base: ReadonlyMap<number, LedgerJob>,
  ): readonly number[] {
    const shards = this.#streams.length;
    const found = this.#foundDigest(shard, shards, stream, findings, base);
    const state = new Map(base);
    const settings = new Map(this.#baseSettings);
    const lengths: number[] = [];
    let sum = 0;
    for (const [id, job] of state) sum = (sum + digest(job, id)) >>> 0;
    for (const setting of settings) {
      if (shardOf(setting[0], shards) === shard) sum = (sum + digestOfSettings(setting)) >>> 0;
    }
    for (let at = 0; ;) {
      if (at >= least && sum === found) lengths.push(at);
      const mutation = stream[at++];
      if (mutation === undefined) break;
      for (const [id, job] of mutation.changes) {
        const before = state.get(id);
        if (before !== undefined) sum = (sum - digest(before, id)) >>> 0;
        if (job !== undefined) sum = (sum + digest(job, id)) >>> 0;
      }
      if (mutation.setting !== undefined) {
        const [tube] = mutation.setting;
        const before = digestOfSettings([tube, settings.get(tube)]);
        sum = (sum - before + digestOfSettings(mutation.setting)) >>> 0;
      }
      apply(mutation, state, settings);
    }
    if (lengths.length > 0) return lengths;
    throw new LedgerError(
      `shard ${shard}: no prefix of at least ${least} of ${stream.length} mutations explains what came back; against all of them: ${describe(state, shard, shards, stream, findings)}; ${describeSettings(settings, findings)}`,
    );
  }

  #foundDigest(
    shard: number,
    shards: number,
    stream: readonly Mutation[],
    findings: Findings,
    base: ReadonlyMap<number, LedgerJob>,
  ): number {
    const ids = new Set<number>(base.keys());
    const tubes = new Set<string>();
    for (const tube of this.#baseSettings.keys()) {
      if (shardOf(tube, shards) === shard) tubes.add(tube);
    }
    for (const { changes, setting } of stream) {
      for (const [id] of changes) ids.add(id);
      if (setting !== undefined) tubes.add(setting[0]);
    }
    let sum = 0;
    for (const tube of tubes) {
      sum = (sum + digestOfSettings([tube, findings.settingsOf(tube)])) >>> 0;
    }
    for (const id of ids) {
      const job = findings.find(id);
      if (job !== undefined && (id < 0 || shardOf(job.tube, shards) === shard))
        sum = (sum + digest(job, id)) >>> 0;
    }
    return sum;
  }
}

/**
 * For each stream one of its candidates, the shortest ones that agree: of a batch that is in one of
 * them all parts are. Throws a LedgerError when none do.
 */
function agreeing(
  streams: readonly (readonly Mutation[])[],
  candidates: readonly (readonly number[])[],
): readonly number[] {
  const lengths = candidates.map(([shortest = 0]) => shortest);
  for (let half = halfBatch(streams, lengths); half; half = halfBatch(streams, lengths)) {
    const { shard, at } = half;
    const longer = candidates[shard]?.find((length) => length > at);
    if (longer === undefined) throw new LedgerError(`half of a batch is lost, in shard ${shard}`);
    lengths[shard] = longer;
  }
  return lengths;
}

/** A batch that is in one prefix and not in another: where it is not, and which mutation it is. */
function halfBatch(
  streams: readonly (readonly Mutation[])[],
  lengths: readonly number[],
): { readonly shard: number; readonly at: number } | undefined {
  const there = new Set<number>();
  for (const [shard, stream] of streams.entries()) {
    for (const { batch } of stream.slice(0, lengths[shard] ?? 0)) {
      if (batch !== undefined) there.add(batch);
    }
  }
  for (const [shard, stream] of streams.entries()) {
    const from = lengths[shard] ?? 0;
    const at = stream.findLastIndex(({ batch }) => batch !== undefined && there.has(batch));
    if (at >= from) return { shard, at };
  }
  return undefined;
}

function shown({ isBuried, leaves = false, pri, delaySeconds, failures }: Changing): string {
  return JSON.stringify([
    isBuried,
    leaves,
    pri,
    delaySeconds,
    ...failures.map(({ facts }) => facts),
  ]);
}

/** Makes what a mutation changed so. */
function apply(
  { changes, setting }: Mutation,
  jobs: Map<number, LedgerJob>,
  settings: Map<string, string>,
  cooldowns = jobs,
): void {
  for (const [id, job] of changes) {
    const known = id < 0 ? cooldowns : jobs;
    if (job === undefined) known.delete(id);
    else known.set(id, job);
  }
  if (setting === undefined) return;
  const [tube, text] = setting;
  if (text === undefined) settings.delete(tube);
  else settings.set(tube, text);
}

/** What differs from what all mutations had made. */
function describe(
  state: ReadonlyMap<number, LedgerJob>,
  shard: number,
  shards: number,
  stream: readonly Mutation[],
  findings: Findings,
): string {
  const said: string[] = [];
  const ids = new Set<number>(stream.flatMap(({ changes }) => changes.map(([id]) => id)));
  for (const [id, job] of state) if (shardOf(job.tube, shards) === shard) ids.add(id);
  for (const id of ids) {
    const expected = state.get(id);
    const anywhere = findings.find(id);
    const isHere = anywhere !== undefined && (id < 0 || shardOf(anywhere.tube, shards) === shard);
    const found = isHere ? anywhere : undefined;
    if (expected === undefined && found === undefined) continue;
    if (expected === undefined) said.push(`${id} came back`);
    else if (found === undefined) said.push(`${id} is lost`);
    else if (digest(expected, id) !== digest(found, id)) {
      said.push(`${id} is ${shown(found)}, not ${shown(expected)}`);
    }
  }
  return said.slice(0, 8).join("; ");
}

/** What is set otherwise than it should be. */
function describeSettings(wanted: ReadonlyMap<string, string>, findings: Findings): string {
  const said = [...wanted].map(([tube, text]) => `${tube}: ${text}, ${findings.settingsOf(tube)}`);
  return `set are, and found: ${said.join("; ")}`;
}
