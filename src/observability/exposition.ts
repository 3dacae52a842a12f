/* Exposition: figures in Prometheus' text format, by prom-client.
 *
 * Everything has been counted elsewhere, so the metrics of prom-client are filled with what there
 * is, for one scrape: a tube that is gone leaves no series behind. prom-client checks names and
 * escapes labels. Used by http/metrics.ts.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { MetricObjectWithValues, MetricValueWithName } from "prom-client";
import { METRICS } from "./metrics.ts";
import type { Metric } from "./metric.ts";
import type { MetricKey } from "./metrics.ts";

/** Values of the labels of a sample. */
export type Labels = Readonly<Record<string, string>>;

/** One series of a counter or a gauge, as of now. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** One series of a histogram, as of now. */
export interface Distribution {
  readonly labels: Labels;
  /**
   * How many fell into each bucket and into no lower one. The last count is for what is above all
   * bounds.
   */
  readonly counts: ArrayLike<number>;
  readonly sumSeconds: number;
}

/**
 * All series of each metric; of a histogram these are Distributions. A metric without series is
 * left out.
 */
export type Figures = {
  readonly [Key in MetricKey]: (typeof METRICS)[Key]["type"] extends "histogram"
    ? readonly Distribution[]
    : readonly Sample[];
};

/** The content-type of an exposition. */
export const CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/**
 * The exposition of the figures that there are; `pause` lets others have their turn between two
 * metrics.
 */
export async function exposition(
  figures: Partial<Figures>,
  pause: () => Promise<void>,
): Promise<string> {
  const registry = new Registry();
  const texts: string[] = [];
  for (const key of Object.keys(METRICS) as MetricKey[]) {
    const series = figures[key] ?? [];
    if (series.length === 0) continue;
    const metric: Metric = METRICS[key];
    fill(metric, series, registry);
    texts.push(await registry.getSingleMetricAsString(metric.name));
    await pause();
  }
  return `${texts.join("\n\n")}\n`;
}

function fill(
  { name, type, help, labels, boundsSeconds = [] }: Metric,
  series: readonly (Sample | Distribution)[],
  registry: Registry,
): void {
  const config = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === "histogram") {
    const distributions = series.filter((one): one is Distribution => "counts" in one);
    registry.registerMetric(new Counted(config, boundsSeconds, distributions));
    return;
  }
  const samples = series.filter((one): one is Sample => "value" in one);
  if (type === "counter") {
    const counter = new Counter(config);
    for (const { labels: values, value } of samples) counter.inc(values, value);
  } else {
    const gauge = new Gauge(config);
    for (const { labels: values, value } of samples) gauge.set(values, value);
  }
}

type Values = MetricObjectWithValues<MetricValueWithName<string>>;

/** A histogram that was counted elsewhere. */
class Counted extends Histogram {
  readonly #config: { readonly name: string; readonly help: string };
  readonly #bounds: readonly number[];
  readonly #distributions: readonly Distribution[];

  constructor(
    config: { readonly name: string; readonly help: string; readonly labelNames: string[] },
    bounds: readonly number[],
    distributions: readonly Distribution[],
  ) {
    super({ ...config, buckets: [...bounds], registers: [] });
    this.#config = config;
    this.#bounds = bounds;
    this.#distributions = distributions;
  }

  override async get(): Promise<Values> {
    const { name, help } = this.#config;
    const values = this.#distributions.flatMap((one) => this.#valuesOf(name, one));
    const about = { name, help, type: "histogram", aggregator: "sum", collect: () => undefined };
    return { ...about, values } as unknown as Values;
  }

  /** What prom-client asks for instead of `get` when it writes text. */
  getForPromString(): Promise<Values> {
    return this.get();
  }

  #valuesOf(
    name: string,
    { labels, counts, sumSeconds }: Distribution,
  ): MetricValueWithName<string>[] {
    const values: MetricValueWithName<string>[] = [];
    let below = 0;
    for (let index = 0; index < counts.length; index++) {
      below += counts[index] ?? 0;
      const le = this.#bounds[index] ?? "+Inf";
      values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: below });
    }
    values.push({ metricName: `${name}_sum`, labels, value: sumSeconds });
    values.push({ metricName: `${name}_count`, labels, value: below });
    return values;
  }
}
