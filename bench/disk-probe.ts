/* How long this disk takes for one fdatasync, the way a journal uses it: overwrites of blocks that
 * exist, front to back, one after the other.
 *
 * `node bench/disk-probe.ts '{"seconds":1,"bytes":12288}'` prints one sample. It is what the
 * durable puts of the same round are held against.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DataDirectory } from "./data-directory.ts";
import type { Sample } from "./figures.ts";
import { Latency } from "./load/latency.ts";

/** Length of the file, which is written over again when its end is reached. */
const FILE_BYTES = 16 * 1024 * 1024;

function probe(fd: number, seconds: number, bytes: number): Sample {
  const latency = new Latency();
  const piece = new Uint8Array(bytes).fill(1);
  const ends = performance.now() + seconds * 1000;
  for (let at = 0; performance.now() < ends; at = (at + bytes) % (FILE_BYTES - bytes)) {
    writeSync(fd, piece, 0, bytes, at);
    const began = performance.now();
    fdatasyncSync(fd);
    latency.record((performance.now() - began) * 1000);
  }
  return {
    fdatasyncP50Micros: latency.percentileMicros(50),
    fdatasyncP99Micros: latency.percentileMicros(99),
  };
}

const { seconds, bytes }: { seconds: number; bytes: number } = JSON.parse(process.argv[2] ?? "");
using directory = new DataDirectory();
const fd = openSync(join(directory.path, "probe"), "wx");
writeSync(fd, new Uint8Array(FILE_BYTES));
fdatasyncSync(fd);
console.log(JSON.stringify(probe(fd, seconds, bytes)));
closeSync(fd);
