/* Client bench: what a job costs the client, from its put to its delete, in CPU of this process.
 *
 *   node bench/client.ts [ADDRESS]
 *
 * Without an address the queue is in this process, and its CPU is counted, too. `reserve` puts
 * WAVE jobs, reserves them and deletes them, all pipelined; `window` is a producer and a loop over
 * `jobs` side by side. Run by hand; the median of the rounds is printed.
 */
import process from "node:process";
import { connect } from "../src/entries/client.ts";
import type { Client } from "../src/entries/client.ts";
import { openBroker } from "../src/runtimes/node-broker.ts";

const JOBS = 200_000;
const WAVE = 500;
const ROUNDS = 5;
const BODY = new Uint8Array(100).fill(0x78);

async function produce(client: Client): Promise<void> {
  for (let done = 0; done < JOBS; done += WAVE) {
    await Promise.all(Array.from({ length: WAVE }, () => client.put(BODY)));
  }
}

async function reserve(client: Client): Promise<void> {
  for (let done = 0; done < JOBS; done += WAVE) {
    const puts = Array.from({ length: WAVE }, () => client.put(BODY));
    const ends = Array.from({ length: WAVE }, async () => {
      const job = await client.reserveWithTimeout(0);
      await job?.delete();
    });
    await Promise.all([...puts, ...ends]);
  }
}

async function window(client: Client): Promise<void> {
  const producing = produce(client);
  let left = JOBS;
  for await (const job of client.jobs({ window: WAVE })) {
    const deleted = job.delete();
    if (--left > 0) continue;
    await deleted;
    break;
  }
  await producing;
}

interface Measured {
  readonly cpuMicros: number;
  readonly jobsPerSecond: number;
}

async function measure(run: () => Promise<void>): Promise<Measured> {
  const began = performance.now();
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1000;
  return { cpuMicros: (user + system) / JOBS, jobsPerSecond: JOBS / seconds };
}

const [, , address] = process.argv;
await using client = await connect(address ?? (await openBroker()));
for (const [name, run] of Object.entries({ reserve, window })) {
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(() => run(client)));
  const sorted = rounds.toSorted((one, other) => one.cpuMicros - other.cpuMicros);
  const { cpuMicros, jobsPerSecond } = sorted[ROUNDS >> 1] ?? { cpuMicros: 0, jobsPerSecond: 0 };
  console.log(
    `${name}: ${cpuMicros.toFixed(1)} us of CPU a job, ${Math.round(jobsPerSecond)} jobs/s`,
  );
}
