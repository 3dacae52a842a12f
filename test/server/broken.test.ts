/* A server that is broken does not go on: what its own sessions find wrong ends the process at
 * once, with one line, as what an I/O thread finds does.
 */
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";

const BROKEN = fileURLToPath(new URL("./broken.ts", import.meta.url));

test("a server whose memory is overwritten kills itself, and says why", async () => {
  const { signal, stderr } = await execa(process.execPath, [BROKEN], { reject: false });
  const lines = stderr.split("\n").filter((line) => !line.startsWith("{"));
  expect(lines).toEqual([expect.stringMatching(/^homemaker: the sessions failed: RuntimeError: /)]);
  expect(signal).toBe("SIGKILL");
});
