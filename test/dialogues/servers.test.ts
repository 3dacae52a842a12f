/* The dialogues with our server as a process, in the shape that has most of what can go wrong. */
import { holdDialogues, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";

const TCP = { title: "homemaker, TCP, 3 threads, 4 shards", listen: "tcp" } as const;

holdDialogues(homemakerTarget({ ...TCP, ...SEVERAL }));
