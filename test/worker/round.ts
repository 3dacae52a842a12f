/* Round: what a program with a queue does, on whatever runtime runs it.
 *
 *   round.ts DIRECTORY [PACKAGE]
 *
 * It prints what it found, as JSON. Its last queue it does not close: the process has to end by
 * itself. Run by runtimes.long.test.ts and toolchain/package.long.test.ts, which compare.
 */
import type * as Entry from "../../src/entries/queue.ts";

const [, , directory = "", name = new URL("../../src/entries/queue.ts", import.meta.url).href] =
  process.argv;
const { decodeEnvelope, defineJob, openQueue, unchecked } = (await import(name)) as typeof Entry;

const JOBS = 200;
const square = defineJob("square", {
  payload: unchecked<number>(),
  result: unchecked<number>(),
  unique: (number) => String(number),
});
const numbers = Array.from({ length: JOBS }, (_, index) => index);

/** Works on all that there is in a queue. */
function work(queue: Entry.JobQueue): Entry.Consumer {
  return queue.backend.consume(["square"], {
    window: 20,
    async take(held) {
      const payload = await square.payloadOf(decodeEnvelope(held.body));
      await held.complete({ result: await square.encodeResult(payload * payload) });
    },
  });
}

const memory = await openQueue({ memory: true });
work(memory);
const jobs = await memory.enqueueMany(square, numbers);
const results = await Promise.all(jobs.map((job) => job.result()));
await memory.close();

const options = { directory, segmentBytes: 1_048_576 };
const first = await openQueue(options);
const kept = await first.enqueueMany(square, numbers);
await first.close();

const second = await openQueue(options);
const again = await second.enqueue(square, 7);
work(second);
const last = await second.result(square, kept.at(-1)?.id ?? "");

console.log(
  JSON.stringify({
    sum: results.reduce((sum, result) => sum + result, 0),
    again: again.state,
    isSame: again.id === kept[7]?.id,
    last,
    workers: (await second.stats("square")).workers,
  }),
);
await second.close();
await openQueue({ memory: true });
