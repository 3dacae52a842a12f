/* Port turn: keeps two servers of one network namespace from beginning to listen on one port at the
 * same time.
 *
 * An abstract Unix socket named after the port: it belongs to the network namespace, as the port
 * does, and goes with its process. Held from the look at who listens until one's own sockets do; of
 * a port that the system chose, from the moment it did, so that it chooses another one for whoever
 * comes next. Where there are no such sockets (not Linux, or a Deno that may only listen where it
 * serves) it keeps nobody out. Used by tcp.ts.
 */
import { createServer, type Server } from "node:net";
import process from "node:process";
import { codeOf, isForbidden } from "../system-error.ts";
import { listening } from "./acceptor.ts";

const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 5;

/** Somebody has held the turn of a port for too long. */
class PortTurnError extends Error {
  override readonly name = "PortTurnError";
  readonly code = "HM_PORT_TURN";
}

/** Turns of ports that the system chose, until takeTurns is called with them. */
const reserved = new Map<number, Server>();

/** Takes the turn of a port for the next call of takeTurns; false when somebody else has it. */
export async function reserveTurn(port: number): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const turn = await tryTurn(port);
  if (turn === undefined) return false;
  turn.unref(); // a server that fails to start ends without giving it back
  reserved.set(port, turn);
  return true;
}

/**
 * Takes the turns of all these ports; resolves with a function that gives them back. Rejects with a
 * PortTurnError after 10 s, with the reason of `signal` when that is aborted while somebody else
 * has one of them, and with the system's error where there can be no such socket.
 */
export async function takeTurns(
  ports: readonly number[],
  signal?: AbortSignal,
): Promise<() => void> {
  const turns: Server[] = [];
  const giveBack = (): void => {
    for (const turn of turns) turn.close();
  };
  if (process.platform !== "linux") return giveBack;
  try {
    // In order, so that no two wait for each other.
    const inOrder = [...new Set(ports)].toSorted((a, b) => a - b);
    for (const port of inOrder) turns.push(await takeTurn(port, signal));
    return giveBack;
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function takeTurn(port: number, signal: AbortSignal | undefined): Promise<Server> {
  const own = reserved.get(port);
  if (own !== undefined) {
    reserved.delete(port);
    return own;
  }
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const turn = await tryTurn(port);
    if (turn !== undefined) return turn;
    signal?.throwIfAborted();
    if (performance.now() > deadline) {
      throw new PortTurnError("another server has been starting on it for too long");
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** Whether nobody has the turn of a port at the moment. */
export async function isNobodysTurn(port: number): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const turn = await tryTurn(port);
  turn?.close();
  return turn !== undefined;
}

/** Undefined when somebody else has it. */
async function tryTurn(port: number): Promise<Server | undefined> {
  const turn = createServer((socket) => socket.destroy());
  try {
    await listening(turn, { path: `\0homemaker:port:${port}` });
    return turn;
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") return undefined;
    if (isForbidden(error)) return turn; // it does not listen: nobody is kept out
    throw error;
  }
}
