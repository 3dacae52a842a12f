/* Hostile text: pieces of what clients wrote, as text nodes between left-to-right marks of
 * isolation.
 *
 * The only place where users' bytes become elements. A <bdi> keeps their direction from leaking
 * into the page.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Bytes } from "../http/api-jobs.ts";
import { beginningOf, fromBase64, piecesInOneLine } from "./hostile-bytes.ts";
import type { Piece } from "./hostile-bytes.ts";

/** Shows pieces. */
export function Pieces({ pieces }: { readonly pieces: readonly Piece[] }): JSX.Element {
  return (
    <bdi dir="ltr">
      {pieces.map(({ text, isMark }, index) =>
        isMark ? (
          <span key={index} class="byte-mark">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </bdi>
  );
}

/** The beginning of bytes in one line; what does not fit is cut by the style sheet. */
export function OneLine({
  bytes,
  most = 160,
}: {
  readonly bytes: Bytes;
  readonly most?: number;
}): JSX.Element {
  const { base64, isWhole } = bytes;
  const body = useMemo(() => fromBase64(base64), [base64]);
  const pieces = useMemo(
    () => piecesInOneLine(beginningOf(body, most, isWhole)),
    [body, most, isWhole],
  );
  if (body.length === 0) return <span class="nothing">empty</span>;
  return (
    <span class="one-line">
      <Pieces pieces={pieces} />
      {(body.length > most || !isWhole) && <span class="nothing">…</span>}
    </span>
  );
}
