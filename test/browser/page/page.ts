/* Page: lists the suites, runs them one after the other, and shows what each has found while it
 * runs. A person opens it, and so does suites.long.test.ts, which waits for `finished`.
 *
 * The address says what is run at once: `?suite=model` one, `?suite=all` all, nothing where it is
 * absent; `seed` and `scale` are what suites are started with.
 */
import { SUITES } from "../suites.ts";
import type { Suite } from "../suites.ts";
import type { SuiteNews, SuiteOrders } from "../suites/reporting.ts";

/** What a suite came to. */
export interface SuiteResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** What failed and why, of the first failures. */
  readonly failures: readonly string[];
  /** How many of what there were. */
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const SEEDS = 1_000_000;
const address = new URLSearchParams(location.search);
const orders: SuiteOrders = {
  seed: Number(address.get("seed") ?? Math.floor(Math.random() * SEEDS)),
  scale: Number(address.get("scale") ?? 1),
};

/** A suite on the page. */
class Shown {
  readonly #suite: Suite;
  readonly #section: HTMLElement;
  #passed = 0;
  #failed = 0;
  #failures: string[] = [];
  #counts: Record<string, number> = {};
  #startMs = 0;

  constructor(suite: Suite) {
    this.#suite = suite;
    const { content } = element("suite") as HTMLTemplateElement;
    this.#section =
      (content.cloneNode(true) as DocumentFragment).querySelector("section") ?? fail();
    this.#part("h2").textContent = suite.name;
    this.#part(".about").textContent = suite.about;
    this.#part("button").addEventListener("click", () => void runAll([this]));
    element("suites").append(this.#section);
  }

  /** Runs it in a worker of its own. */
  async run(): Promise<SuiteResult> {
    [this.#passed, this.#failed, this.#failures, this.#counts] = [0, 0, [], {}];
    this.#startMs = performance.now();
    this.#part(".failures").replaceChildren();
    this.#part("progress").hidden = false;
    this.#show("running");
    const { name } = this.#suite;
    const worker = new Worker(`/test/browser/suites/${name}.js`, { type: "module", name });
    await new Promise<void>((resolve) => {
      worker.addEventListener("message", ({ data }: MessageEvent<SuiteNews>) => {
        if (data.kind === "ready") worker.postMessage(orders);
        else if (data.kind === "done") resolve();
        else this.#heard(data);
      });
      worker.addEventListener("error", ({ message }) => {
        this.#failed++;
        this.#tellFailure("the worker of the suite", message || "its script cannot be loaded");
        resolve();
      });
    });
    worker.terminate();
    this.#part("progress").hidden = true;
    this.#show(this.#failed === 0 ? "passed" : "failed");
    const [passed, failed, seconds] = [this.#passed, this.#failed, this.#seconds];
    return { name, passed, failed, failures: this.#failures, counts: this.#counts, seconds };
  }

  #heard(news: Exclude<SuiteNews, { kind: "ready" | "done" }>): void {
    if (news.kind === "failed") return this.#tellFailure(news.what, news.why);
    if (news.kind === "counted") this.#counts[news.name] = news.count;
    else [this.#passed, this.#failed] = [news.passed, news.failed];
    this.#show("running");
  }

  #tellFailure(what: string, why: string): void {
    this.#failures.push(`${what}: ${why}`);
    const item = document.createElement("li");
    const whole = document.createElement("pre");
    whole.textContent = why;
    item.append(what, whole);
    this.#part(".failures").append(item);
  }

  #show(state: "running" | "passed" | "failed"): void {
    this.#section.dataset["state"] = state;
    const counts = Object.entries(this.#counts).map(([name, count]) => `${count} ${name}`);
    const checks = `${this.#passed} checks passed, ${this.#failed} failed`;
    const words = [checks, ...counts, `${this.#seconds.toFixed(1)} s`];
    this.#part("output").textContent = `${state}: ${words.join(", ")}`;
  }

  get #seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  #part(selector: string): HTMLElement {
    return this.#section.querySelector<HTMLElement>(selector) ?? fail();
  }
}

function element(id: string): HTMLElement {
  return document.querySelector<HTMLElement>(`#${id}`) ?? fail();
}

function fail(): never {
  throw new Error("the page is not whole");
}

async function runAll(some: readonly Shown[]): Promise<readonly SuiteResult[]> {
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  const results: SuiteResult[] = [];
  for (const one of some) results.push(await one.run());
  const failed = results.filter((one) => one.failed > 0).map(({ name }) => name);
  const verdict = failed.length === 0 ? "All is well" : `Went wrong: ${failed.join(", ")}`;
  const checks = results.reduce((sum, { passed }) => sum + passed, 0);
  element("summary").textContent = `${verdict}: ${checks} checks passed.`;
  for (const button of document.querySelectorAll("button")) button.disabled = false;
  return results;
}

const shown = SUITES.map((suite) => new Shown(suite));
element("about").textContent =
  `The same sources as on a server, run in workers of this page. Seed ${orders.seed}, scale ` +
  `${orders.scale}: ?seed=${orders.seed}&scale=${orders.scale} in the address does it once more.`;
element("run").addEventListener("click", () => void runAll(shown));
const wanted = address.get("suite");
const chosen = shown.filter((_, at) => wanted === "all" || SUITES[at]?.name === wanted);
Object.assign(globalThis, { finished: runAll(chosen) });
