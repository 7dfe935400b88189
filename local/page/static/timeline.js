/** Visits and attempts on one time axis. */

import { duration, secondsBetween } from "page/format.js";
import { html, useState } from "page/html.js";
import { useTime } from "page/reading.js";
import { STATUS_WORDS } from "page/visited.js";

const ROWS = 300;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
const MOST_TICKS = 7;

/** The timeline of an execution: a row for each visit. `selected` is a state's name or null. */
export function Timeline({ document, reading, selected, onSelect }) {
  const now = useTime(reading);
  const [rows, setRows] = useState(ROWS);
  const { execution, visits } = document;
  if (visits.length === 0) return html`<p class="empty">No state was entered.</p>`;
  const isRunning = execution.status === "RUNNING";
  const scale = scaleOf(document, now);
  return html`
    <div class="timeline" onKeyDown=${moveFocus}>
      <div class="timeline-row timeline-axis" aria-hidden="true">
        <span></span>
        <div class="timeline-track">
          ${ticksOf(scale.seconds).map((tick) => html`<span class="timeline-tick" key=${tick.at} style=${{ left: length(tick.at / scale.seconds) }}>${tick.label}</span>`)}
        </div>
      </div>
      <ol>
        ${visits.slice(0, rows).map((visit) => html`<${Row} key=${visit.eventId} visit=${visit} scale=${scale} isSelected=${visit.state === selected} onSelect=${onSelect} isRunning=${isRunning} />`)}
      </ol>
      ${visits.length > rows && html`<button type="button" onClick=${() => setRows(rows + ROWS)}>Show ${Math.min(ROWS, visits.length - rows)} more of ${visits.length.toLocaleString("en")} visits</button>`}
    </div>`;
}

/** The ticks of an axis: `{at, label}`, in seconds; round steps, at most seven. */
export function ticksOf(seconds) {
  const least = seconds / MOST_TICKS;
  const step =
    least < 1 ? roundStep(least) : (STEPS.find((each) => each >= least) ?? Math.ceil(least / 86_400) * 86_400);
  const ticks = [];
  for (let index = 0; index * step <= seconds * 1.0001; index += 1)
    ticks.push({ at: index * step, label: tickLabel(index * step, step) });
  return ticks;
}

function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-4)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= least * 0.9999);
}

function tickLabel(seconds, step) {
  if (seconds === 0) return "0";
  if (step < 0.1 && seconds < 1) return `${Math.round(seconds * 10_000) / 10} ms`;
  if (step < 60 && seconds < 60) return `${Math.round(seconds * 1000) / 1000} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return [hours && `${hours} h`, minutes && `${minutes} min`, rest && `${rest} s`].filter(Boolean).join(" ");
}

/** `at(time)` is where a time lies, from 0 to 1; the end where it is null. */
function scaleOf({ execution, visits }, now) {
  const start = Date.parse(execution.startedAt);
  const times = visits.flatMap((visit) => [
    visit.enteredAt,
    visit.leftAt,
    ...visit.attempts.flatMap((attempt) => [attempt.startedAt, attempt.endedAt]),
  ]);
  const latest = times.reduce((most, time) => (time ? Math.max(most, Date.parse(time)) : most), start);
  const end = Math.max(latest, now);
  const seconds = Math.max(0.001, (end - start) / 1000);
  const at = (time) => Math.min(1, Math.max(0, ((time ? Date.parse(time) : end) - start) / 1000 / seconds));
  return { start: execution.startedAt, end, seconds, at };
}

function Row({ visit, scale, isSelected, onSelect, isRunning }) {
  const [from, to] = [scale.at(visit.enteredAt), scale.at(visit.leftAt)];
  const took = duration(secondsBetween(visit.enteredAt, visit.leftAt, scale.end));
  const tries = visit.attempts.length;
  const said = [
    visit.state,
    STATUS_WORDS[visit.status] ?? visit.status,
    `after ${duration(secondsBetween(scale.start, visit.enteredAt))}`,
    `took ${took}`,
  ];
  if (tries > 1) said.push(`${tries} attempts`);
  return html`
    <li class=${`timeline-row${isSelected ? " selected" : ""}`}>
      <button type="button" class="timeline-name" data-state=${visit.state} aria-pressed=${isSelected} aria-label=${said.join(", ")} title=${visit.state} onClick=${() => onSelect(isSelected ? null : visit.state)}>
        <span class=${`timeline-dot ${visit.status.toLowerCase()}`}></span><span class="timeline-state">${visit.state}</span>
      </button>
      <div class="timeline-track" onClick=${() => onSelect(visit.state)}>
        <span class=${`timeline-visit ${visit.status.toLowerCase()}`} style=${spanOf(from, to)}></span>
        ${visit.attempts.map((attempt, index) => html`<${Attempt} key=${attempt.eventId} attempt=${attempt} before=${visit.attempts[index - 1]} scale=${scale} />`)}
        <span class=${`timeline-took${to > 0.72 && from < 0.28 ? " inside" : ""}`} style=${besideOf(from, to)}>${took}${tries > 1 ? ` · ${tries} attempts` : ""}</span>
        ${isRunning && html`<span class="timeline-now"></span>`}
      </div>
    </li>`;
}

function Attempt({ attempt, before, scale }) {
  const [from, to] = [scale.at(attempt.startedAt), scale.at(attempt.endedAt)];
  const title = `Attempt ${attempt.number}: ${STATUS_WORDS[attempt.status] ?? attempt.status}${attempt.error ? `, ${attempt.error}` : ""}, ${duration(secondsBetween(attempt.startedAt, attempt.endedAt, scale.end))}`;
  return html`
    ${before?.endedAt && html`<span class="timeline-wait" style=${spanOf(scale.at(before.endedAt), from)} title=${`Waited ${duration(attempt.waitSeconds)}`}></span>`}
    <span class=${`timeline-attempt ${attempt.status.toLowerCase()}`} style=${spanOf(from, to)} title=${title}></span>`;
}

function spanOf(from, to) {
  return { left: length(from), width: length(to - from) };
}

/** Where a bar's text goes: after it, or before it where no room is left after. */
function besideOf(from, to) {
  if (to <= 0.72) return { left: `calc(${length(to)} + 8px)` };
  if (from >= 0.28) return { right: `calc(${length(1 - from)} + 8px)` };
  return { right: `calc(${length(1 - to)} + 8px)` };
}

/** A share of the axis as a CSS length. */
function length(part) {
  return `${Math.round(part * 1e5) / 1e3}%`;
}

function moveFocus(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const names = [...event.currentTarget.querySelectorAll(".timeline-name")];
  const next = names[names.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
