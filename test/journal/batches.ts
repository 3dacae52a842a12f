/* Batches: many things at once, in whatever shards, of which a crash must leave all or nothing.
 * Made and used by clients.ts.
 */
import * as C from "../../assembly/constants.ts";
import { Group } from "../../src/engine/group.ts";
import type { Deed, JobOrder, MoveOrder, Order, PutOrder } from "../../src/engine/orders.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { bodyOf, tagsOf } from "./bodies.ts";
import type { BatchPart, LedgerJob } from "./ledger.ts";
import { COOLDOWN_SECONDS, LedgerError, shownTagsOf } from "./ledger.ts";
import type { Surroundings } from "./surroundings.ts";

/** Bodies up to here are recorded with their batch. */
const WITH_BATCH_BYTES = 1500;
/** Longest body of a put in a batch: it is recorded in parts. */
const BODY_MAX = 12_000;

/** What the clients do for their batches. */
interface Jobs {
  record(shard: Shard): number;
  newJob(bodyBytes: number, delaySeconds: number): LedgerJob;
  shardOf(tube: string): Shard;
  tubeOf(name: string): number;
  delaySeconds(): number;
  anyJob(): LedgerJob | undefined;
  reserveJob(job: LedgerJob): LedgerJob;
  mayTake(job: LedgerJob): boolean;
  /** Claims a job, and copies it if need be; undefined when there is no memory for that. */
  prepareMove(job: LedgerJob, tube: string): MoveOrder | undefined;
  giveUpMove(id: number, move: MoveOrder): void;
  /** What is said about a failure; 0 when nothing. */
  openFailure(shard: Shard): number;
  anyTube(): string;
  cooldownOf(job: LedgerJob): readonly (readonly [number, LedgerJob])[];
  /** A whole result; 0 when there is no memory for it. */
  openResult(shard: Shard, text: Uint8Array): number;
  /** What the ledger has of a kept result. */
  resultOf(job: LedgerJob, text: Uint8Array): readonly [number, LedgerJob];
  /** A new job with what its tube gives. */
  given(job: LedgerJob): LedgerJob;
}

type Change = readonly [id: number, job: LedgerJob | undefined];

/** An order, and what it has changed in a shard for the ledger once it is done. */
export interface Planned {
  readonly order: Order;
  changes(shard: Shard): readonly Change[];
}

/** An order that changes something in the shard of its job alone. */
function inItsShard(order: Order, changes: () => readonly Change[]): Planned {
  return { order, changes: (shard) => (order.shard === shard ? changes() : []) };
}

/** Those of one server. */
export class Batches {
  readonly #world: Surroundings;
  readonly #jobs: Jobs;
  readonly #group: Group;

  constructor(world: Surroundings, jobs: Jobs) {
    this.#world = world;
    this.#jobs = jobs;
    const { shards } = world.machine;
    this.#group = new Group(shards, jobs, (id) => this.#likely(id));
  }

  #likely(id: number): Shard {
    const { shards } = this.#world.machine;
    const shard = shards[id % shards.length];
    if (shard === undefined) throw new LedgerError("there is no shard");
    return shard;
  }

  /** One of a few commands, chosen at random. */
  run(): void {
    const { random, journal } = this.#world;
    if (random(3) === 0) {
      this.runAsText(journal.isFull ? 0 : random(4), random(4));
      return;
    }
    const acts = this.#acts(random(4));
    const puts = journal.isFull ? [] : this.#puts(random(4));
    const isGivenUp = puts === undefined || random(10) === 0;
    if (isGivenUp) this.#dropAll([...acts, ...(puts ?? [])].map(({ order }) => order));
    else this.carryOut([...acts, ...puts]);
  }

  /** Carries out a batch, or finds out that it is refused; says which. */
  carryOut(planned: readonly Planned[]): boolean {
    const world = this.#world;
    if (!world.hasRoom()) world.makeRoom();
    const orders = planned.map(({ order }) => order);
    const lsns = new Map<Shard, number>();
    const hasNames = orders.every((order) => {
      if (order.deed !== "put" || order.tagBytes === 0) return true;
      return order.shard.nameUpload(order.upload) === C.DONE;
    });
    if (!hasNames) return this.#dropAll(orders); // there is no memory for one
    const open = { refusesPuts: false, refusesMoves: false, isRecorded: true };
    const terms = { does: true, ...open, movedBytesMax: Infinity, now: world.now };
    const refusal = this.#group.perform(orders, terms, (shard) =>
      lsns.set(shard, shard.field(C.RESULT_LSN)),
    );
    if (refusal !== undefined) {
      if (refusal.why !== "known") throw new LedgerError(`a batch was refused: ${refusal.why}`);
      return this.#dropAll(orders);
    }
    world.totals.mutations++;
    const parts = [...lsns].map(([shard, lsn]): BatchPart => {
      return { shard: shard.index, lsn, changes: planned.flatMap((one) => one.changes(shard)) };
    });
    this.#changedTogether(parts);
    return true;
  }

  /**
   * One of so many puts and deletes, as a client writes it, which a run in the engine carries out;
   * or nothing of it, where it is not for a run.
   */
  runAsText(putCount: number, deleteCount: number): void {
    const world = this.#world;
    if (!world.hasRoom()) world.makeRoom();
    const tube = this.#jobs.anyTube();
    const shard = this.#jobs.shardOf(tube);
    const doomed = this.#doomedIn(shard, deleteCount);
    const born = Array.from({ length: putCount }, () => {
      return { ...this.#jobs.newJob(world.random(WITH_BATCH_BYTES), 0), tube, tags: "" };
    });
    if (doomed.length + born.length === 0) return;
    this.#sawGroups(doomed); // whatever is lost of them
    const lines = [
      ...born.map(putLine),
      ...doomed.map(({ id }) => Buffer.from(`delete ${id}\r\n`)),
    ];
    const text = Buffer.concat([Buffer.from(`batch ${lines.length}\r\n`), ...lines]);
    if (!this.#runs(shard, tube, text, born)) return;
    world.totals.mutations++;
    const lsn = shard.field(C.RESULT_LSN);
    const ends = doomed.flatMap((job) => this.#endOf(job));
    this.#changedTogether([
      { shard: shard.index, lsn, changes: [...born.map((job) => this.#birthOf(job)), ...ends] },
    ]);
  }

  /** A batch changed jobs; those that it put are free from now on, or wait for their group. */
  #changedTogether(parts: readonly BatchPart[]): void {
    this.#world.ledger.changedTogether(parts);
    const jobs = parts.flatMap(({ changes }) => changes.map(([, job]) => job));
    this.#sawGroups(jobs.filter((job) => job !== undefined));
  }

  #sawGroups(jobs: Iterable<LedgerJob>): void {
    this.#world.judge.sawGroups(jobs, this.#world.observer, this.#world.now);
  }

  /** Some jobs of the shard that nobody holds. */
  #doomedIn(shard: Shard, most: number): readonly LedgerJob[] {
    const found = Array.from({ length: 4 * most }, () => this.#jobs.anyJob());
    const here = found.filter((job) => job !== undefined && this.#jobs.shardOf(job.tube) === shard);
    return [...new Set(here)].slice(0, most).filter((job) => job !== undefined);
  }

  /** Whether a run took it: all of it, or nothing has happened. */
  #runs(shard: Shard, tube: string, text: Uint8Array, born: readonly LedgerJob[]): boolean {
    const [firstId, lastId] = [born[0]?.id ?? 0, born.at(-1)?.id ?? -1];
    const [first] = this.#world.machine.shards;
    if (shard.index === 0 && born.length > 0) first?.giveBackIds(firstId, lastId); // it takes them
    shard.input.set(text);
    const record = this.#jobs.record(shard);
    const place = [this.#jobs.tubeOf(tube), C.RUN_PUTS | C.RUN_BATCHES, C.INPUT_BYTES] as const;
    const ids = [firstId, lastId] as const;
    shard.run(record, ...place, 0, text.length, 1, ...ids, 0, 0, 0, this.#world.now);
    const taken = shard.field(C.RESULT_COUNT);
    if (taken !== 0 && taken !== text.length) throw new LedgerError("half a batch was run");
    const isRefused = taken === 0 && shard.index === 0 && born.length > 0;
    if (isRefused) first?.skipIds(lastId); // the ledger has them
    return taken !== 0;
  }

  #birthOf(job: LedgerJob): Change {
    this.#world.judge.wasBorn(job.id, this.#world.wall);
    return [job.id, { ...this.#jobs.given(job), due: 0 }];
  }

  #endOf(job: LedgerJob): readonly Change[] {
    return [[job.id, undefined], ...this.#jobs.cooldownOf(job)];
  }

  /** Nothing of it is done. */
  giveUp(planned: readonly Planned[]): void {
    this.#dropAll(planned.map(({ order }) => order));
  }

  #dropAll(orders: readonly Order[]): false {
    for (const order of orders) {
      if (order.deed === "put") this.#drop(order);
      else this.#dropAct(order);
    }
    return false;
  }

  #dropAct({ id, text, textShard, move }: JobOrder): void {
    if (text !== 0) textShard?.dropFailure(text);
    if (move !== undefined) this.#jobs.giveUpMove(id, move);
  }

  #acts(count: number): readonly Planned[] {
    const planned = new Map<number, Planned>();
    for (let left = count; left > 0; left--) {
      const job = this.#jobs.anyJob();
      if (job !== undefined && !planned.has(job.id)) planned.set(job.id, this.#act(job));
    }
    return [...planned.values()];
  }

  #act(job: LedgerJob): Planned {
    const { random } = this.#world;
    this.#sawGroups([job]);
    if (random(3) === 0) return this.#moveSomewhere(job);
    // What is held takes up its key for as long as the batch, or longer if that is refused.
    if (job.tags.includes(" con:") || !this.#jobs.mayTake(job)) return this.delete(job);
    if (random(3) !== 0) return this.delete(random(2) === 0 ? job : this.#jobs.reserveJob(job));
    const held = this.#jobs.reserveJob(job);
    if (random(2) === 0) return this.finish(held);
    if (random(2) === 0) {
      return inItsShard(this.#orderOf("hand-back", held, held.pri), () => []);
    }
    const pri = random(2000);
    const changes = (): readonly Change[] => {
      const shard = this.#jobs.shardOf(held.tube);
      const failures = this.#world.observer.failuresOf(shard, held.id, this.#world.now);
      return [[held.id, { ...held, pri, isBuried: true, due: 0, failures }]];
    };
    return inItsShard(this.#orderOf("bury", held, pri), changes);
  }

  #moveSomewhere(job: LedgerJob): Planned {
    const mayHold = !job.tags.includes(" con:") && this.#jobs.mayTake(job);
    const isHeld = mayHold && this.#world.random(2) === 0;
    return this.move(isHeld ? this.#jobs.reserveJob(job) : job, this.#jobs.anyTube());
  }

  /** A move; the end of the job when there is no memory for its copy. */
  move(job: LedgerJob, tube: string): Planned {
    const move = this.#jobs.prepareMove(job, tube);
    if (move === undefined) return this.delete(job);
    const { observer } = this.#world;
    const text = this.#jobs.openFailure(move.to);
    const order = { ...this.#orderOf("move", job, job.pri), move, text, textShard: move.to };
    const changes = (shard: Shard): readonly Change[] => {
      const left: readonly Change[] = shard === order.shard ? [[job.id, undefined]] : [];
      if (shard !== move.to) return left;
      const failures = observer.failuresOf(move.to, job.id, this.#world.now);
      const tags = this.#tagsNow(job);
      const moved: Change = [job.id, { ...job, tube, tags, leaves: false, failures }];
      return [...(shard === order.shard ? [] : left), moved];
    };
    return { order, changes };
  }

  /** The tags of a job that has moved: it may have given its key up, and nothing else. */
  #tagsNow(job: LedgerJob): string {
    const found = this.#world.observer.observe(job.id, this.#world.now);
    const without = job.tags.replace(/ idp:[^ ]+/, "");
    const tags = [job.tags, without].find(
      (one) => found?.tags === shownTagsOf({ ...job, tags: one }),
    );
    if (tags === undefined) throw new LedgerError(`job ${job.id} came with${found?.tags}`);
    return tags;
  }

  /** A deletion. */
  delete(job: LedgerJob): Planned {
    const end = this.#endOf(job);
    return inItsShard(this.#orderOf("delete", job, 0), () => end);
  }

  /** The end of a held job with a result. */
  finish(job: LedgerJob, bytes = this.#world.random(600)): Planned {
    const shard = this.#jobs.shardOf(job.tube);
    const result = bodyOf(job.id + 1, bytes);
    const text = this.#jobs.openResult(shard, result);
    const keep = { keep: COOLDOWN_SECONDS, keepSeconds: COOLDOWN_SECONDS };
    const said = { messageBytes: bytes, text, textShard: shard, ...keep };
    const order = { ...this.#orderOf("finish", job, 0), ...said };
    const cooldown = this.#jobs.cooldownOf(job);
    const changes = (): readonly Change[] => {
      const kept = order.answer === C.DONE ? [this.#jobs.resultOf(job, result)] : [];
      return [[job.id, undefined], ...cooldown, ...kept];
    };
    return inItsShard(order, changes);
  }

  #orderOf(deed: Deed, { id, tube }: LedgerJob, pri: number): JobOrder {
    const shard = this.#jobs.shardOf(tube);
    const what = { deed, index: 1, isOneOfMany: false, id, isHidden: false };
    const order = { ...what, pri, delaySeconds: 0, shard };
    const said = { messageBytes: 0, text: 0, textShard: undefined, keep: 0, keepSeconds: 0 };
    return { ...order, ...said, move: undefined, answer: C.NONE };
  }

  /** So many puts; undefined when there was no memory or no space for one. */
  #puts(count: number): readonly Planned[] | undefined {
    const { random } = this.#world;
    const planned: Planned[] = [];
    for (let left = count; left > 0; left--) {
      const bytes = random(3) === 0 ? random(BODY_MAX) : random(WITH_BATCH_BYTES);
      const put = this.put(bytes, this.#jobs.delaySeconds());
      if (put !== undefined) planned.push(put);
      if (put !== undefined) continue;
      for (const { order } of planned) if (order.deed === "put") this.#drop(order);
      return undefined;
    }
    return planned;
  }

  /** A put, its body recorded ahead if it is long or chance says so. */
  put(
    bodyBytes: number,
    delaySeconds = 0,
    isAhead = bodyBytes > WITH_BATCH_BYTES || this.#world.random(3) === 0,
  ): Planned | undefined {
    return this.#putOf(this.#jobs.newJob(bodyBytes, delaySeconds), isAhead);
  }

  /** A put of a short body, without tags, to that tube. */
  putTo(tube: string): Planned | undefined {
    return this.#putOf({ ...this.#jobs.newJob(20, 0), tube, tags: "" }, false);
  }

  #putOf(job: LedgerJob, isAhead: boolean): Planned | undefined {
    const { delaySeconds } = job;
    const order = this.#upload(job);
    if (order === undefined || !(isAhead ? this.#goAhead(order) : true)) return undefined;
    const made = this.#jobs.given(job);
    const changes = (): readonly Change[] => {
      const due = delaySeconds === 0 ? 0 : this.#world.wall + delaySeconds * 1_000_000;
      this.#world.judge.wasBorn(job.id, this.#world.wall);
      return [[job.id, { ...made, due }]];
    };
    return inItsShard(order, changes);
  }

  #upload(job: LedgerJob): PutOrder | undefined {
    const { id, tube, pri, delaySeconds, ttrSeconds, bodyBytes } = job;
    const shard = this.#jobs.shardOf(tube);
    shard.input.set(bodyOf(id, bodyBytes));
    if (shard.makeUpload(0, bodyBytes) !== C.DONE) return undefined;
    const upload = shard.address();
    const tags = tagsOf(job.tags);
    shard.tags.set(tags);
    if (shard.tagUpload(upload, this.#jobs.tubeOf(tube), tags.length) !== C.DONE) {
      shard.dropOrder(upload);
      return undefined;
    }
    return {
      deed: "put",
      index: 2,
      shard,
      tube: this.#jobs.tubeOf(tube),
      upload,
      bodyBytes,
      tagBytes: tags.length,
      goesAhead: false,
      key: / idp:([^: ]+)/.exec(job.tags)?.[1],
      pri,
      delaySeconds,
      ttrSeconds,
      id,
      answer: C.NONE,
    };
  }

  /** Records a put ahead of its batch; false, and it is dropped, when that cannot be. */
  #goAhead(order: PutOrder): boolean {
    const world = this.#world;
    const { shard, upload, tube, id, pri, delaySeconds, ttrSeconds } = order;
    for (let answer = C.MORE; answer !== C.DONE;) {
      if (!world.hasRoom()) world.makeRoom();
      const isRefused = answer === C.OUT_OF_MEMORY || world.journal.isFull;
      if (isRefused) {
        this.#drop(order);
        return false;
      }
      answer = shard.recordAhead(upload, tube, id, pri, delaySeconds, ttrSeconds, world.now);
    }
    return true;
  }

  #drop({ shard, upload }: PutOrder): void {
    if (!this.#world.hasRoom()) this.#world.makeRoom();
    shard.dropOrder(upload);
  }
}

/** A put as a client writes it. */
function putLine({ id, pri, ttrSeconds, bodyBytes }: LedgerJob): Buffer {
  const line = `put ${pri} 0 ${ttrSeconds} ${bodyBytes}\r\n`;
  return Buffer.concat([Buffer.from(line), bodyOf(id, bodyBytes), Buffer.from("\r\n")]);
}
