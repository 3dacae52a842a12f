/* Sparkline: the last two minutes of one column, as a line without axes. */
import type { JSX } from "preact";
import { heardAt, samples } from "./live.ts";
import type { Column } from "./live.ts";

const SHOWN = 120;
const WIDTH = 120;
const HEIGHT = 28;

/** Decoration: the number that it belongs to stands beside it. */
export function Sparkline({ column }: { readonly column: Column }): JSX.Element {
  void heardAt.value;
  const values = samples.columns[column].slice(-SHOWN);
  const most = Math.max(1e-9, ...values.map((value) => value ?? 0));
  const first = SHOWN - values.length;
  let path = "";
  let isDrawing = false;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      isDrawing = false;
      continue;
    }
    const x = (((first + index) / (SHOWN - 1)) * WIDTH).toFixed(1);
    const y = (HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1);
    path += `${isDrawing ? "L" : "M"}${x} ${y}`;
    isDrawing = true;
  }
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}
