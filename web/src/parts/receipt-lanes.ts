// The six lanes of a receipt as bars: the outline is what was planned, the fill what was used, all on one scale.

import { css, html, svg } from "lit";
import { count, words } from "../text/format";
import type { LaneTokens, Receipt } from "../wire/types";

const LANES: readonly (keyof LaneTokens)[] = ["system_policy", "history", "memory", "tools", "tool_results", "buffer"];

export const laneStyles = css`
  .lane {
    display: grid;
    grid-template-columns: 96px 1fr 92px;
    align-items: center;
    gap: var(--s2);
    min-height: 24px;
  }
  .lane .plan {
    fill: none;
    stroke: var(--lane);
    stroke-width: 1;
  }
  .lane .use {
    fill: var(--lane);
  }
  .system_policy {
    --lane: var(--lane-system-policy);
  }
  .history {
    --lane: var(--lane-history);
  }
  .memory {
    --lane: var(--lane-memory);
  }
  .tools {
    --lane: var(--lane-tools);
  }
  .tool_results {
    --lane: var(--lane-tool-results);
  }
  .buffer {
    --lane: var(--lane-buffer);
  }
`;

export function lanes(receipt: Receipt): unknown {
  const { lanes_planned: planned, lanes_used: used } = receipt;
  const most = Math.max(1, ...LANES.flatMap((lane) => [planned?.[lane] ?? 0, used?.[lane] ?? 0]));
  return html`<section aria-labelledby="lanes">
    <h2 id="lanes">Lanes <span>used of planned tokens</span></h2>
    <ul>
      ${LANES.map((lane) => row(lane, planned?.[lane] ?? 0, used?.[lane] ?? 0, most))}
    </ul>
  </section>`;
}

function row(lane: keyof LaneTokens, planned: number, used: number, most: number): unknown {
  return html`<li class=${`lane ${lane}`}>
    <span>${words(lane)}</span>
    <svg class="bar" height="12" aria-hidden="true">
      ${used > 0 ? svg`<rect class="use" y="0.5" width=${percent(used, most)} height="11" rx="2"></rect>` : ""}
      ${planned > 0 ? svg`<rect class="plan" x="0.5" y="0.5" width=${percent(planned, most)} height="11" rx="2"></rect>` : ""}
    </svg>
    <span class="number">${planned === 0 && used === 0 ? html`<span class="quiet">none</span>` : `${count(used)} / ${count(planned)}`}</span>
  </li>`;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(2)}%`;
}
