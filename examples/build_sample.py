"""Build `phone-recording.m4a`, the sample that `make run` uses, and its ground truth.

Real sounds of Debian's package `sonic-pi-samples` (CC0 entries only, checked against the package's own copyright file)
are laid out in a quiet room: hiss, rumble, hum. Seeded: the same package and FFmpeg give the same recording.

    apt-get install sonic-pi-samples
    python examples/build_sample.py [--package /]

`--package` is where the package's files lie, for those who unpack it (`dpkg -x`) instead of installing it.
"""

import argparse
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import soundfile
from av.audio.frame import AudioFrame

HERE = Path(__file__).parent
RATE = 44100
BIT_RATE = 96_000
SEED = 20240611
NOISE_BELOW_SOUNDS_DB = 43.0
# A sound lasts from its first sample within 40 dB of its peak to its last 5 ms within 40 dB of its loudest.
AUDIBLE_DB = 40.0


@dataclass(frozen=True)
class Placed:
    """One sample of the scene: level of its peak in dBFS, silence after it in seconds, longest length kept.

    `strikes_again_seconds`: where in it something new is struck, which is a sound of its own.
    """

    name: str
    peak_dbfs: float
    gap_seconds: float
    longest_seconds: float = 3.0
    strikes_again_seconds: tuple[float, ...] = ()


SCENE = (
    Placed("perc_snap", -9, 1.10),
    Placed("drum_bass_hard", -4, 0.70),
    Placed("drum_snare_hard", -6, 0.55),
    Placed("drum_cymbal_closed", -14, 0.90),
    Placed("tabla_tun1", -8, 1.30),
    Placed("misc_crow", -10, 0.80),
    Placed("elec_bell", -13, 0.60),
    Placed("perc_snap2", -7, 1.60),
    Placed("drum_cowbell", -11, 0.40),
    Placed("drum_tom_mid_hard", -6, 0.90),
    Placed("bass_voxy_hit_c", -9, 1.00),
    # The wood is struck again when it has died away by 28 dB, by 16 dB louder than just before.
    Placed("elec_wood", -15, 0.75, strikes_again_seconds=(0.269,)),
    Placed("ambi_choir", -10, 1.20),
    Placed("bass_hit_c", -12, 0.85),
    Placed("tabla_ke3", -13, 0.35),
    Placed("sn_dolf", -8, 1.40),
    Placed("ambi_piano", -10, 0.95, 2.2),
    Placed("elec_pop", -16, 0.80),
    Placed("drum_splash_soft", -12, 0.90, 1.6),
    # The till rattles, falls silent by 18 dB, and rings.
    Placed("perc_till", -12, 1.00, 0.5, strikes_again_seconds=(0.303,)),
)


def main() -> None:
    """Build the recording, its truth and its credits beside this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, default=Path("/"), help="root the package is unpacked in (default: /)")
    root = parser.parse_args().package
    copyright_file = root / "usr/share/doc/sonic-pi-samples/copyright"
    credits_by_name = cc0_credits(copyright_file.read_text(encoding="utf-8"))
    missing = [placed.name for placed in SCENE if placed.name not in credits_by_name]
    if missing:
        raise SystemExit(f"not CC0 according to {copyright_file}: {', '.join(missing)}")
    folder = next((root / "usr/share").glob("sonic-pi*/**/bd_ada.flac")).parent
    samples, truth = lay_out(folder)
    encode_m4a(HERE / "phone-recording.m4a", samples)
    document = {"recording": "phone-recording.m4a", "sounds": truth}
    (HERE / "phone-recording.truth.json").write_text(json.dumps(document, indent=1) + "\n")
    (HERE / "CREDITS.md").write_text(credits_page(credits_by_name), encoding="utf-8")
    print(f"{len(truth)} sounds in {len(samples) / RATE:.1f} s")


def cc0_credits(copyright_text: str) -> dict[str, tuple[str, str]]:
    """Name of each CC0 sample -> (copyright, source), from a DEP-5 copyright file."""
    found = {}
    for paragraph in re.split(r"\n\s*\n", copyright_text):
        fields = dict(re.findall(r"^([A-Za-z-]+): *((?:.|\n[ \t])*)", paragraph, re.MULTILINE))
        if fields.get("License", "").split("\n")[0].strip() != "CC0":
            continue
        for path in fields.get("Files", "").split():
            if path.endswith(".flac"):
                holder = " ".join(fields.get("Copyright", "").split())
                found[Path(path).stem] = (re.sub(r"\s*<[^>]*>", "", holder), fields.get("Source", "").strip())
    return found


def lay_out(folder: Path) -> tuple[np.ndarray, list[dict[str, object]]]:
    """Lay out the scene, mono, shape (n,), and where each sound is in it."""
    pieces: list[np.ndarray] = []
    truth: list[dict[str, object]] = []
    position = round(0.9 * RATE)
    pieces.append(np.zeros(position))
    for placed in SCENE:
        sound = load(folder / f"{placed.name}.flac", longest_seconds=placed.longest_seconds)
        sound *= 10 ** (placed.peak_dbfs / 20)
        strikes = [position / RATE + after for after in (0.0, *placed.strikes_again_seconds)]
        for start, end in pairwise([*strikes, (position + len(sound)) / RATE]):
            truth.append({"name": placed.name, "onsetSeconds": round(start, 4), "offsetSeconds": round(end, 4)})
        gap = np.zeros(round(placed.gap_seconds * RATE))
        pieces += [sound, gap]
        position += len(sound) + len(gap)
    dry = np.concatenate(pieces)
    loud = dry[np.abs(dry) > 1e-3]
    noise = room(len(dry)) * np.sqrt(np.mean(loud**2)) * 10 ** (-NOISE_BELOW_SOUNDS_DB / 20)
    return np.clip(dry + noise, -1, 1), truth


def load(path: Path, *, longest_seconds: float) -> np.ndarray:
    """One sample, mono, peak 1, from where it starts to where it has died away."""
    data, rate = soundfile.read(path, always_2d=True)
    if rate != RATE:
        raise SystemExit(f"{path.name} has {rate} Hz; the scene has {RATE}")
    mono = data.mean(axis=1)
    mono /= np.abs(mono).max()
    limit = 10 ** (-AUDIBLE_DB / 20)
    mono = mono[np.flatnonzero(np.abs(mono) > limit)[0] :][: round(longest_seconds * RATE)]
    window = round(0.005 * RATE)
    envelope = np.sqrt(np.convolve(mono**2, np.ones(window) / window, "same"))
    mono = mono[: np.flatnonzero(envelope > envelope.max() * limit)[-1] + 1]
    fade = min(round(0.12 * RATE) if len(mono) >= longest_seconds * RATE - 1 else round(0.005 * RATE), len(mono))
    mono[-fade:] *= np.linspace(1, 0, fade)
    return mono


def room(length: int) -> np.ndarray:
    """Make the noise of a quiet room through a phone: pink, some hiss, a little hum; RMS 1, shape (length,)."""
    generator = np.random.default_rng(SEED)
    frequencies = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 30.0)
    spectrum = np.fft.rfft(generator.standard_normal(length))
    pink = np.fft.irfft(spectrum / np.sqrt(frequencies), length)
    hiss = generator.standard_normal(length)
    time = np.arange(length) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * harmonic * time + harmonic) / harmonic for harmonic in (1, 2, 3, 5))
    mixed = pink / pink.std() + 0.5 * hiss + 0.25 * hum
    return mixed / mixed.std()


def encode_m4a(path: Path, samples: np.ndarray) -> None:
    """AAC at 96 kb/s, as a phone writes it."""
    with av.open(str(path), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        for start in range(0, len(samples), 1024):
            block = np.ascontiguousarray(samples[None, start : start + 1024], dtype=np.float32)
            frame = AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def credits_page(credits_by_name: dict[str, tuple[str, str]]) -> str:
    """Who made the sounds."""
    lines = [
        "# Credits",
        "",
        "`phone-recording.m4a` is built by `build_sample.py` from samples of Sonic Pi (Debian package",
        "`sonic-pi-samples`). Each of them was put into the public domain under",
        "[CC0 1.0](https://creativecommons.org/publicdomain/zero/1.0/) by its author; so is the recording. Thank you:",
        "",
        "| sound | by | from |",
        "|---|---|---|",
    ]
    for placed in SCENE:
        holder, source = credits_by_name[placed.name]
        lines.append(f"| {placed.name} | {holder} | {source or 'Sonic Pi'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
