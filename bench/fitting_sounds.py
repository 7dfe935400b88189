"""Further sounds to fit the engine on, beside the tuning library's 46: 1,081 one-shots from packages and synthesis.

    apt-get install fluidsynth fluid-soundfont-gm espeak-ng      # MIT; GPL programs, whose output is the user's own
    apt-get download sonic-pi-samples && dpkg -x sonic-pi-samples_*.deb unpacked
    python -m pip install pyfluidsynth
    python -m bench.fitting_sounds --package unpacked

They go to `.fitting-sounds/` and stay out of the repository: only what is fitted on them is committed.
None of them is in the reporting library. 46 sounds are few: what is fitted on them alone knows them by heart.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import butter, resample_poly, sosfilt

from bench.collect_sounds import SELECTION, prepare_samples
from bench.scene_cache import CACHE

FOLDER = CACHE.parent / ".fitting-sounds"
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RATE = 44100
SEED = 20
LONGEST_SECONDS = 4.0
# A key that its kit leaves empty.
LEAST_PEAK = 1e-3

# Of the package's other samples those that are one event; loops, rolls and kicks that are all sub-bass are left out.
OTHER_SAMPLES = [
    "ambi_glass_rub",
    "ambi_lunar_land",
    "ambi_piano",
    "ambi_sauna",
    "bass_dnb_f",
    "bass_hard_c",
    "bass_trance_c",
    "drum_cymbal_open",
    "elec_plip",
    "elec_wood",
    "glitch_bass_g",
    "glitch_perc1",
    "glitch_perc2",
    "glitch_perc3",
    "glitch_perc4",
    "glitch_perc5",
    "guit_e_fifths",
    "guit_em9",
    "guit_harmonics",
    "misc_burp",
    "misc_cineboom",
    "perc_bell2",
    "perc_impact1",
    "perc_impact2",
    "perc_swoosh",
    "sn_generic",
    "tabla_ghe3",
    "tabla_ghe5",
    "tabla_ghe6",
    "tabla_ghe7",
    "tabla_te_m",
    "tabla_tun3",
    "vinyl_rewind",
]

# General MIDI programs that repeat themselves (echoes, birds, telephone, helicopter, applause) are no single sounds.
REPEATING_PROGRAMS = {102, 123, 124, 125, 126}
NOTES_A_PROGRAM = 4
DRUM_KITS = (0, 8, 16, 24, 25, 32, 40, 48)
DRUM_KEYS = [key for key in range(27, 88) if key not in (29, 30, 31, 32, 33, 34)]

WORDS = [
    "ah",
    "oh",
    "eh",
    "ee",
    "oo",
    "hey",
    "yeah",
    "no",
    "wow",
    "la",
    "na",
    "ha",
    "ho",
    "ya",
    "yo",
    "bah",
    "dah",
    "mah",
    "pow",
    "boom",
    "bang",
    "hmm",
    "go",
    "why",
    "how",
    "now",
    "new",
    "moo",
    "meow",
    "we",
    "you",
    "low",
    "high",
    "day",
    "blue",
    "sea",
    "law",
    "awe",
    "ear",
    "air",
    "our",
    "ray",
    "loom",
    "moon",
    "noon",
    "room",
    "roar",
    "lean",
    "lawn",
    "wing",
    "song",
    "ring",
    "fun",
    "run",
]
VOICES = ("en", "en+f2", "en+f4", "en+m3", "en+m7", "en+croak", "en+whisper", "de+f3")

SYNTHESISED = 160

# Programs whose notes last as long as they are held: organs, strings, choirs, brass, reeds, pipes, leads, pads.
SUSTAINING_PROGRAMS = (*range(16, 24), *range(40, 45), *range(48, 55), *range(56, 96), 109, 110)
SUSTAINED_SECONDS = (4.0, 20.0)


def main() -> None:
    """Render all of them, anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, default=Path("/"), help="root the package is unpacked in (default: /)")
    root = parser.parse_args().package
    FOLDER.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, raw in (*other_samples(root), *instruments(), *drums(), *voices(), *synthesised(), *sustained()):
        if np.abs(raw).max() > LEAST_PEAK:
            longest = max(SUSTAINED_SECONDS) if name.startswith("held") else LONGEST_SECONDS
            soundfile.write(
                FOLDER / f"{name}.flac", prepare_samples(raw, longest_seconds=longest), RATE, subtype="PCM_16"
            )
            count += 1
    print(f"{count} sounds in {FOLDER}")


@cache
def fitting_library(*, held: bool = False) -> dict[str, np.ndarray]:
    """Return the rendered sounds by name, shape (n,) each: those of up to 4 s, or those `held` for 4 to 20.

    Raises FileNotFoundError when there are none.
    """
    paths = [path for path in sorted(FOLDER.glob("*.flac")) if path.stem.startswith("held") == held]
    if not paths:
        raise FileNotFoundError(f"{FOLDER} is empty: run `python -m bench.fitting_sounds` first (see its text)")
    return {path.stem: soundfile.read(path)[0] for path in paths}


def other_samples(root: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Take samples of the package that neither side of the bench uses."""
    folder = next((root / "usr/share").glob("sonic-pi*/**/bd_ada.flac")).parent
    used = {name for names in SELECTION.values() for name in names}
    for name in OTHER_SAMPLES:
        assert name not in used, f"{name} is a sound of the bench"  # noqa: S101 - tuning and reporting share none
        yield name, soundfile.read(folder / f"{name}.flac", always_2d=True)[0].mean(axis=1)


def instruments() -> Iterator[tuple[str, np.ndarray]]:
    """Play notes of every program: any pitch of its usual range, soft and loud, short and long."""
    rng = np.random.default_rng(SEED)
    for program in (each for each in range(128) if each not in REPEATING_PROGRAMS):
        low, high = (28, 55) if 32 <= program < 40 else (40, 88)
        for note in rng.integers(low, high, NOTES_A_PROGRAM):
            held = float(np.exp(rng.uniform(np.log(0.08), np.log(2.5))))
            velocity = int(rng.integers(45, 127))
            yield f"gm{program:03d}_{note}_{velocity}", _render(0, program, int(note), velocity, held)


def sustained() -> Iterator[tuple[str, np.ndarray]]:
    """Long notes, held for 4 to 20 s."""
    rng = np.random.default_rng(SEED + 4)
    for program in SUSTAINING_PROGRAMS:
        note, velocity = int(rng.integers(36, 84)), int(rng.integers(45, 127))
        yield (
            f"held{program:03d}_{note}_{velocity}",
            _render(0, program, note, velocity, rng.uniform(*SUSTAINED_SECONDS)),
        )


def drums() -> Iterator[tuple[str, np.ndarray]]:
    """Strokes of every key of the drum kits."""
    rng = np.random.default_rng(SEED + 1)
    for kit in DRUM_KITS:
        for key in rng.permutation(DRUM_KEYS)[:36]:
            yield f"kit{kit:02d}_{key}", _render(128, kit, int(key), int(rng.integers(50, 127)), 0.5)


def voices() -> Iterator[tuple[str, np.ndarray]]:
    """Words of one syllable, by espeak-ng's voices of both kinds."""
    rng = np.random.default_rng(SEED + 2)
    with tempfile.TemporaryDirectory() as folder:
        for word in WORDS:
            voice = VOICES[int(rng.integers(len(VOICES)))]
            path = Path(folder) / "word.wav"
            settings = ["-v", voice, "-p", str(rng.integers(20, 80)), "-s", str(rng.integers(80, 180))]
            subprocess.run(["espeak-ng", *settings, "-w", str(path), word], check=True)
            samples, rate = soundfile.read(path)
            yield f"voice_{word}", resample_poly(samples, RATE, rate)


def synthesised() -> Iterator[tuple[str, np.ndarray]]:
    """Bells, plucks, wobbles, swooshes, rattles: what shakes, beats and swells and is one sound all the same."""
    rng = np.random.default_rng(SEED + 3)
    makers = (bell, wobble, swoosh, rattle, glide, pluck, swell, burst)
    for index in range(SYNTHESISED):
        make = makers[index % len(makers)]
        yield f"{make.__name__}_{index:03d}", make(rng)


def bell(rng: np.random.Generator) -> np.ndarray:
    """Sum inharmonic partials, pairs of which beat against each other."""
    time = _time(rng.uniform(0.3, 4))
    base = rng.uniform(150, 2500)
    total = np.zeros_like(time)
    for ratio in np.concatenate(([1.0], rng.uniform(1.2, 7, 7))):
        decay = np.exp(-time * rng.uniform(1.5, 9) * np.sqrt(ratio) / time[-1])
        for detune in (0.0, rng.uniform(0.5, 7)):
            total += decay * rng.uniform(0.1, 1) / ratio * np.sin(2 * np.pi * (base * ratio + detune) * time)
    return total * _ramp(time, rng.uniform(0.0005, 0.004))


def wobble(rng: np.random.Generator) -> np.ndarray:
    """Swing a tone's level and pitch, as an LFO does."""
    time = _time(rng.uniform(0.5, 4))
    speed = rng.uniform(3, 14)
    pitch = rng.uniform(60, 900) * 2 ** (rng.uniform(0, 2) / 12 * np.sin(2 * np.pi * speed * time))
    tone = _saw(pitch, rng.uniform(0.3, 1))
    depth = rng.uniform(0.3, 0.95)
    level = 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * speed * time + rng.uniform(0, 6)))
    return tone * level * _ramp(time, rng.uniform(0.002, 0.1)) * np.exp(-rng.uniform(0.5, 5) * time / time[-1])


def swoosh(rng: np.random.Generator) -> np.ndarray:
    """Sweep a band of noise up, down or both."""
    time = _time(rng.uniform(0.2, 2.5))
    white = rng.standard_normal(len(time))
    edges = np.exp(np.interp(time, np.linspace(0, time[-1], 4), rng.uniform(np.log(300), np.log(9000), 4)))
    phase = 2 * np.pi * np.cumsum(edges) / RATE
    band = sosfilt(butter(2, 400 * 2 ** rng.uniform(0, 1.5), fs=RATE, output="sos"), white)
    shape = np.sin(np.pi * (time / time[-1]) ** rng.uniform(0.4, 2)) ** rng.uniform(0.7, 2)
    return band * np.sin(phase) * shape


def rattle(rng: np.random.Generator) -> np.ndarray:
    """Strike dozens of grains in a row, closer than 60 ms: shakers, ratchets, a coin that spins."""
    time = _time(rng.uniform(0.15, 1.5))
    grains = np.zeros_like(time)
    position, gap = 0.0, rng.uniform(0.006, 0.055)
    while position < time[-1]:
        grains[int(position * RATE)] = rng.uniform(0.5, 1)
        position += gap * rng.uniform(0.8, 1.2)
    ring = _time(rng.uniform(0.005, 0.08))
    grain = (rng.standard_normal(len(ring)) * rng.uniform(0, 1) + np.sin(2 * np.pi * rng.uniform(400, 6000) * ring)) * (
        np.exp(-ring * 5 / ring[-1])
    )
    return np.convolve(grains, grain)[: len(time)] * _envelope(rng, time)


def glide(rng: np.random.Generator) -> np.ndarray:
    """Slide a tone's pitch, perhaps in steps: chirps, slides, calls."""
    time = _time(rng.uniform(0.08, 2))
    points = int(rng.integers(2, 6))
    pitch = np.exp(np.interp(time, np.linspace(0, time[-1], points), rng.uniform(np.log(90), np.log(3000), points)))
    return _saw(pitch, rng.uniform(0.1, 1)) * _envelope(rng, time)


def pluck(rng: np.random.Generator) -> np.ndarray:
    """Pluck a string, or several up to 25 ms apart: harmonics that die the faster the higher."""
    time = _time(rng.uniform(0.2, 4))
    total = np.zeros_like(time)
    for _ in range(int(rng.integers(1, 5))):
        base, begin = rng.uniform(70, 700), int(rng.uniform(0, 0.025) * RATE)
        for harmonic in range(1, 25):
            if base * harmonic < 18000:
                decay = np.exp(-time * (1.5 + rng.uniform(0.1, 0.5) * harmonic) * 3 / time[-1])
                tone = rng.uniform(0.3, 1) / harmonic * decay * np.sin(2 * np.pi * base * harmonic * time)
                total[begin:] += tone[: len(time) - begin]
    return total


def swell(rng: np.random.Generator) -> np.ndarray:
    """Let a chord or a breath come up slowly and go."""
    time = _time(rng.uniform(0.8, 4))
    tones = np.sum(
        [_saw(np.full_like(time, rng.uniform(80, 900)), 0.3) for _ in range(int(rng.integers(1, 5)))], axis=0
    )
    breath = sosfilt(butter(2, rng.uniform(500, 8000), fs=RATE, output="sos"), rng.standard_normal(len(time)))
    return (tones + rng.uniform(0, 0.6) * breath) * _envelope(rng, time, slowest=0.5)


def burst(rng: np.random.Generator) -> np.ndarray:
    """Let filtered noise burst, perhaps with a second knock within 30 ms: claps, steps, knocks, switches."""
    time = _time(rng.uniform(0.03, 0.6))
    low = rng.uniform(120, 3000)
    band = butter(2, (low, min(low * rng.uniform(1.5, 12), 20000)), "bandpass", fs=RATE, output="sos")
    envelope = np.exp(-time * rng.uniform(5, 12) / time[-1])
    for _ in range(int(rng.integers(0, 3))):
        begin = int(rng.uniform(0.006, 0.03) * RATE)
        if begin < len(time):
            envelope[begin:] += rng.uniform(0.3, 1) * envelope[: len(time) - begin]
    return sosfilt(band, rng.standard_normal(len(time))) * envelope


@cache
def _synthesiser() -> tuple[object, int]:
    import fluidsynth

    synthesiser = fluidsynth.Synth(samplerate=float(RATE), gain=0.5)
    for setting in ("synth.reverb.active", "synth.chorus.active"):
        synthesiser.setting(setting, 0)
    return synthesiser, synthesiser.sfload(str(SOUNDFONT))


def _render(bank: int, program: int, note: int, velocity: int, held_seconds: float) -> np.ndarray:
    synthesiser, font = _synthesiser()
    channel = 9 if bank == 128 else 0
    synthesiser.program_select(channel, font, bank, program)  # type: ignore[attr-defined]
    synthesiser.noteon(channel, note, velocity)  # type: ignore[attr-defined]
    held = synthesiser.get_samples(round(held_seconds * RATE))  # type: ignore[attr-defined]
    synthesiser.noteoff(channel, note)  # type: ignore[attr-defined]
    rest = synthesiser.get_samples(4 * RATE)  # type: ignore[attr-defined]
    synthesiser.all_sounds_off(channel)  # type: ignore[attr-defined]
    synthesiser.get_samples(RATE // 10)  # type: ignore[attr-defined]
    return np.concatenate((held, rest)).reshape(-1, 2).mean(axis=1) / 32768


def _time(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def _ramp(time: np.ndarray, seconds: float) -> np.ndarray:
    return np.minimum(time / seconds, 1)


def _envelope(rng: np.random.Generator, time: np.ndarray, *, slowest: float = 0.1) -> np.ndarray:
    """Attack, something in between, decay; it never falls to less than a fifth before it ends."""
    attack = np.exp(rng.uniform(np.log(0.002), np.log(slowest))) * min(time[-1], 1.0)
    body = np.interp(time, np.linspace(0, time[-1], 5), rng.uniform(0.35, 1, 5))
    return _ramp(time, attack) * body * np.minimum((time[-1] - time) / (rng.uniform(0.1, 0.6) * time[-1]), 1)


def _saw(pitch: np.ndarray, brightness: float) -> np.ndarray:
    """Band-limited enough: up to 12 harmonics of `pitch`, Hz of shape (n,), those over 18 kHz left out."""
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return np.sum(
        [
            brightness ** (harmonic - 1) / harmonic * np.sin(harmonic * phase) * (pitch * harmonic < 18000)
            for harmonic in range(1, 13)
        ],
        axis=0,
    )


if __name__ == "__main__":
    main()
