// What can be done with an answer: open its receipt, copy it, have another one, turn to another version, rate it.

import { css, html, nothing } from "lit";
import { icon, type IconName } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Entry, Rated } from "../state/entry";
import { rate } from "../state/rating";
import { count, milliseconds, money } from "../text/format";
import { refusalOf } from "../wire/refusal";
import { copyText } from "./clipboard";
import { Part } from "./part";
import "./branch-switch";

const MOST_WORDS = 1000;

export class AnswerFootPart extends Part {
  static override properties = { entry: { attribute: false }, copied: { state: true }, wording: { state: true } };
  declare entry: Entry;
  declare copied: boolean;
  declare wording: boolean;

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: block;
        margin: var(--s1) 0 0 -8px;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--s1);
      }
      button {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      button.icon {
        width: 28px;
        padding: 0;
      }
      .line {
        min-width: 0;
        text-align: left;
      }
      .line svg {
        flex: none;
      }
      @media (max-width: 560px) {
        .line {
          flex: 1 1 100%;
          justify-content: flex-start;
          white-space: nowrap;
          overflow: hidden;
        }
      }
      button[aria-pressed="true"] {
        background: var(--accent-soft);
        color: var(--accent);
      }
      form {
        display: flex;
        gap: var(--s1);
        max-width: 480px;
        margin: var(--s1) 0 0 8px;
      }
      input {
        flex: 1;
        min-width: 0;
        font-size: var(--size-small);
      }
      form button {
        min-height: 32px;
      }
    `,
  ];

  constructor() {
    super();
    this.copied = false;
    this.wording = false;
  }

  protected override watched(): readonly Watchable[] {
    return [this.entry.changed, this.store.turns.running];
  }

  protected override render(): unknown {
    const { entry } = this;
    const busy = this.store.turns.running.value !== undefined;
    return html`<div class="row">
        ${this.#receipt()}
        ${entry.text === "" ? nothing : this.#button(this.copied ? "done" : "copy", this.copied ? "Copied" : "Copy the answer", () => void this.#copy())}
        ${entry.problem === undefined
          ? html`<button class="plain icon" type="button" aria-label="Answer again" title="Answer again" ?disabled=${busy} @click=${() => this.store.turns.regenerate(entry)}>
              ${icon("again")}
            </button>`
          : nothing}
        <soma-branch-switch .store=${this.store} .entry=${entry}></soma-branch-switch>
        ${entry.turnId === "" ? nothing : html`${this.#rating("good", "good", "Good answer")} ${this.#rating("bad", "poor", "Bad answer")}`}
      </div>
      ${this.wording ? this.#words() : nothing}`;
  }

  #receipt(): unknown {
    const { receiptId } = this.entry;
    if (receiptId === "") {
      return nothing;
    }
    const line = this.#line();
    return html`<button
      class="plain line"
      type="button"
      title="Open the receipt"
      aria-label=${`Receipt: ${line}`}
      @click=${() => this.store.showReceipt(receiptId)}
    >
      ${icon("receipt")} ${line}
    </button>`;
  }

  #button(sign: IconName, name: string, act: () => void): unknown {
    return html`<button class="plain icon" type="button" aria-label=${name} title=${name} @click=${act}>${icon(sign)}</button>`;
  }

  #rating(rated: Exclude<Rated, "none">, sign: IconName, name: string): unknown {
    const pressed = this.entry.rated === rated;
    return html`<button
      class="plain icon"
      type="button"
      aria-label=${name}
      title=${name}
      aria-pressed=${pressed}
      @click=${() => void this.#rate(pressed ? "none" : rated)}
    >
      ${icon(sign)}
    </button>`;
  }

  #words(): unknown {
    const asked = this.entry.rated === "good" ? "What was good about it?" : "What was wrong with it?";
    return html`<form @submit=${(event: Event) => void this.#tell(event)} @keydown=${(event: KeyboardEvent) => this.#onKey(event)}>
      <input type="text" aria-label=${asked} placeholder=${`${asked} (if you like)`} maxlength=${MOST_WORDS} autocomplete="off" />
      <button type="submit">Send</button>
      <button class="plain icon" type="button" aria-label="Say nothing more" title="Say nothing more" @click=${() => (this.wording = false)}>
        ${icon("close")}
      </button>
    </form>`;
  }

  #line(): string {
    const { entry } = this;
    const tokens = (entry.usage?.input_tokens ?? 0) + (entry.usage?.output_tokens ?? 0);
    const first = entry.firstTokenMs > 0 ? `${milliseconds(entry.firstTokenMs)} to first token` : entry.model;
    return [entry.level, `${count(tokens)} tokens`, money(entry.costMicros), first].filter((part) => part !== "").join(" · ");
  }

  async #copy(): Promise<void> {
    this.copied = await copyText(this.entry.text);
    this.store.layout.announce(this.copied ? "Copied." : "The browser did not allow copying.");
    setTimeout(() => (this.copied = false), 2000);
  }

  async #rate(rated: Rated): Promise<void> {
    this.wording = rated !== "none";
    if (!(await this.#send(rated, ""))) {
      this.wording = false;
      return;
    }
    this.store.layout.announce(rated === "none" ? "The rating is taken back." : "Rated. You can say why.");
  }

  async #tell(event: Event): Promise<void> {
    event.preventDefault();
    const text = this.renderRoot.querySelector("input")?.value.trim() ?? "";
    if (text === "" || (await this.#send(this.entry.rated, text))) {
      this.wording = false;
      this.store.layout.announce("Thank you.");
    }
  }

  async #send(rated: Rated, text: string): Promise<boolean> {
    try {
      await rate(this.store.rest, this.entry, rated, text);
      void this.store.receipts.renew(this.entry.receiptId);
      return true;
    } catch (error) {
      this.store.layout.tell(refusalOf(error));
      return false;
    }
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.preventDefault();
      this.wording = false;
    }
  }
}

customElements.define("soma-answer-foot", AnswerFootPart);
