/* Tubes page: all tubes, searched, sorted and paged by the server. */
import type { JSX } from "preact";
import type { Tube, TubesAnswer, TubeSort } from "../http/api-tubes.ts";
import { mayAct, mayManage } from "./access.ts";
import { Pager } from "./pager.tsx";
import { Empty, Figure, Loading, PageHead, Trouble, TubeHints } from "./parts.tsx";
import { age, count } from "./quantity.ts";
import { useResource } from "./resource.ts";
import { addressOf, go, query, tubeRoute } from "./route.ts";
import type { TubesRoute } from "./route.ts";
import { SearchField } from "./search-field.tsx";
import { WideTable } from "./table.tsx";
import type { Column } from "./table.tsx";
import { TubeActions } from "./tube-actions.tsx";

const LIMIT = 50;

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
          <WideTable
            label="Tubes"
            isStale={tubes.isStale}
            columns={columnsOf(route, tubes.reload)}
            rows={tubes.data.tubes}
            keyOf={({ name }) => name}
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

function columnsOf(route: TubesRoute, reload: () => void): readonly (Column<Tube> | false)[] {
  const direction = route.order === "asc" ? "ascending" : "descending";
  const column = (
    sort: TubeSort,
    label: string,
    kind: string,
    cell: Column<Tube>["cell"],
  ): Column<Tube> => ({
    head: <SortLink sort={sort} label={label} route={route} />,
    kind,
    sorted: route.sort === sort ? direction : "none",
    cell,
  });
  return [
    column("name", "Tube", "text", named),
    column("ready", "Ready", "number", (tube) => <Figure value={tube.ready} />),
    column("reserved", "Reserved", "number wide-only", (tube) => <Figure value={tube.reserved} />),
    column("delayed", "Delayed", "number wide-only", (tube) => <Figure value={tube.delayed} />),
    column("buried", "Buried", "number", buried),
    column("age", "Oldest", "number", (tube) => age(tube.ageOldestReadySeconds)),
    column("waiting", "Waiting", "number wide-only", (tube) => <Figure value={tube.waiting} />),
    column("total", "Total", "number wide-only", (tube) => count(tube.total)),
    mayAct.value && {
      head: <span class="unseen">Actions</span>,
      kind: "actions wide-only",
      cell: (tube) => mayManage(tube.name) && <TubeActions tube={tube} after={reload} />,
    },
  ];
}

function named(tube: Tube): JSX.Element {
  return (
    <>
      <a class="name" data-row href={addressOf(tubeRoute(tube.name))}>
        {tube.name}
      </a>
      <TubeHints tube={tube} />
    </>
  );
}

function buried(tube: Tube): JSX.Element {
  if (tube.buried === 0) return <Figure value={0} />;
  return (
    <a class="buried-link" href={addressOf(tubeRoute(tube.name, "buried"))}>
      <Figure value={tube.buried} />
    </a>
  );
}

function SortLink({
  sort,
  label,
  route,
}: {
  readonly sort: TubeSort;
  readonly label: string;
  readonly route: TubesRoute;
}): JSX.Element {
  const isSorted = route.sort === sort;
  const first = sort === "name" ? "asc" : "desc";
  const order = isSorted ? (route.order === "asc" ? "desc" : "asc") : first;
  return (
    <a class="sort" href={addressOf({ ...route, sort, order, offset: 0 })}>
      {label}
      <span class="sort-arrow" aria-hidden="true">
        {isSorted ? (route.order === "asc" ? "▲" : "▼") : ""}
      </span>
    </a>
  );
}
