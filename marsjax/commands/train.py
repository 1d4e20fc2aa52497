"""``marsjax train``: a store of tapes into a trained order model."""

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from rich.console import Console

from marsjax.commands.dry_run import dry_run
from marsjax.commands.nats import Kind, score, show_report, show_summary
from marsjax.commands.tokenise import lacking, mix_folders, tokenise, weigh
from marsjax.config import (
    Config,
    HostsConfig,
    MeshConfig,
    ModelConfig,
    TrainConfig,
    load_config,
)
from marsjax.errors import InputError
from marsjax.tokens.inputs import scale_of_inputs
from marsjax.tokens.views import View, find_view
from marsjax.train import train
from marsjax.train.folder import continues, undone_on_error
from marsjax.train.hosts import (
    connected,
    first_does,
    is_first,
    meet,
    quiet_unless_first,
)
from marsjax.train.tensorboard import check_installed


@dataclass(frozen=True)
class Train:
    """Train an order model on the training part of a store.

    Tokenises the tapes into OUT/dataset, trains with checkpoints in OUT, then scores
    the best checkpoint on the test part beside baselines, if the store has one.
    """

    data: Path | None = None
    """a store that `marsjax prepare` wrote"""
    out: Path | None = None
    """folder of the run"""
    config: Path | None = None
    """a configs/*.py to start from; the options below override it"""
    resume: bool = False
    """continue an earlier run in OUT"""
    dry_run: bool = False
    """print parameters, memory and time only; needs neither --data nor --out"""
    mix: tuple[Path, ...] = ()
    """more stores to learn from, such as synthetic ones; the model is scored on DATA"""
    mix_weights: tuple[float, ...] = ()
    """how often windows of each of them are drawn for one of DATA; by default 1"""
    init: Path | None = None
    """a run or checkpoint whose weights (and tokenizer) to begin with"""
    tokenizer: Path | None = None
    """a run or checkpoint whose tokenizer to use; by default one is fitted on DATA"""
    book: Literal["ticks", "levels"] = "ticks"
    """what the model sees of the book: five prices a side, or ten levels"""
    merge_cancels: bool = False
    """cancels of one side at one time and price become one token"""
    baselines: tuple[Kind, ...] | None = None
    """what stands beside the model in the end, as of `marsjax score`"""
    tensorboard: bool = False
    """write OUT/tensorboard beside OUT/metrics.jsonl"""
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    mesh: MeshConfig = field(default_factory=MeshConfig)
    hosts: HostsConfig = field(default_factory=HostsConfig)
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Tokenise, train, score."""
        config = Config(model=self.model, train=self.train, mesh=self.mesh)
        view = find_view(self.book, self.merge_cancels)
        schema = view.schema
        # What is not there is told before hours of tokenising.
        scale_of_inputs(
            self.model.inputs,
            schema.field_names,
            schema.feature_names,
            schema.feature_scale,
        )
        if self.dry_run:
            dry_run(config, view.schema, self.data, as_json=self.json)
            return
        given = {"--data": self.data, "--out": self.out}
        absent = [name for name, path in given.items() if path is None]
        if absent:
            raise InputError(
                f"{' and '.join(absent)} must be given",
                f"add {' and '.join(absent)}, or --dry-run",
            )
        weights = weigh(self.mix, self.mix_weights)
        if self.tensorboard:
            check_installed()
        with connected(self.hosts), quiet_unless_first():
            self._run(config, view, weights)

    def _run(self, config: Config, view: View, weights: list[float]) -> None:
        goes_on = continues(self.out, self.resume)
        meet("opened")
        dataset, mix = self.out / "dataset", mix_folders(self.out, self.mix)
        with undone_on_error(self.out):
            make = partial(
                tokenise,
                self.data,
                self.mix,
                self.out,
                keep=goes_on,
                tokenizer=self.tokenizer or self.init,
                view=view,
            )
            first_does("tokenise", make)
            lacks = lacking(dataset, mix, self.init)
            summary = train(
                config,
                dataset,
                self.out,
                mix=list(zip(mix, weights, strict=True)),
                init=self.init,
                resume=self.resume,
                console=Console(stderr=True),
                tensorboard=self.tensorboard,
            )
        if not is_first():
            return
        if lacks:
            show_summary(summary, lacks, as_json=self.json)
            return
        report = score(self.out, "test", self.baselines)
        (self.out / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")
        show_report(report, summary, as_json=self.json)


def default_train(args: list[str]) -> Train | None:
    """`Train` with the defaults of the ``--config`` that ``args`` name, if they do."""
    for i, arg in enumerate(args):
        name, _, value = arg.partition("=")
        if name == "--config":
            value = value or (args[i + 1] if i + 1 < len(args) else "")
            config = load_config(value)
            return Train(
                config=Path(value),
                model=config.model,
                train=config.train,
                mesh=config.mesh,
            )
    return None
