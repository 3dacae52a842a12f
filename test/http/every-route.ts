/* Every route: the table of routes, of a server that does nothing. */
import { VirtualClock } from "../support/virtual-clock.ts";
import { CLOSED_DOOR } from "./closed-door.ts";
import { createCommon } from "../../src/broker/boards.ts";
import type { InProcess } from "../../src/broker/in-process.ts";
import { DEFAULT_OPTIONS } from "../../src/config/options.ts";
import { Access } from "../../src/http/access.ts";
import type { Route } from "../../src/http/handler.ts";
import { routes } from "../../src/http/routes.ts";
import { openLog } from "../../src/observability/log.ts";
import { QUIET } from "../support/quiet-sink.ts";

/** All of them. */
export function everyRoute(): Promise<readonly Route[]> {
  const around = {
    options: DEFAULT_OPTIONS,
    addresses: [],
    log: openLog({ verbosity: 0, sink: QUIET }),
    common: createCommon(1, 2),
    inProcess: { isReady: false } as InProcess,
    door: CLOSED_DOOR,
    clock: new VirtualClock(),
    connectionsOf: () => Promise.resolve({ total: 0, connections: [] }),
    connectionsMax: 256,
  };
  return routes(around, new Access({ admin: undefined, read: undefined }));
}
