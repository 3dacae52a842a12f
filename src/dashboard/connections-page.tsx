/* Connections page: who is connected, what they watch, and who holds what. */
import type { JSX } from "preact";
import type { ConnectionsAnswer, ConnectionSummary } from "../http/api.ts";
import { Pager } from "./pager.tsx";
import { Empty, Loading, PageHead, Trouble, TubeLink, WideTable } from "./parts.tsx";
import { age, count, counted, duration } from "./quantity.ts";
import { useResource } from "./resource.ts";
import { addressOf, query } from "./route.ts";

const LIMIT = 50;
const SHOWN_NAMES = 6;

/** The page. */
export function ConnectionsPage({ offset }: { readonly offset: number }): JSX.Element {
  const path = `connections${query(["offset", offset], ["limit", LIMIT])}`;
  const connections = useResource<ConnectionsAnswer>(path, 2);
  const { data } = connections;
  return (
    <>
      <PageHead title="Connections" above={data === null ? "…" : `${count(data.total)} open`} />
      <Trouble resource={connections} />
      {data === null ? (
        connections.error === null && <Loading rows={8} />
      ) : data.connections.length === 0 ? (
        <Empty title="Nobody is connected.">
          Producers and workers appear here while they are connected.
        </Empty>
      ) : (
        <>
          <WideTable label="Connections" isStale={connections.isStale}>
            <thead>
              <tr>
                <th scope="col">Connection</th>
                <th scope="col">Doing</th>
                <th scope="col">Holds</th>
                <th scope="col" class="wide-only">
                  Watches
                </th>
                <th scope="col" class="wide-only">
                  Uses
                </th>
                <th scope="col" class="number wide-only">
                  Thread
                </th>
                <th scope="col" class="number">
                  Age
                </th>
              </tr>
            </thead>
            <tbody>
              {data.connections.map((connection) => (
                <ConnectionRow key={connection.id} connection={connection} />
              ))}
            </tbody>
          </WideTable>
          <Pager
            offset={offset}
            limit={LIMIT}
            total={data.total}
            addressAt={(to) => addressOf({ page: "connections", offset: to })}
          />
        </>
      )}
    </>
  );
}

function ConnectionRow({ connection }: { readonly connection: ConnectionSummary }): JSX.Element {
  const { holds, watches } = connection;
  return (
    <tr>
      <th scope="row" class="peer">
        <span class="name">{connection.peer}</span>
        <small class="sub">{connection.id}</small>
        <small class="sub narrow-only">watches {counted(connection.watchCount, "tube")}</small>
      </th>
      <td>{doing(connection)}</td>
      <td>
        {holds.length === 0 && <span class="nothing">nothing</span>}
        <ul class="chips">
          {holds.map((hold) => (
            <li key={hold.id} class="hold">
              <a href={addressOf({ page: "job", id: hold.id })} title={`of tube ${hold.tube}`}>
                {hold.id}
              </a>{" "}
              <small>{duration(hold.leftSeconds)} left</small>
            </li>
          ))}
          {connection.holdCount > holds.length && (
            <li class="nothing">and {count(connection.holdCount - holds.length)} more</li>
          )}
        </ul>
      </td>
      <td class="wide-only">
        <ul class="chips">
          {watches.slice(0, SHOWN_NAMES).map((name) => (
            <li key={name}>
              <TubeLink name={name} />
            </li>
          ))}
          {connection.watchCount > SHOWN_NAMES && (
            <li class="nothing" title={watches.join(" ")}>
              and {count(connection.watchCount - SHOWN_NAMES)} more
            </li>
          )}
        </ul>
      </td>
      <td class="wide-only">
        <TubeLink name={connection.uses} />
      </td>
      <td class="number wide-only">{connection.thread}</td>
      <td class="number">{age(connection.ageSeconds)}</td>
    </tr>
  );
}

function doing(connection: ConnectionSummary): JSX.Element {
  if (connection.holdCount > 0) {
    return <span class="hint busy">works on {counted(connection.holdCount, "job")}</span>;
  }
  if (connection.waiting) return <span class="hint ok">waits for a job</span>;
  return <span class="nothing">nothing</span>;
}
