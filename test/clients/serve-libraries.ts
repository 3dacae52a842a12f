/* Serve libraries: what client libraries from npm do with a server: the whole life of a job. Called
 * by the tests here.
 */
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patientConnect } from "../support/patient-connect.ts";
import type { Address, ServerProcess } from "../support/server-process.ts";
import { BEANSTALKD_CLIENT } from "./beanstalkd.ts";
import { FIVEBEANS } from "./fivebeans.ts";
import { JACKD } from "./jackd.ts";
import type { Client } from "./library.ts";
import { NODE_BEANSTALK } from "./node-beanstalk.ts";

/** Bytes that a library must not touch, and the same kind of thing as text. */
const BYTES = Buffer.from([0, 13, 10, 255, 128, 32, 79, 75, 13, 10]);
const TEXT = Buffer.from("\0\r\n\u00ff OK\r\n");

/** Declares the tests of a server. */
export function serveLibraries(start: () => Promise<ServerProcess>): void {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await start();
    (await patientConnect(server)).destroy();
  });
  afterAll(async () => {
    expect(server.running).toBe(true);
    await server.stop();
  });

  describe.each([JACKD, FIVEBEANS, NODE_BEANSTALK, BEANSTALKD_CLIENT])("$name", (library) => {
    let client: Client;
    const BODY = library.textOnly === true ? TEXT : BYTES;
    const tube = `${library.name}-jobs`;
    beforeAll(async () => {
      const { host, port } = tcp(server.address);
      client = await library.connect(host, port);
      await client.use(tube);
      await client.watch(tube);
    });
    afterAll(() => client.close());

    test("puts, reserves, touches, releases, buries, peeks, kicks and deletes a job", async () => {
      const id = await client.put({ body: BODY, pri: 7, delaySeconds: 0, ttrSeconds: 60 });
      expect(await client.reserve(0)).toEqual({ id, body: BODY });
      await client.touch(id);
      await client.release(id, 8, 0);
      expect(await client.reserve(0)).toEqual({ id, body: BODY });
      await client.bury(id, 9);
      expect(await client.peekBuried()).toEqual({ id, body: BODY });
      if (client.kick === undefined) await client.kickJob(id);
      else expect(await client.kick(10)).toBe(1);
      expect(await client.peek(id)).toEqual({ id, body: BODY });
      expect(await client.statsJob(id)).toMatchObject(countersOf(id, tube));
      await client.delete(id);
      await expect(client.delete(id)).rejects.toThrow("NOT_FOUND");
      expect(await client.reserve(0)).toBeUndefined();
    });

    test("delays a job and kicks it by its id", async () => {
      const id = await client.put({ body: BODY, pri: 1, delaySeconds: 3600, ttrSeconds: 60 });
      expect(await client.reserve(0)).toBeUndefined();
      expect(await client.statsJob(id)).toMatchObject({ state: "delayed", delay: 3600 });
      await client.kickJob(id);
      expect(await client.reserve(0)).toEqual({ id, body: BODY });
      await client.release(id, 1, 3600);
      await client.delete(id);
    });

    test("pauses a tube and resumes it", async () => {
      const pause = client.pauseTube ?? ((name, seconds) => pauseByHand(server, name, seconds));
      const id = await client.put({ body: BODY, pri: 1, delaySeconds: 0, ttrSeconds: 60 });
      await pause(tube, 3600);
      expect(await client.statsTube(tube)).toMatchObject({
        name: tube,
        pause: 3600,
        "current-jobs-ready": 1,
      });
      expect(await client.reserve(0)).toBeUndefined();
      await pause(tube, 0);
      expect(await client.reserve(0)).toEqual({ id, body: BODY });
      await client.delete(id);
    });

    test("reads the stats and the list of tubes", async () => {
      const stats = await client.stats();
      expect(stats).toMatchObject({
        "current-jobs-ready": 0,
        "current-connections": expect.any(Number),
      });
      expect(stats["max-job-size"]).toBe(65535);
      expect(await client.listTubes()).toEqual(expect.arrayContaining(["default", tube]));
    });

    test("gets a job that another connection puts while it waits", async () => {
      const { host, port } = tcp(server.address);
      const other = await library.connect(host, port);
      await other.use(tube);
      const waiting = client.reserve(20);
      const id = await other.put({ body: BODY, pri: 1, delaySeconds: 0, ttrSeconds: 60 });
      expect(await waiting).toEqual({ id, body: BODY });
      await client.delete(id);
      await other.close();
    });

    test("transfers a body of the largest size", async () => {
      const body = Buffer.alloc(65535, "\r\n\0");
      const id = await client.put({ body, pri: 1, delaySeconds: 0, ttrSeconds: 60 });
      expect((await client.reserve(0))?.body.equals(body)).toBe(true);
      await client.delete(id);
    });
  });
}

/** Pauses with a command of our own where the library cannot. */
async function pauseByHand(server: ServerProcess, tube: string, seconds: number): Promise<void> {
  const socket = await server.connect();
  socket.write(`pause-tube ${tube} ${seconds}\r\n`);
  const [answer] = await once(socket, "data");
  socket.destroy();
  expect(String(answer)).toBe("PAUSED\r\n");
}

/** What `stats-job` says of the job at the end of its cycle. */
function countersOf(id: string, tube: string): Record<string, unknown> {
  const counters = { reserves: 2, timeouts: 0, releases: 1, buries: 1, kicks: 1 };
  return { id: Number(id), tube, state: "ready", pri: 9, delay: 0, ttr: 60, ...counters };
}

function tcp(address: Address): { host: string; port: number } {
  if (!("port" in address)) throw new TypeError("not a TCP address");
  return address;
}
