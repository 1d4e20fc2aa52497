"""What a checkpoint tells of its program and its data is true."""

import subprocess

from marsjax.train.provenance import PACKAGE, git_revision, split_sha256


def git(folder, *args):
    user = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *user, *args], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def revision(folder):
    return git_revision.__wrapped__(folder)


def test_the_revision_is_that_of_the_checkout_that_tracks_the_package(tmp_path):
    package = tmp_path / "marsjax"
    package.mkdir()
    (package / "__init__.py").write_text("")
    assert revision(package) is None  # no checkout
    git(tmp_path, "init", "--quiet")
    (tmp_path / "other.txt").write_text("x")
    git(tmp_path, "add", "other.txt")
    git(tmp_path, "commit", "--quiet", "-m", "x")
    assert revision(package) is None  # installed inside a checkout of something else
    git(tmp_path, "add", "marsjax")
    git(tmp_path, "commit", "--quiet", "-m", "y")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert revision(package) == {"revision": head, "is_changed": False}
    (tmp_path / "notes").write_text("not of the package")
    assert not revision(package)["is_changed"]
    (package / "new.py").write_text("")
    assert revision(package) == {"revision": head, "is_changed": True}


def test_without_git_there_is_no_revision(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert revision(PACKAGE) is None


def test_the_hash_of_a_split_is_of_the_data_and_not_of_their_tokens():
    def record(weight=1.0, sha256="s", **entries):
        tapes = {name: {"entry_sha256": entry} for name, entry in entries.items()}
        return {"weight": weight, "sha256": sha256, "tapes": tapes}

    first = split_sha256([record(a="1", b="2")])
    assert first == split_sha256([record(b="2", a="1", sha256="other tokens")])
    others = [
        [record(a="1", b="3")],
        [record(a="1")],
        [record(weight=0.5, a="1", b="2")],
        [record(a="1", b="2"), record(c="3")],
        [record(a="1", b=None)],
        [record(a="1", b=None, sha256="t")],
        [record(sha256="u")],
    ]
    assert len({first, *map(split_sha256, others)}) == 1 + len(others)
