/* Tubes page: all tubes, searched, sorted and paged by the server. */
import type { JSX } from "preact";
import type { TubesAnswer, TubeSort } from "../http/api.ts";
import { mayAct } from "./access.ts";
import { Pager } from "./pager.tsx";
import { Empty, Figure, Loading, PageHead, Trouble, TubeHints, WideTable } from "./parts.tsx";
import { age, count } from "./quantity.ts";
import { useResource } from "./resource.ts";
import { addressOf, go, query, tubeRoute } from "./route.ts";
import type { TubesRoute } from "./route.ts";
import { SearchField } from "./search-field.tsx";
import { TubeActions } from "./tube-actions.tsx";

const LIMIT = 50;

interface ColumnHead {
  readonly sort: TubeSort;
  readonly label: string;
  readonly kind: "text" | "number" | "number wide-only";
}

const COLUMNS: readonly ColumnHead[] = [
  { sort: "name", label: "Tube", kind: "text" },
  { sort: "ready", label: "Ready", kind: "number" },
  { sort: "reserved", label: "Reserved", kind: "number wide-only" },
  { sort: "delayed", label: "Delayed", kind: "number wide-only" },
  { sort: "buried", label: "Buried", kind: "number" },
  { sort: "age", label: "Oldest", kind: "number" },
  { sort: "waiting", label: "Waiting", kind: "number wide-only" },
  { sort: "total", label: "Total", kind: "number wide-only" },
];

/** The page. */
export function TubesPage({ route }: { readonly route: TubesRoute }): JSX.Element {
  const { search, sort, order, offset } = route;
  const path = `tubes${query(
    ["search", search],
    ["sort", sort],
    ["order", order],
    ["offset", offset],
    ["limit", LIMIT],
  )}`;
  const tubes = useResource<TubesAnswer>(path, 2);
  return (
    <>
      <PageHead title="Tubes" above={tubes.data === null ? "…" : countOf(tubes.data.total, search)}>
        <SearchField
          label="Search tubes by name"
          placeholder="Search by name"
          value={search}
          onChange={(text) => go({ ...route, search: text, offset: 0 }, true)}
        />
      </PageHead>
      <Trouble resource={tubes} />
      {tubes.data === null ? (
        tubes.error === null && <Loading rows={12} />
      ) : tubes.data.tubes.length === 0 ? (
        <Empty title={search === "" ? "There are no tubes." : "No tube has such a name."}>
          {search === ""
            ? "A tube appears when somebody uses or watches it."
            : "Try a shorter part of the name."}
        </Empty>
      ) : (
        <>
          <TubesTable
            route={route}
            answer={tubes.data}
            isStale={tubes.isStale}
            reload={tubes.reload}
          />
          <Pager
            offset={offset}
            limit={LIMIT}
            total={tubes.data.total}
            addressAt={(to) => addressOf({ ...route, offset: to })}
          />
        </>
      )}
    </>
  );
}

function countOf(total: number, search: string): string {
  return search === "" ? `${count(total)} in all` : `${count(total)} found`;
}

function TubesTable({
  route,
  answer,
  isStale,
  reload,
}: {
  readonly route: TubesRoute;
  readonly answer: TubesAnswer;
  readonly isStale: boolean;
  readonly reload: () => void;
}): JSX.Element {
  return (
    <WideTable label="Tubes" isStale={isStale}>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <SortHead key={column.sort} column={column} route={route} />
          ))}
          {mayAct.value && (
            <th scope="col" class="wide-only">
              <span class="unseen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {answer.tubes.map((tube) => (
          <tr key={tube.name}>
            <th scope="row">
              <a class="name" data-row href={addressOf(tubeRoute(tube.name))}>
                {tube.name}
              </a>
              <TubeHints tube={tube} />
            </th>
            <td class="number">
              <Figure value={tube.ready} />
            </td>
            <td class="number wide-only">
              <Figure value={tube.reserved} />
            </td>
            <td class="number wide-only">
              <Figure value={tube.delayed} />
            </td>
            <td class="number">
              {tube.buried > 0 ? (
                <a class="buried-link" href={addressOf(tubeRoute(tube.name, "buried"))}>
                  <Figure value={tube.buried} />
                </a>
              ) : (
                <Figure value={0} />
              )}
            </td>
            <td class="number">{age(tube.ageOldestReadySeconds)}</td>
            <td class="number wide-only">
              <Figure value={tube.waiting} />
            </td>
            <td class="number wide-only">
              <Figure value={tube.total} />
            </td>
            {mayAct.value && (
              <td class="actions wide-only">
                <TubeActions tube={tube} after={reload} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </WideTable>
  );
}

function SortHead({
  column,
  route,
}: {
  readonly column: ColumnHead;
  readonly route: TubesRoute;
}): JSX.Element {
  const isSorted = route.sort === column.sort;
  const first = column.sort === "name" ? "asc" : "desc";
  const order = isSorted ? (route.order === "asc" ? "desc" : "asc") : first;
  const direction = route.order === "asc" ? "ascending" : "descending";
  return (
    <th scope="col" class={column.kind} aria-sort={isSorted ? direction : "none"}>
      <a class="sort" href={addressOf({ ...route, sort: column.sort, order, offset: 0 })}>
        {column.label}
        <span class="sort-arrow" aria-hidden="true">
          {isSorted ? (route.order === "asc" ? "▲" : "▼") : ""}
        </span>
      </a>
    </th>
  );
}
