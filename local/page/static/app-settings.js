/** What the app may set for a recording. */

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
