// Everything the page knows, put together once; and what happens when parts of it meet.

import { Connection } from "../wire/connection";
import { Rest } from "../wire/rest";
import { firstWords } from "../text/format";
import { Chats } from "./chats";
import type { Entry } from "./entry";
import { Layout } from "./layout";
import { Memories } from "./memories";
import { MeshState } from "./mesh";
import { Mind } from "./mind";
import { Receipts } from "./receipts";
import { Talk } from "./talk";

export class Store {
  readonly rest = new Rest();
  readonly layout = new Layout();
  readonly mesh = new MeshState(this.rest);
  readonly chats = new Chats(this.rest);
  readonly receipts = new Receipts(this.rest);
  readonly mind = new Mind(this.rest);
  readonly talk: Talk;
  readonly memories: Memories;
  readonly #connection: Connection;
  readonly #tabs = new BroadcastChannel("soma");
  #wasLost = false;

  constructor() {
    this.#connection = new Connection(
      {
        connected: (told) => {
          this.mesh.agents.value = told.agents;
          void this.#cameBack();
        },
        link: (state) => this.#linked(state),
        frame: (frameId, frame) => this.talk.hear(frameId, frame),
      },
      this.rest,
    );
    this.talk = new Talk(this.rest, this.#connection, {
      begun: (entry, conversationId, fresh) => void this.#begun(entry, conversationId, fresh),
      ended: (entry, sentence) => this.#ended(entry, sentence),
    });
    this.memories = new Memories(this.rest, () => this.talk.agentId);
    this.#tabs.addEventListener("message", () => this.#heardOfOthers());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        this.#heardOfOthers();
      }
    });
    addEventListener("hashchange", () => this.#follow());
  }

  start(): void {
    void this.talk.takeUp().then((taken) => {
      if (!taken) {
        this.#follow();
      }
    });
    this.#connection.open();
  }

  newChat(): void {
    this.layout.railOpen.value = false;
    history.pushState(null, "", location.pathname);
    this.talk.fresh();
  }

  openChat(conversationId: string): void {
    this.layout.railOpen.value = false;
    location.hash = conversationId;
  }

  async deleteChat(conversationId: string): Promise<void> {
    await this.chats.delete(conversationId);
    if (conversationId === this.talk.conversationId.value) {
      this.newChat();
    }
    this.#tabs.postMessage("deleted");
  }

  showReceipt(id: string): void {
    this.layout.openDrawer("receipt");
    void this.receipts.show(id);
  }

  showMemory(id: string): void {
    this.layout.openDrawer("memory");
    void this.memories.show(id);
  }

  async #begun(entry: Entry, conversationId: string, fresh: boolean): Promise<void> {
    this.mesh.level.value = entry.level;
    this.mesh.usedModel.value = entry.model;
    this.layout.announce("The answer begins.");
    if (fresh) {
      history.replaceState(null, "", `#${conversationId}`);
      // A conversation is made without a name; its first words are one until a person gives it another.
      await this.chats.rename(conversationId, firstWords(entry.question)).catch(() => undefined);
    }
    this.#tabs.postMessage("begun");
    await this.chats.refresh();
  }

  #ended(entry: Entry, sentence: string): void {
    this.layout.announce(sentence);
    this.#tabs.postMessage("ended");
    void this.chats.refresh();
    void this.mesh.refresh();
    if (this.layout.drawerOpen.value && this.layout.tab.value === "receipt" && entry.receiptId !== "") {
      void this.receipts.show(entry.receiptId);
    }
    if (this.layout.drawerOpen.value && this.layout.tab.value === "mind") {
      void this.mind.load(this.talk.agentId);
    }
    if (entry.problem?.code === "CURSOR_TOO_OLD") {
      void this.talk.open(this.talk.conversationId.value);
    }
  }

  #linked(state: MeshState["link"]["value"]): void {
    this.#wasLost ||= state === "lost";
    this.mesh.link.value = state;
  }

  async #cameBack(): Promise<void> {
    if (this.#wasLost) {
      this.#wasLost = false;
      this.layout.announce("Connected again.");
    }
    await Promise.all([this.chats.refresh(), this.mesh.refresh(), this.talk.refresh()]);
  }

  #heardOfOthers(): void {
    void this.chats.refresh();
    void this.talk.refresh();
  }

  #follow(): void {
    const id = location.hash.slice(1);
    if (id === "") {
      this.talk.fresh();
    } else if (id !== this.talk.conversationId.value) {
      void this.talk.open(id);
    }
  }
}
