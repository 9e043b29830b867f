// What a person thinks of an answer.

import type { Rest } from "../wire/rest";
import type { Entry, Rated } from "./entry";

const RATINGS = { good: "RATING_GOOD", bad: "RATING_BAD", none: "RATING_UNSPECIFIED" } as const;

/** Shows the rating at once and tells the mesh; what the mesh was asked for before it answers does not undo it. */
export async function rate(rest: Rest, entry: Entry, rated: Rated, text: string): Promise<void> {
  const before = entry.rated;
  entry.ratedUntil = Infinity;
  show(entry, rated);
  try {
    await rest.post(`/api/v1/chat/turns/${encodeURIComponent(entry.turnId)}:rate`, { rating: RATINGS[rated], text });
  } catch (error) {
    show(entry, before);
    throw error;
  } finally {
    entry.ratedUntil = performance.now();
  }
}

function show(entry: Entry, rated: Rated): void {
  entry.rated = rated;
  entry.changed.beat();
}
