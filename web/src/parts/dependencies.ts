// What the mesh depends on: what is in trouble first, each with its reason, then what works.

import { html, nothing } from "lit";
import { capital, enumWords, words } from "../text/format";
import type { Dependency } from "../wire/governor";

const UP = "up";
const STATES: Readonly<Record<string, string>> = { degraded: "works with restrictions", down: "does not answer", unspecified: "not known yet" };

export function dependencies(seen: readonly Dependency[]): unknown {
  const troubled = seen.filter((each) => stateOf(each) !== UP);
  const working = seen.filter((each) => stateOf(each) === UP);
  return html`<section aria-labelledby="dependencies">
    <h2 id="dependencies">Depends on <span>${seen.length === 0 ? "" : troubled.length === 0 ? "all of it works" : `${troubled.length} in trouble`}</span></h2>
    ${seen.length === 0
      ? html`<p class="quiet">Nobody has told yet how what the mesh depends on is.</p>`
      : html`<ul class="rows">
          ${troubled.map((each) => trouble(each))}
          ${working.length === 0 ? nothing : html`<li class="quiet">Works: ${working.map((each) => words(each.name)).join(", ")}</li>`}
        </ul>`}
  </section>`;
}

/** Names of what does not answer. */
export function down(seen: readonly Dependency[]): string[] {
  return seen.filter((each) => stateOf(each) === "down").map((each) => words(each.name));
}

function trouble(seen: Dependency): unknown {
  const state = stateOf(seen);
  return html`<li>
    <div class="pair"><span>${capital(words(seen.name))}</span><span class="trouble">${STATES[state] ?? state}</span></div>
    ${seen.detail === "" ? nothing : html`<p class="quiet">${seen.detail}</p>`}
  </li>`;
}

function stateOf(seen: Dependency): string {
  return enumWords(seen.state, "DEPENDENCY_STATE_");
}
