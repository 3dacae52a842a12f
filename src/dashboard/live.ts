/* Live: the stream of overviews, and what the charts remember of it.
 *
 * One EventSource, once a second. From two overviews that follow each other come the rates; a gap
 * (lost connection, a server that was started anew) is a sample of nulls, so no chart draws a line
 * over time that nobody saw. The samples of the last quarter of an hour are kept, also across a
 * reload of the page. Everything that shows "now" reads `overview`; the other pages ask again when
 * `activity` moves, so a quiet server is asked nothing.
 */
import { computed, signal } from "@preact/signals";
import type { Overview } from "../http/api.ts";
import { apiAddress } from "./server-api.ts";

/** How the stream is. */
export type Link = "connecting" | "live" | "lost";

/** What the charts draw, one value for each sample. */
export const COLUMNS = [
  "putPerSecond",
  "deletedPerSecond",
  "failedPerSecond",
  "ready",
  "delayed",
  "reserved",
  "buried",
  "oldestSeconds",
  "queueP50",
  "queueP99",
  "processP50",
  "processP99",
  "workers",
  "waiting",
  "producers",
  "unsyncedMillis",
  "syncMillis",
  "syncsPerSecond",
] as const;

/** The name of a column. */
export type Column = (typeof COLUMNS)[number];

type Sample = Record<Column, number | null>;

/** Samples, oldest first; `at` in seconds since 1970 by the server's clock. */
export interface Samples {
  readonly at: number[];
  readonly columns: Record<Column, (number | null)[]>;
}

const KEPT_SAMPLES = 900;
/** Two overviews further apart than this have a gap between them. */
const GAP_MILLIS = 4000;
const STORED_AS = "homemaker.samples";

/** How the stream is. */
export const link = signal<Link>("connecting");
/** The newest overview; null before the first. */
export const overview = signal<Overview | null>(null);
/** When, by this machine's clock, the newest overview came. */
export const heardAt = signal(0);
/** What the charts draw. The same object always: read `heardAt` to know that it changed. */
export const samples: Samples = emptySamples();
/** How often the server was found to be another process than before. */
export const restarts = signal(0);
/** Whether pages follow what happens; the charts always do. */
export const follows = signal(true);

/** Differs whenever something happened to jobs or connections. */
export const activity = computed(() => {
  const now = overview.value;
  return now === null
    ? ""
    : JSON.stringify([now.id, now.jobs, now.totals, now.connections, now.tubes]);
});

/** Where the queue listens, as JSON: a text that is the same as long as it says the same. */
export const addresses = computed(() => JSON.stringify(overview.value?.addresses ?? []));

/** The newest value of a column. */
export function newest(column: Column): number | null {
  return samples.columns[column].at(-1) ?? null;
}

/** The server's clock now, in milliseconds since 1970. */
export function serverNow(): number {
  const now = overview.value;
  return now === null ? Date.now() : now.now + (Date.now() - heardAt.value);
}

let source: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;
let silence: ReturnType<typeof setTimeout> | undefined;

/** Begins to listen; once begun, it goes on until `stopListening`. */
export function startListening(): void {
  stopListening();
  link.value = overview.value === null ? "connecting" : link.value;
  source = new EventSource(apiAddress("events"));
  source.addEventListener("overview", (event) => {
    take(JSON.parse(String(event.data)) as Overview);
  });
  source.addEventListener("error", () => {
    link.value = "lost";
    // The browser tries again by itself only after some failures.
    if (source?.readyState === EventSource.CLOSED) retry = setTimeout(startListening, 3000);
  });
}

/** Ends the stream. */
export function stopListening(): void {
  source?.close();
  source = null;
  clearTimeout(retry);
  clearTimeout(silence);
}

function take(next: Overview): void {
  const before = overview.value;
  if (before !== null && before.id !== next.id) restarts.value += 1;
  const follows_ =
    before !== null &&
    before.id === next.id &&
    next.now - before.now < GAP_MILLIS &&
    next.now > before.now;
  if (!follows_ && samples.at.length > 0) push(next.now / 1000 - 0.5, nulls());
  push(next.now / 1000, sampleOf(next, follows_ ? before : null));
  heardAt.value = Date.now();
  overview.value = next;
  link.value = "live";
  clearTimeout(silence);
  silence = setTimeout(() => {
    link.value = "lost";
    startListening();
  }, 10_000);
}

function sampleOf(now: Overview, before: Overview | null): Sample {
  const perSecond = (value: number, earlier: number | undefined): number | null =>
    before === null || earlier === undefined
      ? null
      : Math.max(0, ((value - earlier) * 1000) / (now.now - before.now));
  const { totals } = now;
  return {
    putPerSecond: perSecond(totals.put, before?.totals.put),
    deletedPerSecond: perSecond(totals.deleted, before?.totals.deleted),
    failedPerSecond: perSecond(totals.failures, before?.totals.failures),
    ready: now.jobs.ready,
    delayed: now.jobs.delayed,
    reserved: now.jobs.reserved,
    buried: now.jobs.buried,
    oldestSeconds: now.oldestReady?.ageSeconds ?? 0,
    queueP50: now.queueMillis?.p50 ?? null,
    queueP99: now.queueMillis?.p99 ?? null,
    processP50: now.processMillis?.p50 ?? null,
    processP99: now.processMillis?.p99 ?? null,
    workers: now.connections.workers,
    waiting: now.connections.waiting,
    producers: now.connections.producers,
    unsyncedMillis: now.journal === null ? null : (now.journal.oldestUnsyncedMillis ?? 0),
    syncMillis: now.journal?.lastSyncMillis ?? null,
    syncsPerSecond: perSecond(now.journal?.syncs ?? 0, before?.journal?.syncs),
  };
}

function push(at: number, sample: Sample): void {
  samples.at.push(at);
  for (const column of COLUMNS) samples.columns[column].push(sample[column]);
  if (samples.at.length <= KEPT_SAMPLES) return;
  samples.at.shift();
  for (const column of COLUMNS) samples.columns[column].shift();
}

function emptySamples(): Samples {
  return {
    at: [],
    columns: Object.fromEntries(
      COLUMNS.map((column) => [column, []]),
    ) as unknown as Samples["columns"],
  };
}

function nulls(): Sample {
  return Object.fromEntries(COLUMNS.map((column) => [column, null])) as Sample;
}

/**
 * Takes back what the page remembered before it was loaded again, if it is of the last quarter of
 * an hour.
 */
export function recallSamples(): void {
  const text = sessionStorage.getItem(STORED_AS);
  sessionStorage.removeItem(STORED_AS);
  if (text === null) return;
  const stored = JSON.parse(text) as Samples;
  const isFitting = COLUMNS.every((column) => stored.columns[column]?.length === stored.at.length);
  const last = stored.at.at(-1) ?? 0;
  if (!isFitting || Math.abs(Date.now() / 1000 - last) > KEPT_SAMPLES) return;
  samples.at.push(...stored.at);
  for (const column of COLUMNS) samples.columns[column].push(...stored.columns[column]);
}

addEventListener("pagehide", () => {
  if (samples.at.length > 0) sessionStorage.setItem(STORED_AS, JSON.stringify(samples));
});
