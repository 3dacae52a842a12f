/* Growth: whether the jobs of a tube become more, judged by what came in and what went out over the
 * last two minutes, however many there were before.
 *
 * Invariant: it begins to grow when markedly more came than went, and goes on until no more did; so
 * what stands between the two does not flap. Each tube has one; tube-survey.ts asks it.
 */

/** Looks are kept so far apart. */
const STEP_MS = 10_000;
/** Looks older than this are dropped. */
const WINDOW_MS = 120_000;
/** Nothing is said of a shorter time. */
const LEAST_MS = 20_000;
/** So few more jobs are no growth, nor is so small a part of those that came. */
const LEAST_JOBS = 10;
const LEAST_PART = 0.05;

interface Look {
  readonly atMillis: number;
  /** Jobs that wait for work or are at work; buried ones wait for nobody. */
  readonly jobs: number;
  /** Jobs that came so far. */
  readonly came: number;
}

/** What is remembered of one tube. */
export class Growth {
  /** Oldest first. */
  readonly #looks: Look[] = [];
  #isGrowing = false;

  /** As at the last look. */
  get isGrowing(): boolean {
    return this.#isGrowing;
  }

  /** Looks at the tube as it is now. */
  look(now: Look): void {
    while ((this.#looks[0]?.atMillis ?? Infinity) < now.atMillis - WINDOW_MS) this.#looks.shift();
    const [first] = this.#looks;
    this.#isGrowing = first !== undefined && this.#judge(first, now);
    const last = this.#looks.at(-1);
    if (last === undefined || now.atMillis - last.atMillis >= STEP_MS) this.#looks.push(now);
  }

  #judge(then: Look, now: Look): boolean {
    if (now.atMillis - then.atMillis < LEAST_MS) return this.#isGrowing;
    const more = now.jobs - then.jobs;
    if (this.#isGrowing) return more > 0;
    return more >= LEAST_JOBS && more > (now.came - then.came) * LEAST_PART;
  }
}
