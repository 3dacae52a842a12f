/* TubeFigures: one look at all tubes for a scrape: which of them are to have a label, and the sums
 * of the rest.
 *
 * Tubes come by in pieces; of each only a score is looked at until it is known to be among the
 * first. Used by scrape.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { TubeSurvey } from "../engine/tube-survey.ts";

/** More than there are shards: a tube's number and its shard's index make its key. */
const SHARDS = 64;

/** A tube that is among the first. */
export interface SeenTube {
  /** Tells it from every other tube there ever was. */
  readonly key: number;
  readonly shard: number;
  readonly name: Uint8Array;
  /** TUBE_* of assembly/constants.ts. */
  readonly figures: Float64Array;
  readonly score: number;
}

/** What one look found. */
export class TubeFigures {
  readonly #most: number;
  /** In no order; once full, `#least` is the place of the lowest score. */
  readonly #first: SeenTube[] = [];
  #least = 0;
  /** Of the tubes that are not among the first: sums, for the age the greatest. */
  readonly #rest = new Float64Array(C.TUBE_FIGURES);
  #restCount = 0;
  #restPaused = 0;
  #oldestMicros = -1;
  /** The highest number of a tube of each shard. */
  readonly highest: Float64Array = new Float64Array(SHARDS);

  /** Keeps the first `most`. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The key of the tube with that number in that shard. */
  static keyOf(number: number, shard: number): number {
    return number * SHARDS + shard;
  }

  /** Takes in the piece that `survey` shows. */
  add(survey: TubeSurvey, shard: number): void {
    for (let index = 0; index < survey.count; index++) {
      const number = survey.number(index);
      const score = scoreOf((which) => survey.figure(index, which));
      this.highest[shard] = number;
      this.#oldestMicros = Math.max(this.#oldestMicros, survey.figure(index, C.TUBE_OLDEST_MICROS));
      if (
        this.#first.length >= this.#most &&
        score <= (this.#first[this.#least]?.score ?? Infinity)
      ) {
        this.#sumUp((which) => survey.figure(index, which));
        continue;
      }
      const figures = Float64Array.from({ length: C.TUBE_FIGURES }, (_, which) =>
        survey.figure(index, which),
      );
      const name = survey.nameOf(index).slice();
      this.#admit({ key: TubeFigures.keyOf(number, shard), shard, name, figures, score });
    }
  }

  #admit(tube: SeenTube): void {
    if (this.#first.length < this.#most) {
      this.#first.push(tube);
    } else {
      const out = this.#first[this.#least];
      if (out !== undefined) this.#sumUp((which) => out.figures[which] ?? 0);
      this.#first[this.#least] = tube;
    }
    if (this.#first.length >= this.#most) this.#least = lowest(this.#first);
  }

  #sumUp(figure: (which: number) => number): void {
    this.#restCount++;
    if (figure(C.TUBE_PAUSE_LEFT_MICROS) > 0) this.#restPaused++;
    for (let which = 0; which < C.TUBE_FIGURES; which++) {
      const before = this.#rest[which] ?? 0;
      const value = figure(which);
      this.#rest[which] = which === C.TUBE_OLDEST_MICROS ? Math.max(before, value) : before + value;
    }
  }

  /** Those among the first, the highest score first. */
  get first(): readonly SeenTube[] {
    return this.#first.toSorted((a, b) => b.score - a.score || a.key - b.key);
  }

  /**
   * The figures of the others: sums, of the age the greatest, and how many are paused. Undefined
   * when there are none.
   */
  get rest(): { readonly figures: Float64Array; readonly paused: number } | undefined {
    return this.#restCount === 0 ? undefined : { figures: this.#rest, paused: this.#restPaused };
  }

  /** Age of the oldest ready job of all, in microseconds; -1 when none is ready. */
  get oldestMicros(): number {
    return this.#oldestMicros;
  }

  /** Whether the tube of that key had been made when this look came by its shard. */
  hadSeen(key: number): boolean {
    return Math.floor(key / SHARDS) <= (this.highest[key % SHARDS] ?? 0);
  }
}

/**
 * Which tubes come first: those that most jobs were put into, which seldom changes from one look to
 * the next.
 */
function scoreOf(figure: (which: number) => number): number {
  const present =
    figure(C.TUBE_READY) + figure(C.TUBE_RESERVED) + figure(C.TUBE_DELAYED) + figure(C.TUBE_BURIED);
  return Math.max(figure(C.TUBE_TOTAL), present);
}

function lowest(tubes: readonly SeenTube[]): number {
  let found = 0;
  for (const [at, { score }] of tubes.entries()) {
    if (score < (tubes[found]?.score ?? Infinity)) found = at;
  }
  return found;
}
