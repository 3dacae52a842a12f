/* Stepping down: `step-down`: has the server that leads let another one lead. Called by the
 * session; what follows is the server's (server/server.ts).
 */
import * as R from "../protocol/replies.ts";
import type { Desk } from "./desk.ts";

/** `step-down`, where at least as many servers stand by as the command says. */
export function stepDown({ journal, output, command }: Desk): void {
  const copy = journal?.copy;
  if (copy === undefined) output.reply(R.REPLY.NO_COPY);
  else if (copy.figures().standbys < command.n) output.reply(R.REPLY.NO_STANDBY);
  else {
    copy.stepDown();
    output.reply(R.REPLY.STEPPING_DOWN);
  }
}
