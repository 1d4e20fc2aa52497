"""The training loop: plain, resumable bit for bit, and never past a NaN or a spike."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from jax.sharding import Mesh
from rich.console import Console

from marsjax.config import Config, from_json, to_json
from marsjax.errors import InputError
from marsjax.train.checkpoint import find_checkpoint, load_state, read_meta
from marsjax.train.data import Dataset, data_record, read_dataset
from marsjax.train.folder import begin, continues, undone_on_error
from marsjax.train.hosts import first_does, is_first, meet
from marsjax.train.mesh import make_mesh, make_split, put, share_of_process, using
from marsjax.train.peak import find_peak
from marsjax.train.run import Run
from marsjax.train.sampler import make_sampler
from marsjax.train.step import TrainState, begin_with, init_state
from marsjax.train.weights import Weights, read_weights, split_record


def train(
    config: Config,
    dataset_dir: str | Path,
    out_dir: str | Path,
    *,
    mix: Sequence[tuple[str | Path, float]] = (),
    init: str | Path | None = None,
    resume: bool = False,
    stop_at: int | None = None,
    console: Console | None = None,
    measure: bool | None = None,
    tensorboard: bool = False,
) -> dict:
    """Trains an order model.

    Args:
      config: model and training; fields, features and their scales are the dataset's.
      dataset_dir: a tokenised dataset.
      mix: more datasets of the same tokenizer, each with the weight of its windows
        beside those of ``dataset_dir``, which have 1; only those are evaluated on.
      out_dir: the run's folder: new, empty, left before its first checkpoint (then the
        run begins anew), or (with ``resume``) an earlier run's.
      init: a checkpoint, or a run, of the same model and tokenizer whose weights to
        begin with; what they have seen becomes part of this model's record.
      resume: continue where the latest checkpoint of ``out_dir`` stands.
      stop_at: end after that step, as an interruption would; None: at the last.
      console: for the progress bar; None: silent.
      measure: time a matrix product first, against which the arithmetic of the training
        is told, on a device whose peak is not known; None: if there is a console.
      tensorboard: write the metrics to ``out_dir/tensorboard`` as well.

    Returns:
      JSON-ready summary: ``step``, ``parameters``, ``valid_nats`` (of the best
      checkpoint, averaged over tapes), ``baselines`` (the same of each), ``orders``
      trained on, ``seconds``, ``orders_per_s`` (without compilation and evaluations),
      ``flops_per_order`` (`marsjax.train.flops`), ``peak`` (FLOP/s of the devices and
      where the figure is from; None: not known), ``mfu`` (the share of it that training
      made use of), ``stopped_early``, ``checkpoint``.

    Raises:
      InputError: bad dataset, folder or weights, or the loss ceased to be finite or
        rose far above its level (`marsjax.train.spike`). The checkpoints of ``out_dir``
        are then those of before, and if this call has made none, what else it made
        there is gone.
    """
    dataset, out = read_dataset(dataset_dir), Path(out_dir)
    more = [(read_dataset(path), weight) for path, weight in mix]
    datasets = [(dataset, 1.0), *more]
    shape = dataclasses.replace(
        config.model,
        field_names=dataset.field_names,
        field_sizes=dataset.field_sizes,
        num_features=dataset.features_TF.shape[1],
        feature_scale=dataset.scale_of(config.model.inputs),
    )
    config = dataclasses.replace(config, model=shape)
    options, mesh = config.train, make_mesh(config)
    index, count = share_of_process(mesh, options.batch_size)
    sampler = make_sampler(
        datasets,
        length=options.seq_len,
        batch_size=options.batch_size,
        seed=options.seed,
        mirror=options.mirror,
        shard_index=index,
        shard_count=count,
    )
    goes_on = continues(out, resume)
    meet("looked")  # before the first of the processes changes what they have seen
    if not is_first():
        console, tensorboard = None, False
    with undone_on_error(out), using(mesh):
        weights = None if init is None else read_weights(init, config, dataset)
        data = data_record(datasets)
        if goes_on:
            opened = _resume(config, data, weights, dataset, out, mesh)
        else:
            opened = _begin(config, data, weights, out, mesh)
        measure = console is not None if measure is None else measure
        devices = 1 if mesh is None else mesh.size
        peak = find_peak(config.model.dtype, devices, measure=measure)
        run = Run(config, dataset, sampler, out, console, opened, peak, tensorboard)
        return run.train(min(stop_at or options.steps, options.steps))


def _begin(
    config: Config,
    data: list[dict],
    weights: Weights | None,
    out: Path,
    mesh: Mesh | None,
) -> tuple[TrainState, dict]:
    """The first state and its bookkeeping; makes the folder."""
    first_does("begin", lambda: begin(out, to_json(config)))
    state = make_split(lambda: init_state(config), mesh)
    if weights is not None:
        params = put(weights.params, mesh)
        state, data = begin_with(state, params), [*data, *weights.record]
    return state, {"best": None, "bad_evals": 0, "data": data}


def _resume(
    config: Config,
    data: list[dict],
    weights: Weights | None,
    dataset: Dataset,
    out: Path,
    mesh: Mesh | None,
) -> tuple[TrainState, dict]:
    """The state of the latest checkpoint and its bookkeeping."""
    written, remedy = out / "config.json", "train into a new folder"
    if not written.is_file():
        raise InputError("is missing", f"restore it, or {remedy}", file=written)
    begun = from_json(written.read_text(), Config, file=written)
    # The mesh may be another one: the arrays are read as it splits them.
    if dataclasses.replace(begun, mesh=config.mesh) != config:
        raise InputError(
            "was written with another config",
            f"resume with the same one, or {remedy}",
            file=written,
        )
    found = find_checkpoint(out, ("latest", "best"))
    meta = read_meta(found)
    if meta["tokenizer_sha256"] != dataset.info.get("tokenizer_sha256"):
        raise InputError(
            "was trained with another tokenizer",
            f"resume with the same dataset, or {remedy}",
            file=found,
        )
    own, before = split_record(meta.get("data") or [])
    if own != data:
        raise InputError(
            "was trained on other data, or on the same with other weights",
            f"resume with the same datasets and weights, or {remedy}",
            file=found,
        )
    is_best = found.parent.name == "best"
    given = [] if weights is None else weights.record
    if before != given and (is_best or weights is not None):
        raise InputError(
            "was begun with the weights of another checkpoint",
            f"resume with the same --init, or {remedy}",
            file=found,
        )
    if is_best:  # stopped between its first best one and its first latest one
        return _begin(config, data, weights, out, mesh)
    return load_state(found, config, mesh)
