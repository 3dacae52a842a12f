/* Reporting: what a suite, which runs in a worker of the page, is told and tells the page.
 *
 * A suite is a module that calls `runSuite` with what it does. It counts its checks, and says of
 * each that failed what was wrong; the first failures are told in full, of more only the number.
 */
import { tell as post } from "../../../src/browser/started-worker.ts";

/** What a suite is started with. */
export interface SuiteOrders {
  /** Where its chances come from. */
  readonly seed: number;
  /** 1 is what a usual run does; 10 does about ten times as much. */
  readonly scale: number;
}

/** What it tells. */
export type SuiteNews =
  /** It has loaded, which may take several turns, and waits for its orders. */
  | { readonly kind: "ready" }
  | { readonly kind: "checked"; readonly passed: number; readonly failed: number }
  | { readonly kind: "failed"; readonly what: string; readonly why: string }
  | { readonly kind: "counted"; readonly name: string; readonly count: number }
  | { readonly kind: "done" };

/** Milliseconds between two reports of how far it is. */
const EVERY_MS = 200;
const FAILURES_TOLD = 20;

/** What a suite says while it runs. */
export class Reporting {
  #passed = 0;
  #failed = 0;
  #toldMs = 0;

  /** Carries a check out. What it throws is a failure, and the suite goes on. */
  async check(what: string, run: () => void | Promise<void>): Promise<void> {
    try {
      await run();
      this.#passed++;
    } catch (error) {
      this.#failed++;
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (this.#failed <= FAILURES_TOLD) tell({ kind: "failed", what, why });
    }
    if (performance.now() - this.#toldMs > EVERY_MS) this.#tell();
  }

  /** How many there were of something that a person wants to know of. */
  count(name: string, count: number): void {
    tell({ kind: "counted", name, count });
  }

  done(): void {
    this.#tell();
    tell({ kind: "done" });
  }

  #tell(): void {
    this.#toldMs = performance.now();
    tell({ kind: "checked", passed: this.#passed, failed: this.#failed });
  }
}

/** Runs a suite as soon as the page says how. */
export function runSuite(
  suite: (reporting: Reporting, orders: SuiteOrders) => void | Promise<void>,
): void {
  const run = async (orders: SuiteOrders): Promise<void> => {
    const reporting = new Reporting();
    await reporting.check("the suite comes to its end", () => suite(reporting, orders));
    reporting.done();
  };
  addEventListener("message", ({ data }: MessageEvent<SuiteOrders>) => void run(data), {
    once: true,
  });
  tell({ kind: "ready" });
}

function tell(news: SuiteNews): void {
  post(news);
}
