"""Parts of an evaluation that need more than two sets of windows, or training."""

from marsjax.commands.evaluate_load import Loaded
from marsjax.data.store_read import iter_store
from marsjax.errors import InputError
from marsjax.eval.curves import triple
from marsjax.eval.discriminator import discriminate
from marsjax.eval.extract import windows_from_store
from marsjax.eval.memorisation import memorisation
from marsjax.eval.metaorder_fit import fit_impact
from marsjax.eval.metaorders import join_metaorders, metaorders_of_tape
from marsjax.eval.types import Estimate
from marsjax.eval.usefulness import usefulness
from marsjax.eval.windows import Windows
from marsjax.types import BACKGROUND_OWNER


def extras(
    reference: Loaded, generated: Loaded, with_network: bool, seed: int, progress_fn
) -> dict[str, dict]:
    """Discriminator, impact, memorisation and usefulness, as rows by name.

    Impact needs tapes that name owners; the last two need real data of the train part,
    which a store has.
    """
    out: dict[str, dict] = {}
    if with_network:
        found = discriminate(
            reference.windows,
            generated.windows,
            seed=seed,
            progress_fn=lambda done, of: progress_fn("discriminator", done, of),
        )
        out |= {f"discriminator: {k}": _row(v) for k, v in found.items()}
    out |= _impact(reference, "real") | _impact(generated, "generated")
    training = _training(reference, generated)
    if training is None:
        return out
    copied = memorisation(training, generated.windows, reference.windows, seed=seed)
    for name, estimate in (
        ("generated", copied.generated),
        ("held-out real", copied.held_out),
        ("difference", copied.difference),
    ):
        out[f"longest match with training data (messages): {name}"] = _row(estimate)
    out["longest match with training data (messages): difference"]["text"] = (
        copied.verdict
    )
    found = usefulness(training, generated.windows, reference.windows, seed=seed)
    out |= {f"forecast, {metric}: {row}": _row(v) for (row, metric), v in found.items()}
    return out


def _impact(side: Loaded, name: str) -> dict[str, dict]:
    """The square-root law of metaorders; nothing where tapes do not name owners."""
    tapes = [tape for path in side.stores for tape in iter_store(path)]
    known = [(t.messages["owner"] != BACKGROUND_OWNER).any() for t in tapes]
    tapes = [tape for tape, is_known in zip(tapes, known, strict=True) if is_known]
    if not tapes:
        return {}
    fitted = fit_impact(join_metaorders([metaorders_of_tape(tape) for tape in tapes]))
    return {
        f"impact of {fitted.num} metaorders, {name}: exponent of Q/V": _row(
            fitted.log_exponent
        ),
        f"impact of {fitted.num} metaorders, {name}: prefactor": _row(
            fitted.log_prefactor
        ),
    }


def _training(reference: Loaded, generated: Loaded) -> Windows | None:
    """Windows of the reference's train part; ``None`` where it has none."""
    if not reference.is_store:
        return None
    try:
        return windows_from_store(
            reference.paths[0],
            length=reference.windows.type_BT.shape[1],
            part="train",
            symbols=list(reference.symbols),
        )
    except InputError as error:
        reference.notes.append(f"no windows of the train part: {error.what}")
        return None


def _row(estimate: Estimate) -> dict:
    return {"value": triple(estimate), "text": estimate.note}
