// The list of conversations: pages of it, its filter, new names, deletions.

import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import type { Conversation, ConversationPage } from "../wire/chat";
import { Cell } from "./cell";

const PATH = "/api/v1/chat/conversations";
const PAGE = 60;

export class Chats {
  readonly list = new Cell<readonly Conversation[] | undefined>(undefined);
  readonly filter = new Cell("");
  readonly problem = new Cell<Refusal | undefined>(undefined);
  /** First words of conversations that have no title yet. */
  readonly #words = new Map<string, string>();
  #more = "";
  #asked = 0;

  constructor(private readonly rest: Rest) {}

  get hasMore(): boolean {
    return this.#more !== "";
  }

  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const page = await this.#page("");
      if (asked === this.#asked) {
        this.#more = page.next_page_token;
        this.list.value = page.conversations;
        this.problem.value = undefined;
      }
    } catch (error) {
      if (asked === this.#asked) {
        this.problem.value = refusalOf(error);
      }
    }
  }

  async loadMore(): Promise<void> {
    const asked = this.#asked;
    const page = await this.#page(this.#more).catch(() => undefined);
    if (page !== undefined && asked === this.#asked) {
      this.#more = page.next_page_token;
      this.list.value = [...(this.list.value ?? []), ...page.conversations];
    }
  }

  async narrow(text: string): Promise<void> {
    this.filter.value = text;
    await this.refresh();
  }

  /** What a conversation is called here: its title, else what was said first in it. */
  nameOf(chat: Conversation): string {
    return chat.title || (this.#words.get(chat.conversation_id) ?? "");
  }

  /** Until it has a title a conversation goes by its first words. */
  callFirst(conversationId: string, words: string): void {
    this.#words.set(conversationId, words);
  }

  /** A title has come. */
  titled(conversationId: string, title: string): void {
    const { value: chats } = this.list;
    if (chats?.some((chat) => chat.conversation_id === conversationId && chat.title !== title) === true) {
      this.list.value = chats.map((chat) => (chat.conversation_id === conversationId ? { ...chat, title } : chat));
    }
  }

  /** Gives a conversation a name. */
  async rename(conversationId: string, title: string): Promise<void> {
    await this.rest.patch(`${PATH}/${encodeURIComponent(conversationId)}`, { conversation: { title } });
    await this.refresh();
  }

  async delete(conversationId: string): Promise<void> {
    await this.rest.delete(`${PATH}/${encodeURIComponent(conversationId)}`);
    await this.refresh();
  }

  #page(token: string): Promise<ConversationPage> {
    const query = { page_size: PAGE, page_token: token, title_contains: this.filter.value.trim() };
    return this.rest.get<ConversationPage>(PATH, query);
  }
}
