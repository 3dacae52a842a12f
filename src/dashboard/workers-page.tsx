/* Workers page: who works, by what each client calls itself and where it runs, and what is being
 * done: the jobs with their types, how far they are, and since when.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { WorkerHold, WorkersAnswer, WorkerSummary } from "../http/api.ts";
import { fromBase64, piecesInOneLine } from "./hostile-bytes.ts";
import { OneLine, Pieces } from "./hostile-text.tsx";
import { jobType } from "./job-type.ts";
import { Empty, Loading, PageHead, Trouble } from "./parts.tsx";
import { PeopleTabs, WatchedTubes } from "./people.tsx";
import { age, count, counted, duration } from "./quantity.ts";
import { useResource } from "./resource.ts";
import { addressOf } from "./route.ts";
import { WideTable } from "./table.tsx";
import type { Column } from "./table.tsx";

const SHOWN_CONNECTIONS = 5;
const TYPE_BYTES = new TextEncoder();

/** The page. */
export function WorkersPage(): JSX.Element {
  const workers = useResource<WorkersAnswer>("workers", 2);
  const { data } = workers;
  return (
    <>
      <PageHead
        title="Workers"
        above={data === null ? "…" : `${counted(data.workers.length, "worker")} with a name`}
      />
      <PeopleTabs shown="workers" />
      <Trouble resource={workers} />
      {data === null ? (
        workers.error === null && <Loading rows={6} />
      ) : data.workers.length === 0 ? (
        <Empty title="No worker has said what it is called.">
          Workers of the library do so by themselves, others with the command client-name. All
          others are among the connections.
        </Empty>
      ) : (
        <>
          {!data.isWhole && (
            <p class="banner warn">
              There are more workers than are looked at here: these are{" "}
              {counted(data.scanned, "connection")} of them.
            </p>
          )}
          <WideTable
            label="Workers"
            isStale={workers.isStale}
            columns={COLUMNS}
            rows={data.workers}
            keyOf={({ name, host }) => `${name} ${host}`}
          />
        </>
      )}
    </>
  );
}

const COLUMNS: readonly Column<WorkerSummary>[] = [
  { head: "Worker", kind: "peer", cell: who },
  { head: "Works on", cell: works },
  { head: "Watches", kind: "wide-only", cell: watched },
  {
    head: "Window",
    kind: "number wide-only",
    cell: ({ window }) => (window === 0 ? <span class="nothing">none</span> : count(window)),
  },
  { head: "Connections", kind: "wide-only", cell: connected },
];

function who({ name, host, connectionCount }: WorkerSummary): JSX.Element {
  return (
    <>
      <span class="name">{name}</span>
      <small class="sub">{host === "" ? "on a host that it does not say" : `on ${host}`}</small>
      <small class="sub narrow-only">{counted(connectionCount, "connection")}</small>
    </>
  );
}

function works({ holds, holdCount, waiting }: WorkerSummary): JSX.Element {
  if (holdCount === 0) {
    return waiting > 0 ? (
      <span class="hint ok">waits for a job</span>
    ) : (
      <span class="nothing">nothing</span>
    );
  }
  return (
    <ul class="works">
      {holds.map((hold) => (
        <Hold key={hold.id} hold={hold} />
      ))}
      {holdCount > holds.length && (
        <li class="nothing">and {count(holdCount - holds.length)} more</li>
      )}
    </ul>
  );
}

function Hold({ hold }: { readonly hold: WorkerHold }): JSX.Element {
  const { id, tube, preview, progress, heldSeconds, leftSeconds } = hold;
  const type = useMemo(() => jobType(fromBase64(preview.base64)), [preview.base64]);
  return (
    <li>
      <a href={addressOf({ page: "job", id })} title={`of tube ${tube}`}>
        {id}
      </a>{" "}
      {type !== undefined && (
        <span class="work-type">
          <Pieces pieces={piecesInOneLine(TYPE_BYTES.encode(type))} />
        </span>
      )}{" "}
      <small title={`${duration(leftSeconds)} of its time left`}>for {duration(heldSeconds)}</small>
      {progress !== null && (
        <span class="work-progress">
          <OneLine bytes={progress} most={60} />
        </span>
      )}
    </li>
  );
}

function watched({ watches }: WorkerSummary): JSX.Element {
  return <WatchedTubes watches={watches} />;
}

function connected({ connections, connectionCount }: WorkerSummary): JSX.Element {
  const shown = connections.slice(0, SHOWN_CONNECTIONS);
  return (
    <ul class="chips">
      {shown.map(({ id, pid, peer, ageSeconds }) => (
        <li key={id} class="hold">
          <a href={addressOf({ page: "connections", offset: 0, id })} title={peer}>
            {pid === null ? peer : `process ${pid}`}
          </a>{" "}
          <small>{age(ageSeconds)}</small>
        </li>
      ))}
      {connectionCount > shown.length && (
        <li class="nothing">and {count(connectionCount - shown.length)} more</li>
      )}
    </ul>
  );
}
