// Everything the page knows, put together once; and what happens when parts of it meet.

import type { Conversation } from "../wire/chat";
import { Connection } from "../wire/connection";
import type { Started } from "../wire/frames";
import { Rest } from "../wire/rest";
import { firstWords } from "../text/format";
import { Adaptation } from "./adaptation";
import { Approvals } from "./approvals";
import { Budgets } from "./budgets";
import { Chats } from "./chats";
import { Configuration } from "./configuration";
import type { Entry } from "./entry";
import { Files } from "./files";
import { Layout } from "./layout";
import { Level } from "./level";
import { Memories } from "./memories";
import { MeshState } from "./mesh";
import { Mind } from "./mind";
import { Receipts } from "./receipts";
import { Search } from "./search";
import { Sleep } from "./sleep";
import { Talk } from "./talk";
import { Thread } from "./thread";
import { Turns } from "./turns";
import { Watch } from "./watch";

/** An address that ends so leads to a memory. */
export const MEMORY_LINK = "memory=";

export class Store {
  readonly rest = new Rest();
  readonly layout = new Layout();
  readonly mesh = new MeshState(this.rest);
  readonly chats = new Chats(this.rest);
  readonly search = new Search(this.rest);
  readonly approvals = new Approvals(this.rest);
  readonly files = new Files(this.rest, {
    imported: (conversationId) => this.#imported(conversationId),
    done: (sentence) => this.layout.announce(sentence),
    refused: (problem) => this.layout.tell(problem),
  });
  readonly receipts = new Receipts(this.rest);
  readonly budgets = new Budgets(this.rest);
  readonly level = new Level(this.rest);
  readonly configuration = new Configuration(this.rest);
  readonly mind = new Mind(this.rest);
  readonly sleep = new Sleep(this.rest);
  readonly adaptation = new Adaptation(this.rest);
  readonly thread = new Thread();
  readonly memories = new Memories(this.rest, () => this.thread.agentId);
  readonly turns: Turns;
  readonly talk: Talk;
  readonly #connection: Connection;
  readonly #watch = new Watch((conversation) => this.#stands(conversation));
  readonly #tabs = new BroadcastChannel("soma");
  #wasLost = false;

  constructor() {
    this.#connection = new Connection(
      {
        connected: (told) => {
          this.mesh.agents.value = told.agents;
          this.mesh.userId = told.user_id;
          this.mesh.roles.value = told.roles ?? []; // a mesh before this one tells none
          void this.#cameBack();
        },
        link: (state) => this.#linked(state),
        frame: (frameId, frame) => this.turns.hear(frameId, frame),
        title: (told) => this.chats.titled(told.conversation_id, told.title),
      },
      this.rest,
    );
    this.turns = new Turns(this.thread, this.#connection, this.rest, {
      begun: (entry, told, fresh) => void this.#begun(entry, told, fresh),
      said: (_entry, sentence) => this.#said(sentence),
      ended: (entry, sentence, branched) => this.#ended(entry, sentence, branched),
      strayed: (entry, told) => void this.talk.straighten(entry, told.user_message_id),
    });
    this.talk = new Talk(this.rest, this.thread, this.turns);
    this.#tabs.addEventListener("message", () => this.#heardOfOthers());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        this.#heardOfOthers();
      }
    });
    addEventListener("hashchange", () => this.#follow());
    this.thread.conversationId.watch(() => this.#watch.turnTo(this.thread.conversationId.value));
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

  /** Shows a conversation, at its end or where a message stands in it. */
  openChat(conversationId: string, messageId = ""): void {
    this.layout.railOpen.value = false;
    if (messageId === "") {
      location.hash = conversationId;
    } else {
      history.pushState(null, "", `#${conversationId}`);
      void this.talk.open(conversationId, messageId);
    }
  }

  /** Where something waits for consent: here, if its card is shown, else in the first conversation the mesh told of. */
  get asksIn(): string | undefined {
    return this.thread.asking ? this.thread.conversationId.value : this.approvals.waiting.value[0]?.conversation_id;
  }

  /** Shows what waits for consent in a conversation. */
  openApproval(conversationId: string): void {
    this.layout.seekApproval();
    if (conversationId !== this.thread.conversationId.value) {
      this.openChat(conversationId);
    }
    this.layout.railOpen.value = false;
  }

  async deleteChat(conversationId: string): Promise<void> {
    await this.chats.delete(conversationId);
    if (conversationId === this.thread.conversationId.value) {
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

  /** Reads anew what the drawer shows of budgets, after something was spent or set. */
  async loadBudgets(): Promise<void> {
    const { agentId, conversationId } = this.thread;
    await this.budgets.load(agentId, conversationId.value, this.mesh.isOperator);
  }

  /** Reads anew what the drawer shows of the mind. */
  async loadMind(): Promise<void> {
    const { agentId } = this.thread;
    await Promise.all([this.mind.load(agentId), this.sleep.load(agentId), this.adaptation.load(agentId)]);
  }

  async #begun(entry: Entry, told: Started, fresh: boolean): Promise<void> {
    this.mesh.level.value = entry.level;
    this.mesh.usedModel.value = entry.model;
    this.layout.announce("The answer begins.");
    if (fresh) {
      history.replaceState(null, "", `#${told.conversation_id}`);
      this.chats.callFirst(told.conversation_id, firstWords(this.thread.questionOf(entry)?.text ?? ""));
    }
    this.#tabs.postMessage("begun");
    await this.chats.refresh();
  }

  #imported(conversationId: string): void {
    this.openChat(conversationId);
    this.#tabs.postMessage("imported");
    void this.chats.refresh();
  }

  #said(sentence: string): void {
    this.layout.announce(sentence);
    void this.approvals.refresh();
  }

  #ended(entry: Entry, sentence: string, branched: boolean): void {
    this.layout.announce(sentence);
    this.#tabs.postMessage("ended");
    void this.chats.refresh();
    void this.mesh.refresh();
    if (entry.tools.some((tool) => tool.consent !== undefined)) {
      void this.approvals.refresh();
    }
    this.#renewDrawer(entry);
    if (entry.problem?.code === "CURSOR_TOO_OLD") {
      void this.talk.open(this.thread.conversationId.value);
    } else if (branched) {
      void this.talk.refresh();
    }
  }

  #renewDrawer(entry: Entry): void {
    const { drawerOpen, tab } = this.layout;
    if (!drawerOpen.value) {
      return;
    }
    if (tab.value === "receipt" && entry.receiptId !== "") {
      void this.receipts.show(entry.receiptId);
    } else if (tab.value === "mind") {
      void this.loadMind();
    } else if (tab.value === "budget") {
      void this.loadBudgets();
    }
  }

  #stands(conversation: Conversation): void {
    this.chats.titled(conversation.conversation_id, conversation.title);
    void this.talk.heard(conversation);
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
    this.#watch.look();
    this.level.look();
    const { chats, mesh, approvals, talk } = this;
    await Promise.all([chats.refresh(), mesh.refresh(), mesh.refreshAgents(), approvals.refresh(), talk.refresh()]);
  }

  #heardOfOthers(): void {
    void this.chats.refresh();
    void this.approvals.refresh();
    void this.talk.refresh();
  }

  #follow(): void {
    const id = location.hash.slice(1);
    if (id.startsWith(MEMORY_LINK)) {
      this.layout.openDrawer("memory");
      void this.memories.show(id.slice(MEMORY_LINK.length));
    } else if (id === "") {
      this.talk.fresh();
    } else if (id !== this.thread.conversationId.value) {
      void this.talk.open(id);
    }
  }
}
