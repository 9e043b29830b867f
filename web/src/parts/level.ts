// The level of the tenant and why, what the mesh depends on, how well AIQ is predicted, and the rules behind it.

import { css, html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { levelName, moment, plural } from "../text/format";
import { meaningOf } from "../text/levels";
import type { LevelStatus } from "../wire/governor";
import { calibrations, calibrationStyles } from "./calibration";
import "./config-versions";
import { dependencies } from "./dependencies";
import { Part } from "./part";

export class LevelPart extends Part {
  static override styles = [
    base,
    controls,
    notices,
    panel,
    calibrationStyles,
    css`
      .now {
        display: flex;
        align-items: baseline;
        gap: var(--s3);
        margin-bottom: var(--s2);
      }
      .now strong {
        font-size: 20px;
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    const { level, configuration } = this.store;
    return [level.status, level.problem, configuration.now, configuration.problem];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.store.configuration.load();
  }

  protected override render(): unknown {
    const { level, configuration } = this.store;
    const { value: status } = level.status;
    return html`
      <section aria-labelledby="level">
        <h2 id="level">Level between turns</h2>
        ${level.problem.value === undefined ? nothing : html`<p class="problem" role="alert">${level.problem.value.message}</p>`}
        ${status === undefined ? this.#unknown() : now(status)}
      </section>
      ${status === undefined ? nothing : dependencies(status.dependencies)}
      ${configuration.now.value === undefined ? nothing : calibrations(configuration.now.value.calibration)}
      <soma-config-versions .store=${this.store}></soma-config-versions>
    `;
  }

  #unknown(): unknown {
    return this.store.level.problem.value === undefined ? html`<p class="quiet" role="status">The mesh is being asked.</p>` : nothing;
  }
}

function now(status: LevelStatus): unknown {
  const since = status.since === undefined ? "" : `since ${moment(status.since)}`;
  const calm = levelName(status.level) === "L0";
  const means = calm && status.reasons.length > 0 ? "Answers are as usual; this is good to know." : meaningOf(status.level);
  return html`<p class="now"><strong>${levelName(status.level)}</strong> <span>${means} <span class="quiet">${since}</span></span></p>
    ${status.reasons.length === 0 && calm ? html`<p class="quiet">Nothing demands less.</p>` : nothing}
    ${status.reasons.map(
      (reason) => html`<p class=${levelName(reason.level) === "L0" ? "notice" : "notice warn"}>
        <strong>${levelName(reason.level)}</strong> ${reason.sentence} <span class="quiet">(${reason.source})</span>
      </p>`,
    )}
    ${calm ? nothing : html`<p class="quiet">${recovery(status)}</p>`}`;
}

function recovery({ good_checks: good, good_checks_to_recover: needed }: LevelStatus): string {
  return good === 0
    ? `When the cause is gone, ${plural(needed, "good check")} in a row bring it back.`
    : `The cause is gone: ${good} of ${plural(needed, "good check")} in a row are there.`;
}

customElements.define("soma-level", LevelPart);
