/* No process: what `stats` says about the process of a server that has none. */
import type { ServerFacts } from "../../src/session/facts.ts";

/** Facts that never change. */
export const NO_PROCESS: ServerFacts = {
  pid: 4711,
  version: "0.0.0",
  id: "0123456789abcdef",
  hostname: "nowhere",
  os: "#1",
  platform: "none",
  journalSegmentBytes: 10_485_760,
  memoryCapBytes: 0,
  cpuMicros: () => ({ user: 0, system: 0 }),
  residentBytes: () => 0,
};
