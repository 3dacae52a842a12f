/* Failing committer: the journal's thread on a disk that syncs until there is a file named "fails"
 * beside its directory, and then fails. Started by open-broker.test.ts.
 */
import fs, { existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { workerData } from "node:worker_threads";

const { directory } = workerData as { readonly directory: string };
const flag = join(dirname(directory), "fails");
const sync = fs.fdatasyncSync;
fs.fdatasyncSync = (fd) => {
  if (!existsSync(flag)) return sync(fd);
  throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO", errno: -5 });
};
syncBuiltinESMExports();
await import("../../src/runtimes/node-committer.ts");
