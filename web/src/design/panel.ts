// Styles of what stands in the drawer: sections, figures, rows, bars.

import { css } from "lit";

export const panel = css`
  :host {
    display: block;
    font-size: var(--size-small);
  }
  section {
    margin-top: var(--s5);
  }
  section:first-child {
    margin-top: 0;
  }
  h2 {
    margin-bottom: var(--s2);
    font-size: var(--size-small);
  }
  h2 span {
    float: right;
    color: var(--ink-soft);
    font-weight: 400;
  }
  dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: var(--s1) var(--s4);
  }
  dt {
    color: var(--ink-soft);
  }
  dd {
    min-width: 0;
    overflow-wrap: anywhere;
    text-align: right;
  }
  .rows > li {
    padding: var(--s2) 0;
    border-top: 1px solid var(--hairline);
  }
  .rows > li:last-child {
    border-bottom: 1px solid var(--hairline);
  }
  .pair {
    display: flex;
    justify-content: space-between;
    gap: var(--s3);
  }
  .pair > :last-child {
    flex: none;
    color: var(--ink-soft);
  }
  .pair > .trouble {
    color: var(--bad);
  }
  .pair > button.link {
    text-align: left;
  }
  .excerpt {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
    overflow-wrap: anywhere;
  }
  .notice,
  .problem {
    margin: var(--s2) 0;
  }
  svg.bar {
    width: 100%;
    overflow: visible;
  }
  svg .track {
    fill: var(--pressed);
  }
`;
