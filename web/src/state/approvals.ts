// What waits for a person's consent, in all conversations; deciding about it.

import type { PendingApproval } from "../wire/chat";
import type { Decision } from "../wire/frames";
import type { Rest } from "../wire/rest";
import { Cell } from "./cell";

const PATH = "/api/v1/chat/approvals";
const MOST = 200;
const LOOK_EVERY_MS = 30_000;

export class Approvals {
  readonly waiting = new Cell<readonly PendingApproval[]>([]);
  #asked = 0;

  constructor(private readonly rest: Rest) {
    setInterval(() => {
      if (!document.hidden) {
        void this.refresh();
      }
    }, LOOK_EVERY_MS);
  }

  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    const page = await this.rest.get<{ approvals: PendingApproval[] }>(PATH, { page_size: MOST }).catch(() => undefined);
    if (page !== undefined && asked === this.#asked) {
      this.waiting.value = page.approvals;
    }
  }

  /** Approves or denies exactly the arguments that were shown. Throws the refusal. */
  async decide(turnId: string, callId: string, hash: string, decision: Decision, note: string): Promise<void> {
    const path = `/api/v1/chat/turns/${encodeURIComponent(turnId)}/approvals/${encodeURIComponent(callId)}:resolve`;
    const name = decision === "approve" ? "APPROVAL_DECISION_APPROVE" : "APPROVAL_DECISION_DENY";
    try {
      await this.rest.post(path, { decision: name, arguments_hash: hash, note });
    } finally {
      void this.refresh();
    }
  }
}
