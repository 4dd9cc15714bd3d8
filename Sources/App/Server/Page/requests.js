// Requests to the server, with the API key where it wants one, and its errors as sentences.

import { sentence } from "./parts.js";

const KEY = "qfilters-key";

/** The server could not do what was asked for. `status` is 0 where it did not answer. */
export class ServerError extends Error {
  constructor(message, status) {
    super(sentence(message));
    this.status = status;
  }

  get isAway() {
    return this.status === 0;
  }
}

const away = () => new ServerError("The server does not answer", 0);

let askForKey = async () => null;
let pendingKey = null;

/** Sets what asks for an API key: a function from a reason to a key, or null. */
export const setKeyDialog = (ask) => {
  askForKey = ask;
};

/** Asks once, however many requests wait for a key. */
async function replaceKey(rejected, reason) {
  if (sessionStorage.getItem(KEY) !== rejected) return;
  pendingKey ??= askForKey(rejected === null ? "This server wants an API key." : reason);
  try {
    const key = await pendingKey;
    if (key === null) throw new ServerError("The server wants an API key", 401);
    sessionStorage.setItem(KEY, key);
  } finally {
    pendingKey = null;
  }
}

async function failure(response) {
  let message = `The server answered ${response.status}`;
  try {
    message = (await response.json()).error.message;
  } catch {
    // Whatever it was, it is not in the form of the server's errors.
  }
  const wait = response.headers.get("Retry-After");
  if (response.status === 429 && wait) message = `${sentence(message)} Try again in ${wait} s`;
  return new ServerError(message, response.status);
}

/** A response that is no error. */
export async function request(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem(KEY);
    const headers = { ...options.headers };
    if (key !== null) headers.Authorization = `Bearer ${key}`;
    const response = await fetch(path, { ...options, headers }).catch((error) => {
      throw error.name === "AbortError" ? error : away();
    });
    if (response.ok) return response;
    const error = await failure(response);
    if (response.status !== 401) throw error;
    await replaceKey(key, error.message);
  }
}

/** What the server answers in JSON. */
export const getJSON = async (path) => (await request(path)).json();

/** The path of a context. */
export const contextPath = (name) => `api/contexts/${encodeURIComponent(name)}`;

/** The objects of an event stream that a POST request opens. */
export async function* events(path, body, signal) {
  const response = await request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : away();
    });
    if (done) return;
    const complete = (rest + value).split(/\r?\n\r?\n/);
    rest = complete.pop();
    for (const event of complete) {
      const data = dataOf(event);
      if (data === "[DONE]") return;
      if (data !== "") yield checked(JSON.parse(data));
    }
  }
}

const dataOf = (event) =>
  event.split(/\r?\n/).filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).replace(/^ /, "")).join("\n");

function checked(object) {
  if (object.error) throw new ServerError(object.error.message, 200);
  return object;
}
