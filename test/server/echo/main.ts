/* Echo server: the real main thread with echo threads (thread.ts beside this). Its one argument is
 * JSON: what differs from the default options.
 */
import process from "node:process";
import { DEFAULT_OPTIONS, type Options } from "../../../src/config/options.ts";
import { nodeRuntime } from "../../../src/runtimes/node.ts";
import { serve } from "../../../src/server/server.ts";

const options: Options = { ...DEFAULT_OPTIONS, shards: 1, ...JSON.parse(process.argv[2] ?? "{}") };
const runtime = nodeRuntime(new URL("./thread.ts", import.meta.url));
process.exit(await serve(options, runtime));
