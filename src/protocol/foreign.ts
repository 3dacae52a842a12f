/* Foreign: recognizes a line that belongs to another protocol.
 *
 * A browser can be made to send an HTTP request with a body of an attacker's choice to any port of its own machine; if the server
 * answered UNKNOWN_COMMAND to the header lines and went on, the body would be run as commands. So the session closes the
 * connection at such a line. It asks when a line was BAD_FORMAT or UNKNOWN_COMMAND, and about the beginning of input in which no
 * line ends: no command is ever mistaken, because verbs are lower case and no HTTP method is.
 */

import { asciiBytes, byteAt, ZERO } from "./ascii.ts";

/** Every method of RFC 9110 and PATCH, and the start of an HTTP/2 connection. */
const HTTP_METHODS = [
  "GET ",
  "HEAD ",
  "POST ",
  "PUT ",
  "DELETE ",
  "CONNECT ",
  "OPTIONS ",
  "TRACE ",
  "PATCH ",
  "PRI * HTTP/",
].map(asciiBytes);
