/* Errors: what can go wrong on the way to a server. Those that a server's bytes are to blame for
 * are in protocol/ (HM_BAD_REPLY, HM_REPLY_TOO_BIG).
 */

/** No connection came about. Its cause says why. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly code = "HM_UNREACHABLE";
}

/** The connection ended before the command was sent: it was not done, and may be sent again. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
  readonly code = "HM_NOT_SENT";
  /** The command's line. */
  readonly command: string;

  constructor(command: string, cause: Error | undefined) {
    super(`${command}: the connection ended before this was sent`, { cause });
    this.command = command;
  }
}

/** The connection ended between a command and its answer: whether it was done is not known. */
export class LostError extends Error {
  override readonly name = "LostError";
  readonly code = "HM_LOST";
  /** The command's line. */
  readonly command: string;

  constructor(command: string, cause: Error | undefined) {
    super(`${command}: the connection ended before the answer came`, { cause });
    this.command = command;
  }
}

/** What was to be sent is no command: its line has a line break in it. */
export class BadCommandError extends Error {
  override readonly name = "BadCommandError";
  readonly code = "HM_BAD_COMMAND";
}
