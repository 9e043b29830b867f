// A receipt as data: level, lanes, items, phases, legs. Builds elements, never markup from text.

const LANES = ["system_policy", "history", "memory", "tools", "tool_results", "buffer"];

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const words = (name) => name.replaceAll("_", " ");
const short = (name, prefix) => (name ?? "").replace(prefix, "");
const count = (number) => Number(number ?? 0).toLocaleString("en");

export function money(micros) {
  const value = Number(micros ?? 0) / 1_000_000;
  return value === 0 ? "free" : `$${value < 0.01 ? value.toFixed(6) : value.toFixed(4)}`;
}

function table(heads, rows, numeric = []) {
  const cell = (tag, value, place) => element(tag, numeric.includes(place) ? { class: "n" } : {}, value);
  const head = element("thead", {}, element("tr", {}, ...heads.map((text, place) => cell("th", text, place))));
  const body = element("tbody");
  for (const row of rows) {
    body.append(element("tr", row.className ? { class: row.className } : {}, ...row.cells.map((value, place) => cell("td", value, place))));
  }
  return element("table", {}, head, body);
}

function bar(used, planned) {
  const fill = element("i");
  fill.style.width = planned > 0 ? `${Math.min(100, (100 * used) / planned)}%` : "0";
  const frame = element("span", { role: "img", "aria-label": `${used} of ${planned} tokens used` }, fill);
  return element("div", { class: "lane-bar" }, frame);
}

function lanes(receipt) {
  const planned = receipt.lanes_planned ?? {};
  const used = receipt.lanes_used ?? {};
  const rows = LANES.map((name) => ({
    cells: [words(name), count(planned[name]), count(used[name]), bar(used[name] ?? 0, planned[name] ?? 0)],
  }));
  return table(["Lane", "Planned", "Used", ""], rows, [1, 2]);
}

function items(receipt) {
  const rows = (receipt.items ?? []).map((item) => ({
    className: item.kept ? "" : "dropped",
    cells: [words(item.lane), item.kept ? "kept" : "dropped", count(item.tokens), item.reason || "–"],
  }));
  return rows.length ? table(["Lane", "", "Tokens", "Why"], rows, [2]) : element("p", { class: "quiet" }, "Nothing but the message.");
}

function phases(receipt) {
  const rows = (receipt.phases ?? []).map((phase) => ({
    cells: [words(phase.phase), `${phase.start_milliseconds.toFixed(0)} ms`, `${phase.duration_milliseconds.toFixed(1)} ms`],
  }));
  return rows.length ? table(["Phase", "From", "Took"], rows, [1, 2]) : element("p", { class: "quiet" }, "Not settled yet.");
}

function effects(receipt) {
  const rows = (receipt.modulation?.effects ?? [])
    .filter((effect) => !effect.switched_off && effect.before !== effect.after)
    .map((effect) => element("li", {}, effect.sentence));
  return rows.length ? element("ul", {}, ...rows) : element("p", { class: "quiet" }, "The state changed nothing.");
}

function facts(receipt) {
  const usage = receipt.usage ?? {};
  const pairs = [
    ["Level", short(receipt.level, "DEGRADATION_LEVEL_")],
    ["Model", receipt.model],
    ["Tokens", `${count(usage.input_tokens)} in, ${count(usage.output_tokens)} out${usage.estimated ? " (estimated)" : ""}`],
    ["Cost", money(receipt.cost_micros)],
    ["Ended", words(receipt.outcome?.finish_reason ?? "not settled yet")],
    ["AIQ", [receipt.aiq_predicted?.value, receipt.aiq_observed?.value].map((value) => value?.toFixed(0) ?? "–").join(" predicted, ") + " observed"],
    ["Path", short(receipt.path, "PLAN_PATH_").toLowerCase()],
    ["Receipt", element("code", {}, receipt.receipt_id)],
  ];
  return element("dl", {}, ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value || "–")]));
}

export function renderReceipt(receipt) {
  const reasons = (receipt.level_reasons ?? []).map((reason) => element("p", { class: "notice" }, reason.sentence));
  const heading = (text) => element("h3", {}, text);
  return [
    facts(receipt),
    ...reasons,
    heading("Lanes, in tokens"),
    lanes(receipt),
    heading("Kept and dropped"),
    items(receipt),
    heading("Phases"),
    phases(receipt),
    heading("What its state changed"),
    effects(receipt),
  ];
}
