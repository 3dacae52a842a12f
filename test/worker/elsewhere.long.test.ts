/* Workers' tests on Deno and Bun: those that touch what a runtime has of its own, as timers,
 * signals, threads and processes. What is computed alone is Node's.
 */
import { testElsewhere } from "../support/suite-on.ts";

const OF_RUNTIMES = [
  "isolation",
  "leaving",
  "orphan",
  "stopping",
  "until-signal",
  "worker",
  "worker-life",
];
const NO_BOUND = "the runtime has no bound of a handler's heap";
const FILLS_MEMORY = "one that ends by itself is one failed attempt: memory";

await testElsewhere(
  OF_RUNTIMES.map((name) => `test/worker/${name}.test.ts`),
  {
    [`in a thread > ${FILLS_MEMORY}`]: NO_BOUND,
    [`in a process > ${FILLS_MEMORY}`]: NO_BOUND,
  },
);
