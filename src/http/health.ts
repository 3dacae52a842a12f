/*
 * Health: GET /healthz and GET /readyz, as Kubernetes probes ask for them. They need no token, and
 * tell nothing but their word, and a standby who leads.
 */
import { journalBoardOf } from "../broker/boards.ts";
import type { HttpSurroundings } from "../server/http-service.ts";
import type { Answer, Route } from "./handler.ts";

/**
 * The routes of health. `trouble` is why nobody should count on what is behind them; undefined when
 * there is no reason.
 */
export function healthRoutes(
  trouble: () => string | undefined | Promise<string | undefined>,
): readonly Route[] {
  return [
    { method: "GET", path: "/healthz", needs: "nothing", handler: () => word(200, "alive") },
    {
      method: "GET",
      path: "/readyz",
      needs: "nothing",
      handler: async () => {
        const why = await trouble();
        return why === undefined ? word(200, "ready") : word(503, why);
      },
    },
  ];
}

/** Why clients should go elsewhere; undefined when there is no reason. */
export function troubleOf(around: HttpSurroundings): string | undefined {
  const { common, inProcess } = around;
  if (common.stopping) return "stopping";
  const standby = standbyOf(around);
  if (standby !== undefined) return standby;
  if (!inProcess.isReady) return "recovering";
  if (common.draining) return "draining";
  if (journalBoardOf(common).isReadOnly) return "journal read-only";
  if (journalBoardOf(common).isFull) return "disk full";
  return undefined;
}

/** That this server stands by, and who leads; undefined if it does not. */
export function standbyOf({ leadership }: HttpSurroundings): string | undefined {
  const { role, leader } = leadership?.state ?? { role: undefined, leader: "" };
  if (role !== "standby") return undefined;
  return leader === "" ? "standing by" : `standing by; ${leader} leads`;
}

function word(status: number, text: string): Answer {
  return { status, bytes: `${text}\n`, type: "text/plain; charset=utf-8" };
}
