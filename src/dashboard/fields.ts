/* Fields: what several questions ask for: the name of a tube, and a priority. */
import type { TextField } from "./question.tsx";

const PRI_MAX = 4_294_967_295;
const TUBE_NAME = /^[A-Za-z0-9+/;.$_()][-A-Za-z0-9+/;.$_()]{0,199}$/;

/** A tube to move to; `from` is none. */
export function tubeField(from: string): TextField {
  return {
    label: "Tube",
    preset: "",
    form: "name of the tube",
    isGood: (text) => TUBE_NAME.test(text) && text !== from,
  };
}

/** A priority; the smallest number comes first. */
export function priorityField(preset: string): TextField {
  return {
    label: "Priority",
    preset,
    form: `0 to ${PRI_MAX}`,
    isGood: (text) => /^\d{1,10}$/.test(text) && Number(text) <= PRI_MAX,
  };
}
