/* The dialogues with our server as a process: one of each file, with several threads and data.
 * All of them, in more shapes, are servers.long.test.ts.
 */
import { inCell } from "../support/matrix.ts";
import { holdDialogues, sample, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";

const DATA = { title: "homemaker, with data", listen: "tcp", keepsJobs: true } as const;

holdDialogues(homemakerTarget({ ...DATA, ...SEVERAL }), {
  ...inCell("node", "TCP", "dialogues"),
  of: sample,
});
