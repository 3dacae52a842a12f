/* Stand-in for src/runtimes/client-surroundings.ts and src/transports/socket-endpoint.ts in a page.
 */
import type { Endpoint } from "../../../src/client/endpoint.ts";
import type { Surroundings } from "../../../src/client/link.ts";
import { PAGE } from "../../../src/browser/page-surroundings.ts";

export function clientSurroundings(): Surroundings {
  return PAGE.around;
}

export function socketEndpoint(address: string): Endpoint {
  return PAGE.endpointOf(address);
}
