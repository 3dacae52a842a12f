/* The command `npm run fuzz`: Homemaker against the real beanstalkd, for as many commands as
 * wanted, from any seed.
 *
 *   FUZZ_SEED       seed of the first stream (if absent, a random one, which is printed)
 *   FUZZ_COMMANDS   how many commands to play (if absent, 100,000)
 *   FUZZ_SUBJECT    who is tested: homemaker (the default), or beanstalkd, which must agree with
 *                   itself
 */
import { randomInt } from "node:crypto";
import { KNOWN_DIFFERENCES } from "./differences.ts";
import { duel } from "./duel.ts";
import { BEANSTALKD, HOMEMAKER } from "./duellists.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
const commands = Number(process.env["FUZZ_COMMANDS"] ?? 100_000);
const subject = process.env["FUZZ_SUBJECT"] === "beanstalkd" ? BEANSTALKD : HOMEMAKER;

console.log(
  `fuzzing ${subject.name} against beanstalkd: FUZZ_SEED=${seed} FUZZ_COMMANDS=${commands}`,
);
for (const [name, { reason }] of Object.entries(KNOWN_DIFFERENCES)) {
  console.log(`left out: ${name} (${reason})`);
}
const { report } = await duel({
  duellists: [BEANSTALKD, subject],
  seed,
  commands,
  shrinkMs: 60_000,
  progress: (streams, played) => {
    console.log(`${streams} streams, ${played} commands: no difference`);
  },
});
if (report !== undefined) {
  console.error(report);
  process.exitCode = 1;
}
