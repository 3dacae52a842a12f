/* Soak: replicated worlds, one seed after the other: `npm run soak:copy` for SECONDS (60),
 * from SEED on.
 */
import { runReplicaSeed } from "./replica-world.ts";

const until = Date.now() + 1000 * Number(process.env["SECONDS"] ?? 60);
const first = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);
let seed = first;
const sums = { takeOvers: 0, failovers: 0, fenced: 0, mutations: 0 };
do {
  const { takeOvers, failovers, fenced, mutations } = await runReplicaSeed(seed++);
  sums.takeOvers += takeOvers;
  sums.failovers += failovers;
  sums.fenced += fenced;
  sums.mutations += mutations;
} while (Date.now() < until);
console.log(`${seed - first} seeds from ${first} on:`, sums);
