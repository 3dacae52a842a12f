/* Permitted client: a program that puts a job, takes it and deletes it, for a runtime that allows
 * little. Started by permissions.long.test.ts with an address.
 */
import { argv } from "node:process";
import { connect } from "../../src/entries/client.ts";

const client = await connect(argv[2] ?? "", { connectTimeoutMs: 5000 });
await client.put("hello");
const job = await client.reserve();
await job.delete();
await client.close();
console.log(job.text);
