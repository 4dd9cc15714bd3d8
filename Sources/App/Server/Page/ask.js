// Questions and their answers, which appear while they are computed.

import { contextPath, events, getJSON } from "./requests.js";
import { Conversation } from "./conversation.js";
import { announce, byId, show } from "./parts.js";
import { setTitle } from "./rows.js";
import { modelOf, setUpSettings } from "./settings.js";
import { drawTurns } from "./turns.js";

/** Makes asking work. `answered` is called after each answer, and after one that failed. */
export function setUpAsk({ answered }) {
  let conversation = new Conversation();
  let abort = null;
  let branch = null;
  const settings = setUpSettings(() => begin(new Conversation()));
  const question = byId("question");

  function begin(next) {
    abort?.abort();
    conversation = next;
    setBranch(null);
    draw();
  }

  function draw() {
    const isEmpty = conversation.path.length === 0;
    byId("welcome").hidden = !isEmpty;
    byId("new").disabled = isEmpty;
    byId("welcome-text").textContent = settings.entry
      ? `${settings.entry.name} is ready. Its answers begin without reading it again.`
      : "Choose a document, or ask the model without one.";
    return drawTurns(byId("turns"), conversation, actions);
  }

  /** The next question takes the place of a turn's, in a branch of its own. */
  function setBranch(turn) {
    branch = turn;
    const place = conversation.path.indexOf(turn) + 1;
    byId("again").hidden = turn === null;
    byId("again-text").textContent = `Asks again from turn ${place}, in a new branch.`;
    [...byId("turns").children].forEach((drawn, index) =>
      drawn.classList.toggle("left", turn !== null && index + 1 >= place));
  }

  const actions = {
    again(turn) {
      setBranch(turn);
      question.value = turn.question;
      fit(question);
      question.focus();
    },
    retry: (turn) => answer(turn),
    choose(parent, place) {
      if (abort) return;
      parent.chosen = place;
      setBranch(null);
      draw();
    },
  };

  async function answer(turn) {
    if (abort) return;
    abort = new AbortController();
    const { signal } = abort;
    const current = conversation;
    Object.assign(turn, { answer: "", state: "waiting", problem: null, facts: null });
    setBranch(null);
    const write = draw();
    setBusy(true);
    scrollToEnd();
    await receive(turn, { ...settings.request, messages: conversation.messages(turn) },
      settings.mode, signal, (text) => {
        const follows = isAtEnd();
        write(text);
        if (follows) scrollToEnd();
      });
    if (abort?.signal === signal) abort = null;
    setBusy(abort !== null);
    const follows = isAtEnd();
    if (conversation === current) draw();
    if (follows) scrollToEnd();
    announce(turn.problem ?? (turn.state === "stopped" ? "Stopped." : "The answer is complete."));
    answered();
  }

  function submit(event) {
    event.preventDefault();
    const text = question.value.trim();
    if (text === "" || abort) return;
    const problem = settings.request.model === "" ? "The server has no model." : null;
    show(byId("ask-problem"), problem);
    if (problem) return;
    question.value = "";
    fit(question);
    answer(conversation.add(branch?.parent ?? conversation.end, text));
  }

  setUpComposer(question, submit);
  byId("stop").onclick = () => abort?.abort();
  byId("new").onclick = () => {
    begin(new Conversation());
    question.focus();
  };
  draw();

  return {
    settings,
    /** Begins a conversation about a document. */
    about(entry) {
      settings.choose(entry.name);
      begin(new Conversation());
      question.focus();
    },
    /** Chooses a new document, unless a conversation is there that would end. */
    offer(entry) {
      if (conversation.path.length > 0) return;
      settings.choose(entry.name);
      draw();
    },
    /** Continues a stored conversation. `root` is what its first turn continues, or itself. */
    async open(entry, root, models) {
      const model = modelOf(entry, models) ?? settings.request.model;
      const opened = await transcript(entry, root, model);
      settings.choose(opened.document);
      begin(opened.conversation);
      byId("transcript").scrollTop = byId("transcript").scrollHeight;
      question.focus();
    },
  };
}

const isAtEnd = () => {
  const { scrollHeight, scrollTop, clientHeight } = byId("transcript");
  return scrollHeight - scrollTop - clientHeight < 60;
};

const scrollToEnd = () => {
  byId("transcript").scrollTop = byId("transcript").scrollHeight;
};

function setBusy(isBusy) {
  const hadFocus = document.activeElement === byId("stop");
  byId("send").hidden = isBusy;
  byId("stop").hidden = !isBusy;
  if (isBusy) announce("The model answers.");
  if (hadFocus && !isBusy) byId("question").focus();
}

function fit(question) {
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight + 2}px`;
}

function setUpComposer(question, submit) {
  byId("composer").onsubmit = submit;
  byId("settings").onsubmit = (event) => event.preventDefault();
  question.oninput = () => fit(question);
  question.onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  };
}

/** Asks a turn's question, and fills the turn in as its answer arrives. */
async function receive(turn, request, mode, signal, write) {
  const start = performance.now();
  const facts = { mode };
  let [first, last] = [null, null];
  try {
    const body = { ...request, stream: true, stream_options: { include_usage: true } };
    for await (const chunk of events("v1/chat/completions", body, signal)) {
      const choice = chunk.choices?.[0];
      const text = choice?.delta?.content ?? "";
      if (text !== "") {
        last = performance.now();
        first ??= last;
        turn.answer += text;
        write(text);
      }
      if (choice?.finish_reason) facts.finish = choice.finish_reason;
      if (chunk.usage) facts.usage = chunk.usage;
      if (chunk.qfilters) Object.assign(facts, saved(turn, chunk.qfilters));
    }
    if (!facts.finish) throw new Error("The server ended before the answer was complete.");
    turn.state = "done";
  } catch (error) {
    turn.state = signal.aborted ? "stopped" : "failed";
    if (!signal.aborted) turn.problem = error.message;
  }
  if (first === null && turn.state !== "done") facts.mode = null;
  if (first !== null) facts.first ??= (first - start) / 1000;
  const tokens = facts.usage?.completion_tokens ?? 0;
  if (tokens > 1 && last > first) facts.speed = ((tokens - 1) * 1000) / (last - first);
  turn.facts = facts;
}

function saved(turn, { saved: name, problem, first_token_seconds: first }) {
  if (name) setTitle(name, turn.question);
  return { saved: name, problem, first };
}

/** A stored conversation; the text of its document is not part of its first question. */
async function transcript(entry, root, model) {
  const textOf = async ({ name }) =>
    (await getJSON(`${contextPath(name)}/text?model=${encodeURIComponent(model)}`)).turns;
  const turns = await textOf(entry);
  const first = turns.find(({ role }) => role === "user");
  let document = null;
  if (root.kind === "document" && root.name !== entry.name) {
    const text = (await textOf(root)).filter(({ role }) => role !== "system")
      .map(({ text }) => text).join("\n\n");
    if (first?.text.startsWith(text)) {
      document = root.name;
      first.text = first.text.slice(text.length).trimStart();
    }
  }
  // A system message is part of the document.
  const said = document ? turns.filter(({ role }) => role !== "system") : turns;
  return { document, conversation: Conversation.from(said) };
}
