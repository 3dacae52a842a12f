/* Draining: the routes that begin and end drain mode. */
import type { InProcess } from "../broker/in-process.ts";
import type { Route } from "./handler.ts";

/** The routes of drain mode. */
export function drainRoutes(inProcess: InProcess): readonly Route[] {
  return (["drain", "undrain"] as const).map((command) => ({
    method: "POST",
    path: `/api/v1/${command}`,
    needs: "admin",
    handler: async () => {
      await inProcess.withConnection((own) => own.ask(command));
      return { json: {} };
    },
  }));
}
