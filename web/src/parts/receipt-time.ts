// Where the time of a turn went, as a waterfall from its start to its end.

import { css, html } from "lit";
import { milliseconds, words } from "../text/format";
import type { PhaseLatency } from "../wire/governor";

export const timeStyles = css`
  .phase {
    display: grid;
    grid-template-columns: 96px 1fr 64px;
    align-items: center;
    gap: var(--s2);
    min-height: 24px;
  }
  .phase rect.took {
    fill: var(--accent);
  }
`;

export function waterfall(phases: readonly PhaseLatency[]): unknown {
  if (phases.length === 0) {
    return "";
  }
  const inOrder = [...phases].sort((one, other) => one.start_milliseconds - other.start_milliseconds);
  const whole = Math.max(...phases.map((phase) => phase.start_milliseconds + phase.duration_milliseconds));
  return html`<section aria-labelledby="time">
    <h2 id="time">Time <span>${milliseconds(whole)} from start to end</span></h2>
    <ol>
      ${inOrder.map((phase) => row(phase, whole))}
    </ol>
  </section>`;
}

function row(phase: PhaseLatency, whole: number): unknown {
  const from = (100 * phase.start_milliseconds) / whole;
  const width = Math.max(0.6, (100 * phase.duration_milliseconds) / whole);
  return html`<li class="phase" title=${`begins after ${milliseconds(phase.start_milliseconds)}`}>
    <span>${words(phase.phase)}</span>
    <svg class="bar" height="10" aria-hidden="true">
      <rect class="track" y="4" width="100%" height="2"></rect>
      <rect class="took" x=${`${Math.min(from, 99.4).toFixed(2)}%`} width=${`${width.toFixed(2)}%`} height="10" rx="2"></rect>
    </svg>
    <span class="number">${milliseconds(phase.duration_milliseconds)}</span>
  </li>`;
}
