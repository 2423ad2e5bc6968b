"""The two trees that are compared: the base, a commit, and the head, the checkout with its changes; both built.

Knows git and how the package is built. Writes nothing into the checkout, nor into its repository.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

VARIABLE = "SSESCAN_GUARD_BASE"
MAIN = "origin/main"

# GitHub's value for the commit before the first push of a branch.
NO_COMMIT = "0" * 40


class RevisionError(Exception):
    """The revision does not exist."""


class BuildError(Exception):
    """A tree could not be built."""


class Base(NamedTuple):
    """The commit to compare with, and the reason for it; or None, and the reason why there is none."""

    commit: str | None
    why: str


class Repository:
    """A checkout, with its history if it has one."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str, **variables: str) -> bytes:
        """Run git in the checkout; return its output. CalledProcessError where it fails."""
        return subprocess.run(
            ["git", *arguments], cwd=self.root, env={**os.environ, **variables}, capture_output=True, check=True
        ).stdout

    def text(self, *arguments: str) -> str | None:
        """Return the output of git, None where it fails or is not installed."""
        try:
            return self.git(*arguments).decode().strip()
        except (OSError, subprocess.CalledProcessError):
            return None

    def commit(self, revision: str) -> str | None:
        """Return the hash of a revision, None if there is no such revision here."""
        return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")

    def has_history(self) -> bool:
        """Return whether the folder is the top of a checkout: a tarball may lie within another's."""
        top = self.text("rev-parse", "--show-toplevel")
        return top is not None and Path(top).resolve() == self.root.resolve()

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Return whether a commit is another, or came before it."""
        return self.text("merge-base", "--is-ancestor", commit, of) is not None

    def tree_of_head(self, scratch: Path) -> str:
        """Write a tree of the checkout with its changes and new files, into `scratch`; return its hash."""
        objects, found = scratch / "objects", self.git("rev-parse", "--git-path", "objects").decode().strip()
        objects.mkdir(exist_ok=True)
        variables = {
            "GIT_INDEX_FILE": str(scratch / "index"),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.root / found),
        }
        self.git("read-tree", "HEAD", **variables)
        self.git("add", "--all", **variables)
        return self.git("write-tree", **variables).decode().strip()

    def unpack(self, tree: str, folder: Path, scratch: Path) -> None:
        """Write the files of a tree, or of a commit, to a folder."""
        variables = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(scratch / "objects")}
        with tarfile.open(fileobj=BytesIO(self.git("archive", "--format=tar", tree, **variables))) as archive:
            archive.extractall(folder, filter="data")


def choose(repository: Repository, given: str | None, environment: Mapping[str, str]) -> Base:
    """Choose the base. RevisionError if the one that is wanted does not exist."""
    wanted = given or environment.get(VARIABLE, "").strip()
    source = "--base" if given else VARIABLE
    if wanted and wanted != NO_COMMIT:
        commit = repository.commit(wanted) if repository.has_history() else None
        if commit is None:
            raise RevisionError(
                f"{source} must be a revision of this repository, and {wanted!r} is not: fetch it (git fetch "
                "--unshallow, or fetch-depth: 0 for actions/checkout), or name another"
            )
        return Base(commit, f"{source} {wanted}")
    if not repository.has_history():
        return Base(None, "this is not a git checkout")
    head = repository.commit("HEAD")
    if head is None:
        return Base(None, "nothing has been committed")
    common = repository.text("merge-base", MAIN, "HEAD")
    if common and common != head:
        return Base(common, f"where this branch left {MAIN}")
    if repository.text("status", "--porcelain"):
        return Base(head, "HEAD, as the checkout has changes")
    parent = repository.commit("HEAD^")
    if parent is None:
        shallow = repository.text("rev-parse", "--is-shallow-repository") == "true"
        return Base(None, "the clone is shallow" if shallow else "HEAD is the first commit")
    return Base(parent, "HEAD^")


def built(repository: Repository, scratch: Path, commit: str | None) -> Path:
    """Return the folder of a commit, or for None of the checkout with its changes, unpacked and built.

    The folder is named by its tree, so that all paths have one length: the lengths of paths are seen in the counts.
    """
    tree = repository.git("rev-parse", f"{commit}^{{tree}}").decode().strip() if commit else None
    tree = tree or repository.tree_of_head(scratch)
    root = scratch / tree[:16]
    if not (root / ".built").exists():
        repository.unpack(tree, root, scratch)
        build(root)
        (root / ".built").touch()
    return root


def build(root: Path) -> None:
    """Build the extension beside its source, with the flags of the tree's setup.py. BuildError where that fails."""
    environment = {**os.environ, "SSESCAN_BUILD_EXTENSION": "yes"}
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise BuildError(f"setup.py ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}")
    # All bytecode before: making it would be seen in how memory is laid out.
    compile_all = [sys.executable, "-m", "compileall", "-q", "src", "benchmarks"]
    subprocess.run(compile_all, cwd=root, check=False, capture_output=True)
