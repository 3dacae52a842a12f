/* A mixed crowd: producers and workers that use what the protocol has beside beanstalkd's: keys,
 * groups, windows, batches, moves, results and awaited ends, over several tubes, while times run
 * out and clients hang up. For a bounded number of jobs, and then until nothing is left.
 *
 * In the end the producers stop, buried jobs are kicked, the workers only delete and finish, and
 * the queue must run empty, with no key held and no job that waits for a group; then each end that
 * is awaited must have been told. All that was seen is in the ledger.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Random } from "../support/random.ts";
import type { Connect } from "../support/connect.ts";
import type { CrowdReport } from "./crowd.ts";
import type { Entry } from "./entries.ts";
import type { MixedClient } from "./mixed-client.ts";
import { MixedProducer } from "./mixed-producer.ts";
import { Scene, TUBES } from "./mixed-scene.ts";
import { MixedWorker } from "./mixed-worker.ts";

/** What a crowd needs. */
export interface MixedCrowdOptions {
  readonly connect: Connect;
  readonly seed: number;
  readonly producers: number;
  readonly workers: number;
  /** Times that each producer puts something. */
  readonly rounds: number;
}

/** How long the queue may take to run empty when nothing is put any more. */
const PATIENCE_MS = 60_000;

/** Lets a crowd loose on a server that holds no jobs. */
export async function runMixedCrowd(options: MixedCrowdOptions): Promise<CrowdReport> {
  const scene = new Scene(options.connect);
  const workers = Array.from({ length: options.workers }, (_, index) => {
    const random = new Random(options.seed + 1_000_000 + index);
    return new MixedWorker(scene, random).work();
  });
  const producers = Array.from(
    { length: options.producers },
    (_, index) => new MixedProducer(scene, new Random(options.seed + index)),
  );
  await Promise.all(producers.map((producer) => producer.produce(options.rounds)));
  await finish(scene);
  await Promise.all(workers);
  for (const producer of producers) producer.close();
  return scene;
}

/** No more is put: all that is there comes to its end. */
async function finish(scene: Scene): Promise<void> {
  scene.isProducing = false;
  const control = await scene.open();
  await until(scene, "the queue did not run empty", async () => {
    for (const tube of TUBES) {
      await control.ask(`use ${tube}`);
      await control.ask("kick 1000000");
    }
    return firstLeft(await statsOf(control));
  });
  await until(scene, "an end that is awaited was not told", () => firstUntold(scene.entries));
  scene.isOver = true;
  control.close();
}

/** Waits until nothing is left; what is left after a long time is a problem. */
async function until(
  scene: Scene,
  complaint: string,
  left: () => string | Promise<string>,
): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  let what = await left();
  while (what !== "" && performance.now() < giveUpAt) {
    await nextTurn();
    what = await left();
  }
  if (what !== "") scene.problems.push(`${complaint}: ${what}`);
}

/** The first client that awaits something and is there; the ledger says more. */
function firstUntold(entries: readonly Entry[]): string {
  const due = new Map<number, number>();
  const gone = new Set<number>();
  for (const entry of entries) {
    if (entry.what === "gone") gone.add(entry.client);
    if (entry.what !== "done" && entry.what !== "await") continue;
    const change = entry.what === "done" ? -1 : Number(entry.ok === true);
    due.set(entry.client, (due.get(entry.client) ?? 0) + change);
  }
  const [first] = [...due].filter(([client, count]) => count > 0 && !gone.has(client));
  return first === undefined ? "" : `client ${first[0]} awaits ${first[1]}`;
}

async function statsOf(control: MixedClient): Promise<string> {
  const { reply } = await control.ask("stats");
  return Buffer.from(reply?.body ?? "").toString();
}

const NOTHING_LEFT = [
  "current-jobs-ready",
  "current-jobs-reserved",
  "current-jobs-delayed",
  "current-jobs-buried",
  "current-jobs-aside",
  "current-jobs-waiting",
  "current-concurrency-keys",
];

/** What of the stats is not 0; nothing if no job is there. */
function firstLeft(stats: string): string {
  return NOTHING_LEFT.filter((key) => !stats.includes(`${key}: 0\n`)).join(", ");
}
