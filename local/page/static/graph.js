/** The state machine as a graph, its states coloured by what became of them. */

import { duration, secondsBetween } from "page/format.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "page/html.js";
import { icon } from "page/icons.js";
import { layoutOf } from "page/layout.js";
import { itemCountsOf, retriesOf, retriesText, STATUS_WORDS, takenEdges, visitsByState } from "page/visited.js";

/** Fitted to the width, but not below what can be read: then the box scrolls. */
const ZOOM = { least: 0.25, most: 2, step: 1.25, readable: 0.8, readableFit: 0.7 };
const STATUS_SIGNS = { SUCCEEDED: "✓", CAUGHT: "!", FAILED: "✕", TIMED_OUT: "✕", ABORTED: "■", RUNNING: "" };

/** The graph of an execution. `selected` is a state's name or null. */
export function Graph({ document, selected, onSelect }) {
  const layout = layoutOf(document.definition);
  if (layout.nodes.every((node) => node.state === null))
    return html`<div class="empty">The definition has no states.</div>`;
  return html`<${Drawn} layout=${layout} document=${document} selected=${selected} onSelect=${onSelect} />`;
}

function Drawn({ layout, document, selected, onSelect }) {
  const visits = useMemo(() => visitsByState(document.visits), [document]);
  const taken = useMemo(() => takenEdges(layout, document), [layout, document]);
  const counts = useMemo(() => itemCountsOf(document), [document]);
  const [hovered, setHovered] = useState(null);
  const box = useRef(null);
  const zoom = useZoom(box, layout);
  const focus = hovered ?? selected;
  const near = new Set(
    layout.edges.filter((edge) => focus !== null && touches(edge, focus, layout)).map((edge) => edge.id),
  );
  const size = { "--drawn": `${layout.width * zoom.scale}px`, height: `${layout.height * zoom.scale}px` };
  const sheet = { width: `${layout.width}px`, height: `${layout.height}px`, transform: `scale(${zoom.scale})` };
  return html`
    <div class="graph">
      <${ZoomButtons} zoom=${zoom} />
      <div class="graph-box" ref=${box} role="group" aria-label="State machine">
        <div class="graph-size" style=${size}>
          <div class=${`graph-sheet${taken.size ? " has-path" : ""}`} style=${sheet}>
            ${layout.nodes.filter((node) => node.isCluster).map((node) => html`<${Cluster} key=${node.id} node=${node} />`)}
            <${Edges} layout=${layout} taken=${taken} near=${near} />
            ${layout.nodes.map(
              (node) => html`
                <${Node}
                  key=${node.id} node=${node} visits=${visits.get(node.name)} counts=${counts.get(node.name)}
                  isSelected=${node.name === selected} onSelect=${onSelect} onHover=${setHovered}
                  onMove=${(direction) => move(box.current, layout, node, direction)}
                />`,
            )}
          </div>
        </div>
      </div>
    </div>`;
}

function touches(edge, name, layout) {
  const of = (id) => layout.nodes.find((node) => node.id === id)?.name;
  return of(edge.from) === name || of(edge.to) === name;
}

/** The scale: what fits the box's width and can be read, until one is chosen. */
function useZoom(box, { width, nodes }) {
  const [chosen, setChosen] = useState(null);
  const [fit, setFit] = useState(1);
  const scale = chosen ?? (fit < ZOOM.readableFit ? ZOOM.readable : fit);
  const to = (value) => setChosen(Math.min(ZOOM.most, Math.max(ZOOM.least, value)));
  useLayoutEffect(() => {
    if (!box.current) return undefined;
    const measure = () => setFit(Math.min(1, Math.max(ZOOM.least, box.current.clientWidth / width)));
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    measure();
    return () => observer.disconnect();
  }, [width]);
  const shown = useRef({ nodes: null, scale: 1 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const half = element.clientWidth / 2;
    const start = nodes.find((node) => node.isMain);
    const isNew = shown.current.nodes !== nodes && start;
    const middle = isNew ? start.x + start.width / 2 : (element.scrollLeft + half) / shown.current.scale;
    element.scrollLeft = middle * scale - half;
    shown.current = { nodes, scale };
  }, [nodes, scale]);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const onWheel = (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      to(scale * (event.deltaY < 0 ? 1.1 : 1 / 1.1));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [scale]);
  return {
    scale,
    isFit: scale === fit,
    in: () => to(scale * ZOOM.step),
    out: () => to(scale / ZOOM.step),
    fit: () => to(fit),
  };
}

function ZoomButtons({ zoom }) {
  return html`
    <div class="graph-zoom" role="group" aria-label="Zoom">
      <button type="button" aria-label="Zoom out" onClick=${zoom.out}>−</button>
      <button type="button" aria-pressed=${zoom.isFit} title="Fit to width" onClick=${zoom.fit}>Fit</button>
      <button type="button" aria-label="Zoom in" onClick=${zoom.in}>+</button>
      <span class="graph-hint muted">Choose a state to see what happened in it.</span>
    </div>`;
}

function Cluster({ node }) {
  const place = { left: `${node.x}px`, top: `${node.y}px`, width: `${node.width}px`, height: `${node.height}px` };
  return html`<div class="graph-cluster" style=${place}></div>`;
}

function Edges({ layout, taken, near }) {
  const strong = layout.edges.filter((edge) => taken.has(edge.id) || near.has(edge.id));
  return html`
    <svg class="graph-edges" width=${layout.width} height=${layout.height} aria-hidden="true">
      ${layout.lines.map((line, index) => html`<${Line} key=${index} line=${line} class=${`line ${line.kind}${line.isMain ? " main" : ""}`} />`)}
      ${strong.map((edge) => html`<${Line} key=${edge.id} line=${edge} class=${`line ${edge.kind}${taken.has(edge.id) ? " taken" : ""}${near.has(edge.id) ? " near" : ""}`} />`)}
    </svg>
    ${layout.edges
      .filter(
        (edge) => edge.label && edge.labelAt && (edge.kind === "choice" || taken.has(edge.id) || near.has(edge.id)),
      )
      .map(
        (edge) =>
          html`<${Label} key=${edge.id} edge=${edge} isTaken=${taken.has(edge.id)} isNear=${near.has(edge.id)} />`,
      )}`;
}

function Line({ line, class: name }) {
  const { arrow } = line;
  const tip =
    arrow && (arrow.isDown ? `M${arrow.x - 4} ${arrow.y - 7}h8l-4 7z` : `M${arrow.x - 4} ${arrow.y + 7}h8l-4 -7z`);
  return html`<g class=${name}><path class="stroke" d=${line.path} />${tip && html`<path class="tip" d=${tip} />`}</g>`;
}

function Label({ edge, isTaken, isNear }) {
  const name = `graph-label ${edge.kind}${edge.isNested ? " nested" : ""}${isTaken ? " taken" : ""}${isNear ? " near" : ""}`;
  const place = { left: `${edge.labelAt.x}px`, top: `${edge.labelAt.y}px` };
  return html`<span class=${name} style=${place} title=${edge.title}>${edge.label}</span>`;
}

function Node({ node, visits, counts, isSelected, onSelect, onHover, onMove }) {
  const place = {
    left: `${node.x}px`,
    top: `${node.y}px`,
    width: `${node.width}px`,
    height: `${node.isCluster ? node.headerHeight : node.height}px`,
  };
  if (node.type === "Start" || node.type === "End")
    return html`<div class="graph-pseudo" style=${place}>${node.name}</div>`;
  const last = visits?.at(-1);
  const status = last?.status ?? "NONE";
  const retries = retriesOf(visits ?? []);
  const name = [
    "graph-node",
    status.toLowerCase(),
    node.type.toLowerCase(),
    isSelected && "selected",
    node.isMain && "main",
    node.isCluster && "header",
  ];
  const onKeyDown = (event) => {
    if (event.key.startsWith("Arrow") && onMove(event.key.slice(5))) event.preventDefault();
  };
  return html`
    <button
      type="button" class=${name.filter(Boolean).join(" ")} style=${place} title=${node.name} data-state=${node.name}
      aria-label=${spoken(node, visits, retries, counts)} aria-pressed=${isSelected}
      onClick=${() => onSelect(isSelected ? null : node.name)} onKeyDown=${onKeyDown}
      onPointerEnter=${() => onHover(node.name)} onPointerLeave=${() => onHover(null)}
      onFocus=${() => onHover(node.name)} onBlur=${() => onHover(null)}
    >
      <span class="graph-icon">${icon(node.service.service)}</span>
      <span class="graph-text"><span class="graph-name">${node.name}</span><span class="graph-service">${subtitle(node, last)}</span></span>
      ${counts && html`<span class="graph-counts">${counts}</span>`}
      <span class="graph-badges">
        ${visits?.length > 1 && html`<span class="graph-badge">× ${visits.length}</span>`}
        ${retries > 0 && html`<span class="graph-badge retries">↻ ${retries}</span>`}
        ${STATUS_SIGNS[status] && html`<span class="graph-badge sign">${STATUS_SIGNS[status]}</span>`}
      </span>
    </button>`;
}

function subtitle(node, last) {
  const { service, action } = node.service;
  if (node.type === "Missing") return "not defined";
  if (!last?.leftAt || ["Choice", "Succeed", "Fail"].includes(node.type))
    return [service, action].filter(Boolean).join(" ");
  return `${service} · ${duration(secondsBetween(last.enteredAt, last.leftAt))}`;
}

function spoken(node, visits, retries, counts) {
  const said = [
    node.name,
    node.type === "Missing" ? "not defined" : `${node.type}${node.type === "Task" ? `, ${node.service.service}` : ""}`,
  ];
  said.push(visits ? (STATUS_WORDS[visits.at(-1).status] ?? visits.at(-1).status) : "not visited");
  if (retries) said.push(retriesText(retries));
  if (visits?.length > 1) said.push(`${visits.length} visits`);
  if (counts) said.push(counts);
  return said.join(", ");
}

/** Focuses the nearest state in a direction. */
function move(box, layout, from, direction) {
  const isUpright = direction === "Up" || direction === "Down";
  const sign = direction === "Up" || direction === "Left" ? -1 : 1;
  const middle = (node) => ({
    x: node.x + node.width / 2,
    y: node.y + (node.isCluster ? node.headerHeight : node.height) / 2,
  });
  const here = middle(from);
  let best = null;
  for (const node of layout.nodes.filter((each) => each.state !== null && each.id !== from.id)) {
    const there = middle(node);
    const [ahead, aside] = isUpright
      ? [sign * (there.y - here.y), Math.abs(there.x - here.x)]
      : [sign * (there.x - here.x), Math.abs(there.y - here.y)];
    if (ahead > 4 && (best === null || ahead + 2 * aside < best.far)) best = { node, far: ahead + 2 * aside };
  }
  if (!best) return false;
  const button = [...box.querySelectorAll("button[data-state]")].find((each) => each.dataset.state === best.node.name);
  button?.focus();
  return true;
}
