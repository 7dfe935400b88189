import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Sounds } from "page/sound.js";

const CUT = { index: 3, startSeconds: 1, endSeconds: 1.5 };

/** An audio element whose events come as in a browser: after the call that causes them. */
class Audio extends EventTarget {
  paused = true;
  ended = false;
  src = null;
  currentTime = 0;

  getAttribute(name) {
    return this[name];
  }

  play() {
    this.paused = false;
    queueMicrotask(() => this.dispatchEvent(new Event("play")));
    return Promise.resolve();
  }

  pause() {
    if (this.paused) return;
    this.paused = true;
    queueMicrotask(() => this.dispatchEvent(new Event("pause")));
  }
}

const frames = new Map();
globalThis.requestAnimationFrame = (draw) => {
  frames.set(frames.size + 1, draw);
  return frames.size;
};
globalThis.cancelAnimationFrame = (frame) => frames.delete(frame);

let source;
let oneShot;
let heard;
let sounds;
let detach;

beforeEach(() => {
  frames.clear();
  source = new Audio();
  oneShot = new Audio();
  heard = [];
  sounds = new Sounds((what) => heard.push(what));
  detach = sounds.attach(source, oneShot);
});

async function frameAt(seconds) {
  source.currentTime = seconds;
  for (const [frame, draw] of [...frames]) {
    frames.delete(frame);
    draw();
  }
  await Promise.resolve();
}

test("given a cut, when its source region plays, then it starts at the cut's start and stops at its end", async () => {
  sounds.toggleRegion(CUT);
  assert.equal(source.currentTime, 1);
  await frameAt(1.2);
  assert.ok(!source.paused);
  assert.deepEqual(heard.at(-1), { what: "region", index: 3 });

  await frameAt(1.504);

  assert.ok(source.paused);
  assert.equal(source.currentTime, 1.5);
  assert.equal(heard.at(-1), null);
});

test("given a page that draws no frames, when the region is over, then the audio's own time stops it", async () => {
  sounds.toggleRegion(CUT);
  source.currentTime = 1.6;

  source.dispatchEvent(new Event("timeupdate"));

  assert.ok(source.paused);
});

test("given a region that sounds, when the next one is asked for, then the first one's pause does not end the second", async () => {
  sounds.toggleRegion(CUT);
  await frameAt(1.2);

  sounds.toggleRegion({ index: 4, startSeconds: 2, endSeconds: 3 });
  await frameAt(2.5);

  assert.ok(!source.paused);
  assert.deepEqual(heard.at(-1), { what: "region", index: 4 });
  await frameAt(3.01);
  assert.ok(source.paused);
});

test("given a source region that sounds, when its one-shot is asked for, then only that one sounds", async () => {
  sounds.toggleRegion(CUT);

  sounds.toggleOneShot(CUT, "one-shots/3");
  await frameAt(1.2);

  assert.ok(source.paused && !oneShot.paused);
  assert.equal(oneShot.src, "one-shots/3");
  assert.deepEqual(heard.at(-1), { what: "one-shot", index: 3 });
});

test("given a one-shot that sounds, when it is asked for again, then it stops", async () => {
  sounds.toggleOneShot(CUT, "one-shots/3");

  sounds.toggleOneShot(CUT, "one-shots/3");
  await frameAt(0);

  assert.ok(oneShot.paused);
  assert.equal(heard.at(-1), null);
});

test("given a one-shot that sounds, when the recording is played, then the one-shot stops", () => {
  sounds.toggleOneShot(CUT, "one-shots/3");

  sounds.toggleSource();

  assert.ok(oneShot.paused && !source.paused);
});

test("given a region that sounds, when one goes elsewhere, then the recording sounds on past the region's end", async () => {
  sounds.toggleRegion(CUT);

  sounds.seek(7);
  await frameAt(7.1);

  assert.ok(!source.paused);
  assert.deepEqual(heard.at(-1), { what: "source", index: null });
});

test("given a region that sounds, when one goes elsewhere in it, then it still stops at its end", async () => {
  sounds.toggleRegion(CUT);

  sounds.seek(1.4);
  await frameAt(1.51);

  assert.ok(source.paused);
});

test("given a sound, when the elements are let go of, then all is silent", () => {
  sounds.toggleRegion(CUT);

  detach();

  assert.ok(source.paused && oneShot.paused);
});
