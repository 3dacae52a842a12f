/*
 * Metrics page: docs/metrics.md, made from the declarations in metrics.ts. Written by `npm run
 * docs` (docs.ts), held to the tree by a test.
 */
import { SOURCES } from "../observability/metric.ts";
import { METRICS, TUBE_OTHERS } from "../observability/metrics.ts";
import { WORKER_METRICS } from "../observability/worker-metrics.ts";
import type { WorkerMetric } from "../observability/worker-metrics.ts";
import type { Metric, Source } from "../observability/metric.ts";

const INTRODUCTION = `# Metrics

Generated from the tables in \`src/observability/\` by \`npm run docs\`; do not edit.

With \`--http-port\` the server answers \`GET /metrics\` in Prometheus' text format. If the server
demands a token ([http.md](http.md)), give Prometheus the read-only one: \`authorization:
{credentials_file: ...}\`. Alert rules and a Grafana dashboard are in [monitoring/](monitoring/).

A scrape is cheap. Everything is counted as it happens, so a scrape looks at no job. It reads the
figures of 64 tubes at a time, under a shard's lock for some tens of microseconds, and everything
else has its turn in between. A scrape that comes while another is under way gets the same figures.

Counters and histograms begin at 0 with the process, and those of a tube with the tube. \`stats\` and
\`stats-tube\` carry some counts across restarts; metrics do not.
`;

const TUBES = `## Tubes

At most \`--metrics-tubes\` tubes have their name as a label: those that had most jobs put into
them. All others are summed under the label \`tube="${TUBE_OTHERS}"\`, which no tube can be called.

When a tube gets a label of its own, its series begins with all that it had counted. That amount
also stays in the sum of the others, so no counter goes back when a tube comes or goes. Rates are
right, since each event is in one series only. But do not add up the values of all tubes: use
homemaker_job_events_total.

## Times

Times in queue are exact, whatever made a job ready. When a waiting worker gets a job, the time ends
as the worker's thread collects the job. If the worker got a job elsewhere at the same moment and
hands this one back, nothing is counted.

Times in process end with a delete, release or bury. A time to run that runs out, or a connection
that closes, ends none. Times that a job spent in an earlier process are not counted.

The age of the oldest ready job counts from its put, as \`age\` in \`stats-job\`. If a tube has more
than 64 priorities in use at once, a scrape looks at 64 of them and the next scrape goes on there.
The figure is then right once all priorities have been looked at.
`;

const WORKERS = `## Workers

\`homemaker work --http-port\` ([work.md](work.md)) answers \`GET /metrics\`, too, with what its
workers did since it began.
`;

/** The whole page. */
export function metricsPage(): string {
  const metrics: readonly Metric[] = Object.values(METRICS);
  const sections = (Object.keys(SOURCES) as Source[]).map((source) => {
    const rows = metrics.filter((one) => one.source === source).map(row);
    return `## ${title(source)}\n\n${SOURCES[source]}\n\n${table([HEAD, RULE, ...rows])}`;
  });
  const ofWorkers: readonly WorkerMetric[] = Object.values(WORKER_METRICS);
  const workers = `${WORKERS}\n${table([HEAD, RULE, ...ofWorkers.map(row)])}`;
  return [INTRODUCTION, ...sections, TUBES, workers].join("\n");
}

const HEAD = ["metric", "type", "labels", "what it is"];
const RULE = HEAD.map(() => "---");

type Shown = Pick<Metric, "name" | "type" | "labels" | "help" | "boundsSeconds">;

function title(source: Source): string {
  return source === "tube" ? "Each tube" : `The ${source}`;
}

function row({ name, type, labels, help, boundsSeconds }: Shown): string[] {
  const first = boundsSeconds?.[0];
  const last = boundsSeconds?.at(-1);
  const bounds =
    boundsSeconds === undefined
      ? ""
      : ` ${boundsSeconds.length} buckets up to ${first} s ... ${last} s, and one for the rest.`;
  return [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(" "), help + bounds];
}

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
