/* The dialogues with our server as a process: all of them with several threads and data, and in
 * other shapes one of each file, or all where THOROUGH is set.
 */
import { IS_THOROUGH } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import { cases, holdDialogues, ONE, sample, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";

const DATA = { title: "homemaker, with data, several", listen: "tcp", keepsJobs: true } as const;
const THREADS = { title: "homemaker, TCP, 3 threads, 4 shards", listen: "tcp" } as const;
const TCP = { title: "homemaker, TCP, 1 thread, 1 shard", listen: "tcp" } as const;
const UNIX = { title: "homemaker, Unix socket, 1 thread, 1 shard", listen: "unix" } as const;
const ALONE = { title: "homemaker, with data", listen: "tcp", keepsJobs: true } as const;

const others = { of: IS_THOROUGH ? cases : sample };

const overTcp = inCell("node", "TCP", "dialogues");

holdDialogues(homemakerTarget({ ...DATA, ...SEVERAL }), overTcp);
holdDialogues(homemakerTarget({ ...THREADS, ...SEVERAL }), { ...overTcp, ...others });
for (const shape of [TCP, ALONE])
  holdDialogues(homemakerTarget({ ...shape, ...ONE }), { ...overTcp, ...others });
holdDialogues(homemakerTarget({ ...UNIX, ...ONE }), {
  ...inCell("node", "Unix", "dialogues"),
  ...others,
});
