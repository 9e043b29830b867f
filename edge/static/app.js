// The page: one conversation at a time, answers as they are written, the receipt beside them.
// Text of people and models is only ever set as text.

import { Connection } from "/static/socket.js";
import { element, money, renderReceipt } from "/static/receipt.js";

const at = (id) => document.getElementById(id);
const messages = at("messages");
const scroller = at("scroller");
const input = at("input");

let conversationId = "";
let following = true;
let running = ""; // the frame id of the turn that is shown as running
const answers = new Map(); // frame id -> its parts on the page

async function get(path) {
  const response = await fetch(path, { credentials: "same-origin", headers: { accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.error?.message ?? "The server did not answer as expected.");
  }
  return body;
}

// ---- what is said ----

function addMessage(role, who) {
  at("welcome").hidden = true;
  const said = element("div", { class: "said" });
  const item = element("li", { class: role }, element("div", { class: "who" }, who), said);
  messages.append(item);
  return { item, said };
}

function addUserMessage(text) {
  addMessage("user", "You").said.textContent = text;
  toEnd(true);
}

function addAnswer(question) {
  const { item, said } = addMessage("assistant", "Soma");
  const text = document.createTextNode("");
  said.append(text);
  return { item, said, text, question, started: performance.now(), firstToken: 0, level: "" };
}

function begin(frameId, question) {
  const answer = addAnswer(question);
  answer.item.classList.add("running");
  answers.set(frameId, answer);
  running = frameId;
  showRunning();
  toEnd(true);
}

function finish(frameId) {
  answers.get(frameId)?.item.classList.remove("running");
  answers.delete(frameId);
  if (running === frameId) {
    running = "";
    showRunning();
  }
}

function showRunning() {
  at("send").hidden = running !== "";
  at("stop").hidden = running === "";
}

function note(answer, text, kind = "notice") {
  const line = element("p", { class: kind }, text);
  answer.item.append(line);
  return line;
}

function problem(answer, text, question) {
  const line = note(answer, text, "problem");
  line.setAttribute("role", "alert");
  if (question) {
    const again = element("button", { type: "button" }, "Try again");
    again.addEventListener("click", () => say(question));
    line.append(again);
  }
}

function addTools(answer, { receiptId, summary }) {
  const tools = element("div", { class: "tools" });
  const copy = element("button", { type: "button", class: "plain" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(answer.said.textContent);
    announce("Copied.");
  });
  tools.append(copy);
  if (receiptId) {
    const open = element("button", { type: "button", class: "plain ledger" }, summary || "Receipt");
    open.setAttribute("aria-label", `Show the receipt: ${summary}`);
    open.addEventListener("click", () => showReceipt(receiptId, true));
    tools.append(open);
  }
  answer.item.append(tools);
}

const tokens = (usage) => (usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0);

function summaryOf(answer, payload) {
  const parts = [answer.level, `${tokens(payload.usage).toLocaleString("en")} tokens`, money(payload.cost?.micros)];
  if (answer.firstToken) {
    parts.push(`${(answer.firstToken / 1000).toFixed(2)} s to first token`);
  }
  return parts.filter(Boolean).join(" · ");
}

// ---- frames ----

const onFrame = {
  "chat.started": (answer, payload) => {
    if (payload.conversation_id && payload.conversation_id !== conversationId) {
      conversationId = payload.conversation_id;
      history.replaceState(null, "", `#${conversationId}`);
    }
    answer.level = payload.level;
    at("level").textContent = `Level ${payload.level}`;
    at("level").className = payload.level === "L0" ? "" : "bad";
    at("model").textContent = payload.model;
    for (const reason of payload.level_reasons ?? []) {
      note(answer, reason.sentence);
    }
  },
  "chat.delta": (answer, payload) => {
    answer.firstToken ||= performance.now() - answer.started;
    answer.text.appendData(payload.delta);
  },
  "chat.reasoning": (answer, payload) => {
    answer.reasoning ??= answer.item.insertBefore(element("div", { class: "reasoning" }), answer.said);
    answer.reasoning.append(payload.delta);
  },
  "chat.tool": (answer, payload) => note(answer, `Asks for ${payload.name} with ${payload.arguments}`),
  "chat.notice": (answer, payload) => note(answer, payload.message),
  "chat.done": (answer, payload, frameId) => {
    if (answer.text.data !== payload.content) {
      answer.text.data = payload.content;
    }
    addTools(answer, { receiptId: payload.receipt_id, summary: summaryOf(answer, payload) });
    end(frameId, "The answer is complete.", payload.receipt_id);
  },
  "chat.failed": (answer, payload, frameId) => {
    problem(answer, payload.message, answer.question);
    addTools(answer, { receiptId: payload.receipt_id, summary: summaryOf(answer, payload) });
    end(frameId, payload.message, payload.receipt_id);
  },
  "chat.cancelled": (answer, payload, frameId) => {
    note(answer, payload.partial_text_kept ? "Stopped. What was written is kept." : "Stopped.");
    addTools(answer, { receiptId: payload.receipt_id, summary: summaryOf(answer, payload) });
    end(frameId, "Stopped.", payload.receipt_id);
  },
  error: (answer, payload, frameId) => {
    const wait = payload.retry_after ? ` You can try again in ${Math.ceil(payload.retry_after)} s.` : "";
    problem(answer, payload.message + wait, answer.question);
    finish(frameId);
  },
};

function end(frameId, sentence, receiptId) {
  finish(frameId);
  announce(sentence);
  refreshConversations();
  refreshBudget();
  if (!at("receipt").hidden && receiptId) {
    showReceipt(receiptId, false);
  }
}

const connection = new Connection({
  connected(payload) {
    status("Connected");
    fillAgents(payload.agents);
    refreshConversations();
    refreshBudget();
  },
  frame(type, frameId, payload) {
    const answer = answers.get(frameId);
    if (answer !== undefined && onFrame[type] !== undefined) {
      onFrame[type](answer, payload, frameId);
      toEnd(false);
    }
  },
  lost(unfinished) {
    status(unfinished ? "Reconnecting. The answer goes on without you." : "Reconnecting.", true);
  },
  locked() {
    status("This browser has no session. Open the page on the machine that runs the stack.", true);
  },
});

function status(text, bad = false) {
  at("connection").textContent = text;
  at("connection").className = bad ? "bad" : "";
}

function announce(text) {
  at("announcer").textContent = text;
}

// ---- saying ----

function say(text) {
  if (running !== "" || text.trim() === "") {
    return;
  }
  addUserMessage(text);
  const payload = { content: text };
  if (conversationId) {
    payload.conversation_id = conversationId;
  } else if (at("agent").value) {
    payload.agent_id = at("agent").value;
  }
  begin(connection.say(payload), text);
  announce("Sent.");
}

function send() {
  if (running === "" && input.value.trim() !== "") {
    say(input.value);
    input.value = "";
    grow();
  }
}

function stop() {
  if (running !== "") {
    connection.stop(running);
  }
}

function grow() {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + 2}px`;
}

function toEnd(force) {
  following = following || force;
  if (following) {
    scroller.scrollTop = scroller.scrollHeight;
  }
  at("latest").hidden = following;
}

// ---- conversations ----

const ROLES = { ROLE_USER: ["user", "You"], ROLE_ASSISTANT: ["assistant", "Soma"] };

function clear() {
  messages.replaceChildren();
  answers.clear();
  running = "";
  showRunning();
  at("welcome").hidden = false;
  following = true;
}

function newChat() {
  conversationId = "";
  history.replaceState(null, "", location.pathname);
  clear();
  closeRail();
  refreshConversations();
  input.focus();
}

async function openConversation(id) {
  const opened = await get(`/api/v1/chat/conversations/${encodeURIComponent(id)}`);
  const listed = await get(`/api/v1/chat/conversations/${encodeURIComponent(id)}/messages?page_size=500`);
  clear();
  conversationId = id;
  history.replaceState(null, "", `#${id}`);
  for (const message of listed.messages) {
    addStored(message);
  }
  if (opened.conversation.running_turn_id) {
    begin(connection.follow(opened.conversation.running_turn_id), "");
  }
  closeRail();
  refreshConversations();
  toEnd(true);
}

function addStored(message) {
  const [role, who] = ROLES[message.role] ?? ["assistant", "Tool"];
  const text = message.content.map((part) => part.text).join("");
  const { item, said } = addMessage(role, who);
  said.textContent = text;
  if (role === "assistant") {
    const answer = { item, said };
    if (message.partial) {
      note(answer, "This answer was cut short; what was written is kept.");
    }
    const summary = `${tokens(message.usage).toLocaleString("en")} tokens · ${money(message.cost_micros)}`;
    addTools(answer, { receiptId: message.receipt_id, summary });
  }
}

function dayOf(time) {
  const days = Math.floor((new Date().setHours(0, 0, 0, 0) - new Date(time).setHours(0, 0, 0, 0)) / 86_400_000);
  return days <= 0 ? "Today" : days === 1 ? "Yesterday" : new Date(time).toLocaleDateString();
}

async function refreshConversations() {
  const listed = await get("/api/v1/chat/conversations?page_size=100").catch(() => null);
  if (listed === null) {
    return;
  }
  const list = at("conversations");
  list.replaceChildren();
  let day = "";
  for (const conversation of listed.conversations) {
    if (dayOf(conversation.update_time) !== day) {
      day = dayOf(conversation.update_time);
      list.append(element("li", { class: "day" }, day));
    }
    const time = new Date(conversation.create_time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const button = element("button", { type: "button" }, conversation.title || `Chat of ${time}`);
    button.setAttribute("aria-current", String(conversation.conversation_id === conversationId));
    button.addEventListener("click", () => openConversation(conversation.conversation_id).catch((error) => status(error.message, true)));
    list.append(element("li", {}, button));
  }
}

function fillAgents(agents) {
  const picker = at("agent");
  const chosen = picker.value;
  picker.replaceChildren(...agents.map((agent) => element("option", { value: agent.agent_id }, agent.name)));
  if (agents.some((agent) => agent.agent_id === chosen)) {
    picker.value = chosen;
  }
}

async function refreshBudget() {
  const { budgets } = await get("/api/v1/budget").catch(() => ({ budgets: [] }));
  const day = budgets.find((budget) => budget.period === "BUDGET_PERIOD_DAY");
  if (day === undefined || Number(day.limit_tokens) === 0) {
    at("budget").textContent = "";
    return;
  }
  const left = Math.max(0, Number(day.limit_tokens) - Number(day.used_tokens) - Number(day.held_tokens));
  at("budget").textContent = `${left.toLocaleString("en")} tokens left today`;
}

// ---- receipt ----

async function showReceipt(receiptId, focus) {
  openReceipt(focus);
  try {
    const { receipt } = await get(`/api/v1/receipts/${encodeURIComponent(receiptId)}`);
    at("receipt-body").replaceChildren(...renderReceipt(receipt));
  } catch (error) {
    at("receipt-body").replaceChildren(element("p", { class: "problem" }, error.message));
  }
}

function openReceipt(focus) {
  at("receipt").hidden = false;
  at("receipt-toggle").setAttribute("aria-expanded", "true");
  if (focus) {
    at("receipt").focus();
  }
}

function closeReceipt() {
  at("receipt").hidden = true;
  at("receipt-toggle").setAttribute("aria-expanded", "false");
}

function closeRail() {
  at("rail").classList.remove("open");
  at("rail-toggle").setAttribute("aria-expanded", "false");
}

// ---- what a person does ----

at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
input.addEventListener("input", grow);
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") {
    return;
  }
  if (running !== "") {
    stop();
  } else {
    closeReceipt();
    closeRail();
  }
});
scroller.addEventListener("scroll", () => {
  following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
  at("latest").hidden = following;
});
const kept = new ResizeObserver(() => toEnd(false));
kept.observe(scroller);
kept.observe(messages);
at("stop").addEventListener("click", stop);
at("latest").addEventListener("click", () => toEnd(true));
at("new-chat").addEventListener("click", newChat);
at("receipt-close").addEventListener("click", closeReceipt);
at("receipt-toggle").addEventListener("click", () => (at("receipt").hidden ? openReceipt(true) : closeReceipt()));
at("rail-toggle").addEventListener("click", () => {
  const open = at("rail").classList.toggle("open");
  at("rail-toggle").setAttribute("aria-expanded", String(open));
});
for (const button of at("suggestions").querySelectorAll("button")) {
  button.addEventListener("click", () => say(button.textContent));
}

connection.open();
if (/^#[0-9a-f-]{36}$/.test(location.hash)) {
  openConversation(location.hash.slice(1)).catch(newChat);
}
input.focus();
