// The dialogs that ask for a key, ask before a deletion, and show a heat map.

import { contextPath, request } from "./requests.js";
import { announce, byId, counted, makeClosable, show } from "./parts.js";

for (const dialog of document.querySelectorAll("dialog")) makeClosable(dialog);

/** Opens a dialog, and waits until it is closed. */
function closed(dialog) {
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
}

/** Asks for an API key; null if nobody gives one. */
export async function keyDialog(reason) {
  let key = null;
  byId("key-text").textContent = reason;
  byId("key-form").reset();
  byId("key-form").onsubmit = (event) => {
    event.preventDefault();
    key = byId("key-value").value.trim();
    byId("key").close();
  };
  await closed(byId("key"));
  return key;
}

/** Deletes a context after a confirmation; gives the names of what is gone. */
export async function removeDialog(name, label, descendants) {
  const others = descendants === 1 ? "the answer that continues"
    : `the ${counted(descendants, "answer")} that continue`;
  let removed = [];
  byId("remove-title").textContent = `Delete ${label}?`;
  byId("remove-text").textContent = descendants === 0
    ? "Its file is removed. To ask about it again, its text must be read again."
    : `Its file is removed, and with it ${others} it.`;
  show(byId("remove-problem"), null);
  byId("remove-form").onsubmit = async (event) => {
    event.preventDefault();
    try {
      const path = contextPath(name) + (descendants > 0 ? "?children=true" : "");
      removed = (await (await request(path, { method: "DELETE" })).json()).removed;
      byId("remove").close();
    } catch (error) {
      show(byId("remove-problem"), error.message);
    }
  };
  await closed(byId("remove"));
  if (removed.length > 0) announce(`${label} was deleted.`);
  return removed;
}

/** Shows which pairs of a context are kept. */
export async function heatmapDialog(name) {
  const [image, text] = [byId("heatmap-image"), byId("heatmap-text")];
  const abort = new AbortController();
  byId("heatmap-title").textContent = name;
  image.hidden = true;
  show(text, "The heat map is being drawn.");
  const end = closed(byId("heatmap"));
  end.then(() => abort.abort());
  try {
    const response = await request(`${contextPath(name)}/heatmap`, { signal: abort.signal });
    const url = URL.createObjectURL(await response.blob());
    end.then(() => URL.revokeObjectURL(url));
    image.src = url;
    image.alt = `Heat map of ${name}`;
    image.hidden = false;
    show(text, null);
  } catch (error) {
    if (!abort.signal.aborted) show(text, error.message);
  }
}
