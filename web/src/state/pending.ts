// What was said and not yet taken in by the mesh: kept over a reload, and said again under the same request id, which
// is the same turn and never a second one.

import type { ChatSend } from "../wire/frames";

const KEY = "soma.pending";
const SOON_MS = 1500;
let timer: ReturnType<typeof setTimeout> | undefined;

export function keepPending(send: ChatSend): void {
  clearTimeout(timer);
  sessionStorage.setItem(KEY, JSON.stringify(send));
}

export function pendingSend(): ChatSend | undefined {
  const kept = sessionStorage.getItem(KEY);
  return kept === null ? undefined : (JSON.parse(kept) as ChatSend);
}

/** Once the mesh has it; a page that is just being left keeps it, for nobody may have seen where it went. */
export function forgetPendingSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(forgetPending, SOON_MS);
}

export function forgetPending(): void {
  clearTimeout(timer);
  sessionStorage.removeItem(KEY);
}
