// What the mesh depends on, and how each of it is.

import { html } from "lit";
import { capital, enumWords, words } from "../text/format";
import type { Dependency } from "../wire/governor";

const STATES: Readonly<Record<string, string>> = { up: "works", degraded: "works with restrictions", down: "does not answer", unspecified: "not known" };

export function dependencies(seen: readonly Dependency[]): unknown {
  const troubled = seen.filter((each) => stateOf(each) === "down" || stateOf(each) === "degraded").length;
  return html`<section aria-labelledby="dependencies">
    <h2 id="dependencies">Depends on <span>${seen.length === 0 ? "" : troubled === 0 ? "all of it works" : `${troubled} in trouble`}</span></h2>
    ${seen.length === 0
      ? html`<p class="quiet">Nobody has told yet how what the mesh depends on is.</p>`
      : html`<ul class="rows">
          ${seen.map((each) => row(each))}
        </ul>`}
  </section>`;
}

function row(seen: Dependency): unknown {
  const state = stateOf(seen);
  return html`<li>
    <div class="pair"><span>${capital(words(seen.name))}</span><span class=${state === "down" || state === "degraded" ? "trouble" : ""}>${STATES[state] ?? state}</span></div>
    ${seen.detail === "" ? "" : html`<p class="quiet">${seen.detail}</p>`}
  </li>`;
}

function stateOf(seen: Dependency): string {
  return enumWords(seen.state, "DEPENDENCY_STATE_");
}
