/* SmallJournal: a real journal in a real directory, written by the engine one command at a time,
 * for tests of what reads journals.
 *
 * One connection, which watches every tube that is used; the clock stands still unless told to
 * move.
 */
import { readFileSync } from "node:fs";
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { shardOfTube } from "../../src/engine/shards.ts";
import { CommitState } from "../../src/journal/commit-state.ts";
import { Journal } from "../../src/journal/journal.ts";
import { recover } from "../../src/journal/recovery.ts";
import { tagsOf } from "../journal/bodies.ts";
import { openReplica } from "../../src/journal/replica.ts";
import { chargedOf, shownTags } from "../../src/protocol/tags.ts";
import { NodeStorage } from "../../src/storage/node-fs.ts";

/** The compiled engine. */
const ENGINE = new WebAssembly.Module(
  readFileSync(new URL("../../build/engine.wasm", import.meta.url)),
);

const TTR_SECONDS = 60;
const NO_LIMIT = 4_294_967_295;
const WHO = "tester";
/** Where in the input slot the values stand of what is set for a tube. */
const VALUES_AT = 256;

/** What a put says about its job. */
export interface Put {
  readonly tube?: string;
  readonly pri?: number;
  readonly delaySeconds?: number;
  /** As behind <bytes> of a put, each with a space in front. */
  readonly tags?: string;
}

/** A journal that is being written. */
export class SmallJournal {
  readonly #shards: readonly Shard[];
  readonly #journal: Journal;
  readonly #conns: readonly number[];
  readonly #release: () => void;
  readonly #tubes = new Map<string, number>();
  /** Microseconds since it was opened. */
  now = 0;

  /** Called by `open` only. */
  constructor(shards: readonly Shard[], journal: Journal, release: () => void) {
    this.#shards = shards;
    this.#journal = journal;
    this.#release = release;
    this.#conns = shards.map((shard) => {
      shard.openConn(0);
      return shard.field(C.RESULT_REF);
    });
  }

  /** Goes on with the journal in `directory`, or begins one. */
  static async open(
    directory: string,
    shards = 2,
    segmentBytes = 1_048_576,
  ): Promise<SmallJournal> {
    const storage = new NodeStorage(directory);
    const lease = await storage.lease();
    const replica = openReplica(ENGINE, shards, Date.now() * 1000);
    const parts = { storage, shards: replica.shards, checksum: replica.checksum };
    const recovered = recover({ ...parts, now: 0, strict: true, progress: () => undefined });
    const journal = new Journal({
      ...parts,
      ...recovered,
      options: { level: "sync", intervalMillis: 50, segmentBytes, comingBytes: 0 },
      wallMicros: () => Date.now() * 1000,
      state: new CommitState(),
      monotonicMillis: () => performance.now(),
      random: () => Math.trunc(Math.random() * 2 ** 32),
      publish: () => undefined,
    });
    return new SmallJournal(
      replica.shards.map(({ shard }) => shard),
      journal,
      () => lease.release(),
    );
  }

  /** Puts a job and makes it safe; returns its id. */
  put(body: string, { tube = "default", pri = 0, delaySeconds = 0, tags }: Put = {}): number {
    const { shard, ref } = this.#tube(tube);
    const bytes = new TextEncoder().encode(body);
    const { length } = bytes;
    shard.input.set(bytes);
    const id = this.#shards[0]?.nextId() ?? 0;
    const tagged = tagsOf(tags ?? "");
    shard.tags.set(tagged);
    const put = (): number =>
      tags === undefined
        ? shard.put(ref, id, pri, delaySeconds, TTR_SECONDS, 0, length, this.now)
        : shard.putTagged(
            ref,
            id,
            pri,
            delaySeconds,
            TTR_SECONDS,
            0,
            length,
            tagged.length,
            this.now,
          );
    if (put() === C.OUT_OF_MEMORY && shard.growBudget()) put();
    this.#journal.commit();
    return id;
  }

  /**
   * As `put`, for a body so long that it goes to the journal in parts; other commands may come in
   * between.
   */
  putLong(body: string, tube: string, between: () => void = () => undefined): number {
    const { shard, ref } = this.#tube(tube);
    const bytes = new TextEncoder().encode(body);
    const id = this.#shards[0]?.nextId() ?? 0;
    shard.growBudget();
    shard.openUpload(bytes.length);
    const upload = shard.field(C.RESULT_REF);
    shard.recordUpload(upload, ref, id, 0);
    for (let at = 0; at < bytes.length; at += C.INPUT_BYTES) {
      const piece = bytes.subarray(at, at + C.INPUT_BYTES);
      shard.input.set(piece);
      shard.appendUpload(upload, at, 0, piece.length);
      this.#journal.commit();
      between();
    }
    shard.commitUpload(upload, ref, id, 0, 0, TTR_SECONDS, this.now);
    this.#journal.commit();
    return id;
  }

  /** Reserves the best job of the tube, whichever it is; returns its id. */
  #reserve(tube: string): { shard: Shard; conn: number; id: number } {
    const { shard } = this.#tube(tube);
    const conn = this.#conns[shard.index] ?? 0;
    const answer = shard.take(conn, NO_LIMIT, C.NEVER_MICROS, this.now);
    if (answer !== C.RESERVED) throw new Error(`nothing to reserve in ${tube}`);
    return { shard, conn, id: shard.field(C.RESULT_ID) };
  }

  /** Reserves and buries, because of `why` if that is given; returns the job's id. */
  bury(tube: string, pri: number, why?: string): number {
    const { shard, conn, id } = this.#reserve(tube);
    const failure = why === undefined ? 0 : openFailure(shard, conn, why);
    shard.bury(conn, id, pri, failure, this.now);
    this.#journal.commit();
    return id;
  }

  /** Reserves; returns the job's id. */
  take(tube: string): number {
    return this.#reserve(tube).id;
  }

  /** Reserves and releases; returns the job's id. */
  release(tube: string, delaySeconds: number): number {
    const { shard, conn, id } = this.#reserve(tube);
    shard.release(conn, id, 0, delaySeconds, 0, this.now);
    this.#journal.commit();
    return id;
  }

  /** Lets happen what is due; then, the state of a job and its limits. */
  limitsOf(id: number): { state: string; exp: number; max: number; charged: number } | undefined {
    for (const shard of this.#shards) {
      if (shard.statsJob(id, this.now) !== C.DONE) continue;
      const state = shard.field(C.RESULT_STATS + C.JOB_STATE);
      const from = shard.field(C.RESULT_NAME_BYTES);
      const tags = shownTags(shard.output.slice(from, from + shard.field(C.RESULT_COUNT)));
      this.#journal.commit();
      return {
        state: ["", "ready", "reserved", "delayed", "buried"][state] ?? "",
        exp: tags.get(C.TAG_EXP)?.number ?? 0,
        max: tags.get(C.TAG_MAX)?.number ?? 0,
        charged: chargedOf(tags),
      };
    }
    return undefined;
  }

  /** Deletes all jobs of the tube. */
  flush(tube: string): void {
    const { shard } = this.#tube(tube);
    const name = new TextEncoder().encode(tube);
    shard.input.set(name);
    const last = this.#shards[0]?.lastId() ?? 0;
    shard.flushTube(0, name.length, C.KIND_RESERVED, 0, 0, 0, last, this.now);
    this.#journal.commit();
  }

  /** Reserves and deletes; returns the job's id. */
  delete(tube: string): number {
    const { shard, conn, id } = this.#reserve(tube);
    shard.deleteJob(conn, id, this.now);
    this.#journal.commit();
    return id;
  }

  /** Reserves, and finishes with a result that is kept for a while; returns the job's id. */
  finish(tube: string, result: string, keepSeconds: number): number {
    const { shard, conn, id } = this.#reserve(tube);
    const bytes = new TextEncoder().encode(result);
    shard.openResult(bytes.length, 0);
    const address = shard.field(C.RESULT_REF);
    shard.input.set(bytes);
    shard.appendResult(address, 0, 0, bytes.length, 0);
    shard.finish(conn, id, address, keepSeconds, 1, this.now);
    this.#journal.commit();
    return id;
  }

  /** Lets so many seconds pass. */
  pass(seconds: number): void {
    this.now += seconds * 1_000_000;
    for (const shard of this.#shards) shard.tick(this.now);
    this.#journal.commit();
  }

  /** Sets the most jobs of a tube; NOT_SET takes that away. */
  setJobs(tube: string, most: number): void {
    const name = new TextEncoder().encode(tube);
    const shard = this.#shards[shardOfTube(name, 0, name.length, this.#shards.length)];
    const values = new Float64Array(C.SETTINGS).fill(C.AS_IT_IS);
    values[C.SETTING_JOBS] = most;
    shard?.input.set(name);
    shard?.input.set(new Uint8Array(values.buffer), VALUES_AT);
    shard?.setTube(0, name.length, VALUES_AT, (this.#shards[0]?.nextNumber() ?? 0) + 100, this.now);
    this.#journal.commit();
  }

  kick(tube: string, bound: number): void {
    const { shard, ref } = this.#tube(tube);
    shard.kick(ref, bound, C.KIND_ANY, this.now);
    this.#journal.commit();
  }

  /** Does all the work that keeps the journal small. */
  maintain(): void {
    for (let turns = 0; turns < 1000 && this.#journal.maintain(); turns++);
  }

  /** Ends it in order; everything is known to be safe. */
  close(): void {
    this.#journal.close();
    this.#release();
  }

  /** Ends it as a crash does: what was written last is not known to be safe. */
  crash(): void {
    this.#release();
  }

  #tube(name: string): { shard: Shard; ref: number } {
    const bytes = new TextEncoder().encode(name);
    const shard = this.#shards[shardOfTube(bytes, 0, bytes.length, this.#shards.length)];
    if (shard === undefined) throw new RangeError("no such shard");
    const known = this.#tubes.get(name);
    if (known !== undefined) return { shard, ref: known };
    shard.input.set(bytes);
    shard.useTube(0, bytes.length, this.#tubes.size + 10);
    const ref = shard.field(C.RESULT_REF);
    shard.watchTube(this.#conns[shard.index] ?? 0, 0, bytes.length, 0);
    this.#tubes.set(name, ref);
    return { shard, ref };
  }
}

/** A failure of a connection that is called "tester", with a message. */
function openFailure(shard: Shard, conn: number, why: string): number {
  const { who, input } = shard;
  who.set(new TextEncoder().encode(WHO));
  shard.nameConn(conn, WHO.length);
  const message = new TextEncoder().encode(why);
  shard.openFailure(conn, message.length);
  const failure = shard.field(C.RESULT_REF);
  input.set(message);
  shard.appendFailure(failure, 0, 0, message.length);
  return failure;
}
