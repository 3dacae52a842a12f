/* Failing committer: the journal's thread on a disk that does what files beside its directory say:
 * while there is one named "sticks" no sync ends, and once there is one named "fails" each fails.
 * Started by stuck-disk.ts.
 */
import fs, { existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { workerData } from "node:worker_threads";

const { directory } = workerData as { readonly directory: string };
const above = dirname(directory);
const LOOK_AGAIN_MILLIS = 3;
const never = new Int32Array(new SharedArrayBuffer(4));
const sync = fs.fdatasyncSync;
fs.fdatasyncSync = (fd) => {
  while (existsSync(join(above, "sticks"))) Atomics.wait(never, 0, 0, LOOK_AGAIN_MILLIS);
  if (!existsSync(join(above, "fails"))) return sync(fd);
  throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO", errno: -5 });
};
syncBuiltinESMExports();
await import("../../src/runtimes/node-committer.ts");
