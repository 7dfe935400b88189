import assert from "node:assert/strict";
import { test } from "node:test";
import { laidOut } from "page/layout.js";
import { ticksOf } from "page/timeline.js";
import { itemCountsOf, retriesOf, takenEdges } from "page/visited.js";

const definition = {
  StartAt: "Try",
  States: {
    Try: { Type: "Task", Next: "Done", Catch: [{ ErrorEquals: ["States.ALL"], Next: "Done" }] },
    Done: { Type: "Pass", End: true },
  },
};

/** A document whose states were visited one after another: `[state, status]`. */
function documentOf(steps) {
  const events = [];
  const visits = [];
  for (const [state, status] of steps) {
    const id = events.length + 1;
    events.push({ id, previousEventId: id - 1, type: "StateEntered", stateEnteredEventDetails: { name: state } });
    events.push({ id: id + 1, previousEventId: id, type: "StateExited", stateExitedEventDetails: { name: state } });
    visits.push({ state, status, eventId: id, attempts: [] });
  }
  return { events, visits };
}

function kindsTaken(steps) {
  const layout = laidOut(definition);
  const taken = takenEdges(layout, documentOf(steps));
  return layout.edges.filter((edge) => taken.has(edge.id)).map((edge) => edge.kind);
}

test("given a state that succeeded, when asked for what was taken, then it is its Next and not its Catch", () => {
  const kinds = kindsTaken([
    ["Try", "SUCCEEDED"],
    ["Done", "SUCCEEDED"],
  ]);
  assert.deepEqual(new Set(kinds), new Set(["start", "next", "end"]));
});

test("given a state whose error was caught, when asked for what was taken, then it is its Catch", () => {
  const kinds = kindsTaken([
    ["Try", "CAUGHT"],
    ["Done", "RUNNING"],
  ]);
  assert.deepEqual(new Set(kinds), new Set(["start", "catch"]));
});

test("given a state that was left both ways, when asked for what was taken, then both are", () => {
  const layout = laidOut({
    StartAt: "Try",
    States: {
      Try: { Type: "Task", Next: "Done", Catch: [{ ErrorEquals: ["States.ALL"], Next: "Mend" }] },
      Mend: { Type: "Pass", Next: "Try" },
      Done: { Type: "Succeed" },
    },
  });
  const taken = takenEdges(
    layout,
    documentOf([
      ["Try", "CAUGHT"],
      ["Mend", "SUCCEEDED"],
      ["Try", "SUCCEEDED"],
      ["Done", "SUCCEEDED"],
    ]),
  );
  assert.equal(taken.size, layout.edges.length);
});

test("given a map run, when counted, then its state tells how many are done, at work and failed", () => {
  const events = [
    { id: 1, previousEventId: 0, type: "MapStateEntered", stateEnteredEventDetails: { name: "Each" } },
    { id: 2, previousEventId: 1, type: "MapStateStarted" },
    { id: 3, previousEventId: 2, type: "MapRunStarted", mapRunStartedEventDetails: { mapRunArn: "arn" } },
  ];
  const itemCounts = { total: 9, succeeded: 4, running: 2, failed: 1, timedOut: 1, aborted: 1, pending: 0 };
  const counts = itemCountsOf({ events, mapRuns: [{ mapRunArn: "arn", itemCounts }] });
  assert.deepEqual([...counts], [["Each", "4 of 9 done · 2 running · 3 failed"]]);
});

test("given a map run whose items were not counted, when counted, then nothing is told of them", () => {
  const events = [
    { id: 1, previousEventId: 0, type: "MapStateEntered", stateEnteredEventDetails: { name: "Each" } },
    { id: 2, previousEventId: 1, type: "MapRunStarted", mapRunStartedEventDetails: { mapRunArn: "arn" } },
  ];
  assert.deepEqual([...itemCountsOf({ events, mapRuns: [{ mapRunArn: "arn" }] })], []);
});

test("given a Task that failed and was visited again, when retries are counted, then what was tried again is, and no Choice", () => {
  const visit = (state, type, ...errors) => ({ state, type, attempts: errors.map((error) => ({ error })) });
  const again = [
    visit("Process", "Task", "Spot", "Spot"),
    visit("Review", "Choice"),
    visit("Process", "Task", "Spot", null),
  ];
  assert.equal(retriesOf(again), 3);
  assert.equal(retriesOf([visit("Process", "Task", "Spot"), visit("Other", "Task", null)]), 0);
});

test("given spans from milliseconds to hours, when an axis is drawn, then its ticks are round and few", () => {
  const labels = (seconds) => ticksOf(seconds).map((tick) => tick.label);
  assert.deepEqual(labels(0.01), ["0", "2 ms", "4 ms", "6 ms", "8 ms", "10 ms"]);
  assert.deepEqual(labels(2.2), ["0", "0.5 s", "1 s", "1.5 s", "2 s"]);
  assert.deepEqual(labels(14), ["0", "2 s", "4 s", "6 s", "8 s", "10 s", "12 s", "14 s"]);
  assert.deepEqual(labels(200), ["0", "30 s", "1 min", "1 min 30 s", "2 min", "2 min 30 s", "3 min"]);
  assert.deepEqual(labels(6 * 3600), ["0", "1 h", "2 h", "3 h", "4 h", "5 h", "6 h"]);
  for (let seconds = 0.001; seconds < 1e7; seconds *= 1.7) {
    const found = ticksOf(seconds);
    assert.ok(found.length >= 2 && found.length <= 8, `${found.length} ticks for ${seconds} s`);
    assert.equal(new Set(found.map((tick) => tick.label)).size, found.length, `labels repeat for ${seconds} s`);
  }
});
