"""``python -m marsjax``."""

from marsjax.cli import main

main()
