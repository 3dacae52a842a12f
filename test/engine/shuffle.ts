/* Shuffle: numbers in an order that looks random and is always the same. */
import { Random } from "../support/random.ts";

/** The numbers 1..`count`, shuffled; the same for the same `seed`. */
export function shuffled(count: number, seed: number): number[] {
  const random = randomFrom(seed);
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  for (let i = count - 1; i > 0; i--) {
    const j = random(i + 1);
    [numbers[i], numbers[j]] = [numbers[j] ?? 0, numbers[i] ?? 0];
  }
  return numbers;
}

/** A source of whole numbers from 0 up to below what it is asked for. */
export function randomFrom(seed: number): (below: number) => number {
  const random = new Random(seed);
  return (below) => random.below(below);
}

export function isSorted(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || (numbers[i - 1] ?? 0) <= number);
}
