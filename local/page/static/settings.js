/** The app's settings of an upload, as a form. What is not set is not sent; what is out of range is sent and rejected. */

import { html } from "page/html.js";

const SWITCH = ["true", "false"];

/** Every setting that an upload may carry, with what ValidateUpload allows. */
export const SETTINGS = [
  { name: "processing-enabled", label: "Processing", choices: SWITCH },
  { name: "auto-detect-threshold", label: "Find the threshold by itself", choices: SWITCH },
  { name: "silence-threshold", label: "Silence threshold", unit: "dBFS", least: -50, most: -20 },
  { name: "min-silence-duration", label: "Shortest silence", unit: "ms", least: 500, most: 2000 },
  { name: "output-format", label: "Format of the one-shots", choices: ["original", "wav", "flac", "mp3", "m4a"] },
  { name: "preserve-original", label: "Keep the original", choices: SWITCH },
  { name: "normalize-audio", label: "Normalize loudness", choices: SWITCH },
  { name: "normalize-mode", label: "Normalize", choices: ["each", "together"] },
  { name: "target-loudness", label: "Target loudness", unit: "LUFS", least: -36, most: -6 },
  { name: "features", label: "Describe", choices: ["all", "cut-only"] },
  { name: "processing-version", label: "Processing version" },
  { name: "ui-version", label: "App version" },
];

/** Of a form's values those that are set. */
export function chosen(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
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
    inputmode=${isNumber ? "numeric" : "text"}
    autocomplete="off"
    onInput=${onInput}
  />`;
}
