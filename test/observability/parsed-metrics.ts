/*
 * Parsed metrics: an exposition read back, for tests. Refuses what is not exactly Prometheus' text
 * format as prom-client writes it.
 */

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** What a scrape said. */
export class ParsedMetrics {
  readonly all: readonly Series[];
  /** The type of each metric, by its name. */
  readonly types: ReadonlyMap<string, string>;

  constructor(text: string) {
    const lines = text.split("\n").filter((line) => line !== "");
    const types = lines.map((line) => /^# TYPE (\S+) (\S+)$/.exec(line));
    this.types = new Map(
      types.flatMap((found) => (found === null ? [] : [[found[1] ?? "", found[2] ?? ""]])),
    );
    this.all = lines.filter((line) => !line.startsWith("#")).map(seriesOf);
    const seen = new Set(this.all.map(({ name, labels }) => JSON.stringify([name, labels])));
    if (seen.size !== this.all.length) throw new SyntaxError("a series stands there twice");
  }

  /** The series of that name that have at least these labels. */
  find(name: string, labels: Readonly<Record<string, string>> = {}): readonly Series[] {
    return this.all.filter(
      (one) =>
        one.name === name &&
        Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    );
  }

  /** The one value of that name and these labels. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const found = this.find(name, labels);
    if (found.length !== 1)
      throw new RangeError(`${found.length} series ${name} ${JSON.stringify(labels)}`);
    return found[0]?.value ?? Number.NaN;
  }

  /** The sum of all values of that name with these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.find(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** The label's values of all series of that name. */
  labels(name: string, label: string): ReadonlySet<string> {
    return new Set(this.find(name).map(({ labels }) => labels[label] ?? ""));
  }
}

function seriesOf(line: string): Series {
  const [, name, inner = "", value] = LINE.exec(line) ?? [];
  if (name === undefined) throw new SyntaxError(`not a line of an exposition: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inner.length) {
    const [, label = "", escaped = ""] = LABEL.exec(inner) ?? [];
    if (label === "") throw new SyntaxError(`not the labels of a series: ${inner}`);
    labels[label] = JSON.parse(`"${escaped}"`) as string;
  }
  const number = Number(value);
  if (!Number.isFinite(number)) throw new SyntaxError(`not a number: ${line}`);
  return { name, labels, value: number };
}
