"""The first sample of an attack: from the 10 ms that the spectra leave open down to a fraction of a millisecond."""

import numpy as np

from oneshots.samples import Samples

SEARCH_MS = (6.0, 30.0)
NOISE_MS = (30.0, 8.0)
PEAK_MS = 150.0
OVER_NOISE = 1.2
CLEAR_OF_NOISE, FAR_OVER_NOISE = 12.0, 100.0
UNDER_PEAK = 10 ** (-46 / 20)
LATEST_RISE_MS = 8.0
MARGIN_MS = 2.0


def first_sample(samples: Samples, rate: int, *, near: int, dc_offset: np.ndarray | None = None) -> int | None:
    """Return the sample at which the sound that begins about `near` is first over the noise, 2 ms early.

    `samples`, shape (channels, n), holds the surroundings. None where that cannot be said: where the attack is no
    clear step out of what was just before, or swells.
    """

    def at(ms: float) -> int:
        return min(max(near + round(ms * rate / 1000), 0), samples.shape[1])

    begin = at(-NOISE_MS[0])
    piece = samples[:, begin : at(SEARCH_MS[1] + PEAK_MS)]
    if not piece.shape[1]:
        return None
    around = np.abs(piece if dc_offset is None else piece - dc_offset[:, None]).max(axis=0)
    noise = around[: at(-NOISE_MS[1]) - begin].max(initial=0.0)
    search = around[at(-SEARCH_MS[0]) - begin :]
    peak = float(search.max(initial=0.0))
    if not peak or peak < CLEAR_OF_NOISE * noise:
        return None
    over = search > max(OVER_NOISE * noise, UNDER_PEAK * peak)
    first = int(over.argmax())
    if first > at(SEARCH_MS[1]) - at(-SEARCH_MS[0]):
        return None
    risen = int((search[first:] > peak / 2).argmax())
    # A slow rise was there before it came over the noise, unless hardly any noise could hide it.
    if risen > LATEST_RISE_MS * rate / 1000 and peak < FAR_OVER_NOISE * noise:
        return None
    return max(at(-SEARCH_MS[0]) + first - round(MARGIN_MS * rate / 1000), 0)
