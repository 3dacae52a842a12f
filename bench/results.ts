/* The samples of a whole run, and what follows from them: medians with their ranges, comparisons,
 * verdicts.
 *
 * A ratio is formed within each round, between runs that stood next to each other, and the median
 * is taken of the ratios: so a host whose speed drifts changes both sides alike.
 */
import type { FigureName, Sample } from "./figures.ts";
import type { Comparison, Scenario } from "./scenario.ts";

/** Median, least and greatest of several rounds. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What became of a comparison: absent verdict means that there was nothing to hold it against. */
export interface Outcome {
  readonly comparison: Comparison;
  /** Absent when one side was not measured. */
  readonly spread?: Spread;
  readonly verdict?: "PASS" | "MISS";
}

/** Samples by scenario, contender and round. */
export class Results {
  readonly #samples = new Map<string, Map<number, Sample>>();

  /** Keeps the sample of one run. */
  add(scenario: Scenario, contender: string, round: number, sample: Sample): void {
    const key = keyOf(scenario, contender);
    const rounds = this.#samples.get(key) ?? new Map<number, Sample>();
    rounds.set(round, sample);
    this.#samples.set(key, rounds);
  }

  /** A figure of a contender over all rounds; undefined when it was not measured. */
  spread(scenario: Scenario, contender: string, figure: FigureName): Spread | undefined {
    return spreadOf([...this.#values(scenario, contender, figure).values()]);
  }

  /** A comparison worked out from what was measured. */
  outcome(scenario: Scenario, comparison: Comparison): Outcome {
    const spread = spreadOf(this.#compared(scenario, comparison));
    if (spread === undefined) return { comparison };
    const { atLeast, atMost } = comparison;
    if (atLeast === undefined && atMost === undefined) return { comparison, spread };
    const passes = spread.median >= (atLeast ?? -Infinity) && spread.median <= (atMost ?? Infinity);
    return { comparison, spread, verdict: passes ? "PASS" : "MISS" };
  }

  #compared(scenario: Scenario, { of, figure, against }: Comparison): number[] {
    const values = this.#values(scenario, of, figure);
    if (against === undefined) return [...values.values()];
    const base = this.#values(scenario, against.contender, against.figure ?? figure);
    const ratios: number[] = [];
    for (const [round, value] of values) {
      const divisor = base.get(round);
      if (divisor !== undefined) ratios.push(value / (against.wanted?.(divisor) ?? divisor));
    }
    return ratios;
  }

  #values(scenario: Scenario, contender: string, figure: FigureName): Map<number, number> {
    const values = new Map<number, number>();
    for (const [round, sample] of this.#samples.get(keyOf(scenario, contender)) ?? []) {
      const value = sample[figure];
      if (value !== undefined) values.set(round, value);
    }
    return values;
  }
}

function keyOf(scenario: Scenario, contender: string): string {
  return `${scenario.name}/${contender}`;
}

function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  const [least] = sorted;
  const most = sorted.at(-1);
  if (low === undefined || high === undefined || least === undefined || most === undefined)
    return undefined;
  return { median: (low + high) / 2, least, most };
}
