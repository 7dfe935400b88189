/** What the page asks of its server. Every failure is an Error whose message can be shown; `status` is the answer's, if any. */

const BASE = "/_page";

export async function get(path) {
  return read(await answer(path, {}));
}

export async function post(path, value) {
  const body =
    value === undefined ? {} : { body: JSON.stringify(value), headers: { "Content-Type": "application/json" } };
  return read(await answer(path, { method: "POST", ...body }));
}

export async function remove(path) {
  return read(await answer(path, { method: "DELETE" }));
}

/** Uploads a file; `onProgress(share)` hears how much of it is sent, from 0 to 1. */
export async function upload(file, { user, settings, onProgress, signal }) {
  await checkReadable(file);
  const query = new URLSearchParams({ name: file.name, user, settings: JSON.stringify(settings) });
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", `${BASE}/api/uploads?${query}`);
    sending.upload.onprogress = (event) => onProgress(event.total ? event.loaded / event.total : 1);
    sending.onerror = () => reject(new Error(NO_ANSWER));
    sending.onabort = () => reject(new Error("It was not sent to its end."));
    sending.onload = () => {
      const told = parsed(sending.responseText);
      if (sending.status === 200 && told) resolve(told);
      else reject(new Error(told?.message ?? `The server answers ${sending.status}.`));
    };
    signal.addEventListener("abort", () => sending.abort());
    sending.send(file);
  });
}

async function checkReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Error("It can't be read: it is a folder, or not there any more.");
  }
}

export function executionPath({ machine, name }) {
  return `/api/executions/${encodeURIComponent(machine)}/${encodeURIComponent(name)}`;
}

export function fileUrl({ machine, name }, file) {
  return `${BASE}/executions/${encodeURIComponent(machine)}/${encodeURIComponent(name)}/files/${file}`;
}

export function reportUrl({ machine, name }) {
  return `${BASE}/executions/${encodeURIComponent(machine)}/${encodeURIComponent(name)}/report.html`;
}

const NO_ANSWER = "The engine does not answer. Is make up still running?";

async function answer(path, options) {
  try {
    return await fetch(BASE + path, options);
  } catch {
    throw new Error(NO_ANSWER);
  }
}

/** The answer's JSON; null for one that says that nothing has changed. */
async function read(response) {
  if (response.status === 204) return null;
  const told = parsed(await response.text());
  if (!response.ok) {
    const message = told?.message ?? `The server answers ${response.status}.`;
    throw Object.assign(new Error(message), { status: response.status });
  }
  return told;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
