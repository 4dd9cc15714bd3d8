// A text becomes a document: dropped, chosen or pasted, named, and watched while it is prepared.

import { events } from "./requests.js";
import { announce, button, byId, count, duration, element, sentence, show } from "./parts.js";

const DEFAULT_NAME = "document";

/**
 * Makes the dialog and the page's drop target work.
 *
 * `isTaken` says whether a name is in use; `finished` receives a new document's entry.
 */
export function setUpPrepare({ isTaken, finished }) {
  const dialog = byId("prepare");
  let fileText = null;

  function useText(text, origin, name) {
    fileText = text;
    byId("text").hidden = text !== null;
    show(byId("file-name"), origin);
    byId("name").value = name;
    show(byId("prepare-problem"), null);
  }

  async function useFile(file) {
    if (!dialog.open) dialog.showModal();
    try {
      const decoder = new TextDecoder("utf-8", { fatal: true });
      const text = decoder.decode(await file.arrayBuffer());
      useText(text, `${file.name}, ${count(text.length)} characters`, freeName(file.name, isTaken));
    } catch {
      useText(null, null, byId("name").value);
      show(byId("prepare-problem"), `${file.name} is not a text in UTF-8.`);
    }
    byId("name").focus();
  }

  function submit(event) {
    event.preventDefault();
    const [name, model] = [byId("name").value, byId("prepare-model").value];
    const text = fileText ?? byId("text").value;
    const problem = text.trim() === "" ? "The text is empty: paste one, or choose a file."
      : isTaken(name) ? `There is a context with the name ${name}.`
      : model === "" ? "The server has no model." : null;
    show(byId("prepare-problem"), problem);
    if (problem) return;
    dialog.close();
    byId("text").value = "";
    runJob({ model, name, text }, finished);
  }

  byId("add").onclick = () => {
    useText(null, null, freeName(DEFAULT_NAME, isTaken));
    dialog.showModal();
  };
  byId("prepare-form").onsubmit = submit;
  byId("choose").onclick = () => byId("file").click();
  byId("file").onchange = ({ target }) => {
    if (target.files.length > 0) useFile(target.files[0]);
    target.value = "";
  };
  acceptDrops(useFile);
}

/** The file's name, of allowed characters only, and one that is free. */
function freeName(fileName, isTaken) {
  const plain = fileName.normalize("NFKD").replace(/\.(txt|md|text)$/i, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|[-.]+$/g, "").slice(0, 90);
  const base = plain || DEFAULT_NAME;
  let name = base;
  for (let number = 2; isTaken(name); number += 1) name = `${base}-${number}`;
  return name;
}

/** The whole page takes a file. */
function acceptDrops(useFile) {
  const hasFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    byId("drop").hidden = byId("prepare").open;
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) byId("drop").hidden = true;
  });
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    byId("drop").hidden = true;
    if (event.dataTransfer.files.length > 0) useFile(event.dataTransfer.files[0]);
  });
}

/** Prepares a document, and shows how far it is. */
async function runJob(body, finished) {
  const abort = new AbortController();
  const bar = element("progress", { max: 1, value: 0, ariaLabel: `Progress of ${body.name}` });
  const note = element("p", { className: "soft" }, "Waits for the model.");
  const buttons = element("div", { className: "actions" },
    button("Stop", "quiet", () => abort.abort(), `Stop preparing ${body.name}`));
  const card = element("li", { className: "job" },
    element("strong", {}, body.name), bar, note, buttons);
  byId("jobs").append(card);
  const tell = progressTeller(bar, note);
  try {
    for await (const event of events("api/documents", body, abort.signal)) {
      if (event.phase) tell(event);
      if (event.document) {
        card.remove();
        announce(`${body.name} is ready.`);
        return finished(event.document);
      }
    }
    throw new Error("The server ended before the document was ready.");
  } catch (error) {
    if (abort.signal.aborted) return card.remove();
    showFailure(card, error.message, () => runJob(body, finished));
  }
}

function showFailure(card, message, again) {
  card.replaceChildren(
    card.firstChild,
    element("p", { className: "problem", role: "alert" }, sentence(message)),
    element("div", { className: "actions" },
      button("Try again", "quiet", () => {
        card.remove();
        again();
      }),
      button("Dismiss", "quiet", () => card.remove())));
}

// What part of the bar each phase fills.
const PHASES = {
  prefill: { from: 0, to: 0.9, verb: "Reading" },
  write: { from: 0.9, to: 1, verb: "Writing the file" },
};

/** Shows events of progress, with an estimate of the time that a phase still takes. */
function progressTeller(bar, note) {
  let [phase, start] = [null, 0];
  return (event) => {
    if (event.phase !== phase) [phase, start] = [event.phase, performance.now()];
    const { from, to, verb } = PHASES[phase] ?? { from: 0, to: 1, verb: phase };
    const share = event.total > 0 ? event.done / event.total : 0;
    bar.value = from + (to - from) * share;
    const far = phase === "prefill"
      ? `${count(event.done)} of ${count(event.total)} tokens` : `${Math.round(share * 100)} %`;
    const elapsed = (performance.now() - start) / 1000;
    const isKnown = elapsed > 0.5 && share > 0 && share < 1;
    const rest = isKnown ? `, about ${duration(elapsed * (1 / share - 1))} left` : "";
    note.textContent = `${verb}: ${far}${rest}`;
  };
}
