// A block of code: its language, copying, wrapping.

import { css, html, LitElement } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import { copyText } from "./clipboard";

export class CodePart extends LitElement {
  static override properties = {
    text: { attribute: false },
    language: { attribute: false },
    wrapped: { state: true },
    copied: { state: true },
  };
  declare text: string;
  declare language: string;
  declare wrapped: boolean;
  declare copied: boolean;

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: block;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--sunken);
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--s1);
        padding: 0 var(--s1) 0 var(--s3);
        border-bottom: 1px solid var(--hairline);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      header span {
        flex: 1;
      }
      button.plain {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      pre {
        margin: 0;
        padding: var(--s3);
        overflow-x: auto;
        font: var(--size-small) / 1.5 var(--mono);
        tab-size: 4;
      }
      pre.wrapped {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    this.text = "";
    this.language = "";
    this.wrapped = false;
    this.copied = false;
  }

  protected override render(): unknown {
    const language = this.language.split(/\s/)[0] ?? "";
    return html`<header>
        <span>${language || "text"}</span>
        <button class="plain" type="button" aria-pressed=${this.wrapped} @click=${() => (this.wrapped = !this.wrapped)}>
          Wrap
        </button>
        <button class="plain" type="button" @click=${() => void this.#copy()}>
          ${icon(this.copied ? "done" : "copy")} ${this.copied ? "Copied" : "Copy"}
        </button>
      </header>
      <pre class=${this.wrapped ? "wrapped" : ""} tabindex="0" role="group" aria-label="Code"><code>${this.text}</code></pre>`;
  }

  async #copy(): Promise<void> {
    this.copied = await copyText(this.text);
    setTimeout(() => (this.copied = false), 2000);
  }
}

customElements.define("soma-code", CodePart);
