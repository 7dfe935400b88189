import assert from "node:assert/strict";
import { test } from "node:test";
import { causeWithout } from "page/format.js";
import { unfold } from "page/json.js";
import { entryOf } from "page/logs.js";

test("given a text that holds JSON when it is shown then it is shown as that, however deep it lies", () => {
  const cause = JSON.stringify({ Containers: [{ Environment: JSON.stringify({ target: -14 }) }] });
  assert.deepEqual(unfold({ Error: "States.TaskFailed", Cause: cause }), {
    Error: "States.TaskFailed",
    Cause: { Containers: [{ Environment: { target: -14 } }] },
  });
});

test("given a text that only begins like JSON when it is shown then it stays what it is", () => {
  for (const text of ["{not json", "[1, 2", "123", "true", '"quoted"', ""]) assert.equal(unfold(text), text);
});

test("given JSON in texts without end when it is shown then it is unfolded no deeper than anybody reads", () => {
  let nested = "{}";
  for (let depth = 0; depth < 12; depth += 1) nested = JSON.stringify([nested]);
  assert.ok(JSON.stringify(unfold(nested)));
});

test("given a structured record when it is a line of a log then its level and message stand for it", () => {
  const { level, message, rest } = entryOf('{"level":"INFO","message":"task done","service":"persist"}');
  assert.deepEqual([level, message, rest], ["INFO", "task done", { service: "persist" }]);
});

test("given metrics in a line of a log when it is shown then their names and values stand for it", () => {
  const line = {
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [{ Namespace: "A", Metrics: [{ Name: "OneShots" }, { Name: "PeakMemory" }] }],
    },
    OneShots: 22,
    PeakMemory: 243.8,
  };
  const { level, message } = entryOf(JSON.stringify(line));
  assert.deepEqual([level, message], ["METRICS", "OneShots 22, PeakMemory 243.8"]);
});

test("given a line that is no record when it is shown then it is itself", () => {
  for (const line of ["START RequestId: 1", "{", '{"_aws":{}}', '{"level":"INFO"}', "null"])
    assert.equal(entryOf(line), null);
});

test("given a cause that begins with its error when both are shown then the error stands there once", () => {
  assert.equal(causeWithout("Sandbox.Timedout", "Sandbox.Timedout: RequestId: 7b"), "RequestId: 7b");
  assert.equal(causeWithout("E", '{"errorType":"E"}'), '{"errorType":"E"}');
  assert.equal(causeWithout("E", "E"), "");
  assert.equal(causeWithout("E", null), null);
});
