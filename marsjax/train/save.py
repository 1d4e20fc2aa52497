"""Writes checkpoints while training goes on.

The arrays leave the devices at once, so that the next step may overwrite them; Orbax
writes them in its threads. Another thread waits for it, adds the JSON files and their
sums, and gives the folder its name: only then is there a checkpoint, and only then are
the older ones removed. A run that is killed leaves a hidden folder, which the next one
replaces.
"""

import json
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp

from marsjax.config import Config, to_json
from marsjax.errors import InputError
from marsjax.lmm import Params
from marsjax.train.checkpoint import FORMAT, META, file_sums, meta_sha256
from marsjax.train.data import Dataset, data_record
from marsjax.train.hosts import is_first, meet, writing
from marsjax.train.provenance import origin
from marsjax.train.step import TrainState


class Saver:
    """Writes the checkpoints of one run, in the order in which they are asked for.

    A context manager: at its end all of them are written, also after an error. Many
    processes write together; each must ask for the same checkpoints.
    """

    def __init__(self, config: Config, dataset: Dataset):
        self.config, self.dataset = config, dataset
        self._writers: dict[str, ocp.StandardCheckpointer] = {}
        self._pending: dict[Path, Future] = {}
        self._pool = ThreadPoolExecutor(1, "checkpoint")

    def save(
        self,
        kind_dir: Path,
        meta: dict[str, Any],
        params: Params,
        state: TrainState | None = None,
    ) -> Path:
        """Begins ``kind_dir/STEP``, which takes the place of the older ones there.

        Args:
          kind_dir: such as ``RUN/latest``. Waits for what is still being written there.
          meta: becomes ``checkpoint.json``; must hold ``step``. Its ``data`` says what
            the model has seen (:func:`marsjax.train.data.data_record`), by default of
            the dataset alone.
          params: to be evaluated.
          state: to resume from.

        Raises:
          InputError: this or an earlier one cannot be written.
        """
        self._wait_for(kind_dir)
        final = kind_dir / f"{meta['step']:08d}"
        partial = kind_dir / f".{final.name}.partial"
        meta = {
            "format": FORMAT,
            "data": data_record([(self.dataset, 1.0)]),
            "tokenizer_sha256": self.dataset.info.get("tokenizer_sha256"),
            **meta,
        }
        meta |= origin(meta["data"])
        arrays = {"params": params} | ({} if state is None else {"state": state})
        try:
            if is_first():
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
            writers = []
            for part, tree in _snapshot(arrays).items():
                writers.append(self._writer(f"{kind_dir.name}_{part}"))
                writers[-1].save(partial.resolve() / part, tree)
        except (OSError, ValueError) as error:
            raise cannot_write(error, kind_dir) from error
        task = self._pool.submit(self._finish, writers, partial, final, meta)
        self._pending[kind_dir] = task
        return final

    def wait(self) -> None:
        """Until all checkpoints are there, on every process.

        Raises:
          InputError: one of them cannot be written.
        """
        for kind_dir in list(self._pending):
            self._wait_for(kind_dir)
        meet("checkpoints")

    def __enter__(self) -> "Saver":
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            if error is None:
                self.wait()
        finally:
            self._pool.shutdown()  # after an error too, what was begun is finished
            for writer in self._writers.values():
                writer.close()

    def _wait_for(self, kind_dir: Path) -> None:
        task = self._pending.pop(kind_dir, None)
        if task is not None:
            try:
                task.result()
            except (OSError, ValueError) as error:
                raise cannot_write(error, kind_dir) from error

    def _writer(self, name: str) -> ocp.StandardCheckpointer:
        if name not in self._writers:
            self._writers[name] = ocp.StandardCheckpointer(
                multiprocessing_options=writing(name)
            )
        return self._writers[name]

    def _finish(
        self,
        writers: list[ocp.StandardCheckpointer],
        partial: Path,
        final: Path,
        meta: dict,
    ) -> None:
        for writer in writers:
            writer.wait_until_finished()
        if not is_first():
            return
        (partial / "config.json").write_text(to_json(self.config))
        info = json.dumps(self.dataset.info, indent=1) + "\n"
        (partial / "dataset.json").write_text(info)
        if self.dataset.tokenizer is not None:
            (partial / "tokenizer.json").write_text(self.dataset.tokenizer)
        meta = meta | {"files": file_sums(partial)}
        meta |= {"sha256": meta_sha256(meta)}
        (partial / META).write_text(json.dumps(meta, indent=1) + "\n")
        if final.exists():  # of a run that was killed and has come here again
            final.rename(final.with_name(f".{final.name}.old.partial"))
        partial.rename(final)
        for old in list(final.parent.iterdir()):
            if old != final and old.is_dir() and _is_written_here(old.name):
                shutil.rmtree(old)


def save_checkpoint(
    kind_dir: Path,
    config: Config,
    dataset: Dataset,
    meta: dict[str, Any],
    params: Params,
    state: TrainState | None = None,
) -> Path:
    """Writes one checkpoint (:meth:`Saver.save`) and waits for it."""
    with Saver(config, dataset) as saver:
        return saver.save(kind_dir, meta, params, state)


def cannot_write(error: Exception, path: Path) -> InputError:
    """The error of a checkpoint that the system refuses."""
    why = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0]
    return InputError(
        f"cannot be written ({why[:200]})",
        "make room, or name a folder that can be written",
        file=path,
    )


def _snapshot(arrays: dict) -> dict:
    """``arrays`` where later steps do not overwrite them.

    Orbax copies what lies on other devices before it returns; of arrays in the memory
    of the host it takes a view.
    """
    if jax.devices()[0].platform != "cpu":
        return arrays
    return _copy(arrays)


@jax.jit
def _copy(arrays: dict) -> dict:
    return jax.tree.map(jnp.copy, arrays)


def _is_written_here(name: str) -> bool:
    """False for what a file browser, say, leaves beside the checkpoints."""
    return name.isdigit() or (name.startswith(".") and name.endswith(".partial"))
