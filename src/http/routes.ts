/* Routes: everything that the HTTP port answers, in one table. Used by http-server.ts. */
import type { HttpSurroundings } from "../server/http-service.ts";
import type { Access } from "./access.ts";
import type { Route } from "./handler.ts";
import { healthRoutes } from "./health.ts";
import { sessionRoutes } from "./session.ts";

/** All routes. */
export async function routes(around: HttpSurroundings, access: Access): Promise<readonly Route[]> {
  return [...healthRoutes(around), ...sessionRoutes(access)];
}
