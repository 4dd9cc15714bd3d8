// What answers, and from what: the model, the document, and how much of its cache.

import { byId, bytes, counted, element, show } from "./parts.js";
import { markCurrent } from "./rows.js";

/** In tokens. Small models may repeat themselves until their context is full. */
const LONGEST_ANSWER = 512;

/**
 * Makes the settings work. `documentChanged` is called when somebody chooses another document, or
 * when it is gone.
 */
export function setUpSettings(documentChanged) {
  let documents = new Map();
  const [model, chosen, recall] = [byId("model"), byId("document"), byId("recall")];

  const entry = () => documents.get(chosen.value) ?? null;
  const share = () =>
    entry() ? Number(byId("shares").querySelector(":checked")?.value ?? 1) : 1;

  function showDocument() {
    markCurrent(chosen.value);
    byId("share").hidden = entry() === null;
    if (entry() === null) return;
    drawShares(entry(), showShare);
    const id = modelOf(entry(), [...model.options].map(({ value }) => value));
    if (id) model.value = id;
    showShare();
  }

  function showShare() {
    recall.disabled = share() === 1;
    if (recall.disabled) recall.checked = false;
    show(byId("share-note"), shareNote(entry(), share(), recall.checked));
  }

  chosen.onchange = () => {
    showDocument();
    documentChanged();
  };
  recall.onchange = showShare;

  return {
    /** The fields of a request. */
    get request() {
      const request = { model: model.value, max_tokens: LONGEST_ANSWER };
      if (entry()) request.document = chosen.value;
      if (share() > 1) request[recall.checked ? "recall" : "compression"] = share();
      return request;
    },
    /** The same in words, for the answer. */
    get mode() {
      if (!entry()) return null;
      const name = share() === 1 ? "whole cache" : `×${share()}`;
      return recall.checked ? `recall ${name}` : name;
    },
    get entry() {
      return entry();
    },
    /** Chooses a document without telling anybody; null for none. */
    choose(name) {
      chosen.value = name ?? "";
      showDocument();
    },
    /** Marks the document in the list. */
    mark: () => markCurrent(chosen.value),
    setModels(ids) {
      for (const select of [model, byId("prepare-model")]) setOptions(select, ids);
    },
    setContexts(contexts) {
      const before = chosen.value;
      documents = new Map(contexts.filter(({ kind }) => kind === "document")
        .sort((one, other) => other.last_used - one.last_used)
        .map((entry) => [entry.name, entry]));
      setOptions(chosen, ["", ...documents.keys()]);
      if (chosen.value === before) return;
      showDocument();
      documentChanged();
    },
  };
}

/** The server's name for the model of an entry. */
export const modelOf = (entry, ids) =>
  ids.find((id) => id === entry.model)
  ?? ids.find((id) => entry.model?.includes(id) || id.includes(entry.model));

/** Sets the options of a select, and keeps what is chosen if it is still there. */
function setOptions(select, values) {
  const before = select.value;
  select.replaceChildren(...values.map((value) =>
    element("option", { value }, value === "" ? "None" : value)));
  select.value = values.includes(before) ? before : values[0] ?? "";
}

/** A button for each compression that a document offers. */
function drawShares(entry, changed) {
  const offered = entry.compressions.length > 0 ? entry.compressions : [1];
  const sorted = [...offered].sort((one, other) => one - other);
  const before = byId("shares").querySelector(":checked")?.value;
  const chosen = sorted.includes(Number(before)) ? Number(before) : sorted[0];
  byId("shares").replaceChildren(...sorted.map((n) => {
    const radio = element("input", {
      type: "radio", name: "share", value: n, checked: n === chosen, onchange: changed,
    });
    radio.setAttribute("aria-describedby", "share-note");
    const fill = element("span", { className: "fill", ariaHidden: "true" });
    fill.style.width = `${100 / n}%`;
    return element("label", {}, radio, element("span", {}, n === 1 ? "Whole" : `×${n}`),
      element("span", { className: "track", ariaHidden: "true" }, fill));
  }));
}

function shareNote(entry, n, isRecall) {
  const ready = `${counted(entry.tokens, "token")} ${entry.tokens === 1 ? "is" : "are"} ready. `;
  const whole = bytes(entry.cache_bytes);
  if (n === 1) return `${ready}The whole cache is held, ${whole}.`;
  const part = `about ${bytes(entry.cache_bytes / n)} of ${whole}`;
  return isRecall
    ? `${ready}The question chooses 1/${n} of the pairs, ${part}. The first token takes longer.`
    : `${ready}The best-ranked 1/${n} of the pairs is held, ${part}.`;
}
