// How the conversation that is shown stands, told by the mesh while the page is looked at: its title, its leaf, a turn
// that runs, whoever changed it.

import type { Conversation } from "../wire/chat";

export class Watch {
  #source: EventSource | undefined;
  #conversationId = "";

  constructor(private readonly told: (conversation: Conversation) => void) {
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** Watches this conversation and no other; none when the id is empty. */
  turnTo(conversationId: string): void {
    if (conversationId !== this.#conversationId) {
      this.#conversationId = conversationId;
      this.#close();
      this.look();
    }
  }

  /** Looks whether there is something to watch, and does. */
  look(): void {
    if (document.hidden || this.#conversationId === "") {
      this.#close();
    } else if (this.#source === undefined || this.#source.readyState === EventSource.CLOSED) {
      const source = new EventSource(`/api/v1/chat/conversations/${encodeURIComponent(this.#conversationId)}:watch`);
      source.addEventListener("message", (event) => {
        this.told((JSON.parse(String(event.data)) as { conversation: Conversation }).conversation);
      });
      this.#source = source;
    }
  }

  #close(): void {
    this.#source?.close();
    this.#source = undefined;
  }
}
