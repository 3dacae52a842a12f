/* Spool program: enqueues numbers as fast as it can, on a server that may be away.
 *
 *   spool-program.ts SOCKET DIRECTORY FIRST
 *
 * It prints each number that was acknowledged, counted from FIRST. Started by spool.long.test.ts,
 * and killed.
 */
import { defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";

const [, , socket = "", directory = "", first = "0"] = process.argv;
const note = defineJob("note", { payload: unchecked<number>() });

const spool = { directory, wait: "300ms" } as const;
const queue = await openQueue(`homemaker+unix:${socket}`, { spool });
for (let count = Number(first); ; count++) {
  await queue.enqueue(note, count);
  console.log(count);
}
