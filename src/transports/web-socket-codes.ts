/* WebSocket codes: the numbers of RFC 6455 that both directions need: opcodes, and the codes that a
 * Close frame gives as its reason.
 */

/** What a frame is. */
export const OPCODE = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** Why a connection is closed. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  notUtf8: 1007,
  policy: 1008,
  tooBig: 1009,
} as const;

/** Most bytes of what a control frame brings. */
export const CONTROL_BYTES_MAX = 125;

/**
 * Whether a peer may give that code: those of the RFC and of the registry that may stand in a
 * frame, and those that are free for libraries and programs.
 */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}
