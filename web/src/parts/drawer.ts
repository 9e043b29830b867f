// The drawer beside a conversation and its tabs.

import { css, html } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import { TABS, type Tab } from "../state/layout";
import { capital } from "../text/format";
import { Part } from "./part";
import "./receipt";
import "./mind";
import "./memory";
import "./budget";
import "./level";

export class DrawerPart extends Part {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        grid-template: var(--bar) minmax(0, 1fr) / minmax(0, 1fr);
        min-height: 0;
        background: var(--ground);
      }
      .top {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 var(--s2) 0 var(--s3);
        border-bottom: 1px solid var(--hairline);
      }
      [role="tablist"] {
        display: flex;
        flex: 1;
        align-self: stretch;
      }
      [role="tab"] {
        height: 100%;
        padding: 0 10px;
        border: 0;
        border-radius: 0;
        background: none !important;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      [role="tab"]:hover {
        color: var(--ink);
      }
      [role="tab"][aria-selected="true"] {
        box-shadow: inset 0 -2px var(--accent);
        color: var(--ink);
        font-weight: 600;
      }
      @media (max-width: 420px) {
        .top {
          padding: 0 var(--s1);
        }
        [role="tab"] {
          padding: 0 7px;
        }
      }
      [role="tabpanel"] {
        padding: var(--s4);
        overflow-y: auto;
      }
      [role="tabpanel"]:focus-visible,
      [role="tab"]:focus-visible {
        outline-offset: -2px;
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    return [this.store.layout.tab];
  }

  protected override render(): unknown {
    const { layout } = this.store;
    const { value: shown } = layout.tab;
    return html`
      <div class="top">
        <div role="tablist" aria-label="About this conversation" @keydown=${(event: KeyboardEvent) => this.#onKey(event)}>
          ${TABS.map(
            (tab) => html`<button
              role="tab"
              type="button"
              id=${`tab-${tab}`}
              aria-selected=${tab === shown}
              aria-controls="panel"
              tabindex=${tab === shown ? 0 : -1}
              @click=${() => layout.openDrawer(tab)}
            >
              ${capital(tab)}
            </button>`,
          )}
        </div>
        <button class="plain icon" type="button" aria-label="Close" title="Close (Escape)" @click=${() => layout.closeDrawer()}>
          ${icon("close")}
        </button>
      </div>
      <div id="panel" role="tabpanel" tabindex="0" aria-labelledby=${`tab-${shown}`}>${this.#panel(shown)}</div>
    `;
  }

  #panel(tab: Tab): unknown {
    switch (tab) {
      case "receipt":
        return html`<soma-receipt .store=${this.store}></soma-receipt>`;
      case "mind":
        return html`<soma-mind .store=${this.store}></soma-mind>`;
      case "memory":
        return html`<soma-memory .store=${this.store}></soma-memory>`;
      case "budget":
        return html`<soma-budget .store=${this.store}></soma-budget>`;
      case "level":
        return html`<soma-level .store=${this.store}></soma-level>`;
    }
  }

  #onKey(event: KeyboardEvent): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? TABS.length - 1 : 0;
    const next = TABS[(TABS.indexOf(this.store.layout.tab.value) + step) % TABS.length];
    if (step === 0 || next === undefined) {
      return;
    }
    event.preventDefault();
    this.store.layout.openDrawer(next);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`#tab-${next}`)?.focus());
  }
}

customElements.define("soma-drawer", DrawerPart);
