/** What components are written with: Preact, its hooks, and JSX-like templates by htm. Text in a template is always escaped. */

import htm from "htm";
import { Component, h } from "preact";

export { render } from "preact";
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export const html = htm.bind(h);

/** A component that is drawn anew only when one of its properties is another than before. */
export function memo(draw) {
  return class extends Component {
    shouldComponentUpdate(next) {
      const names = Object.keys(next);
      return names.length !== Object.keys(this.props).length || names.some((name) => next[name] !== this.props[name]);
    }

    render(properties) {
      return draw(properties);
    }
  };
}
