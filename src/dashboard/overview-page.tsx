/* Overview page: the whole server on one screen, from the stream alone. */
import type { JSX } from "preact";
import { mayManageAll } from "./access.ts";
import { Chart, chosenReach, reachSeconds, STEPS_OF_MILLIS, STEPS_OF_SECONDS } from "./chart.tsx";
import type { Line } from "./chart.tsx";
import type { CopyState, Overview, ShardLoad, ThreadLoad } from "../http/api.ts";
import { newest, overview } from "./live.ts";
import type { Column } from "./live.ts";
import { attempt } from "./notices.tsx";
import { Figure, Loading, PageHead, StateShape } from "./parts.tsx";
import {
  bytes,
  compact,
  count,
  counted,
  duration,
  millis,
  NOTHING,
  percent,
  rate,
} from "./quantity.ts";
import { confirm } from "./question.tsx";
import { addressOf, ALL_TUBES, STATES, tubeRoute } from "./route.ts";
import { post } from "./server-api.ts";
import { Sparkline } from "./sparkline.tsx";
import { SmallTable } from "./table.tsx";
import type { Column as TableColumn } from "./table.tsx";

const FLOW: readonly Line[] = [
  { column: "putPerSecond", label: "in", color: "--in", isFilled: true },
  { column: "deletedPerSecond", label: "out", color: "--out" },
  { column: "failedPerSecond", label: "failed", color: "--failed" },
];
const BACKLOG: readonly Line[] = [
  { column: "ready", label: "ready", color: "--ready", isFilled: true },
  { column: "reserved", label: "reserved", color: "--reserved" },
  { column: "delayed", label: "delayed", color: "--delayed" },
  { column: "buried", label: "buried", color: "--buried" },
];
const OLDEST: readonly Line[] = [
  { column: "oldestSeconds", label: "oldest", color: "--ready", isFilled: true },
];
const QUEUEING: readonly Line[] = [
  { column: "queueP50", label: "queue p50", color: "--ready" },
  { column: "queueP99", label: "p99", color: "--delayed" },
  { column: "processP50", label: "work p50", color: "--out" },
  { column: "processP99", label: "p99", color: "--reserved" },
];
const WORKERS: readonly Line[] = [
  { column: "workers", label: "workers", color: "--out", isFilled: true },
  { column: "waiting", label: "waiting", color: "--reserved" },
  { column: "producers", label: "producers", color: "--in" },
];
const JOURNAL: readonly Line[] = [
  { column: "syncMillis", label: "last sync", color: "--out" },
  { column: "unsyncedMillis", label: "oldest unsynced", color: "--failed" },
];

const amount = (value: number | null): string => (value === null ? NOTHING : compact(value));
const perSecond = (value: number | null): string => (value === null ? NOTHING : `${rate(value)}/s`);

/** The page. */
export function OverviewPage(): JSX.Element {
  const now = overview.value;
  if (now === null) return <Loading rows={6} />;
  return (
    <>
      <PageHead
        title="Overview"
        above={
          <>
            {now.name} <span class="dot">·</span> up {duration(now.uptimeSeconds)}
          </>
        }
      >
        <DrainSwitch now={now} />
      </PageHead>
      {now.journal?.isFull === true && (
        <p class="banner bad" role="alert">
          The disk of the journal is full: new jobs are refused until there is room.
        </p>
      )}
      <Tiles now={now} />
      <Reach />
      <div class="charts">
        <Chart title="Jobs per second" lines={FLOW} format={perSecond} />
        <Chart title="Jobs by state" lines={BACKLOG} format={amount} />
        <Chart
          title="Age of the oldest ready job"
          lines={OLDEST}
          format={duration}
          steps={STEPS_OF_SECONDS}
        />
        <Chart title="Latency" lines={QUEUEING} format={millis} steps={STEPS_OF_MILLIS} />
        <Chart title="Connections" lines={WORKERS} format={amount} />
        {now.journal !== null && (
          <Chart title="Journal" lines={JOURNAL} format={millis} steps={STEPS_OF_MILLIS} />
        )}
      </div>
      <div class="panels">
        <TotalsPanel now={now} />
        <JournalPanel now={now} />
        <ShardsPanel now={now} />
        {now.threads.length > 0 && <ThreadsPanel now={now} />}
      </div>
    </>
  );
}

function Tiles({ now }: { readonly now: Overview }): JSX.Element {
  const failed = newest("failedPerSecond");
  return (
    <div class="tiles">
      <Tile
        label="In"
        value={rate(newest("putPerSecond"))}
        unit="/s"
        column="putPerSecond"
        tone="in"
      />
      <Tile
        label="Out"
        value={rate(newest("deletedPerSecond"))}
        unit="/s"
        column="deletedPerSecond"
        tone="out"
      />
      <Tile label="Failed" value={rate(failed)} unit="/s" column="failedPerSecond" tone="failed" />
      <Tile
        label="Oldest ready"
        value={duration(now.oldestReady?.ageSeconds ?? null)}
        href={now.oldestReady === null ? undefined : addressOf(tubeRoute(now.oldestReady.tube))}
        column="oldestSeconds"
        tone="ready"
      />
      <div class="tile states">
        <h2 class="tile-label">
          <a href={addressOf(ALL_TUBES)}>Jobs in {counted(now.tubes, "tube")}</a>
        </h2>
        <dl>
          {STATES.map((state) => (
            <div key={state}>
              <dt>
                <StateShape state={state} />
                {state}
              </dt>
              <dd>
                <Figure value={now.jobs[state]} />
              </dd>
            </div>
          ))}
        </dl>
      </div>
      <div class="tile">
        <h2 class="tile-label">
          <a href={addressOf({ page: "connections", offset: 0 })}>Workers</a>
        </h2>
        <p class="tile-value">
          {count(now.connections.workers)}
          <small>{count(now.connections.waiting)} waiting</small>
        </p>
        <Sparkline column="workers" />
      </div>
    </div>
  );
}

function Tile({
  label,
  value,
  unit,
  column,
  tone,
  href,
}: {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly column: Column;
  readonly tone: string;
  /** Where more is told of it. */
  readonly href?: string | undefined;
}): JSX.Element {
  return (
    <div class={`tile ${tone}`}>
      <h2 class="tile-label">{href === undefined ? label : <a href={href}>{label}</a>}</h2>
      <p class="tile-value">
        {value}
        {unit !== undefined && <small>{unit}</small>}
      </p>
      <Sparkline column={column} />
    </div>
  );
}

function Reach(): JSX.Element {
  return (
    <div class="chart-bar">
      <div class="segmented" role="group" aria-label="Time that the charts show">
        {[60, 300, 900].map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={reachSeconds.value === one}
            onClick={() => (chosenReach.value = one)}
          >
            {one / 60} min
          </button>
        ))}
      </div>
    </div>
  );
}

function DrainSwitch({ now }: { readonly now: Overview }): JSX.Element | null {
  if (!mayManageAll.value) return now.isDraining ? <span class="hint warn">draining</span> : null;
  return (
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked={now.isDraining}
      onClick={() => void (now.isDraining ? undrain() : drain())}
    >
      <span class="switch-track" aria-hidden="true" />
      Drain
    </button>
  );
}

async function drain(): Promise<void> {
  const isSure = await confirm({
    title: "Drain the server",
    text: "Every put is answered with DRAINING until you switch this off again. Workers go on as before.",
    action: "Drain",
    isDestructive: true,
  });
  if (isSure) await attempt(post("drain"), () => "The server takes no new jobs now.");
}

async function undrain(): Promise<void> {
  await attempt(post("undrain"), () => "The server takes new jobs again.");
}

function TotalsPanel({ now }: { readonly now: Overview }): JSX.Element {
  const { totals } = now;
  return (
    <section class="panel">
      <h2>Since the start</h2>
      <dl class="facts">
        <Fact name="put" value={count(totals.put)} />
        <Fact name="reserved" value={count(totals.reserved)} />
        <Fact name="deleted" value={count(totals.deleted)} />
        <Fact name="released" value={count(totals.released)} />
        <Fact name="buried" value={count(totals.buried)} />
        <Fact name="kicked" value={count(totals.kicked)} />
        <Fact name="timed out" value={count(totals.timedOut)} />
        <Fact name="failures recorded" value={count(totals.failures)} />
        <Fact name="connections" value={count(now.connections.total)} />
      </dl>
    </section>
  );
}

function JournalPanel({ now }: { readonly now: Overview }): JSX.Element {
  const { journal } = now;
  if (journal === null) {
    return (
      <section class="panel">
        <h2>Journal</h2>
        <p class="nothing">None: jobs are kept in memory only and end with the server.</p>
      </section>
    );
  }
  return (
    <section class="panel">
      <h2>Journal</h2>
      <dl class="facts">
        <Fact name="a reply waits for" value={journal.level} />
        <Fact name="size" value={bytes(journal.bytes)} />
        <Fact
          name="of it live"
          value={`${bytes(journal.liveBytes)}, ${percent(journal.liveBytes, journal.bytes)} %`}
        />
        <Fact name="segments" value={count(journal.segments)} />
        <Fact name="syncs" value={count(journal.syncs)} />
        <Fact name="syncs per second" value={rate(newest("syncsPerSecond"))} />
        <Fact name="last sync" value={millis(journal.lastSyncMillis)} />
        <Fact name="oldest unsynced" value={millis(journal.oldestUnsyncedMillis)} />
      </dl>
      {journal.copy !== null && <CopyFacts copy={journal.copy} />}
    </section>
  );
}

function CopyFacts({ copy }: { readonly copy: CopyState }): JSX.Element {
  return (
    <>
      <h3>
        Copy <small>{copy.leader} leads</small>
      </h3>
      <dl class="facts">
        <Fact name="epoch" value={count(copy.epoch)} />
        <Fact name="newest entry there" value={count(copy.position)} />
        <Fact name="behind by" value={`${bytes(copy.lagBytes)}, ${millis(copy.lagMillis)}`} />
        <Fact
          name="servers that stand by"
          value={copy.standbys === 0 ? "none" : count(copy.standbys)}
        />
      </dl>
    </>
  );
}

const SHARD_COLUMNS: readonly TableColumn<ShardLoad>[] = [
  { head: "shard", cell: ({ index }) => index },
  {
    head: "used of taken",
    cell: ({ usedBytes, takenBytes }) => (
      <Meter part={usedBytes} whole={takenBytes} text={bytes(usedBytes)} />
    ),
  },
  { head: "taken", kind: "number", cell: ({ takenBytes }) => bytes(takenBytes) },
  { head: "lock waits", kind: "number", cell: ({ contended }) => count(contended) },
];

function ShardsPanel({ now }: { readonly now: Overview }): JSX.Element {
  const used = now.shards.reduce((sum, shard) => sum + shard.usedBytes, 0);
  return (
    <section class="panel">
      <h2>
        Memory <small>{bytes(used)} in use</small>
      </h2>
      <SmallTable columns={SHARD_COLUMNS} rows={now.shards} keyOf={({ index }) => index} />
    </section>
  );
}

function threadColumns(most: number): readonly TableColumn<ThreadLoad>[] {
  return [
    { head: "thread", cell: ({ index }) => index },
    { head: "late by", cell: ({ lagMillis }) => lateness(lagMillis, most) },
  ];
}

function lateness(lagMillis: number, most: number): JSX.Element {
  return <Meter part={lagMillis} whole={most} text={millis(lagMillis)} />;
}

function ThreadsPanel({ now }: { readonly now: Overview }): JSX.Element {
  const most = Math.max(10, ...now.threads.map(({ lagMillis }) => lagMillis));
  return (
    <section class="panel">
      <h2>
        Threads <small>lateness of the event loop</small>
      </h2>
      <SmallTable columns={threadColumns(most)} rows={now.threads} keyOf={({ index }) => index} />
    </section>
  );
}

function Meter({
  part,
  whole,
  text,
}: {
  readonly part: number;
  readonly whole: number;
  readonly text: string;
}): JSX.Element {
  return (
    <span class="meter">
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="meter-all" width="100" height="6" />
        <rect class="meter-part" width={percent(part, whole)} height="6" />
      </svg>
      <span>{text}</span>
    </span>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
