// The rail: a new chat, the filter, conversations by day.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { dayOf } from "../text/format";
import type { Conversation } from "../wire/types";
import { Part } from "./part";
import "./chat-row";

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
      .more {
        width: 100%;
        margin-top: var(--s2);
      }
    `,
  ];
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected override watched(): readonly Watchable[] {
    const { chats, talk, layout } = this.store;
    return [chats.list, chats.problem, chats.filter, talk.conversationId, layout.narrow];
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
        <div class="filter">
          ${icon("search")}
          <input
            type="search"
            aria-label="Filter conversations by title"
            placeholder="Filter by title"
            .value=${store.chats.filter.value}
            @input=${(event: InputEvent) => this.#narrow((event.target as HTMLInputElement).value)}
          />
        </div>
      </div>
      <div class="list">${this.#list()}</div>
    `;
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
    const shown = this.store.talk.conversationId.value;
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
    this.#timer = setTimeout(() => void this.store.chats.narrow(text), PAUSE_MS);
  }
}

customElements.define("soma-rail", RailPart);
