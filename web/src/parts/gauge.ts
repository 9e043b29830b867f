// One neuromodulator: its range, its baseline, its value, its history; drawn, and said in words. And any other scale.

import { css, html, nothing, svg } from "lit";
import { capital } from "../text/format";
import type { Effect, NeuromodulatorState } from "../wire/types";

export const NAMES = ["dopamine", "serotonin", "noradrenaline", "acetylcholine"] as const;
const MEANINGS: Readonly<Record<string, string>> = {
  dopamine: "reward and drive",
  serotonin: "calm and patience",
  noradrenaline: "urgency",
  acetylcholine: "attention to what is new",
};

export const scaleStyles = css`
  .scale {
    margin: var(--s1) 0;
  }
  .scale .away {
    fill: var(--accent);
  }
  .scale .value {
    fill: var(--accent);
    stroke: var(--ground);
    stroke-width: 2;
  }
  .scale .rest {
    stroke: var(--ink-soft);
    stroke-width: 1.5;
  }
`;

export const gaugeStyles = css`
  .gauge {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .gauge:last-of-type {
    border-bottom: 1px solid var(--hairline);
  }
  .gauge .pair {
    align-items: baseline;
  }
  .gauge strong {
    color: var(--ink);
    font-size: var(--size);
    font-weight: 600;
  }
  .gauge .history {
    width: 72px;
    color: var(--accent);
  }
  .gauge .ends {
    display: flex;
    justify-content: space-between;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
  .gauge ul {
    margin-top: var(--s2);
  }
  .gauge li {
    margin-top: 2px;
    color: var(--ink-soft);
    line-height: 1.4;
  }
  .gauge li.moved {
    color: var(--ink);
  }
`;

export function gauge(state: NeuromodulatorState, effects: readonly Effect[], history: readonly number[]): unknown {
  const { name, value, baseline, minimum, maximum } = state;
  const own = effects.filter((effect) => effect.sentence.toLowerCase().includes(name));
  return html`<div class="gauge">
    <div class="pair">
      <h2>${capital(name)} <small class="quiet">${MEANINGS[name] ?? ""}</small></h2>
      <strong>${value.toFixed(3)}</strong>
    </div>
    ${scale(value, baseline, [minimum, maximum], `${value.toFixed(3)}, baseline ${baseline}, from ${minimum} to ${maximum}`)}
    <div class="ends"><span>${minimum}</span>${sparkline(history, minimum, maximum)}<span>${maximum}</span></div>
    <ul>
      ${own.map(
        (effect) => html`<li class=${effect.before === effect.after || effect.switched_off ? "" : "moved"}>
          ${effect.sentence}
        </li>`,
      )}
    </ul>
  </div>`;
}

/** A range as a line with a value, a tick at what it is measured against, and the way from there, or from elsewhere. */
export function scale(
  value: number,
  tick: number,
  [minimum, maximum]: readonly [number, number],
  label: string,
  origin = tick,
): unknown {
  const at = (point: number): number => Math.min(100, Math.max(0, (100 * (point - minimum)) / (maximum - minimum || 1)));
  const [from, to] = [Math.min(at(value), at(origin)), Math.max(at(value), at(origin))];
  return html`<svg class="bar scale" height="16" role="img" aria-label=${label}>
    <rect class="track" y="6" width="100%" height="4" rx="2"></rect>
    <rect class="away" x=${`${from}%`} y="6" width=${`${to - from}%`} height="4"></rect>
    <line class="rest" x1=${`${at(tick)}%`} x2=${`${at(tick)}%`} y1="1" y2="15"></line>
    <circle class="value" cx=${`${at(value)}%`} cy="8" r="6"></circle>
  </svg>`;
}

function sparkline(history: readonly number[], minimum: number, maximum: number): unknown {
  if (history.length < 2) {
    return nothing;
  }
  const points = history.map((value, place) => {
    const x = (72 * place) / (history.length - 1);
    const y = 15 - (14 * (value - minimum)) / (maximum - minimum);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg class="history" width="72" height="16" role="img" aria-label=${`History of ${history.length - 1} changes`}>
    ${svg`<polyline points=${points.join(" ")} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"></polyline>`}
  </svg>`;
}
