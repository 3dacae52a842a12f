/*
 * Client libraries from npm do a full job cycle, against the real beanstalkd and against Homemaker
 * in two shapes.
 */
import { describe } from "vitest";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { serveLibraries } from "./serve-libraries.ts";

interface Candidate {
  readonly name: string;
  readonly start: () => Promise<ServerProcess>;
}

const OURS: readonly Candidate[] = [
  {
    name: "homemaker with one thread and one shard",
    start: () => startHomemaker({ threads: 1, shards: 1 }),
  },
  {
    name: "homemaker with three threads and four shards",
    start: () => startHomemaker({ threads: 3, shards: 4 }),
  },
];

describe("beanstalkd", { tags: ["beanstalkd"] }, () => {
  serveLibraries(() => startBeanstalkd());
});
describe.each(OURS)("$name", ({ start }) => {
  serveLibraries(start);
});
