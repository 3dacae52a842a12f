/* Conformance: what it means that a server answers as the dialogues say, the list of differences
 * taken into account. Used by the tests, one call per case and target.
 *
 * Where servers run in real time a case is played again when it failed and more time had passed
 * than it says, because then the machine is to blame and not the server.
 */
import type { Block, Case, Step } from "./dialogue.ts";
import { dialectOf, nameOf } from "./differences.ts";
import type { Difference, Differences, Sometimes } from "./differences.ts";
import { Mismatch, play } from "./play.ts";
import type { PlayOptions } from "./play.ts";
import type { Target } from "./stage.ts";

/** A case is played at most so often when the machine is too slow. */
const ATTEMPTS = 8;
/** A case that is so late, compared with its waits, is void. */
const LATE_MS = 150;
/** How long to wait for a reply when it is expected that a case does not go as written. */
const SHORT_PATIENCE_MS = 300;
/** A case that goes wrong in one of three plays fails in all of these once in a billion runs. */
const SOMETIMES_ATTEMPTS = 20;

/** beanstalkd answers as a case says that is about an addition of Homemaker's. */
class NoAddition extends Error {
  readonly code = "HM_DIALOGUE_NO_ADDITION";

  constructor(what: string) {
    super(`${what}: beanstalkd answers so, too, take @addition off the case`);
  }
}

/** The list says that a server differs, and it does not. */
class DifferenceGone extends Error {
  readonly code = "HM_DIALOGUE_DIFFERENCE_GONE";

  constructor(what: string) {
    super(`${what}: the server answers as written, take it off the list of differences`);
  }
}

/** One target, judged by the dialogues and the differences listed for its server. */
export class Conformance {
  readonly target: Target;
  readonly #options: PlayOptions;
  readonly #differences: ReadonlyMap<string, Difference>;
  /** What is listed as going wrong now and then on this server. */
  readonly sometimes: readonly Sometimes[];

  constructor(target: Target, differences: Differences) {
    this.target = target;
    this.#options = { dialect: dialectOf(differences, target.server) };
    const here = differences.cases.filter(({ server }) => server === target.server);
    this.#differences = new Map(here.map((difference) => [difference.name, difference]));
    this.sometimes = differences.sometimes.filter(({ server }) => server === target.server);
  }

  /** How this case differs here, if it does. */
  difference(dialogue: Case): Difference | undefined {
    return this.#differences.get(nameOf(dialogue));
  }

  /**
   * Throws unless the case goes as written, or as listed and then not as written; an addition must
   * go wrong on beanstalkd.
   */
  async check(dialogue: Case): Promise<void> {
    if (this.#isMissing(dialogue)) return this.#checkIsMissing(dialogue);
    const difference = this.difference(dialogue);
    if (difference === undefined) return this.#insist(dialogue, dialogue);
    await this.#insist(dialogue, difference.block);
    if (await this.#goesWrong(dialogue, { ...this.#options, patienceMs: SHORT_PATIENCE_MS }))
      return;
    throw new DifferenceGone(difference.name);
  }

  /** Whether the case is about something that this server does not have. */
  #isMissing({ addition }: Case): boolean {
    return addition && this.target.server === "beanstalkd";
  }

  async #checkIsMissing(dialogue: Case): Promise<void> {
    const options = { ...this.#options, patienceMs: SHORT_PATIENCE_MS };
    if (!(await this.#goesWrong(dialogue, options))) throw new NoAddition(nameOf(dialogue));
  }

  /**
   * Throws unless this is the server whose cases go wrong now and then: when that is, is chance,
   * and never on a machine that is late.
   */
  async checkSometimes(listed: Sometimes, dialogues: readonly Case[]): Promise<void> {
    const named = dialogues.find((dialogue) => listed.names.has(nameOf(dialogue)));
    if (named === undefined) throw new RangeError(`no case of these: ${[...listed.names].join()}`);
    await this.#perform(named, listed.block, this.#options);
  }

  async #goesWrong(dialogue: Case, options: PlayOptions): Promise<boolean> {
    try {
      await this.#perform(dialogue, dialogue, options);
      return false;
    } catch (error) {
      if (error instanceof Mismatch) return true;
      throw error;
    }
  }

  // Plays until it goes as written, or the server is to blame.
  async #insist(dialogue: Case, block: Block): Promise<void> {
    const unsteady = this.sometimes.some(({ names }) => names.has(nameOf(dialogue)));
    const timed = this.target.realTime && block.steps.some(waits);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#perform(dialogue, block, this.#options);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        const tooLate = timed && error.lateMs > LATE_MS && attempt < ATTEMPTS;
        if (!tooLate && !(unsteady && attempt < SOMETIMES_ATTEMPTS)) throw error;
      }
    }
  }

  async #perform(dialogue: Case, block: Block, options: PlayOptions): Promise<void> {
    const stage = await this.target.open(dialogue);
    let clean = false;
    try {
      await play(block, stage, options);
      clean = true;
    } finally {
      await stage.finish(clean);
    }
  }
}

function waits(step: Step): boolean {
  return step.do === "advance" || (step.do === "repeat" && step.steps.some(waits));
}
