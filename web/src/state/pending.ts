// What was said and not yet taken in by the mesh: kept over a reload, and said again under the same request id, which
// is the same turn and never a second one.

import type { Opening } from "../wire/frames";

const KEY = "soma.pending";
const SOON_MS = 1500;

export interface Kept {
  opening: Opening;
  /** The words, for a queued message to be shown before its turn has begun. */
  text: string;
  queued: boolean;
  conversationId: string;
}

export function pendingOnes(): Kept[] {
  const kept = sessionStorage.getItem(KEY);
  return kept === null ? [] : (JSON.parse(kept) as Kept[]);
}

export function keepPending(kept: Kept): void {
  write([...pendingOnes().filter((other) => idOf(other) !== idOf(kept)), kept]);
}

/** Once the mesh has it; a page that is just being left keeps it, for nobody may have seen where it went. */
export function forgetPendingSoon(requestId: string): void {
  setTimeout(() => forgetPending(requestId), SOON_MS);
}

export function forgetPending(requestId: string): void {
  write(pendingOnes().filter((kept) => idOf(kept) !== requestId));
}

function idOf(kept: Kept): string {
  return kept.opening.payload.request_id;
}

function write(all: readonly Kept[]): void {
  if (all.length === 0) {
    sessionStorage.removeItem(KEY);
  } else {
    sessionStorage.setItem(KEY, JSON.stringify(all));
  }
}
