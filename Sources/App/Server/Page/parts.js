// What every part of the page uses: elements, and numbers as people read them.

/** The element with an id. */
export const byId = (id) => document.getElementById(id);

/** A new element. Strings among its children are text, never HTML. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A button that does something. */
export const button = (text, className, onclick, ariaLabel = null) =>
  element("button", { type: "button", className, onclick, ariaLabel }, text);

/** Shows a text in an element, which is hidden without one. */
export function show(target, text) {
  target.textContent = text ?? "";
  target.hidden = !text;
}

/** Tells a screen reader what happened. */
export const announce = (text) => {
  byId("status").textContent = text;
};

/** Has the buttons for closing, and a click next to a dialog, close it. */
export function makeClosable(dialog) {
  for (const closing of dialog.querySelectorAll("[data-close]")) {
    closing.onclick = () => dialog.close();
  }
}

/** A message of the server as a sentence. A name that it begins with stays as it is. */
export function sentence(text) {
  const trimmed = String(text).trim();
  const end = /[.!?…]$/.test(trimmed) ? "" : ".";
  return trimmed.replace(/^(a|an|another|it|no|one|the|this) /, (word) =>
    word.charAt(0).toUpperCase() + word.slice(1)) + end;
}

const whole = new Intl.NumberFormat("en");

/** 6,796 */
export const count = (number) => whole.format(number);

/** 1 token, 6,796 tokens */
export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Three significant digits. */
export const digits = (number) =>
  new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }).format(number);

/** 14.1 MB */
export function bytes(number) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (number >= 999.5 && unit < units.length - 1) {
    number /= 1000;
    unit += 1;
  }
  return `${digits(number)} ${units[unit]}`;
}

/** 12 s, 3 min */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** 3 min ago, from seconds since 1970. */
export function ago(time) {
  const seconds = time - Date.now() / 1000;
  if (seconds > -60) return "just now";
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, length] = units.find(([, length]) => -seconds >= length);
  return relative.format(Math.round(seconds / length), unit).replace(".", "");
}
