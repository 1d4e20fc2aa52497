"""All pictures of an evaluation, by name."""

import io

from matplotlib.figure import Figure

from marsjax.plot.evaluation import Report
from marsjax.plot.evaluation_facts import fact_panels
from marsjax.plot.evaluation_order import autocorrelations, transition_matrices
from marsjax.plot.evaluation_response import responses
from marsjax.plot.evaluation_scores import score_overview
from marsjax.plot.evaluation_series import distributions
from marsjax.plot.style import DPI

PICTURES = {
    "scores": score_overview,
    "distributions": distributions,
    "facts": fact_panels,
    "responses": responses,
    "transitions": transition_matrices,
    "autocorrelations": autocorrelations,
}


def evaluation_figures(report: Report) -> dict[str, Figure]:
    """Every picture of a report; ones without data say so."""
    return {name: draw_fn(report) for name, draw_fn in PICTURES.items()}


def png_of(figure: Figure, dpi: int = DPI) -> bytes:
    """A figure as a PNG in memory."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
