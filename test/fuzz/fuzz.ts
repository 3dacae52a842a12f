/* The command `npm run fuzz`: Homemaker against the real beanstalkd, for as many commands as
 * wanted, from any seed.
 *
 *   FUZZ_SEED       seed of the first stream (if absent, a random one, which is printed)
 *   FUZZ_COMMANDS   how many commands to play (if absent, 100,000)
 *   FUZZ_SUBJECT    who is tested: homemaker (the default), or beanstalkd, which must agree with
 *                   itself
 *   FUZZ_TRANSPORT  what homemaker is reached by: tcp (the default), ws, tls or wss; the frames of
 *                   WebSockets are as the seed has them
 */
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../support/certificates.ts";
import { SCHEMES } from "../support/homemaker.ts";
import type { Credentials } from "../support/secure-socket.ts";
import { KNOWN_DIFFERENCES } from "./differences.ts";
import { duel } from "./duel.ts";
import { BEANSTALKD, HOMEMAKER, homemakerBy } from "./duellists.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
const commands = Number(process.env["FUZZ_COMMANDS"] ?? 100_000);
const wanted = process.env["FUZZ_TRANSPORT"] ?? "tcp";
const scheme = SCHEMES.find((known) => known === wanted);
if (scheme === undefined) throw new RangeError(`FUZZ_TRANSPORT is one of ${SCHEMES.join(", ")}`);
const directory = mkdtempSync(join(tmpdir(), "homemaker-fuzz-"));
process.on("exit", () => rmSync(directory, { recursive: true }));
const homemaker = scheme === "tcp" ? HOMEMAKER : homemakerBy(scheme, credentials());
const subject = process.env["FUZZ_SUBJECT"] === "beanstalkd" ? BEANSTALKD : homemaker;

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

function credentials(): Credentials {
  const authority = new Authority(directory);
  return { ...authority.issue("homemaker"), ca: authority.cert };
}
