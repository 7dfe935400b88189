/** A modal dialog: closes by Escape, by its button, by a click beside it. The focus goes back to where it was. */

import { html, useEffect, useRef } from "page/html.js";

export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  const isPressedBeside = useRef(false);
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => before?.focus();
  }, []);
  // a selection that is dragged out of a field ends beside the dialog, and began in it
  const onPointerDown = (event) => {
    isPressedBeside.current = event.target === element.current;
  };
  const onClick = (event) => event.target === element.current && isPressedBeside.current && element.current.close();
  return html`<dialog ref=${element} aria-label=${title} onClose=${onClose} onPointerDown=${onPointerDown} onClick=${onClick}>
    <div class="dialog-body">
      <header class="dialog-head">
        <h2>${title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick=${() => element.current.close()}>✕</button>
      </header>
      ${children}
    </div>
  </dialog>`;
}
