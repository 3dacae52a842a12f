/*
 * Metrics page: docs/metrics.md, made from the declarations in metrics.ts. Written by `npm run
 * docs` (docs.ts), held to the tree by a test.
 */
import { METRICS, SOURCES, TUBE_OTHERS } from "../observability/metrics.ts";
import type { Metric, Source } from "../observability/metrics.ts";

const INTRODUCTION = `# Metrics

Generated from \`src/observability/metrics.ts\` by \`npm run docs\`; do not edit.

With \`--http-port\` the server answers \`GET /metrics\` in Prometheus' text format. Where a token is
demanded ([http.md](http.md)) a scraper shows it, best the read-only one: \`authorization:
{credentials_file: ...}\` in Prometheus' configuration. Alert rules and a Grafana dashboard are in
[monitoring/](monitoring/).

Everything is counted in shared memory as it happens. A scrape looks at no job: it reads the
figures of 64 tubes at a time, each time under a shard's lock for some tens of microseconds, and
lets everything else have its turn between two such pieces. Scrapes that come while one is under
way get what that one finds.

Counters and histograms begin with the process, and a tube's with the tube: one that was gone and
comes back begins at 0, which Prometheus takes for what it is. \`stats\` and \`stats-tube\` carry some
counts across restarts; metrics do not.
`;

const TUBES = `## Tubes

At most \`--metrics-tubes\` tubes have their name as a label: those that had most jobs put into
them. All others are summed under the label \`tube="${TUBE_OTHERS}"\`, which no tube can be called.
A tube that gets a label of its own after a while begins there with all that it had counted; what
it had counted until then stays in the sum of the others too. So no counter ever goes back because
a tube came or went, and rates are right: what happens is in one series only. Sums of absolute
values over all tubes are not; homemaker_job_events_total has those.

## Times

Times in queue are exact, whatever made a job ready. A job that is given to a worker that waits
counts when the worker's thread collects it; one that is handed back because its worker got a job
elsewhere at the same moment does not count at all. A time to run that runs out, or a connection
that closes, ends no time in process. Times that a job spent in an earlier process are not
counted.

The age of the oldest ready job counts from its put, as \`age\` in \`stats-job\`. Within a priority it
is at hand; of a tube with more than 64 priorities in use at once a scrape looks at 64, the next
one goes on there, and the oldest that was seen is remembered: the figure is then right after as
many scrapes as there are 64 priorities.
`;

/** The whole page. */
export function metricsPage(): string {
  const metrics: readonly Metric[] = Object.values(METRICS);
  const sections = (Object.keys(SOURCES) as Source[]).map((source) => {
    const rows = metrics.filter((one) => one.source === source).map(row);
    return `## ${title(source)}\n\n${SOURCES[source]}\n\n${table([HEAD, RULE, ...rows])}`;
  });
  return [INTRODUCTION, ...sections, TUBES].join("\n");
}

const HEAD = ["metric", "type", "labels", "what it is"];
const RULE = HEAD.map(() => "---");

function title(source: Source): string {
  return source === "tube" ? "Each tube" : `The ${source}`;
}

function row({ name, type, labels, help, boundsSeconds }: Metric): string[] {
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
