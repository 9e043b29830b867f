// How well AIQ was predicted, model by model: what was observed where so much was predicted. Nothing is corrected by it.

import { css, html, nothing, svg } from "lit";
import { count, plural } from "../text/format";
import type { Calibration, CalibrationBin } from "../wire/governor";

const BINS = 10;

export const calibrationStyles = css`
  .calibration {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .calibration svg {
    width: 100%;
    height: 96px;
    margin: var(--s2) 0 0;
  }
  .calibration .observed {
    fill: var(--accent);
  }
  .calibration .predicted {
    stroke: var(--ink);
    stroke-width: 2;
  }
  .calibration .ground {
    stroke: var(--outline);
    stroke-width: 1;
  }
  .calibration .ends {
    display: flex;
    justify-content: space-between;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
`;

export function calibrations(known: readonly Calibration[]): unknown {
  return html`<section aria-labelledby="calibration">
    <h2 id="calibration">How well AIQ is predicted</h2>
    ${known.length === 0
      ? html`<p class="quiet">Nothing was compared yet: every turn that is settled adds to it.</p>`
      : known.map((each) => calibration(each))}
  </section>`;
}

function calibration(of: Calibration): unknown {
  return html`<div class="calibration">
    <div class="pair"><h3>${of.model}</h3><span>${plural(Number(of.turns), "turn")}</span></div>
    <p class="quiet">${verdict(of)}</p>
    ${of.bins.length === 0 ? nothing : chart(of)}
  </div>`;
}

function verdict(of: Calibration): string {
  const off = of.mean_error;
  const lean = Math.abs(off) < 0.5 ? "as good as predicted" : `${Math.abs(off).toFixed(1)} ${off > 0 ? "better" : "worse"} than predicted`;
  return `On average ${lean}; off by ${of.mean_absolute_error.toFixed(1)} a turn; expected calibration error ${of.expected_calibration_error.toFixed(1)}.`;
}

function chart(of: Calibration): unknown {
  return html`<svg role="img" aria-label=${of.bins.map((bin) => said(bin)).join(" ")}>
      <line class="ground" x1="0" x2="100%" y1="100%" y2="100%"></line>
      ${of.bins.map((bin) => column(bin))}
    </svg>
    <div class="ends"><span>0</span><span>bar observed, line predicted</span><span>100</span></div>`;
}

function column(bin: CalibrationBin): unknown {
  const x = (100 / BINS) * Math.min(BINS - 1, Math.floor(bin.from / BINS));
  const [observed, predicted] = [100 - bin.mean_observed, 100 - bin.mean_predicted];
  return svg`<g>
    <title>${said(bin)}</title>
    <rect class="observed" x=${`${x + 1}%`} width="8%" y=${`${observed.toFixed(1)}%`} height=${`${bin.mean_observed.toFixed(1)}%`}></rect>
    <line class="predicted" x1=${`${x + 0.5}%`} x2=${`${x + 9.5}%`} y1=${`${predicted.toFixed(1)}%`} y2=${`${predicted.toFixed(1)}%`}></line>
  </g>`;
}

function said(bin: CalibrationBin): string {
  return `Predicted ${bin.mean_predicted.toFixed(0)}, observed ${bin.mean_observed.toFixed(0)}, in ${count(bin.turns)} ${bin.turns === "1" ? "turn" : "turns"}.`;
}
