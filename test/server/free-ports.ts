/* Free ports: a process in a network of its own that has only a few ports to choose from looks for
 * free ones, again and again, as servers do that are started with port 0. Prints what it found.
 * Called by free-ports.test.ts.
 */
import { writeFileSync } from "node:fs";
import { probe } from "../../src/transports/transports.ts";

const [first = "", last = "", count = ""] = process.argv.slice(2);
writeFileSync("/proc/sys/net/ipv4/ip_local_port_range", `${first} ${last}`);

const address = { kind: "tcp", host: "0.0.0.0", port: 0 } as const;
const found: number[] = [];
for (let n = 0; n < Number(count); n++) {
  for (const one of await probe([{ address, onlyIpv6: false }])) {
    if (one.kind === "tcp") found.push(one.port);
  }
}
console.log(JSON.stringify(found));
