/** A view of the states with the panel of the chosen one: over it, beside it, or on a small screen as a sheet below. */

import { html, useLayoutEffect, useRef, useState } from "page/html.js";

const SMALL_SCREEN = "(width <= 1000px)"; // as in beside.css
const CLEAR = 12;

/** `isOver` lets the panel cover a part of the view, which so stays where it is. Escape closes it as its button does. */
export function Beside({ view, selected, isOver, onClose, panel }) {
  const box = useRef(null);
  const [isLeft, setLeft] = useState(false);
  const stateButton = () =>
    [...box.current.querySelectorAll("button[data-state]")].find((each) => each.dataset.state === selected);
  function close() {
    stateButton()?.focus({ preventScroll: true });
    onClose();
  }
  function onKeyDown(event) {
    if (event.key === "Escape" && selected !== null) close();
  }
  useLayoutEffect(() => {
    const button = selected !== null && stateButton();
    if (selected !== null) box.current.lastElementChild.scrollTop = 0;
    if (!button) return;
    if (matchMedia(SMALL_SCREEN).matches) liftOver(box.current.lastElementChild, button);
    else setLeft(isOver && isCoveredOnTheRight(box.current, button));
  }, [selected, isOver]);
  const name = ["beside", selected !== null && "open", isOver && "over", isLeft && "left"].filter(Boolean).join(" ");
  return html`<div class=${name} ref=${box} onKeyDown=${onKeyDown}>
    <div class="beside-view">${view}</div>
    ${selected !== null && html`<div class="beside-panel" key="panel">${panel(close)}</div>`}
  </div>`;
}

/** Whether a panel on the right would cover a state that one on the left leaves free. */
function isCoveredOnTheRight(box, button) {
  const [whole, state] = [box.getBoundingClientRect(), button.getBoundingClientRect()];
  const isRightOfMiddle = state.left + state.right > whole.left + whole.right;
  return isRightOfMiddle && state.right > whole.right - box.lastElementChild.offsetWidth;
}

/** Scrolls a state up to where the sheet leaves it free. */
function liftOver(sheet, button) {
  const below = button.getBoundingClientRect().bottom + CLEAR - sheet.getBoundingClientRect().top;
  if (below > 0) scrollBy(0, below);
}
