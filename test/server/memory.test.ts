/*
 * Memory over real sockets: what one tube had and gave back another has, and few survivors do not
 * keep the rest.
 */
import { expect, test } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import { FillingClient } from "./filling-client.ts";

const CAP_BYTES = 64 * 1024 * 1024;

async function withServer(
  flags: readonly string[],
  run: (client: FillingClient) => Promise<void>,
): Promise<void> {
  const server = await startHomemaker({ flags: ["--memory", "64MiB", "-z", "1MiB", ...flags] });
  try {
    const client = new FillingClient(await server.connect());
    await run(client);
    client.close();
  } finally {
    await server.stop();
  }
}

const TUBES = ["a", "b", "c", "d", "e", "f", "g", "h"];

test.each([{ threads: "1" }, { threads: "2" }, { threads: "4" }])(
  "each of eight tubes in turn has 90 % of --memory for bodies of 1 MB (threads: $threads)",
  { timeout: 120_000 },
  ({ threads }) =>
    withServer(["--threads", threads], async (client) => {
      for (const tube of TUBES) {
        const ids = await client.fill(tube, 1_000_000);
        expect((ids.length * 1_000_000) / CAP_BYTES).toBeGreaterThan(0.9);
        await client.delete(ids);
      }
    }),
);

test(
  "one job in a hundred of 100 bytes stays: 70 % of --memory are there for bodies of 10 kB",
  { timeout: 120_000 },
  () =>
    withServer(["--shards", "1"], async (client) => {
      const ids = await client.fill("small", 100);
      await client.delete(ids.filter((_, index) => index % 100 !== 0));
      const more = await client.fill("large", 10_000);
      expect((more.length * 10_000) / CAP_BYTES).toBeGreaterThan(0.7);
      const kept = ids[100] ?? "";
      const [reply = ""] = await client.ask([`peek ${kept}\r\n`], 1);
      expect(reply).toBe(`FOUND ${kept} 100\r\n${"x".repeat(100)}`);
      await client.delete(more);
    }),
);

test(
  "survivors in the tubes of other shards do not keep the memory either",
  { timeout: 120_000 },
  () =>
    withServer(["--threads", "2"], async (client) => {
      for (const tube of TUBES) {
        const ids = await client.fill(tube, 100);
        await client.delete(ids.filter((_, index) => index % 100 !== 0));
      }
      const more = await client.fill("large", 10_000);
      expect((more.length * 10_000) / CAP_BYTES).toBeGreaterThan(0.7);
    }),
);
