// One row of the list: a document or conversation, and the answers that continue it.

import { ago, button, bytes, counted, digits, element } from "./parts.js";

const TITLES = "qfilters-titles";

/** Remembers, for this tab, which question a stored turn answers. */
export function setTitle(name, question) {
  const titles = JSON.parse(sessionStorage.getItem(TITLES) ?? "{}");
  titles[name] = question.slice(0, 120);
  sessionStorage.setItem(TITLES, JSON.stringify(titles));
}

/** What people call an entry; turns without a name have the question, if it is known. */
export function titleOf(entry) {
  const titles = JSON.parse(sessionStorage.getItem(TITLES) ?? "{}");
  return titles[entry.name] ?? (entry.name.startsWith("~") ? "" : entry.name);
}

/** Marks the row of the document that questions are about. */
export function markCurrent(name) {
  for (const row of document.querySelectorAll(".context")) {
    row.ariaCurrent = row.dataset.name === name ? "true" : null;
  }
}

const focusable = (made, name) => {
  made.dataset.focus = name;
  return made;
};

const nameButton = (title, entry, action) =>
  focusable(element("button", { type: "button", className: "name", title, onclick: action }, title),
    `name ${entry.name}`);

/** The row of an entry that continues nothing. */
export function contextRow({ entry, answers }, actions, isOpen) {
  const isDocument = entry.kind === "document";
  const title = titleOf(entry) || `Conversation of ${counted(entry.tokens, "token")}`;
  const main = () => (isDocument ? actions.ask(entry) : actions.open(latest(entry, answers)));
  const row = element("li", { className: "context" },
    element("div", { className: "head" },
      nameButton(title, entry, main),
      element("span", { className: "soft" }, ago(entry.last_used))),
    element("p", { className: "figures" },
      element("strong", {}, counted(entry.tokens, "token")), " ready", factor(entry)),
    bar(entry),
    element("p", { className: "sizes soft" },
      element("span", {}, `${bytes(entry.bytes)} on the disk`),
      element("span", {}, `${bytes(entry.cache_bytes)} as a cache`)),
    rowButtons(entry, title, main, answers.length, actions));
  row.dataset.name = entry.name;
  if (answers.length > 0) row.append(answerPart(entry, answers, actions, isOpen));
  return row;
}

/** How many times smaller the file is than the cache, where that is much. */
function factor({ bytes: file, cache_bytes: cache }) {
  return cache > 1.5 * file ? ` · 1/${digits(cache / file)} of its cache` : "";
}

/** How large the file is, where the whole bar is the cache. The text next to it says the same. */
function bar({ bytes: file, cache_bytes: cache }) {
  const made = element("div", { className: "bar", ariaHidden: "true" }, element("span"));
  made.firstChild.style.width = `${Math.min(100, (100 * file) / Math.max(1, cache))}%`;
  return made;
}

/** The end of a conversation: of it and what continues it, the one that was used last. */
const latest = (entry, answers) =>
  answers.reduce((last, { entry }) => (entry.last_used >= last.last_used ? entry : last), entry);

function rowButtons(entry, title, main, descendants, actions) {
  const isDocument = entry.kind === "document";
  const first = isDocument ? button("Ask", "quiet", main, `Ask about ${title}`)
    : button("Open", "quiet", main, `Open ${title}`);
  const heat = button("Heat map", "quiet", () => actions.heatmap(entry), `Heat map of ${title}`);
  return element("div", { className: "actions" }, first, ...(isDocument ? [heat] : []),
    removeButton(entry, title, descendants, actions));
}

const removeButton = (entry, title, descendants, actions) =>
  focusable(
    button("Delete", "quiet", () => actions.remove(entry, title, descendants), `Delete ${title}`),
    `delete ${entry.name}`);

/** The answers are made when somebody looks at them. */
function answerPart(entry, answers, actions, isOpen) {
  const list = element("ul", { className: "answers" });
  const summary = focusable(
    element("summary", {}, `${counted(answers.length, "answer")} stored`),
    `answers ${entry.name}`);
  const details = element("details", { open: isOpen }, summary, list);
  const fill = () => {
    if (details.open && list.childElementCount === 0) {
      list.append(...answers.map((answer, index) =>
        answerRow(answer, descendantsAfter(answers, index), actions)));
    }
  };
  details.ontoggle = fill;
  fill();
  return details;
}

/** How many of the answers that follow one continue it. */
function descendantsAfter(answers, index) {
  const next = answers.findIndex(({ turn }, later) => later > index && turn <= answers[index].turn);
  return (next < 0 ? answers.length : next) - index - 1;
}

function answerRow({ entry, turn }, descendants, actions) {
  const title = titleOf(entry) || `Turn ${turn}`;
  return element("li", {},
    nameButton(title, entry, () => actions.open(entry)),
    element("span", { className: "soft" },
      `${counted(entry.own_tokens, "token")}, ${bytes(entry.bytes)}, ${ago(entry.last_used)}`),
    removeButton(entry, title, descendants, actions));
}
