// The search in what was said, in all conversations.

import type { FoundMessage, FoundPage } from "../wire/chat";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { Cell } from "./cell";

const PATH = "/api/v1/chat/messages:search";
const PAGE = 20;
const LEAST = 2;

export class Search {
  readonly found = new Cell<readonly FoundMessage[] | undefined>(undefined);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  #running: AbortController | undefined;
  #text = "";
  #more = "";

  constructor(private readonly rest: Rest) {}

  get hasMore(): boolean {
    return this.#more !== "";
  }

  /** Looks for messages with these words; what was being looked for before is dropped. */
  async look(text: string): Promise<void> {
    this.#running?.abort();
    this.#text = asQuery(text);
    this.#more = "";
    if (this.#text.length < LEAST) {
      this.found.value = undefined;
      this.problem.value = undefined;
      return;
    }
    await this.#read([]);
  }

  async more(): Promise<void> {
    await this.#read(this.found.value ?? []);
  }

  async #read(before: readonly FoundMessage[]): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const query = { query: this.#text, page_size: PAGE, page_token: this.#more };
    try {
      const page = await this.rest.get<FoundPage>(PATH, query, running.signal);
      this.#more = page.next_page_token;
      this.found.value = [...before, ...page.messages];
      this.problem.value = undefined;
    } catch (error) {
      if (!running.signal.aborted) {
        this.found.value = [];
        this.problem.value = refusalOf(error);
      }
    }
  }
}

/** The last word is still being written: what begins with it is found as well. */
function asQuery(text: string): string {
  const trimmed = text.trim();
  return /[\p{L}\p{N}]$/u.test(text) && text.length < 256 ? `${trimmed}*` : trimmed;
}
