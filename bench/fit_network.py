"""Fit the network that finds sounds (`oneshots.network`) on what `bench.fitting_scenes` made.

    python -m pip install torch                  # in an environment of its own; nothing else needs it but numpy
    python bench/fit_network.py                  # on everything: writes container/oneshots/network.npz (half an hour)
    python bench/fit_network.py --leave-out tuning --output try.npz      # to judge on sounds that it never saw

How far it carries to sounds it never saw is what `python -m bench quality --set tuning --engine in-process` says after
the second form, and `--set reporting` after either.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).parent.parent
DATA = ROOT / ".fitting-data"
NETWORK = ROOT / "container" / "oneshots" / "network.npz"

CHANNELS = 64
DILATIONS = (1, 2, 4, 8, 16, 32, 64, 128)
FIRST_TAPS, RESIDUAL_TAPS, LAST_TAPS = 5, 3, 3
EPOCHS, LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 28, 3e-3, 1e-2, 0.1
EXCERPT_FRAMES, EXCERPTS_A_STEP = 1000, 16
# A crop is short; it is drawn as often as five seconds.
LEAST_WEIGHT_FRAMES = 500
ONSET_WEIGHT, AUDIBLE_WEIGHT, PRESENT_ONSET_WEIGHT = 4.0, 1.5, 2.0
# Where the features are: short bands twice, long bands over the floor, long bands against the loudest, the sum.
SHORT, LONG = 20, 29
OVER_FLOOR = 2 * SHORT + LONG


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Features, shape (frames, 99), and what the network should say, shape (frames,) each."""

    features: np.ndarray
    onset: np.ndarray
    audible: np.ndarray


class Network(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """The network of `oneshots.network`, with what only fitting needs: normalisation by batches, and dropout."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.normal = nn.BatchNorm1d(inputs)
        self.first = nn.Conv1d(inputs, CHANNELS, FIRST_TAPS, padding=FIRST_TAPS // 2)
        self.first_normal = nn.BatchNorm1d(CHANNELS)
        self.residual = nn.ModuleList(
            nn.Conv1d(CHANNELS, CHANNELS, RESIDUAL_TAPS, padding=dilation, dilation=dilation) for dilation in DILATIONS
        )
        self.residual_normal = nn.ModuleList(nn.BatchNorm1d(CHANNELS) for _ in DILATIONS)
        self.dropout = nn.Dropout(DROPOUT)
        self.last = nn.Conv1d(CHANNELS, 2, LAST_TAPS, padding=LAST_TAPS // 2)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of onset and audible, shape (batch, 2, frames), of `features`, shape (batch, inputs, frames)."""
        hidden = torch.relu(self.first_normal(self.first(self.normal(features))))
        for convolution, normal in zip(self.residual, self.residual_normal, strict=True):
            hidden = hidden + self.dropout(torch.relu(normal(convolution(hidden))))
        return self.last(hidden)


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leave-out", metavar="SIDE", help="do not fit on this side: tuning or fitting")
    parser.add_argument("--output", type=Path, default=NETWORK)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    scenes = read_scenes(arguments.leave_out)
    print(f"{len(scenes)} scenes and crops")
    network = fit(scenes, epochs=arguments.epochs)
    np.savez_compressed(arguments.output, **as_arrays(network))  # type: ignore[arg-type]


def read_scenes(left_out: str | None) -> list[Scene]:
    """Read all scenes and crops but those of the side `left_out`."""
    paths = [path for path in sorted(DATA.glob("*.npz")) if path.name.split("-")[0] != left_out]
    if not paths:
        raise SystemExit(f"{DATA} is empty: run `python -m bench.fitting_scenes` first")
    return [Scene(**np.load(path)) for path in paths]


def fit(scenes: list[Scene], *, epochs: int) -> Network:
    """Fit a network to `scenes`."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    lengths = np.array([len(scene.features) for scene in scenes])
    weights = np.maximum(lengths, LEAST_WEIGHT_FRAMES) / np.maximum(lengths, LEAST_WEIGHT_FRAMES).sum()
    steps = int(lengths.sum() / EXCERPT_FRAMES / EXCERPTS_A_STEP)
    network = Network(scenes[0].features.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps * epochs, pct_start=0.15)
    for epoch in range(epochs):
        total = 0.0
        for _ in range(steps):
            loss = loss_of(
                network, [excerpt(rng, scenes[each]) for each in rng.choice(len(scenes), EXCERPTS_A_STEP, p=weights)]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: loss {total / steps:.4f}", flush=True)
    return network.eval()


def loss_of(network: Network, excerpts: list[tuple[np.ndarray, ...]]) -> torch.Tensor:
    """Cross-entropy of both outputs over all frames that there are."""
    features, onset, audible, there = (torch.from_numpy(np.stack(each)) for each in zip(*excerpts, strict=True))
    said = network(features.transpose(1, 2))
    entropy = nn.functional.binary_cross_entropy_with_logits
    of_onset = entropy(said[:, 0], onset, reduction="none", pos_weight=torch.tensor(PRESENT_ONSET_WEIGHT))
    of_audible = entropy(said[:, 1], audible, reduction="none")
    return ((ONSET_WEIGHT * of_onset + AUDIBLE_WEIGHT * of_audible) * there).sum() / there.sum()


def excerpt(rng: np.random.Generator, scene: Scene) -> tuple[np.ndarray, ...]:
    """Ten seconds of a scene, zeros beyond its end: features, onset, audible, and which frames are there.

    What begins within a sound is a recording that does: the sound begins with it.
    """
    length = len(scene.features)
    start = int(rng.integers(0, max(length - EXCERPT_FRAMES, 0) + 1))
    count = min(EXCERPT_FRAMES, length - start)
    features = np.zeros((EXCERPT_FRAMES, scene.features.shape[1]), np.float32)
    onset, audible, there = (np.zeros(EXCERPT_FRAMES, np.float32) for _ in range(3))
    features[:count] = scene.features[start : start + count]
    onset[:count], audible[:count] = scene.onset[start : start + count], scene.audible[start : start + count]
    there[:count] = 1
    if start and audible[0] and scene.onset[max(start - 3, 0) : start + 4].max() < 0.3:
        onset[:3] = np.maximum(onset[:3], (1, 0.7, 0.4))
    return vary(rng, features), onset, audible, there


def vary(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """Misjudge the noise floor a little, band by band; and now and then leave the upper bands empty: a low rate."""
    error_db = rng.normal(0, 1.0) + np.interp(np.linspace(0, 5, OVER_FLOOR), np.arange(6), rng.normal(0, 1.2, 6))
    over = np.power(10, features[:, :OVER_FLOOR]) - 1
    features[:, :OVER_FLOOR] = np.log10(over / np.power(10, error_db / 10) + 1)
    if rng.random() < 0.15:
        short = int(rng.integers(1, 12))
        long = int(1.4 * short)
        for end, count in ((SHORT, short), (2 * SHORT, short), (OVER_FLOOR, long), (OVER_FLOOR + LONG, long)):
            features[:, end - count : end] = 0
    features[:, -1] += rng.normal(0, 0.1)
    return features


def as_arrays(network: Network) -> dict[str, np.ndarray]:
    """Fold the normalisation into the weights, and lay them out as `oneshots.network` reads them."""
    scale, offset = _scale_and_offset(network.normal)
    first, first_bias = _folded(network.first, network.first_normal)
    residual = [_folded(*pair) for pair in zip(network.residual, network.residual_normal, strict=True)]
    half = {
        "first": first,
        "first_bias": first_bias,
        "residual": np.stack([kernel for kernel, _ in residual]),
        "residual_bias": np.stack([bias for _, bias in residual]),
        "last": network.last.weight.detach().numpy().transpose(2, 1, 0),
        "last_bias": network.last.bias.detach().numpy(),
    }
    return {
        "mean": -offset / scale,
        "scale": scale,
        "dilations": np.array(DILATIONS),
        **{name: values.astype(np.float16) for name, values in half.items()},
    }


def _folded(convolution: nn.Conv1d, normal: nn.BatchNorm1d) -> tuple[np.ndarray, np.ndarray]:
    scale, offset = _scale_and_offset(normal)
    kernel = convolution.weight.detach().numpy() * scale[:, None, None]
    return kernel.transpose(2, 1, 0), convolution.bias.detach().numpy() * scale + offset


def _scale_and_offset(normal: nn.BatchNorm1d) -> tuple[np.ndarray, np.ndarray]:
    scale = (normal.weight / torch.sqrt(normal.running_var + normal.eps)).detach().numpy()
    return scale, normal.bias.detach().numpy() - normal.running_mean.numpy() * scale


if __name__ == "__main__":
    main()
