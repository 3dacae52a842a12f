/* A mixed crowd on a queue in the process, inside Deno and inside Bun. */
import { testElsewhere } from "../support/suite-on.ts";

await testElsewhere(["test/concurrency/in-process.test.ts"], {});
