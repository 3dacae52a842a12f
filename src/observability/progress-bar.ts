/* Progress bar: how far something long is, in one line of a terminal that is drawn again and again.
 *
 * Nothing else is written to the terminal between `show` and `clear`, but for lines that take the
 * bar's place; the next `show` draws it anew. Used by the main thread while the journal is
 * recovered; where there is no terminal the log says it instead.
 */
import type { BarTerminal } from "../terminal.ts";

/** Columns of a terminal that does not say how many it has. */
const COLUMNS = 80;
const BAR_MAX = 40;
/** To the beginning of the line, and clear it to its end. */
const ANEW = "\r\u001b[K";

/** One bar. */
export class ProgressBar {
  readonly #terminal: BarTerminal;
  readonly #label: string;
  #isDrawn = false;

  /** `label` stands in front of it. Nothing is drawn yet. */
  constructor(terminal: BarTerminal, label: string) {
    this.#terminal = terminal;
    this.#label = label;
  }

  /** Draws it: `done` of `all`, numbers of anything. */
  show(done: number, all: number): void {
    const { columns } = this.#terminal;
    const share = all > 0 ? Math.min(1, Math.max(0, done / all)) : 0;
    const percent = `${Math.floor(100 * share)} %`.padStart(5);
    const room = (columns > 0 ? columns : COLUMNS) - this.#label.length - percent.length - 5;
    const width = Math.max(0, Math.min(BAR_MAX, room)); // in a narrow terminal the number alone
    const bar = width > 0 ? ` [${"#".repeat(Math.floor(share * width)).padEnd(width)}]` : "";
    this.#terminal.write(`${ANEW}${this.#label}${bar} ${percent}`);
    this.#isDrawn = true;
  }

  /** Takes it away, if it is there: what is written next begins a line. */
  clear(): void {
    if (this.#isDrawn) this.#terminal.write(ANEW);
    this.#isDrawn = false;
  }
}
