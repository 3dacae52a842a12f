/* Half-close: how a client of a WebSocket says that it will send nothing more, and hears the rest.
 *
 * TCP has a FIN for that; a Close frame will not do, because a browser drops what comes behind its
 * own. So a client and a server that both know this protocol agree that an empty message, which
 * brings nothing to a stream, means it. Whoever does not ask for the protocol may send empty
 * messages as he likes.
 */

/** Its name, in Sec-WebSocket-Protocol. */
export const HALF_CLOSE_PROTOCOL = "homemaker";
