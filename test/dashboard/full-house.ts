/*
 * Full house: a server with 10,000 tubes and 100,000 jobs, and whatever hostile clients may have
 * left in it.
 */
import { bury, put, QueueClient, release } from "./queue-client.ts";
import type { CommandWithBody } from "./queue-client.ts";
import { HttpPort } from "../http/http-port.ts";

/** How many tubes are filled, beside those of the tests. */
const TUBES = 10_000;
/** How many jobs they have in all. */
const JOBS = 100_000;

const TUBES_AT_ONCE = 500;
const AREAS = ["mail", "billing", "images", "search", "reports", "push", "exports", "sync"];
const ACTS = [
  "send",
  "retry",
  "resize",
  "index",
  "render",
  "deliver",
  "settle",
  "import",
  "notify",
];

/** Tubes whose names try something. All of them are names that beanstalkd takes. */
export const HOSTILE_TUBES = [
  "$(reboot);/../../etc",
  "__proto__",
  "constructor",
  "a+b/c;d.e$f_(g)",
  "x".repeat(200),
];

/** Bodies that try something. */
export const HOSTILE_BODIES: readonly Uint8Array[] = [
  "<script>window.owned=1;alert(1)</script>",
  '"><img src=x onerror="window.owned=1"><svg onload=alert(1)>',
  '{"html":"<iframe srcdoc=\'<script>parent.owned=1</script>\'>","id":12345678901234567890}',
  "javascript:window.owned=1",
  "\u202Egnp.exe\u202C \x00\x07\x1b[31mred\x1b[0m\r\nsecond line",
  Buffer.from([0xff, 0xfe, 0x00, 0x41, 0xc3, 0x28, 0xe2, 0x82, 0x80, 0xf5, 0x90]),
  "\u0627\u0644\u0639\u0631\u0628\u064A\u0629 Z\u0335\u0321\u0353a\u0336\u0322l\u0337g\u0338o",
  "L".repeat(60 * 1024),
  "",
].map((body) =>
  typeof body === "string" ? new TextEncoder().encode(body) : Uint8Array.from(body),
);

/** Messages that try something; without a number in them, so that each is a group of its own. */
const HOSTILE_MESSAGES: readonly Uint8Array[] = [
  "<script>window.owned=1;alert(document.domain)</script>",
  "TypeError: <b>bold</b> \u202Etxt.exe \x1b[31m\x00 end",
  "E".repeat(60 * 1024),
  Buffer.from([0xff, 0xfe, 0xfd, 0x00, 0x80]),
].map((text) =>
  typeof text === "string" ? new TextEncoder().encode(text) : Uint8Array.from(text),
);

/** The tube that has the hostile bodies, ready. */
export const HOSTILE = "hostile";
/** The tube that has buried jobs with hostile messages. */
export const WRECKS = "wrecks";

/** The name of one of the many tubes. */
export function tubeName(index: number): string {
  const area = AREAS[index % AREAS.length] ?? "";
  const act = ACTS[Math.floor(index / AREAS.length) % ACTS.length] ?? "";
  return `${area}.${act}.${String(index).padStart(5, "0")}`;
}

/** Starts a server and fills it. */
export async function openFullHouse(flags: readonly string[] = []): Promise<HttpPort> {
  const port = await HttpPort.start({ threads: 2, flags: ["--max-tubes", "20000", ...flags] });
  using client = await QueueClient.connect(port.server);
  await fillTubes(client);
  await leaveHostileThings(client);
  await leaveWrecks(client);
  return port;
}

async function fillTubes(client: QueueClient): Promise<void> {
  const each = JOBS / TUBES;
  for (let first = 0; first < TUBES; first += TUBES_AT_ONCE) {
    const commands: (string | CommandWithBody)[] = [];
    for (let index = first; index < first + TUBES_AT_ONCE; index++) {
      commands.push(`use ${tubeName(index)}`);
      for (let job = 0; job < each; job++) {
        const body = JSON.stringify({
          order: index * each + job,
          to: "ann@example.net",
          items: [1, 2],
        });
        commands.push(put(body, job === 0 ? 10 : 1024, job === 9 ? 3600 : 0));
      }
    }
    await client.send(...commands);
  }
}

async function leaveHostileThings(client: QueueClient): Promise<void> {
  await client.send(`use ${HOSTILE}`, ...HOSTILE_BODIES.map((body) => put(body)));
  for (const name of HOSTILE_TUBES) {
    await client.send(`use ${name}`, ...HOSTILE_BODIES.map((body) => put(body)));
  }
}

/** Jobs that were tried and failed, some more than once. */
async function leaveWrecks(client: QueueClient): Promise<void> {
  await client.send(`use ${WRECKS}`, `watch ${WRECKS}`, "ignore default");
  for (const [index, message] of HOSTILE_MESSAGES.entries()) {
    for (let copy = 0; copy <= index; copy++) {
      const id = await idOf(client, put(HOSTILE_BODIES[index] ?? ""));
      await client.send(`reserve-job ${id}`, release(id, "the first try: connection refused"));
      await client.send(`reserve-job ${id}`, bury(id, message));
    }
  }
  for (let copy = 0; copy < 30; copy++) {
    const id = await idOf(client, put(JSON.stringify({ copy })));
    const message = `connect ETIMEDOUT 10.0.${copy}.17:5432\n    at connect (/srv/app/db.js:4${copy}:17)`;
    await client.send(`reserve-job ${id}`, bury(id, message));
  }
}

async function idOf(client: QueueClient, command: CommandWithBody): Promise<number> {
  const [inserted = ""] = await client.send(command);
  return Number(inserted.split(" ")[1]);
}
