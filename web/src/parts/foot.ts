// The line at the foot: how the link is, the level, the model, what is left of today's budget, the theme.

import { css, html, nothing } from "lit";
import { icon, type IconName } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Theme } from "../state/layout";
import { dollars, levelName, short } from "../text/format";
import type { Link } from "../wire/connection";
import { down } from "./dependencies";
import { Part } from "./part";

const LINKS: Readonly<Record<Link, string>> = {
  connecting: "Connecting",
  connected: "Connected",
  lost: "Reconnecting.",
  locked: "This browser has no session. Open the page on the machine that runs the mesh.",
};
const SIGNS: Readonly<Record<Theme, IconName>> = { system: "half", light: "sun", dark: "moon" };

export class FootPart extends Part {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: var(--s4);
        min-height: 30px;
        padding: 0 var(--s2) 0 var(--s4);
        border-top: 1px solid var(--hairline);
        background: var(--sunken);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      .link::before {
        content: "";
        display: inline-block;
        width: 7px;
        height: 7px;
        margin-right: 6px;
        border: 1px solid var(--outline);
        border-radius: 50%;
      }
      .link.connected::before {
        border-color: var(--accent);
        background: var(--accent);
      }
      .link.lost,
      .link.locked,
      .bad {
        color: var(--bad);
      }
      .link.lost,
      .link.locked {
        min-width: 0;
        white-space: normal;
      }
      .link.lost::before,
      .link.locked::before {
        border-color: var(--bad);
      }
      .end {
        margin-left: auto;
      }
      .cut {
        min-width: 0;
      }
      button.plain {
        min-height: 24px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      button.left {
        display: block;
        max-width: 100%;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      @media (max-width: 560px) {
        :host {
          gap: var(--s3);
          padding-left: var(--s3);
        }
        .services,
        .level,
        .model,
        .theme span {
          display: none;
        }
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    const { mesh, turns, layout, level } = this.store;
    return [mesh.link, mesh.level, mesh.usedModel, mesh.models, mesh.budget, mesh.services, turns.running, turns.modelId, layout.theme, level.status];
  }

  protected override render(): unknown {
    const { mesh, layout, turns } = this.store;
    const model = turns.modelId.value || mesh.model;
    const gone = this.#gone();
    const theme = layout.theme.value;
    const level = levelName(this.store.level.status.value?.level ?? mesh.level.value);
    const left = this.#budget();
    return html`
      <span class=${`link ${mesh.link.value}`} role="status">${this.#link()}</span>
      ${gone.length > 0 ? html`<span class="bad services">${gone.join(", ")} down</span>` : nothing}
      ${level === "" ? nothing : html`<span class=${level === "L0" ? "level" : "level bad"}>Level ${level}</span>`}
      ${model === "" ? nothing : html`<span class="cut model">${model}</span>`}
      <span class="end cut">
        ${left === "" ? nothing : html`<button class="plain left" type="button" title="Open the budgets" @click=${() => layout.openDrawer("budget")}>${left}</button>`}
      </span>
      <button
        class="plain theme"
        type="button"
        aria-label=${`Theme: ${theme}. Change it.`}
        @click=${() => layout.nextTheme()}
      >
        ${icon(SIGNS[theme])} <span>${theme}</span>
      </button>
    `;
  }

  #link(): string {
    const { mesh, turns } = this.store;
    const goesOn = mesh.link.value === "lost" && turns.running.value !== undefined;
    return goesOn ? "Reconnecting. The answer goes on without you." : LINKS[mesh.link.value];
  }

  /** What does not answer, as the level's stream tells it; before that, as the edge saw it once. */
  #gone(): string[] {
    const { level, mesh } = this.store;
    const seen = Object.entries(mesh.services.value).filter(([, state]) => state === "down");
    return level.status.value === undefined ? seen.map(([name]) => name) : down(level.status.value.dependencies);
  }

  #budget(): string {
    const budget = this.store.mesh.budget.value;
    if (budget === undefined) {
      return "";
    }
    const tokens = Number(budget.limit_tokens) - Number(budget.used_tokens) - Number(budget.held_tokens);
    const micros = Number(budget.limit_micros) - Number(budget.used_micros) - Number(budget.held_micros);
    const parts = [
      Number(budget.limit_tokens) > 0 ? `${short(Math.max(0, tokens))} tokens` : "",
      Number(budget.limit_micros) > 0 ? dollars(Math.max(0, micros)) : "",
    ].filter((part) => part !== "");
    return parts.length === 0 ? "" : `${parts.join(", ")} left today`;
  }
}

customElements.define("soma-foot", FootPart);
