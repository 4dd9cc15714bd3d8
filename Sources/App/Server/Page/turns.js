// How a turn of a conversation looks: question, answer, and what the answer cost.

import { button, counted, digits, element, sentence } from "./parts.js";

/**
 * Draws a conversation's branch. `actions` has `again`, `retry` and `choose`, functions of a turn.
 * Gives a function that adds text to the last answer.
 */
export function drawTurns(list, conversation, actions) {
  const path = conversation.path;
  list.replaceChildren(...path.map((turn, index) => drawTurn(turn, index + 1, actions)));
  const answer = list.lastElementChild?.querySelector(".answer");
  return (text) => {
    answer.classList.remove("waiting");
    answer.append(text);
  };
}

function drawTurn(turn, number, actions) {
  const answer = element("div", { className: `answer ${turn.state}` }, turn.answer.trimEnd());
  answer.ariaBusy = String(turn.state === "waiting");
  const drawn = element("li", { className: "turn", ariaLabel: `Turn ${number}` },
    element("div", { className: "question" }, turn.question),
    turnButtons(turn, actions), answer);
  if (turn.problem) drawn.append(failure(turn, actions));
  if (turn.facts) drawn.append(factList(turn));
  return drawn;
}

function turnButtons(turn, actions) {
  const buttons = element("div", { className: "actions" });
  const siblings = turn.parent.children;
  if (siblings.length > 1) {
    const place = siblings.indexOf(turn);
    const move = (text, step, label) => {
      const made = button(text, "quiet", () => actions.choose(turn.parent, place + step), label);
      made.disabled = siblings[place + step] === undefined;
      return made;
    };
    buttons.append(element("span", { className: "branches" },
      move("‹", -1, "The branch before"),
      element("span", {}, `${place + 1} of ${siblings.length}`),
      move("›", 1, "The branch after")));
  }
  if (turn.state !== "waiting") {
    buttons.append(button("Ask again from here", "quiet", () => actions.again(turn)));
  }
  return buttons;
}

const failure = (turn, actions) =>
  element("p", { className: "problem", role: "alert" }, turn.problem, " ",
    button("Try again", "quiet", () => actions.retry(turn)));

function factList({ facts, state }) {
  const list = element("ul", { className: "facts", ariaLabel: "What the answer cost" });
  const add = (text, className = "") => list.append(element("li", { className }, text));
  if (state === "stopped") add("Stopped");
  if (facts.finish === "length") add("Ended at the maximum length");
  if (facts.usage) {
    const cached = facts.usage.prompt_tokens_details?.cached_tokens ?? 0;
    add(`${cached.toLocaleString("en")} of ${counted(facts.usage.prompt_tokens, "token")} `
      + "from the cache");
  }
  if (facts.first) add(`${digits(facts.first)} s to the first token`);
  if (facts.speed) add(`${digits(facts.speed)} tokens/s`);
  if (facts.mode) add(facts.mode);
  if (facts.saved) add("Saved", "good");
  if (facts.problem) add(`Not saved: ${sentence(facts.problem)}`, "bad");
  return list;
}
