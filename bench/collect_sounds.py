"""Collect `sounds/` from Debian's package `sonic-pi-samples`: only files that its copyright file puts under CC0.

    apt-get download sonic-pi-samples && dpkg -x sonic-pi-samples_*.deb unpacked
    python -m bench.collect_sounds --package unpacked

Only needed to change the selection: the collected sounds are in the repository. Each becomes mono at 44.1 kHz with its
peak at -3 dBFS, starts with its first sample within 40 dB of that, and is one event: loops, rolls and double hits of
the package are left out, and so are kicks that are all sub-bass, which nothing tells from a thump of the phone.
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile

from examples.build_sample import cc0_credits

SOUNDS = Path(__file__).parent / "sounds"
RATE = 44100
PEAK = 10 ** (-3 / 20)
FIRST_AUDIBLE_DB = -40.0
LAST_AUDIBLE_DB = -66.0
LONGEST_SECONDS = 4.0

# Families are dealt out to both sides, so that what is tuned on one side is judged on like sounds, but on none twice.
SELECTION = {
    "tuning": [
        "ambi_choir",
        "ambi_glass_hum",
        "ambi_soft_buzz",
        "ambi_swoosh",
        "bass_hit_c",
        "bass_thick_c",
        "bass_voxy_c",
        "bd_fat",
        "bd_klub",
        "bd_tek",
        "drum_bass_hard",
        "drum_cowbell",
        "drum_cymbal_closed",
        "drum_cymbal_soft",
        "drum_snare_hard",
        "drum_splash_hard",
        "drum_tom_hi_hard",
        "drum_tom_lo_soft",
        "drum_tom_mid_hard",
        "elec_beep",
        "elec_blip",
        "elec_bong",
        "elec_chime",
        "elec_flip",
        "elec_filt_snare",
        "elec_hi_snare",
        "elec_hollow_kick",
        "elec_mid_snare",
        "elec_pop",
        "elec_twang",
        "perc_bell",
        "perc_snap",
        "perc_swash",
        "sn_dolf",
        "sn_zome",
        "tabla_dhec",
        "tabla_ghe1",
        "tabla_ghe4",
        "tabla_ke1",
        "tabla_na",
        "tabla_na_s",
        "tabla_re",
        "tabla_tas1",
        "tabla_te1",
        "tabla_tun1",
        "vinyl_scratch",
    ],
    "reporting": [
        "ambi_dark_woosh",
        "ambi_drone",
        "ambi_haunted_hum",
        "bass_drop_c",
        "bass_voxy_hit_c",
        "bass_woodsy_c",
        "bd_ada",
        "bd_sone",
        "bd_zome",
        "bd_zum",
        "drum_bass_soft",
        "drum_cymbal_hard",
        "drum_cymbal_pedal",
        "drum_heavy_kick",
        "drum_snare_soft",
        "drum_splash_soft",
        "drum_tom_hi_soft",
        "drum_tom_lo_hard",
        "drum_tom_mid_soft",
        "elec_bell",
        "elec_blip2",
        "elec_blup",
        "elec_cymbal",
        "elec_lo_snare",
        "elec_ping",
        "elec_snare",
        "elec_tick",
        "elec_triangle",
        "elec_soft_kick",
        "elec_fuzz_tom",
        "elec_twip",
        "guit_e_slide",
        "misc_crow",
        "perc_snap2",
        "sn_dub",
        "tabla_ghe2",
        "tabla_ghe8",
        "tabla_ke2",
        "tabla_ke3",
        "tabla_na_o",
        "tabla_tas2",
        "tabla_tas3",
        "tabla_te2",
        "tabla_te_ne",
        "tabla_tun2",
        "vinyl_backspin",
    ],
}


def main() -> None:
    """Write `sounds/tuning`, `sounds/reporting` and `sounds/CREDITS.md`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, default=Path("/"), help="root the package is unpacked in (default: /)")
    root = parser.parse_args().package
    credits_by_name = cc0_credits((root / "usr/share/doc/sonic-pi-samples/copyright").read_text(encoding="utf-8"))
    folder = next((root / "usr/share").glob("sonic-pi*/**/bd_ada.flac")).parent
    for side, names in SELECTION.items():
        not_free = [name for name in names if name not in credits_by_name]
        if not_free:
            raise SystemExit(f"not CC0 by the package's copyright file: {', '.join(not_free)}")
        (SOUNDS / side).mkdir(parents=True, exist_ok=True)
        for name in names:
            sound = prepare(folder / f"{name}.flac")
            soundfile.write(SOUNDS / side / f"{name}.flac", sound, RATE, subtype="PCM_16")
    (SOUNDS / "CREDITS.md").write_text(credits_page(credits_by_name), encoding="utf-8")


def prepare(path: Path) -> np.ndarray:
    """One sound, shape (n,), from where it starts to where nothing is left of it, four seconds at most."""
    data, rate = soundfile.read(path, always_2d=True)
    if rate != RATE:
        raise SystemExit(f"{path.name} has {rate} Hz, not {RATE}")
    return prepare_samples(data.mean(axis=1))


def prepare_samples(raw: np.ndarray, *, longest_seconds: float = LONGEST_SECONDS) -> np.ndarray:
    """Return `raw`, shape (n,), from where it starts to where nothing is left of it, `longest_seconds` at most."""
    mono = raw - raw.mean()
    mono *= PEAK / np.abs(mono).max()
    first = np.flatnonzero(np.abs(mono) > PEAK * 10 ** (FIRST_AUDIBLE_DB / 20))[0]
    last = np.flatnonzero(np.abs(mono) > PEAK * 10 ** (LAST_AUDIBLE_DB / 20))[-1]
    kept = mono[first : min(last + 1, first + round(longest_seconds * RATE))]
    # What breaks off in full swing, in the package or here, is faded out: 20% of it, 250 ms at most.
    fade = min(round(0.25 * RATE), len(kept) // 5)
    kept[-fade:] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, fade))
    return kept


def credits_page(credits_by_name: dict[str, tuple[str, str]]) -> str:
    """Who made the sounds, as Markdown."""
    lines = [
        "# Credits",
        "",
        "The sounds of this folder are samples of Sonic Pi (Debian package `sonic-pi-samples`), cut to length,",
        "mixed down to mono and levelled by `collect_sounds.py`. Each of them was put into the public domain under",
        "[CC0 1.0](https://creativecommons.org/publicdomain/zero/1.0/) by its author. Thank you:",
        "",
        "| sound | used for | by | from |",
        "|---|---|---|---|",
    ]
    for side, names in SELECTION.items():
        for name in names:
            holder, source = credits_by_name[name]
            lines.append(f"| {name} | {side} | {holder} | {source or 'Sonic Pi'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
