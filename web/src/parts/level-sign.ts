// The quiet sign of the level in the head: nothing while everything works, else a few words that lead to the reasons.

import { css, html, nothing } from "lit";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import { levelName } from "../text/format";
import { meaningOf, signOf } from "../text/levels";
import { Part } from "./part";

export class LevelSignPart extends Part {
  static override styles = [
    base,
    controls,
    css`
      button {
        min-height: 24px;
        padding: 0 var(--s2);
        border-color: var(--hairline);
        border-radius: 12px;
        background: none;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      button.lower {
        border-color: var(--warn);
        background: var(--warn-soft);
        color: var(--warn);
      }
    `,
  ];
  #told = "";

  protected override watched(): readonly Watchable[] {
    return [this.store.level.status, this.store.layout.drawerOpen, this.store.layout.tab];
  }

  /** Says a change of the level to those who do not see the sign; the first one told is no change. */
  protected override willUpdate(): void {
    const { value: status } = this.store.level.status;
    const name = levelName(status?.level ?? "");
    if (this.#told !== "" && name !== "" && name !== this.#told) {
      this.store.layout.announce(`The level is ${name} now. ${meaningOf(name)}`);
    }
    this.#told = name || this.#told;
  }

  protected override render(): unknown {
    const { level, layout } = this.store;
    const { value: status } = level.status;
    const sign = status === undefined ? "" : signOf(status);
    if (status === undefined || sign === "") {
      return nothing;
    }
    const why = status.reasons[0]?.sentence ?? meaningOf(status.level);
    const open = layout.drawerOpen.value && layout.tab.value === "level";
    return html`<button
      class=${levelName(status.level) === "L0" ? "" : "lower"}
      type="button"
      title=${why}
      aria-label=${`${sign}: ${why}`}
      aria-expanded=${open}
      @click=${() => layout.toggleDrawer("level")}
    >
      ${sign}
    </button>`;
  }
}

customElements.define("soma-level-sign", LevelSignPart);
