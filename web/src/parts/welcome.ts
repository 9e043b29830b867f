// What stands where no conversation is yet: three things to try, and how to get a model when there is none.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { copyText } from "./clipboard";
import { Part } from "./part";

const ADD_MODEL = ".venv/bin/somastack model add openai";
const TRIES: readonly { ask: string; shows: string }[] = [
  {
    ask: "Remember that my cat is called Miso and loves rain.",
    shows: "It is learned, and the tab Memory finds it.",
  },
  {
    ask: "How many hours are there in 17 weeks? Calculate it.",
    shows: "A tool calculates: a row in the answer that unfolds.",
  },
  {
    ask: "What can you do, in three sentences?",
    shows: "The line under the answer opens its receipt: what was read, what was left out, what it cost.",
  },
];

export class WelcomePart extends Part {
  static override properties = { copied: { state: true } };
  declare copied: boolean;

  static override styles = [
    base,
    controls,
    notices,
    css`
      :host {
        display: block;
        padding-top: min(14dvh, 128px);
      }
      h2 {
        margin-bottom: var(--s2);
        font-size: 22px;
        letter-spacing: -0.01em;
        line-height: 1.3;
      }
      ul {
        margin-top: var(--s5);
        border-top: 1px solid var(--hairline);
      }
      li {
        border-bottom: 1px solid var(--hairline);
      }
      li button {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: center;
        gap: 0 var(--s3);
        width: 100%;
        padding: var(--s3) var(--s2);
        border: 0;
        border-radius: 0;
        background: none;
        text-align: left;
      }
      li .small {
        grid-column: 1;
      }
      li svg {
        grid-area: 1 / 2 / 3;
        color: var(--ink-soft);
        rotate: 90deg;
      }
      .command {
        display: flex;
        align-items: center;
        gap: var(--s2);
        margin-top: var(--s2);
        padding: 2px 2px 2px var(--s3);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--ground);
      }
      .command code {
        flex: 1;
        min-width: 0;
        overflow-x: auto;
        white-space: nowrap;
      }
      .notice {
        margin-top: var(--s5);
      }
      @media (max-width: 899.98px) {
        :host {
          padding-top: var(--s5);
        }
      }
    `,
  ];

  constructor() {
    super();
    this.copied = false;
  }

  protected override watched(): readonly Watchable[] {
    return [this.store.mesh.models];
  }

  protected override render(): unknown {
    return html`
      <h2>What shall we do?</h2>
      <p class="quiet">Every answer comes with a receipt, and what matters is remembered.</p>
      ${this.store.mesh.withoutModel ? this.#withoutModel() : nothing}
      <ul>
        ${TRIES.map(
          ({ ask, shows }) => html`<li>
            <button type="button" @click=${() => this.#ask(ask)}>
              <span>${ask}</span><span class="quiet small">${shows}</span>${icon("up")}
            </button>
          </li>`,
        )}
      </ul>
    `;
  }

  #withoutModel(): unknown {
    return html`<div class="notice warn">
      <p>No model is configured: the offline one shows what would have been sent. This adds one, and asks for the key:</p>
      <div class="command">
        <code tabindex="0">${ADD_MODEL}</code>
        <button class="plain" type="button" @click=${() => void this.#copy()}>
          ${icon(this.copied ? "done" : "copy")} ${this.copied ? "Copied" : "Copy"}
        </button>
      </div>
    </div>`;
  }

  #ask(text: string): void {
    this.dispatchEvent(new CustomEvent("soma-ask", { detail: text, bubbles: true, composed: true }));
  }

  async #copy(): Promise<void> {
    this.copied = await copyText(ADD_MODEL);
    setTimeout(() => (this.copied = false), 2000);
  }
}

customElements.define("soma-welcome", WelcomePart);
