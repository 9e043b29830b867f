// The rail: a new chat, the search, what waits for consent, conversations by day.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { dayOf } from "../text/format";
import type { Conversation, PendingApproval } from "../wire/chat";
import { Part } from "./part";
import "./chat-row";
import "./found";

const PAUSE_MS = 200;

export class RailPart extends Part {
  static override styles = [
    base,
    controls,
    notices,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
        background: var(--sunken);
      }
      .brand {
        display: flex;
        align-items: center;
        gap: var(--s2);
        min-height: var(--bar);
        padding: 0 var(--s2) 0 var(--s4);
        font-weight: 650;
      }
      .brand img {
        width: 20px;
        height: 20px;
      }
      .brand span {
        flex: 1;
      }
      .top {
        display: grid;
        gap: var(--s2);
        padding: 0 var(--s3) var(--s2);
      }
      .new {
        justify-content: flex-start;
      }
      .new kbd {
        margin-left: auto;
      }
      .list {
        flex: 1;
        min-height: 0;
        padding: 0 var(--s2) var(--s4);
        overflow-y: auto;
      }
      h2 {
        padding: var(--s4) var(--s2) var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 500;
      }
      .empty {
        padding: var(--s3) var(--s2);
      }
      .waits {
        display: flex;
        gap: var(--s2);
        width: 100%;
        min-height: 32px;
        padding: 0 var(--s2);
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
      .waits svg {
        flex: none;
        color: var(--warn);
      }
      .waits .cut {
        flex: 1;
      }
      .more {
        width: 100%;
        margin-top: var(--s2);
      }
    `,
  ];
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected override watched(): readonly Watchable[] {
    const { chats, thread, layout, approvals } = this.store;
    return [chats.list, chats.problem, chats.filter, thread.conversationId, layout.narrow, approvals.waiting];
  }

  protected override render(): unknown {
    const { store } = this;
    return html`
      <div class="brand">
        <img src="/static/icon.svg" alt="" /><span>SomaStack</span>
        ${store.layout.narrow.value
          ? html`<button class="plain icon" type="button" aria-label="Close" @click=${() => (store.layout.railOpen.value = false)}>
              ${icon("close")}
            </button>`
          : nothing}
      </div>
      <div class="top">
        <button class="new" type="button" @click=${() => store.newChat()}>${icon("plus")} New chat <kbd>Alt N</kbd></button>
        <div class="filter" role="search">
          ${icon("search")}
          <input
            type="search"
            aria-label="Search conversations"
            placeholder="Search"
            maxlength="200"
            .value=${store.chats.filter.value}
            @input=${(event: InputEvent) => this.#narrow((event.target as HTMLInputElement).value)}
            @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
          />
        </div>
      </div>
      <div class="list" @keydown=${(event: KeyboardEvent) => this.#onKey(event)}>
        ${this.#waiting()} ${this.#list()} <soma-found .store=${store}></soma-found>
      </div>
    `;
  }

  #waiting(): unknown {
    const { value: waiting } = this.store.approvals.waiting;
    if (waiting.length === 0) {
      return nothing;
    }
    return html`<h2>Waits for you · ${waiting.length}</h2>
      <ul>
        ${waiting.map((each) => html`<li>${this.#approval(each)}</li>`)}
      </ul>`;
  }

  #approval({ request, conversation_id, conversation_title }: PendingApproval): unknown {
    const name = `${request.call.name} in “${conversation_title || "Untitled chat"}”`;
    return html`<button class="waits" type="button" title=${name} @click=${() => this.store.openApproval(conversation_id)}>
      ${icon("wait")}<span class="cut">${name}</span>
    </button>`;
  }

  #list(): unknown {
    const { list, problem, filter } = this.store.chats;
    if (problem.value !== undefined) {
      return html`<p class="problem">${problem.value.message}</p>`;
    }
    if (list.value === undefined) {
      return nothing;
    }
    if (list.value.length === 0) {
      const nobody = filter.value.trim() === "" ? "Your conversations will stand here." : "No title contains this.";
      return html`<p class="quiet small empty">${nobody}</p>`;
    }
    const days = Map.groupBy(list.value, (chat) => dayOf(chat.update_time));
    return html`${[...days].map(([day, chats]) => this.#day(day, chats))}
    ${this.store.chats.hasMore
      ? html`<button class="plain more" type="button" @click=${() => void this.store.chats.loadMore()}>Show older</button>`
      : nothing}`;
  }

  #day(day: string, chats: readonly Conversation[]): unknown {
    const shown = this.store.thread.conversationId.value;
    return html`<h2>${day}</h2>
      <ul>
        ${chats.map(
          (chat) => html`<li>
            <soma-chat-row .store=${this.store} .chat=${chat} .shown=${chat.conversation_id === shown}></soma-chat-row>
          </li>`,
        )}
      </ul>`;
  }

  #narrow(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.store.chats.narrow(text);
      void this.store.search.look(text);
    }, PAUSE_MS);
  }

  /** Arrows go through what was found, Escape leaves the search. */
  #onKey(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const field = this.renderRoot.querySelector<HTMLInputElement>("input");
    const target = event.composedPath()[0];
    if (field === null || (target instanceof HTMLInputElement && target !== field)) {
      return;
    }
    if (event.key === "Escape" && field.value !== "") {
      event.preventDefault();
      field.value = "";
      this.#narrow("");
      field.focus();
    } else if (step !== 0) {
      event.preventDefault();
      const stops = [field, ...this.#stops()];
      const at = stops.findIndex((stop) => stop.matches(":focus, :focus-within"));
      stops[Math.min(stops.length - 1, Math.max(0, at + step))]?.focus();
    }
  }

  #stops(): HTMLElement[] {
    const found = this.renderRoot.querySelector("soma-found");
    const hits = found?.shadowRoot?.querySelectorAll<HTMLElement>("button") ?? [];
    return [...this.renderRoot.querySelectorAll<HTMLElement>(".waits, soma-chat-row, .list > .more"), ...hits];
  }
}

customElements.define("soma-rail", RailPart);
