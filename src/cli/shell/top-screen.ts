/*
 * Top screen: what `homemaker top` has seen, drawn as lines of text for a screen of a given size.
 * Pure; called by top.ts.
 */
import type { TubeColumn } from "./request.ts";
import type { Facts, Value } from "./text.ts";
import { middleOut, shownText, table } from "./text.ts";
import { figure, sortTubes, TUBE_HEAD, tubeCells } from "./tube-rows.ts";

/** What was seen at one moment. */
export interface Sample {
  /** On a clock that never jumps, in seconds. */
  readonly atSeconds: number;
  readonly server: Facts;
  readonly tubes: readonly Facts[];
  /** Tubes that there are, which may be more than were looked at. */
  readonly tubeCount: number;
}

/** How it is to be shown. */
export interface View {
  readonly columns: number;
  readonly rows: number;
  readonly sort: TubeColumn;
  /** Tubes that are scrolled past. */
  readonly skipped: number;
  readonly where: string;
  /** There is no connection: what is shown is what was seen last. */
  readonly isLost: boolean;
}

/** What happened in a second, and the figures of `stats` that count it. */
const RATES = {
  put: ["cmd-put"],
  reserved: ["cmd-reserve", "cmd-reserve-with-timeout", "cmd-reserve-job"],
  deleted: ["cmd-delete"],
  released: ["cmd-release"],
  buried: ["cmd-bury"],
  timeouts: ["job-timeouts"],
} as const;
type Rate = keyof typeof RATES;

const BLOCKS = " ▁▂▃▄▅▆▇█";
/** So many columns a name keeps, before columns of figures are left out for it. */
const NAME_COLUMNS = 16;
/** Which columns are left out first where there is no room for all. */
const LESS_TELLING = ["watching", "total", "waiting", "delayed", "buried", "reserved"];
const BOLD = "\x1B[1m";
const DIM = "\x1B[2m";
const PLAIN = "\x1B[0m";

/** Events a second between two samples; 0 where a restart has set the counts back. */
export function rateOf(rate: Rate, before: Sample | undefined, after: Sample): number {
  if (before === undefined) return 0;
  const count = (sample: Sample): number =>
    RATES[rate].reduce((sum, name) => sum + figure(sample.server, name), 0);
  const seconds = after.atSeconds - before.atSeconds;
  return seconds > 0 ? Math.max(0, (count(after) - count(before)) / seconds) : 0;
}

/**
 * The lines of the screen, none wider and no more than it has. `history` is oldest first and has at
 * least one sample.
 */
export function drawScreen(history: readonly Sample[], view: View): readonly string[] {
  const now = history.at(-1);
  if (now === undefined) return [];
  const head = [
    view.isLost ? lostTitle(view) : title(now, view),
    jobsLine(now),
    ...rateLines(history, view.columns),
    connectionsLine(now),
    "",
  ];
  const room = Math.max(1, view.rows - head.length - 2);
  const tubes = sortTubes(now.tubes, view.sort);
  const skipped = Math.min(view.skipped, Math.max(0, tubes.length - room));
  const [names = "", ...rows] = tubeTable(tubes, view);
  const shown = rows.slice(skipped, skipped + room).map((row) => clip(row, view.columns));
  const foot = footer(now, view, skipped, shown.length);
  return [
    ...head.map((line) => clip(line, view.columns)),
    `${BOLD}${clip(names, view.columns)}${PLAIN}`,
    ...shown,
    `${DIM}${clip(foot, view.columns)}${PLAIN}`,
  ];
}

/**
 * The table of tubes in the width there is: long names lose their middle, then columns that say
 * less are left out; what is in a tube and whether it is paused always shows.
 */
function tubeTable(tubes: readonly Facts[], { columns, sort }: View): readonly string[] {
  let heads = TUBE_HEAD;
  for (;;) {
    const cells = tubes.map((tube) => tubeCells(tube, heads));
    const others = table(
      heads.slice(1),
      cells.map((row) => row.slice(1)),
    );
    const widest = Math.max(...others.map(({ length }) => length));
    const nameWidth = columns - widest - 2;
    const leftOut = LESS_TELLING.find((head) => head !== sort && heads.includes(head));
    if (nameWidth < NAME_COLUMNS && leftOut !== undefined) {
      heads = heads.filter((head) => head !== leftOut);
      continue;
    }
    const short = (name: Value): string => middleOut(String(name), Math.max(nameWidth, 1));
    return table(
      heads,
      cells.map(([name = "", ...figures]) => [short(name), ...figures]),
    );
  }
}

function title({ server }: Sample, { where, columns }: View): string {
  const version = shownText(String(server["version"] ?? ""));
  const draining = server["draining"] === true ? " · draining: takes no new jobs" : "";
  const rest = `${draining} · version ${version} · up ${duration(figure(server, "uptime"))}`;
  return `${middleOut(where, Math.max(columns - rest.length, 1))}${rest}`;
}

function lostTitle({ where, columns }: View): string {
  const rest = " · the connection is lost, trying again";
  return `${middleOut(where, Math.max(columns - rest.length, 1))}${rest}`;
}

function jobsLine({ server }: Sample): string {
  const states = ["ready", "reserved", "delayed", "buried", "urgent"];
  return states
    .map((state) => `${state} ${grouped(figure(server, `current-jobs-${state}`))}`)
    .join("   ");
}

/** In and out, each with a small chart of what went before. */
function rateLines(history: readonly Sample[], columns: number): readonly string[] {
  const now = history.at(-1);
  const before = history.at(-2);
  if (now === undefined) return [];
  const series = (rate: Rate): number[] =>
    history.slice(1).map((sample, at) => rateOf(rate, history[at], sample));
  const width = Math.max(0, columns - 24);
  const chart = (rate: Rate, word: string): string => {
    const figures = `${word} ${grouped(Math.round(rateOf(rate, before, now)))}/s`;
    return `${figures.padEnd(22)}${sparkline(series(rate), width)}`;
  };
  const others = (["reserved", "released", "buried", "timeouts"] as const)
    .map((rate) => `${rate} ${grouped(Math.round(rateOf(rate, before, now)))}/s`)
    .join("   ");
  return [chart("put", "in "), chart("deleted", "out"), others];
}

function connectionsLine({ server }: Sample): string {
  return ["connections", "producers", "workers", "waiting"]
    .map((name) => `${name} ${grouped(figure(server, `current-${name}`))}`)
    .join("   ");
}

function footer(now: Sample, { sort }: View, skipped: number, shown: number): string {
  const seen = now.tubes.length;
  const more = now.tubeCount > seen ? `, of the first ${grouped(seen)}` : "";
  const which = shown === 0 ? "no tubes" : `tubes ${skipped + 1} to ${skipped + shown}${more}`;
  return `${which} of ${grouped(now.tubeCount)}, by ${sort} · q quits, s sorts, arrows scroll`;
}

/** The last `width` figures as a line of bars, the highest of them full. */
export function sparkline(figures: readonly number[], width: number): string {
  const shown = width <= 0 ? [] : figures.slice(-width);
  const most = Math.max(0, ...shown);
  const top = BLOCKS.length - 1;
  return shown.map((one) => BLOCKS[most === 0 ? 0 : Math.ceil((one / most) * top)] ?? " ").join("");
}

/** 1234567 as 1,234,567. */
function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
];

/** Seconds as the two largest units that say something. */
function duration(seconds: number): string {
  for (const [at, [unit, size]] of UNITS.entries()) {
    if (seconds < size) continue;
    const [next, nextSize] = UNITS[at + 1] ?? ["s", 1];
    const rest = Math.floor((seconds % size) / nextSize);
    return `${Math.floor(seconds / size)} ${unit} ${rest} ${next}`;
  }
  return `${seconds} s`;
}

function clip(line: string, columns: number): string {
  return Array.from(line).slice(0, columns).join("");
}

/** What `--json` prints of a sample: the server's figures, what happens in a second, the tubes. */
export function sampleFields(
  before: Sample | undefined,
  now: Sample,
): Record<string, Facts | readonly Facts[] | Value> {
  const rates = (Object.keys(RATES) as Rate[]).map((rate) => [rate, rateOf(rate, before, now)]);
  return { server: now.server, perSecond: Object.fromEntries(rates) as Facts, tubes: now.tubes };
}
