/* The command `npm run test:browser`: serves the page that runs tests in a browser, for a person
 * who opens it (docs/testing.md), until it is ended.
 *
 *   node test/browser/open.ts [PORT]
 */
import { build } from "../../src/toolchain/build.ts";
import { serveSite } from "./site.ts";

const PORT = 8300;

const { failures } = await build();
for (const failure of failures) console.error(failure);
const { origin } = await serveSite(Number(process.argv[2] ?? PORT));
console.log(`open ${origin} in a browser, or ${origin}/?suite=all, which runs all at once`);
