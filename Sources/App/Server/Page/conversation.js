// A conversation as a tree: each question continues an answer, and may be asked again.

/** A question with its answer; the root has neither. */
class Turn {
  constructor(parent, question) {
    Object.assign(this, { parent, question, answer: "", state: "waiting" });
    Object.assign(this, { problem: null, facts: null, children: [], chosen: 0 });
  }

  /** Whether another question may follow. */
  get isAnswered() {
    return this.state === "done" || (this.state === "stopped" && this.answer !== "");
  }
}

/** What was asked and answered, along every branch. */
export class Conversation {
  /** `opening` holds the messages before the first question: a system message, or none. */
  constructor(opening = []) {
    this.opening = opening;
    this.root = new Turn(null, null);
  }

  /** The conversation of a transcript of the server. */
  static from(turns) {
    const first = turns.findIndex(({ role }) => role === "user");
    const opening = turns.slice(0, Math.max(0, first))
      .map(({ role, text }) => ({ role, content: text }));
    const conversation = new Conversation(opening);
    let last = conversation.root;
    for (const { role, text } of turns.slice(opening.length)) {
      if (role === "user") {
        last = conversation.add(last, text);
      } else if (last !== conversation.root) {
        Object.assign(last, { answer: last.answer + text, state: "done" });
      }
    }
    return conversation;
  }

  /** The turns of the branch that is shown, in order. */
  get path() {
    const path = [];
    for (let turn = this.root; turn.children.length > 0;) {
      turn = turn.children[turn.chosen];
      path.push(turn);
    }
    return path;
  }

  /** The last turn that another question may follow. */
  get end() {
    return this.path.findLast((turn) => turn.isAnswered) ?? this.root;
  }

  /** A new question after a turn, which becomes the branch that is shown. */
  add(parent, question) {
    const turn = new Turn(parent, question);
    parent.chosen = parent.children.push(turn) - 1;
    return turn;
  }

  /** The messages that ask a turn's question. */
  messages(turn) {
    const messages = [{ role: "user", content: turn.question }];
    for (let before = turn.parent; before !== this.root; before = before.parent) {
      messages.unshift(
        { role: "user", content: before.question }, { role: "assistant", content: before.answer });
    }
    return [...this.opening, ...messages];
  }
}
