// Which of several versions of a message is shown, and the way to the ones beside it: ‹ 2/3 ›.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Entry } from "../state/entry";
import { refusalOf } from "../wire/refusal";
import { Part } from "./part";

export class BranchSwitchPart extends Part {
  static override properties = { entry: { attribute: false }, turning: { state: true } };
  declare entry: Entry;
  declare turning: boolean;

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: inline-flex;
        align-items: center;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      [role="group"] {
        display: contents;
      }
      button.icon {
        width: 28px;
        min-height: 28px;
      }
    `,
  ];

  constructor() {
    super();
    this.turning = false;
  }

  protected override watched(): readonly Watchable[] {
    return [this.entry.changed, this.store.turns.running];
  }

  /** The version that was turned to takes the focus from the one that is gone. */
  protected override firstUpdated(): void {
    if (this.store.talk.takeTurned(this.entry)) {
      this.renderRoot.querySelector<HTMLElement>("button:not(:disabled)")?.focus();
    }
  }

  protected override render(): unknown {
    const { number, count } = this.entry.siblings;
    if (count < 2) {
      return nothing;
    }
    const what = this.entry.role === "user" ? "question" : "answer";
    return html`<div role="group" aria-label=${`Version ${number} of ${count} of the ${what}`} @keydown=${(event: KeyboardEvent) => this.#onKey(event)}>
      ${this.#step("left", `The ${what} before`, number - 1)}
      <span>${number}/${count}</span>
      ${this.#step("right", `The ${what} after`, number + 1)}
    </div>`;
  }

  #step(sign: "left" | "right", name: string, to: number): unknown {
    return html`<button class="plain icon" type="button" aria-label=${name} title=${name} ?disabled=${!this.#can(to)} @click=${() => void this.#turn(to)}>
      ${icon(sign)}
    </button>`;
  }

  #can(to: number): boolean {
    const free = !this.turning && this.store.turns.running.value === undefined && this.entry.messageId !== "";
    return free && to >= 1 && to <= this.entry.siblings.count;
  }

  #onKey(event: KeyboardEvent): void {
    const to = this.entry.siblings.number + (event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0);
    if (to !== this.entry.siblings.number && this.#can(to)) {
      event.preventDefault();
      void this.#turn(to);
    }
  }

  async #turn(to: number): Promise<void> {
    const { talk, layout } = this.store;
    this.turning = true;
    try {
      await talk.turnTo(this.entry, to);
      layout.announce(`Version ${to} of ${this.entry.siblings.count} is shown.`);
    } catch (error) {
      layout.tell(refusalOf(error));
    } finally {
      this.turning = false;
    }
  }
}

customElements.define("soma-branch-switch", BranchSwitchPart);
