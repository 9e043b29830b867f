// The frame of the page: rail, conversation, drawer, foot; sheets below 900 px; the keys that work everywhere.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import type { Refusal } from "../wire/refusal";
import { Store } from "../state/store";
import { TABS } from "../state/layout";
import type { Watchable } from "../state/cell";
import { Part } from "./part";
import type { ComposerPart } from "./composer";
import "./rail";
import "./head";
import "./thread";
import "./composer";
import "./drawer";
import "./foot";
import "./palette";

export class AppPart extends Part {
  static override styles = [
    base,
    controls,
    notices,
    css`
      :host {
        display: grid;
        grid-template: minmax(0, 1fr) auto / var(--rail) minmax(0, 1fr) auto;
        grid-template-areas: "rail talk drawer" "foot foot foot";
        height: 100dvh;
      }
      soma-rail {
        grid-area: rail;
        border-right: 1px solid var(--hairline);
      }
      main {
        grid-area: talk;
        display: grid;
        grid-template: var(--bar) minmax(0, 1fr) auto auto / minmax(0, 1fr);
        min-width: 0;
      }
      soma-drawer {
        grid-area: drawer;
        width: var(--drawer);
        border-left: 1px solid var(--hairline);
      }
      soma-foot {
        grid-area: foot;
      }
      .skip {
        position: fixed;
        z-index: 5;
        top: var(--s2);
        left: var(--s2);
        transform: translateY(-64px);
      }
      .skip:focus {
        transform: none;
      }
      main > .problem {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--s3);
        margin: 0 var(--s5) var(--s2);
      }
      .veil {
        position: fixed;
        z-index: 2;
        inset: 0;
        border: 0;
        border-radius: 0;
        background: var(--veil);
      }
      @media (max-width: 1179.98px) {
        :host {
          grid-template-columns: 224px minmax(0, 1fr) auto;
        }
        soma-drawer {
          width: 336px;
        }
      }
      @media (max-width: 899.98px) {
        :host {
          grid-template-columns: minmax(0, 1fr);
          grid-template-areas: "talk" "foot";
        }
        soma-rail,
        soma-drawer {
          position: fixed;
          z-index: 3;
          inset: 0 auto 0 0;
          width: min(var(--rail), 86vw);
          background: var(--ground);
        }
        soma-drawer {
          inset: 0 0 0 auto;
          width: min(420px, 100vw);
        }
      }
    `,
  ];

  constructor() {
    super();
    this.store = new Store();
  }

  protected override watched(): readonly Watchable[] {
    const { layout } = this.store;
    return [layout.narrow, layout.railOpen, layout.drawerOpen, layout.paletteOpen, layout.said, layout.problem];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", this.#onKey);
    this.store.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("keydown", this.#onKey);
  }

  protected override render(): unknown {
    const { store } = this;
    const { narrow, railOpen, drawerOpen, paletteOpen, said, problem } = store.layout;
    const sheet = narrow.value && (railOpen.value || drawerOpen.value);
    return html`
      <button class="skip" type="button" @click=${() => this.focusComposer()}>Go to the message box</button>
      <soma-rail role="navigation" aria-label="Conversations" .store=${store} ?hidden=${narrow.value && !railOpen.value}></soma-rail>
      <main ?inert=${sheet}>
        <soma-head .store=${store}></soma-head>
        <soma-thread .store=${store} @soma-ask=${(event: CustomEvent<string>) => this.#ask(event.detail)} @soma-done=${() => this.focusComposer()}></soma-thread>
        ${problem.value === undefined ? html`<span></span>` : this.#problem(problem.value)}
        <soma-composer .store=${store}></soma-composer>
      </main>
      ${drawerOpen.value ? html`<soma-drawer role="complementary" aria-label="Drawer" .store=${store}></soma-drawer>` : nothing}
      <soma-foot role="contentinfo" .store=${store} ?inert=${sheet}></soma-foot>
      ${sheet ? html`<button class="veil" type="button" aria-label="Close" @click=${() => this.#closeSheets()}></button>` : nothing}
      ${paletteOpen.value ? html`<soma-palette .store=${store}></soma-palette>` : nothing}
      <p class="unseen" role="status" aria-live="polite">${said.value}</p>
    `;
  }

  #problem(problem: Refusal): unknown {
    return html`<div class="problem" role="alert">
      <p>${problem.message}</p>
      <button class="plain icon" type="button" aria-label="Close" @click=${() => (this.store.layout.problem.value = undefined)}>${icon("close")}</button>
    </div>`;
  }

  /** A sheet that opens takes the focus, and gives it back to the message box. */
  protected override updated(): void {
    const { narrow, railOpen, drawerOpen } = this.store.layout;
    const open = narrow.value && drawerOpen.value ? "soma-drawer" : narrow.value && railOpen.value ? "soma-rail" : "";
    if (open !== this.#sheet) {
      this.#sheet = open;
      void this.#focusSheet(open);
    }
  }
  #sheet = "";

  async #focusSheet(name: string): Promise<void> {
    if (name === "") {
      this.focusComposer();
      return;
    }
    const sheet = this.renderRoot.querySelector<Part>(name);
    await sheet?.updateComplete;
    sheet?.renderRoot.querySelector<HTMLElement>('[aria-selected="true"], button')?.focus();
  }

  focusComposer(): void {
    this.#composer?.focusField();
  }

  get #composer(): ComposerPart | null {
    return this.renderRoot.querySelector("soma-composer");
  }

  #ask(text: string): void {
    this.store.turns.say(text);
    this.focusComposer();
  }

  #closeSheets(): void {
    this.store.layout.railOpen.value = false;
    if (this.store.layout.narrow.value) {
      this.store.layout.closeDrawer();
    }
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const { layout, asksIn } = this.store;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      layout.paletteOpen.value = !layout.paletteOpen.value;
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      this.#escape();
    } else if (event.altKey && !event.ctrlKey && !event.metaKey) {
      const tab = TABS[Number(event.code.replace("Digit", "")) - 1];
      if (event.code === "KeyN") {
        event.preventDefault();
        this.store.newChat();
        this.focusComposer();
      } else if (event.code === "KeyA" && asksIn !== undefined) {
        event.preventDefault();
        this.store.openApproval(asksIn);
      } else if (tab !== undefined) {
        event.preventDefault();
        layout.toggleDrawer(tab);
      }
    } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !inField(event)) {
      event.preventDefault();
      this.focusComposer();
    }
  };

  #escape(): void {
    const { layout, turns } = this.store;
    if (layout.narrow.value && (layout.railOpen.value || layout.drawerOpen.value)) {
      this.#closeSheets();
    } else if (turns.running.value !== undefined) {
      turns.stop();
    } else if (layout.drawerOpen.value) {
      layout.closeDrawer();
      this.focusComposer();
    }
  }
}

function inField(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

customElements.define("soma-app", AppPart);
