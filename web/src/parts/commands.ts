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
  return [...actions(store), ...themes(store), ...agents(store), ...chats(store)];
}

function actions(store: Store): Command[] {
  const { layout, talk } = store;
  const found: Command[] = [{ name: "New chat", group: "Do", keys: "Alt N", run: () => store.newChat() }];
  if (talk.running.value !== undefined) {
    found.push({ name: "Stop the answer", group: "Do", keys: "Esc", run: () => talk.stop() });
  }
  TABS.forEach((tab, place) => {
    found.push({ name: `Open ${capital(tab)}`, group: "Do", keys: `Alt ${place + 1}`, run: () => layout.openDrawer(tab) });
  });
  if (layout.drawerOpen.value) {
    found.push({ name: "Close the drawer", group: "Do", keys: "Esc", run: () => layout.closeDrawer() });
  }
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
      store.talk.agentId = agent.agent_id;
    },
  }));
}

function chats(store: Store): Command[] {
  return (store.chats.list.value ?? []).map((chat) => ({
    name: chat.title || "Untitled chat",
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
