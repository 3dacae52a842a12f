/* Voice: how the stream of a client travels on a connection: as it is, or as something else
 * (websocket/framing-client.ts). It has no connection of its own: whoever has one carries what it
 * says in pieces, and tells it what came.
 */

/** What came to a client. */
export interface Heard {
  /** What it adds to the stream. */
  readonly data: Buffer;
  /** What has to be sent in answer, without the client's having to know of it. */
  readonly answers: readonly Buffer[];
}

/** The voice of one connection. Nobody else writes to the pieces that it returns. */
export interface Voice {
  /** What a connection begins with. */
  greet(): readonly Buffer[];
  /** These bytes of the stream. */
  say(bytes: Uint8Array): readonly Buffer[];
  /** That nothing more comes; undefined where the connection itself says so, by a FIN. */
  finish(): readonly Buffer[] | undefined;
  /** Hears what came. */
  hear(bytes: Uint8Array): Heard;
}

/** What a transport delivers at most at once. */
export const PIECE_BYTES_MAX = 65_536;

/** How many pieces leave one by one. */
const SINGLE_PIECES_MAX = 30;

/** Sends what a voice says by `write`: the first pieces one by one, for all that takes too long. */
export function utter(pieces: readonly Buffer[], write: (bytes: Buffer) => void): void {
  for (const piece of pieces.slice(0, SINGLE_PIECES_MAX)) write(piece);
  const rest = pieces.slice(SINGLE_PIECES_MAX);
  if (rest.length > 0) write(Buffer.concat(rest));
}

/** The stream as it is, in pieces as long as may be. */
export const PLAIN_VOICE: Voice = {
  greet: () => [],
  say(bytes) {
    const pieces = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
      pieces.push(Buffer.from(bytes.subarray(at, at + PIECE_BYTES_MAX)));
    }
    return pieces;
  },
  finish: () => undefined,
  hear: (bytes) => ({ data: Buffer.from(bytes), answers: [] }),
};
