// The list of documents and conversations: what they hold, and what they save.

import { contextRow, titleOf } from "./rows.js";
import { byId, bytes, count, counted, element, sentence, show } from "./parts.js";

const FILTER_FROM = 8;

/**
 * Makes the list work. `actions` has `ask`, `open`, `remove` and `heatmap`, functions of an entry.
 * Gives a function that shows what `/api/contexts` answered.
 */
export function setUpLibrary(actions) {
  let rows = new Map();
  byId("filter").oninput = () => showRows(rows);
  return (list) => {
    const roots = rootsOf(list.contexts);
    rows = reusedRows(rows, roots, actions);
    byId("filter").hidden = roots.length < FILTER_FROM;
    if (byId("filter").hidden) byId("filter").value = "";
    showRows(rows);
    showSum(list);
    showStore(list);
    showProblems(list);
  };
}

/** Entries that continue nothing, the latest used first, each with those that continue it. */
function rootsOf(contexts) {
  const names = new Set(contexts.map(({ name }) => name));
  const children = new Map();
  for (const entry of contexts) {
    if (!children.has(entry.parent)) children.set(entry.parent, []);
    children.get(entry.parent).push(entry);
  }
  const roots = contexts.filter(({ parent }) => parent === null || !names.has(parent))
    .map((entry) => ({ entry, answers: descendants(entry.name, children) }));
  const lastUse = ({ entry, answers }) =>
    answers.reduce((latest, { entry }) => Math.max(latest, entry.last_used), entry.last_used);
  const times = new Map(roots.map((root) => [root, lastUse(root)]));
  return roots.sort((one, other) => times.get(other) - times.get(one));
}

/** All that continue an entry, each after what it continues, with its distance. */
function descendants(name, children) {
  const found = [];
  const open = (children.get(name) ?? []).map((entry) => ({ entry, turn: 1 })).reverse();
  while (open.length > 0) {
    const next = open.pop();
    found.push(next);
    const after = children.get(next.entry.name) ?? [];
    open.push(...after.map((entry) => ({ entry, turn: next.turn + 1 })).reverse());
  }
  return found;
}

/** Rows whose entries have not changed stay as they are. */
function reusedRows(old, roots, actions) {
  const rows = new Map();
  for (const root of roots) {
    const { name } = root.entry;
    const state = JSON.stringify([root, titleOf(root.entry)]);
    const known = old.get(name);
    const isOpen = known?.row.querySelector("details")?.open ?? false;
    rows.set(name, known?.state === state ? known
      : {
        state,
        row: contextRow(root, actions, isOpen),
        text: searchText(root),
        isDocument: root.entry.kind === "document",
      });
  }
  return rows;
}

const searchText = ({ entry, answers }) =>
  [entry, ...answers.map(({ entry }) => entry)]
    .map((entry) => `${entry.name} ${titleOf(entry)}`).join("\n").toLowerCase();

/** Shows the rows that are searched for. (To hide a thousand rows one by one is slow.) */
function showRows(rows) {
  const focus = document.activeElement?.dataset?.focus;
  const wanted = byId("filter").value.trim().toLowerCase();
  const found = [...rows.values()].filter(({ text }) => text.includes(wanted));
  const documents = found.filter(({ isDocument }) => isDocument);
  const others = found.filter(({ isDocument }) => !isDocument);
  byId("documents").replaceChildren(...documents.map(({ row }) => row));
  byId("conversations").replaceChildren(...others.map(({ row }) => row));
  byId("conversation-part").hidden = others.length === 0;
  byId("empty").hidden = [...rows.values()].some(({ isDocument }) => isDocument);
  byId("nothing").hidden = found.length > 0 || rows.size === 0;
  if (focus) document.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

function showSum({ contexts }) {
  const tokens = contexts.reduce((sum, entry) => sum + entry.own_tokens, 0);
  const files = contexts.reduce((sum, entry) => sum + entry.bytes, 0);
  const cache = contexts.reduce((sum, entry) => sum + entry.cache_bytes, 0);
  show(byId("sum"), contexts.length === 0 ? null
    : `${counted(tokens, "token")} need not be computed again. Their cache of ${bytes(cache)} `
      + `takes ${bytes(files)} on the disk.`);
}

function showStore({ bytes: size, limit }) {
  const meter = byId("store-meter");
  byId("store").hidden = false;
  byId("store-text").textContent = !limit ? `${bytes(size)} stored`
    : `${bytes(size)} of ${bytes(limit)}`;
  meter.hidden = !limit;
  if (limit) Object.assign(meter, { max: limit, high: limit * 0.9, value: size });
}

function showProblems({ problems, quarantined }) {
  byId("problem-part").hidden = problems.length === 0 && quarantined === 0;
  byId("problems").replaceChildren(...problems.map(({ name, problem }) =>
    element("li", {}, element("strong", {}, name), " ", sentence(problem))));
  show(byId("quarantined"), quarantined === 0 ? null
    : `${quarantined === 1 ? "A damaged file is" : `${count(quarantined)} damaged files are`} in `
      + "the store's folder “quarantine”. Nothing reads it.");
}
