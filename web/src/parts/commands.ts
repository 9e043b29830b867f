// Every command of the page with its shortcut: what the palette offers.

import type { Store } from "../state/store";
import { TABS, type Theme } from "../state/layout";
import { capital } from "../text/format";

export interface Command {
  name: string;
  group: string;
  keys: string;
  run: () => void;
}

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "Follow the system's light or dark"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function commands(store: Store): Command[] {
  return [...actions(store), ...themes(store), ...agents(store), ...models(store), ...chats(store)];
}

function actions(store: Store): Command[] {
  const { layout, turns, asksIn } = store;
  const found: Command[] = [{ name: "New chat", group: "Do", keys: "Alt N", run: () => store.newChat() }];
  if (turns.running.value !== undefined) {
    found.push({ name: "Stop the answer", group: "Do", keys: "Esc", run: () => turns.stop() });
  } else {
    found.push(...again(store));
  }
  if (asksIn !== undefined) {
    found.push({ name: "Go to what waits for consent", group: "Do", keys: "Alt A", run: () => store.openApproval(asksIn) });
  }
  TABS.forEach((tab, place) => {
    found.push({ name: `Open ${capital(tab)}`, group: "Do", keys: `Alt ${place + 1}`, run: () => layout.openDrawer(tab) });
  });
  if (layout.drawerOpen.value) {
    found.push({ name: "Close the drawer", group: "Do", keys: "Esc", run: () => layout.closeDrawer() });
  }
  return found;
}

function again({ thread, turns, layout, files }: Store): Command[] {
  const found: Command[] = [];
  const question = thread.entries.value.findLast((entry) => entry.role === "user" && entry.messageId !== "");
  const { last } = thread;
  if (question !== undefined) {
    found.push({ name: "Edit the last question", group: "Do", keys: "↑", run: () => (layout.editing.value = question) });
  }
  if (last?.role === "assistant") {
    found.push({ name: "Answer again", group: "Do", keys: "", run: () => turns.regenerate(last) });
  }
  const { value: id } = thread.conversationId;
  if (id !== "") {
    found.push({ name: "Export as JSON", group: "Do", keys: "", run: () => void files.take(id, "json") });
    found.push({ name: "Export as Markdown", group: "Do", keys: "", run: () => void files.take(id, "markdown") });
  }
  found.push({ name: "Import a conversation", group: "Do", keys: "", run: () => files.choose() });
  return found;
}

function themes(store: Store): Command[] {
  return THEMES.map(([theme, name]) => ({ name, group: "Theme", keys: "", run: () => store.layout.setTheme(theme) }));
}

function agents(store: Store): Command[] {
  const { value: known } = store.mesh.agents;
  if (known.length < 2) {
    return [];
  }
  return known.map((agent) => ({
    name: `New chat with ${agent.name}`,
    group: "Agent",
    keys: "",
    run: () => {
      store.newChat();
      store.thread.agentId = agent.agent_id;
    },
  }));
}

function models({ mesh, turns }: Store): Command[] {
  const { value: known } = mesh.models;
  if (known.length < 2) {
    return [];
  }
  const choose = (id: string) => () => (turns.modelId.value = id);
  const own = { name: "The agent's own model answers", group: "Model", keys: "", run: choose("") };
  const others = known.map(({ model_profile_id: id }) => ({ name: `${id} answers`, group: "Model", keys: "", run: choose(id) }));
  return [own, ...others];
}

function chats(store: Store): Command[] {
  return (store.chats.list.value ?? []).map((chat) => ({
    name: store.chats.nameOf(chat) || "Untitled chat",
    group: "Go to",
    keys: "",
    run: () => store.openChat(chat.conversation_id),
  }));
}

/** The commands whose name or group has every word of the text, those that begin with it first. */
export function matching(all: readonly Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const fits = (command: Command): boolean => {
    const whole = `${command.group} ${command.name}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  };
  const first = words[0] ?? "";
  const rank = (command: Command): number => (command.name.toLowerCase().startsWith(first) ? 0 : 1);
  return all.filter(fits).sort((one, other) => rank(one) - rank(other));
}
