/* Suite: a mixed crowd (test/concurrency/mixed-crowd.ts) on the queue of a page, over message
 * ports, and the audit of what it saw.
 */
import { openQueue } from "../../../src/entries/browser.ts";
import { audit } from "../../concurrency/ledger.ts";
import { runMixedCrowd } from "../../concurrency/mixed-crowd.ts";
import { overPorts } from "./connecting.ts";
import { runSuite } from "./reporting.ts";

const SHARDS = 4;
const SIZE = { producers: 6, workers: 40 } as const;
const ROUNDS = 40;
/** How long a job may be on its way to a client that waits; as in the crowds on servers. */
const FLIGHT_MS = 2000;

runSuite(async (reporting, { seed, scale }) => {
  for (let round = 0; round < scale; round++) {
    await using queue = await openQueue({ memory: true, shards: SHARDS });
    const crowd = { connect: overPorts(queue), seed: seed + round, ...SIZE, rounds: ROUNDS };
    const { entries, problems } = await runMixedCrowd(crowd);
    reporting.count("entries", entries.length);
    await reporting.check(`the crowd of seed ${seed + round} comes to its end`, () => {
      if (problems.length > 0) throw new Error(problems.join("\n"));
      if (entries.length < SIZE.producers * ROUNDS) throw new Error("it did too little");
    });
    await reporting.check(`its ledger of ${entries.length} entries is in order`, () => {
      const found = audit(entries, FLIGHT_MS);
      if (found.length > 0) throw new Error(found.join("\n"));
    });
  }
});
