/* Spool program: enqueues numbers as fast as it can, on a server that may be away.
 *
 *   spool-program.ts SOCKET DIRECTORY FIRST [BYTES]
 *
 * It prints each number that was acknowledged, counted from FIRST; `!` and a code where one was
 * not. A number has so many bytes behind it. Started by spool.long.test.ts and by
 * full-disk.long.test.ts, and killed.
 */
import { defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { codeOf } from "../../src/system-error.ts";
import { pause } from "../support/until.ts";

const [, , socket = "", directory = "", first = "0", bytes = "0"] = process.argv;
const note = defineJob("note", { payload: unchecked<string>() });
const pad = "x".repeat(Number(bytes));

const spool = { directory, wait: "300ms" } as const;
const queue = await openQueue(`homemaker+unix:${socket}`, { spool });
for (let count = Number(first); ; count++) {
  try {
    await queue.enqueue(note, `${count} ${pad}`);
    console.log(count);
  } catch (error) {
    console.log(`! ${codeOf(error)}`);
    await pause(5);
  }
}
