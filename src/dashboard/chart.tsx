/* Chart: lines over time, drawn by uPlot from the samples that live.ts keeps.
 *
 * Charts of a page share the cursor: pointing at a moment in one shows the values of that moment in
 * the legends of all. The legend is ordinary text and says the newest values otherwise, so the
 * picture holds nothing that cannot be read.
 */
import { computed, effect, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { appearance } from "./appearance.ts";
import { heardAt, samples } from "./live.ts";
import type { Column } from "./live.ts";
import { clock } from "./quantity.ts";

/** A line of a chart. */
export interface Line {
  readonly column: Column;
  readonly label: string;
  /** A colour of the style sheet, such as `--ready`. */
  readonly color: string;
  /** Whether the area below it is filled. */
  readonly isFilled?: boolean;
}

const SHORT_REACH_SECONDS = 60;
const LONG_REACH_SECONDS = 300;

/** How many seconds back the reader wants the charts to reach; null before they have said. */
export const chosenReach = signal<number | null>(null);

/** How many seconds back the charts reach: a short time while not more has been seen. */
export const reachSeconds = computed(() => {
  void heardAt.value;
  const seenSeconds = (samples.at.at(-1) ?? 0) - (samples.at[0] ?? 0);
  const isLong = seenSeconds >= LONG_REACH_SECONDS;
  return chosenReach.value ?? (isLong ? LONG_REACH_SECONDS : SHORT_REACH_SECONDS);
});

/** The index of the sample that is pointed at; null when none is. */
const pointedAt = signal<number | null>(null);

const HEIGHT = 132;
/** What a time of the day takes to the right of its place. */
const HALF_CLOCK_PIXELS = 22;
/** What stands beside an axis and its labels. */
const AXIS_GAP_PIXELS = 12;
const AXIS_LEAST_PIXELS = 44;
/** Steps of an axis of seconds, from a tenth to a week. */
export const STEPS_OF_SECONDS: readonly number[] = [
  0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800,
  604_800,
];
/** Steps of the axis of time, in seconds. */
const STEPS_OF_TIME = [5, 10, 15, 20, 30, 60, 120, 180, 300];
/** Steps of an axis of milliseconds: parts of one, and those of seconds. */
export const STEPS_OF_MILLIS: readonly number[] = [
  ...[0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50],
  ...STEPS_OF_SECONDS.map((seconds) => seconds * 1000),
];

/** A chart with its title and legend. */
export function Chart({
  title,
  lines,
  format,
  steps,
}: {
  readonly title: string;
  readonly lines: readonly Line[];
  /** A value with its unit. */
  readonly format: (value: number | null) => string;
  /** Steps of the axis, for values that do not come in tens. */
  readonly steps?: readonly number[];
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const kind = appearance.value;
  void heardAt.value;
  const index = pointedAt.value ?? samples.at.length - 1;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(element, lines, format, steps), dataOf(lines), element);
    const follow = effect(() => {
      if (heardAt.value + reachSeconds.value > 0) made.setData(dataOf(lines));
    });
    const resizing = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resizing.observe(element);
    return () => {
      follow();
      resizing.disconnect();
      made.destroy();
    };
  }, [kind, lines, format, steps]);

  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <dl class="legend">
          {lines.map(({ column, label, color }) => (
            <div key={column}>
              <dt>
                <svg class={`swatch ${color.slice(2)}`} viewBox="0 0 10 4" aria-hidden="true">
                  <path d="M0 2h10" />
                </svg>
                {label}
              </dt>
              <dd>{format(samples.columns[column][index] ?? null)}</dd>
            </div>
          ))}
        </dl>
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
      {isBlank(lines) && <p class="plot-blank">nothing measured yet</p>}
    </figure>
  );
}

function isBlank(lines: readonly Line[]): boolean {
  return lines.every(({ column }) => samples.columns[column].every((value) => value === null));
}

function dataOf(lines: readonly Line[]): uPlot.AlignedData {
  const last = samples.at.at(-1) ?? Date.now() / 1000;
  const from = Math.max(
    0,
    samples.at.findIndex((at) => at >= last - reachSeconds.peek()),
  );
  return [
    samples.at.slice(from),
    ...lines.map(({ column }) => samples.columns[column].slice(from)),
  ];
}

function optionsOf(
  element: HTMLElement,
  lines: readonly Line[],
  format: (value: number | null) => string,
  steps: readonly number[] | undefined,
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const font = `11px ${style.getPropertyValue("--sans")}`;
  const axis: uPlot.Axis = {
    stroke: color("--ink-3"),
    font,
    grid: { stroke: color("--rule-2"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(element.clientWidth, 100),
    height: HEIGHT,
    padding: [8, 6, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: "charts" },
      x: true,
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
    },
    scales: {
      x: {
        time: true,
        range: reachOf,
      },
      y: { range: (_, __, most) => [0, ceiling(most)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        space: 80,
        incrs: STEPS_OF_TIME,
        // What would not fit at the right edge is left out.
        values: (plot, splits) =>
          splits.map((split) =>
            plot.over.clientWidth - plot.valToPos(split, "x") < HALF_CLOCK_PIXELS
              ? null
              : clock(split * 1000),
          ),
      },
      {
        ...axis,
        size: (plot, labels) => axisWidth(plot, labels, font),
        space: 34,
        values: (_, splits) => splits.map((split) => (split === 0 ? "0" : format(split))),
        ...(steps === undefined ? {} : { incrs: [...steps] }),
      },
    ],
    series: [
      {},
      ...lines.map((line): uPlot.Series => ({
        label: line.label,
        stroke: color(line.color),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
        ...(line.isFilled === true ? { fill: `${color(line.color)}22` } : {}),
      })),
    ],
    hooks: { setCursor: [(plot) => (pointedAt.value = indexOf(plot))] },
  };
}

/** What the axis of time shows: what was chosen, whether or not the page is that old. */
function reachOf(plot: uPlot, _: number, most: number): [number, number] {
  const last = plot.data[0].at(-1) ?? most;
  return [last - reachSeconds.peek(), last];
}

/** So wide that no label is cut off. */
function axisWidth(plot: uPlot, labels: readonly string[] | null, font: string): number {
  plot.ctx.save();
  plot.ctx.font = font;
  const widths = (labels ?? []).map((label) => plot.ctx.measureText(label).width);
  plot.ctx.restore();
  return Math.ceil(Math.max(AXIS_LEAST_PIXELS, ...widths.map((width) => width + AXIS_GAP_PIXELS)));
}

/** The sample under the cursor, counted in all samples. */
function indexOf(plot: uPlot): number | null {
  const { idx } = plot.cursor;
  if (idx === null || idx === undefined) return null;
  return samples.at.length - plot.data[0].length + idx;
}

/** A top that leaves a little room, and is never nothing. */
function ceiling(most: number | null): number {
  return most === null || !(most > 0) ? 1 : most * 1.12;
}
