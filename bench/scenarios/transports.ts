/* What carries the bytes, on one core: WebSockets and TLS beside TCP, with the same load. */
import { pipelinedOrder, served } from "../contenders.ts";
import type { FigureName } from "../figures.ts";
import type { Scheme } from "../load/order.ts";
import type { Comparison, Scale, Scenario, ServedContender } from "../scenario.ts";

const CONNECTIONS = 16;
const PIPELINED = 64;
const TCP = "TCP";
const WEB_SOCKET = "WebSocket";
const TLS = "TLS";

/** TCP, a WebSocket and TLS in turn. */
export function transports(scale: Scale): Scenario {
  const order = pipelinedOrder("beanstalk", CONNECTIONS, PIPELINED, scale);
  const by = (name: string, scheme: Scheme): ServedContender => ({
    ...served(name, "homemaker", order),
    scheme,
  });
  return {
    name: "transports",
    title: `what carries it, ${CONNECTIONS} connections x ${PIPELINED} pipelined: put, reserve, delete`,
    contenders: [by(TCP, "tcp"), by(WEB_SOCKET, "ws"), by(TLS, "tls")],
    comparisons: [
      beside(WEB_SOCKET, "commandsPerSecond", "throughput", { atLeast: 0.8 }),
      beside(WEB_SOCKET, "serverMicrosPerCommand", "server CPU per command"),
      beside(TLS, "commandsPerSecond", "throughput"),
      beside(TLS, "serverMicrosPerCommand", "server CPU per command"),
    ],
  };
}

function beside(
  of: string,
  figure: FigureName,
  what: string,
  bound: Pick<Comparison, "atLeast"> = {},
): Comparison {
  return {
    what: `${of}: ${what} against TCP's`,
    figure,
    of,
    against: { contender: TCP },
    ...bound,
  };
}
