/* Clients: who puts, takes, buries, kicks and deletes the jobs of a world, one connection for each
 * shard, through the engine's calls as the sessions make them; each change is told to the ledger
 * with the position that its reply waits for.
 *
 * Made by world.ts for each start of the server. Bodies that come in parts are in uploads.ts.
 */
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { shardOfTube } from "../../src/engine/shards.ts";
import type { JournalShard } from "../../src/journal/journal-shard.ts";
import { TubeSettings } from "../../src/protocol/tube-settings.ts";
import { Batches } from "./batches.ts";
import { BODY_MAX, bodyBytesOf, bodyOf, NOISE, tagsOf } from "./bodies.ts";
import { Deaths, MORTAL, isMortal } from "./deaths.ts";
import { withGiven } from "./given.ts";
import { COOLDOWN_SECONDS, LedgerError, groupOf, resultId } from "./ledger.ts";
import type { Ledger, LedgerJob } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import { factsOf, resultAs } from "./observer.ts";
import type { Surroundings } from "./surroundings.ts";
import { Travels } from "./travels.ts";
import type { Home } from "./travels.ts";
import { Uploads } from "./uploads.ts";
import { Windows } from "./windows.ts";

export const TUBES = ["default", "mails", "thumbnails", "a", "reports-of-the-night"];
/** A tube whose jobs are a guest's, whom nobody else touches. */
export const GUEST_TUBE = "guests";
/** Tubes for which something is set now and then, some of them without a job. */
const SET_TUBES = [...TUBES, "b", "empty", "x".repeat(C.TUBE_NAME_MAX)];
/** Longest failure message: its record must fit the room of a command. */
const MESSAGE_MAX = 6000;
const TEXT = new TextEncoder();
/** Where in the input slot the values stand of what is set. */
const VALUES_AT = 256;
/** So much is allowed that nothing is refused. */
export const ALLOWS_ALL = 1_000_000_000;

/**
 * Ids of the records of a kind in a shard's ring from one position of its stream to another;
 * negative where one says that the cooldown of a key is over.
 */
function idsOfRecords(
  { ring, ringBytes }: JournalShard,
  kind: number,
  from: number,
  to: number,
): number[] {
  const view = new DataView(ring.buffer, ring.byteOffset, ring.length);
  const ids: number[] = [];
  for (let at = from; at < to;) {
    const place = at % ringBytes;
    const word = view.getUint32(place, true);
    const isRecord = (word & C.SKIP_MARK) === 0;
    if (isRecord && view.getUint8(place + L.RECORD_KIND) === kind) {
      const id = Number(view.getBigUint64(place + L.RECORD_ID, true));
      const isKey =
        kind === C.RECORD_DELETE && view.getUint8(place + L.RECORD_JOB_STATE) === C.KEY_ENDED;
      ids.push(isKey ? -id : id);
    }
    at += isRecord ? word : word & ~C.SKIP_MARK;
  }
  return ids;
}

/** Limits that no job of any world comes to, but that have records and places. */
const LIMITS = " exp:2000000000 max:1000000";

/** The idempotency key of a job; empty when it has none. */
function keyOf({ tags }: LedgerJob): string {
  return / idp:([^: ]+)/.exec(tags)?.[1] ?? "";
}

/** What becomes of the key of a job that its holder deletes. */
function cooldownOf(job: LedgerJob): (readonly [number, LedgerJob])[] {
  const [, seconds] = / idp:[^: ]+:(\d+)/.exec(job.tags) ?? [];
  if (Number(seconds) !== COOLDOWN_SECONDS) return [];
  const cooling = { ...job, leaves: false, pri: 0, delaySeconds: 0, isBuried: false, failures: [] };
  return [[-job.id, cooling]];
}

/** What the ledger has of the kept result of a job. */
function resultOf(job: LedgerJob, text: Uint8Array): readonly [number, LedgerJob] {
  const { tube } = job;
  const over = { ...job, due: 0, leaves: false, bodyBytes: text.length, tags: "" };
  const result = { ...over, ...resultAs(text), tube };
  return [resultId(job.id), result];
}

/** Those of one server. */
export class Clients {
  readonly uploads: Uploads;
  readonly batches: Batches;
  readonly travels: Travels;
  readonly deaths: Deaths;
  readonly windows: Windows;
  readonly #world: Surroundings;
  readonly #machine: Machine;
  readonly #ledger: Ledger;
  /** A connection of each shard. */
  readonly #conns: number[];
  readonly #tubes = new Map<string, number>();
  /** Jobs that were cancelled and may still be held. */
  readonly #cancelled = new Map<number, LedgerJob>();

  constructor(world: Surroundings) {
    this.#world = world;
    this.#machine = world.machine;
    this.#ledger = world.ledger;
    this.#conns = this.#machine.shards.map((shard) => this.#openConn(shard));
    for (const name of [...TUBES, GUEST_TUBE]) {
      const shard = this.#shardOf(name);
      const bytes = TEXT.encode(name);
      shard.input.set(bytes);
      const number = this.#machine.shards[0]?.nextNumber() ?? 1;
      shard.useTube(0, bytes.length, number);
      this.#tubes.set(name, shard.field(C.RESULT_REF));
    }
    this.batches = new Batches(world, {
      record: (shard) => this.#connOf(shard),
      newJob: (bodyBytes, delaySeconds) => this.#newJob(bodyBytes, delaySeconds),
      shardOf: (tube) => this.#shardOf(tube),
      tubeOf: (name) => this.#tubes.get(name) ?? 0,
      delaySeconds: () => this.#delaySeconds(),
      anyJob: () => {
        const job = this.#anyJob();
        return job === undefined || isMortal(job) ? undefined : job;
      },
      reserveJob: (job) => this.reserveJob(job),
      mayTake: (job) => this.#mayTake(job),
      prepareMove: (job, tube) => this.travels.prepare(job, tube),
      giveUpMove: (id, move) => this.travels.giveUp(id, move),
      openFailure: (shard) => this.#openFailure(shard),
      anyTube: () => this.#anyTube(),
      cooldownOf,
      openResult: (shard, text) => this.#openResult(shard, text),
      resultOf,
      given: (job) => ({ ...job, tags: withGiven(job.tags, this.#ledger.settings.get(job.tube)) }),
    });
    this.uploads = new Uploads(world, {
      newJob: (bodyBytes, delaySeconds) => this.#newJob(bodyBytes, delaySeconds),
      shardOf: (tube) => this.#shardOf(tube),
      tubeOf: (name) => this.#tubes.get(name) ?? 0,
      delaySeconds: () => this.#delaySeconds(),
      wasPut: (shard, job) => this.#wasPut(shard, job),
      hasMet: (shard, job) => this.#hasMet(shard, job),
    });
    const home: Home = {
      shardOf: (tube) => this.#shardOf(tube),
      tubeOf: (name) => this.#tubes.get(name) ?? 0,
      openFailure: (shard) => this.#openFailure(shard),
      connOf: (shard) => this.#connOf(shard),
      failed: (shard, job, lsn) => this.#failed(shard, job, lsn),
      changed: (shard, job, lsn) => this.#changed(shard, [[job.id, job]], lsn),
      tagsIn: (tube, job) => this.#tagsIn(tube, job),
    };
    this.travels = new Travels(world, home);
    this.deaths = new Deaths(world, home, this.travels);
    this.windows = new Windows(world, home);
    for (const shard of this.#machine.shards) this.#listen(shard);
  }

  #openConn(shard: Shard): number {
    shard.openConn(shard.index);
    const conn = shard.field(C.RESULT_REF);
    const who = TEXT.encode("10.0.0.1:".padEnd(this.#world.random(C.WHO_MAX), "7"));
    shard.who.set(who);
    if (who.length % 4 !== 0) shard.nameConn(conn, who.length);
    return conn;
  }

  /** Its worker has a window, if there is memory for that. */
  #listen(shard: Shard): void {
    this.windows.open(shard, this.#connOf(shard), TUBES);
  }

  #shardOf(tube: string): Shard {
    const bytes = TEXT.encode(tube);
    const { shards } = this.#machine;
    const shard = shards[shardOfTube(bytes, 0, bytes.length, shards.length)];
    if (shard === undefined) throw new Error("no such shard");
    return shard;
  }

  /**
   * Some attempts in that shard ended by themselves: what the engine kept of them is in the
   * journal, one after the other.
   */
  noteFailures(shard: Shard): void {
    const noted = [...this.#ledger.jobs.values()]
      .filter((job) => this.#world.judge.isHeld(job.id) && this.#shardOf(job.tube) === shard)
      .flatMap((job) => {
        const kept = this.#world.observer.failuresOf(shard, job.id, this.#world.now);
        const last = kept.at(-1);
        return last === undefined || factsOf({ failures: kept }) === factsOf(job)
          ? []
          : [{ id: job.id, kept, lsn: last.lsn }];
      });
    for (const { id, kept, lsn } of noted.toSorted((a, b) => a.lsn - b.lsn)) {
      const job = this.#ledger.jobs.get(id);
      if (job === undefined) continue;
      this.#world.totals.mutations++;
      this.#ledger.changed(shard.index, lsn, [[id, { ...job, failures: kept }]]);
    }
  }

  /** The worker of one shard goes, and another one comes. */
  leave(): void {
    const shard = this.#machine.shards[this.#world.random(this.#machine.shards.length)];
    if (shard === undefined) return;
    while (shard.closeConn(this.#connOf(shard), this.#world.now) === C.MORE);
    this.#conns[shard.index] = this.#openConn(shard);
    this.#listen(shard);
    this.noteFailures(shard);
  }

  #anyJob(): LedgerJob | undefined {
    const { jobs } = this.#ledger;
    if (jobs.size === 0) return undefined;
    let at = this.#world.random(jobs.size);
    for (const job of jobs.values())
      if (at-- === 0) return job.tube === GUEST_TUBE ? undefined : job;
    return undefined;
  }

  /** The job that was put last, of those that are there. */
  newestJob(): LedgerJob | undefined {
    return [...this.#ledger.jobs.values()].at(-1);
  }

  /** Moves a job to some tube, whether somebody holds it or not. */
  move(job: LedgerJob): void {
    const isHeld = this.#world.random(2) === 0 && this.#mayTake(job);
    const now = isHeld ? this.reserveJob(job) : job;
    this.travels.move(now, this.#anyTube());
  }

  #anyTube(): string {
    return TUBES[this.#world.random(TUBES.length)] ?? "default";
  }

  /** The tags of a job that comes to a tube: its key is its own there only if nobody has it. */
  #tagsIn(tube: string, job: LedgerJob): string {
    const key = keyOf(job);
    const shard = this.#shardOf(tube);
    const cancelled = [...this.#cancelled.values()].filter(
      ({ id }) => shard.statsJob(id, this.#world.now) === C.DONE,
    );
    const others = [
      ...this.#ledger.jobs.values(),
      ...this.#ledger.cooldowns.values(),
      ...cancelled,
    ];
    const isTaken = others.some(
      (one) => one.id !== job.id && one.tube === tube && keyOf(one) === key,
    );
    return isTaken && key !== "" ? job.tags.replace(/ idp:[^ ]+/, "") : job.tags;
  }

  /** Runs one command, chosen at random; returns whether there was room for it. */
  command(): boolean {
    if (!this.#world.hasRoom()) return false;
    if (this.#world.options.hasLongBodies && this.#world.random(6) === 0) {
      this.uploads.goOn();
      return true;
    }
    if (this.#world.random(12) === 0) {
      this.#oneOf([() => this.kill(), () => this.deaths.carry(), () => this.deaths.carry()]);
      return true;
    }
    if (this.#world.random(10) === 0) {
      this.batches.run();
      return true;
    }
    if (this.#world.random(20) === 0) {
      this.setTube(SET_TUBES[this.#world.random(SET_TUBES.length)] ?? "default");
      return true;
    }
    if (this.#world.random(12) === 0) {
      this.windows.fill();
      return true;
    }
    const choice = this.#world.random(this.#ledger.jobs.size > 60 ? 24 : 17);
    if (choice < 7) {
      if (!this.#world.journal.isFull) this.put();
      return true;
    }
    const job = this.#anyJob();
    if (job === undefined) return true;
    this.#sawGroups([job]); // whatever is lost of it
    if (isMortal(job)) {
      // Somebody stopped it in front of its death.
      this.deaths.release(this.reserveJob(job));
      return true;
    }
    if (choice === 16 && this.#world.random(4) === 0) this.flush(job.tube);
    else if (!this.#mayTake(job))
      this.#oneOf([
        () => this.delete(job),
        () => this.cancel(job),
        () => this.kickJob(job),
        () => this.update(job),
        () => this.move(job),
      ]);
    else if (choice < 10 || choice >= 16)
      this.#oneOf([
        () => this.delete(job),
        () => this.delete(job),
        () => this.cancel(job),
        () => this.finish(job),
      ]);
    else if (choice < 12) this.bury(job);
    else if (choice < 13) this.#oneOf([() => this.kickJob(job), () => this.update(job)]);
    else if (choice < 14) this.#oneOf([() => void this.reserveJob(job), () => this.handBack(job)]);
    else if (choice < 15) this.#oneOf([() => this.release(job), () => this.move(job)]);
    else if (this.#world.random(3) === 0) this.leave();
    else this.kick(job.tube);
    return true;
  }

  #oneOf(acts: readonly (() => void)[]): void {
    acts[this.#world.random(acts.length)]?.();
  }

  /**
   * Sets something for a tube that keeps nothing out, or takes it away: without `values`, whatever
   * chance says.
   */
  setTube(tube: string, values = this.#values(tube)): void {
    if (this.#world.journal.isFull) return;
    const shard = this.#shardOf(tube);
    const name = TEXT.encode(tube);
    shard.input.set(name);
    const { buffer, byteOffset } = shard.input;
    new Float64Array(buffer, byteOffset + VALUES_AT, values.length).set(values);
    const number = this.#machine.shards[0]?.nextNumber() ?? 1;
    const answer = shard.setTube(0, name.length, VALUES_AT, number, this.#world.now);
    if (answer === C.OUT_OF_MEMORY) return;
    if (answer !== C.DONE) throw new LedgerError(`${tube} cannot be set`);
    const lsn = shard.field(C.RESULT_LSN);
    if (lsn === 0) return;
    this.#world.totals.mutations++;
    const settings = this.#world.observer.settingsOf(tube, this.#world.now);
    this.#ledger.wasSet(shard.index, lsn, [tube, settings]);
  }

  #values(tube: string): readonly number[] {
    const { random } = this.#world;
    return Array.from({ length: C.SETTING_DEAD }, (_, which) => {
      const choice = random(3);
      const most = which === C.SETTING_ACK ? C.ACK_SYNC : ALLOWS_ALL + random(1000);
      return choice === 0 ? most : choice === 1 ? C.NOT_SET : C.AS_IT_IS;
    }).concat(this.#deadValues(tube));
  }

  /** Where a tube's dead jobs are to go: not to itself. */
  #deadValues(tube: string): readonly number[] {
    const { random } = this.#world;
    const names = TUBES.filter((name) => name !== tube);
    const settings = new TubeSettings();
    const choice = random(4);
    if (choice < 2) settings.read(`dead=${names[random(names.length)] ?? ""}`);
    else if (choice < 3) settings.read("dead=");
    return [...settings.values.subarray(C.SETTING_DEAD)];
  }

  /** Has each tube send its dead jobs to the next one, or none any. */
  sendDead(sends = true): void {
    for (const [at, tube] of TUBES.entries()) {
      const settings = new TubeSettings();
      settings.read(sends ? `dead=${TUBES[(at + 1) % TUBES.length] ?? ""}` : "dead=");
      this.setTube(tube, [...settings.values]);
    }
  }

  /** Puts a job that is dead after its first attempt, and makes that. */
  kill(bodyBytes = bodyBytesOf(this.#world.random)): void {
    if (this.#world.journal.isFull) return;
    const id = this.put(bodyBytes, 0, MORTAL);
    if (id === 0) return;
    if (!this.#world.hasRoom()) this.#world.makeRoom();
    const job = this.#ledger.jobs.get(id);
    if (job !== undefined && this.#world.hasRoom()) this.deaths.release(this.reserveJob(job));
  }

  /** A new job, as it is to be. */
  #newJob(bodyBytes: number, delaySeconds: number): LedgerJob {
    const tube = TUBES[this.#world.random(TUBES.length)] ?? "default";
    const id = this.#machine.shards[0]?.nextId() ?? 0;
    this.#ledger.gaveOut(id);
    const pri =
      this.#world.random(4) === 0 ? this.#world.random(0xffff_ffff) : this.#world.random(4);
    const ttrSeconds = 1 + this.#world.random(100);
    const due = delaySeconds === 0 ? 0 : this.#world.wall + delaySeconds * 1_000_000;
    const job = { id, tube, pri, ttrSeconds, delaySeconds, bodyBytes, isBuried: false, due };
    return { ...job, failures: [], tags: this.#tags() };
  }

  /** What a job is tagged with: mostly nothing, else one of few keys. */
  #tags(): string {
    const { random } = this.#world;
    if (random(4) !== 0) return "";
    const key = random(8) === 0 ? "k".repeat(200) : `key-${random(12)}`;
    const idp = random(2) === 0 ? ` idp:${key}` : ` idp:${key}:${COOLDOWN_SECONDS}`;
    const which = random(4);
    // More than are ever held: whoever wants one of its jobs gets it.
    const con = random(2) === 0 ? "" : ` con:${key}:${1000 + random(3)}`;
    const fair = random(2) === 0 ? "" : ` fair:${key}:${2 + random(3)}`;
    const grp = random(3) === 0 ? ` grp:group-${random(5)}` : "";
    const aft = random(3) === 0 ? ` aft:group-${random(5)}` : "";
    const groups = this.#world.options.hasGroups === false ? "" : `${grp}${aft}`;
    return `${which === 3 ? "" : idp}${which > 1 ? LIMITS : ""}${con}${fair}${groups}`;
  }

  put(
    bodyBytes = bodyBytesOf(this.#world.random),
    delaySeconds = this.#delaySeconds(),
    tags?: string,
  ): number {
    const made = this.#newJob(bodyBytes, delaySeconds);
    const job = tags === undefined ? made : { ...made, tags };
    const shard = this.#shardOf(job.tube);
    const answer = this.#ask(shard, job);
    if (answer === C.KNOWN) this.#hasMet(shard, job);
    if (answer !== C.DONE) return 0; // or there is no memory
    this.#wasPut(shard, job);
    return job.id;
  }

  #ask(shard: Shard, job: LedgerJob): number {
    const { id, tube, pri, delaySeconds, ttrSeconds, bodyBytes } = job;
    const to = this.#tubes.get(tube) ?? 0;
    const { now } = this.#world;
    shard.input.set(bodyOf(id, bodyBytes));
    const tags = tagsOf(job.tags);
    shard.tags.set(tags);
    return tags.length === 0
      ? shard.put(to, id, pri, delaySeconds, ttrSeconds, 0, bodyBytes, now)
      : shard.putTagged(to, id, pri, delaySeconds, ttrSeconds, 0, bodyBytes, tags.length, now);
  }

  /** A put met the job that has its key, or had it: its priority may be another now. */
  #hasMet(shard: Shard, job: LedgerJob): void {
    const id = shard.field(C.RESULT_ID);
    const raised = shard.field(C.RESULT_STATS + C.JOB_PRI);
    const lsn = shard.field(C.RESULT_LSN);
    const isGone = shard.field(C.RESULT_STATS + C.JOB_STATE) === 0;
    const met = isGone ? this.#ledger.cooldowns.get(-id) : this.#ledger.jobs.get(id);
    if (this.#cancelled.has(id)) return;
    if (met === undefined || met.tube !== job.tube || keyOf(met) !== keyOf(job))
      throw new LedgerError(`${job.tags} met job ${id}, which has another key`);
    if (raised === C.NOT_RAISED) return;
    const seen = this.#world.observer.observe(id, this.#world.now);
    if (seen === undefined) throw new LedgerError(`job ${id} was met and is not there`);
    const { pri, delaySeconds, isBuried, leftMicros } = seen;
    const due = seen.due === 0 ? 0 : this.#world.wall + leftMicros;
    this.#world.judge.wasHeld(id);
    this.#changed(shard, [[id, { ...met, pri, delaySeconds, isBuried, due }]], lsn);
  }

  /** The job with what its tube gives; a long body may have begun to come before that was set. */
  #given(job: LedgerJob): LedgerJob {
    const tags = withGiven(job.tags, this.#ledger.settings.get(job.tube));
    if (job.bodyBytes <= BODY_MAX) return { ...job, tags };
    const found = this.#world.observer.observe(job.id, this.#world.now)?.tags;
    return found === tags ? { ...job, tags } : job;
  }

  #wasPut(shard: Shard, put: LedgerJob): void {
    const lsn = shard.field(C.RESULT_LSN);
    const job = this.#given(put);
    const key = keyOf(job);
    const others = [...this.#ledger.jobs.values(), ...this.#ledger.cooldowns.values()];
    if (key !== "" && others.some((one) => one.tube === job.tube && keyOf(one) === key))
      throw new LedgerError(`two jobs of ${job.tube} have the key ${key}`);
    this.#world.judge.wasBorn(job.id, this.#world.wall);
    this.#changed(shard, [[job.id, job]], lsn);
    this.#sawGroups([job]);
  }

  #sawGroups(jobs: Iterable<LedgerJob>): void {
    this.#world.judge.sawGroups(jobs, this.#world.observer, this.#world.now);
  }

  #delaySeconds(): number {
    return this.#world.random(4) === 0 ? 1 + this.#world.random(60) : 0;
  }

  #changed(
    shard: Shard,
    changes: readonly (readonly [number, LedgerJob | undefined])[],
    lsn = shard.field(C.RESULT_LSN),
  ): void {
    this.#world.totals.mutations++;
    this.#ledger.changed(shard.index, lsn, changes);
  }

  #connOf(shard: Shard): number {
    return this.#conns[shard.index] ?? 0;
  }

  /** Whether the job may be reserved, or is: not while the group that it waits for has a job. */
  #mayTake(job: LedgerJob): boolean {
    const { shards } = this.#machine;
    const group = groupOf(job, "aft");
    if (group === "" || shards[0]?.groupOf(TEXT.encode(group)) === undefined) return true;
    this.#shardOf(job.tube).statsJob(job.id, this.#world.now);
    const figure = this.#shardOf(job.tube).field(C.RESULT_STATS + C.JOB_STATE);
    return figure === C.STATE_RESERVED;
  }

  /**
   * Reserves a job, unless it is held already, and returns what the ledger has of it then: that it
   * was taken out of the delayed or buried ones must survive.
   */
  reserveJob(job: LedgerJob): LedgerJob {
    const shard = this.#shardOf(job.tube);
    shard.statsJob(job.id, this.#world.now);
    const state = shard.field(C.RESULT_STATS + C.JOB_STATE);
    this.#world.judge.wasHeld(job.id);
    if (state === C.STATE_RESERVED) return job;
    const take = (): number => shard.reserveJob(this.#connOf(shard), job.id, this.#world.now);
    let answer = take();
    if (answer === C.NOTED) {
      this.windows.tell(); // that comes first
      answer = take();
    }
    if (answer !== C.RESERVED) throw new LedgerError(`job ${job.id} cannot be taken`);
    if (state === C.STATE_READY) return job;
    const taken = { ...job, isBuried: false, due: 0, leaves: false };
    this.#changed(shard, [[job.id, taken]]);
    return taken;
  }

  delete(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    if (this.#world.random(2) === 0 && this.#mayTake(job)) this.reserveJob(job);
    if (shard.deleteJob(this.#connOf(shard), job.id, this.#world.now) !== C.DONE)
      throw new LedgerError(`job ${job.id} cannot be deleted`);
    this.#changed(shard, [[job.id, undefined], ...cooldownOf(job)]);
  }

  /** Ends a job with a result; one that is over soon is not for the ledger. */
  finish(job: LedgerJob, bytes = this.#world.random(600), keepSeconds = COOLDOWN_SECONDS): void {
    const shard = this.#shardOf(job.tube);
    this.reserveJob(job);
    const text = bodyOf(job.id + 1, bytes);
    const address = this.#openResult(shard, text);
    const conn = this.#connOf(shard);
    if (shard.finish(conn, job.id, address, keepSeconds, 1, this.#world.now) !== C.DONE)
      throw new LedgerError(`job ${job.id} cannot be finished`);
    const isKept = shard.field(C.RESULT_COUNT) === 1 && keepSeconds === COOLDOWN_SECONDS;
    const kept = isKept ? [resultOf(job, text)] : [];
    this.#changed(shard, [[job.id, undefined], ...cooldownOf(job), ...kept]);
  }

  /** A whole result; 0 when there is no memory for it. */
  #openResult(shard: Shard, text: Uint8Array): number {
    if (shard.openResult(text.length, 0) !== C.DONE) return 0;
    const address = shard.field(C.RESULT_REF);
    shard.input.set(text);
    if (shard.appendResult(address, 0, 0, text.length, 0) === C.DONE) return address;
    shard.dropFailure(address);
    return 0;
  }

  /**
   * Cancels a job that somebody may hold. To the journal it is gone at once: its holder goes on,
   * and perhaps ends the attempt in some way, which is nothing to the journal any more.
   */
  cancel(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    const isHeld = this.#world.random(2) === 0 && this.#mayTake(job);
    if (isHeld) this.reserveJob(job);
    this.#world.bring(shard, job.id);
    const answer = shard.cancelJob(job.id, this.#world.now);
    if (answer === C.NOT_FOUND) throw new LedgerError(`job ${job.id} cannot be cancelled`);
    this.#changed(shard, [[job.id, undefined]]);
    if (answer === C.DONE) return;
    const [conn, now] = [this.#connOf(shard), this.#world.now];
    const failure = this.#openFailure(shard);
    const ends = [
      () => shard.bury(conn, job.id, 0, failure, now),
      () => shard.release(conn, job.id, 0, 3, failure, now),
      () => shard.deleteJob(conn, job.id, now),
      () => shard.cancelJob(job.id, now), // and it is held on
    ];
    const chosen = this.#world.random(ends.length);
    ends[chosen]?.();
    if (chosen === 2) this.#ledger.changed(shard.index, shard.field(C.RESULT_LSN), cooldownOf(job));
    if (chosen === 3) this.#cancelled.set(job.id, job);
    if (chosen > 1 && failure !== 0) shard.dropFailure(failure);
  }

  bury(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    const held = this.reserveJob(job);
    const pri = this.#world.random(2000);
    const failure = this.#openFailure(shard);
    if (shard.bury(this.#connOf(shard), job.id, pri, failure, this.#world.now) !== C.DONE)
      throw new LedgerError(`job ${job.id} cannot be buried`);
    const lsn = shard.field(C.RESULT_LSN);
    const failed = this.#failed(shard, held, lsn);
    this.#changed(shard, [[job.id, { ...failed, pri, isBuried: true, due: 0 }]], lsn);
  }

  release(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    const held = this.reserveJob(job);
    // Without the option a release need not survive: then it changes nothing that is compared.
    const { keepsReleases } = this.#world.options;
    const pri = keepsReleases ? this.#world.random(2000) : job.pri;
    const delaySeconds = keepsReleases ? this.#delaySeconds() : job.delaySeconds;
    if (!keepsReleases && delaySeconds !== 0) return;
    const conn = this.#connOf(shard);
    const failure = this.#openFailure(shard);
    if (shard.release(conn, job.id, pri, delaySeconds, failure, this.#world.now) !== C.DONE)
      throw new LedgerError(`job ${job.id} cannot be released`);
    const replyLsn = shard.field(C.RESULT_LSN);
    if (!keepsReleases) {
      // Nobody waits for an attempt about which its holder said nothing.
      this.#failed(
        shard,
        held,
        replyLsn ||
          (this.#world.observer.failuresOf(shard, job.id, this.#world.now).at(-1)?.lsn ?? 0),
      );
      return;
    }
    const lsn = replyLsn;
    const failed = this.#failed(shard, held, lsn);
    const due = delaySeconds === 0 ? 0 : this.#world.wall + delaySeconds * 1_000_000;
    this.#changed(shard, [[job.id, { ...failed, pri, delaySeconds, due }]], lsn);
  }

  handBack(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    const held = this.reserveJob(job);
    // As with a release, a delay need not survive without the option. It is none that the job had:
    // else nobody could tell whether it was delayed again.
    const asked = this.#world.options.keepsReleases ? this.#delaySeconds() : 0;
    const delaySeconds = asked !== 0 && asked === job.delaySeconds ? asked + 1 : asked;
    const answer = shard.handBack(this.#connOf(shard), job.id, delaySeconds, this.#world.now);
    if (answer !== C.DONE) throw new LedgerError(`job ${job.id} cannot be handed back`);
    if (delaySeconds === 0) return;
    const due = this.#world.wall + delaySeconds * 1_000_000;
    this.#changed(shard, [[job.id, { ...held, delaySeconds, due }]]);
  }

  /** Changes the priority, and perhaps the delay, of a job that nobody holds. */
  update(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    const pri = this.#world.random(2000);
    const delay = this.#world.random(2) === 0 ? C.NO_DELAY : this.#delaySeconds();
    if (shard.updateJob(job.id, pri, delay, this.#world.now) !== C.DONE) return;
    const due = delay === 0 ? 0 : this.#world.wall + delay * 1_000_000;
    const isDelayed = delay !== C.NO_DELAY && !job.isBuried;
    const changed = { ...job, pri, ...(isDelayed && { delaySeconds: delay, due }) };
    this.#changed(shard, [[job.id, changed]]);
  }

  /**
   * What the holder says about a failure, every other time; 0 when nothing, or when there is no
   * memory.
   */
  #openFailure(shard: Shard): number {
    if (this.#world.options.hasMessages === false || this.#world.random(2) === 0) return 0;
    const bytes = this.#world.random(this.#world.random(3) === 0 ? MESSAGE_MAX : 200);
    if (shard.openFailure(this.#connOf(shard), bytes) !== C.DONE) return 0;
    const failure = shard.field(C.RESULT_REF);
    shard.input.set(NOISE.subarray(bytes, 2 * bytes));
    if (shard.appendFailure(failure, 0, 0, bytes) === C.DONE) return failure;
    shard.dropFailure(failure);
    return 0;
  }

  /**
   * The job as it is known once a command at `lsn` has ended an attempt, whose record stands in
   * front of whatever else that did.
   */
  #failed(shard: Shard, job: LedgerJob, lsn: number): LedgerJob {
    const failed = {
      ...job,
      failures: this.#world.observer.failuresOf(shard, job.id, this.#world.now),
    };
    this.#changed(shard, [[job.id, failed]], lsn);
    return failed;
  }

  kickJob(job: LedgerJob): void {
    const shard = this.#shardOf(job.tube);
    if (shard.kickJob(job.id, this.#world.now) !== C.DONE) return;
    this.#world.judge.wasHeld(job.id);
    this.#changed(shard, [[job.id, { ...job, isBuried: false, due: 0, leaves: false }]]);
  }

  /**
   * Kicks a few jobs of a tube. Each has a record of its own, and a crash may come between two of
   * them, where a segment ends: so each is a mutation, in the order of the records, and all are
   * acknowledged with the last.
   */
  kick(tube: string, bound = 1 + this.#world.random(4)): void {
    const shard = this.#shardOf(tube);
    const journalShard = this.#world.journalShards[shard.index];
    const from = journalShard?.head ?? 0;
    shard.kick(this.#tubes.get(tube) ?? 0, bound, C.KIND_ANY, this.#world.now);
    const lsn = shard.field(C.RESULT_LSN);
    const count = shard.field(C.RESULT_COUNT);
    if (count === 0 || journalShard === undefined) return;
    const ids = idsOfRecords(journalShard, C.RECORD_STATE, from, lsn);
    if (ids.length !== count) throw new LedgerError(`${count} kicked, ${ids.length} recorded`);
    for (const id of ids) {
      const job = this.#ledger.jobs.get(id);
      if (job?.tube !== tube) throw new LedgerError(`job ${id} is not one to be kicked`);
      this.#world.judge.wasHeld(id);
      this.#world.totals.mutations++;
      const kicked = { ...job, isBuried: false, due: 0, leaves: false };
      this.#ledger.changed(shard.index, lsn, [[id, kicked]]);
    }
  }

  /** How many jobs of a tube are held and cancelled: the journal has said so already. */
  #cancelledIn(tube: string, shard: Shard, upTo: number): number {
    let count = 0;
    for (const [id, { tube: name }] of this.#cancelled) {
      if (name !== tube || id > upTo) continue;
      if (shard.statsJob(id, this.#world.now) === C.DONE) count++;
    }
    return count;
  }

  /** Flushes every tube. */
  flushAll(): void {
    for (const tube of TUBES) this.flush(tube, this.#ledger.highestId);
  }

  /**
   * Deletes what was put into a tube before a certain moment, whoever holds it. As with `kick`,
   * each job has a record of its own.
   */
  flush(tube: string, last = this.#ledger.highestId - this.#world.random(8)): void {
    const shard = this.#shardOf(tube);
    const journalShard = this.#world.journalShards[shard.index];
    const from = journalShard?.head ?? 0;
    const upTo = Math.max(0, last);
    this.#sawGroups(this.#ledger.jobs.values());
    const unrecorded = this.#cancelledIn(tube, shard, upTo);
    shard.input.set(TEXT.encode(tube));
    const answer = shard.flushTube(0, tube.length, C.KIND_RESERVED, 0, 0, 0, upTo, this.#world.now);
    if (answer !== C.DONE) throw new LedgerError(`${tube} cannot be flushed`);
    const lsn = shard.field(C.RESULT_LSN);
    const ids =
      journalShard === undefined ? [] : idsOfRecords(journalShard, C.RECORD_DELETE, from, lsn);
    const flushed = shard.field(C.RESULT_COUNT);
    const deleted = ids.filter((id) => id > 0).length;
    if (deleted !== flushed - unrecorded)
      throw new LedgerError(`${flushed} flushed, ${deleted} recorded`);
    for (const id of ids) {
      const job = (id < 0 ? this.#ledger.cooldowns : this.#ledger.jobs).get(id);
      if (job?.tube !== tube || Math.abs(id) > last)
        throw new LedgerError(`job ${id} is not to be flushed`);
      this.#world.totals.mutations++;
      this.#ledger.changed(shard.index, lsn, [[id, undefined]]);
    }
  }
}
