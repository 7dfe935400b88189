import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { laidOut, layoutOf } from "page/layout.js";

const PAGE_WIDTH = 1280;
const SMALLEST_TEXT = 11.5;
const read = (name) =>
  JSON.parse(readFileSync(new URL(`../../../statemachine/${name}.asl.json`, import.meta.url), "utf8"));
const REAL = ["process_recording", "reprocess_recordings", "settle_recordings"];

/** Every state's name in a definition, at any depth. */
function namesIn(scope) {
  return Object.entries(scope.States).flatMap(([name, state]) => {
    const nested = [state.ItemProcessor, state.Iterator, ...(state.Branches ?? [])].filter(Boolean);
    return [name, ...nested.flatMap(namesIn)];
  });
}

function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** What is drawn: states (of a Map its own bar) and the labels of choices. */
function drawnBoxes({ nodes, edges }) {
  const states = nodes.map((node) => ({
    ...node,
    what: node.name,
    height: node.isCluster ? node.headerHeight : node.height,
  }));
  const labels = edges
    .filter((edge) => edge.kind === "choice" && edge.from !== edge.to)
    .map(({ label, labelAt: { x, y, width, height } }) => ({
      what: label,
      x: x - width / 2,
      y: y - height / 2,
      width,
      height,
    }));
  return [...states, ...labels];
}

function assertSound(layout, names) {
  const { nodes, edges, width, height } = layout;
  assert.deepEqual(
    nodes
      .filter((node) => node.state)
      .map((node) => node.name)
      .sort(),
    [...names].sort(),
  );
  const boxes = drawnBoxes(layout);
  boxes.forEach((box, index) => {
    assert.ok(
      box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height,
      `${box.what} is outside`,
    );
    for (const other of boxes.slice(0, index)) assert.ok(!overlap(box, other), `${box.what} overlaps ${other.what}`);
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) {
    const around = byId.get(node.parent);
    if (!around) continue;
    assert.ok(
      node.x >= around.x && node.x + node.width <= around.x + around.width,
      `${node.name} leaves ${around.name}`,
    );
    assert.ok(node.y >= around.y + around.headerHeight && node.y + node.height <= around.y + around.height, node.name);
  }
  for (const cluster of nodes.filter((node) => node.isCluster)) {
    for (const other of nodes.filter((node) => node.parent === cluster.parent && node.id !== cluster.id)) {
      assert.ok(!overlap(cluster, other), `${other.name} lies in ${cluster.name}`);
    }
  }
  for (const edge of edges) {
    const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
    assert.ok(from && to, `an end of ${edge.id} is not there`);
    assert.doesNotMatch(edge.path, /NaN|undefined|Infinity/);
    assertTouches(
      edge.path
        .match(/^M(\S+) (\S+?)(?=[LQ]|$)/)
        .slice(1)
        .map(Number),
      from,
    );
    assertTouches(
      edge.path
        .match(/(\S+) (\S+)$/)
        .slice(1)
        .map((text) => Number(text.replace(/^.*[A-Z]/, ""))),
      to,
    );
  }
}

function assertTouches([x, y], { name, x: left, y: top, width, height }) {
  assert.ok(
    x >= left - 1 && x <= left + width + 1 && y >= top - 1 && y <= top + height + 1,
    `${x} ${y} is not at ${name}`,
  );
}

for (const name of REAL) {
  test(`given ${name}, when laid out, then every state is there and nothing overlaps`, () => {
    const definition = read(name);
    assertSound(laidOut(definition), namesIn(definition));
  });

  test(`given ${name}, when fitted to a page, then its smallest text has 11 pixels`, () => {
    const { width } = laidOut(read(name));
    assert.ok(SMALLEST_TEXT * Math.min(1, (PAGE_WIDTH - 64) / width) >= 11, `it is ${width} wide`);
  });

  test(`given ${name}, when laid out, then the way to success is one straight line`, () => {
    const { nodes, edges } = laidOut(read(name));
    const main = edges.filter((edge) => edge.isMain);
    assert.ok(main.length > 3);
    for (const edge of main) assert.match(edge.path, /^M(\S+) [^LQC]+L\1 \S+$/, edge.path);
    assert.ok(nodes.some((node) => node.isMain && node.type === "Succeed"));
  });

  test(`given ${name}, when laid out again, then nothing moved`, () => {
    const definition = read(name);
    assert.deepEqual(laidOut(JSON.parse(JSON.stringify(definition))), laidOut(definition));
    assert.equal(layoutOf(JSON.parse(JSON.stringify(definition))), layoutOf(definition));
  });
}

test("given catches of one target by many states, when laid out, then they share one line to it", () => {
  const { edges, lines } = laidOut(read("process_recording"));
  const target = edges.find((edge) => edge.to.includes("ExplainFailure")).to;
  const catches = edges.filter((edge) => edge.kind === "catch" && edge.to === target);
  const arriving = lines.filter(
    (line) => line.arrow && line.kind === "catch" && line.edges.some((id) => id === catches[0].id),
  );
  assert.ok(catches.length >= 7);
  assert.deepEqual(
    arriving.map((line) => new Set(line.edges)),
    [new Set(catches.map((edge) => edge.id))],
  );
});

test("given states that lead nowhere, to themselves and in circles, when laid out, then nothing overlaps", () => {
  const definition = {
    StartAt: "A",
    States: {
      A: { Type: "Choice", Choices: [{ Condition: "{% $x %}", Next: "A" }], Default: "B" },
      B: {
        Type: "Task",
        Next: "C",
        Catch: [
          { ErrorEquals: ["E"], Next: "B" },
          { ErrorEquals: ["F"], Next: "A" },
        ],
      },
      C: { Type: "Pass", Next: "A" },
      Alone: { Type: "Pass", Next: "Nowhere" },
      Both: {
        Type: "Parallel",
        Branches: [{}, { StartAt: "X", States: { X: { Type: "Pass", End: true } } }],
        End: true,
      },
    },
  };
  assertSound(laidOut(definition), [...Object.keys(definition.States), "X"]);
});

test("given no states, when laid out, then it is empty or a start", () => {
  for (const definition of [null, {}, { StartAt: "A" }]) assert.ok(laidOut(definition).width > 0);
});

/** A number from 0 to below 1 after another, always the same ones for a seed. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

function randomScope(next, prefix, depth) {
  const names = Array.from(
    { length: 1 + Math.floor(next() * 12) },
    (_, index) => `${prefix}${"x".repeat(Math.floor(next() * 20))}${index}`,
  );
  const any = () => names[Math.floor(next() * names.length)];
  const stateOf = (name) => {
    const Catch = next() < 0.5 ? [{ ErrorEquals: ["States.ALL"], Next: any() }] : [];
    const kind = Math.floor(next() * 6);
    if (kind === 0)
      return {
        Type: "Choice",
        Choices: Array.from({ length: 3 }, () => ({ Condition: `{% $${any()} > 1 and $b %}`, Next: any() })),
        Default: any(),
      };
    if (kind === 1) return { Type: "Succeed" };
    if (kind === 2 && depth < 2)
      return { Type: "Map", ItemProcessor: randomScope(next, `${name}i`, depth + 1), Catch, Next: any() };
    if (kind === 3 && depth < 2)
      return {
        Type: "Parallel",
        Branches: [0, 1].map((branch) => randomScope(next, `${name}b${branch}`, depth + 1)),
        Catch,
        End: true,
      };
    return { Type: "Task", Resource: "arn:aws:states:::lambda:invoke", Catch, Next: any() };
  };
  return { StartAt: any(), States: Object.fromEntries(names.map((name) => [name, stateOf(name)])) };
}

test("given twenty random definitions, when laid out, then all are sound", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const definition = randomScope(numbers(seed), "s", 0);
    assertSound(laidOut(definition), namesIn(definition));
  }
});
