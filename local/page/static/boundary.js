/** Keeps what can't be drawn from taking the rest of the page with it. */

import { html } from "page/html.js";
import { Component } from "preact";

export class Boundary extends Component {
  componentDidCatch(problem) {
    this.setState({ problem });
  }

  render({ children }, { problem }) {
    if (!problem) return children;
    return html`<p role="alert" class="problem">
      This can't be drawn: ${String(problem?.message ?? problem)}${" "}
      <button type="button" onClick=${() => this.setState({ problem: null })}>Try again</button>
    </p>`;
  }
}
