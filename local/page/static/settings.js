/** The app's settings of an upload, as a form. What is not set is not sent; what is out of range is sent and rejected. */

import { SETTINGS } from "page/app-settings.js";
import { html } from "page/html.js";

/** Of a form's values those that are set. A minus sign as it is printed means the one of the keyboard. */
export function chosen(values) {
  const written = Object.entries(values).map(([name, value]) => [name, value.replaceAll("\u2212", "-").trim()]);
  return Object.fromEntries(written.filter(([, value]) => value !== ""));
}

export function SettingsForm({ values, onChange }) {
  return html`<div class="fields">
    ${SETTINGS.map(
      (setting) => html`<label class="field" key=${setting.name}>
        <span>${setting.label} <code class="muted">${setting.name}</code></span>
        <${Input}
          setting=${setting}
          value=${values[setting.name] ?? ""}
          onChange=${(value) => onChange({ ...values, [setting.name]: value })}
        />
      </label>`,
    )}
  </div>`;
}

function Input({ setting, value, onChange }) {
  const onInput = (event) => onChange(event.currentTarget.value);
  if (setting.choices) {
    return html`<select name=${setting.name} value=${value} onChange=${onInput}>
      <option value="">not set</option>
      ${setting.choices.map((choice) => html`<option value=${choice}>${choice}</option>`)}
    </select>`;
  }
  const isNumber = setting.least !== undefined;
  const hint = isNumber ? `${setting.least} … ${setting.most} ${setting.unit}` : "not set";
  return html`<input
    name=${setting.name}
    value=${value}
    placeholder=${hint}
    autocomplete="off"
    onInput=${onInput}
  />`;
}
