/* Suite: a queue in a directory of the browser's own file system, whose workers are terminated at
 * any moment, while it is opened, too: all of them, that of the queue, or that of the journal
 * alone. Whoever waited then hears so, by an error that has a code; opened again, the queue has
 * what it had answered for.
 */
import { Random } from "../../support/random.ts";
import { CrashLog } from "./crash-log.ts";
import type { Part } from "./mortal-workers.ts";
import type { OwnerNews, OwnerOrders, OwnersLoss } from "./owner.ts";
import { runSuite } from "./reporting.ts";
import { Survivors } from "./survivors.ts";

const CRASHES = 12;
/** What is terminated, in turn, of a queue that is open; before that it is all. */
const DYING = ["all", "queue", "journal"] as const;
/** Of so many crashes one comes before the queue is open. */
const EARLY = 4;
const EARLY_MS = 400;
const TRAFFIC_MS = 400;
const ENTRIES_MAX = 20_000;
/** More than one owner puts. */
const NUMBERS = 1_000_000;
/** What those may hear who wait for a queue whose worker is gone, or come later. */
const HEARD = ["HM_BROKEN", "HM_CLOSED", "HM_LOST"];
/** Puts that were not answered have ids above those that are known. */
const UNKNOWN_IDS = 64;

/** A worker that has the queue. */
class Owner {
  readonly log = CrashLog.ofRoom(ENTRIES_MAX);
  readonly found = Promise.withResolvers<readonly (readonly [number, number])[]>();
  readonly closed = Promise.withResolvers<void>();
  readonly bereft = Promise.withResolvers<readonly string[]>();
  readonly #worker = new Worker("/test/browser/suites/owner.js", { type: "module" });

  constructor(orders: Omit<OwnerOrders, "kind" | "words">) {
    for (const { promise } of this.#promised) promise.catch(() => undefined);
    this.#worker.addEventListener("message", ({ data }: MessageEvent<OwnerNews>) => {
      if (data.kind === "ready") this.#say({ kind: "begin", ...orders, words: this.log.words });
      else if (data.kind === "found") this.found.resolve(data.jobs);
      else if (data.kind === "closed") this.closed.resolve();
      else if (data.kind === "bereft") this.bereft.resolve(data.codes);
      else this.#fail(data.why);
    });
    this.#worker.addEventListener("error", ({ message }) => this.#fail(message));
  }

  /** One of its workers is terminated. Resolves with what was heard of that. */
  lose(part: Part): Promise<readonly string[]> {
    this.#say({ kind: "lose", part });
    return this.bereft.promise;
  }

  terminate(): void {
    this.#worker.terminate();
    this.#fail("it was terminated");
  }

  get #promised() {
    return [this.found, this.closed, this.bereft] as const;
  }

  #say(said: OwnerOrders | OwnersLoss): void {
    this.#worker.postMessage(said);
  }

  #fail(why: string): void {
    for (const { reject } of this.#promised) reject(new Error(why));
  }
}

runSuite(async (reporting, { seed, scale }) => {
  const directory = `crashes-${seed}`;
  const random = new Random(seed);
  const survivors = new Survivors();
  let foundAgain = 0;
  const owners: Owner[] = [];
  /** One that is terminated may go on for a moment; the next one opens the queue after that. */
  const note = (some: readonly Owner[]): void => {
    for (const { log } of some) for (const entry of log.news()) survivors.note(entry);
  };
  const start = (isLast: boolean): Owner => {
    const idsMax = survivors.idsMax + UNKNOWN_IDS;
    const number = NUMBERS * owners.length;
    const owner = new Owner({ directory, seed: random.word(), number, idsMax, isLast });
    owners.push(owner);
    return owner;
  };
  const judged = async (owner: Owner, when: string): Promise<void> => {
    const jobs = await owner.found.promise;
    note(owners.filter((other) => other !== owner)); // this one has gone on
    foundAgain += jobs.length;
    reporting.count("jobs found again", foundAgain);
    await reporting.check(`${when}: ${jobs.length} jobs`, () => {
      const problems = survivors.judge(jobs);
      if (problems.length > 0) throw new Error(problems.join("\n"));
    });
  };
  const bereft = (owner: Owner, part: Part): Promise<void> =>
    reporting.check(`all hear that the worker of the ${part} is gone`, async () => {
      const codes = await owner.lose(part);
      const wrong = codes.filter((code) => !HEARD.includes(code));
      if (codes.length === 0 || wrong.length > 0) throw new Error(codes.join(", "));
    });
  const unbegun = async (): Promise<void> => {
    const about = { number: 0, idsMax: 0, isLast: false, seed: 0 };
    const owner = new Owner({ ...about, directory: `${directory}-unbegun` });
    await bereft(owner, "queue"); // at once: it is terminated as soon as it is started
    owner.terminate();
  };
  const slow = unbegun(); // which takes a minute
  for (let crash = 1; crash <= CRASHES * scale; crash++) {
    const owner = start(false);
    const isEarly = crash % EARLY === 0;
    if (!isEarly) await judged(owner, `before crash ${crash}`);
    await new Promise((resolve) =>
      setTimeout(resolve, random.below(isEarly ? EARLY_MS : TRAFFIC_MS)),
    );
    const dying = DYING[crash % DYING.length] ?? "all";
    if (dying !== "all" && !isEarly) await bereft(owner, dying);
    owner.terminate();
    note(owners);
    reporting.count("crashes", crash);
  }
  await reporting.check("jobs were found again at all", () => {
    if (foundAgain === 0) throw new Error("none was");
  });
  for (const when of ["after the last crash", "after it was emptied and closed"]) {
    const owner = start(true);
    await judged(owner, when);
    await owner.closed.promise;
    owner.terminate();
    survivors.allDeleted();
  }
  await (await navigator.storage.getDirectory()).removeEntry(directory, { recursive: true });
  await slow;
});
