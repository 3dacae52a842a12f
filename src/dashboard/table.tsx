/*
 * Table: rows under heads. A column says once what stands at its head, how it is set, and what it
 * shows of a row.
 */
import type { ComponentChildren, JSX } from "preact";

/** One column of a table. */
export interface Column<Row> {
  readonly head: ComponentChildren;
  /**
   * Classes of the head and of every cell: "number" is set to the right, "wide-only" left out on a
   * phone.
   */
  readonly kind?: string;
  /** Of a column that the rows can be sorted by. */
  readonly sorted?: "ascending" | "descending" | "none";
  readonly cell: (row: Row) => ComponentChildren;
}

/** What a table shows. */
interface Content<Row> {
  /** The first one names the row. What is false is left out. */
  readonly columns: readonly (Column<Row> | false)[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
}

/** A table that may be wider than the screen: it scrolls by itself, by keyboard too. */
export function WideTable<Row>({
  label,
  isStale = false,
  ...content
}: Content<Row> & { readonly label: string; readonly isStale?: boolean }): JSX.Element {
  return (
    // Focusable, since what scrolls must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class={isStale ? "wide is-stale" : "wide"} role="region" aria-label={label} tabIndex={0}>
      <Table {...content} />
    </div>
  );
}

/** A table of a few columns, within a panel. */
export function SmallTable<Row>(content: Content<Row>): JSX.Element {
  return <Table class="small" {...content} />;
}

function Table<Row>({
  columns,
  rows,
  keyOf,
  class: kind,
}: Content<Row> & { readonly class?: string }): JSX.Element {
  const shown = columns.filter((column) => column !== false);
  return (
    <table class={kind}>
      <thead>
        <tr>
          {shown.map((column, at) => (
            <th key={at} scope="col" class={column.kind} aria-sort={column.sorted}>
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {shown.map((column, at) =>
              at === 0 ? (
                <th key={at} scope="row" class={column.kind}>
                  {column.cell(row)}
                </th>
              ) : (
                <td key={at} class={column.kind}>
                  {column.cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
