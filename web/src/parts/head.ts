// The bar above a conversation: its name, the agent, the doors to palette and drawer.

import { css, html, nothing } from "lit";
import { icon, type IconName } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Tab } from "../state/layout";
import { isMac } from "./keys";
import "./level-sign";
import "./menu";
import { Part } from "./part";

const DOORS: readonly { tab: Tab; name: string; sign: IconName }[] = [
  { tab: "receipt", name: "Receipt", sign: "receipt" },
  { tab: "mind", name: "Mind", sign: "mind" },
  { tab: "memory", name: "Memory", sign: "memory" },
];

export class HeadPart extends Part {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 var(--s3) 0 var(--s5);
        border-bottom: 1px solid var(--hairline);
      }
      h1 {
        flex: 1;
        min-width: 0;
        font-size: var(--size);
        font-weight: 600;
      }
      select {
        max-width: 160px;
        border-color: transparent;
        background: transparent;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      select option {
        background: var(--raised);
        color: var(--ink);
      }
      .badge {
        position: absolute;
        top: 2px;
        right: 2px;
        min-width: 14px;
        padding: 0 3px;
        border-radius: 7px;
        background: var(--warn);
        color: var(--ground);
        font-size: 10px;
        font-weight: 700;
        line-height: 14px;
      }
      button.icon {
        position: relative;
      }
      .doors {
        display: flex;
      }
      button[aria-expanded="true"] {
        background: var(--accent-soft);
        color: var(--accent);
      }
      .palette {
        padding: 0 var(--s2);
      }
      @media (max-width: 899.98px) {
        :host {
          gap: var(--s1);
          padding: 0 var(--s2);
        }
      }
      @media (max-width: 560px) {
        .palette,
        .one {
          display: none;
        }
        select {
          max-width: 92px;
        }
        select:disabled {
          display: none;
        }
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    const { layout, thread, chats, mesh, approvals } = this.store;
    const open = [layout.narrow, layout.railOpen, layout.drawerOpen, layout.tab];
    return [...open, thread.conversationId, thread.conversation, chats.list, mesh.agents, approvals.waiting];
  }

  protected override render(): unknown {
    const { layout, approvals } = this.store;
    const waiting = approvals.waiting.value.length;
    return html`
      ${layout.narrow.value
        ? html`<button
            class="plain icon"
            type="button"
            aria-label=${waiting === 0 ? "Conversations" : `Conversations, ${waiting} waiting for your consent`}
            aria-expanded=${layout.railOpen.value}
            @click=${() => (layout.railOpen.value = true)}
          >
            ${icon("menu")}${waiting === 0 ? nothing : html`<span class="badge" aria-hidden="true">${waiting}</span>`}
          </button>`
        : nothing}
      <h1 class="cut">${this.#title()}</h1>
      <soma-level-sign .store=${this.store}></soma-level-sign>
      <soma-menu .store=${this.store}></soma-menu>
      ${this.#agents()}
      <button
        class="plain palette"
        type="button"
        aria-label="Commands"
        title="Commands"
        @click=${() => (layout.paletteOpen.value = true)}
      >
        ${icon("search")} <kbd>${isMac() ? "⌘" : "Ctrl"} K</kbd>
      </button>
      <div class="doors">${DOORS.map((door) => this.#door(door.tab, door.name, door.sign))}</div>
    `;
  }

  #title(): string {
    const { chats, thread } = this.store;
    const id = thread.conversationId.value;
    const known = chats.list.value?.find((chat) => chat.conversation_id === id) ?? thread.conversation.value;
    return id === "" ? "New chat" : (known && chats.nameOf(known)) || "Untitled chat";
  }

  #agents(): unknown {
    const { mesh, thread } = this.store;
    const agents = mesh.agents.value;
    if (agents.length < 2) {
      return nothing;
    }
    const settled = thread.conversationId.value !== "";
    return html`<select
      aria-label="Agent"
      title=${settled ? "A conversation keeps its agent" : "Who answers"}
      ?disabled=${settled}
      @change=${(event: Event) => (thread.agentId = (event.target as HTMLSelectElement).value)}
    >
      ${agents.map(
        (agent) => html`<option value=${agent.agent_id} ?selected=${agent.agent_id === thread.agentId}>${agent.name}</option>`,
      )}
    </select>`;
  }

  #door(tab: Tab, name: string, sign: IconName): unknown {
    const { layout } = this.store;
    const open = layout.drawerOpen.value && layout.tab.value === tab;
    return html`<button
      class="plain icon"
      type="button"
      aria-label=${name}
      title=${name}
      aria-expanded=${open}
      @click=${() => layout.toggleDrawer(tab)}
    >
      ${icon(sign)}
    </button>`;
  }
}

customElements.define("soma-head", HeadPart);
