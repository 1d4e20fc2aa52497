"""Splits the tapes of an existing store anew."""

from pathlib import Path

from marsjax.data.manifest import (
    MANIFEST,
    Manifest,
    entry_folder,
    manifest_text,
    read_manifest,
)
from marsjax.data.split_assign import is_cut, set_split, split_whole_tapes
from marsjax.data.split_spec import SplitSpec
from marsjax.data.split_time import divide
from marsjax.data.store_commit import clean_up, locked, make_work, remove, told
from marsjax.data.store_entry import stored_timeline
from marsjax.data.store_read import iter_store


def resplit(directory: str | Path, spec: SplitSpec) -> list[dict]:
    """Gives every row of a store a part by another rule; only the manifest changes.

    Args:
      directory: the store.
      spec: the rule.
    Returns:
      A row for each tape as :func:`split_table` gives it.
    Errors:
      :class:`InputError` if there is no store, a file is not as the manifest says, the
      rule does not fit its tapes, or it cannot be written.
    """
    directory = Path(directory)
    iter_store(directory)
    clean_up(directory)
    with told(directory):
        work = make_work(directory)
        try:
            with locked(directory):
                entries = read_manifest(directory).entries
                for entry in entries:
                    if is_cut(entry["symbol"], spec):
                        folder = directory / entry_folder(entry)
                        parts = entry["tables"]["messages"]
                        set_split(
                            entry, divide(stored_timeline(folder, entry, parts), spec)
                        )
                split_whole_tapes(entries, spec)
                text = manifest_text(Manifest(spec, entries))
                (work / MANIFEST).write_text(text, encoding="utf-8")
                (work / MANIFEST).replace(directory / MANIFEST)
        finally:
            remove(work, directory, is_new=False)
    return split_table(entries)


def split_table(entries: list[dict]) -> list[dict]:
    """Messages of each part and those of none, a row for each tape.

    ``train``, ``valid`` and ``test`` count messages between the first and the last of a
    part, breaks included; ``embargo`` those of continuous trading that are left out.
    """
    return [
        {
            "tape": entry["name"],
            **{part: stop - start for part, (start, stop) in entry["split"].items()},
            "embargo": entry["embargo"],
        }
        for entry in entries
    ]
