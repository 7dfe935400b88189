import assert from "node:assert/strict";
import { test } from "node:test";
import { conditionText, graphOf, serviceOf } from "page/definition.js";

const machine = (States, StartAt = Object.keys(States)[0]) => ({ StartAt, States });
const named = (graph, name) => graph.nodes.find((node) => node.name === name);
const edgesOf = (graph, kind) =>
  graph.edges.filter((edge) => edge.kind === kind).map(({ from, to }) => [nameOf(graph, from), nameOf(graph, to)]);
const nameOf = (graph, id) => graph.nodes.find((node) => node.id === id)?.name;

test("given transitions of every kind, when read, then each is an edge of its kind", () => {
  const graph = graphOf(
    machine({
      Try: { Type: "Task", Next: "Weigh", Catch: [{ ErrorEquals: ["States.ALL"], Next: "Broken" }] },
      Weigh: { Type: "Choice", Choices: [{ Condition: "{% $a > 1 %}", Next: "Done" }], Default: "Broken" },
      Done: { Type: "Pass", End: true },
      Broken: { Type: "Fail" },
    }),
  );
  assert.deepEqual(edgesOf(graph, "start"), [["Start", "Try"]]);
  assert.deepEqual(edgesOf(graph, "next"), [["Try", "Weigh"]]);
  assert.deepEqual(edgesOf(graph, "choice"), [
    ["Weigh", "Done"],
    ["Weigh", "Broken"],
  ]);
  assert.deepEqual(edgesOf(graph, "catch"), [["Try", "Broken"]]);
  assert.deepEqual(edgesOf(graph, "end"), [["Done", "End"]]);
});

test("given choices, when read, then a label is the condition cut short, and the title all of it", () => {
  const condition = "{% $taskStop = 'capacity' and $capacityProvider = 'FARGATE_SPOT' %}";
  const graph = graphOf(
    machine({
      Weigh: { Type: "Choice", Choices: [{ Condition: condition, Next: "A" }], Default: "B" },
      A: { Type: "Succeed" },
      B: { Type: "Succeed" },
    }),
  );
  const [long, other] = graph.edges.filter((edge) => edge.kind === "choice");
  assert.equal(long.label, "$taskStop = 'capacity'\nand $capacityProvider =…");
  assert.equal(long.title, "$taskStop = 'capacity' and $capacityProvider = 'FARGATE_SPOT'");
  assert.equal(other.label, "default");
});

test("given several rules with one target, when read, then they are one edge that tells them all", () => {
  const rule = (text) => ({ Condition: `{% ${text} %}`, Next: "A" });
  const graph = graphOf(
    machine({
      Weigh: { Type: "Choice", Choices: [rule("$a"), rule("$b"), rule("$c")], Default: "A" },
      A: { Type: "Succeed" },
    }),
  );
  const [edge, ...rest] = graph.edges.filter((each) => each.kind === "choice");
  assert.deepEqual(rest, []);
  assert.equal(edge.label, "$a\nor 3 others");
  assert.equal(edge.title, "$a\n$b\n$c\ndefault");
});

test("given errors caught, when read, then a label names them without their service", () => {
  const Catch = [
    { ErrorEquals: ["DynamoDB.ConditionalCheckFailedException"], Next: "A" },
    { ErrorEquals: ["States.ALL"], Next: "B" },
  ];
  const graph = graphOf(
    machine({ Try: { Type: "Task", Catch, End: true }, A: { Type: "Succeed" }, B: { Type: "Fail" } }),
  );
  const labels = graph.edges.filter((edge) => edge.kind === "catch").map((edge) => edge.label);
  assert.deepEqual(labels, ["ConditionalCheckFailed", "any error"]);
});

test("given JSONPath rules, when spelled, then they read as conditions", () => {
  const spelled = [
    [{ Variable: "$.size", NumericGreaterThanEquals: 3 }, "$.size ≥ 3"],
    [{ Variable: "$.name", StringEquals: "a" }, "$.name = 'a'"],
    [{ Variable: "$.name", StringEqualsPath: "$.other" }, "$.name = $.other"],
    [{ Variable: "$.name", StringMatches: "a*" }, "$.name matches 'a*'"],
    [{ Variable: "$.name", IsPresent: false }, "$.name is not present"],
    [{ Not: { Variable: "$.is", BooleanEquals: true } }, "not ($.is = true)"],
    [
      { And: [{ Variable: "$.a", IsNull: true }, { Or: [{ Variable: "$.b", NumericLessThan: 1 }] }] },
      "$.a is null and $.b < 1",
    ],
    [{}, ""],
  ];
  for (const [rule, text] of spelled) assert.equal(conditionText(rule), text);
});

test("given nested states, when read, then they belong to their Map, their Iterator or their branch", () => {
  const inner = (name) => machine({ [name]: { Type: "Pass", End: true } });
  const graph = graphOf(
    machine({
      Each: { Type: "Map", ItemProcessor: inner("Item"), Next: "Old" },
      Old: { Type: "Map", Iterator: inner("OldItem"), Next: "Both" },
      Both: { Type: "Parallel", Branches: [inner("Left"), inner("Right")], End: true },
    }),
  );
  const around = (name) => [nameOf(graph, named(graph, name).parent), named(graph, name).branch];
  assert.deepEqual(["Item", "OldItem", "Left", "Right"].map(around), [
    ["Each", 0],
    ["Old", 0],
    ["Both", 0],
    ["Both", 1],
  ]);
  assert.deepEqual(edgesOf(graph, "end"), [["Both", "End"]]);
});

test("given targets that are not there, when read, then each is a node that says so", () => {
  const graph = graphOf(
    machine({ A: { Type: "Pass", Next: "Nowhere" }, B: { Type: "Choice", Choices: [{}], Default: 7 } }),
  );
  const missing = graph.nodes.filter((node) => node.type === "Missing").map((node) => node.name);
  assert.deepEqual(missing, ["Nowhere", "", "7"]);
});

test("given hostile names, when read, then they are names like others", () => {
  const names = ["__proto__", "constructor", "<img src=x onerror=alert(1)>", '"]', "start", "a → b", " "];
  const states = names.map(
    (name, index) =>
      `${JSON.stringify(name)}: {"Type": "Pass", "Next": ${JSON.stringify(names[(index + 1) % names.length])}}`,
  );
  const graph = graphOf(JSON.parse(`{"StartAt": "__proto__", "States": {${states.join(", ")}}}`));
  assert.deepEqual(
    graph.nodes.filter((node) => node.state).map((node) => node.name),
    names,
  );
  assert.equal(graph.edges.filter((edge) => edge.kind === "next").length, names.length);
});

test("given no definition worth its name, when read, then there is a start at most", () => {
  for (const definition of [null, {}, { States: null }, { States: { A: null } }, { States: [] }]) {
    assert.deepEqual(graphOf(definition).edges, []);
  }
});

test("given ways of many lengths, when read, then the longest to success is the main one", () => {
  const graph = graphOf(
    machine({
      A: { Type: "Choice", Choices: [{ Next: "Broken" }, { Next: "Short" }], Default: "B" },
      B: { Type: "Pass", Next: "C" },
      C: { Type: "Choice", Choices: [{ Next: "A" }], Default: "Done" },
      Done: { Type: "Succeed" },
      Short: { Type: "Succeed" },
      Broken: { Type: "Fail" },
    }),
  );
  const main = graph.nodes.filter((node) => node.isMain).map((node) => node.name);
  assert.deepEqual(new Set(main), new Set(["Start", "A", "B", "C", "Done"]));
});

test("given resources, when read, then service and action are told", () => {
  const told = (Resource) => serviceOf({ Type: "Task", Resource });
  assert.deepEqual(told("arn:aws:states:::dynamodb:updateItem"), { service: "DynamoDB", action: "updateItem" });
  assert.deepEqual(told("arn:aws:states:::ecs:runTask.sync"), { service: "ECS", action: "runTask" });
  assert.deepEqual(told("arn:aws:states:::states:startExecution.sync:2"), {
    service: "Step Functions",
    action: "startExecution",
  });
  assert.deepEqual(told("arn:aws-us-gov:states:::aws-sdk:s3:headObject"), { service: "S3", action: "headObject" });
  assert.deepEqual(told("arn:aws:lambda:eu-west-1:123456789012:function:f"), { service: "Lambda", action: "invoke" });
  assert.deepEqual(told(undefined), { service: "Task", action: "" });
  assert.deepEqual(serviceOf({ Type: "Wait" }), { service: "Wait", action: "" });
});
