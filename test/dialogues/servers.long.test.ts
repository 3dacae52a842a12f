/* The dialogues with our server as a process, in each of its shapes. */
import { holdDialogues, ONE, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";

const THREADS = { title: "homemaker, TCP, 3 threads, 4 shards", listen: "tcp" } as const;
const TCP = { title: "homemaker, TCP, 1 thread, 1 shard", listen: "tcp" } as const;
const UNIX = { title: "homemaker, Unix socket, 1 thread, 1 shard", listen: "unix" } as const;
const DATA = { title: "homemaker, with data", listen: "tcp", keepsJobs: true } as const;

holdDialogues(homemakerTarget({ ...THREADS, ...SEVERAL }));
for (const shape of [TCP, UNIX, DATA]) holdDialogues(homemakerTarget({ ...shape, ...ONE }));
