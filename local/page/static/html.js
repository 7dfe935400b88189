/** What components are written with: Preact, its hooks, and JSX-like templates by htm. Text in a template is always escaped. */

import htm from "htm";
import { h } from "preact";

export { render } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export const html = htm.bind(h);
