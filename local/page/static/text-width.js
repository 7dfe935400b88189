/** How wide texts are, without a browser. */

const WIDTHS = [
  [/[ijlft.,:;'|!()[\]` I]/, 0.36],
  [/[mwMW@%]/, 0.95],
  [/[A-Z=<>&]/, 0.72],
  [/[ -~]/, 0.61],
];

/** About how wide a text is in pixels, in a wide font (DejaVu Sans): what fits there fits in the others. */
export function textWidth(text, size) {
  const widthOf = (character) => WIDTHS.find(([pattern]) => pattern.test(character))?.[1] ?? 1;
  return [...text].reduce((sum, character) => sum + widthOf(character), 0) * size;
}
