/* Round: what a client does all day, as a program of its own, on whatever runtime runs it.
 *
 *   round.ts ADDRESS [PACKAGE]
 *
 * It prints what it found, as JSON, and does not close its client: the process has to end by
 * itself. Run by runtimes.long.test.ts and toolchain/package.long.test.ts, which compare.
 */
import type * as Entry from "../../src/entries/client.ts";

const [, , address = "", name = new URL("../../src/entries/client.ts", import.meta.url).href] =
  process.argv;
const { connect, HomemakerError } = (await import(name)) as typeof Entry;

/** An error's code, or its name. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "no error";
  } catch (error) {
    if (error instanceof HomemakerError) return error.code;
    return error instanceof Error ? error.name : "no error of ours";
  }
}

const client = await connect(["unix:/nowhere/at/all", address], { timeoutMs: 20_000 });
await Promise.all([client.use("round"), client.watch("round"), client.ignore("default")]);

await Promise.all(Array.from({ length: 500 }, (_, index) => client.put(`job ${index}`)));
const texts = new Set<string>();
for await (const job of client.jobs({ window: 50 })) {
  texts.add(job.text);
  await job.delete();
  if (texts.size === 500) break;
}

const aborting = new AbortController();
const aborted = codeOf(client.reserve({ signal: aborting.signal }));
await Promise.resolve();
aborting.abort();
await client.put("after an abort");
const after = await client.reserve();
await after.delete();

const binary = new Uint8Array(70_000).map((_, index) => index % 256);
const tooBig = await codeOf(client.put(binary));
const small = binary.subarray(0, 60_000);
await client.put(small);
const back = await client.reserve();
const isSame =
  back.body.length === small.length && small.every((byte, at) => back.body[at] === byte);
await back.delete();

console.log(
  JSON.stringify({
    worked: texts.size,
    aborted: await aborted,
    after: after.text,
    tooBig,
    isSame,
    late: await codeOf(client.reserve({ timeoutMs: 50 })),
    missing: await codeOf(client.delete(999_999)),
    unsupported: await codeOf(client.cancel(999_999)),
  }),
);
