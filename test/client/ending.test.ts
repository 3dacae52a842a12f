/* Ends that a server refuses: a job is held until it is ended, so whoever was refused can end it
 * otherwise.
 */
import { expect, test } from "vitest";
import type { Job } from "../../src/client/job.ts";
import { outcome, ScriptedServer, settle } from "./scripted-server.ts";

/** How a job can be ended, and the word that says that it was. */
const ENDS: Readonly<Record<string, readonly [word: string, (job: Job) => Promise<unknown>]>> = {
  delete: ["DELETED", (job) => job.delete()],
  release: ["RELEASED", (job) => job.release({ failure: "no" })],
  bury: ["BURIED", (job) => job.bury({ failure: "no" })],
  handBack: ["HANDED_BACK", (job) => job.handBack()],
  finish: ["FINISHED", (job) => job.finish("yes")],
  move: ["MOVED", (job) => job.move("other", { failure: "no" })],
};

test.each(Object.keys(ENDS))("%s ends a job only when the server says so", async (name) => {
  const server = new ScriptedServer();
  const client = await server.connect();
  const [word = "", end = () => Promise.resolve()] = ENDS[name] ?? [];
  for (const said of [word, "NOT_FOUND"]) {
    const reserved = client.reserve();
    await settle();
    await server.say("RESERVED 7 1\r\nx");
    const job = await reserved;
    for (const refusal of ["OUT_OF_MEMORY", "JOB_TOO_BIG"]) {
      const refused = outcome(end(job));
      await settle();
      await server.say(refusal);
      expect([await refused, job.isHeld]).toEqual([`HM_${refusal}`, true]);
    }
    const ended = outcome(end(job));
    await settle();
    await server.say(said);
    await ended;
    expect(job.isHeld).toBe(false);
  }
});
