/** The page's import map for node: `node --import ./import_map.mjs`. */

import { readdirSync } from "node:fs";
import { registerHooks } from "node:module";

const STATIC = new URL("../../../local/page/static/", import.meta.url);
const VENDORED = { preact: "preact.js", "preact/hooks": "preact-hooks.js", htm: "htm.js", dagre: "dagre.js" };
const own = readdirSync(STATIC).filter((name) => name.endsWith(".js"));
const addresses = new Map([
  ...Object.entries(VENDORED).map(([name, file]) => [name, new URL(`vendor/${file}`, STATIC).href]),
  ...own.map((file) => [`page/${file}`, new URL(file, STATIC).href]),
]);

registerHooks({
  resolve(specifier, context, next) {
    const url = addresses.get(specifier);
    return url ? { url, format: "module", shortCircuit: true } : next(specifier, context);
  },
  load(url, context, next) {
    return next(url, url.startsWith(STATIC.href) ? { ...context, format: "module" } : context);
  },
});
