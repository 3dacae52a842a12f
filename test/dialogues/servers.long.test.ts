/* The dialogues with our server as a process, in its other shapes. */
import { holdDialogues, ONE } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";

const TCP = { title: "homemaker, TCP, 1 thread, 1 shard", listen: "tcp" } as const;
const UNIX = { title: "homemaker, Unix socket, 1 thread, 1 shard", listen: "unix" } as const;
const DATA = { title: "homemaker, with data", listen: "tcp", keepsJobs: true } as const;

for (const shape of [TCP, UNIX, DATA]) holdDialogues(homemakerTarget({ ...shape, ...ONE }));
