/* Comparison: an engine and a model side by side: that their answers are the same and that every
 * invariant holds. Used by the walks (looking.ts, walk.ts).
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Reply } from "./answers.ts";
import { EngineShard } from "./engine.ts";
import type { ShardOptions } from "./engine.ts";
import { ModelShard } from "./model.ts";
import { FAILURES_KEPT, START_MICROS, THREADS, pick } from "./steps.ts";
import type { Message, Session, Upload } from "./steps.ts";

/** How a walk goes. */
export interface WalkOptions extends ShardOptions {
  /** Clients may be refused memory; without it OUT_OF_MEMORY is a fault. */
  readonly tight?: boolean;
}

/** Engine and model. */
export class Comparison {
  protected readonly engine: EngineShard;
  protected readonly model = new ModelShard(FAILURES_KEPT);
  protected readonly sessions: Session[] = [];
  protected uploads: Upload[] = [];
  protected messages: Message[] = [];
  protected readonly tight: boolean;
  protected now = START_MICROS;
  protected step = 0;
  protected lastId = 0;
  /** Pages that are not in the shard's budget, as with several shards. */
  protected pagesLeft = 0;
  protected readonly capPages: number;
  /** How often a client was refused memory. */
  refusals = 0;

  constructor({ tight = false, ...options }: WalkOptions) {
    this.engine = EngineShard.open({ ...options, threads: THREADS });
    this.engine.raw(0).keepFailures(FAILURES_KEPT);
    this.tight = tight;
    this.capPages = this.engine.budgetPages();
  }

  protected agree(engine: Reply, model: Reply): void {
    deepStrictEqual(engine, model);
  }

  /** The same threads are woken, whatever the answers. */
  protected agreeBut(engine: Reply, model: Reply): void {
    deepStrictEqual(engine.wakes, model.wakes);
  }

  /** The id of some job, or of none. */
  protected anyId(choice: number): number {
    const ids = [...this.model.jobs.keys()];
    return choice % 11 === 10 ? this.lastId + 5 : (pick(ids, choice) ?? 1);
  }

  protected isRefused(reply: Reply): boolean {
    const refused = this.tight && reply.answer === "OUT_OF_MEMORY";
    if (refused) this.refusals++;
    return refused;
  }

  /** All that the engine keeps; with little memory it may keep less, but nothing else. */
  protected compareFailures(id: number): void {
    const kept = this.engine.failuresOf(0, id, this.now);
    if (!this.tight) return deepStrictEqual(kept, this.model.failuresOf(id));
    const all = new Map(this.model.jobs.get(id)?.failures.map((one) => [one.number, one]));
    for (const failure of kept) deepStrictEqual(failure, all.get(failure.number));
  }

  /** How many failures are kept is not known with little memory. */
  protected sparing(reply: Reply, figures: readonly number[]): Reply {
    return this.tight ? this.without(reply, figures) : reply;
  }

  /** Those figures count 0. */
  protected without(reply: Reply, unknown: readonly number[]): Reply {
    const { figures } = reply;
    if (figures === undefined) return reply;
    return { ...reply, figures: figures.map((one, at) => (unknown.includes(at) ? 0 : one)) };
  }

  protected verify(): void {
    strictEqual(this.engine.budgetPages() + this.pagesLeft, this.capPages, "pages of the cap");
    const slots = this.uploads.map(({ body, position }) => {
      return body.length <= C.INLINE_BODY_MAX ? 1 : 1 + Math.ceil(position / L.BLOCK_BODY);
    });
    const messages = this.messages.map(({ who, text }) => {
      const isWhole = 40 + who.length + text.length <= L.PIECE_MAX;
      return isWhole ? 1 : 1 + Math.ceil(text.length / L.BLOCK_BODY);
    });
    const hidden = this.engine.verify();
    const expected = [...slots, ...messages].reduce((sum, n) => sum + n, 0);
    strictEqual(hidden, expected, "slots that only uploads and messages use");
    strictEqual(
      this.engine.nextDueMicros() <= this.model.nextEventMicros(),
      true,
      "the first timer rings before the first event, or with it",
    );
  }
}
