// Joins the parts of the page, and keeps its list up to date.

import { getJSON, setKeyDialog } from "./requests.js";
import { setUpAsk } from "./ask.js";
import { heatmapDialog, keyDialog, removeDialog } from "./dialogs.js";
import { setUpLibrary } from "./library.js";
import { byId, show } from "./parts.js";
import { setUpPrepare } from "./prepare.js";

const LONGEST_WAIT = 30;

let contexts = [];
let models = [];
let wait = 1;
let timer = null;
// Answers to older requests are dropped.
let latest = 0;

setKeyDialog(keyDialog);

const ask = setUpAsk({ answered: refresh });

const showLibrary = setUpLibrary({
  ask(entry) {
    showView("ask");
    ask.about(entry);
  },
  async open(entry) {
    try {
      await ask.open(entry, rootOf(entry), models);
      show(byId("ask-problem"), null);
    } catch (error) {
      show(byId("ask-problem"), error.message);
    }
    showView("ask");
  },
  async remove(entry, label, descendants) {
    const removed = await removeDialog(entry.name, label, descendants);
    if (removed.length === 0) return;
    await refresh();
    byId("add").focus();
  },
  heatmap: (entry) => heatmapDialog(entry.name),
});

setUpPrepare({
  isTaken: (name) => contexts.some((entry) => entry.name === name),
  async finished(entry) {
    await refresh();
    ask.offer(entry);
  },
});

function rootOf(entry) {
  const known = new Map(contexts.map((context) => [context.name, context]));
  let root = entry;
  while (known.has(root.parent)) root = known.get(root.parent);
  return root;
}

/** Asks the server for its models and contexts, again and again while it does not answer. */
async function refresh() {
  clearTimeout(timer);
  timer = null;
  const mine = ++latest;
  try {
    models = (await getJSON("v1/models")).data.map(({ id }) => id);
    const list = await getJSON("api/contexts");
    if (mine !== latest) return;
    contexts = list.contexts;
    ask.settings.setModels(models);
    ask.settings.setContexts(contexts);
    showLibrary(list);
    ask.settings.mark();
    wait = 1;
    byId("away").hidden = true;
  } catch (error) {
    if (mine === latest) showAway(error);
  }
}

function showAway(error) {
  byId("away").hidden = false;
  byId("away-text").textContent = error.message;
  if (!error.isAway) return;
  wait = Math.min(LONGEST_WAIT, wait * 2);
  byId("away-text").textContent = `${error.message} The page tries again in ${wait} s.`;
  timer = setTimeout(refresh, wait * 1000);
}

/** A narrow window shows one part of the page at a time. */
function showView(name) {
  document.body.dataset.view = name;
  for (const chooser of document.querySelectorAll("[data-show]")) {
    chooser.ariaPressed = String(chooser.dataset.show === name);
  }
}

for (const chooser of document.querySelectorAll("[data-show]")) {
  chooser.onclick = () => showView(chooser.dataset.show);
}
document.querySelector(".skip").onclick = () => showView("ask");
byId("away-retry").onclick = refresh;
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !timer) refresh();
});
refresh();
