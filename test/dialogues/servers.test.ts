/* The dialogues with our server as a process: one of each file, with several threads and with data.
 * All of them, in these shapes and more, are servers.long.test.ts.
 */
import { holdDialogues, sample, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";

const TCP = { title: "homemaker, TCP, 3 threads, 4 shards", listen: "tcp" } as const;
const DATA = { title: "homemaker, with data", listen: "tcp", keepsJobs: true } as const;

for (const shape of [TCP, DATA])
  holdDialogues(homemakerTarget({ ...shape, ...SEVERAL }), { of: sample });
