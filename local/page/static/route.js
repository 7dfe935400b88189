/** What the address names: an execution, and where in it one looks. */

import { useEffect, useState } from "page/html.js";

/** The address of an execution, without where in it one looks. */
export function addressOf({ machine, name }) {
  return `#/executions/${encodeURIComponent(machine)}/${encodeURIComponent(name)}`;
}

export function open(execution) {
  location.hash = addressOf(execution);
}

/** The execution that the address names, null for the list; and `setPlace({tab, state})`, which keeps the page where it is. */
export function useRoute() {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const changed = () => {
      setRoute(routeOf(location.hash));
      scrollTo(0, 0);
    };
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const setPlace = (place) => {
    const named = Object.entries(place).filter(([, value]) => value);
    const query = named.length > 0 ? `?${new URLSearchParams(named)}` : "";
    history.replaceState(null, "", `${addressOf(route)}${query}`);
    setRoute({ ...route, place });
  };
  return { route, setPlace };
}

function routeOf(hash) {
  if (hash === "" || hash === "#" || hash === "#/") return null;
  const [path, query] = hash.split("?");
  const found = /^#\/executions\/([^/]+)\/([^/]+)$/.exec(path);
  const [machine, name] = (found ?? []).slice(1).map(decoded);
  if (!machine || !name) return { problem: `There is nothing at ${hash}.` };
  const asked = new URLSearchParams(query);
  return { machine, name, place: { tab: asked.get("tab"), state: asked.get("state") } };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
