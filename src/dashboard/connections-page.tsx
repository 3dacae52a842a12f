/* Connections page: who is connected, what they watch, and who holds what. */
import type { JSX } from "preact";
import type { ConnectionsAnswer, ConnectionSummary } from "../http/api.ts";
import { PeopleTabs, shownWorker, WatchedTubes } from "./people.tsx";
import { Pager } from "./pager.tsx";
import { Empty, Loading, PageHead, Trouble, TubeLink } from "./parts.tsx";
import { age, count, counted, duration } from "./quantity.ts";
import { useResource } from "./resource.ts";
import { addressOf, query } from "./route.ts";
import { WideTable } from "./table.tsx";
import type { Column } from "./table.tsx";

const LIMIT = 50;

/** The page. */
export function ConnectionsPage({
  offset,
  only,
}: {
  readonly offset: number;
  /** Of the one connection that is to be shown; "" for all. */
  readonly only: string;
}): JSX.Element {
  const path = `connections${query(["id", only], ["offset", offset], ["limit", LIMIT])}`;
  const connections = useResource<ConnectionsAnswer>(path, 2);
  const { data } = connections;
  return (
    <>
      <PageHead
        title={only === "" ? "Connections" : `Connection ${only}`}
        above={
          only === "" ? (
            data === null ? (
              "…"
            ) : (
              `${count(data.total)} open`
            )
          ) : (
            <a href={addressOf({ page: "connections", offset: 0 })}>Connections</a>
          )
        }
      />
      {only === "" && <PeopleTabs shown="connections" />}
      <Trouble resource={connections} />
      {data === null ? (
        connections.error === null && <Loading rows={8} />
      ) : data.connections.length === 0 ? (
        <Empty title={only === "" ? "Nobody is connected." : "This connection is closed."}>
          Producers and workers appear here while they are connected.
        </Empty>
      ) : (
        <>
          <WideTable
            label="Connections"
            isStale={connections.isStale}
            columns={COLUMNS}
            rows={data.connections}
            keyOf={({ id }) => id}
          />
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

const COLUMNS: readonly Column<ConnectionSummary>[] = [
  { head: "Connection", kind: "peer", cell: who },
  { head: "Doing", cell: doing },
  { head: "Holds", cell: held },
  { head: "Watches", kind: "wide-only", cell: watched },
  { head: "Uses", kind: "wide-only", cell: ({ uses }) => <TubeLink name={uses} /> },
  { head: "Thread", kind: "number wide-only", cell: ({ thread }) => thread },
  { head: "Age", kind: "number", cell: ({ ageSeconds }) => age(ageSeconds) },
];

function who({ id, peer, name, host, pid, watchCount }: ConnectionSummary): JSX.Element {
  return (
    <>
      <span class="name">{name === "" ? peer : shownWorker({ name, host })}</span>
      <small class="sub">
        {name === "" ? "" : `${peer} · `}
        {pid === null ? "" : `process ${pid} · `}
        {id}
      </small>
      <small class="sub narrow-only">watches {counted(watchCount, "tube")}</small>
    </>
  );
}

function doing(connection: ConnectionSummary): JSX.Element {
  if (connection.holdCount > 0) {
    return <span class="hint busy">works on {counted(connection.holdCount, "job")}</span>;
  }
  if (connection.waiting) return <span class="hint ok">waits for a job</span>;
  return <span class="nothing">nothing</span>;
}

function held({ holds, holdCount }: ConnectionSummary): JSX.Element {
  return (
    <>
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
        {holdCount > holds.length && (
          <li class="nothing">and {count(holdCount - holds.length)} more</li>
        )}
      </ul>
    </>
  );
}

function watched({ watches, watchCount }: ConnectionSummary): JSX.Element {
  return <WatchedTubes watches={watches} watchCount={watchCount} />;
}
