"""Random windows of the training parts of one dataset or several, by grain.

The batch of a step is a pure function of (seed, step, shard, datasets, weights): a run
that resumes sees the windows it would have seen, without any state to save.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import grain
import numpy as np

from marsjax.errors import InputError
from marsjax.train.data import Dataset

MAX_WINDOWS = 2**32
"""As many as grain can shuffle; of more, only every second (third, ...) is used."""


class Batch(NamedTuple):
    """Windows of L + 1 orders: the first L are given, the last L predicted."""

    tokens: np.ndarray  # uint8 or uint16 [B, L + 1, C]
    features: np.ndarray  # int16 [B, L, F], of the orders given


class Window(NamedTuple):
    """A window before it is read: in which dataset, from which order, mirrored?"""

    source: int
    start: int
    is_mirrored: int


class Windows:
    """Every window of the training part of a dataset by number, mirrored ones too.

    ``num_short`` counts the segments too short for a window, which are left out.
    """

    def __init__(self, dataset: Dataset, length: int, source: int, mirror: bool):
        self.source, self._images = source, 1 + mirror
        spans = [
            (s.start, s.stop - s.start - length)
            for s in dataset.part("train")
            if s.stop > s.start
        ]
        spans_long = [(start, count) for start, count in spans if count > 0]
        if not spans_long:
            raise InputError(
                f"no training segment holds a window of {length + 1} orders",
                "lower seq_len or prepare longer tapes",
                file=dataset.path,
            )
        self.num_short = len(spans) - len(spans_long)
        self._starts, counts = np.array(spans_long).T
        self._ends = np.cumsum(counts)
        self._every = 1 + int(self._ends[-1] - 1) * self._images // MAX_WINDOWS

    def __len__(self) -> int:
        return self._images * (1 + int(self._ends[-1] - 1) // self._every)

    def __getitem__(self, index: int) -> Window:
        number, is_mirrored = divmod(int(index), self._images)
        number *= self._every
        segment = int(np.searchsorted(self._ends, number, side="right"))
        before = int(self._ends[segment - 1]) if segment else 0
        start = int(self._starts[segment]) + number - before
        return Window(self.source, start, is_mirrored)


class _Reader:
    """Reads the windows of a batch, all at once: much faster than one by one."""

    def __init__(self, datasets: Sequence[Dataset], length: int):
        self.datasets, self.offset_L = datasets, np.arange(length + 1)
        # Without the cost of a memory map's own class at every access.
        self.arrays = [
            (np.asarray(dataset.tokens_TC), np.asarray(dataset.features_TF))
            for dataset in datasets
        ]

    def __call__(self, windows: Sequence[Window]) -> Batch:
        source_B, start_B, is_mirrored_B = np.array(windows).T
        row_BL = start_B[:, None] + self.offset_L[None, :]
        parts, place = [], []
        for source in np.unique(source_B):
            (at,) = np.nonzero(source_B == source)
            place.append(at)
            parts.append(self._read(source, row_BL[at], is_mirrored_B[at] > 0))
        if len(parts) == 1:
            return parts[0]
        back = np.argsort(np.concatenate(place))
        return Batch(*(np.concatenate(xs)[back] for xs in zip(*parts, strict=True)))

    def _read(self, source: int, row_BL: np.ndarray, flip_B: np.ndarray) -> Batch:
        dataset, (tokens_TC, features_TF) = self.datasets[source], self.arrays[source]
        tokens, features = tokens_TC[row_BL], features_TF[row_BL[:, :-1]]
        dataset.check(tokens)
        if flip_B.any():
            mirrored = dataset.mirror(tokens[flip_B], features[flip_B])
            tokens[flip_B], features[flip_B] = mirrored
        return Batch(tokens, features)


class _Share(grain.transforms.DatasetSelectionMap):
    """One of ``shard_count`` runs of each batch, so that their row is the batch."""

    def __init__(self, total: int, batch_size: int, shard_index: int, shard_count: int):
        self.total, self.batch_size = total, batch_size
        self.share = batch_size // shard_count
        self.offset = shard_index * self.share

    def __len__(self) -> int:
        return self.total // self.batch_size * self.share

    def __getitem__(self, index: int) -> tuple[int, int]:
        step, place = divmod(index, self.share)
        return 0, step * self.batch_size + self.offset + place


@dataclass(frozen=True)
class Sampler:
    """Random windows, each start of a dataset equally likely, none twice an epoch.

    ``batches[step]`` is a batch of this shard; ``num_short`` counts the segments that
    are too short and left out.
    """

    batches: grain.MapDataset
    length: int
    num_short: int

    def __call__(self, step: int) -> Batch:
        """The batch of ``step``, whatever was drawn before.

        Raises:
          InputError: a dataset holds a token outside its field.
        """
        return self.batches[step]

    def iterate(self, start: int = 0, *, prefetch: int = 0) -> Iterator[Batch]:
        """The batches from step ``start`` on.

        Args:
          start: first step.
          prefetch: how many a thread makes ahead; 0: no thread.
        """
        options = grain.ReadOptions(
            num_threads=min(1, prefetch), prefetch_buffer_size=prefetch
        )
        return iter(self.batches[start:].to_iter_dataset(options))


def make_sampler(
    datasets: Dataset | Sequence[tuple[Dataset, float]],
    *,
    length: int,
    batch_size: int,
    seed: int,
    mirror: bool,
    shard_index: int = 0,
    shard_count: int = 1,
) -> Sampler:
    """Windows of ``length`` predicted orders from the training parts.

    Args:
      datasets: one, or several with the weights in which their windows are mixed, to
        about a percent of the least; windows alternate, so that every batch has them.
      length: predicted orders a window.
      batch_size: windows a step, of all shards together.
      seed: of the shuffle and the mirror.
      mirror: draw from the windows and from their mirror images.
      shard_index: which shard this is, such as ``jax.process_index()``.
      shard_count: into how many equal shards each batch is cut; in their order they are
        the batch of a single one.

    Raises:
      InputError: no training segment has ``length + 1`` orders, ``mirror`` is asked of
        a dataset that does not say how, the datasets differ in their tokenizer, a
        weight is not positive, or the batch cannot be cut so.
    """
    if isinstance(datasets, Dataset):
        datasets = [(datasets, 1.0)]
    check_alike(datasets)
    if not 0 <= shard_index < shard_count or batch_size % shard_count:
        raise InputError(
            f"a batch of {batch_size} has no shard {shard_index} of {shard_count}",
            "make batch_size a multiple of the number of shards",
        )
    for dataset, _ in datasets:
        if mirror and dataset.mirror is None:
            raise InputError(
                "dataset.json has no mirror", "train with mirror off", file=dataset.path
            )
    sources = [
        Windows(dataset, length, i, mirror) for i, (dataset, _) in enumerate(datasets)
    ]
    seeds = np.random.SeedSequence(seed).generate_state(len(sources)).tolist()
    shuffled = [
        grain.MapDataset.source(source).shuffle(seed=each).repeat()
        for source, each in zip(sources, seeds, strict=True)
    ]
    windows = shuffled[0]
    if len(shuffled) > 1:
        weights = [weight for _, weight in datasets]
        windows = grain.MapDataset.mix(shuffled, weights)
    if shard_count > 1:
        share = _Share(len(windows), batch_size, shard_index, shard_count)
        windows = grain.MapDataset.select_from_datasets([windows], share)

    reader = _Reader([dataset for dataset, _ in datasets], length)
    batches = windows.batch(batch_size // shard_count, batch_fn=reader)
    return Sampler(batches, length, sum(source.num_short for source in sources))


def check_alike(datasets: Sequence[tuple[Dataset, float]]) -> None:
    """Raises InputError where datasets cannot be mixed as they are asked to be."""
    first = datasets[0][0]

    def key(dataset: Dataset) -> tuple:
        sha = dataset.info.get("tokenizer_sha256")
        return dataset.field_names, dataset.field_sizes, dataset.feature_scale, sha

    for dataset, weight in datasets:
        if not (np.isfinite(weight) and weight > 0):
            raise InputError(
                f"has the weight {weight}", "give a positive one", file=dataset.path
            )
        if key(dataset) != key(first):
            raise InputError(
                f"was made with another tokenizer than {first.path}",
                "write it with the tokenizer of the first dataset",
                file=dataset.path,
            )
