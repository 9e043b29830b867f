// The conversation that is shown: its messages, the answer that is being written, older pages.

import type { Connection } from "../wire/connection";
import type { ChatSend, TurnFrame } from "../wire/frames";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import type { Conversation, MessagePage } from "../wire/types";
import { Cell } from "./cell";
import { answerEntry, storedEntry, userEntry, type Entry } from "./entry";
import { hear } from "./hearing";
import { forgetPending, forgetPendingSoon, keepPending, pendingSend } from "./pending";

const PAGE = 60;
const CONVERSATIONS = "/api/v1/chat/conversations";

export interface TalkListener {
  /** A turn has begun; `fresh` when it made its conversation. */
  begun(entry: Entry, conversationId: string, fresh: boolean): void;
  /** A turn came to its end, with a sentence for those who do not see it. */
  ended(entry: Entry, sentence: string): void;
}

export class Talk {
  readonly conversation = new Cell<Conversation | undefined>(undefined);
  readonly conversationId = new Cell("");
  readonly entries = new Cell<readonly Entry[]>([]);
  readonly running = new Cell<Entry | undefined>(undefined);
  readonly opening = new Cell(false);
  readonly loadingOlder = new Cell(false);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  agentId = "";
  #older = "";
  #frameId = "";
  #visit = 0;

  constructor(
    private readonly rest: Rest,
    private readonly connection: Connection,
    private readonly listener: TalkListener,
  ) {}

  get hasOlder(): boolean {
    return this.#older !== "";
  }

  /** An empty conversation; it exists in the mesh once something is said. */
  fresh(): void {
    this.#clear();
    this.conversation.value = undefined;
    this.conversationId.value = "";
  }

  async open(conversationId: string): Promise<void> {
    this.#clear();
    const visit = this.#visit;
    this.conversationId.value = conversationId;
    this.opening.value = true;
    try {
      const [opened, page] = await this.#newest(conversationId);
      if (visit === this.#visit) {
        this.#show(opened, page);
      }
    } catch (error) {
      if (visit === this.#visit) {
        this.problem.value = refusalOf(error);
      }
    } finally {
      if (visit === this.#visit) {
        this.opening.value = false;
      }
    }
  }

  /** Looks again, for what another tab or device did to the conversation. */
  async refresh(): Promise<void> {
    const { value: id } = this.conversationId;
    const refused = this.entries.value.at(-1)?.problem !== undefined;
    if (id === "" || refused || this.running.value !== undefined || this.opening.value) {
      return;
    }
    const visit = this.#visit;
    const found = await this.#newest(id).catch(() => undefined);
    const same = found?.[0].current_leaf_message_id === this.entries.value.at(-1)?.messageId;
    const idle = found?.[0].running_turn_id === "";
    if (found !== undefined && visit === this.#visit && this.running.value === undefined && !(same && idle)) {
      this.#show(...found);
    }
  }

  async loadOlder(): Promise<void> {
    if (this.#older === "" || this.loadingOlder.value) {
      return;
    }
    const visit = this.#visit;
    this.loadingOlder.value = true;
    try {
      const page = await this.#messages(this.conversationId.value, this.#older);
      if (visit === this.#visit) {
        this.#older = page.next_page_token;
        this.entries.value = [...page.messages.map(storedEntry), ...this.entries.value];
      }
    } catch (error) {
      this.problem.value = refusalOf(error);
    } finally {
      this.loadingOlder.value = false;
    }
  }

  say(text: string): void {
    if (this.running.value !== undefined || text.trim() === "") {
      return;
    }
    const send: ChatSend = { content: text, request_id: crypto.randomUUID() };
    if (this.conversationId.value !== "") {
      send.conversation_id = this.conversationId.value;
    } else if (this.agentId !== "") {
      send.agent_id = this.agentId;
    }
    keepPending(send);
    this.#begin(send);
  }

  /** Takes up what was being said when the page was left before the mesh had answered. */
  async takeUp(): Promise<boolean> {
    const send = pendingSend();
    if (send === undefined) {
      return false;
    }
    if (send.conversation_id !== undefined) {
      await this.open(send.conversation_id);
    }
    const asked = this.entries.value.findLast((entry) => entry.role === "user");
    if (this.running.value === undefined && asked?.text !== send.content) {
      this.#begin(send);
    }
    return true;
  }

  stop(): void {
    if (this.#frameId !== "") {
      this.connection.stop(this.#frameId);
    }
  }

  hear(frameId: string, frame: TurnFrame): void {
    const entry = this.running.value;
    if (frameId !== this.#frameId || entry === undefined) {
      return;
    }
    if (frame.type === "chat.started") {
      forgetPendingSoon();
      const fresh = this.conversationId.value === "";
      this.conversationId.value = frame.payload.conversation_id;
      this.agentId = frame.payload.agent_id;
      hear(entry, frame);
      this.listener.begun(entry, frame.payload.conversation_id, fresh);
      return;
    }
    const sentence = hear(entry, frame);
    if (!entry.running) {
      forgetPending();
      this.#frameId = "";
      this.running.value = undefined;
      this.listener.ended(entry, sentence);
    }
  }

  #begin(send: ChatSend): void {
    const answer = answerEntry(send.content);
    this.entries.value = [...this.entries.value, userEntry(send.content), answer];
    this.running.value = answer;
    this.#frameId = this.connection.say(send);
  }

  #show(conversation: Conversation, page: MessagePage): void {
    this.conversation.value = conversation;
    this.agentId = conversation.agent_id;
    this.#older = page.next_page_token;
    const entries = page.messages.map(storedEntry);
    if (conversation.running_turn_id !== "") {
      const answer = answerEntry("");
      entries.push(answer);
      this.running.value = answer;
      this.#frameId = this.connection.follow(conversation.running_turn_id);
    }
    this.entries.value = entries;
  }

  #clear(): void {
    this.#visit += 1;
    if (this.#frameId !== "") {
      this.connection.leave(this.#frameId);
      this.#frameId = "";
    }
    this.#older = "";
    this.running.value = undefined;
    this.problem.value = undefined;
    this.opening.value = false;
    this.entries.value = [];
  }

  async #newest(id: string): Promise<[Conversation, MessagePage]> {
    const [opened, page] = await Promise.all([
      this.rest.get<{ conversation: Conversation }>(`${CONVERSATIONS}/${encodeURIComponent(id)}`),
      this.#messages(id, ""),
    ]);
    return [opened.conversation, page];
  }

  #messages(id: string, token: string): Promise<MessagePage> {
    const query = { page_size: PAGE, from_end: true, page_token: token };
    return this.rest.get<MessagePage>(`${CONVERSATIONS}/${encodeURIComponent(id)}/messages`, query);
  }
}
