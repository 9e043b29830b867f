// What was said and not yet taken in by the mesh: kept over a reload, and said again under the same request id, which
// is the same turn and never a second one.

import type { ChatSend } from "../wire/frames";

const KEY = "soma.pending";

export function keepPending(send: ChatSend): void {
  sessionStorage.setItem(KEY, JSON.stringify(send));
}

export function pendingSend(): ChatSend | undefined {
  const kept = sessionStorage.getItem(KEY);
  return kept === null ? undefined : (JSON.parse(kept) as ChatSend);
}

export function forgetPending(): void {
  sessionStorage.removeItem(KEY);
}
